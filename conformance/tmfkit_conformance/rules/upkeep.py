"""What a run sends for itself: no row is settled by it."""

from __future__ import annotations

from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_conformance.rules.reasons import UNDOES

__all__ = ["Cleanup"]


class Cleanup(Probe, name="cleanup"):
    """Takes away what a run made."""

    DELETE = Step("delete", UNDOES)
