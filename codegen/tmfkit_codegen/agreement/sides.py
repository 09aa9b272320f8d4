"""The two sides of the comparison, each by the names that both use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfkit_codegen.contracts import document, operations
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.load import joined
from tmfkit_codegen.runtime.contracts import Action, Contract, Kind, Operation, Resource, from_document
from tmfkit_codegen.schemas import at, attributes, followed

__all__ = ["META", "Row", "Sides", "nested"]

META = frozenset({"@type", "@baseType", "@schemaLocation"})
"""Attributes that TMF630 gives to everything; a register has them only where its document repeats them."""

Json = Any


@dataclass(frozen=True)
class Row:
    """One row of the register, and where it stands."""

    pointer: str
    data: Mapping[str, Json]

    @property
    def subject(self) -> str:
        """What the row is about: a pointer, a status, a header or the like."""
        return str(self.data["subject"])

    @property
    def expect(self) -> Mapping[str, Json]:
        """Expectation of the row; empty where it has none, which a row with a reason may do without."""
        found: Mapping[str, Json] = self.data.get("expect", {})
        return found

    @property
    def binds(self) -> bool:
        """Whether the row is a must; the contract need not demand or refuse what another row says."""
        return bool(self.data["level"] == "must")


@dataclass(frozen=True)
class Sides:
    """Contract and register of one API.

    Attributes:
        api: The files.
        tables: The contract's operations, resources and events.
        pointers: operationId → where the operation stands in the contract.
        rows: The register.
    """

    api: Api
    tables: Contract
    pointers: Mapping[str, str]
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, api: Api) -> Sides:
        """Lay out both sides of *api*."""
        return cls(
            api,
            from_document(document(api)),
            {
                found["operationId"]: joined("/paths", path, method)
                for path, method, found in operations(api.contract.data)
            },
            tuple(Row(f"/requirements/{index}", row) for index, row in enumerate(api.register.data["requirements"])),
        )

    @property
    def openapi(self) -> Json:
        """The bundled contract."""
        return self.api.contract.data

    def of_kind(self, kind: Kind, operation: str | None = None) -> Iterator[Row]:
        """Yield the rows of *kind*, of *operation* only when it is given."""
        for row in self.rows:
            if row.data["kind"] == kind and operation in (None, row.data["operation"]):
                yield row

    def by_action(self, *actions: Action) -> Iterator[Operation]:
        """Yield the operations that do one of *actions*."""
        yield from (operation for operation in self.tables.operations if operation.action in actions)

    def resource_of(self, operation: Operation) -> Resource | None:
        """Return the resource of *operation*; None for a shared hub."""
        return self.tables.resource(operation.resource) if operation.resource else None

    def only_in_register(self, row: Row, what: str) -> Problem:
        """Report a row that the contract knows nothing of."""
        message = f"{row.data['id']}: {what}, which the contract does not say"
        return self.api.register.problem(row.pointer, message, f"Mend the row, or {self.api.contract.contract.file}")

    def only_in_contract(self, pointer: str, what: str) -> Problem:
        """Report a statement of the contract that no row makes."""
        message = f"{what}, which no row of the register says"
        return self.api.contract.problem(
            pointer, message, f"Mend the contract, or add the row to {self.api.register.file}"
        )

    def different(self, row: str, what: str, other: str, contract: str) -> Problem:
        """Report something that both sides have, at *row* and *contract*, and that they give differently."""
        place = self.api.contract.place(contract)
        message = f"{what} here, and {other} at {place.file}:{place.line}"
        return self.api.register.problem(row, message, "Mend the side that differs from the document")


def nested(openapi: Json, schema: str) -> Iterator[tuple[str, str]]:
    """Yield every attribute within the body schema at a pointer, first the body itself.

    A schema inside itself is not entered again.

    Yields:
        Pointer of the attribute (``*`` stands for array members) and pointer of its schema as written.
    """
    yield from _nested(openapi, schema, "", ())


def _nested(openapi: Json, schema: str, attribute: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield attribute, schema
    whole = followed(openapi, schema)
    if whole in above:
        return
    for name, found in attributes(openapi, whole).items():
        yield from _nested(openapi, found, joined(attribute, name), (*above, whole))
    if "items" in at(openapi, whole):
        yield from _nested(openapi, joined(whole, "items"), joined(attribute, "*"), (*above, whole))
