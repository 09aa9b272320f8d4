"""What was sent and what came back, as small values of our own; credentials are not in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import Unreadable

__all__ = ["SECRET_HEADERS", "Headers", "Request", "Response"]

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
"""Headers that are never kept, in lower case."""

_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


class Headers(Mapping[str, str]):
    """Headers by name, in any case; several values of one name are joined by a comma."""

    __slots__ = ("_pairs", "_values")

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._pairs = pairs
        self._values: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        if self._values is None:
            values: dict[str, str] = {}
            for raw_name, raw_value in self._pairs:
                name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                if name not in SECRET_HEADERS:
                    values[name] = f"{values[name]}, {value}" if name in values else value
            self._values, self._pairs = values, ()
        return self._values

    def __getitem__(self, name: str) -> str:
        return self._read()[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"Headers({self._read()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        pairs = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in self._read().items())
        return Headers, (pairs,)


class Request:
    """A request as it was sent, without credentials.

    Attributes:
        method: GET, POST…
        url: The whole address.
        headers: Those that hold no secret.
        content: The body; empty without one.
    """

    __slots__ = ("content", "headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> None:
        self.method, self.url, self.headers, self.content = method, url, headers, content

    def __repr__(self) -> str:
        return f"<{self.method} {self.url}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Request, (self.method, self.url, dict(self.headers), self.content)


class Response:
    """An answer.

    Attributes:
        status: Its status.
        headers: Its headers; names in any case.
        content: Its body, after decompression.
        request: What it answers.
        attempts: How many times the request was sent, this one included.
    """

    __slots__ = ("attempts", "content", "headers", "request", "status")

    def __init__(
        self, status: int, headers: Mapping[str, str], content: bytes, request: Request, attempts: int = 1
    ) -> None:
        self.status, self.headers, self.content = status, headers, content
        self.request, self.attempts = request, attempts

    @property
    def request_id(self) -> str | None:
        """Name that the server gave the request, for its operators; None when it gave none."""
        return self.headers.get("x-request-id") or self.headers.get("x-correlation-id")

    @property
    def etag(self) -> str | None:
        """Strong tag of what came, fit for ``If-Match``.

        None when there is none, when it is weak, and when the body was encoded: it may be the encoded form's.
        """
        tag = self.headers.get("etag")
        if tag is None or "content-encoding" in self.headers or not _STRONG_TAG.fullmatch(tag):
            return None
        return tag

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            Unreadable: It is none.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"the body is no JSON: {error}", response=self) from error

    def __repr__(self) -> str:
        return f"<{self.status} to {self.request.method} {self.request.url}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Response, (self.status, self.headers, self.content, self.request, self.attempts)
