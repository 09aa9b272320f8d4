"""What is wrong with a target in one place is one cause, whatever number of rows suffer from it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pytest
from meddler import Answer, Call, Forward, Meddle, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.not_json import broken_token, not_json
from tmfkit_conformance.judge.symptoms import symptom
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Cause, Judgement, Outcome, Verdict
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Request, Response
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

CONTRACT = contracts.load("tmf629-v4")
LEVELS = {row.id: row.level for row in CONTRACT.requirements}


def judged(server: str, meddle: Meddle, *, only: Collection[str] = (), **more: Any) -> Judgement:
    given = {"phases": ("register",), "event_seconds": 1.0, "timeout_seconds": PATIENCE_SECONDS, **more}
    with meddling(server, meddle) as url:
        settings = Settings(CONTRACT.id, base_url=url + CONTRACT.base_path, **given)
        return judge(drive(CONTRACT, settings, lambda *_: None, only=only), CONTRACT)


def error(status: int, words: str) -> Answer:
    return Answer(status, json.dumps({"code": str(status), "reason": "Refused", "message": words}).encode())


def outcomes(judgement: Judgement, cause: Cause) -> list[Outcome]:
    known = {verdict.requirement: verdict.outcome for verdict in judgement.verdicts}
    return [known[row] for row in cause.rows if LEVELS[row] != "may"]


def without_hub(call: Call, forward: Forward) -> Answer:
    return error(404, "nothing is here") if call.path.rpartition("/hub")[1] else forward(call)


def refusing_an_optional_attribute(call: Call, forward: Forward) -> Answer:
    return error(400, "unknown attribute: statusReason") if b'"statusReason"' in call.body else forward(call)


def losing_a_subtree(call: Call, forward: Forward) -> Answer:
    answer = forward(call)
    if not answer.body:
        return answer
    whole = json.loads(answer.body)
    for customer in whole if isinstance(whole, list) else [whole]:
        for profile in customer.get("creditProfile", ()):
            profile.pop("validFor", None)
    return replace(answer, body=json.dumps(whole).encode())


def patching_nothing(call: Call, forward: Forward) -> Answer:
    return forward(replace(call, method="GET", body=b"")) if call.method == "PATCH" else forward(call)


def answering_every_create_with_200(call: Call, forward: Forward) -> Answer:
    answer = forward(call)
    is_create = call.method == "POST" and call.path.endswith("/customer") and answer.status == 201
    return replace(answer, status=200) if is_create else answer


def knowing_no_404(call: Call, forward: Forward) -> Answer:
    answer = forward(call)
    return error(400, "no such thing") if answer.status == 404 else answer


def breaking_down_over_an_attribute(call: Call, forward: Forward) -> Answer:
    return Answer(200, b"{", cut=True) if b'"statusReason"' in call.body else forward(call)


def failing_over_an_attribute(call: Call, forward: Forward) -> Answer:
    return error(500, "oops") if b'"statusReason"' in call.body else forward(call)


def writing_what_no_number_is(call: Call, forward: Forward) -> Answer:
    answer = forward(call)
    # Not in lists, which may show what other tests have left.
    is_list = answer.body.startswith(b"[")
    body = answer.body if is_list else answer.body.replace(b'"statusReason":', b'"least": -Inf, "statusReason":')
    return replace(answer, body=body)


@dataclass(frozen=True)
class Expected:
    """The cause that a target with one fault is to have."""

    meddle: Meddle
    summary: str
    root: str
    is_crash: bool = False


@pytest.mark.parametrize(
    "expected",
    [
        Expected(without_hub, "POST /hub is not there: answered 404", "TMF629V4-HUBREG-002"),
        Expected(
            refusing_an_optional_attribute,
            'POST /customer is answered 400 "unknown attribute: statusReason"',
            "TMF629V4-POST-014",
        ),
        Expected(
            losing_a_subtree, "customer: /creditProfile/*/validFor was sent and is not there", "TMF629V4-POST-010"
        ),
        Expected(patching_nothing, "PATCH /customer/{id} is answered 200 and changes nothing", "TMF629V4-PATCH-009"),
        Expected(answering_every_create_with_200, "POST /customer is answered 200 instead of 201", "TMF629V4-POST-001"),
        Expected(knowing_no_404, "is answered 400 instead of 404", ""),
        Expected(breaking_down_over_an_attribute, "got no answer (RemoteProtocolError", "", is_crash=True),
        Expected(writing_what_no_number_is, "is not JSON, from character ", ""),
        Expected(failing_over_an_attribute, 'POST /customer is answered 500 "oops"', "", is_crash=True),
    ],
    ids=lambda expected: expected.meddle.__name__,
)
def test_one_fault_is_one_cause(server_url: str, expected: Expected) -> None:
    judgement = judged(server_url, expected.meddle)
    assert [cause.summary for cause in judgement.causes if cause.is_failure] == [judgement.causes[0].summary]
    [cause] = [cause for cause in judgement.causes if cause.is_failure]
    assert expected.summary in cause.summary
    assert (cause.whose, cause.level, cause.is_crash) == ("target", "must", expected.is_crash)
    assert expected.root in ("", cause.root)
    found = outcomes(judgement, cause)
    assert found[0] is Outcome.FAIL
    assert set(found) <= {Outcome.FAIL, Outcome.BLOCKED}


def test_breakdown_shows_the_request_that_came_before(server_url: str) -> None:
    [cause] = [one for one in judged(server_url, breaking_down_over_an_attribute).causes if one.is_failure]
    assert len(cause.exchanges) == 2
    before, broken = cause.exchanges
    assert broken == before + 1
    assert cause.first == f"Look into the target's own log for exchange {broken}; exchange {before} came before it"


def listing_late(call: Call, forward: Forward) -> Answer:
    answer = forward(call)
    is_list = call.method == "GET" and call.path.partition("?")[0].endswith("/customer")
    return replace(answer, body=b"[]") if is_list and answer.status in (200, 206) else answer


def telling_nobody(call: Call, forward: Forward) -> Answer:
    if call.method == "POST" and "callback" in call.json:
        answer = forward(call.with_json({**call.json, "callback": f"http://127.0.0.1:9/{call.json['callback']}"}))
        return replace(answer, body=answer.body.replace(b"http://127.0.0.1:9/", b""))
    return forward(call)


@pytest.mark.parametrize(
    ("meddle", "option"),
    [
        pytest.param(without_hub, "--hub-url http://127.0.0.1:", id="hub-elsewhere"),
        pytest.param(
            listing_late, "longer than 0.2 s until writes are seen, give more seconds with --settle", id="lag"
        ),
        pytest.param(telling_nobody, "longer than 0.1 s, give more seconds with --event-timeout", id="late-events"),
    ],
)
def test_option_that_may_help_is_the_first_thing_to_do(server_url: str, meddle: Meddle, option: str) -> None:
    judgement = judged(server_url, meddle, settle_seconds=0.2, event_seconds=0.1, listener_url="http://127.0.0.1:0")
    causes = [cause for cause in judgement.causes if cause.is_failure]
    assert causes
    assert [cause.first for cause in causes if option not in cause.first] == []


def closed_list(call: Call, forward: Forward) -> Answer:
    body = call.json if call.method == "POST" else {}
    return error(400, "no such reason") if "callback" not in body and "statusReason" in body else forward(call)


def closed_states(call: Call, forward: Forward) -> Answer:
    body = call.json if call.method == "POST" else {}
    return error(400, "no such state") if body.get("status", "live") != "live" else forward(call)


def demanding_more(call: Call, forward: Forward) -> Answer:
    body = call.json if call.method == "POST" else {"callback": ""}
    return forward(call) if "callback" in body or "tenant" in body else error(400, "tenant is mandatory")


def refusing_a_party(call: Call, forward: Forward) -> Answer:
    body = call.json if call.method == "POST" else {}
    return error(422, "engagedParty is not known here") if "engagedParty" in body else forward(call)


@pytest.mark.parametrize(
    ("meddle", "entry"),
    [
        pytest.param(
            closed_list, "two values that it takes under `values.customer./statusReason`", id="value-of-a-row"
        ),
        pytest.param(closed_states, "three values that it takes under `values.customer./status`", id="filtered-by"),
        pytest.param(
            refusing_a_party, "two values that it takes under `values.customer./engagedParty`", id="value-named"
        ),
    ],
)
def test_rule_of_its_own_is_told_to_the_kit_where_it_belongs(server_url: str, meddle: Meddle, entry: str) -> None:
    causes = [cause for cause in judged(server_url, meddle).causes if cause.status in (400, 422)]
    assert causes[0].first.endswith(f"for a rule of its own, configure {entry}")


def test_what_a_target_demands_beside_is_one_matter_of_configuration(server_url: str) -> None:
    cause, *others = judged(server_url, demanding_more).causes
    assert (cause.whose, others) == ("configuration", [])
    assert 'configure `payloads: {"customer": {"tenant": "..."}}`' in cause.summary


def test_patch_without_effect_fails_one_row_and_blocks_the_others(server_url: str) -> None:
    judgement = judged(server_url, patching_nothing)
    found = outcomes(judgement, judgement.causes[0])
    assert (found[0], set(found[1:])) == (Outcome.FAIL, {Outcome.BLOCKED})
    blocked = [verdict for verdict in judgement.verdicts if verdict.outcome is Outcome.BLOCKED]
    assert all(verdict.remark.startswith("Blocked by TMF629V4-PATCH-009: ") for verdict in blocked)


def test_sound_target_has_no_cause(server_url: str) -> None:
    assert [cause for cause in judged(server_url, lambda call, forward: forward(call)).causes if cause.is_failure] == []


def without_pages(call: Call, forward: Forward) -> Answer:
    return error(400, "unknown parameter") if "limit=" in call.path or "offset=" in call.path else forward(call)


def test_option_that_is_not_offered_is_no_cause(server_url: str) -> None:
    about = [row.id for row in CONTRACT.requirements if row.kind == "paging" or row.subject in ("206", "Link")]
    judgement = judged(server_url, without_pages, only=about)
    optional = [verdict for verdict in judgement.verdicts if "unknown parameter" in verdict.remark]
    assert {(LEVELS[one.requirement], one.outcome) for one in optional} >= {("may", Outcome.BLOCKED)}
    assert [cause.summary for cause in judgement.causes if "unknown parameter" in cause.summary] == []


def exchange(
    sequence: int, method: str, sent: Any, shown: Any, *, superseded: bool = False, at: str = "/customer/1"
) -> Exchange:
    """Return an exchange of a probe that patches a customer."""
    operation = {"POST": "createCustomer", "PATCH": "patchCustomer", "GET": "retrieveCustomer"}[method]
    headers = (("Content-Type", "application/json"),)
    request = Request(method, f"http://target.example{at}", headers, json.dumps(sent).encode() if sent else b"")
    response = Response(201 if method == "POST" else 200, headers, json.dumps(shown).encode())
    probe = f"probe {sequence // 10}"
    return Exchange(
        sequence, "register", probe, "step", operation, request, response, "", 0.0, 1.0, superseded=superseded
    )


@pytest.mark.parametrize("is_seen_late", [True, False])
def test_read_that_was_repeated_says_nothing_of_a_patch(is_seen_late: bool) -> None:
    sent = [
        each
        for probe in (10, 20)
        for each in (
            exchange(probe, "POST", {"name": "a"}, {"id": "1", "name": "a"}),
            exchange(probe + 1, "PATCH", {"name": "b"}, {"id": "1", "name": "a"}),
            exchange(probe + 2, "GET", None, {"id": "1", "name": "a"}, superseded=is_seen_late),
            exchange(probe + 3, "GET", None, {"id": "1", "name": "b"}),
        )
    ]
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), tuple(sent), ()), CONTRACT)
    assert (traces.idle == frozenset()) is is_seen_late


def lost_in(row: str, remark: str, read_at: str, shown: dict[str, Any]) -> str:
    """Return what a row suffers from that failed after a create of a customer and one read."""
    [case] = [case for case in plan(CONTRACT) if case.requirement.id == row]
    assert case.probe is not None
    sent = {"name": "a", "status": "Approved", "statusReason": "b"}
    made = exchange(1, "POST", sent, {"id": "1", **sent})
    read = exchange(2, "GET", None, shown, at=read_at)
    told = tuple(replace(one, probe=case.probe.key) for one in (made, read))
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), CONTRACT)
    return symptom(case, Verdict(row, Outcome.FAIL, remark, (1, 2)), traces).summary


LOST = "customer: /statusReason was sent and is not there"


@pytest.mark.parametrize(
    ("row", "remark", "read_at", "summary"),
    [
        pytest.param("TMF629V4-POST-014", "gone", "/customer/1", LOST, id="its-subject"),
        pytest.param("TMF629V4-MODEL-001", "statusReason is lost", "/customer/1", LOST, id="its-remark"),
        pytest.param("TMF629V4-POST-014", "gone", "/customer/2", "gone", id="another-record"),
        pytest.param("TMF629V4-POST-014", "gone", "/customer/1?fields=name", "gone", id="a-selection"),
        pytest.param("TMF629V4-POST-013", "status is wrong", "/customer/1", "status is wrong", id="another-attribute"),
    ],
)
def test_what_was_lost_is_said_of_the_record_that_was_written(
    row: str, remark: str, read_at: str, summary: str
) -> None:
    shown = {"id": "1", "name": "a", "status": "Approved"}
    assert lost_in(row, remark, read_at, shown) == summary


FILTERED = "/customer?validFor.startDateTime.gt=2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("page", "link", "is_cause"),
    [
        pytest.param(f"{FILTERED}&offset=1", "", False, id="tried"),
        pytest.param(f"{FILTERED}&offset=1", f'<{FILTERED}&offset=1>; rel="next"', True, id="named-by-the-target"),
        pytest.param("/customer?validFor.startDateTime.lt=2026-01-01T00:00:00Z", "", True, id="another-list"),
    ],
)
def test_refusal_of_a_page_that_the_kit_tried_is_no_cause(page: str, link: str, *, is_cause: bool) -> None:
    [case] = [case for case in plan(CONTRACT) if case.requirement.id == "TMF629V4-LIST-020"]
    assert case.probe is not None
    headers = (("Content-Type", "application/json"), *((("Link", link),) if link else ()))
    first, tried = (
        replace(exchange(number, "GET", None, None, at=at), operation="listCustomer", probe=case.probe.key)
        for number, at in ((1, FILTERED), (2, page))
    )
    told = (
        replace(first, response=Response(200, headers, b'[{"id": "1"}]')),
        replace(tried, response=Response(400, headers, b'{"message": "unknown attribute"}')),
    )
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), CONTRACT)
    verdict = Verdict(case.requirement.id, Outcome.FAIL, "gave a record too many", (1, 2))
    assert ("unknown attribute" in symptom(case, verdict, traces).summary) is is_cause


PROFILES: list[Any] = [{"validFor": {"startDateTime": f"20{year}-01-01T00:00:00Z"}} for year in (10, 20)]


@pytest.mark.parametrize(
    ("remark", "summary"),
    [
        pytest.param("The first of the list is not the one in force", None, id="is-about-the-first"),
        pytest.param("/creditProfile reads back with its members in another order", "customer: ", id="is-about-order"),
    ],
)
def test_members_in_another_order_are_not_held_against_each_other(remark: str, summary: str | None) -> None:
    [case] = [case for case in plan(CONTRACT) if case.requirement.scenario == "current-first"]
    assert case.probe is not None
    made = exchange(1, "POST", {"creditProfile": PROFILES}, {"id": "1"})
    read = exchange(2, "GET", None, {"id": "1", "creditProfile": PROFILES[::-1]})
    told = tuple(replace(one, probe=case.probe.key) for one in (made, read))
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), CONTRACT)
    verdict = Verdict(case.requirement.id, Outcome.FAIL, remark, (1, 2))
    assert symptom(case, verdict, traces).summary == f"{summary or ''}{remark}"


def test_what_stood_before_a_put_is_not_held_against_what_is_read_after_it() -> None:
    older = contracts.load("tmf629-v1")
    [case] = [case for case in plan(older) if case.requirement.id == "TMF629V1-CUSTOMER-PUT-010"]
    assert case.probe is not None
    made = exchange(1, "POST", {"contactMedium": [{"type": "a"}, {"type": "b"}]}, {"id": "1"})
    put = replace(exchange(2, "PATCH", {"name": "b"}, {"id": "1"}), operation="replaceCustomer")
    put = replace(put, request=replace(put.request, method="PUT"))
    read = exchange(3, "GET", None, {"id": "1", "name": "b", "contactMedium": [{"type": "a"}]})
    told = tuple(replace(one, probe=case.probe.key) for one in (made, put, read))
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), older)
    verdict = Verdict(case.requirement.id, Outcome.FAIL, "/contactMedium is still there", (1, 2, 3))
    assert symptom(case, verdict, traces).summary == verdict.remark


@pytest.mark.parametrize(("step", "is_cause"), [("demanding", False), ("create", True)])
def test_refusal_of_what_need_not_be_taken_is_no_cause(step: str, *, is_cause: bool) -> None:
    [case] = [case for case in plan(CONTRACT) if case.requirement.id == "TMF629V4-POST-014"]
    assert case.probe is not None
    sent = exchange(1, "POST", {"statusReason": "b"}, {"message": "too long"})
    refused = replace(
        sent, probe=case.probe.key, step=step, response=replace(sent.response or Response(0, (), b""), status=400)
    )
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), (refused,), ()), CONTRACT)
    verdict = Verdict(case.requirement.id, Outcome.FAIL, "lost elsewhere", (1,))
    assert ("too long" in symptom(case, verdict, traces).summary) is is_cause


def refusing_two_attributes_in_the_same_words(call: Call, forward: Forward) -> Answer:
    is_wrong = b'"statusReason"' in call.body or b'"creditProfile"' in call.body
    return error(400, "Validation failed") if is_wrong else forward(call)


def test_two_attributes_that_are_refused_in_the_same_words_are_two_causes(server_url: str) -> None:
    judgement = judged(server_url, refusing_two_attributes_in_the_same_words)
    found = {cause.summary for cause in judgement.causes if cause.is_failure}
    assert found == {
        "With /creditProfile in the body, POST /customer is answered 400",
        "With /statusReason in the body, POST /customer is answered 400",
    }


def test_deletion_that_was_to_be_refused_is_the_symptom_and_not_the_one_after_it() -> None:
    contract, row = contracts.load("tmf655-v1"), "TMF655-DELETE-003"
    [case] = [case for case in plan(contract) if case.requirement.id == row]
    assert case.probe is not None
    request = Request("DELETE", "http://target.example/changeRequest/1", (), b"")
    told = tuple(
        Exchange(
            number,
            "register",
            case.probe.key,
            step,
            "deleteChangeRequest",
            request,
            Response(status, (), b""),
            "",
            0,
            1,
        )
        for number, step, status in ((1, "call", 204), (2, "control", 410))
    )
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), contract)
    found = symptom(case, Verdict(row, Outcome.FAIL, "The call was answered 204 instead of a refusal", (1, 2)), traces)
    assert found.exchange == 1
    assert found.summary == "A call in a role that has no right to it is answered 204 instead of a refusal"


@pytest.mark.parametrize(
    ("body", "token", "place"),
    [
        (b'{"a": -Inf, "b": 1}', "Inf", ', from character 7 on: …{"a": -Inf, "b": 1}…'),
        (b'{"a": "NaN", "b": NaN}', "NaN", ', from character 19 on: …{"a": "NaN", "b": NaN}…'),
        (b'{"a": -Infinity, "b" 1}', "Infinity", ', from character 7 on: …{"a": -Infinity, "b" 1}…'),
        (b"<html>", "<", ", from character 1 on: …<html>…"),
        (b'{"a": 1', "", ', from character 8 on: …{"a": 1…'),
        (b"  ", "", ": it is empty"),
        (b"[" * 150 + b"]" * 150, "", ": it is nested too deep"),
    ],
)
def test_place_where_an_answer_stops_being_json_is_told(body: bytes, token: str, place: str) -> None:
    response = Response(200, (), body)
    assert not response.is_json
    assert (broken_token(response), not_json(response)) == (token, f"The answer is not JSON{place}")


@pytest.mark.parametrize(
    ("patched", "status", "shown", "summary"),
    [
        pytest.param(
            {"status": "b"}, 400, {"status": "b"}, "changes what is there although it is refused", id="refused"
        ),
        pytest.param({"name": "b"}, 200, {"status": "b"}, "changes what it does not name", id="changed"),
        pytest.param({"name": "b"}, 200, {}, "takes away what it does not name", id="gone"),
    ],
)
def test_what_a_patch_did_is_said_as_it_happened(
    patched: dict[str, Any], status: int, shown: dict[str, Any], summary: str
) -> None:
    [case] = [case for case in plan(CONTRACT) if case.requirement.id == "TMF629V4-POST-013"]
    assert case.probe is not None
    sent = {"name": "a", "status": "a"}
    made = exchange(1, "POST", sent, {"id": "1", **sent})
    before = exchange(2, "GET", None, {"id": "1", **sent})
    done = exchange(3, "PATCH", patched, {})
    done = replace(done, response=replace(done.response, status=status)) if done.response else done
    after = exchange(4, "GET", None, {"id": "1", "name": "a", **patched, **shown})
    told = tuple(replace(one, probe=case.probe.key) for one in (made, before, done, after))
    traces = Traces(Bundle({"base_url": "http://target.example"}, (), told, ()), CONTRACT)
    verdict = Verdict(case.requirement.id, Outcome.FAIL, "status is another", (1, 4))
    assert f" {summary}: /status was sent" in symptom(case, verdict, traces).summary
