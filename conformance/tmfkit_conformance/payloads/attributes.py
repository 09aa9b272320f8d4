"""Attributes of a resource that serve a purpose, whatever they mean: free text, say."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.classes import META
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = [
    "is_free_text",
    "is_measure",
    "is_prose",
    "is_state",
    "is_text_of_its_own",
    "optional_attributes",
    "plain_attributes",
    "values_needed",
]

_OWN: Final = ("x-tmf-generated", "x-tmf-read-only", "x-tmf-default")
"""What marks an attribute that the server gives a value to."""


def plain_attributes(contract: Contract, resource: Resource) -> list[str]:
    """Return the pointers of the attributes with free text that a client may set and change, the plainest first."""
    ordered = sorted(
        contract.attributes(resource.update).items(), key=lambda item: (item[0] not in ("description", "name"), item[0])
    )
    return [
        f"/{name}"
        for name, schema in ordered
        if is_free_text(contract.resolve(schema)) and name not in META | {"id", "href", "status"}
    ]


def optional_attributes(contract: Contract, resource: Resource, *, like: str, strictly: bool) -> list[str]:
    """Return the pointers of the attributes that a client may set and take away, those like another one first.

    Args:
        contract: The contract.
        resource: The resource.
        like: Pointer of an attribute; where it is an array, others are like it that are, and else those that are not.
        strictly: Whether there are to be none but those.
    """
    rules = contract.rules(resource.create, "x-tmf-conditional")
    demanded = {*contract.required(resource.create), *(pointer[1:] for rule in rules for pointer in rule["require"])}
    fixed = {
        pointers.parts(pointer)[0]
        for operation in contract.operations
        if operation.resource == resource.name
        for pointer in operation.non_patchable
    }
    plain = plain_attributes(contract, resource)
    found = {
        f"/{name}": contract.resolve(schema)
        for name, schema in contract.attributes(resource.update).items()
        if name not in {*demanded, *fixed, *META, "id", "href"} and not is_state(name)
    }
    is_array = contract.at(resource.schema, like).get("type") == "array"
    alike = {pointer for pointer, schema in found.items() if (schema.get("type") == "array") is is_array}
    free = [pointer for pointer, schema in found.items() if not any(schema.get(keyword) for keyword in _OWN)]
    fit = [pointer for pointer in free if pointer in alike or not strictly]
    return sorted(fit, key=lambda one: (one not in alike, plain.index(one) if one in plain else len(plain)))


def is_free_text(schema: Schema) -> bool:
    """Say whether an attribute takes any string."""
    return _is_any_string(schema) and not schema.get("x-tmf-aliases")


def is_prose(schema: Schema, pointer: str) -> bool:
    """Say whether the attribute at *pointer* is written for people to read, so that it may be long and in any script.

    Meta-attributes, states, ids and addresses are not, and nor is one whose examples are no words: a number of a card,
    a telephone, an account.
    """
    name = pointers.parts(pointer)[-1]
    if not _is_any_string(schema) or name.startswith("@") or name in ("id", "href") or is_state(name):
        return False
    return all(" " in example or example.isalpha() for example in schema.get("examples", ()))


def is_text_of_its_own(schema: Schema, name: str) -> bool:
    """Say whether an attribute of a member of a list tells the member from others, and not of which kind it is."""
    is_any = _is_any_string({**schema, "x-tmf-generated": ""}) and not name.startswith("@") and not is_state(name)
    return is_any and (name in ("id", "href", "name") or not schema.get("examples"))


def is_measure(schema: Schema) -> bool:
    """Say whether an attribute takes any number or any instant."""
    is_any = not schema.get("enum") and not schema.get("x-tmf-values")
    return is_any and (schema.get("type") in ("integer", "number") or schema.get("format") == "date-time")


def is_state(name: str) -> bool:
    """Say whether an attribute holds the state of a thing, which may move on by itself, by its name."""
    return name.lower().endswith(("status", "state"))


def values_needed(contract: Contract, resource: str, pointer: str) -> str:
    """Return how many values of an attribute, in words, settle all rows: three where one filters by either of two."""
    rows = (row for row in contract.requirements if row.kind == "filter" and row.subject == pointer)
    own = (row.expect for row in rows if contract.operation(row.operation).resource == resource)
    return "three" if any(not isinstance(expect, str) and "form" in expect for expect in own) else "two"


def _is_any_string(schema: Schema) -> bool:
    bound = ("enum", "x-tmf-values", "format", "pattern", "x-tmf-generated", "x-tmf-read-only", "contentEncoding")
    return schema.get("type") == "string" and not any(schema.get(keyword) for keyword in bound)
