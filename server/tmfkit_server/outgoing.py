"""Answers on their way out, several at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

__all__ = ["Outgoing"]

_LOG = logging.getLogger(__name__)
# An answer that comes later than this behind the first takes all with it.
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
            try:
                send()
            except Exception:  # noqa: BLE001 - whatever it is, the others are waited for
                _LOG.exception("an answer could not be sent; the others are")
