"""The probes: short series of requests, each in one function, named as the plan names them."""

from __future__ import annotations

from tmfkit_conformance.drive.probes import (
    creates,
    hubs,
    lifecycle,
    listening,
    queries,
    querying,
    refusals,
    resources,
    sending,
    sends,
    updates,
    updating,
)
from tmfkit_conformance.drive.probes.registry import PROBES

__all__ = [
    "PROBES",
    "creates",
    "hubs",
    "lifecycle",
    "listening",
    "queries",
    "querying",
    "refusals",
    "resources",
    "sending",
    "sends",
    "updates",
    "updating",
]
