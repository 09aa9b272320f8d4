"""Turns to search: who asks waits for a slot, but not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import TooBusy
from tmfkit_server.slots import Slots

__all__ = ["search_turn"]

_WAIT_SECONDS = 3.0


@asynccontextmanager
async def search_turn(slots: Slots, asker: str) -> AsyncIterator[None]:
    """Hold a slot for a search.

    Args:
        slots: The slots for searches of its kind.
        asker: Who asks.

    Raises:
        TooBusy: None became free in time.
    """
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(slots.one(asker, wait_seconds=_WAIT_SECONDS))
        except TimeoutError as exc:
            COUNTS.searches_refused += 1
            raise TooBusy(f"no slot for a search became free within {_WAIT_SECONDS:g} s") from exc
        yield
