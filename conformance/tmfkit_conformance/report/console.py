"""What the terminal shows: progress on the error stream while a run goes on, and its outcome on the output."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.legible import one_line, shortened
from tmfkit_conformance.report.model import LEVELS, Line, Report

__all__ = ["RunProgress", "print_summary"]

_STYLES = {"conformant": "bold green", "not-conformant": "bold red", "incomplete": "bold yellow"}
_REMARK_LIMIT = 400


class RunProgress:
    """A progress bar for each phase; one line for each phase where nobody watches.

    Args:
        console: Where it is shown, as a rule the error stream.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Show that *done* of *total* steps of a phase are done."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=total)
            if not self._console.is_terminal:
                self._console.print(Text(f"phase {phase}: {wording.plural(total, 'step')}"), soft_wrap=True)
        self._bars.update(self._tasks[phase], completed=done, total=total)


def print_summary(report: Report, console: Console) -> None:
    """Print the verdict, the counts, every must that failed and what was skipped."""
    contract = report.contract
    _print(
        console,
        (wording.TITLES[report.verdict].upper(), _STYLES[report.verdict]),
        f"  {contract.id} at {report.base_url}",
    )
    if report.unserved:
        _print(console, one_line(wording.diagnosis(report.unserved)))
    _print(console, wording.meaning(report))
    for entry in report.configured:
        _print(console, f"Configured: {shortened(one_line(entry), _REMARK_LIMIT)}")
    _print(console)
    for level in LEVELS:
        counts = report.counts(level)
        said = ", ".join(
            f"{counts[name]:,} {wording.standing(level, name, counts[name])}"
            for name in wording.STANDINGS
            if counts[name]
        )
        _print(console, f"{level:<8}{said or 'none'}")
    _print_lines(console, "Errors of the kit", report.lines_with(Outcome.ERROR))
    _print_lines(console, "Musts that failed", report.lines_with(Outcome.FAIL, levels=("must",)))
    _print_skips(console, report)
    _print_left_behind(console, report)
    _print(console)
    exchanges = wording.plural(len(report.bundle.exchanges), "exchange")
    _print(console, f"{exchanges} in {report.seconds:.1f} s, contract {contract.sha256[:12]}")
    _print(console, f"bundle.zip: sha256 {report.bundle.sha256}")


def _print_lines(console: Console, title: str, lines: tuple[Line, ...]) -> None:
    if not lines:
        return
    _print(console)
    _print(console, (title, "bold"))
    for line in lines:
        _print(console, "  ", (line.requirement.id, "bold"), f"  {one_line(line.requirement.text)}")
        _print(console, f"      {shortened(line.remark, _REMARK_LIMIT)}")


def _print_skips(console: Console, report: Report) -> None:
    skips = report.skips()
    if not skips:
        return
    _print(console)
    _print(console, ("Skipped", "bold"))
    for remark, lines in skips.items():
        musts = sum(line.requirement.level == "must" for line in lines)
        extent = f"{wording.plural(len(lines), 'requirement')}, {wording.plural(musts, 'must')} among them"
        _print(console, f"  {extent}: {shortened(remark, _REMARK_LIMIT)}")


def _print_left_behind(console: Console, report: Report) -> None:
    if not report.left_behind:
        return
    _print(console)
    _print(console, ("Left behind", "bold"), f"  {wording.LEFT_BEHIND}")
    for address in report.left_behind:
        _print(console, f"  {one_line(address)}")


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print one line as it stands: no markup is read in it, and it is never broken."""
    console.print(Text.assemble(*parts), soft_wrap=True)
