"""The rules that tie attributes together: ``x-tmf-conditional`` and ``x-tmf-any-of``."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfkit_server.services.shapes import Shape

__all__ = ["Breach", "breaches"]

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a body breaks.

    Attributes:
        kind: Kind of the register's rows that state such rules.
        pointer: Attribute that is missing, or the object that lacks one of several.
        what: What is wrong.
    """

    kind: str
    pointer: str
    what: str


def breaches(shape: Shape, body: Mapping[str, Any], pointer: str = "") -> Iterator[Breach]:
    """Yield every rule of *shape* and its children that *body* breaks."""
    for rule in shape.conditionals:
        if _applies(rule["when"], body):
            for needed in rule["require"]:
                if _at(body, needed) is _ABSENT:
                    yield Breach("conditional", f"{pointer}{needed}", f"is required when {_condition(rule['when'])}")
    for members in shape.any_of:
        if all(_at(body, member) is _ABSENT for member in members):
            names = " or ".join(member.lstrip("/") for member in members)
            yield Breach("any-of", pointer, f"needs {names}")
    for name, child in shape.children.items():
        if child.has_rules and name in body:
            yield from _below(child, body[name], f"{pointer}/{name}")


def _below(shape: Shape, value: Any, pointer: str) -> Iterator[Breach]:
    if isinstance(value, dict):
        yield from breaches(shape, value, pointer)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            # Anything else in an array is refused, however much of it there is.
            if type(member) is dict:
                yield from breaches(shape, member, f"{pointer}/{index}")


def _applies(when: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    value = _at(body, when["pointer"])
    if "present" in when:
        return bool(when["present"]) is (value is not _ABSENT)
    if "one-of" in when:
        return value in when["one-of"]
    return value is not _ABSENT and value not in when["none-of"]


def _condition(when: Mapping[str, Any]) -> str:
    name = when["pointer"].lstrip("/")
    if "present" in when:
        return f"{name} is {'there' if when['present'] else 'not there'}"
    if "one-of" in when:
        return f"{name} is {' or '.join(map(str, when['one-of']))}"
    return f"{name} is not {' or '.join(map(str, when['none-of']))}"


def _at(value: Any, pointer: str) -> Any:
    for name in _names_in(pointer):
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = value[name]
    return value


@functools.cache
def _names_in(pointer: str) -> tuple[str, ...]:
    """Return the names in a pointer of a contract."""
    return tuple(pointer.split("/")[1:])
