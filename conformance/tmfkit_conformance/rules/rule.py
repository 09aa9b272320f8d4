"""Kinds of rows, and scenarios: what their rows say, and which step of which probe settles them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, get_args

from tmfkit_conformance.rules.members import Nothing, Part, Tolerating, defect, part
from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_models.contracts import Kind as KindName
from tmfkit_models.contracts import Level, Operation, Requirement

__all__ = [
    "LEVELS",
    "NOTHING",
    "TOLERATING",
    "Case",
    "Kind",
    "PlannedProbe",
    "Planner",
    "Rule",
    "Scenario",
    "scenario",
    "tolerating",
]

G = TypeVar("G")
E = TypeVar("E")

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Levels of a row, the highest first."""

NOTHING: Part[Nothing] = part(Nothing)
"""A place where a row says nothing."""

TOLERATING: Part[Tolerating] = part(Tolerating)
"""A place where a row says what is tolerated, and nothing else."""


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """A probe with what it is to be about.

    Attributes:
        probe: The probe.
        operation: ``operationId`` it is about.
        subject: What of the operation: a JSON pointer, a media type, a condition.
        row: Id of the only row it is for, when it needs that row's own values; empty when rows share it.
        scenario: The scenario that it is played for; None when it is for other rows.
    """

    probe: type[Probe]
    operation: str
    subject: str = ""
    row: str = ""
    scenario: Scenario[Any, Any] | None = None

    @property
    def name(self) -> str:
        """Name of the probe, or of the scenario that it is played for."""
        return self.scenario.label if self.scenario else self.probe.name

    @property
    def key(self) -> str:
        """One line that names the probe in a bundle."""
        return " ".join(
            word for word in (self.name, self.operation, self.subject, self.row and f"[{self.row}]") if word
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A requirement and what settles it.

    Attributes:
        requirement: The row.
        probe: The probe that settles it; None when nothing outside can.
        step: The step of the probe whose answer the row speaks of; None when its check looks at several.
    """

    requirement: Requirement
    probe: PlannedProbe | None
    step: Step | None = None


Planner = Callable[[Requirement, Operation], Case]
"""Plans a row; the operation is the row's own, or the registration that its event is heard through."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Generic[G, E]):
    """Base of kinds and scenarios, whose rows one check settles; records are compared by identity.

    Attributes:
        name: Name in the register.
        given: What a row says under ``given``.
        expect: What a row says under ``expect``.
    """

    name: str
    given: Part[G] = field(kw_only=True)
    expect: Part[E] = field(kw_only=True)

    @property
    def label(self) -> str:
        """Name that tells kinds from scenarios."""
        return self.name

    def given_of(self, row: Requirement) -> G:
        """Return what a row of this rule says under ``given``; KitDefect when it may not say so."""
        self._check(row)
        return self.given.read(row, "given")

    def expect_of(self, row: Requirement) -> E:
        """Return what a row of this rule says under ``expect``; KitDefect when it may not say so."""
        self._check(row)
        return self.expect.read(row, "expect")

    def _check(self, row: Requirement) -> None:
        if (row.scenario or row.kind) != self.name:
            raise defect(row, f"it was read as a row of kind {self.name}")


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Rule[G, E]):
    """A kind of rows.

    Attributes:
        name: Name in the register.
        words: How such a row is checked, as a sentence without its full stop.
        plan: Says which probe settles such a row, and which step of it.
    """

    name: KindName
    words: str = field(kw_only=True)
    plan: Planner = field(kw_only=True)


@dataclass(frozen=True, slots=True, eq=False)
class Scenario(Rule[G, E]):
    """A scenario; ``specs/scenarios.yaml`` says what it does.

    Attributes:
        probe: The probe that plays it.
    """

    probe: type[Probe]

    @property
    def label(self) -> str:
        """Name that tells kinds from scenarios."""
        return f"scenario:{self.name}"


def scenario(name: str, probe: type[Probe]) -> Scenario[Nothing, Nothing]:
    """Declare a scenario whose rows say nothing beside their subject."""
    return Scenario(name, probe, given=NOTHING, expect=NOTHING)


def tolerating(name: str, probe: type[Probe]) -> Scenario[Nothing, Tolerating]:
    """Declare a scenario whose rows may say what is tolerated."""
    return Scenario(name, probe, given=NOTHING, expect=TOLERATING)
