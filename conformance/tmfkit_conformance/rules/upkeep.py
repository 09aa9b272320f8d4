"""Probes that a run sends for itself: they settle no row."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance.rules.probes import Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import UNDOES

__all__ = ["Cleanup", "Condition", "Marking", "Recognition", "WhatIsThere"]

_WHOSE: Final = "shows whose a record is, before it is changed or deleted"


class Cleanup(Probe, name="cleanup"):
    """Takes away what a run made."""

    DELETE = Step("delete", UNDOES)
    READ = Step("read", "shows whether what was deleted is gone")
    LIST = StepFamily("list {}", evidence_only="shows whether what was deleted is gone")


class WhatIsThere(Probe, name="what-is-there"):
    """Lists what is there before anything is made."""

    LIST = StepFamily("{}", evidence_only=_WHOSE)


class Marking(Probe, name="marking"):
    """Makes records with a mark of the run, and looks which attributes keep it."""

    CREATE = StepFamily("{}", evidence_only=_WHOSE)
    READ = StepFamily("{}, read", evidence_only=_WHOSE)


class Recognition(Probe, name="recognition"):
    """Reads a record before it is changed or deleted, where its mark was not seen yet."""

    READ = Step("read", _WHOSE)


class Condition(Probe, name="condition"):
    """Reads a record whose ETag a change of it is to name."""

    READ = Step("read", "shows the ETag that the target demands of a change")
