"""Answers on their way out, several at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["Outgoing"]

# Nobody waits longer for the answers of others than this and one more of them.
_LONGEST_SECONDS = 0.001


class Outgoing:
    """What one turn of the event loop answers to many clients, sent together.

    Where many ask, sending is most of the work for a small answer, because it wakes its client each time. One that is
    awake already costs little; a proxy or a load of connections from one program mostly is after the first.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Callable[[], None]] = []
        self._began = 0.0

    def add(self, send: Callable[[], None]) -> None:
        """Call *send* at the end of this turn, or a millisecond after the first that waits."""
        now = time.monotonic()
        if not self._waiting:
            self._began = now
            self._loop.call_soon(self._send)
        self._waiting.append(send)
        if now - self._began > _LONGEST_SECONDS:
            self._send()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for send in waiting:
            send()
