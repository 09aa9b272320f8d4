"""Times that a target gives, held against the kit's clock and the target's own Date header."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence_builder import FAIL, PASS, REMARK, Situation, Step, ask, post

from tmfkit_conformance.judge.clock import Clock
from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.exchange import Exchange

BEGAN = "2026-05-01T10:00:00.000Z"
RIGHT, AHEAD = "Fri, 01 May 2026 10:00:01 GMT", "Fri, 01 May 2026 13:00:01 GMT"
STALE = "Thu, 15 Jan 2026 08:00:00 GMT"
FARTHEST = "Fri, 31 Dec 9999 23:59:59 -2359"
ABSURD = ("Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 01 May 2026 10:00:01 +99999999999", "Fri, 00 May 2026 10:00:01 GMT")
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
        pytest.param("0001-01-01T00:00:00", RIGHT, FAIL, id="first-local-time-of-all"),
        pytest.param("9999-12-31T23:59:59", RIGHT, FAIL, id="last-local-time-of-all"),
        pytest.param("0001-01-01T00:00:00+14:00", RIGHT, FAIL, id="first-time-of-all"),
        pytest.param("9999-12-31T23:59:59-12:00", RIGHT, FAIL, id="last-time-of-all"),
        pytest.param("9999-12-31T23:59", "", REMARK, id="last-local-minute-and-no-date-header"),
        *(pytest.param("2026-05-01T10:00:01Z", date, PASS, id=f"absurd-date-{date}") for date in ABSURD),
        *(pytest.param("0001-01-01T00:00:00", date, REMARK, id=f"off-and-absurd-date-{date}") for date in ABSURD),
    ],
)
def test_time_is_held_against_the_clock(value: str, date: str, outcome: Outcome) -> None:
    assert verdict(seen(value, date), started=BEGAN).outcome is outcome


def test_time_that_is_off_is_said_with_how_much() -> None:
    found = verdict(seen("2026-05-01T12:00:01Z", RIGHT), started=BEGAN)
    assert found.remark == "/lastModified is '2026-05-01T12:00:01Z', 2:00:00 off by the target's own Date header"


def test_bundle_that_does_not_say_when_it_began_proves_nothing() -> None:
    assert verdict(seen("2001-01-01T00:00:00Z", RIGHT)).outcome is PASS


def at(date: str, number: int) -> Exchange:
    """An exchange of the run whose answer has a Date header."""
    return post("elsewhere", 200, headers={"Date": date}).exchange(number, "elsewhere", "createCustomerAccount", "")


@pytest.mark.parametrize(
    ("dates", "outcome"),
    [
        pytest.param([STALE], FAIL, id="one-stale-date-excuses-no-frozen-time"),
        pytest.param([STALE, RIGHT, RIGHT], FAIL, id="nor-does-one-of-several"),
        pytest.param([AHEAD], FAIL, id="another-node-is-ahead"),
    ],
)
def test_date_of_the_answer_that_has_the_time_counts_before_those_of_others(dates: list[str], outcome: Outcome) -> None:
    situation = seen("2026-01-15T08:00:00Z", RIGHT)
    bundle = situation.bundle()
    others = tuple(at(date, number) for number, date in enumerate(dates, 2))
    judged = replace(bundle, run={**bundle.run, "started": BEGAN}, exchanges=(*bundle.exchanges, *others))
    [found] = judge(judged, situation.contract).verdicts
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("dates", "value", "departure"),
    [
        pytest.param([RIGHT, RIGHT, STALE], "2026-05-01T10:00:02Z", "", id="one-is-stale"),
        pytest.param(
            [RIGHT, RIGHT, STALE], "2026-01-15T08:00:00Z", "106 days, 2:00:00 off", id="frozen-as-the-stale-one"
        ),
        pytest.param([AHEAD, AHEAD, AHEAD], "2026-05-01T13:00:02Z", "", id="all-are-ahead"),
        pytest.param([FARTHEST], "2026-05-01T10:00:00Z", "2912323 days, 13:58:59 off", id="farthest-date"),
        pytest.param([RIGHT], "soon", "no date-time", id="no-time"),
    ],
)
def test_without_a_date_of_its_own_a_time_is_held_against_the_median(
    dates: list[str], value: str, departure: str
) -> None:
    clock = Clock(instant(BEGAN), [at(date, number) for number, date in enumerate(dates, 1)])
    skew = clock.skew_seconds(None)
    assert skew is not None
    assert clock.departure(value, 1.0, skew) == departure


@pytest.mark.parametrize("started", [1e300, -1e300, float("inf"), float("nan")])
def test_time_of_an_exchange_that_no_clock_shows_is_off_and_no_defect(started: float) -> None:
    situation = seen("2026-05-01T10:00:02Z", RIGHT)
    bundle = situation.bundle()
    moved = tuple(replace(one, started=started) for one in bundle.exchanges)
    [found] = judge(replace(bundle, run={**bundle.run, "started": BEGAN}, exchanges=moved), situation.contract).verdicts
    assert found.outcome in (PASS, FAIL)
    assert Clock(instant(BEGAN)).departure("2026-05-01T10:00:02Z", started, 0.0) == "3660000 days, 0:00:00 off"
