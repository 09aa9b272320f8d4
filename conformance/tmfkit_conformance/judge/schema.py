"""Whether an answer has the attribute names, types and cardinalities of the contract.

Three things of the contract bind only whoever writes and are not asked of an answer: ``required``, conditional rules,
and formats other than date-times. Further forms that an erratum tolerates pass with a remark.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from tmfkit_models.contracts import Contract

__all__ = ["Shape"]

_NOT_ASKED = frozenset({"required", "examples", "example", "default", "minLength", "minimum", "maximum"})
_DATE_TIME = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*([Zz]|[+-]\d\d(:?\d\d)?)$"


class Shape:
    """Holds answers against the component schemas of a contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def faults(self, value: Any, component: str) -> tuple[list[str], list[str]]:
        """Hold one value against a component.

        Args:
            value: A JSON value.
            component: Name of the component.

        Returns:
            What is wrong with it, each with its JSON pointer; and the ids of errata whose tolerated forms it uses.
        """
        value = _without_nulls(value)
        if self._validator(component, "strict").is_valid(value):
            return [], []
        errors = list(self._validator(component, "tolerant").iter_errors(value))
        if not errors:
            return [], self._errata_used(value, component)
        return [
            f"/{'/'.join(str(name) for name in error.instance_path)}: {error.message}"[:300] for error in errors[:5]
        ], []

    def tolerated(self, value: Any, component: str, pointer: str) -> list[str]:
        """Return the ids of errata that tolerate a value in the place of what a pointer of a component names."""
        try:
            forms = self._contract.at(component, pointer).get("x-tmf-tolerated", ())
        except LookupError:
            return []
        components = {"schemas": self._contract.openapi["components"]["schemas"]}
        fitting = (
            form["errata"]
            for form in forms
            if jsonschema_rs.Draft202012Validator({**form["schema"], "components": components}).is_valid(value)
        )
        return sorted(fitting)

    def _errata_used(self, value: Any, component: str) -> list[str]:
        strict = self._validator(component, "strict").iter_errors(value)
        used: list[str] = []
        for error in strict:
            pointer = "".join(f"/{name if isinstance(name, str) else '*'}" for name in error.instance_path)
            used += self._tolerated_at(component, pointer)
        return sorted(set(used)) or ["an erratum"]

    def _tolerated_at(self, component: str, pointer: str) -> list[str]:
        names = pointer.split("/")
        for length in range(len(names), 1, -1):
            try:
                schema = self._contract.at(component, "/".join(names[:length]))
            except LookupError:
                continue
            if schema.get("x-tmf-tolerated"):
                return [form["errata"] for form in schema["x-tmf-tolerated"]]
        return []

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a Shape lives as long as the judgement it is made for
    def _validator(self, component: str, reading: str) -> jsonschema_rs.Draft202012Validator:
        components = self._contract.openapi["components"]["schemas"]
        schemas = {name: _asked(schema, tolerant=reading == "tolerant") for name, schema in components.items()}
        return jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/components/schemas/{component}", "components": {"schemas": schemas}}
        )


def _asked(schema: Any, *, tolerant: bool) -> Any:
    """Return what of a schema is asked of an answer."""
    if isinstance(schema, list):
        return [_asked(member, tolerant=tolerant) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    asked: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            asked[key] = {name: _asked(member, tolerant=tolerant) for name, member in value.items()}
        elif key not in _NOT_ASKED and not key.startswith("x-"):
            asked[key] = _asked(value, tolerant=tolerant)
    if asked.pop("format", None) == "date-time":
        asked["pattern"] = _DATE_TIME
    tolerated = schema.get("x-tmf-tolerated")
    if tolerant and tolerated:
        return {"anyOf": [asked, *(_asked(form["schema"], tolerant=True) for form in tolerated)]}
    return asked


def _without_nulls(value: Any) -> Any:
    """Leave out members that are null: in an answer they stand for absent ones."""
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return value
