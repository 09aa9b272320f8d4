"""What a run sends before its probes."""

from __future__ import annotations

from tmfkit_conformance.rules.contact import ApiThere, Consistency, Dialect, Everything, SmallestBody
from tmfkit_conformance.rules.upkeep import Marking, WhatIsThere

CONTACT = frozenset(
    probe.name for probe in (ApiThere, Consistency, Dialect, Everything, Marking, SmallestBody, WhatIsThere)
)
"""Names of the probes of first contact."""
