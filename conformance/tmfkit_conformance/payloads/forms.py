"""Forms that a document has for one value beside that of its table, as the samples have them.

An erratum that tolerates one names it in the contract (``x-tmf-tolerated``); in a dialect it stands where an alias may
stand as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tmfkit_models.contracts import Contract, Schema

__all__ = ["LIST", "how", "in_form", "is_form", "other_forms"]

LIST: Final = "as a list of one"
_MOMENT: Final = "as a date-time"
_NUMBER: Final = "as a number"


def _in_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _member(kind: type | tuple[type, ...]) -> Callable[[Any], Any]:
    """Return what takes the first member of a kind out of an object: the start of a period, the amount of a size."""

    def taken(value: Any) -> Any:
        members = value.values() if isinstance(value, dict) else ()
        return next((one for one in members if isinstance(one, kind) and not isinstance(one, bool)), value)

    return taken


_FORMS: Final[Mapping[str, Callable[[Any], Any]]] = {
    LIST: _in_list,
    _MOMENT: _member(str),
    _NUMBER: _member((int, float)),
}


def is_form(spoken: str) -> bool:
    """Say whether an entry of a dialect is a form; else it is another name."""
    return spoken in _FORMS


def how(spoken: str) -> str:
    """Return an entry of a dialect in words, to be read after what it is about."""
    return spoken if is_form(spoken) else f"under the name {spoken}"


def in_form(spoken: str, value: Any) -> Any:
    """Return a value in the form that an entry of a dialect names; as it is where that is another name."""
    return _FORMS[spoken](value) if is_form(spoken) else value


def other_forms(contract: Contract, attribute: Schema) -> tuple[str, ...]:
    """Return the other forms in which an attribute may be sent; those of objects only."""
    if "properties" not in attribute and "allOf" not in attribute:
        return ()
    tolerated = (contract.resolve(form["schema"]) for form in attribute.get("x-tmf-tolerated", ()))
    return tuple(form for form in (_form_of(schema) for schema in tolerated) if form)


def _form_of(schema: Schema) -> str:
    if schema.get("type") == "array":
        return LIST
    if schema.get("type") == "string" and schema.get("format") == "date-time":
        return _MOMENT
    return _NUMBER if schema.get("type") == "number" else ""
