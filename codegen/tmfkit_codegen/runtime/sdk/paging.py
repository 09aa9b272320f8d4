"""The way from page to page, without I/O."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Generic, TypeVar

from .answers import Response
from .calls import Call
from .errors import Unreadable
from .links import next_link
from .settings import Address

__all__ = ["Walk"]

T = TypeVar("T")

_MOST_EMPTY = 100
"""Empty pages on end that links are followed through."""


class Walk(Generic[T]):
    """One way through a list.

    ``Link: next`` is followed to its end. Without one the next page begins behind what was received, until that is as
    many as the server says there are, or, where it does not say, until a page is empty. A page shorter than was asked
    for ends nothing.

    Attributes:
        is_repeated: The page that was added last has been there before.
    """

    def __init__(self, address: Address, call: Call[list[T]], identify: Callable[[T], object] | None) -> None:
        self._address, self._call, self._identify = address, call, identify
        self._start = next((int(value) for name, value in call.query if name == "offset"), 0)
        self._received = 0
        self._total: int | None = None
        self._seen: set[Hashable] = set()
        self._last: Response | None = None
        self._empty = 0
        self._is_linked = self.is_repeated = False

    def first_call(self) -> Call[list[T]]:
        """Return the call of a page that needs one element only."""
        if any(name == "limit" for name, _ in self._call.query):
            return self._call
        return replace(self._call, query=(*self._call.query, ("limit", "1")))

    def add(self, items: list[T], response: Response) -> int | None:
        """Take note of a page; return how many the list has, as far as the server has said."""
        mark = self._mark(items, response)
        self.is_repeated = mark in self._seen
        self._seen.add(mark)
        self._empty = 0 if items else self._empty + 1
        self._last = response
        if not self.is_repeated:
            self._received += len(items)
        text = response.headers.get("x-total-count", "").strip()
        if text.isascii() and text.isdecimal():
            self._total = int(text[:18])
        return self._total

    def _mark(self, items: list[T], response: Response) -> Hashable:
        if not items:
            return response.request.url
        if self._identify is None:
            return hash(response.content)
        known = [self._identify(item) for item in items]
        return hash(response.content) if None in known else repr(known)

    def next_call(self) -> Call[list[T]] | None:
        """Return the call of the next page; None at the end.

        Raises:
            Unreadable: The end came before what the server has said.
        """
        assert self._last is not None
        is_short = self._total is not None and self._start + self._received < self._total
        linked = self._linked(self._last)
        if linked is not None and not self.is_repeated and self._empty < _MOST_EMPTY:
            self._is_linked = True
            return replace(self._call, path=linked, query=())
        if ("limit", "0") in self._call.query:
            return None
        if self.is_repeated or self._empty:
            if is_short and (self._received or self.is_repeated or not self._start):
                raise Unreadable(self._shortage(), response=self._last)
            return None
        if self._total is not None:
            return self._behind() if is_short else None
        return None if self._is_linked else self._behind()

    def _linked(self, response: Response) -> str | None:
        target = next_link(response.headers.get("link", ""))
        return self._address.found(response.request.url, target) if target is not None else None

    def _behind(self) -> Call[list[T]]:
        kept = [pair for pair in self._call.query if pair[0] != "offset"]
        return replace(self._call, query=(*kept, ("offset", str(self._start + self._received))))

    def _shortage(self) -> str:
        what = "a page came again" if self.is_repeated else "a page is empty"
        return f"{what} after {self._received} of the {self._total} elements that X-Total-Count promises"
