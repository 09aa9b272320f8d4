"""The embedded store: TinyDB in memory, committed to one SQLite file, for one process.

A change is readable once it is on the disk, not before. Transactions lock what they read and change, and nothing else,
until then: those that touch different resources go to the disk together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from tmfkit_server.counts import COUNTS
from tmfkit_server.query.expression import Search
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.base import Delivery, Entry, IndexPlan, Page, Record, Subscription
from tmfkit_server.storage.embedded.commits import GroupCommit
from tmfkit_server.storage.embedded.documents import Batch, Change
from tmfkit_server.storage.embedded.entries import (
    Listeners,
    delivery_row,
    entry_of,
    record_of,
    row_of,
)
from tmfkit_server.storage.embedded.journal import Journal
from tmfkit_server.storage.embedded.locks import Holder, Locks
from tmfkit_server.storage.embedded.outbox import EmbeddedOutbox, End
from tmfkit_server.storage.embedded.searching import Searcher
from tmfkit_server.storage.embedded.tables import Database, DocumentStorage
from tmfkit_server.storage.entries import OUTBOX, SUBSCRIPTIONS
from tmfkit_server.storage.record import Body

__all__ = ["EmbeddedStore"]

_LOG = logging.getLogger(__name__)
_SEARCHES = SearchLimits()


class EmbeddedStore:
    """A ``Store`` on TinyDB."""

    def __init__(
        self,
        path: str = "",
        plans: Mapping[str, IndexPlan] | None = None,
        *,
        searches: SearchLimits = _SEARCHES,
        lock_wait_seconds: float = 0.0,
    ) -> None:
        """Describe the store; ``open`` opens it.

        Args:
            path: File to keep everything in; empty keeps it in memory only.
            plans: Collection → the indexes that it has from the start.
            searches: How many searches there are at a time.
            lock_wait_seconds: How long ``open`` waits for another process that has the file.
        """
        self._path = path
        self._plans = plans or {}
        self._lock_wait_seconds = lock_wait_seconds
        self._locks = Locks()
        self._searcher = Searcher(searches)
        self._group: GroupCommit | None = None

    async def open(self) -> None:
        """Take the file and read it, without a pause in between; see ``Store.open``.

        Raises:
            StoreUnusable: The file cannot be taken, or is damaged.
        """
        began = time.monotonic()
        journal = Journal(self._path) if self._path else None
        if journal is not None:
            journal.open(wait_seconds=self._lock_wait_seconds)
        self._storage = DocumentStorage(journal, self._plans)
        self._listeners = Listeners(self._storage.documents(SUBSCRIPTIONS))
        self._outbox = EmbeddedOutbox(self._storage.documents(OUTBOX), self._locks, self._end)
        try:
            self._storage.load()
        except BaseException:
            self._storage.close()
            raise
        if journal is not None:
            self._group = GroupCommit(journal)
            took = time.monotonic() - began
            _LOG.info("%s: intact, %s entries, read in %.1f s", self._path, f"{await self.count():,}", took)

    async def close(self) -> None:
        """Wait for the commits that are under way, and close the file; see ``Store.close``."""
        if self._group is not None:
            await self._group.close()
        self._storage.close()

    @property
    def outbox(self) -> EmbeddedOutbox:
        """What is on its way to listeners; see ``Store.outbox``."""
        return self._outbox

    def database(self) -> Database:
        """Return the store as a TinyDB database. Its methods commit at once, and hold up the event loop until then."""
        return Database(storage=lambda: self._storage)

    def transaction(self) -> _EmbeddedTransaction:
        """Begin a transaction; see ``Store.transaction``."""
        return _EmbeddedTransaction(self._storage, self._locks, self._listeners, self._outbox, self._end)

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Return one record; see ``Store.get``."""
        documents = self._storage.documents(collection)
        number = documents.numbers.get(identifier)
        return None if number is None else record_of(documents.rows[number])

    async def search(self, collection: str, search: Search) -> Page:
        """Return a page of records; see ``Store.search``."""
        return await self._searcher.page(self._storage.documents(collection), search)

    async def ping(self) -> None:
        """Answer as soon as the thread that writes does; see ``Store.ping``.

        A full disk is none of its business: reads are served, and so are deletions.
        """
        if self._group is not None:
            await self._group.answer()

    async def count(self) -> int:
        """Return how many entries there are; see ``Store.count``."""
        return sum(len(self._storage.documents(name).rows) for name in self._storage.read())

    async def contents(self) -> AsyncIterator[Entry]:
        """Give everything; see ``Store.contents``."""
        tables = [self._storage.documents(name) for name in self._storage.read()]
        everything = sorted((number, each.name, each.rows.get(number)) for each in tables for number in each.order)
        for number, name, row in everything:
            if row is not None:
                yield entry_of(name, number, row)

    async def _end(self, batch: Batch, holder: Holder) -> None:
        """Commit *batch*, and release the locks of *holder* when it is readable or has failed."""
        batch.settle_numbers(self._storage.next_number)

        def at_end() -> None:
            self._locks.release(holder)
            if any(name == OUTBOX and change.row is not None for (name, _), change in batch.changes.items()):
                self._outbox.tell()

        if self._group is None:
            try:
                batch.apply()
                COUNTS.commits += 1
            finally:
                at_end()
        else:
            await self._group.submit(batch, self._storage.last_number, at_end)


class _EmbeddedTransaction:
    """A ``Transaction``, and the block around it."""

    def __init__(
        self, storage: DocumentStorage, locks: Locks, listeners: Listeners, outbox: EmbeddedOutbox, end: End
    ) -> None:
        self._storage = storage
        self._locks = locks
        self._listeners = listeners
        self._outbox = outbox
        self._end = end
        self._batch = Batch()
        self._holder = Holder()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None or not self._batch.changes:
            self._locks.release(self._holder)
        else:
            await self._end(self._batch, self._holder)

    async def get(self, collection: str, identifier: str, *, is_only: bool = False) -> Record | None:
        del is_only
        await self._locks.acquire(self._holder, (collection, identifier))
        documents = self._storage.documents(collection)
        number = self._batch.number_of(documents, identifier)
        row = None if number is None else self._batch.row(documents, number)
        return None if row is None else record_of(row)

    async def insert(self, collection: str, record: Record) -> None:
        await self._locks.acquire(self._holder, (collection, record.id))
        documents = self._storage.documents(collection)
        if self._batch.number_of(documents, record.id) is not None:
            raise ValueError(f"{collection}: {record.id!r} already exists")
        self._batch.add(Change(documents, self._batch.new_number(), row_of(record), record.body))

    async def replace(self, collection: str, record: Record) -> None:
        number = await self._number(collection, record.id)
        self._batch.add(Change(self._storage.documents(collection), number, row_of(record), record.body))

    async def remove(self, collection: str, identifier: str) -> None:
        number = await self._number(collection, identifier)
        self._batch.add(Change(self._storage.documents(collection), number, None))

    async def subscriptions(self, hub: str, *, for_change: bool = False) -> Sequence[Subscription]:
        await self._locks.acquire(self._holder, (SUBSCRIPTIONS, hub), is_shared=not for_change)
        return list(self._listeners.of(hub))

    async def subscribe(self, subscription: Subscription) -> None:
        subscriptions = self._storage.documents(SUBSCRIPTIONS)
        if self._batch.number_of(subscriptions, subscription.id) is not None:
            raise ValueError(f"listener {subscription.id!r} already exists")
        row, body = Listeners.row(subscription)
        self._batch.add(Change(subscriptions, self._batch.new_number(), row, body))

    async def unsubscribe(self, identifier: str) -> None:
        subscriptions = self._storage.documents(SUBSCRIPTIONS)
        number = self._batch.number_of(subscriptions, identifier)
        if number is None:
            raise KeyError(f"there is no listener {identifier!r}")
        self._batch.add(Change(subscriptions, number, None))
        await self._outbox.clear(self._batch, self._holder, identifier)

    async def enqueue(
        self, subscription: Subscription, notification: Body, subject: str = "", address: str = ""
    ) -> None:
        queued = int(time.time())
        await self.restore(
            subscription, Delivery(0, subscription.id, "", notification, subject, queued, address=address)
        )

    async def restore(self, subscription: Subscription, delivery: Delivery) -> None:
        row, body = delivery_row(replace(delivery, callback=subscription.callback))
        self._batch.add(Change(self._storage.documents(OUTBOX), self._batch.new_number(), row, body))

    async def _number(self, collection: str, identifier: str) -> int:
        await self._locks.acquire(self._holder, (collection, identifier))
        number = self._batch.number_of(self._storage.documents(collection), identifier)
        if number is None:
            raise KeyError(f"{collection}: there is no {identifier!r}")
        return number
