"""What one request changes in PostgreSQL.

Statements are few and late, because each one is a round trip: a change waits until something is read after it or the
transaction ends, and a change and the question for listeners that follows it are one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import orjson
import psycopg
from psycopg.pq import TransactionStatus

from tmfkit_server.errors import Conflict, OutcomeUnknown, StoreError
from tmfkit_server.storage.base import Record, Subscription
from tmfkit_server.storage.connections import Connection, Connections, Row, execute
from tmfkit_server.storage.postgres_changes import (
    LISTENERS,
    Change,
    insertion,
    json_text,
    removal,
    replacement,
)

__all__ = ["PostgresTransaction"]

_GET = "SELECT id, body, spelling FROM record WHERE collection = %s AND id = %s FOR UPDATE"
_GUARD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"
_SUBSCRIBE = "INSERT INTO subscription (id, hub, callback, query) VALUES (%s, %s, %s, %s)"
_UNSUBSCRIBE = "DELETE FROM subscription WHERE id = %s"
_FORGET = "DELETE FROM outbox WHERE subscription = %s"
_ENQUEUE = """
INSERT INTO outbox (subscription, callback, notification)
SELECT subscription, callback, notification
FROM unnest(%s::text[], %s::text[], %s::json[]) WITH ORDINALITY AS new (subscription, callback, notification, place)
ORDER BY place"""


class PostgresTransaction:
    """A ``Transaction``; leaving its block without ``commit`` rolls it back."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._changes: list[Change] = []
        self._deliveries: list[tuple[str, str, str]] = []
        self._read: dict[tuple[str, str], Record] = {}

    @property
    def has_news(self) -> bool:
        """Whether it puts something into the outbox."""
        return bool(self._deliveries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        """Make the changes.

        Raises:
            StoreError: They could not be made, and none was.
            OutcomeUnknown: The connection was lost before the database said what became of them.
        """
        if self._connection is None and len(self._changes) == 1 and not self._deliveries:
            # A statement by itself is a transaction.
            connection = await self._lent()
            await self._finish(connection, self._changes.pop())
        elif self._connection is not None or self._changes or self._deliveries:
            connection = await self._begun()
            await self._flush(connection)
            if self._deliveries:
                await execute(connection, _ENQUEUE, [list(column) for column in zip(*self._deliveries, strict=True)])
            await self._finish(connection)

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Read a record and lock it, or its identifier when there is none."""
        if "\x00" in identifier:
            return None
        connection = await self._begun()
        await self._flush(connection)
        rows = await execute(connection, _GET, (collection, identifier))
        if not rows:
            await execute(connection, _GUARD, (f"{collection}/{identifier}",))
            rows = await execute(connection, _GET, (collection, identifier))
        if not rows:
            return None
        record = self._read[collection, identifier] = Record(*rows[0])
        return record

    async def insert(self, collection: str, record: Record) -> None:
        """Add a record; ValueError, at the latest at the end, when its id is taken."""
        self._changes.append(insertion(collection, record))
        self._read[collection, record.id] = record

    async def replace(self, collection: str, record: Record) -> None:
        """Put a record in the place of the one with its id."""
        before = await self._before(collection, record.id)
        if before is not None:
            self._changes.append(replacement(collection, before, record))
            self._read[collection, record.id] = record

    async def remove(self, collection: str, identifier: str) -> None:
        """Take a record away."""
        before = await self._before(collection, identifier)
        if before is not None:
            self._changes.append(removal(collection, before))
            del self._read[collection, identifier]

    async def subscriptions(self, hub: str) -> Sequence[Subscription]:
        """Return the listeners of *hub*, and keep them from leaving until the end."""
        connection = await self._begun()
        last = self._changes.pop() if self._changes else Change("", ())
        await self._flush(connection)
        rows = await self._run(connection, Change(f"{last.sql} {LISTENERS}", (*last.parameters, hub)))
        return [Subscription(*row) for row in rows]

    async def subscribe(self, subscription: Subscription) -> None:
        """Add a listener; Conflict when the same one was added at the same time."""
        connection = await self._begun()
        parameters = (subscription.id, subscription.hub, subscription.callback, json_text(subscription.query))
        try:
            await execute(connection, _SUBSCRIBE, parameters)
        except psycopg.errors.UniqueViolation as exc:
            raise Conflict("This callback has just been registered; delete that registration first.") from exc

    async def unsubscribe(self, identifier: str) -> None:
        """Take a listener away, once whoever writes to it has ended, and then what is on its way to it."""
        connection = await self._begun()
        await execute(connection, _UNSUBSCRIBE, (identifier,))
        await execute(connection, _FORGET, (identifier,))

    async def enqueue(self, subscription: Subscription, notification: Mapping[str, Any]) -> None:
        """Put a notification into the outbox, after every change that was made before."""
        self._deliveries.append((subscription.id, subscription.callback, orjson.dumps(notification).decode()))

    async def _before(self, collection: str, identifier: str) -> Record | None:
        return self._read.get((collection, identifier)) or await self.get(collection, identifier)

    async def _lent(self) -> Connection:
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(self._connections.one())
        return self._connection

    async def _begun(self) -> Connection:
        connection = await self._lent()
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            await execute(connection, "BEGIN")
        return connection

    async def _flush(self, connection: Connection) -> None:
        changes, self._changes = self._changes, []
        for change in changes:
            await self._run(connection, change)

    async def _run(self, connection: Connection, change: Change) -> list[Row]:
        sql = change.sql if change.sql.endswith(LISTENERS) else f"{change.sql} SELECT FROM written"
        try:
            return await execute(connection, sql, change.parameters)
        except psycopg.errors.UniqueViolation as exc:
            raise ValueError("a record with this id already exists") from exc

    async def _finish(self, connection: Connection, change: Change | None = None) -> None:
        """Commit, or make *change* the whole transaction."""
        if change is None and connection.pgconn.transaction_status != TransactionStatus.INTRANS:
            # PostgreSQL answers COMMIT of a failed transaction with a silent roll-back.
            raise StoreError("a statement of the transaction had failed")
        try:
            await (self._run(connection, change) if change else connection.commit())
        except psycopg.OperationalError as exc:
            if connection.closed:
                raise OutcomeUnknown(str(exc).strip()) from exc
            raise
