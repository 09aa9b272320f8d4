"""How long the kit waits where a target asks for it, and how fast it goes: pacing, Retry-After, one repeated read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tmfkit_conformance.record.exchange import Response

__all__ = ["Pace", "Patience", "Pause", "retry_after_seconds"]

_LONGEST_SECONDS: Final = 10.0
"""A Retry-After beyond this is not waited for: it speaks of maintenance or of a quota."""

_REPETITIONS: Final = 3
_BUDGET_SECONDS: Final = 300.0
_IN_VAIN: Final = 3
_GATEWAY_SECONDS: Final = 0.2
_SPOKEN: Final = (429, 503)
_PASSING: Final = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait before a request is repeated.

    Attributes:
        seconds: How long.
        reason: What the answer was that is not taken for the last word.
    """

    seconds: float
    reason: str


class Pace:
    """Spreads requests evenly.

    Args:
        per_second: Requests a second; 0 for as fast as the target answers.
    """

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def keep(self) -> None:
        """Wait until the next request may go."""
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            due = max(now, self._next)
            self._next = due + self._gap
        time.sleep(due - now)


class Patience:
    """Decides whether an answer is the last word, within what a run may wait altogether; for several threads.

    Args:
        now: The current time, for a Retry-After that is a date.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._left = _BUDGET_SECONDS
        self._in_vain = 0
        self._lock = threading.Lock()

    def pause(self, method: str, response: Response | None, repeated: int) -> Pause | None:
        """Return how long to wait before the request is sent again; None when the answer stands.

        Args:
            method: HTTP method.
            response: The answer.
            repeated: How often the request has been repeated.
        """
        if response is None or response.status not in (*_SPOKEN, *_PASSING):
            self._in_vain = 0
            return None
        said = response.header("Retry-After")
        asked = retry_after_seconds(said, self._now()) if said and response.status in _SPOKEN else None
        if asked is not None:
            return self._asked(response.status, asked, repeated)
        if method == "GET" and response.status in _PASSING and not repeated:
            return Pause(_GATEWAY_SECONDS, f"{response.status}")
        return None

    def _asked(self, status: int, seconds: float, repeated: int) -> Pause | None:
        with self._lock:
            if repeated >= _REPETITIONS:
                self._in_vain += 1
            if repeated >= _REPETITIONS or self._in_vain >= _IN_VAIN or seconds > min(_LONGEST_SECONDS, self._left):
                return None
            self._left -= seconds
        return Pause(seconds, f"{status} with Retry-After")


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Return the wait that a ``Retry-After`` header asks for, in seconds; None when it says nothing that can be read.

    Source: RFC 9110 §10.2.3 (header), §5.6.7 (date forms).
    """
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text) if len(text) < 10 else None
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    # The obsolete asctime form carries no zone; every HTTP date is UTC.
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())
