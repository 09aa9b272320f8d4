"""Where the named scenarios are judged; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmfkit_conformance.judge.checks.registry import Check, check
from tmfkit_conformance.judge.evidence import Evidence, failed, passed
from tmfkit_conformance.rules import register as known
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.register import SCENARIO
from tmfkit_conformance.rules.rule import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["SCENARIOS", "accepted", "scenario"]

SCENARIOS: dict[Scenario[Any, Any], Check] = {}
"""Scenario → what judges it."""


def scenario(*played: Scenario[Any, Any]) -> Callable[[Check], Check]:
    """Register a function as the check of these scenarios."""

    def register(function: Check) -> Check:
        SCENARIOS.update(dict.fromkeys(played, function))
        return function

    return register


@check(SCENARIO)
def named(evidence: Evidence) -> None:
    """Whatever the named scenario asks for."""
    SCENARIOS[known.SCENARIOS[evidence.row.scenario]](evidence)
    passed()


def accepted(evidence: Evidence, step: Step) -> Exchange:
    """Return the exchange of a step that succeeded; the requirement does not hold when it did not."""
    seen = evidence.step(step)
    if not seen.is_success:
        failed(evidence.answered(seen))
    return seen
