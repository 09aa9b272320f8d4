"""Room for long answers that wait for their clients, of one process and shared out among those who ask."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import AsyncIterator

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import TooManyAnswers
from tmfkit_server.turns import PART_BYTES

__all__ = ["AnswerRoom", "Hold", "held"]


class Hold:
    """Part of the room, held for as long as somebody has this."""

    __slots__ = ("__weakref__",)


class AnswerRoom:
    """A number of bytes, of which one owner holds no more than half.

    Who holds nothing gets room for one answer that is longer than that, and so does anybody while nothing is held.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._held_by_owner = Counter[str]()

    def take(self, owner: str, size_bytes: int, *, is_owed: bool = False) -> Hold | None:
        """Hold the room of an answer; None when it is no longer than a part, which every connection may hold.

        Args:
            owner: Who asks.
            size_bytes: How much of the answer is in this process until the client has it.
            is_owed: Whether there is no way back, because what was asked for is done.

        Raises:
            TooManyAnswers: There is no room.
        """
        if size_bytes <= PART_BYTES:
            return None
        if not is_owed and not self._has_room(owner, size_bytes):
            COUNTS.answers_refused += 1
            raise TooManyAnswers
        hold = Hold()
        self._held_bytes += size_bytes
        self._held_by_owner[owner] += size_bytes
        weakref.finalize(hold, self._give_back, owner, size_bytes).atexit = False
        return hold

    def _has_room(self, owner: str, size_bytes: int) -> bool:
        own_bytes = self._held_by_owner[owner]
        return (not own_bytes or own_bytes + size_bytes <= self._most_bytes // 2) and (
            not self._held_bytes or self._held_bytes + size_bytes <= self._most_bytes
        )

    def _give_back(self, owner: str, size_bytes: int) -> None:
        self._held_bytes -= size_bytes
        self._held_by_owner[owner] -= size_bytes
        # What nobody holds is not kept.
        if not self._held_by_owner[owner]:
            del self._held_by_owner[owner]


async def held(parts: AsyncIterator[bytes], hold: Hold) -> AsyncIterator[bytes]:
    """Yield the parts of an answer, whose room is given back with the last of them, or when nobody wants more."""
    async for part in parts:
        yield part
    del hold
