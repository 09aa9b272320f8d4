"""What the vendor configured for bodies: members of every create body, and values of attributes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers

__all__ = ["Configured", "OverrideInTheWay", "merged"]


class OverrideInTheWay(Exception):  # noqa: N818 - not an error: the configuration says so
    """The configuration takes away what a body needs, or gives one value where two are needed."""


class Configured:
    """The entries of ``payloads`` and ``values`` for one resource.

    Args:
        resource: Name of the resource.
        overrides: Members merged into every create body.
        values: JSON pointer → values of an attribute.
    """

    def __init__(self, resource: str, overrides: Mapping[str, Any], values: Mapping[str, list[Any]]) -> None:
        self._resource = resource
        self.overrides = overrides
        self.values = values

    def completed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a create body with the members that are configured for every one."""
        return merged(copy.deepcopy(body), self.overrides)

    def value(self, pointer: str, variant: int) -> Any:
        """Return the value that ``values`` has for a pointer, ``ABSENT`` without one."""
        given = self.values.get(pointer)
        return copy.deepcopy(given[variant % len(given)]) if given else pointers.ABSENT

    def override(self, pointer: str) -> Any:
        """Return what ``payloads`` has at a pointer, ``ABSENT`` when nothing stands there."""
        return pointers.get(self.overrides, pointer)

    def applied(self, pointer: str, value: Any) -> Any:
        """Return *value*, which is to stand at *pointer*, as ``payloads`` has it."""
        given = self.override(pointer)
        if given is pointers.ABSENT:
            return value
        if isinstance(given, Mapping):
            return merged(copy.deepcopy(value) if isinstance(value, dict) else {}, given)
        return copy.deepcopy(given)

    def literal(self, pointer: str, value: Any) -> Any:
        """Return a value of the kit's own in which everything has the value that is configured for it."""
        given = self.value(pointer, 0)
        if given is not pointers.ABSENT:
            return given
        if isinstance(value, dict):
            value = {
                name: self.literal(f"{pointer}/{pointers.escaped(name)}", member) for name, member in value.items()
            }
        elif isinstance(value, list):
            value = [self.literal(f"{pointer}/*", member) for member in value]
        return self.applied(pointer, value)

    def check_sendable(self, pointer: str) -> None:
        """Raise OverrideInTheWay when the configuration takes an attribute, or what it stands in, out of every body."""
        names = pointer.split("/")
        for end in range(2, len(names) + 1):
            above = "/".join(names[:end])
            if self.override(above) is None:
                raise OverrideInTheWay(f"a body with {pointer}: `{self._entry(above)}` is null, so it is never sent")

    def check_removable(self, pointer: str) -> None:
        """Raise OverrideInTheWay when the configuration puts an attribute into every body."""
        if self.is_in_every_body(pointer):
            raise OverrideInTheWay(f"a body without {pointer}: `{self._entry(pointer)}` sends it every time")

    def is_in_every_body(self, pointer: str) -> bool:
        """Say whether the configuration puts an attribute into every body."""
        return self.override(pointer) not in (pointers.ABSENT, None)

    def one_value(self, pointer: str, needed: str) -> OverrideInTheWay:
        """Return the exception that one value is configured; *needed* says how many settle all rows."""
        entry = f"values.{self._resource}.{pointer}"
        return OverrideInTheWay(f"a second value of {pointer}: give `{entry}` {needed} values that differ")

    def is_about(self, pointer: str) -> bool:
        """Say whether anything is configured for an attribute, or for a part of it."""
        below = any(f"{entry}/".startswith(f"{pointer}/") for entry in self.values)
        return below or self.override(pointer) is not pointers.ABSENT

    def _entry(self, pointer: str) -> str:
        return f"payloads.{self._resource}.{'.'.join(pointers.parts(pointer))}"


def merged(body: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as RFC 7396 does."""
    for name, value in overrides.items():
        if value is None:
            body.pop(name, None)
        elif isinstance(value, Mapping):
            before = body.get(name)
            body[name] = merged(before if isinstance(before, dict) else {}, value)
        else:
            body[name] = copy.deepcopy(value)
    return body
