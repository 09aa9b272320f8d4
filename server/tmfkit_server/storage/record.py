"""A stored resource as a value: decoded or encoded, whichever is there already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

__all__ = ["Body", "Record", "is_same", "tag_of"]

Body: TypeAlias = Mapping[str, Any]

_TAG_BYTES = 12


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values have the same text, whatever the order of names; to Python, true is 1."""
    if one is other:
        return True
    if one != other:
        return False
    return isinstance(one, str) or _sorted_text(one) == _sorted_text(other)


class Record:
    """One stored resource, never changed in place.

    A record that comes from a store may hold JSON text only; it is decoded when somebody looks inside, and not at all
    when it goes to the client as it is.

    Attributes:
        id: Identifier, unique in its collection.
        spelling: Pointer of an attribute (``*`` for array members) → the other name that the client uses for it.
    """

    __slots__ = ("_body", "_encoded", "_tag", "id", "spelling")

    def __init__(
        self, identifier: str, body: Body | bytes, spelling: Mapping[str, str] | None = None, *, tag: str = ""
    ) -> None:
        """Make a record.

        Args:
            identifier: Identifier.
            body: The resource, every attribute under its own name; or its JSON text.
            spelling: See the class; None when there is none.
            tag: What ``tag`` gave for an equal record before, to save the work; empty when nobody knows.
        """
        self.id = identifier
        self.spelling: Mapping[str, str] = spelling or {}
        self._body: Body | None = None if isinstance(body, bytes) else body
        self._encoded = body if isinstance(body, bytes) else b""
        self._tag = tag

    @property
    def body(self) -> Body:
        """The resource, every attribute under its own name."""
        if self._body is None:
            self._body = orjson.loads(self._encoded)
        return self._body

    @property
    def encoded(self) -> bytes:
        """The body as JSON text."""
        if not self._encoded:
            self._encoded = orjson.dumps(self._body)
        return self._encoded

    @property
    def tag(self) -> str:
        """Digest of what is stored, the same for equal records whatever the order of their attributes."""
        if not self._tag:
            self._tag = tag_of(self.body, self.spelling)
        return self._tag

    def with_body(self, body: Body) -> Record:
        """Return the record with another body."""
        return Record(self.id, body, self.spelling)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return (self.id, self.spelling) == (other.id, other.spelling) and is_same(self.body, other.body)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Record({self.id!r}, {self.body!r}, {dict(self.spelling)!r})"


def tag_of(body: Body, spelling: Mapping[str, str] | None) -> str:
    """Return the tag of a record; see ``Record.tag``."""
    digest = hashlib.blake2b(_sorted_text(body), digest_size=_TAG_BYTES)
    if spelling:
        digest.update(_sorted_text(spelling))
    return digest.hexdigest()


def _sorted_text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
