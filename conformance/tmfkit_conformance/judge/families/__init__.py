"""The checks, one for each kind of row; a check looks at the evidence of its case and comes to an outcome."""

from __future__ import annotations

from tmfkit_conformance.judge.families import (
    attributes,
    events,
    lifecycle,
    listening,
    messages,
    queries,
    querying,
    refusals,
    scenarios,
    sending,
    updates,
    updating,
)
from tmfkit_conformance.judge.families.registry import CHECKS

__all__ = [
    "CHECKS",
    "attributes",
    "events",
    "lifecycle",
    "listening",
    "messages",
    "queries",
    "querying",
    "refusals",
    "scenarios",
    "sending",
    "updates",
    "updating",
]
