"""The generated models, asked for a yes or no first: whatever is wrong with a body costs no more than what is right.

A model words every error there is, and makes an object of every object: half a million members take it seconds and
hundreds of megabytes. So its schema is turned into one of plain dictionaries that gives up at the first wrong member of
an array; only the body that it refuses, its arrays cut, is put to the model itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator

from tmfkit_models.contracts import Contract
from tmfkit_server.errors import MOST_VIOLATIONS

__all__ = ["BodyModel"]

# What stands around the schema of an attribute that may be left out.
_OPTIONAL = ("default", "missing-sentinel")


class BodyModel:
    """The generated class of a component."""

    def __init__(self, contract: Contract, component: str) -> None:
        module = importlib.import_module(f"tmfkit_models.{contract.package}")
        self._model: type[BaseModel] = getattr(module, component.replace("_", ""))
        self._quick = SchemaValidator(_quick(self._model.__pydantic_core_schema__))

    def errors(self, body: Mapping[str, Any]) -> Sequence[ErrorDetails]:
        """Return what is wrong with *body*, the first ``MOST_VIOLATIONS`` of it at most."""
        try:
            self._quick.validate_python(body)
        except ValidationError as exc:
            # What is wrong behind the members that are looked at below is known by its first error in each array.
            found = list(islice(self._worded(_with_short_arrays(body)), MOST_VIOLATIONS))
            return found or exc.errors(include_url=False, include_input=False)[:MOST_VIOLATIONS]
        return ()

    def _worded(self, body: Mapping[str, Any]) -> Iterator[ErrorDetails]:
        try:
            # Python names of attributes are no names on the wire.
            self._model.model_validate(body, by_alias=True, by_name=False)
        except ValidationError as exc:
            yield from exc.errors(include_url=False, include_input=False)


def _with_short_arrays(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_short_arrays(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_short_arrays(member) for member in value[:MOST_VIOLATIONS]]
    return value


def _quick(schema: Any) -> Any:
    """Return the schema of a model as one of dictionaries, in which an array ends at its first wrong member."""
    if isinstance(schema, list):
        return [_quick(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    match schema.get("type"):
        case "model":
            reference = {"ref": schema["ref"]} if "ref" in schema else {}
            return {**_quick(schema["schema"]), **reference}
        case "model-fields":
            fields = {field.get("validation_alias", name): field["schema"] for name, field in schema["fields"].items()}
            members = {name: _quick_field(each) for name, each in fields.items()}
            return {"type": "typed-dict", "fields": members, "extra_behavior": "allow"}
        case "list":
            return {**{name: _quick(each) for name, each in schema.items()}, "fail_fast": True}
        case _:
            return {name: _quick(each) for name, each in schema.items() if name != "metadata"}


def _quick_field(schema: Any) -> dict[str, Any]:
    is_required = schema["type"] not in _OPTIONAL
    while schema["type"] in _OPTIONAL:
        schema = schema["schema"]
    return {"type": "typed-dict-field", "schema": _quick(schema), "required": is_required}
