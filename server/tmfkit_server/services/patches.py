"""What a patch document makes of a resource: merge patch (RFC 7396) and JSON Patch (RFC 6902).

Both return new values and leave the resource alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tmfkit_server.errors import Conflict, InvalidBody
from tmfkit_server.nesting import DEEPEST_NESTING, is_too_deep

__all__ = ["JSON_PATCH", "check_result", "json_patched", "merge_patched"]

JSON_PATCH = "application/json-patch+json"
MOST_OPERATIONS = 500


def merge_patched(target: Any, patch: Any) -> Any:
    """Apply a merge patch: objects merge, null removes, everything else replaces.

    Source:
        RFC 7396 §2.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patched(merged.get(name), value)
    return merged


def check_result(result: Any, *, most_bytes: int) -> None:
    """Raise InvalidBody when a patch made a document that is nested too deep, or too large, to be kept and listed."""
    try:
        text = orjson.dumps(result)
    except orjson.JSONEncodeError as exc:
        # The encoder goes deeper than is allowed, but not as deep as a patch can.
        raise _too_deep("") from exc
    if is_too_deep(result, text):
        raise _too_deep("")
    if len(text) > most_bytes:
        raise _too_large("", most_bytes)


def json_patched(target: Mapping[str, Any], operations: Any, *, most_bytes: int) -> Any:
    """Apply a JSON Patch as a whole; ``check_result`` is for the caller.

    Args:
        target: The resource.
        operations: The patch.
        most_bytes: How much all ``copy`` operations together may copy, as JSON text. They can double a document again
            and again: a few hundred bytes of patch would fill the memory.

    Raises:
        InvalidBody: The patch is malformed or leads nowhere; the pointer is that of the patch's own part.
        Conflict: A ``test`` failed.

    Source:
        RFC 6902 §4; RFC 5789 §2.2 for the 409 of a failed test.
    """
    if not isinstance(operations, list):
        raise InvalidBody.at("", "has to be an array of operations (RFC 6902)")
    if len(operations) > MOST_OPERATIONS:
        raise InvalidBody.at("", f"has more than {MOST_OPERATIONS} operations")
    document = copy.deepcopy(dict(target))
    copies = _Copies(most_bytes)
    for index, operation in enumerate(operations):
        document = _Step(f"/{index}", operation, copies).applied_to(document)
    return document


class _Copies:
    """Copies values, up to *most_bytes* of JSON text in all."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._copied_bytes = 0

    def copy_of(self, value: Any, pointer: str) -> Any:
        try:
            encoded = orjson.dumps(value)
        except orjson.JSONEncodeError as exc:
            # Operations before this one nested it deeper than the encoder goes.
            raise _too_deep(pointer) from exc
        self._copied_bytes += len(encoded)
        if self._copied_bytes > self._most_bytes:
            raise _too_large(pointer, self._most_bytes)
        return orjson.loads(encoded)


class _Step:
    """One operation of a JSON Patch, at *pointer* in the patch."""

    def __init__(self, pointer: str, operation: Any, copies: _Copies) -> None:
        self._pointer = pointer
        self._copies = copies
        if not isinstance(operation, Mapping):
            raise InvalidBody.at(pointer, "has to be an object with op and path")
        self._operation = operation
        self._name = self._text("op")
        self._path = self._tokens("path")

    def applied_to(self, document: Any) -> Any:
        actions: dict[str, Callable[[Any], Any]] = {
            "add": lambda root: self._added(root, self._path, self._value()),
            "remove": lambda root: self._removed(root, self._path)[0],
            "replace": self._replaced,
            "move": self._moved,
            "copy": self._copied,
            "test": self._tested,
        }
        if self._name not in actions:
            raise InvalidBody.at(f"{self._pointer}/op", f"has to be one of {', '.join(actions)}")
        return actions[self._name](document)

    def _replaced(self, root: Any) -> Any:
        self._at(root, self._path, "path")
        if not self._path:
            return self._value()
        parent = self._at(root, self._path[:-1], "path")
        parent[_key(parent, self._path[-1])] = self._value()
        return root

    def _moved(self, root: Any) -> Any:
        source = self._tokens("from")
        if source == self._path[: len(source)] and source != self._path:
            raise InvalidBody.at(f"{self._pointer}/from", "cannot be moved into itself")
        root, value = self._removed(root, source, "from")
        return self._added(root, self._path, value)

    def _copied(self, root: Any) -> Any:
        original = self._at(root, self._tokens("from"), "from")
        return self._added(root, self._path, self._copies.copy_of(original, self._pointer))

    def _tested(self, root: Any) -> Any:
        if not _equal(self._at(root, self._path, "path"), self._value()):
            raise Conflict(f"The test at {self._pointer} failed: {self._operation['path']!r} has another value.")
        return root

    def _added(self, root: Any, path: Sequence[str], value: Any) -> Any:
        if not path:
            return value
        parent, last = self._at(root, path[:-1], "path"), path[-1]
        if isinstance(parent, list):
            index = len(parent) if last == "-" else _index(last)
            if index is None or index > len(parent):
                raise self._nowhere("path")
            parent.insert(index, value)
        elif isinstance(parent, dict):
            parent[last] = value
        else:
            raise self._nowhere("path")
        return root

    def _removed(self, root: Any, path: Sequence[str], member: str = "path") -> tuple[Any, Any]:
        value = self._at(root, path, member)
        if not path:
            raise InvalidBody.at(f"{self._pointer}/{member}", "is the resource itself, which DELETE removes")
        parent = self._at(root, path[:-1], member)
        del parent[_key(parent, path[-1])]
        return root, value

    def _at(self, root: Any, path: Sequence[str], member: str) -> Any:
        here = root
        for token in path:
            if isinstance(here, dict) and token in here:
                here = here[token]
            elif isinstance(here, list) and (index := _index(token)) is not None and index < len(here):
                here = here[index]
            else:
                raise self._nowhere(member)
        return here

    def _value(self) -> Any:
        if "value" not in self._operation:
            raise InvalidBody.at(f"{self._pointer}/value", "is required")
        return copy.deepcopy(self._operation["value"])

    def _text(self, member: str) -> str:
        text = self._operation.get(member)
        if not isinstance(text, str):
            raise InvalidBody.at(f"{self._pointer}/{member}", "is required and has to be a text")
        return text

    def _tokens(self, member: str) -> tuple[str, ...]:
        text = self._text(member)
        if text and not text.startswith("/"):
            raise InvalidBody.at(f"{self._pointer}/{member}", "has to be a JSON pointer: empty, or beginning with /")
        return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])

    def _nowhere(self, member: str) -> InvalidBody:
        return InvalidBody.at(
            f"{self._pointer}/{member}", f"leads nowhere in the resource: {self._operation[member]!r}"
        )


def _index(token: str) -> int | None:
    """Read an array index: digits only, no leading zero (RFC 6901 §4)."""
    is_index = token.isascii() and token.isdecimal() and len(token) < 10 and not (token[0] == "0" and len(token) > 1)
    return int(token) if is_index else None


def _key(parent: Any, token: str) -> Any:
    return _index(token) if isinstance(parent, list) else token


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON: Python takes true for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _too_deep(pointer: str) -> InvalidBody:
    return InvalidBody.at(pointer, f"is a patch that nests the resource more than {DEEPEST_NESTING} deep")


def _too_large(pointer: str, most_bytes: int) -> InvalidBody:
    return InvalidBody.at(pointer, f"is a patch that makes more than {most_bytes} bytes of the resource")
