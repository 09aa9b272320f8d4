"""``report.html``: one page without network access, for a reader who did not write the kit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2
from markupsafe import Markup

from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.payloads.forms import how
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.evidence import ShownExchange, ShownNotification, shown_exchange, shown_notification
from tmfkit_conformance.report.legible import legible
from tmfkit_conformance.report.model import Line, Report
from tmfkit_conformance.report.reach import unseen

__all__ = ["EXCHANGE_LIMIT", "environment", "html_page"]

EXCHANGE_LIMIT = 6
"""Exchanges that are shown under one requirement; the decisive one is the last of them."""


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A line of the register with what shows its verdict.

    Attributes:
        line: The line.
        exchanges: What is shown here.
        elsewhere: Sequence number → the requirement or cause under which the page shows that exchange already.
        left_out: How many earlier exchanges are in the bundle only.
        notifications: The notifications that show it.
    """

    line: Line
    exchanges: tuple[ShownExchange, ...]
    elsewhere: dict[int, str]
    left_out: int
    notifications: tuple[ShownNotification, ...]


@dataclass(frozen=True, slots=True)
class ShownCause:
    """A cause with what shows it.

    Attributes:
        number: Its number, by which rows are led back to it.
        cause: The cause.
        title: How many rows suffer from it.
        whose: Whose problem it is.
        standing: How the row that says it stands, which gives the cause its colour.
        lines: The rows that suffer from it.
        exchanges: What is shown here.
    """

    number: int
    cause: Cause
    title: str
    whose: str
    standing: str
    lines: tuple[Line, ...]
    exchanges: tuple[ShownExchange, ...]


def html_page(report: Report) -> str:
    """Return the page."""
    page = environment().get_template("report.html.j2")
    evidence = _Evidence(report)
    return page.render(
        report=report,
        contract=report.contract,
        title=wording.TITLES[report.verdict],
        diagnosis=wording.diagnosis(report.unserved) if report.unserved else "",
        meaning=wording.meaning(report),
        claims=wording.claims(report.declared),
        unseen=unseen(report),
        taken=how,
        standings=wording.STANDINGS,
        standing_words=wording.standing,
        how=wording.check,
        plural=wording.plural,
        source=partial(wording.source, report.contract),
        causes=evidence.of_causes(report),
        causes_title=wording.causes_title(report.causes),
        errors=evidence.of(report.lines_with(Outcome.ERROR)),
        failures=evidence.of(report.lines_with(Outcome.FAIL, levels=("must",))),
        unmet=evidence.of(report.lines_with(Outcome.FAIL, levels=("should",))),
        not_offered=evidence.of(report.lines_with(Outcome.FAIL, levels=("may",))),
        left_behind=wording.LEFT_BEHIND,
        remarked=report.lines_with(Outcome.PASS_WITH_REMARK),
        groups=_groups(report),
    )


class _Evidence:
    """Hands out exchanges for showing, each one only where the page needs it first."""

    def __init__(self, report: Report) -> None:
        self._exchanges = {exchange.sequence: exchange for exchange in report.bundle.exchanges}
        self._notifications = {notification.sequence: notification for notification in report.bundle.notifications}
        self._shown_under: dict[int, str] = {}

    def of(self, lines: Iterable[Line]) -> list[Evidenced]:
        """Return the lines, each with what shows its verdict."""
        return [self._one(line) for line in lines]

    def of_causes(self, report: Report) -> list[ShownCause]:
        """Return the causes of a run, each with the exchanges that show it and no cause before it showed."""
        return [self._cause(report, number, cause) for number, cause in enumerate(report.causes, 1)]

    def _cause(self, report: Report, number: int, cause: Cause) -> ShownCause:
        here = [one for one in cause.exchanges if one in self._exchanges and one not in self._shown_under]
        self._shown_under.update(dict.fromkeys(here, f"cause {number}"))
        lines = report.lines_of(cause)
        return ShownCause(
            number=number,
            cause=cause,
            title=wording.cause_title(report, cause),
            whose=wording.WHOSE[cause.whose],
            standing=max((line.outcome for line in lines), default=Outcome.ERROR).label,
            lines=lines,
            exchanges=tuple(shown_exchange(self._exchanges[sequence]) for sequence in here),
        )

    def _one(self, line: Line) -> Evidenced:
        cited = [sequence for sequence in dict.fromkeys(line.verdict.exchanges) if sequence in self._exchanges]
        kept = cited[-EXCHANGE_LIMIT:]
        elsewhere = {sequence: self._shown_under[sequence] for sequence in kept if sequence in self._shown_under}
        here = [sequence for sequence in kept if sequence not in elsewhere]
        self._shown_under.update(dict.fromkeys(here, line.requirement.id))
        return Evidenced(
            line=line,
            exchanges=tuple(shown_exchange(self._exchanges[sequence]) for sequence in here),
            elsewhere=elsewhere,
            left_out=len(cited) - len(kept),
            notifications=tuple(
                shown_notification(self._notifications[sequence])
                for sequence in line.verdict.notifications
                if sequence in self._notifications
            ),
        )


def _groups(report: Report) -> list[tuple[str, str, list[Line]]]:
    """Return the lines by operation: its id, what it is, its lines; in the order of the register."""
    grouped: dict[str, list[Line]] = {}
    for line in report.lines:
        grouped.setdefault(line.requirement.operation, []).append(line)
    return [(name, wording.operation_title(report.contract, name), lines) for name, lines in grouped.items()]


def environment() -> jinja2.Environment:
    """Return what renders the pages: everything escaped, everything legible."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tmfkit_conformance.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: Any) -> Any:
    """Make every value that goes into the page legible; what the template itself made is so already."""
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
