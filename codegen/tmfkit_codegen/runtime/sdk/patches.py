"""Patches that list their operations: JSON Patch, and JSON Patch with queries in its paths."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from .calls import JSON_PATCH, QUERY_PATCH
from .kinds import frozen

__all__ = ["JsonPatch", "QueryPatch"]


class JsonPatch:
    """A JSON Patch (RFC 6902), built step by step: ``JsonPatch().test("/name", "A").replace("/name", "B")``.

    It never changes: every step returns a new one. Paths are JSON pointers.

    Attributes:
        operations: The operations, in order.
    """

    __slots__ = ("operations",)
    content_type: ClassVar[str] = JSON_PATCH
    _starts: ClassVar[str] = "/"
    operations: tuple[dict[str, Any], ...]

    def __init__(self) -> None:
        object.__setattr__(self, "operations", ())

    def add(self, path: str, value: object) -> Self:
        """Add *value* at *path*; ``/-`` at its end stands for the end of an array."""
        return self._with({"op": "add", "path": self._path(path), "value": frozen(value, path)})

    def remove(self, path: str) -> Self:
        """Remove what is at *path*."""
        return self._with({"op": "remove", "path": self._path(path)})

    def replace(self, path: str, value: object) -> Self:
        """Put *value* where something is already."""
        return self._with({"op": "replace", "path": self._path(path), "value": frozen(value, path)})

    def test(self, path: str, value: object) -> Self:
        """Refuse the whole patch unless *value* is at *path*."""
        return self._with({"op": "test", "path": self._path(path), "value": frozen(value, path)})

    def move(self, from_: str, path: str) -> Self:
        """Move what is at *from_* to *path*."""
        return self._with({"op": "move", "from": self._path(from_), "path": self._path(path)})

    def copy(self, from_: str, path: str) -> Self:
        """Copy what is at *from_* to *path*."""
        return self._with({"op": "copy", "from": self._path(from_), "path": self._path(path)})

    def _path(self, path: str) -> str:
        if not isinstance(path, str) or (path and path[0] not in self._starts):
            raise ValueError(f"{path!r} is no path; it begins with a slash, as in /name")
        return path

    def _with(self, operation: dict[str, Any]) -> Self:
        longer = type(self)()
        object.__setattr__(longer, "operations", (*self.operations, operation))
        return longer

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} does not change; its methods return a new one")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, JsonPatch) and other.operations == self.operations

    __hash__ = None  # type: ignore[assignment]  # values may be lists

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.operations)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.operations)


class QueryPatch(JsonPatch):
    """A JSON Patch whose paths select members of arrays by a query: ``/note/text?note.author=Kim`` (TMF630 part 5).

    A path may be a JSONPath instead, which begins with ``$``.
    """

    __slots__ = ()
    content_type: ClassVar[str] = QUERY_PATCH
    _starts: ClassVar[str] = "/$"


def _restored(kind: type[JsonPatch], operations: tuple[dict[str, Any], ...]) -> JsonPatch:
    patch = kind()
    object.__setattr__(patch, "operations", operations)
    return patch
