"""What a run sends before its probes."""

from __future__ import annotations

from tmfkit_conformance.rules.contact import ApiThere, Consistency, Dialect, SmallestBody

CONTACT = frozenset(probe.name for probe in (ApiThere, Consistency, Dialect, SmallestBody))
"""Names of the probes of first contact."""
