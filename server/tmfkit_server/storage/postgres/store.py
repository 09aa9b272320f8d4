"""The PostgreSQL store: for several workers and several machines on one database.

A record is written together with the terms that searches look at (``query.terms``), its bounds, its collection's tally
and its notifications, in one transaction. Reading a record inside a transaction locks it until the transaction ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tmfkit_server.errors import StoreUnusable
from tmfkit_server.outages import OUTAGE
from tmfkit_server.query.expression import Search
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.base import Entry, IndexPlan, Page, Record
from tmfkit_server.storage.postgres import entries
from tmfkit_server.storage.postgres.arranged import arranged, arranged_page
from tmfkit_server.storage.postgres.connections import Connections
from tmfkit_server.storage.postgres.groups import Groups
from tmfkit_server.storage.postgres.lookups import Lookups
from tmfkit_server.storage.postgres.migrate import migrate
from tmfkit_server.storage.postgres.outbox import PostgresOutbox
from tmfkit_server.storage.postgres.scalars import Scalars
from tmfkit_server.storage.postgres.search import is_lookup, search_page
from tmfkit_server.storage.postgres.transaction import PostgresTransaction
from tmfkit_server.storage.postgres.writes import IrregularNames

__all__ = ["PostgresStore"]

_LOG = logging.getLogger(__name__)
_SEARCHES = SearchLimits()
_LOOK_AGAIN_SECONDS = 0.5


class PostgresStore:
    """A ``Store`` on PostgreSQL."""

    def __init__(
        self,
        url: str,
        plans: Mapping[str, IndexPlan] | None = None,
        *,
        searches: SearchLimits = _SEARCHES,
        is_patient: bool = False,
    ) -> None:
        """Describe the store; ``open`` opens it.

        Args:
            url: Address of the database, ``postgresql://…``.
            plans: Collection → the attributes that it has ordered from the start.
            searches: How many searches there are at a time.
            is_patient: Whether ``open`` does without a database that does not answer or cannot be used; until that
                changes, everything else raises StoreError.
        """
        self._url = url
        self._plans = plans or {}
        self._scalars = Scalars()
        self._is_patient = is_patient
        self._connecting: asyncio.Task[None] | None = None
        self._connections = Connections(url, searches)
        self._lookups = Lookups(self._connections)
        self._names = IrregularNames()
        self._groups = Groups(self._connections, self._names)
        self._outbox = PostgresOutbox(self._connections)

    async def open(self) -> None:
        """Bring the schema up to date and connect; see ``Store.open``.

        Raises:
            StoreUnusable: The database cannot be reached or used, and the store is not patient.
        """
        try:
            await self._connect()
        except StoreUnusable as exc:
            if not self._is_patient:
                raise
            OUTAGE.tell(_LOG, "%s", exc)
            self._connecting = asyncio.create_task(self._connect_later())

    async def close(self) -> None:
        """Close the connections; see ``Store.close``."""
        if self._connecting is not None:
            self._connecting.cancel()
        await self._outbox.close()
        await self._connections.close()

    @property
    def outbox(self) -> PostgresOutbox:
        """What is on its way to listeners; see ``Store.outbox``."""
        return self._outbox

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Make the changes of a block together; see ``Store.transaction``."""
        async with PostgresTransaction(self._connections, self._groups, self._names, self._scalars) as transaction:
            yield transaction
            await transaction.commit()
        if transaction.has_news:
            self._outbox.tell()

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Return one record; see ``Store.get``."""
        if "\x00" in identifier:
            return None
        return await self._lookups.get(collection, identifier)

    async def search(self, collection: str, search: Search) -> Page:
        """Return a page of records; see ``Store.search``."""
        statement = arranged(collection, search, self._scalars)
        if statement is not None:
            async with self._connections.search_turns.one(search.asker, is_lookup=True):
                page = await arranged_page(self._connections, statement)
            if page is not None:
                return page
        async with self._connections.search_turns.one(search.asker, is_lookup=is_lookup(search)):
            return await search_page(self._connections, collection, search)

    async def ping(self) -> None:
        """See that the database answers; see ``Store.ping``."""
        await self._connections.ping()

    async def count(self) -> int:
        """Return how many entries there are; see ``Store.count``."""
        return await entries.count(self._connections)

    def contents(self) -> AsyncIterator[Entry]:
        """Give everything; see ``Store.contents``."""
        return entries.contents(self._connections)

    async def _connect(self) -> None:
        self._scalars = await asyncio.to_thread(migrate, self._url, self._plans)
        await self._connections.open()

    async def _connect_later(self) -> None:
        """Try until it succeeds."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            try:
                await self._connect()
            except StoreUnusable as exc:
                OUTAGE.tell(_LOG, "%s", exc)
            else:
                _LOG.info("PostgreSQL: connected")
                self._outbox.tell()
                return
