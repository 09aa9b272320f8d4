"""What a break is about: one requirement, its operation, its resource, and the calls that it speaks of."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.rules.attributes import ATTRIBUTE
from tmfkit_conformance.rules.rule import LEVELS
from tmfkit_conformance.selftest.calls import Call
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_models.contracts import Contract, Event, Operation, Requirement, Resource

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """A requirement, with what the contract says of it.

    Attributes:
        contract: The contract.
        row: The requirement.
    """

    contract: Contract
    row: Requirement

    @functools.cached_property
    def events(self) -> tuple[Event, ...]:
        """The notification types that the requirement speaks of; empty when it speaks of an operation."""
        return tuple(event for event in self.contract.events if self.row.operation in ("*", event.type))

    @functools.cached_property
    def operation(self) -> Operation:
        """The operation of the requirement; a requirement on notifications has none, and none may be asked for."""
        return self.contract.operation(self.row.operation)

    @functools.cached_property
    def resource(self) -> Resource:
        """The resource that the requirement is about; the first one where it is about a hub shared by all."""
        name = self.events[0].resource if self.events else self.operation.resource
        return self.contract.resource(name) if name else self.contract.resources[0]

    @functools.cached_property
    def payloads(self) -> Payloads:
        """Makes bodies and values of the resource."""
        return Payloads(self.contract, self.resource, {}, {}, {})

    @property
    def subject(self) -> str:
        """Subject of the requirement."""
        return self.row.subject

    @property
    def attribute(self) -> str:
        """Name of the first-level attribute that the subject is, or is in."""
        return pointers.parts(self.subject)[0]

    @property
    def member(self) -> str:
        """Name of what the subject points at."""
        return pointers.parts(self.subject)[-1]

    def listed(self, pointer: str) -> list[Any]:
        """Return the values that the contract lists for an attribute; empty when it lists none."""
        schema = self.contract.at(self.resource.schema, pointer)
        return list(schema.get("enum") or schema.get("x-tmf-values") or ())

    def is_own(self, call: Call) -> bool:
        """Say whether *call* is the operation of the requirement."""
        return call.operation is not None and call.operation.id == self.row.operation

    def does(self, call: Call, *actions: str) -> bool:
        """Say whether *call* does one of these actions on the resource."""
        return call.operation is not None and call.action in actions and call.operation.resource == self.resource.name

    def reads(self, call: Call, history: History) -> CreatedResource | None:
        """Return what *call* reads whole, when it is a resource that was made through this server."""
        if not self.does(call, "retrieve") or "fields" in call.names:
            return None
        return history.made.get(call.identifier)

    def is_full(self, body: dict[str, Any]) -> bool:
        """Say whether a body has every attribute that a client may send."""
        names = self._canonical(body)
        return any(every <= names for every in self._full)

    def is_minimal(self, body: Any) -> bool:
        """Say whether a body has the mandatory attributes only."""
        return isinstance(body, dict) and self._canonical(body) in self._mandatory

    def unmarked(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body without free texts that are not mandatory: in one of them a run knows its records again."""
        texts = {pointers.parts(pointer)[0] for pointer in plain_attributes(self.contract, self.resource)}
        return {name: value for name, value in body.items() if name not in texts or self.is_mandatory(name)}

    def is_mandatory(self, name: str) -> bool:
        """Say whether the smallest body has an attribute."""
        return any(name in names for names in self._mandatory)

    def owed(self, names: Iterable[str]) -> list[str]:
        """Return those attributes that a target may not lack, at the level of the requirement."""
        rows = (row for row in self.contract.requirements if row.kind == ATTRIBUTE.name)
        levels = {row.subject: row.level for row in rows if self._is_about(row)}
        return [name for name in names if LEVELS.index(levels.get(f"/{name}", "must")) <= LEVELS.index(self.row.level)]

    def _is_about(self, row: Requirement) -> bool:
        return self.contract.operation(row.operation).resource == self.resource.name

    def is_server_time(self, name: str) -> bool:
        """Say whether an attribute is a time that the server moves on."""
        schema = self.contract.attributes(self.resource.schema).get(name, {})
        return str(self.contract.resolve(schema).get("x-tmf-generated", "")).endswith("-time")

    @functools.cached_property
    def _full(self) -> list[set[str]]:
        """What bodies with everything have; a listed value may make other attributes necessary than the next."""
        return [set(self.payloads.full(number)) for number in (0, 1)]

    @functools.cached_property
    def _mandatory(self) -> list[set[str]]:
        return [set(self.payloads.minimal(number)) for number in (0, 1)]

    @functools.cached_property
    def _spellings(self) -> dict[str, str]:
        """Alias of an attribute → its own name."""
        attributes = self.contract.attributes(self.resource.schema)
        resolved = {name: self.contract.resolve(schema) for name, schema in attributes.items()}
        return {alias: name for name, schema in resolved.items() for alias in schema.get("x-tmf-aliases", ())}

    def _canonical(self, body: dict[str, Any]) -> set[str]:
        """Return the names of the attributes of a body, aliases replaced by the attribute's own name."""
        return {self._spellings.get(name, name) for name in body}
