"""Addresses of resources: the path is stored, and what the client calls the server by is put before it.

Any address before the right path is the same address, however the server was called when somebody wrote it down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

__all__ = ["Hrefs", "addressed"]

Body = Mapping[str, Any]

_HREF = "href"
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_HTTP = re.compile(r"(https?://\S*)?")
# Server-made attributes come first in what is stored, so that an address can be put in without decoding it.
_IDENTIFIER, _MIDDLE = len('{"id":"'), b'","href":"'


class Hrefs:
    """The addresses of the resources of one collection."""

    def __init__(self, collection: str, aliases: Iterable[str] = ()) -> None:
        """Describe them.

        Args:
            collection: Path of the collection, with the base path of its API.
            aliases: Other paths of it.
        """
        self._collection = f"{collection}/"
        self._collections = (self._collection, *(f"{alias}/" for alias in aliases))
        self._marker = _MIDDLE + self._collection.encode()

    def path_of(self, identifier: str) -> str:
        """Return the path of a resource."""
        # Most identifiers are the server's own.
        return f"{self._collection}{identifier if _PLAIN.fullmatch(identifier) else quote(identifier)}"

    def identifier_in(self, text: str) -> str | None:
        """Return the identifier of the resource that an address, or a path, leads to; None when it leads to none."""
        for collection in self._collections:
            before, found, rest = text.rpartition(collection)
            if found and rest and not set(rest) & set("/?#") and _HTTP.fullmatch(before):
                return unquote(rest)
        return None

    def with_path(self, body: dict[str, Any], identifier: str) -> dict[str, Any]:
        """Return a body that a client sent with the path in the place of any address of the resource."""
        sent, path = body.get(_HREF), self.path_of(identifier)
        if sent != path and isinstance(sent, str) and self.identifier_in(sent) == identifier:
            return {**body, _HREF: path}
        return body

    def with_address(self, body: Body, identifier: str, address: str) -> Body:
        """Return a stored body as it is seen under *address*."""
        return {**body, _HREF: f"{address}{self.path_of(identifier)}"} if _HREF in body else body

    def encoded(self, content: bytes, address: str) -> bytes | None:
        """Return the JSON text of a stored body as it is seen under *address*; None when it has to be decoded."""
        # Behind the identifier, which is the first text: nothing else of a JSON text looks like this.
        end = content.find(b'"', _IDENTIFIER)
        if not content.startswith(self._marker, end):
            return None
        start = end + len(_MIDDLE)
        return content[:start] + address.encode() + content[start:]


def addressed(notification: Body, address: str) -> Body:
    """Return a notification with *address* before the path of the resource that it tells of."""
    return {
        name: {inner: _addressed(value, address) for inner, value in part.items()} if isinstance(part, dict) else part
        for name, part in notification.items()
    }


def _addressed(value: Any, address: str) -> Any:
    if isinstance(value, list):
        return [_addressed(each, address) for each in value]
    if isinstance(value, dict) and str(value.get(_HREF)).startswith("/"):
        return {**value, _HREF: f"{address}{value[_HREF]}"}
    return value
