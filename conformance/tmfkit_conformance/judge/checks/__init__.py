"""The checks, one for each kind of row; a check looks at the evidence of its case and comes to an outcome."""

from __future__ import annotations

from tmfkit_conformance.judge.checks import (
    answers,
    attributes,
    events,
    hub_scenarios,
    queries,
    query_scenarios,
    refusals,
    resource_scenarios,
    scenarios,
    send_scenarios,
    update_scenarios,
    updates,
)
from tmfkit_conformance.judge.checks.registry import CHECKS

__all__ = [
    "CHECKS",
    "answers",
    "attributes",
    "events",
    "hub_scenarios",
    "queries",
    "query_scenarios",
    "refusals",
    "resource_scenarios",
    "scenarios",
    "send_scenarios",
    "update_scenarios",
    "updates",
]
