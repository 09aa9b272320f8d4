"""Finding one's way through the schemas of a bundled contract, by JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.load import joined, names, walk

__all__ = ["COMPONENTS", "at", "attributes", "component", "followed", "required", "rules", "schemas", "where"]

COMPONENTS = "/components/schemas"
_HOLDERS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")

Json = Any


def at(data: Json, pointer: str) -> Json:
    """Return what stands at *pointer*; KeyError or IndexError when nothing does."""
    for name in names(pointer):
        data = data[int(name)] if isinstance(data, list) else data[name]
    return data


def component(name: str) -> str:
    """Return the pointer of the schema component *name*."""
    return joined(COMPONENTS, name)


def followed(openapi: Json, pointer: str) -> str:
    """Return where the references that start at *pointer* end."""
    while "$ref" in (schema := at(openapi, pointer)):
        pointer = schema["$ref"].removeprefix("#")
    return pointer


def attributes(openapi: Json, pointer: str) -> dict[str, str]:
    """Return name → pointer of the attributes of the object schema at *pointer*, ``allOf`` included."""
    found: dict[str, str] = {}
    for part in _parts(openapi, pointer):
        found.update({name: joined(part, "properties", name) for name in at(openapi, part).get("properties", {})})
    return found


def required(openapi: Json, pointer: str) -> dict[str, str]:
    """Return name → pointer of what an object of the schema at *pointer* has to have."""
    return {
        name: joined(part, "required", index)
        for part in _parts(openapi, pointer)
        for index, name in enumerate(at(openapi, part).get("required", ()))
    }


def rules(openapi: Json, pointer: str, keyword: str) -> dict[str, Json]:
    """Return pointer → rule of the list *keyword* of the schema at *pointer*, its ``allOf`` members included."""
    return {
        joined(part, keyword, index): rule
        for part in _parts(openapi, pointer)
        for index, rule in enumerate(at(openapi, part).get(keyword, ()))
    }


def where(openapi: Json, pointer: str, attribute: str) -> str | None:
    """Return the schema that an attribute leads to.

    Args:
        openapi: The bundled contract.
        pointer: Schema to start from.
        attribute: Pointer into instances of it; ``*`` or a number enters an array.

    Returns:
        Pointer of the schema, or None when there is no such attribute.
    """
    here = followed(openapi, pointer)
    for name in names(attribute):
        if name == "*" or name.isdecimal():
            if "items" not in at(openapi, here):
                return None
            here = followed(openapi, joined(here, "items"))
        elif (found := attributes(openapi, here).get(name)) is None:
            return None
        else:
            here = followed(openapi, found)
    return here


def schemas(openapi: Json) -> Iterator[tuple[str, Json]]:
    """Yield every schema of the contract with its pointer, nested ones included."""
    for pointer, value in walk(openapi):
        *_, holder, name = ("", "", *names(pointer))
        if (
            isinstance(value, dict)
            and (pointer.startswith(COMPONENTS + "/") and pointer.count("/") == COMPONENTS.count("/") + 1)
        ) or (
            isinstance(value, dict)
            and name == "schema"
            and not pointer.startswith(COMPONENTS)
            and holder != "properties"
        ):
            yield from _nested(value, pointer)


def _nested(schema: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    yield pointer, schema
    children = [(joined(pointer, key), schema[key]) for key in _SINGLE if key in schema]
    for key in _HOLDERS:
        children += [(joined(pointer, key, name), child) for name, child in schema.get(key, {}).items()]
    for key in _LISTS:
        children += [(joined(pointer, key, index), child) for index, child in enumerate(schema.get(key, ()))]
    for index, form in enumerate(schema.get("x-tmf-tolerated", ())):
        children.append((joined(pointer, "x-tmf-tolerated", index, "schema"), form["schema"]))
    for where_, child in children:
        if isinstance(child, dict):
            yield from _nested(child, where_)


def _parts(openapi: Json, pointer: str) -> Iterator[str]:
    """Yield the schemas that the object schema at *pointer* is put together from, itself last.

    A reference is one of them: keywords beside it hold as well, a `required` that binds in one place only for example.
    """
    if "$ref" in (schema := at(openapi, pointer)):
        yield from _parts(openapi, schema["$ref"].removeprefix("#"))
    for index in range(len(at(openapi, pointer).get("allOf", ()))):
        yield from _parts(openapi, joined(pointer, "allOf", index))
    yield pointer
