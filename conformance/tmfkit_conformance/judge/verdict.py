"""Verdicts, and what they add up to."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Finding", "Judgement", "Outcome", "Verdict"]


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
    """

    requirement: str
    outcome: Outcome
    remark: str = ""
    exchanges: tuple[int, ...] = ()
    notifications: tuple[int, ...] = ()

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


@dataclass(frozen=True)
class Judgement:
    """All verdicts of one run.

    Attributes:
        verdicts: One for every row of the register, in its order.
        findings: What the generated phases brought to light.
        coverage: Phase → operationId → number of answers with a 2xx status among all answers, as text ``2xx/all``.
    """

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...] = ()
    coverage: dict[str, dict[str, str]] = field(default_factory=dict)

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
