"""Turns to search: who asks waits for a slot, but not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import TooBusy
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.slots import Slots

__all__ = ["SearchTurns"]


class SearchTurns:
    """The turns of one process."""

    def __init__(self, limits: SearchLimits) -> None:
        self._wait_seconds = limits.wait_seconds
        self._scans = Slots(limits.scans, share=max(1, limits.scans // 2))
        self._lookups = Slots(limits.lookups)

    @asynccontextmanager
    async def one(self, asker: str, *, is_lookup: bool = False) -> AsyncIterator[None]:
        """Hold a turn in a block.

        Args:
            asker: Who asks; nobody has more than half of the turns for searches that look at records one by one.
            is_lookup: Whether indexes lead to what is searched for.

        Raises:
            TooBusy: There was none in time.
        """
        slots = self._lookups if is_lookup else self._scans
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(slots.one(asker, wait_seconds=self._wait_seconds))
            except TimeoutError as exc:
                COUNTS.searches_refused += 1
                raise TooBusy(f"no slot for a search became free within {self._wait_seconds:g} s") from exc
            yield
