"""Verdicts, and what they add up to."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

__all__ = ["Cause", "Finding", "Judgement", "Outcome", "Verdict", "Whose"]


class Outcome(enum.IntEnum):
    """Outcome of one check, worst last; a group is as bad as its worst member."""

    NOT_APPLICABLE = 0
    PASS = 1
    PASS_WITH_REMARK = 2
    SKIP = 3
    BLOCKED = 4
    FAIL = 5
    ERROR = 6

    @property
    def label(self) -> str:
        """The name used in reports: ``pass-with-remark`` and the like."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_label(cls, label: str) -> Outcome:
        """Return the outcome that a report calls *label*."""
        return cls[label.upper().replace("-", "_")]


Whose = Literal["target", "configuration", "document", "kit"]
"""Whose problem a cause is."""

_OPEN: Final = frozenset({Outcome.SKIP, Outcome.BLOCKED, Outcome.ERROR})
"""Outcomes that leave open whether a row holds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one requirement.

    Attributes:
        requirement: Id of the row.
        outcome: The outcome.
        remark: Why, in one or two sentences; empty for a plain pass.
        exchanges: Sequence numbers of the exchanges that show it, the decisive one last.
        notifications: Sequence numbers of the notifications that show it.
        root: Sequence number of the exchange that a blocked row starts from, and that failed; 0 for none.
    """

    requirement: str
    outcome: Outcome
    remark: str = ""
    exchanges: tuple[int, ...] = ()
    notifications: tuple[int, ...] = ()
    root: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return {
            "id": self.requirement,
            "verdict": self.outcome.label,
            "remark": self.remark,
            "exchanges": list(self.exchanges),
            "notifications": list(self.notifications),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a generated request brought to light.

    Attributes:
        phase: The generated phase.
        operation: ``operationId``.
        rule: Short name of what was violated, for example ``server-error``.
        requirement: Id of the row that it violates; empty when none says so, then it is a remark only.
        message: What was seen.
        exchanges: Sequence numbers of the exchanges that show it; the first few.
        count: How many exchanges show it.
    """

    phase: str
    operation: str
    rule: str
    requirement: str
    message: str
    exchanges: tuple[int, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong, and the rows that suffer from it.

    Attributes:
        summary: What is wrong, in one sentence without its full stop.
        whose: Whose problem it is.
        first: The first thing to do about it.
        root: Id of the row that says it; empty when no row failed over it.
        rows: Ids of all rows that suffer from it, the root first.
        level: The highest level of these rows.
        is_failure: Whether one of them failed; else they are only open.
        is_crash: Whether the target broke down over it.
        operation: ``operationId`` of where it was seen; empty for none.
        status: Status of the answer; 0 for none.
        words: What the target itself said.
        exchanges: Sequence numbers of the exchanges that show it; of a crash the one before as well.
    """

    summary: str
    whose: Whose
    first: str
    root: str
    rows: tuple[str, ...]
    level: str
    is_failure: bool
    is_crash: bool = False
    operation: str = ""
    status: int = 0
    words: str = ""
    exchanges: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the cause as a JSON object."""
        return {**asdict(self), "rows": list(self.rows), "exchanges": list(self.exchanges), "count": len(self.rows)}


@dataclass(frozen=True)
class Judgement:
    """All verdicts of one run.

    Attributes:
        verdicts: One for every row of the register, in its order.
        findings: What the generated phases brought to light.
        coverage: Phase → operationId → number of answers with a 2xx status among all answers, as text ``2xx/all``.
        causes: Why rows failed or are open, in the order in which they are told.
    """

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...] = ()
    coverage: dict[str, dict[str, str]] = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()

    def overall(self, musts: Iterable[str]) -> str:
        """Return ``conformant``, ``not-conformant`` or ``incomplete``, decided by the rows in *musts* alone.

        A run in which no must was settled by a check is incomplete: nothing checked is never a pass.
        """
        decisive = set(musts)
        outcomes = [verdict.outcome for verdict in self.verdicts if verdict.requirement in decisive]
        if Outcome.FAIL in outcomes:
            return "not-conformant"
        settled = any(outcome in (Outcome.PASS, Outcome.PASS_WITH_REMARK) for outcome in outcomes)
        return "conformant" if settled and not _OPEN.intersection(outcomes) else "incomplete"
