"""Long work on the event loop, done in small pieces."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import islice
from operator import itemgetter
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

__all__ = ["PART_BYTES", "Keyed", "Turns", "array_in_parts", "in_order"]

_LONGEST_TURN_SECONDS = 0.002
# A request takes a few rounds of the loop: who had ten turns at once waits until the others have had theirs.
_MUCH_TOO_LONG_SECONDS, _REST_SECONDS = 0.02, 0.001
# As many as are sorted within a turn.
_RUN = 2000
PART_BYTES = 64 * 1024
"""Of an answer, as much as a connection keeps for a client that reads slowly."""

T = TypeVar("T")
Keyed: TypeAlias = tuple[tuple[Any, ...], T]
"""A value behind the key that it is sorted by."""


class Turns:
    """Tells when it is time to let everybody else have a turn, which is a question of time: documents differ in size.

    ::

        if turns.is_over():
            await turns.next()
    """

    def __init__(self) -> None:
        self._end = perf_counter() + _LONGEST_TURN_SECONDS

    def is_over(self) -> bool:
        """Tell whether the others have waited long enough."""
        return perf_counter() >= self._end

    async def next(self) -> None:
        """Let them go first."""
        is_late = perf_counter() - self._end > _MUCH_TOO_LONG_SECONDS
        await asyncio.sleep(_REST_SECONDS if is_late else 0)
        self._end = perf_counter() + _LONGEST_TURN_SECONDS


async def in_order(items: Sequence[Keyed[T]], *, most: int | None) -> list[T]:
    """Return the values in the order of their keys, those with equal keys as they come; the first *most* of them.

    A thread would not do: sorting a list holds the interpreter's lock from beginning to end.
    """
    turns, runs, ordered = Turns(), [], []
    for start in range(0, len(items), _RUN):
        runs.append(sorted(items[start : start + _RUN], key=itemgetter(0)))
        if turns.is_over():
            await turns.next()
    for _, value in islice(heapq.merge(*runs, key=itemgetter(0)), most):
        ordered.append(value)
        if turns.is_over():
            await turns.next()
    return ordered


async def array_in_parts(texts: AsyncIterator[bytes], *, is_sure: bool = True) -> bytes | AsyncIterator[bytes]:
    """Return the JSON text of an array of *texts*, a long one in parts.

    Args:
        texts: Texts of its members.
        is_sure: Whether all members will come; if not, all of them are waited for, and what they raise is raised.
    """
    parts = _parts(texts)
    first, second = await anext(parts), await anext(parts, None)
    if second is None:
        return first
    ready = deque([first, second])
    if not is_sure:
        ready.extend([part async for part in parts])
    return _each(ready, parts)


async def _parts(texts: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield parts of which none but the last is small."""
    turns, part, size, start = Turns(), [b"["], 0, b""
    async for text in texts:
        part += (start, text)
        start = b","
        size += len(text)
        if size >= PART_BYTES:
            yield b"".join(part)
            part, size = [], 0
        if turns.is_over():
            await turns.next()
    yield b"".join([*part, b"]"])


async def _each(ready: deque[bytes], later: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while ready:
        # What was sent is not kept.
        yield ready.popleft()
    async for part in later:
        yield part
