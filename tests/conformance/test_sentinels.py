"""Records that outlast the run: where in it they are made, that they are looked at again, and deleted last."""

from __future__ import annotations

from itertools import pairwise

import pytest

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.sentinels import moments
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.plan import plan, probes
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.lifecycle import CREATED_IS_READABLE, Sentinels
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

CONTRACT = contracts.load("tmf683-v4")
PLANNED = probes(plan(CONTRACT))
SEEDS = [Contents(str(number)) for number in range(60)]
FEW = [row.id for row in CONTRACT.requirements if row.operation and not row.kind.startswith("event")][:40]
ROWS = {*FEW, *(row.id for row in CONTRACT.requirements if row.scenario == CREATED_IS_READABLE.name)}


@pytest.fixture(scope="module", params=[1, 4], ids=["one-at-a-time", "beside-each-other"])
def run(request: pytest.FixtureRequest, server_url: str) -> Bundle:
    """A run of some rows."""
    told = Settings(
        CONTRACT.id,
        server_url + CONTRACT.base_path,
        phases=("register",),
        hold_seconds=0,
        parallel=request.param,
        timeout_seconds=PATIENCE_SECONDS,
        seed="s",
    )
    return drive(CONTRACT, told, only=ROWS)


def places(contents: Contents) -> list[int]:
    drawn = moments(PLANNED, contents)
    return [number for number, probe in enumerate(PLANNED) for _ in range(drawn.get(probe.key, 0))]


def test_further_records_are_made_in_the_second_eighth_and_in_the_last_quarter_of_the_run() -> None:
    eighth = len(PLANNED) / 8
    for first, second in map(places, SEEDS):
        assert eighth - 1 < first < 2 * eighth
        assert 6 * eighth - 1 < second < len(PLANNED)


def test_no_probe_is_always_the_one_that_they_are_made_after() -> None:
    for drawn in zip(*map(places, SEEDS), strict=True):
        assert len(set(drawn)) > len(SEEDS) / 4


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_run_of_few_probes_makes_as_many(count: int) -> None:
    assert {sum(moments(PLANNED[:count], contents).values()) for contents in SEEDS} == {2}


def test_a_run_without_probes_makes_none() -> None:
    assert not moments((), Contents("s"))


def test_records_are_made_in_the_course_of_the_run_and_all_looked_at_in_its_end(run: Bundle) -> None:
    own = [one for one in run.exchanges if one.probe == Sentinels.name]
    made = [one for one in own if one.request.method == "POST" and one.step.endswith("made")]
    others = [one.sequence for one in run.exchanges if one.probe in {probe.key for probe in PLANNED}]
    assert [one.step for one in made] == [f"partyInteraction{number}, made" for number in ("", " 2", " 3")]
    for earlier, later in pairwise(made):
        assert sum(earlier.sequence < number < later.sequence for number in others) > 3
    read = [one.request.url.rpartition("/")[2] for one in own if one.step.endswith("read again")]
    assert sorted(read) == sorted(one.identifier for one in made)
    assert {one.status for one in own if one.request.method == "GET"} <= {200, 206}


def test_records_are_deleted_when_every_probe_is_done(run: Bundle) -> None:
    made = {one.identifier for one in run.exchanges if one.probe == Sentinels.name and one.step.endswith("made")}
    deletes = {one.request.url.rpartition("/")[2]: one for one in run.exchanges if one.request.method == "DELETE"}
    done = max(one.sequence for one in run.exchanges if one.probe in {probe.key for probe in PLANNED})
    assert min(deletes[identifier].sequence for identifier in made) > done
    assert run.run["receipt"]["left"] == []
