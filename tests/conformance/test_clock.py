"""Times that a target gives, held against the kit's clock and the target's own Date header."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence_builder import FAIL, PASS, REMARK, Situation, Step, ask, post

from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict

BEGAN = "2026-05-01T10:00:00.000Z"
RIGHT, AHEAD = "Fri, 01 May 2026 10:00:01 GMT", "Fri, 01 May 2026 13:00:01 GMT"
MODIFIED = ask("generated", "createCustomerAccount", "/lastModified", expect={"form": "date-time"})


def seen(value: str, date: str) -> Situation:
    body = {"id": "7", "lastModified": value}
    steps: tuple[Step, ...] = (post("create", 201, body, sent={}, headers={"Date": date} if date else {}),)
    return Situation(MODIFIED.api, MODIFIED.row, PASS, steps)


def verdict(situation: Situation, **run: Any) -> Verdict:
    bundle = situation.bundle()
    [found] = judge(replace(bundle, run={**bundle.run, **run}), situation.contract).verdicts
    return found


@pytest.mark.parametrize(
    ("value", "date", "outcome"),
    [
        pytest.param("2026-05-01T10:00:02Z", RIGHT, PASS, id="now"),
        pytest.param("2026-05-01T10:04:50Z", RIGHT, PASS, id="within-five-minutes"),
        pytest.param("2026-05-01T10:05:30Z", RIGHT, FAIL, id="six-minutes-later"),
        pytest.param("2026-05-01T09:54:00Z", RIGHT, FAIL, id="six-minutes-before"),
        pytest.param("2026-05-01T18:00:00+08:00", RIGHT, PASS, id="another-offset"),
        pytest.param("2026-05-01T18:00:00Z", RIGHT, FAIL, id="another-hour"),
        pytest.param("2026-05-01T15:30:00", RIGHT, PASS, id="local-half-an-hour"),
        pytest.param("2026-04-30T22:00:00", RIGHT, PASS, id="local-far-west"),
        pytest.param("2026-05-02T00:00:00", RIGHT, PASS, id="local-far-east"),
        pytest.param("2026-05-02T01:00:00", RIGHT, FAIL, id="local-nowhere"),
        pytest.param("2026-01-15T08:00:00", RIGHT, FAIL, id="local-another-day"),
        pytest.param("2026-05-01T09:55Z", RIGHT, PASS, id="the-whole-minute"),
        pytest.param("2026-05-01T09:53Z", RIGHT, FAIL, id="another-minute"),
        pytest.param("2026-05-01T13:00:00Z", AHEAD, PASS, id="a-clock-that-is-ahead"),
        pytest.param("2026-05-01T10:00:01Z", AHEAD, FAIL, id="not-by-its-own-clock"),
        pytest.param("2026-05-01T13:00:00Z", "", REMARK, id="no-date-header"),
        pytest.param("2026-05-01T10:00:01Z", "", PASS, id="no-date-header-and-right"),
        pytest.param("2026-05-01T10:00:01Z", "soon", PASS, id="a-date-that-is-none"),
    ],
)
def test_time_is_held_against_the_clock(value: str, date: str, outcome: Outcome) -> None:
    assert verdict(seen(value, date), started=BEGAN).outcome is outcome


def test_time_that_is_off_is_said_with_how_much() -> None:
    found = verdict(seen("2026-05-01T12:00:01Z", RIGHT), started=BEGAN)
    assert found.remark == "/lastModified is '2026-05-01T12:00:01Z', 2:00:00 off by the target's own Date header"


def test_bundle_that_does_not_say_when_it_began_proves_nothing() -> None:
    assert verdict(seen("2001-01-01T00:00:00Z", RIGHT)).outcome is PASS
