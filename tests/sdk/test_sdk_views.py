"""Objects of the SDK: what they keep, what they say, and what they refuse."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tmfkit_sdk import UNSET
from tmfkit_sdk._runtime.answers import Request, Response
from tmfkit_sdk._runtime.objects import if_match_of
from tmfkit_sdk._runtime.reading import many, one
from tmfkit_sdk._runtime.resources import Operations
from tmfkit_sdk.communication_v1 import Attachment, CommunicationMessage
from tmfkit_sdk.customer_v1 import Customer as OlderCustomer
from tmfkit_sdk.customer_v4 import ContactMedium, Customer, RelatedParty, TimePeriod
from tmfkit_sdk.errors import Malformed, NotSelected, Unreadable
from tmfkit_sdk.objects import INTEGER, Object, attr, dumps, read

EXACT = '{"id":"1","shoe":1.50,"big":123456789012345678901234567890.10,"tiny":-0,"e":1e2,"huge":1e999,"plain":1.5}'
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is to be refused
CUSTOMERS = Operations(Customer, "customer", "/customer")
MESSAGES = Operations(CommunicationMessage, "communicationMessage", "/communicationMessage")


def answered(body: object, headers: dict[str, str] | None = None) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(200, headers or {}, content, Request("GET", "http://host.example/customer/1", {}))


def sent(call: Any) -> Any:
    return json.loads(call.content)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(EXACT, id="numbers"),
        pytest.param('{"z":1,"a":2,"id":"1"}', id="order"),
        pytest.param('{"validFor":{"startDateTime":"2018-06-12T00:00Z","endDateTime":"2018-06-12T00:00:00.0+0800"}}', id="dates"),
        pytest.param('{"name":"Müller \\ud83d","x":"\\ud800"}', id="half-characters"),
        pytest.param('{"contactMedium":[{"size":1.0e1},{"size":2}],"unknown":[[1.10,{"a":[0.0]}]]}', id="nested-numbers"),
    ],
)  # fmt: skip
def test_an_object_is_written_as_it_came(text: str) -> None:
    found = read(Customer, text)
    assert json.loads(dumps(found)) == json.loads(text)
    for twin in (found, copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found
        assert dumps(twin).decode().replace("Müller ", "").lower() == text.replace("Müller ", "").lower()


def test_a_part_keeps_its_numbers_in_another_object() -> None:
    found = read(Customer, '{"engagedParty":{"id":"5","weight":1.50},"contactMedium":[{"n":2.0},{"n":2.00}]}')
    party, media = found.engaged_party, found.contact_medium
    assert party is not None
    assert media is not None
    assert dumps(party) == b'{"id":"5","weight":1.50}'
    made = Customer(name="Club", engaged_party=party, contact_medium=media[::-1])
    assert dumps(made) == b'{"name":"Club","engagedParty":{"id":"5","weight":1.50},"contactMedium":[{"n":2.00},{"n":2.0}]}'  # fmt: skip
    assert made.engaged_party == party


def test_a_change_writes_what_was_assigned_and_nothing_else() -> None:
    found = one(Customer, answered({"id": "1", "status": "New", "shoe": 1}), name="customer")
    call = CUSTOMERS.update(found, {"name": "B", "status_reason": None, "status": UNSET}, {"hat": 2}, UNSET, None)
    assert sent(call) == {"name": "B", "statusReason": None, "hat": 2}
    assert (call.method, call.path, call.content_type) == ("PATCH", "/customer/1", "application/merge-patch+json")
    nested = CUSTOMERS.update("1", {"valid_for": TimePeriod(end_date_time=None)}, None, UNSET, None)
    assert sent(nested) == {"validFor": {"endDateTime": None}}


def test_a_changed_copy_is_put_as_it_came_but_for_the_change() -> None:
    response = answered(b'{"id":"1","name":"A","customerRank":"3","shoe":1.50}', {"etag": '"7"'})
    found = one(OlderCustomer, response, name="customer")
    changed = found.__replace__(name="B")
    call = Operations(OlderCustomer, "customer", "/customer").replace(changed, {}, None, UNSET, None)
    assert call.content == b'{"id":"1","name":"B","customerRank":"3","shoe":1.50}'
    assert (call.method, call.if_match, found.name) == ("PUT", '"7"', "A")


def test_a_change_uses_the_name_that_the_server_uses() -> None:
    found = one(CommunicationMessage, answered({"id": "1", "contactLogFlag": "true", "Content": "a"}), name="m")
    assert (found.log_flag, found.content, found.extra) == (True, "a", {})
    assert sent(MESSAGES.update(found, {"log_flag": False}, None, UNSET, None)) == {"contactLogFlag": False}
    assert sent(MESSAGES.update("1", {"log_flag": False}, None, UNSET, None)) == {"logFlag": False}


def test_absent_null_and_value_are_three() -> None:
    found = read(Customer, '{"id":"1","status":null,"name":"A"}')
    assert (found.status, found.status_reason, found.name) == (None, None, "A")
    assert ("status" in found, "statusReason" in found, "name" in found) == (True, False, True)
    assert (found.is_null("status"), found.is_null("status_reason"), found.is_null("name")) == (True, False, False)
    with pytest.raises(KeyError):
        found["statusReason"]


def test_raw_extra_and_items_are_copies() -> None:
    found = read(Customer, '{"id":"1","shoe":{"size":[43]},"engagedParty":{"id":"5"}}')
    found.raw["shoe"]["size"].append(44)
    found.extra["shoe"]["size"].append(44)
    found["shoe"]["size"].append(44)
    assert found.raw == {"id": "1", "shoe": {"size": [43]}, "engagedParty": {"id": "5"}}
    assert list(found) == ["id", "shoe", "engagedParty"]


def test_an_object_does_not_change() -> None:
    found = read(Customer, '{"id":"1"}')
    with pytest.raises(AttributeError, match=r"a Customer does not change; give name to the call"):
        found.name = "B"
    with pytest.raises(AttributeError):
        del found.name
    with pytest.raises(AttributeError):
        found.names = "B"  # type: ignore[attr-defined]


def test_one_odd_attribute_costs_itself_only() -> None:
    body = {"id": "1", "name": 5, "engagedParty": "500", "contactMedium": [{"preferred": "yes"}, 3], "status": "New"}
    found = one(Customer, answered(body), name="customer")
    assert found.status == "New"
    with pytest.raises(
        Malformed,
        match=r"^customer\.engagedParty: expected an object, got the text '500' \(in the answer 200 to GET http",
    ):
        _ = found.engaged_party  # fmt: skip
    assert [problem.path for problem in found.check()] == [
        "customer.contactMedium[0].preferred",
        "customer.contactMedium[1]",
        "customer.engagedParty",
        "customer.name",
    ]


def test_the_id_of_a_resource_is_a_text_or_malformed() -> None:
    assert read(OlderCustomer, '{"id":42}').id == "42"
    for body in ("{}", '{"id":null}', '{"id":[]}'):
        with pytest.raises(Malformed, match=r"Customer\.id: "):
            _ = read(Customer, body).id
    with pytest.raises(Malformed):
        CUSTOMERS.delete(read(Customer, "{}"), UNSET, None)
    assert read(RelatedParty, "{}").id is None


def test_a_part_remembers_what_was_asked_for() -> None:
    found = one(Customer, answered({"id": "1", "name": "A"}), name="customer", fields=["name", "validFor.endDateTime"])
    assert (found.id, found.href, found.name, found.valid_for) == ("1", None, "A", None)
    with pytest.raises(NotSelected, match=r"customer\.status: not among the fields asked for"):
        _ = found.status
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(NotSelected):
        _ = pickle.loads(pickle.dumps(found)).status


@pytest.mark.parametrize(
    ("tag", "headers", "fields", "kept"),
    [
        pytest.param('"7"', {}, None, True, id="strong"),
        pytest.param('W/"7"', {}, None, False, id="weak"),
        pytest.param('"7"', {"content-encoding": "gzip"}, None, False, id="encoded"),
        pytest.param('"7"', {}, ["name"], False, id="part"),
    ],
)
def test_a_tag_is_a_condition_for_a_whole_object_only(
    tag: str, headers: dict[str, str], fields: list[str] | None, kept: bool
) -> None:
    response = answered({"id": "1", "name": "A"}, {"etag": tag, **headers})
    found = one(Customer, response, name="customer", fields=fields)
    assert if_match_of(found) == (tag if kept else None)
    assert CUSTOMERS.delete(found, UNSET, None).if_match == (tag if kept else None)
    assert CUSTOMERS.delete(found, None, None).if_match is None
    assert CUSTOMERS.delete("1", '"8"', None).if_match == '"8"'


def test_members_of_a_list_have_no_tag() -> None:
    found = many(Customer, answered([{"id": "1"}], {"etag": '"7"'}), name="customer")
    assert if_match_of(found[0]) is None
    assert found[0].response.etag == '"7"'


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"5", b"null", b'{"a":NaN}', b"\xff", b"[" * 100000])
def test_a_body_that_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        one(Customer, answered(body), name="customer")
    with pytest.raises(Unreadable):
        read(Customer, body)
    with pytest.raises(Unreadable):
        many(Customer, answered(body), name="customer")


class ClubCustomer(Customer):
    """A customer with boats."""

    boats: attr[int, int] = attr("boats", INTEGER)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"@type": "ClubCustomer"}, ClubCustomer),
        ({"@type": "Other", "@baseType": "ClubCustomer"}, ClubCustomer),
        ({"@type": "RelatedParty"}, Customer),
        ({"@type": ["ClubCustomer"]}, Customer),
        ({}, Customer),
    ],
)
def test_type_and_base_type_choose_a_registered_class(names: dict[str, Any], kind: type[Object]) -> None:
    found = one(Customer, answered({"id": "1", "boats": 5.0, **names}), name="customer")
    assert type(found) is kind
    assert found.extra == ({} if kind is ClubCustomer else {"boats": 5.0})
    if isinstance(found, ClubCustomer):
        assert found.boats == 5
    assert type(many(Customer, answered([{"id": "1", **names}]), name="customer")[0]) is kind


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: RelatedParty(ident="1"), "RelatedParty has no attribute 'ident'", id="misspelt"),  # type: ignore[call-arg]
        pytest.param(lambda: Customer(name="A"), "Customer needs engaged_party", id="missing"),  # type: ignore[call-arg]
        pytest.param(lambda: Customer(name=None, engaged_party=RelatedParty()), "has to be there", id="null"),  # type: ignore[arg-type]
        pytest.param(lambda: RelatedParty(id=5), "RelatedParty.id takes a text, not 5", id="type"),  # type: ignore[arg-type]
        pytest.param(lambda: ContactMedium(valid_for=RelatedParty()), "takes TimePeriod", id="class"),  # type: ignore[arg-type, call-arg]
        pytest.param(lambda: ContactMedium(preferred=1), "takes a truth value", id="number-for-truth"),  # type: ignore[arg-type, call-arg]
        pytest.param(lambda: Attachment(size=True), "takes a number", id="truth-for-number"),
        pytest.param(lambda: Customer(name="A", engaged_party=RelatedParty(), account="x"), "takes an array", id="text-for-array"),  # type: ignore[arg-type]
        pytest.param(lambda: RelatedParty(extra={"a": object()}), "takes what JSON has", id="no-json"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_where_it_is_given(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    "value",
    [NAIVE, "2026-01-01T00:00:00", "tomorrow", "2026-13-01T00:00:00Z"],
    ids=str,
)
def test_a_date_time_without_an_offset_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"TimePeriod\.startDateTime: "):
        TimePeriod(start_date_time=value)


def test_values_are_written_as_the_contract_has_them() -> None:
    east = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert dumps(TimePeriod(start_date_time=east)) == b'{"startDateTime":"2026-01-01T08:00:00+08:00"}'
    assert dumps(TimePeriod(start_date_time=datetime(2026, 1, 1, tzinfo=UTC))) == b'{"startDateTime":"2026-01-01T00:00:00Z"}'  # fmt: skip
    assert dumps(TimePeriod(start_date_time="2026-01-01T00:00+0800")) == b'{"startDateTime":"2026-01-01T00:00+0800"}'  # type: ignore[arg-type]
    assert dumps(Attachment(size=Decimal("1.50"))) == b'{"size":1.50}'  # type: ignore[arg-type]
    assert dumps(RelatedParty(extra={"a": [RelatedParty(id="1"), east]})) == b'{"a":[{"id":"1"},"2026-01-01T08:00:00+08:00"]}'  # fmt: skip
    with pytest.raises(ValueError, match="given twice"):
        RelatedParty(id="1", extra={"id": "2"})
    with pytest.raises(ValueError, match="no number"):
        Attachment(size=float("nan"))


def test_what_a_constructor_took_does_not_change_with_it() -> None:
    given = {"a": [1]}
    made = RelatedParty(extra=given)
    given["a"].append(2)
    assert made.extra == {"a": [1]}


def test_an_object_tells_where_it_came_from() -> None:
    found = one(Customer, answered({"id": "1"}, {"x-request-id": "r1"}), name="customer")
    assert (found.response.status, found.response.request_id, found.response.attempts) == (200, "r1", 1)
    with pytest.raises(AttributeError, match="did not come in an answer"):
        _ = RelatedParty().response


def test_repr_is_short_and_never_fails() -> None:
    assert repr(RelatedParty(id="1", extra={"a b": 1})) == "RelatedParty(id='1', 'a b'=1)"
    assert len(repr(RelatedParty(name="x" * 10000))) < 500
