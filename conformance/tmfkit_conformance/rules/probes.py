"""Probes: short series of requests with a purpose, named steps, and facts that are written down."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Self, get_origin, get_type_hints

from tmfkit_conformance.errors import KitDefect

__all__ = ["Alone", "Facts", "Probe", "Step", "StepFamily"]

Alone = Literal["", "records", "hub", "hub-and-records"]
"""What a probe has to itself while it runs, where several run at a time: nothing; the records of the target, because it
looks at whole lists, deletion or other records; the hub; or the hub, while it makes records as others do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a probe.

    Attributes:
        name: Name in a bundle.
        evidence_only: Why no check reads it, though it is recorded; empty when one does.
    """

    name: str
    evidence_only: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class StepFamily:
    """Steps that differ in one parameter.

    Attributes:
        pattern: Name in a bundle; the braces stand for the parameter.
        parameters: All values that the parameter may have; empty when they are not known beforehand.
        evidence_only: Why no check reads them, though they are recorded; empty when one does.
    """

    pattern: str
    parameters: tuple[str, ...] = ()
    evidence_only: str = field(default="", compare=False)

    def of(self, parameter: str | int) -> Step:
        """Return the step that has this parameter.

        Raises:
            KitDefect: The family has no such step.
        """
        if self.parameters and parameter not in self.parameters:
            raise KitDefect(
                self.pattern, f"no step has the parameter {parameter!r}", "Declare it with the probe, in rules/"
            )
        return Step(self.pattern.format(parameter))

    def has(self, step: Step) -> bool:
        """Return whether a step is one of these."""
        if self.parameters:
            return any(self.of(parameter) == step for parameter in self.parameters)
        before, _, after = self.pattern.partition("{}")
        return step.name.startswith(before) and step.name.endswith(after)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that the driver of a probe knew and no exchange shows; a subclass has a field for each."""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self | None:
        """Return the facts that a bundle has, None when one of them is missing or of another type."""
        found = {name: plain.get(name) for name in _types(cls)}
        fit = all(isinstance(found[name], kind) for name, kind in _types(cls).items())
        return cls(**found) if fit else None


class Probe:
    """A series of requests; each subclass declares one, and none is ever instantiated.

    Steps that several probes have alike stand in a common base, which has no name and cannot be planned.

    Attributes:
        name: Name in a bundle; empty for such a base.
        facts: What its driver writes down; None when that is nothing.
        alone: What it has to itself while it runs.
        shared: Whether all scenarios that it is played for look at one run of it.
        bare: Whether its creates are to have no attribute beside those that it names, not even a mark of the run.
        beside: A probe of the run itself, whose steps its checks look at as well; None when there is none.
    """

    name: ClassVar[str] = ""
    facts: ClassVar[type[Facts] | None] = None
    alone: ClassVar[Alone] = ""
    shared: ClassVar[bool] = False
    bare: ClassVar[bool] = False
    beside: ClassVar[type[Probe] | None] = None

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        facts: type[Facts] | None = None,
        alone: Alone = "",
        shared: bool = False,
        bare: bool = False,
        beside: type[Probe] | None = None,
    ) -> None:
        cls.name, cls.facts, cls.alone, cls.shared, cls.bare, cls.beside = name, facts, alone, shared, bare, beside

    @classmethod
    @functools.cache
    def steps(cls) -> Mapping[str, Step | StepFamily]:
        """Return the steps by the names that they have in the source."""
        declared = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        return {name: value for name, value in declared.items() if isinstance(value, (Step, StepFamily))}

    @classmethod
    def declares(cls, step: Step) -> bool:
        """Return whether the probe has a step."""
        return any(one == step if isinstance(one, Step) else one.has(step) for one in cls.steps().values())


def _types(facts: type[Facts]) -> dict[str, type]:
    """Return the fields of facts, with the types that their values have in JSON."""
    hints = get_type_hints(facts)
    plain = {each.name: get_origin(hints[each.name]) or hints[each.name] for each in fields(facts)}
    return {name: kind if isinstance(kind, type) else object for name, kind in plain.items()}
