"""The tests that the plugin adds: one a row, and one for the verdict. What one cause brought about fails once."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from tmfkit_conformance.commands.options import given_settings, settings_for
from tmfkit_conformance.errors import KitError
from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.proof.reporting import concluded
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.folder import ReportFolder
from tmfkit_conformance.report.legible import one_line
from tmfkit_conformance.report.model import Line, Report
from tmfkit_conformance.rules.phases import PHASES
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

__all__ = ["Standing", "collected", "standings", "told"]

_PASSED: Final = (Outcome.PASS, Outcome.PASS_WITH_REMARK)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the test of one row ends, and with what words."""

    outcome: Literal["pass", "skip", "fail"]
    words: str = ""


class _NotMet(Exception):  # noqa: N818 - what a row was found to be, not a defect of anything
    """A row does not hold; the text is all there is to show of it."""


class _Run:
    """The run that all tests speak of; it is made when the first of them asks.

    Args:
        contract: The API.
        settings: What the kit was told of the target.
        folder: Where the reports are written; None for nowhere.
    """

    def __init__(self, contract: Contract, settings: Settings, folder: ReportFolder | None) -> None:
        self.contract, self._settings, self._folder = contract, settings, folder
        self.is_made = False

    @functools.cached_property
    def report(self) -> Report:
        """The report of the run."""
        receipt = self._folder.receipt if self._folder else None
        try:
            bundle = drive(self.contract, self._settings, receipt_path=receipt)
            report = concluded(bundle, self.contract)
            if self._folder:
                self._folder.write(report)
        except KitError as exc:
            pytest.exit(one_line(str(exc)), returncode=exc.exit_status)
        self.is_made = True
        return report

    @functools.cached_property
    def standings(self) -> dict[str, Standing]:
        """Id of every row → how its test ends."""
        return standings(self.report)


_RUN: Final = pytest.StashKey[_Run]()


class _Register(pytest.Collector):
    """The register of an API."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the test of every row, and of the verdict."""
        run = self.config.stash[_RUN]
        for row in run.contract.requirements:
            yield _Row.from_parent(self, name=row.id, words=row.text)
        yield _Verdict.from_parent(self, name="verdict", words="The run is conformant.")


class _Row(pytest.Item):
    """The test of one row."""

    def __init__(self, *, words: str, **more: Any) -> None:
        super().__init__(**more)
        self._words = words

    def runtest(self) -> None:
        """End as the row stands."""
        standing = self.config.stash[_RUN].standings[self.name]
        if standing.outcome == "fail":
            raise _NotMet(standing.words)
        if standing.outcome == "skip":
            pytest.skip(standing.words)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the words alone: where they come from in the kit is of no use to the reader."""
        return str(excinfo.value) if isinstance(excinfo.value, _NotMet) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return what the test is called in reports."""
        return self.path, None, f"{self.name}: {self._words}"


class _Verdict(_Row):
    """The test of the verdict: a run that could check too little is not green, though no row failed."""

    def runtest(self) -> None:
        """Fail unless the run is conformant; where rows have failed, they say it."""
        run = self.config.stash[_RUN]
        if run.report.verdict == "conformant":
            return
        if any(standing.outcome == "fail" for standing in run.standings.values()):
            pytest.skip(f"{wording.TITLES[run.report.verdict]}: the rows that failed say why")
        raise _NotMet(f"{wording.TITLES[run.report.verdict]}. {wording.in_short(run.report)}")


def collected(session: pytest.Session, config: pytest.Config) -> list[pytest.Item]:
    """Return the tests of the run that the options describe.

    Raises:
        UsageError: No run can be made with these options.
    """
    if hasattr(config, "workerinput") or config.getoption("numprocesses", None):
        raise pytest.UsageError("one run is one process: leave out -n with --tmfkit-api")
    api, told_url, file = (config.getoption(f"--tmfkit-{name}") for name in ("api", "base-url", "config"))
    given = {"base_url": told_url, "bearer": os.environ.get("TMFKIT_BEARER"), "phases": _phases(config)}
    folder = config.getoption("--tmfkit-report")
    try:
        contract = contracts.load(api)
        settings = settings_for(contract, config=Path(file) if file else None, given=given_settings(given))
        config.stash[_RUN] = _Run(contract, settings, ReportFolder(Path(folder)) if folder else None)
    except (KitError, contracts.ContractError) as exc:
        raise pytest.UsageError(one_line(str(exc))) from exc
    return list(_Register.from_parent(session, name=api, nodeid=api).collect())


def told(config: pytest.Config) -> Iterator[str]:
    """Return what is said at the end: the verdict, and what it rests on."""
    run = config.stash.get(_RUN, None)
    if run is None or not run.is_made:
        return
    report = run.report
    title = wording.TITLES[report.verdict].upper()
    yield f"{title}  {report.contract.id} at {one_line(report.base_url)}"
    yield wording.in_short(report)
    if report.causes:
        yield wording.causes_title(report.causes)


def _phases(config: pytest.Config) -> tuple[str, ...] | None:
    phases = tuple(config.getoption("--tmfkit-phase"))
    if unknown := [phase for phase in phases if phase not in PHASES]:
        raise pytest.UsageError(f"--tmfkit-phase: there is no phase {unknown[0]!r}; there are {', '.join(PHASES)}")
    return phases or None


def standings(report: Report) -> dict[str, Standing]:
    """Return id of every row → how its test ends; of the musts that one cause has failed, one fails and tells it."""
    tellers = {number: _teller(report, cause) for number, cause in enumerate(report.causes, 1)}
    rows = ((line.requirement.id, line) for line in report.lines)
    return {row: _standing(report, line, report.caused.get(row), tellers) for row, line in rows}


def _teller(report: Report, cause: Cause) -> str:
    """Return the row whose test fails for a cause: its root, else its first must that failed; empty for none."""
    failed = [line.requirement.id for line in report.lines_of(cause) if _is_failure(line)]
    return cause.root if cause.root in failed else next(iter(failed), "")


def _is_failure(line: Line) -> bool:
    return line.outcome is Outcome.FAIL and line.requirement.level == "must"


def _standing(report: Report, line: Line, caused: tuple[int, Cause] | None, tellers: dict[int, str]) -> Standing:
    if line.outcome in _PASSED:
        return Standing("pass")
    if line.outcome is Outcome.ERROR:
        return Standing("fail", f"The kit itself failed: {one_line(line.remark)}")
    if not _is_failure(line):
        said = wording.standing(line.requirement.level, line.standing)
        return Standing("skip", f"{said}: {one_line(line.remark)}")
    if caused is None:
        return Standing("fail", one_line(line.remark))
    number, cause = caused
    if tellers[number] != line.requirement.id:
        return Standing("skip", f"failed by the cause that {tellers[number]} tells")
    return Standing("fail", "\n".join(_cause_lines(report, line, cause)))


def _cause_lines(report: Report, line: Line, cause: Cause) -> Iterator[str]:
    yield f"{wording.cause_title(report, cause)}: {one_line(cause.summary)}"
    yield f"{wording.WHOSE[cause.whose]}. {one_line(cause.first)}."
    yield f"{line.requirement.text} ({wording.source(report.contract, line.requirement)})"
    yield one_line(line.remark)
    others = [row for row in cause.rows if row != line.requirement.id]
    if others:
        yield f"The same cause: {', '.join(others)}"
