"""Register of the rules, by name, and of the probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.rules import (
    answers,
    attributes,
    contact,
    hubs,
    lifecycle,
    operations,
    queries,
    refusals,
    sending,
    updates,
    upkeep,
)
from tmfkit_conformance.rules.members import Nothing
from tmfkit_conformance.rules.probes import Probe
from tmfkit_conformance.rules.rule import NOTHING, Case, Kind, PlannedProbe, Rule, Scenario
from tmfkit_models.contracts import Operation, Requirement

__all__ = ["KINDS", "PROBES", "SCENARIO", "SCENARIOS", "rule_of"]

_THEMES: Final = (
    operations, answers, attributes, refusals, updates, queries, hubs, lifecycle, sending, contact, upkeep
)  # fmt: skip


def _scenario(row: Requirement, operation: Operation) -> Case:
    played = SCENARIOS[row.scenario]
    if played.probe.shared:
        return Case(row, PlannedProbe(played.probe, operation.id))
    if row.operation != operation.id:  # a row on notifications: they are heard through this registration
        return Case(row, PlannedProbe(played.probe, operation.id, scenario=played))
    own = row.id if row.given else ""
    return Case(row, PlannedProbe(played.probe, operation.id, row.subject, own, played))


SCENARIO: Final[Kind[Nothing, Nothing]] = Kind(
    "scenario",
    given=NOTHING,
    expect=NOTHING,
    words="a scenario of several requests is played",
    plan=_scenario,
)
"""Rows that name a scenario; what they say is read by the record of the scenario."""


def _declared() -> Iterator[Any]:
    for theme in _THEMES:
        yield from (getattr(theme, name) for name in theme.__all__)


KINDS: Final[Mapping[str, Kind[Any, Any]]] = {
    kind.name: kind for kind in (*_declared(), SCENARIO) if isinstance(kind, Kind)
}
"""Name of a kind in the register → its record."""

SCENARIOS: Final[Mapping[str, Scenario[Any, Any]]] = {one.name: one for one in _declared() if isinstance(one, Scenario)}
"""Name of a scenario → its record."""

PROBES: Final[tuple[type[Probe], ...]] = tuple(
    one for one in _declared() if isinstance(one, type) and issubclass(one, Probe) and one.name
)
"""Probes that are driven."""


def rule_of(row: Requirement) -> Rule[Any, Any]:
    """Return the record of a row's kind, or of the scenario that it names.

    Raises:
        KitDefect: There is none.
    """
    name, known = (row.scenario, SCENARIOS) if row.scenario else (row.kind, KINDS)
    if name not in known:
        what = f"nothing drives a row of kind {row.kind!r} with {name!r}"
        raise KitDefect(row.id, what, "Report it with the contract's digest")
    return known[name]
