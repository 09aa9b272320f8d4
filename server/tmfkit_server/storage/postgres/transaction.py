"""Transactions on PostgreSQL: what one request changes.

Statements are few and late, because each one is a round trip: a change waits until something is read after it or the
transaction ends. A transaction that changes one record, or only adds records, has no connection of its own; see
``groups``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Self

import psycopg
from psycopg.pq import TransactionStatus

from tmfkit_server.aside import aside
from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Delivery, Record, Subscription
from tmfkit_server.storage.postgres import hubs
from tmfkit_server.storage.postgres.changes import Change, insertion, removal, replacement
from tmfkit_server.storage.postgres.connections import Connection, Connections, commit, execute
from tmfkit_server.storage.postgres.entries import record_of
from tmfkit_server.storage.postgres.groups import ID_TAKEN, ChangingSeat, Groups, Seat
from tmfkit_server.storage.postgres.hubs import DeliveryRow
from tmfkit_server.storage.postgres.scalars import Scalars
from tmfkit_server.storage.postgres.writes import IrregularNames
from tmfkit_server.storage.record import Body

__all__ = ["PostgresTransaction"]

_GET = "SELECT id, body, spelling, tag FROM record WHERE collection = %s AND id = %s FOR UPDATE"
# From this many bytes on, what searches look at in a record is worked out beside the requests of others.
_LONG_TEXT = 64 << 10
_GUARD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"


class PostgresTransaction:
    """A ``Transaction``; leaving its block without ``commit`` rolls it back."""

    def __init__(self, connections: Connections, groups: Groups, names: IrregularNames, scalars: Scalars) -> None:
        self._connections = connections
        self._scalars = scalars
        self._names = names
        self._new_names = frozenset[str]()
        self._groups = groups
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._seat: Seat | None = None
        # To be released in the end, also when the transaction goes on alone.
        self._turn: ChangingSeat | None = None
        self._changes: list[Change] = []
        self._deliveries: list[DeliveryRow] = []
        self._known: dict[tuple[str, str], Record] = {}

    @property
    def has_news(self) -> bool:
        """Whether it puts something into the outbox."""
        return bool(self._deliveries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._seat is not None:
            self._seat.leave()
        try:
            await self._stack.__aexit__(kind, error, trace)
        finally:
            if self._turn is not None:
                self._groups.release(self._turn)

    async def commit(self) -> None:
        """Make the changes.

        Raises:
            StoreError: They could not be made, and none was.
            OutcomeUnknown: The connection was lost before the database said what became of them.
            ValueError: A new record has an id that is taken.
        """
        if self._seat is not None:
            await self._seat.commit(self._changes, self._deliveries)
        elif self._connection is not None or self._changes or self._deliveries:
            connection = await self._begun()
            await self._flush(connection)
            await hubs.enqueue(connection, self._deliveries)
            await commit(connection)
            self._names.learn(self._new_names)

    async def get(self, collection: str, identifier: str, *, is_only: bool = False) -> Record | None:
        """Read a record and lock it, or its identifier when there is none."""
        if "\x00" in identifier:
            return None
        if is_only:
            self._turn = self._groups.board_for(collection, identifier)
            record = await self._turn.record()
            if record is not None:
                self._seat = self._turn
                self._known[collection, identifier] = record
                return record
            self._turn.leave()
        connection = await self._begun()
        await self._flush(connection)
        rows = await execute(connection, _GET, (collection, identifier))
        if not rows:
            await execute(connection, _GUARD, (f"{collection}/{identifier}",))
            rows = await execute(connection, _GET, (collection, identifier))
        if not rows:
            return None
        record = self._known[collection, identifier] = record_of(rows[0])
        return record

    async def insert(self, collection: str, record: Record) -> None:
        """Add a record; that another transaction has taken its id shows at the end."""
        if "\x00" in record.id:
            raise ValueError(f"{collection}: PostgreSQL keeps no NUL, which {record.id!r} has")
        if (collection, record.id) in self._known:
            raise ValueError(f"{collection}: {record.id!r} already exists")
        change = partial(insertion, collection, record, self._scalars)
        self._changes.append(await _worked_out(change, record))
        self._known[collection, record.id] = record

    async def replace(self, collection: str, record: Record) -> None:
        """Put a record in the place of the one with its id."""
        before = await self._before(collection, record.id)
        change = partial(replacement, collection, before, record, self._scalars)
        self._changes.append(await _worked_out(change, before, record))
        self._known[collection, record.id] = record

    async def remove(self, collection: str, identifier: str) -> None:
        """Take a record away."""
        before = await self._before(collection, identifier)
        change = partial(removal, collection, before, self._scalars)
        self._changes.append(await _worked_out(change, before))
        del self._known[collection, identifier]

    async def subscriptions(self, hub: str, *, for_change: bool = False) -> Sequence[Subscription]:
        """Return the listeners of *hub*, and keep them as they are until the end; see ``Transaction``."""
        if self._seat is None and self._connection is None and self._changes and not for_change:
            self._seat = self._groups.board(hub)
        if self._seat is not None and self._seat.wanted_hub in ("", hub):
            return await self._seat.listeners(hub)
        connection = await self._begun()
        if for_change:
            await hubs.claim(connection, hub)
        else:
            await hubs.share(connection, [hub])
        return (await hubs.listeners(connection, [hub]))[hub]

    async def subscribe(self, subscription: Subscription) -> None:
        """Add a listener, after every change that was made before."""
        connection = await self._begun()
        await self._flush(connection)
        await hubs.subscribe(connection, subscription)

    async def unsubscribe(self, identifier: str) -> None:
        """Take a listener away, with everything that is on its way to it."""
        await hubs.unsubscribe(await self._begun(), identifier)

    async def enqueue(
        self, subscription: Subscription, notification: Body, subject: str = "", address: str = ""
    ) -> None:
        """Put a notification into the outbox, after every change that was made before."""
        queued = int(time.time())
        await self.restore(
            subscription, Delivery(0, subscription.id, "", notification, subject, queued, address=address)
        )

    async def restore(self, subscription: Subscription, delivery: Delivery) -> None:
        """Put into the outbox what another store had there; see ``Transaction``."""
        self._deliveries.append(hubs.delivery_row(subscription, delivery))

    async def _before(self, collection: str, identifier: str) -> Record:
        before = self._known.get((collection, identifier)) or await self.get(collection, identifier)
        if before is None:
            raise KeyError(f"{collection}: there is no {identifier!r}")
        return before

    async def _begun(self) -> Connection:
        """Return a connection in a transaction of its own, which takes over from a seat in a group."""
        if self._seat is not None and self._seat is self._turn:
            raise RuntimeError(f"the transaction reads no other record than {self._turn.place}")
        seat, self._seat = self._seat, None
        if seat is not None:
            # First, because whoever wants to change the listeners may be waiting for the group.
            seat.leave()
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(self._connections.one())
        if self._connection.pgconn.transaction_status == TransactionStatus.IDLE:
            await execute(self._connection, "BEGIN")
        if seat is not None:
            await hubs.share(self._connection, [seat.wanted_hub])
            known = (await hubs.listeners(self._connection, [seat.wanted_hub]))[seat.wanted_hub]
            if known != await seat.listeners(seat.wanted_hub):
                # What was put into the outbox is no longer right.
                raise StoreError("listeners came or went while the change was made")
        return self._connection

    async def _flush(self, connection: Connection) -> None:
        changes, self._changes = self._changes, []
        try:
            self._new_names |= await self._names.write(connection, changes)
        except psycopg.errors.UniqueViolation as exc:
            raise ValueError(ID_TAKEN) from exc


async def _worked_out(change: Callable[[], Change], *records: Record) -> Change:
    """Return a change, worked out in a thread where one of *records* is long."""
    if max(len(record.encoded) for record in records) < _LONG_TEXT:
        return change()
    return await aside(change)
