"""Reads that show the state before a write: they are repeated for a while, since many targets show writes late.

Only what cannot be the state after the write is waited for. Where a write was refused or took no effect, the state
before it is what a sound target shows; then one more look is taken after the greatest lag that was seen.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import unquote

from tmfkit_conformance.drive.client import Client
from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Settling"]

_Kind = Literal["made", "changed", "removed", "tried", "listed", "found"]

_IN_VAIN: Final = 3
"""Waits for one operation that brought nothing, after which it is not waited for any more."""

_FIRST_SECONDS, _LONGEST_SECONDS = 0.05, 0.3
_MARGIN: Final = 1.1
"""A lag is measured by looking now and then; the next write may take a little longer."""


@dataclass(frozen=True, slots=True)
class _Write:
    kind: _Kind
    at: float
    before: Any = None


class Settling:
    """What the writes of a run have to show, by address; a record is worked on by one thread at a time.

    Args:
        client: Sends and records.
        seconds: Longest wait until a write can be seen.
    """

    def __init__(self, client: Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._writes: dict[str, _Write] = {}
        self._last: dict[str, str] = {}  # address of a collection → that of what was made or removed there last
        self._seen: dict[str, Any] = {}
        self._in_vain: Counter[tuple[str, _Kind]] = Counter()
        self._latest = 0.0
        self._lock = threading.Lock()
        self.lag_seconds = 0.0
        """The greatest lag that was seen."""

    def made(self, url: str, answer: Any) -> None:
        """Remember that something was made at an address."""
        self._writes[url] = _Write("made", self._now())
        self._last[url.rpartition("/")[0]] = url
        self._seen[url] = answer

    def wrote(self, exchange: Exchange) -> None:
        """Remember a request other than a read."""
        self._latest = self._now()
        url, before = _place(exchange), self._seen.get(_place(exchange))
        if url not in self._writes:
            return
        method, is_removed = exchange.request.method, self._writes[url].kind == "removed"
        is_back = method == "PUT" and exchange.is_success  # nothing else brings back what was deleted
        if method == "DELETE" and exchange.is_success:
            self._writes[url] = _Write("removed", self._latest)
            self._last[url.rpartition("/")[0]] = url
        elif method in ("PATCH", "PUT") and (is_back or not is_removed):
            is_changed = exchange.is_success and isinstance(exchange.answer, dict) and exchange.answer != before
            self._writes[url] = _Write("changed" if is_changed else "tried", self._latest, before)
            if is_changed:
                self._seen[url] = exchange.answer

    def settled(self, exchange: Exchange, again: Callable[[], Exchange]) -> Exchange:
        """Return an exchange that shows the latest write, as far as waiting helps.

        Args:
            exchange: The first try.
            again: Sends the same request once more.
        """
        url = _place(exchange)
        # What is done to a thing by a path below its own, sending it for one, needs it to be there as well.
        write = self._writes.get(url) or self._writes.get(url.rpartition("/")[0])
        if write is not None:
            exchange = self._repeated(exchange, again, write, functools.partial(self._earlier, write))
        elif last := self._last.get(url):
            exchange = self._repeated(exchange, again, self._writes[last], functools.partial(self._earlier_list, last))
        if exchange.request.method == "GET" and exchange.is_success and "?" not in exchange.request.url:
            self._seen[url] = exchange.answer
        return exchange

    def rest(self) -> None:
        """Wait until every write so far can be seen in lists, as far as lags are known."""
        left = self._latest + self.lag_seconds * _MARGIN - self._now()
        if self.lag_seconds and left > 0:
            time.sleep(left)

    def saw(self, lag_seconds: float) -> None:
        """Remember a lag."""
        with self._lock:
            self.lag_seconds = max(self.lag_seconds, lag_seconds)

    def _earlier(self, write: _Write, exchange: Exchange) -> _Kind | None:
        """Return the kind of write whose state before it an exchange shows; None when it does not."""
        is_read = exchange.request.method == "GET"
        if write.kind == "removed":
            return "removed" if is_read and exchange.is_success else None
        if exchange.status == 404:
            return "made"
        if not (is_read and exchange.is_success and write.before is not None) or "?" in exchange.request.url:
            return None
        return write.kind if exchange.answer == write.before else None

    def _earlier_list(self, url: str, exchange: Exchange) -> _Kind | None:
        """Return the kind of write whose state before it a list shows, of what was made or removed last at an address.

        A list with a condition, or whose end is not known, may rightly lack what was made last: it is looked at again
        after a moment only. A list that was asked for before the write was done need not show it.
        """
        if exchange.request.method != "GET" or not exchange.is_success or not isinstance(exchange.answer, list):
            return None
        write = self._writes[url]
        if self._now() - exchange.elapsed_ms / 1000 < write.at:
            return None
        is_shown = unquote(url.rpartition("/")[2]) in paging.identifiers([exchange])
        if write.kind == "removed":
            return "removed" if is_shown else None
        is_whole = paging.is_whole([exchange])
        if is_shown or (not is_whole and (paging.is_by_link([exchange]) or paging.total(exchange) is not None)):
            return None
        return "listed" if is_whole and "?" not in exchange.request.url else "found"

    def _limit(self, kind: _Kind) -> float:
        """Return how many seconds after a write it is waited for."""
        if kind == "tried":
            return self.lag_seconds * _MARGIN
        longest = self._seconds * _MARGIN
        return min(max(self.lag_seconds * _MARGIN, _FIRST_SECONDS), longest) if kind == "found" else longest

    def _repeated(
        self,
        exchange: Exchange,
        again: Callable[[], Exchange],
        write: _Write,
        earlier: Callable[[Exchange], _Kind | None],
    ) -> Exchange:
        kind, waits, pause = earlier(exchange), 0, _FIRST_SECONDS
        if kind is None:
            return exchange
        key, limit = (exchange.operation, kind), self._limit(kind)
        if kind == "tried":
            pause = limit
        while self._in_vain[key] < _IN_VAIN and (left := write.at + limit - self._now()) > 0:
            waits += 1
            time.sleep(min(pause, left))
            self._client.amend(exchange, superseded=True)
            exchange = again()
            if not earlier(exchange):
                return self._seen_late(exchange, write)
            pause = min(pause * 2, _LONGEST_SECONDS)
        # That a write without effect shows none is no disappointment.
        with self._lock:
            self._in_vain[key] += bool(waits) and kind != "tried"
        return exchange

    def _seen_late(self, exchange: Exchange, write: _Write) -> Exchange:
        self.saw(lag := self._now() - write.at)
        said = f"visible after {lag * 1000:.0f} ms"
        return self._client.amend(exchange, waited="; ".join(part for part in (exchange.waited, said) if part))

    @staticmethod
    def _now() -> float:
        return time.monotonic()


def _place(exchange: Exchange) -> str:
    return exchange.request.url.partition("?")[0]
