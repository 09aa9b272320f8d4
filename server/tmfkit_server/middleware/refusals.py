"""Requests without a known credential, told of once a minute."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextvars import Context

from tmfkit_server.counts import COUNTS

__all__ = ["Refusals"]

_LOG = logging.getLogger(__name__)
_MINUTE_SECONDS = 60.0
_MOST_NAMED = 5
_MOST_KNOWN = 1000


class Refusals:
    """Counts them, and says within a minute how many there were and where they came from."""

    def __init__(self, *, every_seconds: float = _MINUTE_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._count = 0
        self._from = Counter[str]()

    def take(self, address: str) -> None:
        """Take note of one."""
        COUNTS.credentials_refused += 1
        if not self._count:
            # It is of no request, also not of the one that comes first.
            asyncio.get_running_loop().call_later(self._every_seconds, self.tell, context=Context())
        self._count += 1
        if address in self._from or len(self._from) < _MOST_KNOWN:
            self._from[address] += 1

    def tell(self) -> None:
        """Say how many there were since the last time, if there were any."""
        if not self._count:
            return
        worst = ", ".join(f"{address} ({count})" for address, count in self._from.most_common(_MOST_NAMED))
        _LOG.warning("%s requests without a known credential within a minute, from %s", self._count, worst)
        self._count = 0
        self._from.clear()
