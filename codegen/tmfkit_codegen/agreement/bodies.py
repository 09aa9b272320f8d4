"""Rows about what bodies have, need and may not carry, against the schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.agreement.sides import META, Row, Sides, nested
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.load import joined, names
from tmfkit_codegen.runtime.contracts import MAKES_ANYTHING, Kind, Operation
from tmfkit_codegen.schemas import at, attributes, component, required, rules, where

__all__ = ["any_of", "client_id", "conditional", "made_by_server", "mandatory", "patchable", "subjects", "values"]

_GENERATED: dict[Kind, str] = {
    "generated": "x-tmf-generated",
    "read-only": "x-tmf-read-only",
    "default": "x-tmf-default",
}
_ON_BODIES: tuple[Kind, ...] = ("attribute", "values", "optional", "default", "filter", "fields")


def mandatory(sides: Sides) -> Iterator[Problem]:
    """``mandatory`` and ``sub-mandatory`` against ``required``; on patch and replace what a row says is enough."""
    for operation in sides.by_action(*MAKES_ANYTHING, "patch", "replace"):
        demanded = _required(sides, operation)
        rows = [*sides.of_kind("mandatory", operation.id), *sides.of_kind("sub-mandatory", operation.id)]
        for row in rows:
            if row.binds and row.subject not in demanded:
                yield sides.only_in_register(row, f"{operation.id} needs {row.subject}")
        if operation.action in MAKES_ANYTHING:
            for subject in sorted(demanded.keys() - {row.subject for row in rows}):
                if operation.action == "create" or _is_first_level(subject):
                    yield sides.only_in_contract(demanded[subject], f"{operation.id} needs {subject}")


def conditional(sides: Sides) -> Iterator[Problem]:
    """``conditional`` against ``x-tmf-conditional``."""
    for operation in sides.by_action("create", "patch"):
        written = {}
        for attribute, pointer, rule in _rules(sides, operation, "x-tmf-conditional"):
            for wanted in rule["require"]:
                written[attribute + wanted, _condition(rule["when"], attribute)] = pointer
        rows = list(sides.of_kind("conditional", operation.id))
        said = {(row.subject, condition) for row in rows for condition in _conditions(row)}
        for row in rows:
            if row.binds and not any((row.subject, condition) in written for condition in _conditions(row)):
                yield sides.only_in_register(row, f"{operation.id} needs {row.subject} when {row.data.get('given')}")
        if operation.action == "create":
            for (subject, condition), pointer in written.items():
                if (subject, condition) not in said:
                    yield sides.only_in_contract(pointer, f"{operation.id} needs {subject} when {condition}")


def any_of(sides: Sides) -> Iterator[Problem]:
    """``any-of`` against ``x-tmf-any-of``."""
    for operation in sides.by_action("create", "patch"):
        written = {
            (attribute, frozenset(member[1:] for member in members)): pointer
            for attribute, pointer, members in _rules(sides, operation, "x-tmf-any-of")
        }
        rows = {
            (row.subject, frozenset(row.expect.get("members", ()))): row
            for row in sides.of_kind("any-of", operation.id)
        }
        for (subject, members), row in rows.items():
            if row.binds and (subject, members) not in written:
                yield sides.only_in_register(
                    row, f"{operation.id} needs one of {', '.join(sorted(members))} at {subject or 'the whole'}"
                )
        if operation.action == "create":
            for subject, members in written.keys() - rows.keys():
                what = f"{operation.id} needs one of {', '.join(sorted(members))} at {subject or 'the whole'}"
                yield sides.only_in_contract(written[subject, members], what)


def patchable(sides: Sides) -> Iterator[Problem]:
    """``patchable`` and ``non-patchable`` against the patch schema and ``x-tmf-non-patchable``."""
    for operation in sides.by_action("patch"):
        fixed = {
            pointer: joined(sides.pointers[operation.id], "x-tmf-non-patchable", index)
            for index, pointer in enumerate(operation.non_patchable)
        }
        free = {
            f"/{name}": pointer
            for name, pointer in attributes(sides.openapi, component(operation.request_schema)).items()
            if f"/{name}" not in fixed
        }
        optional = {f"/{name}" for name in META}
        sides_of: tuple[tuple[Kind, dict[str, str], str], ...]
        sides_of = (("patchable", free, "can"), ("non-patchable", fixed, "cannot"))
        for kind, written, word in sides_of:
            rows = list(sides.of_kind(kind, operation.id))
            for row in rows:
                if (_first_level(row.subject) if kind == "patchable" else row.subject) not in written:
                    yield sides.only_in_register(row, f"{operation.id} {word} change {row.subject}")
            for subject in sorted(written.keys() - {row.subject for row in rows} - optional):
                yield sides.only_in_contract(written[subject], f"{operation.id} {word} change {subject}")


def made_by_server(sides: Sides) -> Iterator[Problem]:
    """``generated``, ``read-only`` and ``default`` against the keys of the attributes."""
    for operation in sides.by_action("create"):
        resource = sides.tables.resource(operation.resource)
        found = dict(nested(sides.openapi, component(resource.schema)))
        operations = {other.id for other in sides.tables.operations if other.resource == operation.resource}
        for kind, key in _GENERATED.items():
            written = {
                attribute: joined(pointer, key)
                for attribute, pointer in found.items()
                if key in at(sides.openapi, pointer)
            }
            rows = [row for row in sides.of_kind(kind) if row.data["operation"] in operations]
            for row in rows:
                if row.subject not in written and (row.binds or kind == "default"):
                    yield sides.only_in_register(row, f"{row.subject} is {kind}")
                elif "value" in row.expect and row.expect["value"] != (
                    other := at(sides.openapi, written[row.subject])
                ):
                    what = f"the default of {row.subject} is {row.expect['value']!r}"
                    yield sides.different(row.pointer, what, repr(other), written[row.subject])
            for subject in sorted(written.keys() - {row.subject for row in rows}):
                yield sides.only_in_contract(written[subject], f"{subject} of {resource.name} is {kind}")


def client_id(sides: Sides) -> Iterator[Problem]:
    """``client-id`` against the resource's ``client-id``."""
    for operation in sides.by_action("create"):
        resource = sides.tables.resource(operation.resource)
        rows = list(sides.of_kind("client-id", operation.id))
        if resource.client_id and not rows:
            yield sides.only_in_contract(
                joined(component(resource.schema), "x-tmf-resource", "client-id"),
                f"{operation.id} uses the client's id",
            )
        for row in rows:
            if not resource.client_id and row.binds:
                yield sides.only_in_register(row, f"{operation.id} uses the client's id")


def values(sides: Sides) -> Iterator[Problem]:
    """``values`` against ``enum`` and ``x-tmf-values``; the contract may list more."""
    for row in sides.of_kind("values"):
        schema = _schema(sides, sides.tables.operation(row.data["operation"]))
        place = where(sides.openapi, schema, row.subject) if schema else None
        written = _as_written(sides, schema, row.subject) if schema else None
        if schema is None or place is None or written is None:
            continue  # `subjects` reports it
        listed = [*at(sides.openapi, place).get("enum", ()), *at(sides.openapi, written).get("x-tmf-values", ())]
        for value in row.expect.get("values", ()):
            if value not in listed:
                yield sides.only_in_register(row, f"{row.subject} can be {value!r}")


def subjects(sides: Sides) -> Iterator[Problem]:
    """The pointer of every row about an attribute leads to one."""
    operations = {operation.id: operation for operation in sides.tables.operations}
    for row in sides.rows:
        if row.data["kind"] not in _ON_BODIES or not row.subject.startswith("/"):
            continue
        schema = _schema(sides, operations[row.data["operation"]])
        if schema is None or where(sides.openapi, schema, row.subject) is None:
            yield sides.only_in_register(row, f"there is an attribute {row.subject}")


def _schema(sides: Sides, operation: Operation) -> str | None:
    """Return the schema that the attributes of *operation*'s rows are looked up in."""
    resource = sides.resource_of(operation)
    name = resource.schema if resource else operation.request_schema
    return component(name) if name else None


def _as_written(sides: Sides, schema: str, subject: str) -> str | None:
    return dict(nested(sides.openapi, schema)).get(subject)


def _required(sides: Sides, operation: Operation) -> dict[str, str]:
    """Return what bodies of *operation* need, at any depth → where it is required."""
    if not operation.request_schema:
        return {}
    return {
        joined(attribute, name): pointer
        for attribute, schema in nested(sides.openapi, component(operation.request_schema))
        for name, pointer in required(sides.openapi, schema).items()
    }


def _rules(sides: Sides, operation: Operation, key: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the rules below bodies of *operation*: attribute, place of the rule, rule."""
    for attribute, schema in nested(sides.openapi, component(operation.request_schema)):
        for pointer, rule in rules(sides.openapi, schema, key).items():
            yield attribute, pointer, rule


def _conditions(row: Row) -> list[str]:
    """Return the condition of *row*, its pointer read from the whole body and from the object around the subject."""
    given = row.data.get("given")
    if not isinstance(given, dict):
        return []
    return [_condition(given, ""), _condition(given, row.subject.rpartition("/")[0])]


def _condition(when: dict[str, Any], above: str) -> str:
    rest = {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in when.items()
        if key != "pointer"
    }
    return f"{above}{when['pointer']} {json.dumps(rest, sort_keys=True)}"


def _first_level(pointer: str) -> str:
    return joined("", *names(pointer)[:1])


def _is_first_level(pointer: str) -> bool:
    return len(names(pointer)) == 1
