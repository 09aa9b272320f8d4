"""Bodies made from the contract: as small or as whole as asked for, always in order, always as configured."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.request_violations import Bodies
from tmfkit_conformance.payloads.bodies import Payloads, holds
from tmfkit_conformance.payloads.changes import is_change
from tmfkit_conformance.payloads.classes import META
from tmfkit_conformance.payloads.configured import OverrideInTheWay, merged
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.record.exchange import Exchange, Request
from tmfkit_models import contracts
from tmfkit_models.contracts import ContractError

RESOURCES = [(api, resource.name) for api in contracts.apis() for resource in contracts.load(api).resources]


def payloads(api: str, resource: str, **more: Any) -> Payloads:
    contract = contracts.load(api)
    settings: dict[str, Any] = {"overrides": {}, "values": {}, "names": {}, **more}
    return Payloads(contract, contract.resource(resource), **settings)


def faults(api: str, resource: str, body: dict[str, Any]) -> list[str]:
    """What of a create body the contract does not have, its conditional rules included."""
    contract = contracts.load(api)
    create = contract.action("create", resource)
    assert create is not None
    request = Request("POST", "http://h", (("Content-Type", "application/json"),), json.dumps(body).encode())
    exchange = Exchange(1, "register", "", "create", create.id, request, None, "", 0.0, 0.0)
    schema = contract.resource(resource).create
    rules = [
        f"{rule}"
        for rule in contract.rules(schema, "x-tmf-conditional")
        if holds(rule["when"], body) and any(pointers.get(body, name) is pointers.ABSENT for name in rule["require"])
    ]
    return [violation.message for violation in Bodies(contract).violations(create, exchange)] + rules


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_bodies_are_in_order(api: str, resource: str, variant: int) -> None:
    made = payloads(api, resource)
    assert faults(api, resource, made.minimal(variant)) == []
    assert faults(api, resource, made.full(variant)) == []


@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_smallest_body_has_the_mandatory_attributes_and_the_whole_one_every_attribute(api: str, resource: str) -> None:
    contract, made = contracts.load(api), payloads(api, resource)
    create = contract.resource(resource).create
    assert set(contract.required(create)) <= set(made.minimal())
    writable = {
        name
        for name, schema in contract.attributes(create).items()
        if name not in {*META, "id", "href"} and not contract.resolve(schema).get("x-tmf-read-only")
    }
    assert writable <= set(made.full())


@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_every_attribute_of_the_register_can_be_sent(api: str, resource: str) -> None:
    contract, made = contracts.load(api), payloads(api, resource)
    for row in contract.requirements:
        if row.kind == "attribute" and not row.reason and contract.operation(row.operation).resource == resource:
            body = made.with_attribute(row.subject)
            assert pointers.select(body, row.subject), row.id
            assert faults(api, resource, body) == [], row.id


def periods(value: Any) -> list[tuple[str, str]]:
    """Every start and end of one thing, wherever in it."""
    if isinstance(value, list):
        return [pair for member in value for pair in periods(member)]
    if not isinstance(value, dict):
        return []
    starts = {name: name.replace("Start", "End").replace("start", "end") for name in value if "start" in name.lower()}
    own = [(value[start], value[end]) for start, end in starts.items() if end in value]
    return own + [pair for member in value.values() for pair in periods(member)]


@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_periods_end_after_they_begin_whichever_of_their_values_stand_together(api: str, resource: str) -> None:
    contract, made = contracts.load(api), payloads(api, resource)
    rows = [row for row in contract.requirements if row.kind in ("attribute", "patchable") and not row.reason]
    subjects = {row.subject for row in rows if contract.operation(row.operation).resource == resource}
    bodies = [make(variant) for make in (made.minimal, made.full) for variant in (0, 1)]
    for subject in subjects:
        first, second = made.with_attribute(subject), made.another(subject)
        bodies += [first, made.telling(subject), made.patching(subject), made.holding(subject, second)]
        bodies.append(merged(first, pointers.with_value({}, subject, second)))  # what a patch of one end leaves
    found = {pair for body in bodies for pair in periods(body)}
    assert found
    assert {
        (start, end) for start, end in found if datetime.fromisoformat(start) >= datetime.fromisoformat(end)
    } == set()


@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_two_variants_of_a_patchable_attribute_differ(api: str, resource: str) -> None:
    contract, made = contracts.load(api), payloads(api, resource)
    for row in contract.requirements:
        if row.kind == "patchable" and not row.reason and contract.operation(row.operation).resource == resource:
            assert made.value(row.subject, 0) != made.value(row.subject, 1), row.id


def test_same_body_is_made_again_and_is_nobody_elses() -> None:
    made = payloads("tmf629-v1", "customer")
    first = made.full()
    first["characteristic"].clear()
    assert made.full() == payloads("tmf629-v1", "customer").full()
    assert made.full()["characteristic"]


def test_overrides_are_merged_into_every_create_body() -> None:
    made = payloads("tmf629-v1", "customer", overrides={"relatedParty": {"id": "P-1"}, "name": "ours", "status": None})
    for body in (
        made.minimal(),
        made.full(),
        made.with_attribute("/description"),
        made.completed({"name": "generated"}),
    ):
        assert body["name"] == "ours"
        assert body["relatedParty"]["id"] == "P-1"
        assert "status" not in body
    assert made.full()["relatedParty"].keys() > {"id"}


def test_configured_values_are_sent_wherever_the_attribute_stands() -> None:
    made = payloads("tmf629-v1", "customer", values={"/relatedParty/id": ["P-1", "P-2"], "/name": ["n1", "n2"]})
    assert [made.full(variant)["relatedParty"]["id"] for variant in (0, 1, 2)] == ["P-1", "P-2", "P-1"]
    assert made.minimal()["name"] == "n1"
    assert made.value("/name", 1) == "n2"
    assert made.with_attribute("/name", 1)["name"] == "n2"


def test_dialect_changes_the_names_and_nothing_else() -> None:
    plain = payloads("tmf655-v1", "changeRequest")
    spoken = payloads("tmf655-v1", "changeRequest", names={"targetEntityRef": "targetEntity"})
    for one, other in ((plain.minimal(), spoken.minimal()), (plain.full(), spoken.full())):
        assert other == {{"targetEntityRef": "targetEntity"}.get(name, name): value for name, value in one.items()}
    assert spoken.spoken("/targetEntityRef/*/id") == "/targetEntity/*/id"
    assert spoken.spoken("/note/targetEntityRef") == "/note/targetEntityRef"


@pytest.mark.parametrize(
    ("pointer", "known"),
    [
        ("/@type", "PartyInteraction"),
        ("/channel/*/@type", "RelatedChannel"),
        ("/interactionItem/*/item/@type", "TroubleTicket"),
        ("/@schemaLocation", f"{Contents().host('/@schemaLocation')}/PartyInteraction.schema.json"),
    ],
)
def test_class_that_is_told_is_one_that_the_document_has(pointer: str, known: str) -> None:
    contract = contracts.load("tmf683-v4")
    payloads = Payloads(contract, contract.resource("partyInteraction"), {}, {}, {})
    assert pointers.get(payloads.telling(pointer), pointer.replace("/*", "/0")) == known
    assert payloads.value(pointer, 0) != known


def test_value_of_an_attribute_that_is_none_is_refused() -> None:
    with pytest.raises(ContractError, match="no attribute '/colour'"):
        payloads("tmf629-v1", "customer").value("/colour")


@pytest.mark.parametrize(
    ("when", "body", "is_it"),
    [
        ({"pointer": "/type", "one-of": ["a", "b"]}, {"type": "b"}, True),
        ({"pointer": "/type", "one-of": ["a", "b"]}, {}, False),
        ({"pointer": "/type", "none-of": ["a"]}, {"type": "b"}, True),
        ({"pointer": "/type", "none-of": ["a"]}, {"type": "a"}, False),
        ({"pointer": "/type", "none-of": ["a"]}, {}, False),
        ({"pointer": "/type", "present": True}, {"type": None}, True),
        ({"pointer": "/type", "present": False}, {}, True),
        ({"pointer": "/type", "present": False}, [], True),
    ],
)
def test_condition_holds(when: dict[str, Any], body: Any, *, is_it: bool) -> None:
    assert holds(when, body) is is_it


PAIRS = st.recursive(
    st.integers() | st.text("ab/~*0", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~0", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab/~0", min_size=1, max_size=3), PAIRS, max_size=4))
def test_pointer_reaches_what_it_was_made_for_and_leaves_the_rest(body: dict[str, Any]) -> None:
    for name, value in body.items():
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        assert pointers.parts(pointer) == [name]
        assert pointers.select(body, pointer) == [value]
        left = pointers.without(body, pointer)
        assert left == {other: kept for other, kept in body.items() if other != name}
        assert pointers.with_value(left, pointer, value) == body


def test_star_reaches_every_member() -> None:
    body = {"a": [{"b": 1}, {"c": 2}, {"b": 3}, "text"]}
    assert pointers.select(body, "/a/*/b") == [1, 3]
    assert pointers.get(body, "/a/*/d") is pointers.ABSENT
    assert pointers.without(body, "/a/*/b") == {"a": [{}, {"c": 2}, {}, "text"]}
    assert pointers.select(body, "") == [body]


def test_dialect_reaches_into_objects_and_arrays() -> None:
    names = {
        "relatedPartyRef": "relatedParty",
        "attachment/*/relatedPartyRef": "relatedParty",
        "workLog/record": "Record",
    }
    spoken = payloads("tmf655-v1", "changeRequest", names=names)
    assert spoken.spoken("/attachment/*/relatedPartyRef/id") == "/attachment/*/relatedParty/id"
    assert spoken.spoken("/attachment/0/relatedPartyRef") == "/attachment/0/relatedParty"
    assert spoken.spoken("/note/relatedPartyRef") == "/note/relatedPartyRef"
    whole = spoken.full()
    assert "Record" in whole["workLog"]
    assert {"relatedPartyRef", "record"}.isdisjoint([*whole, *whole["attachment"][0], *whole["workLog"]])
    assert "Record" in spoken.with_attribute("/workLog/record")["workLog"]
    [attachment] = spoken.with_attribute("/attachment/*/relatedPartyRef")["attachment"]
    assert attachment["relatedParty"]


def emptied(value: Any) -> bool:
    """Say whether an empty object or list is anywhere in a value."""
    if isinstance(value, (dict, list)):
        return not value or any(emptied(one) for one in (value.values() if isinstance(value, dict) else value))
    return False


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize(("api", "resource"), RESOURCES)
def test_smallest_body_has_nothing_empty_and_no_attribute_that_could_be_left_out(
    api: str, resource: str, variant: int
) -> None:
    contract, made = contracts.load(api), payloads(api, resource)
    body = made.minimal(variant)
    assert not emptied(body)
    rules = contract.rules(contract.resource(resource).create, "x-tmf-conditional")
    asked = {pointers.parts(pointer)[0] for rule in rules for pointer in rule["require"]}
    usual = set(contract.resource(resource).usual)
    assert set(body) <= {*contract.required(contract.resource(resource).create), *usual, *asked}


def test_object_without_mandatory_members_has_those_of_must_rows_else_its_id() -> None:
    contract, made = contracts.load("tmf629-v1"), payloads("tmf629-v1", "customer")
    medium = "/contactMedium/*/medium"
    rows = [row for row in contract.requirements if row.kind == "attribute" and row.operation == "createCustomer"]
    musts = {row.subject for row in rows if row.level == "must" and row.subject.rpartition("/")[0] == medium}
    assert {f"{medium}/{name}" for name in made.value(medium)} == musts != set()
    assert payloads("tmf629-v4", "customer").minimal()["engagedParty"].keys() == {"id", "name"}


def test_attribute_of_an_object_is_sent_without_its_optional_siblings() -> None:
    [contact] = payloads("tmf629-v1", "customer").with_attribute("/contactMedium/*/medium/city")["contactMedium"]
    assert contact["medium"].keys() == {"city"}
    body = payloads("tmf629-v4", "customer").with_attribute("/engagedParty/@referredType")
    assert body["engagedParty"].keys() == {"id", "name", "@referredType"}


def test_examples_come_before_the_values_that_the_document_lists() -> None:
    made = payloads("tmf683-v4", "partyInteraction")
    assert [made.minimal(variant)["status"] for variant in (0, 1)] == ["inProgress", "completed"]


def test_attribute_with_a_condition_is_sent_where_it_holds() -> None:
    made = payloads("tmf681-v1", "communicationMessage")
    assert made.minimal()["type"] == "SMS"
    assert made.with_attribute("/attachment")["type"] == "Email"
    whole = made.full()
    assert whole["type"] == "Email"
    assert "attachment" in whole
    assert "phoneNumber" not in whole["sender"]
    [receiver] = made.with_attribute("/attachment")["receiver"]
    assert "email" in receiver


def test_control_differs_in_one_attribute() -> None:
    made = payloads("tmf629-v1", "customer")
    assert made.beside("/description") == made.minimal()
    assert made.beside("/name") == made.minimal()
    [without] = made.beside("/contactMedium/*/preferred")["contactMedium"]
    [whole] = made.with_attribute("/contactMedium/*/preferred")["contactMedium"]
    assert whole == {**without, "preferred": whole["preferred"]}
    # An element has to have its type, so the control is without the element.
    assert made.beside("/contactMedium/*/type") == made.minimal()


def test_list_is_made_where_the_contract_has_one() -> None:
    made = payloads(
        "tmf629-v1", "customerAccount", values={"/contact": [[{"contactType": "primary"}], [{"contactName": "B"}]]}
    )
    [contact] = made.with_attribute("/contact/*/contactMedium/*/medium/city")["contact"]
    assert contact["contactType"] == "primary"
    assert contact["contactMedium"][0]["medium"]["city"]
    assert pointers.with_value({}, "/note/*/text", "a") == {"note": [{"text": "a"}]}
    assert pointers.with_value({"note": {"0": 1}}, "/note/*/text", "a") == {"note": [{"text": "a"}]}


def test_attribute_that_the_configuration_takes_away_is_said_so() -> None:
    made = payloads("tmf683-v4", "partyInteraction", overrides={"note": None})
    for sending in (made.with_attribute, made.telling, made.value):
        with pytest.raises(OverrideInTheWay, match=r"`payloads\.partyInteraction\.note` is null"):
            sending("/note")
    assert "note" not in made.full()


def test_attribute_that_the_configuration_always_sends_cannot_be_left_out() -> None:
    made = payloads("tmf683-v4", "partyInteraction", overrides={"description": "ours"})
    with pytest.raises(OverrideInTheWay, match=r"`payloads\.partyInteraction\.description` sends it every time"):
        made.without_attribute("/description")


def test_configured_value_is_sent_as_the_subject_and_a_second_one_is_asked_for() -> None:
    made = payloads("tmf683-v4", "partyInteraction", overrides={"description": "ours"}, values={"/reason": ["Billing"]})
    assert made.telling("/description")["description"] == "ours"
    for pointer in ("/description", "/reason"):
        with pytest.raises(OverrideInTheWay, match=f"give `values.partyInteraction.{pointer}` two values"):
            made.another(pointer)


def test_another_value_differs_from_what_the_record_shows() -> None:
    made = payloads("tmf683-v4", "partyInteraction", values={"/reason": ["Billing", "Orders"]})
    shown = [None, {"reason": "Billing"}, {"reason": "Orders"}, {"reason": "ORDERS"}, {"reason": "odd"}, {}]
    assert [made.another("/reason", record) for record in shown] == [
        "Orders",
        "Orders",
        "Billing",
        "Billing",
        "Orders",
        "Orders",
    ]
    one = payloads("tmf683-v4", "partyInteraction", values={"/reason": ["Billing"]})
    assert one.another("/reason", {"reason": "Orders"}) == "Billing"
    with pytest.raises(OverrideInTheWay, match=r"give `values\.partyInteraction\./reason` two values"):
        one.another("/reason", {"reason": "Billing"})


@pytest.mark.parametrize(
    ("before", "value", "expected"),
    [
        pytest.param(pointers.ABSENT, "a", True, id="nothing"),
        pytest.param("a", "b", True, id="text"),
        pytest.param("Active", "ACTIVE", False, id="capitals"),
        pytest.param(True, 1, True, id="kind"),
        pytest.param(5, 5.0, False, id="number"),
        pytest.param({"id": "1", "@type": "X"}, {"id": "1"}, False, id="more-members"),
        pytest.param({"id": "1"}, {"id": "1", "name": "n"}, True, id="further-member"),
        pytest.param([{"id": "1", "href": "h"}], [{"id": "1"}], False, id="list"),
        pytest.param([{"id": "1"}, {"id": "2"}], [{"id": "1"}], True, id="shorter-list"),
        pytest.param("a", {"id": "1"}, True, id="object-for-text"),
    ],
)
def test_change_is_what_leaves_a_record_otherwise_than_it_was_shown(before: Any, value: Any, expected: bool) -> None:
    assert is_change(before, value) is expected


def test_value_that_a_row_names_gives_way_to_what_is_configured() -> None:
    made = payloads("tmf683-v4", "partyInteraction", values={"/relatedParty/*/id": ["42", "42"]})
    assert made.literal("/relatedParty", [{"id": "7", "role": "clerk"}]) == [{"id": "42", "role": "clerk"}]
    assert made.another("/relatedParty") != made.value("/relatedParty")


def test_member_that_one_reading_demands_is_sent_with_what_it_stands_in() -> None:
    made = payloads("tmf629-v1", "customerAccount")
    assert {"id", "paymentMean"} <= set(made.with_attribute("/paymentPlan")["paymentPlan"][0])
    assert {"id", "paymentMean"} <= set(made.another("/paymentPlan")[0])


def test_patch_has_what_only_a_patch_makes_mandatory() -> None:
    contract = contracts.load("tmf629-v1")
    account = replace(contract.resource("customerAccount"), usual=())
    made = Payloads(contract, account, {}, {}, {})
    assert "paymentMean" not in made.with_attribute("/paymentPlan")["paymentPlan"][0]
    assert "paymentMean" in made.another("/paymentPlan")[0]


def test_object_of_two_members_has_two() -> None:
    made = payloads("tmf683-v4", "partyInteraction")
    assert made.value("/interactionDate").keys() == {"startDateTime"}
    assert len(made.two_members("/interactionDate")) == 2


@pytest.mark.parametrize(
    ("api", "name", "dialect", "pointer", "expected"),
    [
        pytest.param("tmf629-v4", "customer", {"engagedParty": "as a list of one"}, "/engagedParty", list, id="list"),
        pytest.param(
            "tmf683-v4",
            "partyInteraction",
            {"interactionItem/*/itemDate": "as a date-time"},
            "/interactionItem/*/itemDate",
            str,
            id="date-time",
        ),
        pytest.param(
            "tmf683-v4",
            "partyInteraction",
            {"attachment/*/size": "as a number"},
            "/attachment/*/size",
            float,
            id="number",
        ),
    ],
)
def test_value_is_sent_in_the_form_that_the_target_takes(
    api: str, name: str, dialect: dict[str, str], pointer: str, expected: type
) -> None:
    contract = contracts.load(api)
    payloads = Payloads(contract, contract.resource(name), {}, {}, dialect)
    for body in (payloads.with_attribute(pointer), payloads.telling(pointer), payloads.full()):
        found = pointers.select(body, pointer)
        assert found
        assert all(isinstance(value, expected if expected is not float else (int, float)) for value in found)
        assert payloads.translated(body) == body


def test_member_of_a_value_in_a_list_stands_in_the_list() -> None:
    contract = contracts.load("tmf629-v4")
    payloads = Payloads(contract, contract.resource("customer"), {}, {}, {"engagedParty": "as a list of one"})
    body = payloads.with_attribute("/engagedParty/@type")
    assert [sorted(party) for party in body["engagedParty"]] == [["@type", "id", "name"]]
    assert "@type" not in payloads.without_attribute("/engagedParty/@type")["engagedParty"][0]
