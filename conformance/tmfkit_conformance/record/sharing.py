"""Equal bodies of a bundle: written down once, and held in memory once."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any, Final, TypeVar

from tmfkit_conformance.record import wire

__all__ = ["BodyStore"]

_SHORTEST: Final = 200
"""Characters from which on a repeated body is referred to; a shorter one is easier to read in its place."""

_SIDES: Final = ("request", "response")

T = TypeVar("T", bound=Hashable)


class BodyStore:
    """The bodies of a bundle that is being written or read.

    A body that an earlier exchange has stands as ``{"same_as": [SEQUENCE, "request" or "response"]}``.
    """

    def __init__(self) -> None:
        self._first: dict[str, list[Any]] = {}
        self._known: dict[tuple[int, str], bytes] = {}
        self._shared: dict[Hashable, Any] = {}

    def packed(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON object of an exchange with references in place of bodies that were there before."""
        packed = {**plain}
        for side in _SIDES:
            part = plain[side]
            if not part:
                continue
            key = json.dumps(part["body"])
            here = [plain["sequence"], side]
            first = self._first.setdefault(key, here) if len(key) >= _SHORTEST else here
            if first is not here:
                packed[side] = {**part, "body": {"same_as": first}}
        return packed

    def unpacked(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON object of an exchange with its bodies as bytes, equal values shared with those before.

        Raises:
            KeyError: A body refers to an exchange that is not before it.
        """
        found = {name: self._same(value) if isinstance(value, str) else value for name, value in plain.items()}
        for side in _SIDES:
            if part := plain[side]:
                pairs = tuple((self._same(name), self._same(value)) for name, value in part["headers"])
                body = self._octets(plain["sequence"], side, part["body"])
                found[side] = {**part, "headers": self._same(pairs), "body": body}
        return found

    def _octets(self, sequence: int, side: str, body: Any) -> bytes:
        if isinstance(body, dict) and "same_as" in body:
            number, of = body["same_as"]
            return self._known[number, of]
        octets = self._same(wire.octets(body))
        self._known[sequence, side] = octets
        return octets

    def _same(self, value: T) -> T:
        """Return the first of all values that are equal to one."""
        shared: T = self._shared.setdefault(value, value)
        return shared
