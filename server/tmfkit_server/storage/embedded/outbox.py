"""The outbox of the embedded store: rows of one table, and in memory who waits for which of them."""

from __future__ import annotations

import asyncio
import bisect
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeAlias

from tmfkit_server.query.expression import ALL_BYTES
from tmfkit_server.storage.base import within
from tmfkit_server.storage.embedded.documents import Batch, Change, Documents
from tmfkit_server.storage.embedded.entries import delivery_of, delivery_row
from tmfkit_server.storage.embedded.locks import Holder, Locks
from tmfkit_server.storage.embedded.rows import Kept, body_of, content_bytes
from tmfkit_server.storage.entries import OUTBOX
from tmfkit_server.storage.outbox import DeadLetters, Delivery
from tmfkit_server.turns import Turns

__all__ = ["EmbeddedOutbox", "End"]

End: TypeAlias = Callable[[Batch, Holder], Awaitable[None]]
"""Commits a batch, and releases the locks of its holder."""

# However many dead letters are revived, others have their turn in between.
_ROWS_AT_A_TIME = 500


class EmbeddedOutbox:
    """An ``Outbox``. Whoever changes rows of a listener shares it, whoever takes the listener away has it alone."""

    def __init__(self, documents: Documents, locks: Locks, end: End) -> None:
        """Describe the outbox.

        Args:
            documents: Its table, without keys and indexes.
            locks: The locks of the store.
            end: What commits.
        """
        self._documents = documents
        self._locks = locks
        self._end = end
        self._queues = _Queues(documents)
        self._news = asyncio.Event()
        self._news.set()

    def tell(self) -> None:
        """Wake up who waits for news."""
        self._news.set()

    async def news(self) -> None:
        """Wait for something new; see ``Outbox.news``."""
        await self._news.wait()
        self._news.clear()

    async def listeners(self) -> Sequence[str]:
        """Return who has something coming; see ``Outbox.listeners``."""
        return list(self._queues.waiting)

    async def lease(self, subscription: str) -> bool:
        """Every listener belongs to the one process that there is; see ``Outbox.lease``."""
        del subscription
        return True

    async def release(self, subscription: str) -> None:
        """Nobody else could take it; see ``Outbox.release``."""

    async def deliveries(
        self, subscription: str, *, busy: Collection[str], limit: int, most_bytes: int = ALL_BYTES
    ) -> Sequence[Delivery]:
        """Return what is on its way; see ``Outbox.deliveries``."""
        return self._page(self._queues.next(subscription, busy, limit), most_bytes)

    async def record_outcomes(self, taken: Sequence[Delivery], changed: Sequence[Delivery]) -> Collection[int]:
        """Note what became of deliveries; see ``Outbox.record_outcomes``."""
        async with self._batch(each.subscription for each in (*taken, *changed)) as batch:
            found = {each.sequence for each in (*taken, *changed) if each.sequence in self._documents.rows}
            for each in taken:
                self._change(batch, each.sequence, None)
            turns = Turns()
            for each in changed:
                self._change(batch, each.sequence, each)
                if turns.is_over():
                    await turns.next()
        return found

    async def waiting(self) -> Mapping[str, int]:
        """Return how many are on their way to whom; see ``Outbox.waiting``."""
        return {name: sum(map(len, subjects.values())) for name, subjects in self._queues.waiting.items()}

    async def oldest(self) -> Mapping[str, Delivery]:
        """Return the first on its way to each; see ``Outbox.oldest``."""
        heads = [min(numbers[0] for numbers in subjects.values()) for subjects in self._queues.waiting.values()]
        return {each.subscription: each for each in self._read(heads)}

    async def dead_letters(
        self, subscription: str | None, *, offset: int, limit: int, most_bytes: int = ALL_BYTES
    ) -> DeadLetters:
        """Return dead letters; see ``Outbox.dead_letters``."""
        numbers = self._dead(subscription)
        return DeadLetters(self._page(numbers[offset : offset + limit], most_bytes), len(numbers))

    async def revive(self, sequence: int) -> bool:
        """Send a dead letter on its way; see ``Outbox.revive``."""
        return await self._revive([sequence]) > 0

    async def revive_all(self, subscription: str | None) -> int:
        """Send dead letters on their way; see ``Outbox.revive_all``."""
        numbers, revived = self._dead(subscription), 0
        for start in range(0, len(numbers), _ROWS_AT_A_TIME):
            revived += await self._revive(numbers[start : start + _ROWS_AT_A_TIME])
        return revived

    async def discard(self, sequence: int) -> bool:
        """Forget a dead letter; see ``Outbox.discard``."""
        owners = [each.subscription for each in self._read([sequence])]
        async with self._batch(owners) as batch:
            is_there = sequence in self._dead(None)
            if is_there:
                self._change(batch, sequence, None)
        return is_there

    async def clear(self, batch: Batch, holder: Holder, subscription: str) -> None:
        """Add to *batch* that everything of a listener goes; *holder* keeps the listener until it is committed."""
        await self._locks.acquire(holder, (OUTBOX, subscription))
        for number in self._queues.all(subscription):
            self._change(batch, number, None)

    async def _revive(self, sequences: Sequence[int]) -> int:
        owners = {each.subscription for each in self._read(sequences)}
        async with self._batch(owners) as batch:
            dead = [each for each in self._read(sequences) if each.death]
            for each in dead:
                new = replace(each, queued=int(time.time()), attempts=0, due=0.0, death=None)
                self._change(batch, each.sequence, new)
        return len(dead)

    @asynccontextmanager
    async def _batch(self, subscriptions: Iterable[str]) -> AsyncIterator[Batch]:
        """Give a batch that is committed at the end of the block; meanwhile none of *subscriptions* is taken away."""
        holder, batch = Holder(), Batch()
        try:
            for subscription in sorted(set(subscriptions)):
                await self._locks.acquire(holder, (OUTBOX, subscription), is_shared=True)
            yield batch
        except BaseException:
            self._locks.release(holder)
            raise
        if batch.changes:
            await self._end(batch, holder)
        else:
            self._locks.release(holder)

    def _change(self, batch: Batch, number: int, after: Delivery | None) -> None:
        """Add a change of a row, if it is still there."""
        if number in self._documents.rows:
            row, body = delivery_row(after) if after is not None else (None, None)
            batch.add(Change(self._documents, number, row, body))

    def _page(self, numbers: Iterable[int], most_bytes: int) -> list[Delivery]:
        rows = within(self._rows(numbers), most_bytes, lambda found: content_bytes(found[1]))
        return [delivery_of(*row) for row in rows]

    def _read(self, numbers: Iterable[int]) -> list[Delivery]:
        return [delivery_of(*row) for row in self._rows(numbers)]

    def _rows(self, numbers: Iterable[int]) -> Iterator[tuple[int, Kept]]:
        rows = self._documents.rows
        found = ((number, rows.get(number)) for number in numbers)
        return ((number, row) for number, row in found if row is not None)

    def _dead(self, subscription: str | None) -> list[int]:
        if subscription is not None:
            return list(self._queues.dead.get(subscription, ()))
        return sorted(number for numbers in self._queues.dead.values() for number in numbers)


class _Queues:
    """The numbers of the rows, in their order, kept beside the table.

    Attributes:
        waiting: Listener → subject → what is on its way.
        dead: Listener → dead letters.
    """

    def __init__(self, documents: Documents) -> None:
        # Number → listener, and subject or, of a dead letter, None.
        self._places: dict[int, tuple[str, str | None]] = {}
        self.waiting: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.dead: defaultdict[str, list[int]] = defaultdict(list)
        documents.watchers.append(self._follow)

    def next(self, subscription: str, busy: Collection[str], limit: int) -> list[int]:
        """Return the first numbers of subjects that are not *busy*."""
        found: list[int] = []
        for subject, numbers in self.waiting.get(subscription, {}).items():
            if len(found) >= limit:
                break
            if subject not in busy:
                found += numbers[: limit - len(found)]
        return found

    def all(self, subscription: str) -> list[int]:
        """Return every number of a listener."""
        waiting = self.waiting.get(subscription, {}).values()
        return [*(number for numbers in waiting for number in numbers), *self.dead.get(subscription, ())]

    def _follow(self, change: Change, before: Kept | None) -> None:
        del before
        if change.number in self._places:
            self._take_out(change.number)
        if change.row is not None:
            body = change.body if change.body is not None else body_of(change.row)
            place = sys.intern(body["subscription"]), None if body.get("death") else body.get("subject", "")
            self._places[change.number] = place
            bisect.insort(self._queue_at(*place), change.number)

    def _queue_at(self, subscription: str, subject: str | None) -> list[int]:
        return self.dead[subscription] if subject is None else self.waiting[subscription][subject]

    def _take_out(self, number: int) -> None:
        subscription, subject = self._places.pop(number)
        numbers = self._queue_at(subscription, subject)
        del numbers[bisect.bisect_left(numbers, number)]
        if numbers:
            return
        if subject is None:
            del self.dead[subscription]
            return
        del self.waiting[subscription][subject]
        if not self.waiting[subscription]:
            del self.waiting[subscription]
