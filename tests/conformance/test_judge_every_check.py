"""What holds for every check alike: it can pass and fail, needs all it looks at, and never breaks."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import test_judge_answers
import test_judge_attributes
import test_judge_hubs
import test_judge_lifecycle
import test_judge_queries
import test_judge_refusals
import test_judge_sending
import test_judge_updates
from evidence_builder import BLOCKED, FAIL, MOOT, PASS, REMARK, SKIP, Situation

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.rules.register import KINDS, SCENARIOS

MODULES = (
    test_judge_attributes,
    test_judge_hubs,
    test_judge_lifecycle,
    test_judge_answers,
    test_judge_queries,
    test_judge_refusals,
    test_judge_sending,
    test_judge_updates,
)
PARAMS = [param for module in MODULES for param in module.SITUATIONS]
ALL: list[Situation] = [param.values[0] for param in PARAMS]
PASSING = [param for param in PARAMS if param.values[0].outcome in (PASS, REMARK)]

NONSENSE: dict[str, tuple[int, Any]] = {
    "server-error": (500, {}),
    "redirect": (302, {}),
    "unauthorised": (401, {}),
    "forbidden": (403, {}),
    "too-many": (429, {}),
    "silence": (0, None),
    "informational": (199, {}),
    "no-such-status": (999, {}),
}
HOSTILE: dict[str, Any] = {
    "null": None,
    "number": 7,
    "text": "text",
    "texts": ["a", "b"],
    "lists": [[], [[]]],
    "empty": b"",
    "html": b"<html></html>",
    "not-a-number": b'{"id": NaN}',
    "infinite": b'{"id": 1e999, "creditLimit": 1e999}',
    "endless": b'{"id": ' + b"9" * 4000 + b"}",
    "deep": b"[" * 20_000 + b"]" * 20_000,
    "nested": b'{"id":' * 90 + b"1" + b"}" * 90,
    "half-a-pair": b'{"id": "\\ud800", "\\ud800": 1, "href": "http://[\\ud800"}',
    "octets": bytes(range(256)),
    "utf-16": '{"id": "7"}'.encode("utf-16"),
    "objects-for-texts": {"id": {"a": 1}, "href": ["x"], "name": {}, "status": []},
    "large": {"id": "7", "name": "x" * 20_000},
}


def with_answers(situation: Situation, **changed: Any) -> Situation:
    return dataclasses.replace(situation, steps=tuple(dataclasses.replace(step, **changed) for step in situation.steps))


@pytest.mark.parametrize("name", sorted({*KINDS, *SCENARIOS} - {"scenario"}))
def test_check_is_shown_to_pass_and_to_fail(name: str) -> None:
    shown = {situation.outcome for situation in ALL if situation.check == name}
    assert shown & {PASS, REMARK}
    assert FAIL in shown


def test_nothing_recorded_is_never_a_pass() -> None:
    for situation in ALL:
        assert dataclasses.replace(situation, steps=(), notes=()).verdict().outcome is SKIP, situation.check


def test_lack_of_means_is_a_skip_that_says_so() -> None:
    for situation in ALL:
        verdict = situation.verdict(lacking="a credential")
        assert (verdict.outcome, verdict.remark) == (SKIP, "The kit lacked a credential")


@pytest.mark.parametrize("situation", PASSING)
def test_pass_needs_every_exchange_that_it_names(situation: Situation) -> None:
    for name in {situation.steps[sequence - 1].step for sequence in situation.verdict().exchanges}:
        fewer = tuple(step for step in situation.steps if step.step != name)
        outcome = dataclasses.replace(situation, steps=fewer).verdict().outcome
        assert outcome in (SKIP, BLOCKED, FAIL, MOOT), f"passes without {name}"


@pytest.mark.parametrize(("status", "answer"), NONSENSE.values(), ids=list(NONSENSE))
def test_target_that_answers_everything_the_same_bad_way_passes_nothing(status: int, answer: Any) -> None:
    for situation in (param.values[0] for param in PASSING):
        outcome = with_answers(situation, status=status, answer=answer, headers={}).verdict().outcome
        assert outcome in (SKIP, BLOCKED, FAIL, MOOT), situation.check


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=list(HOSTILE))
def test_judge_finds_an_outcome_for_whatever_is_answered(answer: Any) -> None:
    for situation in ALL:
        for status in (200, 201, 400):
            headers = {"Location": "http://[::1", "Link": '<http://[>; rel="next"'}
            verdict = with_answers(situation, status=status, answer=answer, headers=headers).verdict()
            assert verdict.outcome is not Outcome.ERROR, (situation.check, verdict.remark)


@pytest.mark.parametrize(
    "body", [value for value in HOSTILE.values() if isinstance(value, bytes)], ids=lambda body: repr(body[:12])
)
def test_judge_finds_an_outcome_for_whatever_arrives(body: bytes) -> None:
    for situation in test_judge_hubs.SITUATIONS:
        held: Situation = situation.values[0]
        notes = tuple(dataclasses.replace(note, body=body) for note in held.notes)
        assert dataclasses.replace(held, notes=notes).verdict().outcome is not Outcome.ERROR
