"""Planners: rows share a probe, or each row has one for itself."""

from __future__ import annotations

from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_conformance.rules.rule import Case, PlannedProbe, Planner

__all__ = ["alone", "shared"]


def shared(probe: type[Probe], step: Step | None = None) -> Planner:
    """Plan a probe that rows of the same operation and subject share."""
    return lambda row, operation: Case(row, PlannedProbe(probe, operation.id, row.subject), step)


def alone(probe: type[Probe], step: Step | None = None) -> Planner:
    """Plan a probe that needs the row's own values."""
    return lambda row, operation: Case(row, PlannedProbe(probe, operation.id, row.subject, row.id), step)
