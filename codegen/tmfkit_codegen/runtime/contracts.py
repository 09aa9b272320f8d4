"""The contracts as data: what the server serves and the kit checks.

Every API of the project is one JSON file beside this module, written by ``tmfkit-codegen`` from ``specs/<api>/``: the
bundled OpenAPI document, tables derived from it (operations, resources, events), the register of requirements and the
errata.

This module imports nothing of the project, so that a conformance run never loads the generated model classes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources as package_files
from typing import Any, Literal, TypeAlias, TypeVar

__all__ = [
    "MAKES_ANYTHING",
    "MAKES_RESOURCE",
    "Action",
    "Contract",
    "ContractError",
    "Erratum",
    "Event",
    "Kind",
    "Level",
    "Operation",
    "Requirement",
    "Resource",
    "Schema",
    "apis",
    "from_document",
    "load",
    "pointer_names",
]

Schema: TypeAlias = Mapping[str, Any]
_T = TypeVar("_T")

Action: TypeAlias = Literal[
    "list", "create", "retrieve", "patch", "replace", "delete", "register", "unregister", "send", "send-stored"
]
"""Effect of an operation."""

MAKES_RESOURCE: tuple[Action, ...] = ("create", "send")
"""Actions that make a resource."""

MAKES_ANYTHING: tuple[Action, ...] = ("create", "register", "send")
"""Actions that make a resource or a subscription."""

Level: TypeAlias = Literal["must", "should", "may"]
"""Force of a requirement; only a must decides conformance."""

Kind: TypeAlias = Literal[
    "status",
    "header",
    "produces",
    "consumes",
    "accept",
    "body",
    "attribute",
    "values",
    "mandatory",
    "optional",
    "sub-mandatory",
    "any-of",
    "conditional",
    "generated",
    "read-only",
    "client-id",
    "default",
    "patchable",
    "non-patchable",
    "fields",
    "filter",
    "sort",
    "paging",
    "event",
    "event-member",
    "auth",
    "scenario",
]
"""Topic of a requirement; ``specs/README.md`` has the table."""


class ContractError(LookupError):
    """A name that the contract does not have was asked for."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an API.

    Attributes:
        id: ``operationId`` of the contract.
        action: What it does.
        resource: Name of the resource; empty for a hub shared by all resources.
        method: HTTP method, upper case.
        path: Path below the base path, with ``{id}`` where an identifier goes.
        success: Success status that the contract names first.
        statuses: Every status that the contract names, as text, without ``default``.
        consumes: Media types of the request body, the preferred one first; empty without a body.
        produces: Media types of the success answer; empty without a body.
        request_schema: Component that a request body of the first media type is, or empty.
        response_schema: Component that the answer (or each member of it, for ``list``) is, or empty.
        roles: Roles that may call it; empty for everybody.
        parameters: Names of the query parameters.
        response_headers: Status → names of the headers of that answer.
        non_patchable: JSON pointers that a patch cannot change.
    """

    id: str
    action: Action
    resource: str
    method: str
    path: str
    success: int
    statuses: tuple[str, ...]
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    request_schema: str
    response_schema: str
    roles: tuple[str, ...]
    parameters: tuple[str, ...]
    response_headers: Mapping[str, tuple[str, ...]]
    non_patchable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an API.

    Attributes:
        name: Name in notifications and in the operation table, for example ``customer``.
        schema: Component of the answer.
        create: Component of the create body.
        update: Component of what a patch may change.
        collection: Path of the collection below the base path.
        path_aliases: Other paths of the collection.
        client_id: Whether an ``id`` in a create body is used.
        loose_equality: Whether equality in filters ignores case and quotes.
        hub: Path of the hub that its events are registered at.
        usual: Attributes that a create may go without, and that a target may all the same be waiting for.
        may_demand_more: Whether the document lets implementers add mandatory attributes.
    """

    name: str
    schema: str
    create: str
    update: str
    collection: str
    path_aliases: tuple[str, ...]
    client_id: bool
    loose_equality: bool
    hub: str
    usual: tuple[str, ...] = ()
    may_demand_more: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One notification type.

    Attributes:
        type: ``eventType`` on the wire.
        resource: Name of the resource it speaks of.
        on: ``create``, ``change``, ``state-change`` or ``delete``.
        attributes: First-level pointers that a ``state-change`` is about; empty otherwise.
        payload: JSON pointer of the resource inside the notification.
        array: Whether the resource is wrapped in a list there.
        id_alias: Another name that is tolerated for the resource's id there; empty when there is none.
    """

    type: str
    resource: str
    on: str
    attributes: tuple[str, ...]
    payload: str
    array: bool
    id_alias: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the register; ``specs/README.md`` explains the fields, *procedure* is what the named scenario does."""

    id: str
    level: Level
    kind: Kind
    operation: str
    subject: str
    text: str
    section: str
    line: int
    basis: str
    given: str | Mapping[str, Any] = ""
    expect: Mapping[str, Any] = field(default_factory=dict)
    scenario: str = ""
    procedure: str = ""
    reason: str = ""
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erratum:
    """One place where the document contradicts itself, and how it is read.

    Attributes:
        kit: What the kit sends because of it, in the form that ``specs/README.md`` describes.
    """

    id: str
    kind: str
    lines: str
    what: str
    readings: tuple[str, ...]
    ours: str
    tolerated: str
    kit: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Contract:
    """One API: its contract, its register and its errata.

    Attributes:
        id: ``tmf629-v4`` and the like; the name of its folder.
        number: Number of the document, for example ``TMF629``.
        release: Release of the document.
        title: Title of the document.
        package: Name of the API's package in the SDK and the models.
        base_path: Default base path, no slash at the end.
        any_base_path: The erratum by which the API may be at any base path; empty where there is none.
        sha256: Digest of the contract, the register and the errata it was made from.
        openapi: The bundled OpenAPI 3.1 document.
    """

    id: str
    number: str
    release: str
    title: str
    package: str
    base_path: str
    any_base_path: str
    sha256: str
    openapi: Mapping[str, Any]
    operations: tuple[Operation, ...]
    resources: tuple[Resource, ...]
    events: tuple[Event, ...]
    requirements: tuple[Requirement, ...]
    errata: tuple[Erratum, ...]

    def operation(self, operation_id: str) -> Operation:
        """Return the operation called *operation_id*; ContractError when there is none."""
        return self._named(self.operations, "id", operation_id)

    def resource(self, name: str) -> Resource:
        """Return the resource called *name*; ContractError when there is none."""
        return self._named(self.resources, "name", name)

    def event(self, event_type: str) -> Event:
        """Return the notification type *event_type*; ContractError when there is none."""
        return self._named(self.events, "type", event_type)

    def requirement(self, requirement_id: str) -> Requirement:
        """Return the row *requirement_id*; ContractError when there is none."""
        return self._named(self.requirements, "id", requirement_id)

    def action(self, action: Action, resource: str) -> Operation | None:
        """Return the operation that does *action* on *resource*, or None when the API has none."""
        wanted = (op for op in self.operations if op.action == action and op.resource in ("", resource))
        return next(wanted, None)

    def component(self, name: str) -> Schema:
        """Return the schema ``#/components/schemas/name``; ContractError when there is none."""
        try:
            schema: Schema = self.openapi["components"]["schemas"][name]
        except KeyError:
            raise ContractError(f"{self.id}: no schema {name!r} in the contract") from None
        return schema

    def resolve(self, schema: Schema) -> Schema:
        """Follow ``$ref`` until a schema stands there; keys beside the reference win."""
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.component(schema["$ref"].rsplit("/", 1)[-1]), **beside}
        return schema

    def attributes(self, schema: Schema | str) -> dict[str, Schema]:
        """Return the properties of an object schema, those of its ``allOf`` members included.

        Args:
            schema: A schema, or the name of a component.

        Returns:
            Name → property schema as written (a ``$ref`` is not followed), in the order of the contract.
        """
        schema = self.resolve(self.component(schema) if isinstance(schema, str) else schema)
        found: dict[str, Schema] = {}
        for part in schema.get("allOf", ()):
            found.update(self.attributes(part))
        found.update(schema.get("properties", {}))
        return found

    def required(self, schema: Schema | str) -> tuple[str, ...]:
        """Return the names that whoever writes an object of *schema* has to give."""
        return self._collected(schema, "required")

    def rules(self, schema: Schema | str, keyword: str) -> tuple[Any, ...]:
        """Return the members of the list keyword *keyword* (``x-tmf-conditional``, say), ``allOf`` members included."""
        return self._collected(schema, keyword)

    def at(self, schema: Schema | str, pointer: str) -> Schema:
        """Return the schema that *pointer* leads to; ``*`` (or a number) enters an array.

        Raises:
            ContractError: No attribute has this pointer.
        """
        here = self.resolve(self.component(schema) if isinstance(schema, str) else schema)
        for name in pointer_names(pointer):
            if "items" in here and (name == "*" or name.isdecimal()):
                here = self.resolve(here["items"])
            elif name in (attributes := self.attributes(here)):
                here = self.resolve(attributes[name])
            else:
                raise ContractError(f"{self.id}: no attribute {pointer!r}")
        return here

    def _collected(self, schema: Schema | str, keyword: str) -> tuple[Any, ...]:
        schema = self.component(schema) if isinstance(schema, str) else schema
        found: list[Any] = []
        if "$ref" in schema:
            found.extend(self._collected(schema["$ref"].rsplit("/", 1)[-1], keyword))
        for part in schema.get("allOf", ()):
            found.extend(self._collected(part, keyword))
        found.extend(schema.get(keyword, ()))
        return tuple(item for index, item in enumerate(found) if item not in found[:index])

    def _named(self, items: tuple[_T, ...], key: str, name: str) -> _T:
        for item in items:
            if getattr(item, key) == name:
                return item
        raise ContractError(f"{self.id}: no {type(items[0]).__name__.lower() if items else 'entry'} {name!r}")


def apis() -> tuple[str, ...]:
    """Return the ids of all APIs, sorted."""
    names = (entry.name for entry in package_files.files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@functools.cache
def load(api: str) -> Contract:
    """Return the contract of *api*.

    Raises:
        ContractError: There is no such API; the message lists those there are.
    """
    if api not in apis():
        raise ContractError(f"no API {api!r}; there are: {', '.join(apis())}")
    return from_document(json.loads((package_files.files(__package__) / f"{api}.json").read_bytes()))


def from_document(document: Mapping[str, Any]) -> Contract:
    """Build a contract from the JSON that ``tmfkit-codegen`` writes."""
    return Contract(
        **{
            key: document[key]
            for key in (
                "id",
                "number",
                "release",
                "title",
                "package",
                "base_path",
                "any_base_path",
                "sha256",
                "openapi",
            )
        },
        operations=tuple(_operation(row) for row in document["operations"]),
        resources=tuple(_built(Resource, row) for row in document["resources"]),
        events=tuple(_built(Event, row) for row in document["events"]),
        requirements=tuple(_built(Requirement, row) for row in document["requirements"]),
        errata=tuple(_built(Erratum, row) for row in document["errata"]),
    )


def pointer_names(pointer: str) -> tuple[str, ...]:
    """Return the unescaped names that a JSON pointer is made of (RFC 6901)."""
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:])


def _operation(row: Mapping[str, Any]) -> Operation:
    headers = {status: tuple(names) for status, names in row["response_headers"].items()}
    return _built(Operation, {**row, "response_headers": headers})


def _built(kind: type[_T], row: Mapping[str, Any]) -> _T:
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
