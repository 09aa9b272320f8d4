"""Schemas as Python types and as the kinds of the SDK's runtime."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tmfkit_codegen.facade.naming import class_name
from tmfkit_codegen.load import joined
from tmfkit_codegen.schemas import COMPONENTS, at, attributes, followed

__all__ = ["Value", "component_of", "tolerated_types", "tolerating", "value"]

Json = Any

_SCALARS = {
    "string": ("TEXT", "str"),
    "integer": ("INTEGER", "int"),
    "number": ("NUMBER", "float"),
    "boolean": ("BOOLEAN", "bool"),
    "object": ("OBJECT", "_c.Mapping[str, _t.Any]"),
}
_ANYTHING = ("array", "object", "string", "number")


@dataclass(frozen=True)
class Value:
    """What an attribute holds.

    Attributes:
        kind: The kind of the runtime, as code.
        read: Type of what is read.
        write: Type of what is written.
    """

    kind: str
    read: str
    write: str


_ANYTHING_AT_ALL = Value("_o.ANY", "_t.Any", "_t.Any")


def value(openapi: Json, pointers: Iterable[str], *, classes: str = "") -> Value:
    """Return what stands at the first of *pointers*; classes at the others are written in the place of its own.

    Args:
        openapi: The bundled contract.
        pointers: The schemas of one attribute where it is read, and where it is written.
        classes: What stands before the names of classes.
    """
    first, *others = (_followed(openapi, pointer) for pointer in pointers)
    if (name := component_of(openapi, first)) is not None:
        names = list(dict.fromkeys([name, *filter(None, (component_of(openapi, other) for other in others))]))
        called = [class_name(each) for each in names]
        kind = f"_o.One({', '.join(json.dumps(each) for each in called)})"
        return Value(kind, classes + called[0], " | ".join(classes + each for each in called))
    schema = at(openapi, first)
    if "enum" in schema or "const" in schema:
        return _enumerated(schema.get("enum", [schema.get("const")]))
    if "array" in _types(schema):
        return _array(openapi, first, others, classes)
    return _scalar(schema)


def component_of(openapi: Json, pointer: str) -> str | None:
    """Return the component at *pointer* if it is one that has attributes; references are followed."""
    here = _followed(openapi, pointer)
    parent, _, name = here.rpartition("/")
    return name if parent == COMPONENTS and attributes(openapi, here) else None


def tolerating(openapi: Json, pointer: str, held: Value) -> Value:
    """Return *held* with the single values that the contract tolerates in the place of an object."""
    if not held.kind.startswith("_o.One("):
        return held
    for index, form in enumerate(at(openapi, pointer).get("x-tmf-tolerated", ())):
        place = joined(pointer, "x-tmf-tolerated", index, "schema")
        other = value(openapi, [place]) if form["schema"] else _ANYTHING_AT_ALL
        if not other.kind.startswith(("_o.One(", "_o.Many(", "_o.OBJECT")):
            return Value(f"_o.Or({held.kind}, {other.kind})", f"{held.read} | {other.read}", held.write)
    return held


def tolerated_types(openapi: Json, pointer: str) -> list[str]:
    """Return the JSON types that the contract tolerates at *pointer*, sorted."""
    found: set[str] = set()
    for form in at(openapi, pointer).get("x-tmf-tolerated", ()):
        schema = form["schema"]
        if "$ref" in schema:
            schema = at(openapi, followed(openapi, schema["$ref"].removeprefix("#")))
        found.update(_types(schema) or _ANYTHING)
    return sorted(found)


def _followed(openapi: Json, pointer: str) -> str:
    """Follow references, those wrapped in an ``allOf`` of one too."""
    here = followed(openapi, pointer)
    schema = at(openapi, here)
    while len(schema.get("allOf", ())) == 1 and "properties" not in schema and here.rpartition("/")[0] != COMPONENTS:
        here = followed(openapi, joined(here, "allOf", 0))
        schema = at(openapi, here)
    return here


def _types(schema: Json) -> list[str]:
    """Return the JSON types of *schema*, null left out; none when it does not say."""
    if "enum" in schema:
        return sorted({_type(each) for each in schema["enum"]} - {"null"})
    kind = schema.get("type", "object" if "allOf" in schema or "properties" in schema else [])
    return [each for each in ([kind] if isinstance(kind, str) else kind) if each != "null"]


def _type(value: Json) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", type(None): "null"}
    return names.get(type(value), "object")


def _enumerated(values: list[Json]) -> Value:
    """Return an open enumeration: the values of the contract, and any other of their type."""
    kinds = {_type(each) for each in values} - {"null"}
    if len(kinds) != 1 or not kinds <= {"string", "integer"}:
        return _ANYTHING_AT_ALL
    kind, base = _SCALARS[kinds.pop()]
    known = ", ".join(json.dumps(each, ensure_ascii=False) for each in values if each is not None)
    return Value(f"_o.{kind}", f"_t.Literal[{known}] | {base}", f"_t.Literal[{known}] | {base}")


def _array(openapi: Json, first: str, others: list[str], classes: str) -> Value:
    members = [joined(each, "items") for each in (first, *others) if "items" in at(openapi, each)]
    inner = value(openapi, members, classes=classes) if members else _ANYTHING_AT_ALL
    return Value(f"_o.Many({inner.kind})", f"tuple[{inner.read}, ...]", f"_c.Sequence[{inner.write}]")


def _scalar(schema: Json) -> Value:
    found = list(_scalars(schema))
    if not found:
        return _ANYTHING_AT_ALL
    kinds, types = [kind for kind, _ in found], " | ".join(dict.fromkeys(name for _, name in found))
    kind = kinds[0] if len(kinds) == 1 else f"_o.Either({', '.join(kinds)})"
    return Value(kind, types, types)


def _scalars(schema: Json) -> Iterator[tuple[str, str]]:
    for name in _types(schema):
        if name == "string" and schema.get("format") == "date-time":
            yield "_o.TIME", "_d.datetime"
        else:
            kind, type_ = _SCALARS[name]
            yield f"_o.{kind}", type_
