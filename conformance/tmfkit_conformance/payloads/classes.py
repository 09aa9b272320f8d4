"""What meta-attributes say of an object: of which class it is, in the contract's own names."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["META", "meta_value"]

META: Final = frozenset({"@type", "@baseType", "@schemaLocation"})
"""Attributes that say of which class an object is; sent only where a requirement speaks of them."""


def meta_value(contract: Contract, resource: Resource, pointer: str, variant: int, contents: Contents) -> str:
    """Return a value for a meta-attribute.

    The second variant is the class that the document's table has, which every target knows; the first is a sub-class
    of it, so that the two differ.

    Args:
        contract: The contract.
        resource: The resource.
        pointer: Pointer of the meta-attribute.
        variant: 0 or 1.
        contents: What the name of the sub-class is drawn from.
    """
    parent, _, name = pointer.rpartition("/")
    own = _class_at(contract, resource.schema, parent)
    described = own if variant else contents.class_name(pointer, own)
    return f"{contents.host(pointer)}/{described}.schema.json" if name == "@schemaLocation" else described


def _class_at(contract: Contract, component: str, pointer: str) -> str:
    """Return the name of the table that describes the object at *pointer*; where none does, the attribute's own."""
    schema: Schema = contract.component(component)
    found = component
    for name in pointers.parts(pointer):
        resolved = contract.resolve(schema)
        if "items" in resolved and (name == "*" or name.isdecimal()):
            schema = resolved["items"]
        else:
            schema = contract.attributes(schema)[name]
            found = name[:1].upper() + name[1:]
        if "$ref" in schema:
            found = schema["$ref"].rsplit("/", 1)[-1]
    return found.removesuffix("_Update").removesuffix("_Create")
