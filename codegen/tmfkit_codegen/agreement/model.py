"""Attribute tables of the register against the component schemas of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.agreement.sides import META, Sides
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.load import joined
from tmfkit_codegen.schemas import at, attributes, component, followed

__all__ = ["types_and_attributes"]


def types_and_attributes(sides: Sides) -> Iterator[Problem]:
    """Compare names, types and cardinality of all attributes, both ways."""
    tables = sides.api.register.data["model"]
    types = _types(sides)
    for name in sorted(types.keys() - tables.keys()):
        yield sides.only_in_contract(component(name), f"there is a type {name}")
    for name, rows in tables.items():
        place = joined("/model", name)
        if name not in types:
            message = f"there is a type {name}, which no body of the contract has"
            yield sides.api.register.problem(place, message, f"Mend the name, or {sides.api.contract.contract.file}")
            continue
        yield from _attributes(sides, name, rows, types[name])


def _attributes(sides: Sides, name: str, rows: list[dict[str, Any]], found: dict[str, str]) -> Iterator[Problem]:
    for attribute in sorted(found.keys() - {row["name"] for row in rows} - META):
        yield sides.only_in_contract(found[attribute], f"{name} has an attribute {attribute}")
    for index, row in enumerate(rows):
        place = joined("/model", name, index)
        if row["name"] not in found:
            message = f"{name} has an attribute {row['name']}, which the contract does not say"
            yield sides.api.register.problem(place, message, f"Mend the row, or {sides.api.contract.contract.file}")
            continue
        ours, theirs = _spelled(row["type"], array=row.get("array", False)), _type(sides, found[row["name"]])
        # An erratum may make the contract take further forms.
        if ours != theirs and not (row.get("errata") and ours in theirs.split(" or ")):
            yield sides.different(place, f"{name}.{row['name']} is {ours}", theirs, found[row["name"]])


def _types(sides: Sides) -> dict[str, dict[str, str]]:
    """Return component → attribute → its pointer, for every object in a body that is no error or notification."""
    wanted = [resource.schema for resource in sides.tables.resources]
    wanted += [
        name
        for operation in sides.tables.operations
        for name in (operation.request_schema, operation.response_schema)
        if name
    ]
    bodies = {name for resource in sides.tables.resources for name in (resource.create, resource.update)}
    found: dict[str, dict[str, str]] = {}
    while wanted:
        name = wanted.pop()
        if name in found or name in bodies:  # what a body for writing has, the resource has
            continue
        found[name] = attributes(sides.openapi, component(name))
        for pointer in found[name].values():
            inner = _member(sides, pointer)
            if attributes(sides.openapi, inner) and inner.count("/") == component("").count("/"):
                wanted.append(inner.rpartition("/")[2])
    return found


def _member(sides: Sides, pointer: str) -> str:
    """Return the schema of an attribute, or of each member of it."""
    here = followed(sides.openapi, pointer)
    return followed(sides.openapi, joined(here, "items")) if "items" in at(sides.openapi, here) else here


def _type(sides: Sides, pointer: str) -> str:
    """Return the type of an attribute in the register's words."""
    here = followed(sides.openapi, pointer)
    return _spelled(_name(sides, _member(sides, pointer)), array="items" in at(sides.openapi, here))


def _name(sides: Sides, pointer: str) -> str:
    schema = at(sides.openapi, pointer)
    if attributes(sides.openapi, pointer) and pointer.startswith(component("")):
        return pointer.rpartition("/")[2]
    if schema.get("format") == "date-time":
        return "datetime"
    declared = schema.get("type", "object" if "allOf" in schema else "any")
    kinds = [kind for kind in declared if kind != "null"] if isinstance(declared, list) else [declared]
    return " or ".join(kinds)


def _spelled(name: str, *, array: bool) -> str:
    # A contract has no type for addresses: the documents' own samples are not valid ones.
    return ("string" if name == "uri" else name) + ("[]" if array else "")
