"""Slots for work of which only so much is done at a time, shared out among those who ask for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Slots"]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    owner: str
    part: str
    turn: asyncio.Future[None]


class Slots:
    """A number of slots, of which one owner holds no more than its share.

    A slot that becomes free goes to the owner who holds fewest, there to the part that holds fewest, and among equals
    to who has waited longest.
    """

    def __init__(self, count: int, *, share: int | None = None) -> None:
        """Make them.

        Args:
            count: How many there are.
            share: How many one owner holds at most; None for all.
        """
        self._free = count
        self._share = count if share is None else share
        self._held = Counter[str]()
        self._held_by_part = Counter[tuple[str, str]]()
        self._waiting: list[_Waiter] = []

    @asynccontextmanager
    async def one(self, owner: str, *, part: str = "", wait_seconds: float | None = None) -> AsyncIterator[None]:
        """Hold a slot in a block.

        Args:
            owner: Who asks.
            part: For which of several of the owner's.
            wait_seconds: How long to wait for it; None for as long as it takes.

        Raises:
            TimeoutError: None has become free in time.
        """
        if not self._free or self._held[owner] >= self._share:
            await self._wait(owner, part, wait_seconds)
        else:
            self._take(owner, part)
        try:
            yield
        finally:
            self._give_back(owner, part)

    async def _wait(self, owner: str, part: str, seconds: float | None) -> None:
        waiter = _Waiter(owner, part, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.turn
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:
                # It was given a slot in the very moment in which it gave up.
                self._give_back(owner, part)
            raise

    def _take(self, owner: str, part: str) -> None:
        self._free -= 1
        self._held[owner] += 1
        self._held_by_part[owner, part] += 1

    def _give_back(self, owner: str, part: str) -> None:
        self._free += 1
        self._held[owner] -= 1
        self._held_by_part[owner, part] -= 1
        # What nobody holds is not kept.
        if not self._held[owner]:
            del self._held[owner]
        if not self._held_by_part[owner, part]:
            del self._held_by_part[owner, part]
        self._hand_on()

    def _hand_on(self) -> None:
        """Give free slots to those who wait."""
        while self._free:
            # Who has given up, and has not come to say so yet, gets none.
            ready = [each for each in self._waiting if self._held[each.owner] < self._share and not each.turn.done()]
            if not ready:
                return
            waiter = min(ready, key=lambda each: (self._held[each.owner], self._held_by_part[each.owner, each.part]))
            self._waiting.remove(waiter)
            self._take(waiter.owner, waiter.part)
            waiter.turn.set_result(None)
