"""What the terminal shows: progress on the error stream while a run goes on, and its outcome on the output."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from tmfkit_conformance.report import wording
from tmfkit_conformance.report.legible import one_line, shortened
from tmfkit_conformance.report.model import Line, Report
from tmfkit_conformance.rules.rule import LEVELS

__all__ = ["RunProgress", "print_summary"]

_STYLES = {"conformant": "bold green", "not-conformant": "bold red", "incomplete": "bold yellow"}
_REMARK_LIMIT = 400
_ROW_LIMIT = 3


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
    """Print the verdict, the counts, what the first contact showed, and the causes with their first rows."""
    contract = report.contract
    _print(
        console,
        (wording.TITLES[report.verdict].upper(), _STYLES[report.verdict]),
        f"  {contract.id} at {report.base_url}",
    )
    if report.unserved:
        _print(console, one_line(wording.diagnosis(report.unserved)))
    _print(console, wording.meaning(report))
    _print_circumstances(console, report)
    _print_declared(console, report)
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
    for sentence in report.contact:
        _print(console, one_line(sentence))
    _print_causes(console, report)
    _print_receipt(console, report)
    _print(console)
    exchanges = wording.plural(len(report.bundle.exchanges), "exchange")
    _print(console, f"{exchanges} in {report.seconds:.1f} s, contract {contract.sha256[:12]}")
    _print(console, f"bundle.zip: sha256 {report.bundle.sha256}")


def _print_circumstances(console: Console, report: Report) -> None:
    it = report.circumstances
    said = (f"{it.product}, version {it.version}" if it.product else "", f"by {it.operator}" if it.operator else "")
    if line := ", ".join(part for part in (*said, it.period) if part):
        _print(console, one_line(line))


def _print_declared(console: Console, report: Report) -> None:
    for waiver in report.declared.waivers:
        needed = "; not needed: the row holds" if waiver.row in report.declared.needless else ""
        _print(
            console, one_line(f"Waived: {waiver.row}, {waiver.reason} ({waiver.owner}, until {waiver.expires}{needed})")
        )
    for words, named in wording.claims(report.declared):
        _print(console, one_line(f"Claims {words}: {', '.join(named)}"))
    if report.bundle.run.get("gate") == "waivers":
        _print(console, f"Gate: {wording.gate(report)}")


def _print_causes(console: Console, report: Report) -> None:
    if not report.causes:
        return
    _print(console)
    _print(console, (wording.causes_title(report.causes), "bold"))
    for number, cause in enumerate(report.causes, 1):
        title = f"{number}. {wording.cause_title(report, cause)}: "
        _print(console, "  ", (title, "bold"), shortened(cause.summary, _REMARK_LIMIT))
        _print(console, f"     {wording.WHOSE[cause.whose]}. {one_line(cause.first)}.")
        _print_rows(console, report.lines_of(cause))


def _print_rows(console: Console, lines: tuple[Line, ...]) -> None:
    """Print the first rows of a cause with their reasons, and of the others how many there are."""
    for line in lines[:_ROW_LIMIT]:
        row, standing = line.requirement, wording.standing(line.requirement.level, line.standing)
        _print(console, "       ", (row.id, "bold"), f"  {row.level}, {standing}: {one_line(row.text)}")
        _print(console, f"           {shortened(line.remark, _REMARK_LIMIT)}")
    if len(lines) > _ROW_LIMIT:
        _print(console, f"       and {len(lines) - _ROW_LIMIT:,} more, in report.html")


def _print_receipt(console: Console, report: Report) -> None:
    """Print what the run made and what became of it; each thing that is left with the command that takes it away."""
    receipt = report.bundle.run.get("receipt")
    if receipt:
        _print(console)
        counts = f"{receipt['made']} made, {receipt['deleted']} deleted, {receipt['confirmed_gone']} confirmed gone"
        _print(console, ("Receipt", "bold"), f"  {counts}, {len(receipt['left'])} left")
    if not report.left_behind:
        return
    _print(console)
    _print(console, ("Left behind", "bold"), f"  {wording.LEFT_BEHIND}")
    left = receipt["left"] if receipt else [{"address": address} for address in report.left_behind]
    for one in left:
        why = f"  ({one_line(one['why'])})" if one.get("why") else ""
        _print(console, f"  {one_line(one.get('curl') or one['address'])}{why}")


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    """Print one line as it stands: no markup is read in it, and it is never broken."""
    console.print(Text.assemble(*parts), soft_wrap=True)
