"""A request and its answer as a broken server sees them, between the client and the sound application."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import Field, dataclass, replace
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tmfkit_conformance.record.exchange import Headers, Response
from tmfkit_models.contracts import Contract, Operation

__all__ = ["Answer", "Call", "Sound", "answered", "operation_at"]


class _Message:
    """What has a body: a data class with the field ``body``."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def with_json(self, value: Any) -> Self:
        """Return the same with another body."""
        return replace(self, body=json.dumps(value).encode())


@dataclass(frozen=True)
class Call(_Message):
    """A request that is on its way to the sound application.

    Attributes:
        method: HTTP method.
        path: Path at the server, base path included, percent encoding undone.
        query: Query string as received, without the question mark.
        headers: Headers as received.
        body: Body as received.
        operation: The operation of the contract that this calls; None when it has no such operation.
        identifier: Id in the path; empty without one.
        connection: What tells the connection that it came over from others; empty where nothing does.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    operation: Operation | None = None
    identifier: str = ""
    connection: str = ""

    @functools.cached_property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Query parameters in the order received."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def names(self) -> set[str]:
        """Names of the query parameters."""
        return {name for name, _ in self.parameters}

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, lower case; empty without one."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def action(self) -> str:
        """Action of the operation; empty when the contract has no such operation."""
        return self.operation.action if self.operation else ""

    def header(self, name: str) -> str:
        """Return the first value of a header, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def at(self, identifier: str) -> Call:
        """Return the same call to another thing of the collection."""
        before, _, after = self.path.rpartition(self.identifier)
        return replace(self, path=f"{before}{identifier}{after}", identifier=identifier)

    def without_parameters(self, *names: str) -> Call:
        """Return the call without these query parameters."""
        return replace(self, query=urlencode([pair for pair in self.parameters if pair[0] not in names]))


@dataclass(frozen=True)
class Answer(_Message, Response):
    """What a server answers."""

    @property
    def identifier(self) -> str:
        """Id of the thing made or returned: the body's ``id``, else the end of Location; empty without both."""
        if isinstance(self.json, dict) and self.json.get("id") not in (None, ""):
            return str(self.json["id"])
        location = self.header("Location") or self.header("Content-Location") or ""
        return unquote(urlsplit(location).path.rstrip("/").rsplit("/", 1)[-1])

    def with_status(self, status: int) -> Answer:
        """Return the answer with another status."""
        return replace(self, status=status)

    def with_header(self, name: str, value: str) -> Answer:
        """Return the answer with one value for a header; without the header when the value is empty."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*others, (name, value)) if value else others)


Sound = Callable[[Call], Awaitable[Answer]]
"""The sound application: what it answers to a call."""


def answered(status: int, value: Any = None) -> Answer:
    """Return an answer that no application was asked for; without a body when *value* is None."""
    headers = (("Content-Type", "application/json"),)
    return Answer(status, headers, b"" if value is None else json.dumps(value).encode())


def operation_at(contract: Contract, method: str, path: str) -> tuple[Operation | None, str]:
    """Return the operation that *method* and *path* call, None when there is none, and the id in the path."""
    below = path.removeprefix(contract.base_path).rstrip("/")
    for operation in _literal_first(contract.operations):
        before, marker, after = operation.path.partition("{id}")
        if operation.method != method:
            continue
        if not marker and below == before:
            return operation, ""
        middle = below[len(before) : len(below) - len(after)]
        if marker and middle and "/" not in middle and below == f"{before}{middle}{after}":
            return operation, middle
    return None, ""


def _literal_first(operations: Iterable[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda operation: "{id}" in operation.path)
