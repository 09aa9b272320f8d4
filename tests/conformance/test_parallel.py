"""Probes beside each other: the same verdict, and nobody in the way of those that have something to themselves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import httpx
import pytest

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.schedule import Schedule, alone, run, scheduled
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.plan import plan, probes
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

API = "tmf683-v4"
CONTRACT = contracts.load(API)
PLANNED = probes(plan(CONTRACT))
ALONE = {probe.key: alone(CONTRACT, probe) for probe in PLANNED}


def driven(server_url: str, parallel: int) -> Bundle:
    settings = Settings(
        API,
        server_url + CONTRACT.base_path,
        phases=("register",),
        timeout_seconds=PATIENCE_SECONDS,
        event_seconds=PATIENCE_SECONDS,
        parallel=parallel,
    )
    return drive(CONTRACT, settings, lambda *_: None)


@pytest.fixture(scope="module")
def beside(server_url: str) -> Bundle:
    """A run with eight probes at a time."""
    return driven(server_url, 8)


def unhurried(bundle: Bundle) -> Bundle:
    """Return a run without what it waited for, which is a remark and a matter of how busy the machine is."""
    return replace(bundle, exchanges=tuple(replace(one, waited="") for one in bundle.exchanges))


def spans(bundle: Bundle) -> dict[str, tuple[float, float]]:
    """Return when each probe began and ended."""
    found: dict[str, tuple[float, float]] = {}
    for one in bundle.exchanges:
        begin, end = found.get(one.probe, (one.started, 0.0))
        found[one.probe] = (min(begin, one.started), max(end, one.started + one.elapsed_ms / 1000))
    return found


def test_verdicts_are_those_of_one_probe_after_the_other(server_url: str, beside: Bundle) -> None:
    one_by_one = driven(server_url, 1)
    expected, found = (
        {verdict.requirement: verdict.outcome for verdict in judge(unhurried(bundle), CONTRACT).verdicts}
        for bundle in (one_by_one, beside)
    )
    assert found == expected
    assert Outcome.FAIL not in found.values()
    assert [record.key for record in beside.probes] == [record.key for record in one_by_one.probes]


def test_probes_do_run_beside_each_other(beside: Bundle) -> None:
    ordered = sorted(span for key, span in spans(beside).items() if ALONE.get(key) == "")
    assert any(later[0] < earlier[1] for earlier, later in pairwise(ordered))


def test_nobody_makes_or_deletes_records_beside_a_probe_that_looks_at_all_of_them(beside: Bundle) -> None:
    mine = {key: span for key, span in spans(beside).items() if ALONE.get(key) == "records"}
    assert mine
    writes = [one for one in beside.exchanges if one.request.method != "GET" and "/hub" not in one.request.url]
    for key, (begin, end) in mine.items():
        within = {one.probe for one in writes if begin < one.started < end}
        assert within <= {key}, key


def test_hubs_are_used_by_one_probe_at_a_time(beside: Bundle) -> None:
    ordered = sorted((span, key) for key, span in spans(beside).items() if ALONE.get(key, "").startswith("hub"))
    assert len(ordered) > 5
    assert all(earlier[0][1] <= later[0][0] for earlier, later in pairwise(ordered))


def test_nothing_is_left_and_numbers_are_in_order(server_url: str, beside: Bundle) -> None:
    [resource] = CONTRACT.resources
    assert httpx.get(f"{server_url}{CONTRACT.base_path}{resource.collection}").json() == []
    assert [one.sequence for one in beside.exchanges] == list(range(1, len(beside.exchanges) + 1))
    assert beside.run["receipt"]["left"] == []


def test_one_at_a_time_keeps_the_order_of_the_register() -> None:
    assert scheduled(CONTRACT, PLANNED, parallel=1) == Schedule(list(PLANNED))


def test_every_probe_has_its_place() -> None:
    every = scheduled(CONTRACT, PLANNED, parallel=2)
    keys = [probe.key for probe in [*every.recording, *every.hub]]
    assert (sorted(keys), every.count) == (sorted(probe.key for probe in PLANNED), len(PLANNED))


@pytest.mark.parametrize("failing", ["hub", "hub_and_records", "beside", "records"])
def test_a_failure_in_one_place_ends_the_run_and_holds_nobody_up(failing: str) -> None:
    planned = scheduled(CONTRACT, PLANNED, parallel=2)
    driven: list[PlannedProbe] = []

    def drive_one(probe: PlannedProbe) -> None:
        driven.append(probe)
        if probe is getattr(planned, failing)[0]:
            raise UsageError("here", "this one fails", "Nothing helps")

    with pytest.raises(UsageError, match="this one fails"):
        run(planned, drive_one, begin=(), parallel=2, progress=lambda *_: None)
    assert driven.count(getattr(planned, failing)[0]) == 1
    assert planned.hub_and_records[0] in driven
