"""The probes: short series of requests, each in one function, named as the plan names them."""

from __future__ import annotations

from tmfkit_conformance.drive.probes import (
    creates,
    hub_scenarios,
    hubs,
    queries,
    query_scenarios,
    refusals,
    resource_scenarios,
    resources,
    send_scenarios,
    sends,
    update_scenarios,
    updates,
)
from tmfkit_conformance.drive.probes.registry import PROBES

__all__ = [
    "PROBES",
    "creates",
    "hub_scenarios",
    "hubs",
    "queries",
    "query_scenarios",
    "refusals",
    "resource_scenarios",
    "resources",
    "send_scenarios",
    "sends",
    "update_scenarios",
    "updates",
]
