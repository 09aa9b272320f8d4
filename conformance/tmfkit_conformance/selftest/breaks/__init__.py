"""The ways to break a server, one function for each kind of requirement and each scenario."""

from __future__ import annotations

from tmfkit_conformance.selftest.breaks import (
    answers,
    attributes,
    bodies,
    hubs,
    notifications,
    queries,
    refusals,
    resource_scenarios,
    send_scenarios,
    unfaithful,
    updates,
)
from tmfkit_conformance.selftest.breaks.registry import BREAKERS, Break, Note

__all__ = [
    "BREAKERS",
    "Break",
    "Note",
    "answers",
    "attributes",
    "bodies",
    "hubs",
    "notifications",
    "queries",
    "refusals",
    "resource_scenarios",
    "send_scenarios",
    "unfaithful",
    "updates",
]
