"""Where the named scenarios are judged; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmfkit_conformance.judge.evidence import Evidence, failed, passed
from tmfkit_conformance.judge.families.registry import Check, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["SCENARIOS", "accepted", "scenario"]

SCENARIOS: dict[str, Check] = {}


def scenario(*names: str) -> Callable[[Check], Check]:
    """Register a function as the check of these scenarios."""

    def register(function: Check) -> Check:
        SCENARIOS.update(dict.fromkeys(names, function))
        return function

    return register


@check("scenario")
def named(evidence: Evidence) -> None:
    """Whatever the named scenario asks for."""
    SCENARIOS[evidence.row.scenario](evidence)
    passed()


def accepted(evidence: Evidence, step: str) -> Exchange:
    """Return the exchange of a step that succeeded; the requirement does not hold when it did not."""
    seen = evidence.step(step)
    if not seen.is_success:
        failed(f"The {step} was answered {seen.status}")
    return seen
