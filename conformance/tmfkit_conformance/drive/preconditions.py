"""What a target demands that asks for If-Match on a change: the latest ETag of the record is sent with it.

Source: RFC 6585 §3 (428), RFC 9110 §13.1.1 (If-Match), §8.8.3 (ETag).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tmfkit_conformance.record import wire
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Preconditions"]

_REQUIRED: Final = 428
_FAILED: Final = 412
_CHANGING: Final = ("PATCH", "PUT", "DELETE")
_ANY: Final = "*"
"""Sent for a record without an ETag."""


class Preconditions:
    """Remembers ETags by address, and where one is demanded; for several threads."""

    def __init__(self) -> None:
        self._tags: dict[str, str] = {}
        self._demanded: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @property
    def demanded(self) -> tuple[str, ...]:
        """The methods of which a request was refused that had no If-Match."""
        with self._lock:
            return tuple(sorted({method for method, _ in self._demanded}))

    def saw(self, exchange: Exchange) -> None:
        """Take note of an answer: the ETag of what is read or was changed, or that one is demanded."""
        method, url = exchange.request.method, exchange.request.url
        if not exchange.response or method not in ("GET", *_CHANGING):
            return
        tag = exchange.response.header("ETag") or ""
        with self._lock:
            if exchange.status == _REQUIRED and method in _CHANGING:
                self._demanded.add(_place(method, url))
            if exchange.is_success and "?" not in url:
                self._tags[url] = tag
            elif exchange.status in (_REQUIRED, _FAILED):
                self._tags.pop(url, None)

    def met(self, method: str, url: str, read: Callable[[str], object]) -> dict[str, str]:
        """Return the header that a change has to have; none where the target never asked for one there.

        Args:
            method: HTTP method.
            url: Address of what is changed, which may have a query.
            read: Reads an address, when its ETag is not known.
        """
        with self._lock:
            if _place(method, url) not in self._demanded:
                return {}
        address = url.partition("?")[0]
        if not self._tags.get(address):
            read(address)
        return {"If-Match": self._tags.get(address) or _ANY}

    @staticmethod
    def are_lacking(exchange: Exchange) -> bool:
        """Say whether a change was refused for want of an If-Match, or because that of an older state was sent."""
        is_stale = exchange.status == _FAILED and wire.first_header(exchange.request.headers, "If-Match") is not None
        return exchange.request.method in _CHANGING and (exchange.status == _REQUIRED or is_stale)


def _place(method: str, url: str) -> tuple[str, str]:
    return method, url.partition("?")[0].rpartition("/")[0]
