"""JSON Patch (RFC 6902)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from tmfkit_server.errors import Conflict, InvalidBody
from tmfkit_server.json_pointer import unescaped
from tmfkit_server.nesting import DEEPEST_NESTING
from tmfkit_server.quotes import quoted
from tmfkit_server.services.patches.limits import Copies

__all__ = [
    "JSON_PATCH",
    "Reading",
    "array_index",
    "as_it_is",
    "json_patched",
    "tokens_of",
    "value_at",
]

JSON_PATCH = "application/json-patch+json"
_MOST_OPERATIONS = 500
_LONELY_TILDE = re.compile("~(?![01])")
_NOTHING = object()
_CONTAINERS = frozenset({dict, list})

Reading: TypeAlias = Callable[[str, Any, Any], Iterable[Any]]
"""Takes an operation, behind its pointer in the patch, and what the operations before it have made of the resource;
gives the operations of RFC 6902 that it stands for, each of which is applied before the next one is asked for."""


def as_it_is(pointer: str, operation: Any, document: Any) -> Iterable[Any]:
    """Read an operation as one of RFC 6902."""
    del pointer, document
    return (operation,)


def json_patched(target: Any, operations: Any, *, most_bytes: int, reading: Reading = as_it_is) -> Any:
    """Apply a JSON Patch as a whole; ``check_result`` is for the caller.

    Args:
        target: The resource.
        operations: The patch.
        most_bytes: How much all ``copy`` operations together may copy, as JSON text.
        reading: How operations are read.

    Raises:
        InvalidBody: The patch is malformed or leads nowhere; the pointer is that of the patch's own part.
        Conflict: A ``test`` failed.

    Source:
        RFC 6902 §4; RFC 5789 §2.2 for the 409 of a failed test.
    """
    document, copies = _copied(target), Copies(most_bytes)
    for pointer, operation in _numbered(operations):
        for plain in reading(pointer, operation, document):
            document = _Step(pointer, plain, copies).applied_to(document)
    return document


def tokens_of(text: str, pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer (RFC 6901 §3), which stands at *pointer* in the patch."""
    if text and not text.startswith("/"):
        raise InvalidBody.at(pointer, "has to be a JSON pointer: empty, or beginning with /")
    if _LONELY_TILDE.search(text):
        raise InvalidBody.at(pointer, "has a ~ that neither 0 nor 1 follows: ~0 stands for ~, ~1 for / (RFC 6901 §3)")
    if text.count("/") > DEEPEST_NESTING:
        raise InvalidBody.at(pointer, f"has more than {DEEPEST_NESTING} parts")
    return tuple(unescaped(token) for token in text.split("/")[1:])


def value_at(document: Any, tokens: Iterable[str], default: Any = None) -> Any:
    """Return what a JSON pointer with these parts leads to, *default* when it leads nowhere."""
    here = document
    for token in tokens:
        if isinstance(here, dict) and token in here:
            here = here[token]
        elif isinstance(here, list) and (index := array_index(token)) is not None and index < len(here):
            here = here[index]
        else:
            return default
    return here


def array_index(token: str) -> int | None:
    """Read an array index: digits only, no leading zero (RFC 6901 §4)."""
    is_index = token.isascii() and token.isdecimal() and len(token) < 10 and not (token[0] == "0" and len(token) > 1)
    return int(token) if is_index else None


def _numbered(operations: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(operations, list):
        raise InvalidBody.at("", "has to be an array of operations (RFC 6902)")
    if len(operations) > _MOST_OPERATIONS:
        raise InvalidBody.at("", f"has more than {_MOST_OPERATIONS} operations")
    for index, operation in enumerate(operations):
        yield f"/{index}", operation


class _Step:
    """One operation of a JSON Patch, at *pointer* in the patch."""

    def __init__(self, pointer: str, operation: Any, copies: Copies) -> None:
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
            raise Conflict(f"The test at {self._pointer} failed: {quoted(self._operation['path'])} has another value.")
        return root

    def _added(self, root: Any, path: Sequence[str], value: Any) -> Any:
        if not path:
            return value
        parent, last = self._at(root, path[:-1], "path"), path[-1]
        if isinstance(parent, list):
            index = len(parent) if last == "-" else array_index(last)
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
        value = value_at(root, path, _NOTHING)
        if value is _NOTHING:
            raise self._nowhere(member)
        return value

    def _value(self) -> Any:
        if "value" not in self._operation:
            raise InvalidBody.at(f"{self._pointer}/value", "is required")
        return _copied(self._operation["value"])

    def _text(self, member: str) -> str:
        text = self._operation.get(member)
        if not isinstance(text, str):
            raise InvalidBody.at(f"{self._pointer}/{member}", "is required and has to be a text")
        return text

    def _tokens(self, member: str) -> tuple[str, ...]:
        return tokens_of(self._text(member), f"{self._pointer}/{member}")

    def _nowhere(self, member: str) -> InvalidBody:
        return InvalidBody.at(
            f"{self._pointer}/{member}", f"leads nowhere in the resource: {quoted(self._operation[member])}"
        )


def _copied(value: Any) -> Any:
    """Return a copy of a JSON value, by way of its text: ``copy.deepcopy`` takes a hundred times as long."""
    if type(value) in _CONTAINERS:
        return orjson.loads(orjson.dumps(value))
    return {name: _copied(each) for name, each in value.items()} if isinstance(value, Mapping) else value


def _key(parent: Any, token: str) -> Any:
    return array_index(token) if isinstance(parent, list) else token


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON: Python takes true for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)
