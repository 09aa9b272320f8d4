"""JSON pointers over JSON values, with ``*`` for every member of an array.

Source: RFC 6901; the ``*`` is the register's (``specs/README.md``).
"""

from __future__ import annotations

import copy
from typing import Any, Final

__all__ = ["ABSENT", "escaped", "first_names", "get", "parts", "select", "with_value", "without"]

ABSENT: Final = object()
"""What ``get`` returns where nothing stands; ``None`` is a JSON value."""


def parts(pointer: str) -> list[str]:
    """Split a pointer into its unescaped names; the empty pointer has none."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def escaped(name: str) -> str:
    """Return a name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def first_names(change: Any) -> set[str]:
    """Return the names of the first level that the body of a change writes, be it an object or a JSON Patch."""
    if isinstance(change, list):
        return {name for one in change if isinstance(one, dict) for name in parts(str(one.get("path", "")))[:1]}
    return {*change} if isinstance(change, dict) else set()


def select(value: Any, pointer: str) -> list[Any]:
    """Return every value that *pointer* reaches, in order; none where nothing stands."""
    found = [value]
    for name in parts(pointer):
        found = [member for here in found for member in _members(here, name)]
    return found


def get(value: Any, pointer: str) -> Any:
    """Return the first value that *pointer* reaches, or ``ABSENT``."""
    return next(iter(select(value, pointer)), ABSENT)


def without(value: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Return a copy of *value* in which what *pointer* reaches is left out."""
    changed = copy.deepcopy(value)
    *parents, last = parts(pointer)
    for parent in select(changed, "".join(f"/{name}" for name in parents)):
        if isinstance(parent, dict):
            parent.pop(last, None)
    return changed


def with_value(value: dict[str, Any], pointer: str, new: Any) -> dict[str, Any]:
    """Return a copy of *value* in which *pointer* reaches *new*.

    Objects on the way are made. ``*`` is the first member of an array, which is made as well.
    """
    changed: dict[str, Any] = _with_value(copy.deepcopy(value), parts(pointer), copy.deepcopy(new))
    return changed


def _with_value(here: Any, names: list[str], new: Any) -> Any:
    if not names:
        return new
    name, *below = names
    if name != "*" and not (isinstance(here, list) and name.isdecimal()):
        whole = here if isinstance(here, dict) else {}
        return {**whole, name: _with_value(whole.get(name), below, new)}
    members = here if isinstance(here, list) else []
    at = 0 if name == "*" else int(name)
    before = members[at] if at < len(members) else None
    return [*members[:at], _with_value(before, below, new), *members[at + 1 :]]


def _members(here: Any, name: str) -> list[Any]:
    if isinstance(here, dict):
        return [here[name]] if name in here else []
    if isinstance(here, list):
        if name == "*":
            return here
        if name.isdecimal() and int(name) < len(here):
            return [here[int(name)]]
    return []
