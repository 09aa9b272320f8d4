"""Long work on the event loop, done in small pieces."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from itertools import islice
from operator import itemgetter
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

__all__ = ["Keyed", "Turns", "in_order"]

_LONGEST_TURN_SECONDS = 0.002
# As many as are sorted within a turn.
_RUN = 2000

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
        await asyncio.sleep(0)
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
