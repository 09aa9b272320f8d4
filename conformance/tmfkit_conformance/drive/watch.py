"""Watches whether the target still serves: silence, errors and refused credentials, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tmfkit_conformance.drive.client import SILENCE_LIMIT
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Watch"]

_FAILURE_LIMIT: Final = 12
"""Answers of one kind of trouble, one after the other, after which the target is asked whether it serves anything."""

_PATIENCE_SECONDS: Final = 2.0
_SILENT, _FAILING, _REFUSING = "silent", "failing", "refusing"
_WORDS: Final = {
    _FAILING: "the target answers everything with 5xx since exchange {}",
    _REFUSING: "the target refuses the credentials since exchange {}",
}


class Watch:
    """Counts what goes wrong, whoever sent it; may be used by several threads.

    Args:
        timeout_seconds: Longest wait for an answer.
        is_served: Asks the target once more for something that it served before.
    """

    def __init__(self, timeout_seconds: float, is_served: Callable[[], bool]) -> None:
        self._timeout_seconds = timeout_seconds
        self._is_served = is_served
        self._trouble = ""
        self._count = 0
        self._since = 0
        self._silent_seconds = 0.0
        self._silent_until = 0.0
        self._lock = threading.Lock()
        self.lost_since = 0
        """Number of the exchange from which on nothing was served; 0 while the target serves."""
        self.ended = ""
        """Why nothing more is sent; empty while the target serves."""

    @property
    def is_silent(self) -> bool:
        """Whether the latest request was left without an answer."""
        return self._trouble == _SILENT

    @property
    def silences(self) -> int:
        """How many requests, one after the other, were left without an answer."""
        return self._count if self.is_silent else 0

    def end(self, reason: str) -> None:
        """Send nothing more."""
        self.ended = reason

    def saw(self, exchange: Exchange) -> None:
        """Take an exchange into account."""
        with self._lock:
            self._count_in(exchange)

    def _count_in(self, exchange: Exchange) -> None:
        trouble = _trouble(exchange)
        if trouble != self._trouble:
            self._trouble, self._count, self._since, self._silent_seconds = trouble, 0, exchange.sequence, 0.0
        self._count += 1
        if trouble == _SILENT:
            self._saw_silence(exchange)
        elif trouble and self._count >= _FAILURE_LIMIT:
            if self._is_served():
                self._count = 0
            else:
                self._lose(_WORDS[trouble].format(self._since))

    def _saw_silence(self, exchange: Exchange) -> None:
        took, until = exchange.elapsed_ms / 1000, exchange.started + exchange.elapsed_ms / 1000
        # Of requests that were sent beside each other, the time counts once.
        self._silent_seconds += max(0.0, min(took, until - self._silent_until))
        self._silent_until = max(self._silent_until, until)
        if self._count >= SILENCE_LIMIT or (
            self._count > 1 and self._silent_seconds > self._timeout_seconds + _PATIENCE_SECONDS
        ):
            self._lose(f"the target left {self._count} requests one after the other without an answer")

    def _lose(self, reason: str) -> None:
        self.ended, self.lost_since = reason, self._since


def _trouble(exchange: Exchange) -> str:
    if exchange.response is None:
        return _SILENT
    if exchange.is_breakdown:
        return _FAILING
    return _REFUSING if exchange.status in (401, 403) else ""
