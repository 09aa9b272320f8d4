"""What a target need not do is held against nothing else that it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from evidence_builder import BLOCKED, FAIL, HOST, MOOT, PASS, REMARK, SKIP, Step, delete, get, post

from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import ProbeRecord
from tmfkit_models import contracts


def verdict_of(
    api: str,
    row: str,
    steps: Iterable[Step],
    *,
    operations: Mapping[str, str] | None = None,
    run: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    beside: tuple[str, Step] | None = None,
) -> Verdict:
    """Return the verdict of one row of a real register.

    Args:
        api: The API.
        row: The row.
        steps: What was recorded for it.
        operations: Operations of the steps that are not the row's own.
        run: What the bundle says of the run.
        facts: What the driver wrote down.
        beside: Another row and what was recorded for it.
    """
    contract = contracts.load(api)
    probes = {case.requirement.id: case.probe for case in plan(contract)}
    probe = probes[row]
    assert probe is not None
    key, own = probe.key, probe.operation
    exchanges = tuple(
        replace(
            step.exchange(number, key, own, HOST + contract.base_path),
            operation=(operations or {}).get(step.step, own),
        )
        for number, step in enumerate(steps, 1)
    )
    if beside:
        other = probes[beside[0]]
        assert other is not None
        one = beside[1].exchange(len(exchanges) + 1, other.key, other.operation, HOST + contract.base_path)
        exchanges = (*exchanges, one)
    records = (ProbeRecord(key, facts=dict(facts or {})),)
    bundle = Bundle({"api": api, "phases": ["register"], **(run or {})}, records, exchanges, ())
    [verdict] = [each for each in judge(bundle, contract).verdicts if each.requirement == row]
    return verdict


MESSAGES = "/communicationMessage"
ONE = {"id": "1", "description": "a"}


@pytest.mark.parametrize(
    ("status", "outcome"), [(405, MOOT), (501, MOOT), (404, MOOT), (400, FAIL), (500, FAIL), (200, PASS)]
)
def test_what_is_looked_for_in_a_list_that_need_not_be_offered(status: int, outcome: Outcome) -> None:
    steps = [
        post("create", 201, ONE, sent={"description": "a"}, path=MESSAGES),
        get("list", status, [ONE] if status == 200 else {}, at=f"{MESSAGES}?description=a"),
        post("second", 201, {**ONE, "id": "2"}, sent={"description": "a"}, path=MESSAGES),
    ]
    found = verdict_of("tmf681-v1", "TMF681-GEN-002", steps, operations={"list": "listCommunicationMessage"})
    assert found.outcome is outcome


def test_fault_that_shows_without_the_list_is_no_less_one_where_there_is_none() -> None:
    steps = [
        post("create", 201, ONE, sent={"description": "a"}, path=MESSAGES),
        get("list", 405, {}, at=f"{MESSAGES}?description=a"),
        post("second", 201, ONE, sent={"description": "a"}, path=MESSAGES),
    ]
    found = verdict_of("tmf681-v1", "TMF681-GEN-002", steps, operations={"list": "listCommunicationMessage"})
    assert found.outcome is FAIL


@pytest.mark.parametrize(
    ("read", "status", "outcome"),
    [(404, 405, REMARK), (410, 501, REMARK), (404, 500, FAIL), (200, 405, FAIL), (404, 200, PASS)],
)
def test_what_is_deleted_is_gone_where_no_list_needs_to_be_offered(read: int, status: int, outcome: Outcome) -> None:
    steps = [
        post("create", 201, ONE, sent={"description": "a"}, path=MESSAGES),
        get("before", 200, ONE, at=f"{MESSAGES}/1"),
        delete("delete", 204, at=f"{MESSAGES}/1"),
        get("read", read, ONE if read == 200 else {}, at=f"{MESSAGES}/1"),
        get("list", status, [] if status == 200 else {}, at=MESSAGES, headers={"X-Total-Count": "0"}),
    ]
    found = verdict_of("tmf681-v1", "TMF681-GEN-005", steps, operations={"list": "listCommunicationMessage"})
    assert found.outcome is outcome


@pytest.mark.parametrize(("status", "outcome"), [(405, MOOT), (403, SKIP), (400, BLOCKED), (500, BLOCKED)])
def test_what_needs_a_deletion_that_need_not_be_offered(status: int, outcome: Outcome) -> None:
    change = "/changeRequest"
    steps = [
        post("create", 201, {"id": "1"}, sent={}, path=change),
        delete("control", status, at=f"{change}/1"),
        delete("refused", 404, at=f"{change}/2"),
    ]
    assert verdict_of("tmf655-v1", "TMF655-DELETE-005", steps).outcome is outcome


BALANCE = {"type": "debit", "amount": 7}


@pytest.mark.parametrize(
    ("shown", "status", "outcome"),
    [
        pytest.param({"id": "1"}, 201, MOOT, id="dropped"),
        pytest.param({"id": "1"}, 400, PASS, id="dropped-and-refused"),
        pytest.param({"id": "1", "customerAccountBalance": [BALANCE]}, 201, FAIL, id="kept"),
        pytest.param({"id": "1", "customerAccountBalance": [BALANCE]}, 400, PASS, id="kept-and-refused"),
    ],
)
def test_members_of_what_a_target_need_not_keep(shown: dict[str, Any], status: int, outcome: Outcome) -> None:
    account = "/customerAccount"
    steps = [
        post("control", 201, shown, sent={"customerAccountBalance": [BALANCE]}, path=account),
        post("refused", status, {}, sent={"customerAccountBalance": [{"amount": 7}]}, path=account),
        post("refused-second", status, {}, sent={"customerAccountBalance": [BALANCE, {"amount": 7}]}, path=account),
    ]
    assert verdict_of("tmf629-v1", "TMF629V1-CUSTOMERACCOUNT-POST-035", steps).outcome is outcome


@pytest.mark.parametrize(
    ("path", "read", "outcome"),
    [
        pytest.param("/changeManagement/changeRequest/1", 404, REMARK, id="other-spelling"),
        pytest.param("/changeManagement/changeRequests/1", 404, FAIL, id="no-spelling-of-the-document"),
        pytest.param("/other/changeRequest/1", 404, FAIL, id="other-place"),
        pytest.param("/changeManagement/changeRequest/2", 404, FAIL, id="other-id"),
        pytest.param("/changeManagement/ChangeRequest/1", 200, PASS, id="as-called"),
    ],
)
def test_address_in_the_spelling_of_the_document_that_the_target_does_not_answer_at(
    path: str, read: int, outcome: Outcome
) -> None:
    made = {"id": "1", "href": f"{HOST}{path}"}
    steps = [
        post("create", 201, made, sent={}, path="/ChangeRequest"),
        get("read", 200, made, at="/ChangeRequest/1"),
        get("follow-href", read, made if read == 200 else {}, at=path.removeprefix("/changeManagement")),
    ]
    assert verdict_of("tmf655-v1", "TMF655-RES-003", steps).outcome is outcome


ROLE = [{"id": "1", "role": "origin"}]
DEMANDED = {"demanded": {"partyInteraction": {"words": "no role", "attributes": {"channel": ROLE}}}}


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        pytest.param({"channel": [{"id": "1"}]}, SKIP, id="member-is-missing"),
        pytest.param({}, SKIP, id="attribute-is-missing"),
        pytest.param({"channel": ROLE}, FAIL, id="nothing-is-missing"),
    ],
)
def test_what_a_target_may_demand_besides_is_demanded_inside_attributes_too(
    sent: dict[str, Any], outcome: Outcome
) -> None:
    steps = [post("create", 400, {"reason": "no role"}, sent=sent, path="/partyInteraction")]
    assert verdict_of("tmf683-v4", "TMF683-POST-008", steps, run=DEMANDED).outcome is outcome


UNKNOWN = {"reason": "'Closed' is no status"}
MOVE = {"reason": "New does not become Closed"}


@pytest.mark.parametrize(
    ("created", "moved", "status", "outcome"),
    [
        pytest.param(UNKNOWN, UNKNOWN, 400, FAIL, id="refused-as-a-value-that-is-not-listed"),
        pytest.param(UNKNOWN, UNKNOWN, 409, MOOT, id="refused-as-a-conflict"),
        pytest.param(UNKNOWN, MOVE, 400, MOOT, id="refused-as-a-move"),
        pytest.param({"reason": "begins as New"}, UNKNOWN, 400, MOOT, id="refused-as-a-beginning"),
        pytest.param(UNKNOWN, UNKNOWN, 500, FAIL, id="answered-with-an-error"),
    ],
)
def test_state_that_a_target_does_not_come_to(
    created: dict[str, str], moved: dict[str, str], status: int, outcome: Outcome
) -> None:
    change, closed = "/changeRequest", {"status": "Closed"}
    steps = [
        post("create-0", status, created, sent=closed, path=change),
        post("plain-0", 201, {"id": "1", "status": "New"}, sent={"status": "New"}, path=change),
        Step("patch-0", status, moved, closed, method="PATCH", path=f"{change}/1"),
        get("read-0", 200, {"id": "1", "status": "New"}, at=f"{change}/1"),
    ]
    unlisted = post("refused", status, {"reason": "'qua' is no status"}, sent={"status": "qua"}, path=change)
    found = verdict_of("tmf655-v1", "TMF655-LIFE-008", steps, facts={"values": 1}, beside=("TMF655-LIFE-009", unlisted))
    assert found.outcome is outcome


REVIEW = "Post Implementation Review"


@pytest.mark.parametrize(
    ("moves", "outcome"),
    [
        pytest.param([(REVIEW, 200, {}), ("Closed", 400, UNKNOWN)], FAIL, id="from-the-state-before-it"),
        pytest.param([(REVIEW, 400, MOVE)], FAIL, id="and-the-state-before-it-in-other-words"),
        pytest.param([(REVIEW, 400, {"reason": f"'{REVIEW}' is no status"})], MOOT, id="as-every-move-is"),
        pytest.param([(REVIEW, 200, {}), ("Closed", 400, MOVE)], MOOT, id="from-the-state-before-it-as-a-move"),
        pytest.param([(REVIEW, 500, {})], FAIL, id="and-the-state-before-it-with-an-error"),
    ],
)
def test_state_that_is_refused_as_one_that_is_not_listed(
    moves: list[tuple[str, int, dict[str, str]]], outcome: Outcome
) -> None:
    change, closed = "/changeRequest", {"status": "Closed"}
    steps = [
        post("create-0", 400, UNKNOWN, sent=closed, path=change),
        post("plain-0", 201, {"id": "1", "status": "New"}, sent={"status": "New"}, path=change),
        Step("patch-0", 400, UNKNOWN, closed, method="PATCH", path=f"{change}/1"),
        *(Step("move-0", code, said, {"status": to}, method="PATCH", path=f"{change}/1") for to, code, said in moves),
        get("read-0", 200, {"id": "1", "status": "New"}, at=f"{change}/1"),
    ]
    unlisted = post("refused", 400, {"reason": "'qua' is no status"}, sent={"status": "qua"}, path=change)
    found = verdict_of("tmf655-v1", "TMF655-LIFE-008", steps, facts={"values": 1}, beside=("TMF655-LIFE-009", unlisted))
    assert found.outcome is outcome


@pytest.mark.parametrize(("status", "outcome"), [(400, SKIP), (500, BLOCKED)])
def test_what_starts_from_a_create_that_is_refused_for_a_demand_is_a_matter_of_configuration(
    status: int, outcome: Outcome
) -> None:
    demand = {"words": "tenant is mandatory", "attributes": {"tenant": "a"}, "is_proven": True, "exchange": 1}
    steps = [post(step, status, {}, sent={"name": "a"}, path="/customer") for step in ("control", "refused")]
    run = {"demanded": {"customer": demand}}
    assert verdict_of("tmf629-v4", "TMF629V4-POST-003", steps, run=run).outcome is outcome


@pytest.mark.parametrize(("refused", "outcome"), [(["/customerAccountBalance"], MOOT), ([], BLOCKED)])
def test_members_of_what_is_refused_and_may_be_are_not_asked_for(refused: list[str], outcome: Outcome) -> None:
    sent = {"name": "a", "customerAccountBalance": [{"type": "t"}]}
    steps = [post(step, 400, {}, sent=sent, path="/customerAccount") for step in ("control", "refused")]
    run = {"refused": {"customerAccount": refused}}
    assert verdict_of("tmf629-v1", "TMF629V1-CUSTOMERACCOUNT-POST-036", steps, run=run).outcome is outcome


@pytest.mark.parametrize(("row", "outcome"), [("PATCH-045", MOOT), ("PATCH-049", BLOCKED)])
def test_members_of_what_may_not_be_changed_are_not_asked_for(row: str, outcome: Outcome) -> None:
    account = "/customerAccount"
    steps = [
        post("create", 201, {"id": "1"}, sent={}, path=account),
        post("control", 400, {}, sent={}, method="PATCH", path=f"{account}/1"),
        post("refused", 400, {}, sent={}, method="PATCH", path=f"{account}/1"),
    ]
    assert verdict_of("tmf629-v1", f"TMF629V1-CUSTOMERACCOUNT-{row}", steps).outcome is outcome
