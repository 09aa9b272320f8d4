"""What a trial gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from faultlab.history import ACKNOWLEDGED, DOUBTFUL, REFUSED, History
from harness.errors import HarnessError

__all__ = ["Trial"]

_SHOWN_LOSSES, _SHOWN_CHARACTERS = 5, 400


@dataclass(slots=True)
class Trial:
    """One kind of fault, and what came of it.

    Attributes:
        name: What was done to which store.
        rounds: How often.
        losses: Everything that was lost or wrong, in words; empty when all is well.
        remarks: What else there is to know.
    """

    name: str
    rounds: int = 0
    losses: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def lose(self, losses: Iterable[str], when: str = "") -> None:
        """Add losses."""
        self.losses += [f"{when}: {loss}" if when else loss for loss in losses]

    def count(self, history: History, notices: int | None = None) -> None:
        """Remark how much was written; HarnessError when there was nothing to be lost."""
        if not self.rounds or not history.count(ACKNOWLEDGED):
            problem = f"{self.rounds} rounds and {history.count(ACKNOWLEDGED)} acknowledged writes prove nothing"
            raise HarnessError(self.name, problem, "Ask for rounds, or see why the server takes no writes")
        counts = ", ".join(f"{history.count(each):,} {each}" for each in (ACKNOWLEDGED, DOUBTFUL, REFUSED))
        events = "" if notices is None else f", {notices:,} events"
        self.remarks.append(f"{counts}{events}")

    def __str__(self) -> str:
        """Say it in a few lines."""
        shown = [f"    {loss[:_SHOWN_CHARACTERS]}" for loss in self.losses[:_SHOWN_LOSSES]]
        if len(self.losses) > _SHOWN_LOSSES:
            shown.append(f"    and {len(self.losses) - _SHOWN_LOSSES} more")
        head = f"{self.name}: {self.rounds} rounds, {len(self.losses)} losses ({'; '.join(self.remarks)})"
        return "\n".join([head, *shown])
