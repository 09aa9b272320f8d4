"""The embedded store: TinyDB, in memory or in one JSON file, for one process.

Stock TinyDB: every commit copies the table that it changes and, with a file, rewrites the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from tinydb import TinyDB
from tinydb.storages import JSONStorage, MemoryStorage
from tinydb.table import Document, Table

from tmfkit_server.errors import StoreError
from tmfkit_server.query.evaluate import sorted_by
from tmfkit_server.query.expression import Search
from tmfkit_server.query.tinydb import tinydb_query
from tmfkit_server.storage.base import Delivery, Page, Record, Subscription
from tmfkit_server.storage.session import Session

__all__ = ["EmbeddedStore"]

_SUBSCRIPTIONS = "hub:subscriptions"
_OUTBOX = "hub:outbox"
_COUNTERS = "hub:counters"

Change = Callable[[], None]


class _TextIdTable(Table):
    """A table whose document ids are the resources' own identifiers."""

    document_id_class = str  # type: ignore[assignment]
    default_query_cache_capacity = 0


class _Database(TinyDB):
    """TinyDB with such tables."""

    table_class = _TextIdTable


class EmbeddedStore:
    """A ``Store`` on TinyDB."""

    def __init__(self, path: str = "") -> None:
        """Describe the store; ``open`` opens it.

        Args:
            path: File to keep everything in; empty keeps it in memory only.
        """
        self._path = path
        self._session = Session(JSONStorage if path else MemoryStorage)
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._news.set()

    async def open(self) -> None:
        """Open the database; see ``Store.open``."""
        try:
            self._db = _Database(*filter(None, [self._path]), storage=self._session)
            self._session.read()
        except (OSError, ValueError) as exc:
            raise StoreError(f"{self._path}: {exc}") from exc

    async def close(self) -> None:
        """Close the file; see ``Store.close``."""
        self._db.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_EmbeddedTransaction]:
        """Collect the changes of a block and make them together; see ``Store.transaction``."""
        async with self._lock:
            transaction = _EmbeddedTransaction(self)
            yield transaction
            self._commit(transaction.changes)
            if transaction.has_news:
                self._news.set()

    def _commit(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            with self._session.batch():
                for change in changes:
                    change()
        except OSError as exc:
            raise StoreError(str(exc)) from exc

    def table(self, name: str) -> Table:
        """Return a table by name; tables come into being with their first document."""
        return self._db.table(name)

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Return one record; see ``Store.get``."""
        found = self.table(collection).get(doc_id=identifier)  # type: ignore[call-overload]
        return None if found is None else _record(found)

    async def search(self, collection: str, search: Search) -> Page:
        """Return a page of records; see ``Store.search``."""
        rows = self.table(collection).search(tinydb_query(search.where))
        ordered = sorted_by(rows, search.sort, lambda row: row["body"])
        end = None if search.limit is None else search.offset + search.limit
        return Page([_record(row) for row in ordered[search.offset : end]], len(ordered))

    async def deliveries_waiting(self) -> None:
        """Wait for news in the outbox; see ``Store.deliveries_waiting``."""
        await self._news.wait()
        self._news.clear()

    async def listeners_waiting(self) -> Sequence[str]:
        """Return who has something coming; see ``Store.listeners_waiting``."""
        return list(dict.fromkeys(row["subscription"] for row in self.table(_OUTBOX).all()))

    async def next_delivery(self, subscription: str) -> Delivery | None:
        """Return the oldest delivery; see ``Store.next_delivery``."""
        # Rows keep the order in which they were inserted.
        found = self.table(_OUTBOX).get(lambda row: row["subscription"] == subscription)
        return Delivery(**found) if isinstance(found, Document) else None

    async def settle(self, delivery: Delivery) -> None:
        """Forget a delivery; see ``Store.settle``."""
        async with self._lock:
            self._commit([lambda: _forget(self.table(_OUTBOX), str(delivery.sequence))])


class _EmbeddedTransaction:
    """A ``Transaction``: a list of changes, made in one batch at the end."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store
        self.changes: list[Change] = []
        self.has_news = False

    async def get(self, collection: str, identifier: str) -> Record | None:
        return await self._store.get(collection, identifier)

    async def insert(self, collection: str, record: Record) -> None:
        self._put(collection, record.id, _row(record), is_new=True)

    async def replace(self, collection: str, record: Record) -> None:
        self._put(collection, record.id, _row(record))

    async def remove(self, collection: str, identifier: str) -> None:
        self.changes.append(lambda: _forget(self._store.table(collection), identifier))

    async def subscriptions(self, hub: str) -> Sequence[Subscription]:
        rows = self._store.table(_SUBSCRIPTIONS).all()
        return [Subscription(**row) for row in rows if row["hub"] == hub]

    async def subscribe(self, subscription: Subscription) -> None:
        self._put(_SUBSCRIPTIONS, subscription.id, asdict(subscription), is_new=True)

    async def unsubscribe(self, identifier: str) -> None:
        def cancel() -> None:
            _forget(self._store.table(_SUBSCRIPTIONS), identifier)
            self._store.table(_OUTBOX).remove(lambda row: row["subscription"] == identifier)

        self.changes.append(cancel)

    async def enqueue(self, subscription: Subscription, notification: Mapping[str, Any]) -> None:
        def put() -> None:
            sequence = _count_up(self._store.table(_COUNTERS), _OUTBOX)
            delivery = Delivery(sequence, subscription.id, subscription.callback, notification)
            row = {name: getattr(delivery, name) for name in Delivery.__slots__}
            self._store.table(_OUTBOX).insert(Document(row, doc_id=str(sequence)))  # type: ignore[arg-type]

        self.changes.append(put)
        self.has_news = True

    def _put(self, table: str, identifier: str, row: dict[str, Any], *, is_new: bool = False) -> None:
        document = Document(row, doc_id=identifier)  # type: ignore[arg-type]

        def put() -> None:
            if is_new:
                self._store.table(table).insert(document)
            else:
                # Not ``upsert``, which merges the old row into the new one.
                self._store.table(table)._update_table(lambda rows: rows.__setitem__(identifier, row))  # type: ignore[index]  # noqa: SLF001

        self.changes.append(put)


def _row(record: Record) -> dict[str, Any]:
    return {"id": record.id, "body": record.body, "spelling": record.spelling}


def _record(row: Mapping[str, Any]) -> Record:
    return Record(row["id"], row["body"], row["spelling"])


def _forget(table: Table, identifier: str) -> None:
    table.remove(doc_ids=[identifier])  # type: ignore[list-item]


def _count_up(table: Table, name: str) -> int:
    """Return the next number of a counter that outlives restarts and removals."""
    row = table.get(doc_id=name)  # type: ignore[call-overload]
    number: int = (row["last"] if row else 0) + 1
    table.upsert(Document({"last": number}, doc_id=name))  # type: ignore[arg-type]
    return number
