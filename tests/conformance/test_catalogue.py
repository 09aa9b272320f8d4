"""The catalogue of the kit: what it holds, what is said of a run, and samples of its three groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tmfkit_conformance.cli import main
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.catalogue.allowed.hubs import HUBS
from tmfkit_conformance.selftest.catalogue.allowed.identity import IDENTITY
from tmfkit_conformance.selftest.catalogue.allowed.paging import LISTS
from tmfkit_conformance.selftest.catalogue.allowed.timing import TIMING
from tmfkit_conformance.selftest.catalogue.allowed.transport import TRANSPORT
from tmfkit_conformance.selftest.catalogue.allowed.unshown import UNSHOWN
from tmfkit_conformance.selftest.catalogue.allowed.values import VALUES_SHOWN
from tmfkit_conformance.selftest.catalogue.allowed.vendors import VENDORS
from tmfkit_conformance.selftest.catalogue.entries import Behaviour, Fault, NoApi
from tmfkit_conformance.selftest.catalogue.nowhere import nothing
from tmfkit_conformance.selftest.catalogue.register import CHANGES, GROUPS
from tmfkit_conformance.selftest.catalogue.said import Ran, problems
from tmfkit_conformance.selftest.catalogue_trials import Attempt, attempts, tried
from tmfkit_conformance.selftest.serving import REFERENCE
from tmfkit_models import contracts

TOLD = {"bearer": "user-key", "admin_headers": {"Authorization": "Bearer admin-key"}}
ALLOWED: tuple[Any, ...] = GROUPS["allowed"]
EVERY = [entry for entries in GROUPS.values() for entry in entries]
ATTEMPTS = [attempt for attempt in attempts(EVERY) if isinstance(attempt.entry, Behaviour)]


def entry(name: str) -> Any:
    return next(one for one in EVERY if one.id == name)


@pytest.mark.parametrize(("group", "least"), [("allowed", 60), ("no-api", 25), ("one-cause", 20)])
def test_there_are_as_many_entries_as_agreed(group: str, least: int) -> None:
    assert len(GROUPS[group]) >= least


def test_ids_of_entries_are_unique() -> None:
    names = [one.id for one in EVERY]
    assert sorted(set(names)) == sorted(names)


def test_every_target_with_a_change_is_hosted() -> None:
    assert set(CHANGES) == {one.id for one in EVERY if not isinstance(one, NoApi)}


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.label)
def test_every_trial_of_an_allowed_behaviour_settles_a_must(attempt: Attempt) -> None:
    assert isinstance(attempt.entry, Behaviour)
    contract = contracts.load(attempt.api)
    levels = {contract.requirement(row).level for row in attempt.entry.driven(contract)}
    assert "must" in levels


@pytest.mark.parametrize("theme", [TRANSPORT, LISTS, TIMING, IDENTITY, VALUES_SHOWN, HUBS, VENDORS])
def test_of_every_kind_one_drives_the_whole_register_on_two_apis(theme: tuple[Behaviour, ...]) -> None:
    assert any(len(one.whole) >= 2 for one in theme)


@pytest.mark.parametrize("api", contracts.apis())
def test_what_every_erratum_tolerates_is_shown_by_a_target_or_has_a_reason(api: str) -> None:
    shown = {erratum for one in ALLOWED for erratum in one.errata}
    tolerant = {one.id for one in contracts.load(api).errata if not one.tolerated.startswith(("none", "Nothing"))}
    assert tolerant - shown == {erratum for erratum in UNSHOWN if erratum in tolerant} - shown
    assert not shown & set(UNSHOWN)


def test_errata_that_are_named_are_there() -> None:
    there = {one.id for api in contracts.apis() for one in contracts.load(api).errata}
    assert {erratum for one in ALLOWED for erratum in one.errata} | set(UNSHOWN) <= there


BEHAVIOUR = Behaviour("x", Break("is odd"), "because", seconds=10, megabytes=100)
NO_API = NoApi("x", "nothing", nothing, 3, ("--base-url",), seconds=10)
FAULT = Fault("x", Break("is wrong"), ("tmf629-v4",), ("tenant",))


def row(verdict: str, level: str = "must") -> dict[str, str]:
    return {"id": "R-1", "verdict": verdict, "level": level, "remark": "why"}


def ran(*rows: dict[str, str], status: int | None = 0, errors: str = "", seconds: float = 1.0, **more: Any) -> Ran:
    report = {"requirements": list(rows), **more} if rows else more
    return Ran(status, "", errors, seconds, report)


CAUSE = {"words": "tenant is mandatory", "rows": ["R-1"]}


@pytest.mark.parametrize(
    ("target", "run", "said"),
    [
        pytest.param(BEHAVIOUR, ran(row("pass-with-remark")), (), id="allowed-passes"),
        pytest.param(BEHAVIOUR, ran(row("fail", "should")), (), id="allowed-should"),
        pytest.param(BEHAVIOUR, ran(row("skip")), ("R-1 skip: why",), id="allowed-skip"),
        pytest.param(BEHAVIOUR, ran(row("error", "may")), ("R-1 error: why",), id="allowed-error"),
        pytest.param(
            BEHAVIOUR, ran(status=3, errors="Error: x"), ("no report, exit status 3: Error: x",), id="no-report"
        ),
        pytest.param(BEHAVIOUR, ran(status=None, seconds=20), ("the kit was not done after 20 s",), id="hangs"),
        pytest.param(BEHAVIOUR, ran(row("pass"), seconds=11), ("it took 11 s, 10 s are allowed",), id="slow"),
        pytest.param(BEHAVIOUR, ran(row("pass"), megabytes=101), ("it took 101 MB, 100 MB are allowed",), id="fat"),
        pytest.param(NO_API, ran(status=3, errors="Correct --Base-URL"), (), id="no-api-said"),
        pytest.param(NO_API, ran(status=3, errors="no"), ("'--base-url' is not said: no",), id="no-api-unsaid"),
        pytest.param(
            NO_API,
            ran(row("fail"), status=1, errors="--base-url", verdict="incomplete"),
            ("exit status 1 instead of 3: --base-url", "there is a verdict: incomplete"),
            id="no-api-judged",
        ),
        pytest.param(FAULT, ran(row("fail"), status=1, verdict="not-conformant", causes=[CAUSE]), (), id="one-cause"),
        pytest.param(
            FAULT,
            ran(row("fail"), status=1, verdict="not-conformant", causes=[]),
            ("0 causes instead of one: []", "no cause names R-1", "'tenant' is in no cause: []"),
            id="no-cause",
        ),
        pytest.param(
            FAULT,
            ran(row("pass"), status=0, verdict="conformant", causes=[CAUSE]),
            ("conformant, exit status 0, instead of not-conformant",),
            id="fault-not-found",
        ),
        pytest.param(
            FAULT,
            ran(row("fail"), status=1, verdict="not-conformant"),
            ("the report has no causes; 1 rows failed: R-1",),
            id="without-causes",
        ),
    ],
)
def test_what_is_said_of_a_run(target: Behaviour | NoApi | Fault, run: Ran, said: tuple[str, ...]) -> None:
    assert problems(target, run, whole=False) == said


def test_the_verdict_on_a_whole_register_is_the_commands() -> None:
    run = ran(row("pass"), status=1, verdict="incomplete")
    assert problems(BEHAVIOUR, run, whole=True) == ("incomplete, exit status 1",)


SAMPLES = (
    Attempt(entry("chunked-tiny"), "tmf629-v4", whole=False),
    Attempt(entry("ids-with-odd-characters"), "tmf683-v4", whole=True),
    Attempt(entry("dates-with-millis"), "tmf681-v1", whole=False),
    Attempt(entry("hub-without-body"), "tmf655-v1", whole=False),
    Attempt(entry("nobody"), "tmf629-v4"),
    Attempt(entry("config-unknown-name"), "tmf629-v4"),
    Attempt(entry("unknown-authority"), "tmf629-v4"),
    Attempt(entry("pages-by-total"), "tmf655-v1", whole=False),
    Attempt(entry("seen-after-300-ms"), "tmf629-v4", whole=False),
    Attempt(entry("interaction-aliases"), "tmf683-v4", whole=False),
    Attempt(entry("html-200"), "tmf629-v4"),
    Attempt(entry("wrong-base-path"), "tmf629-v4"),
    Attempt(entry("refuses-optional-reason"), "tmf629-v4"),
    Attempt(entry("no-patch"), "tmf655-v1"),
    Attempt(entry("loses-subtree"), "tmf629-v4"),
)


IDLE = Attempt(replace(entry("told-of-both"), rules=(), errata=()), "tmf629-v4", whole=False)
"""A target that tells more of a changed status, and is asked to change none."""


@pytest.fixture(scope="module")
def said() -> dict[str, tuple[str, ...]]:
    """What the kit did wrong at each sample."""
    return {trial.attempt.label: trial.problems for trial in tried(REFERENCE, TOLD, [*SAMPLES, IDLE])}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
def test_samples_are_as_they_should_be(said: dict[str, tuple[str, ...]], sample: Attempt) -> None:
    assert said[sample.label] == ()


def test_a_target_that_does_nothing_unusual_shows_nothing(said: dict[str, tuple[str, ...]]) -> None:
    assert said[IDLE.label] == ("the target never did what it is there for",)


def test_entries_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["catalogue", "--app", REFERENCE, "--entry", "nobody", "--entry", "gone", "--api", "tmf629-v4", "--list"])
        == 0
    )
    assert capsys.readouterr().out.splitlines() == [
        "Entry             It is                             It may be so for",
        "gone tmf629-v4    answers 410 for what was deleted  tolerated: 404 or 410",
        "nobody tmf629-v4  nobody listens",
    ]


def test_an_entry_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "--app", REFERENCE, "--entry", "nothing-of-the-kind"]) == 2
    assert "there is no entry nothing-of-the-kind; --list names them" in capsys.readouterr().err
