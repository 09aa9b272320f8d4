"""Probes that a run sends for itself: they settle no row."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance.rules.probes import Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import UNDOES

__all__ = ["Cleanup", "Dialect"]

_NAMES: Final = "finds out the names that the target takes, which the bundle has under `dialect`"


class Dialect(Probe, name="dialect"):
    """Tries the names that a document has for one thing."""

    LIST = StepFamily("{}", evidence_only=_NAMES)
    CREATE = StepFamily("{}", evidence_only=_NAMES)
    READ = StepFamily("{}, read", evidence_only=_NAMES)


class Cleanup(Probe, name="cleanup"):
    """Takes away what a run made."""

    DELETE = Step("delete", UNDOES)
