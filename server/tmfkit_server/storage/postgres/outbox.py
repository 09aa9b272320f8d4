"""The outbox as one process of several sees it: who has a lease on a listener delivers to that listener.

A lease is an advisory lock of PostgreSQL, held by a connection of its own. It ends with the connection, so that what a
killed process left behind is taken over at once, and whoever has lost the connection knows that the leases are gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tmfkit_server.errors import StoreError
from tmfkit_server.query.expression import ALL_BYTES
from tmfkit_server.storage.outbox import DeadLetters, Delivery
from tmfkit_server.storage.postgres.connections import (
    FAILURES,
    Connection,
    Connections,
    Row,
    dated,
    execute,
    failure_of,
)
from tmfkit_server.storage.postgres.entries import DELIVERY_COLUMNS, death_text, delivery_of
from tmfkit_server.storage.postgres.pages import within_bytes

__all__ = ["PostgresOutbox"]

# Leaps from subscription to subscription: a long queue of one of them is not read through.
_LISTENERS = """
WITH RECURSIVE first AS (
    (SELECT subscription, sequence FROM outbox WHERE death IS NULL ORDER BY subscription, sequence LIMIT 1)
    UNION ALL
    SELECT next.subscription, next.sequence FROM first, LATERAL (
        SELECT later.subscription, later.sequence FROM outbox later
        WHERE later.subscription > first.subscription AND later.death IS NULL
        ORDER BY later.subscription, later.sequence LIMIT 1) next)
SELECT subscription FROM first ORDER BY sequence"""
_OLDEST = within_bytes(
    "%s",
    f"""
    SELECT {DELIVERY_COLUMNS}, sequence AS place FROM outbox
    WHERE subscription = %s AND death IS NULL AND subject <> ALL(%b::text[]) ORDER BY sequence LIMIT %s""",  # noqa: S608
    "notification",
)
_FIRST = f"""
SELECT DISTINCT ON (subscription) {DELIVERY_COLUMNS} FROM outbox
WHERE death IS NULL ORDER BY subscription, sequence"""  # noqa: S608
_TAKEN = "DELETE FROM outbox WHERE sequence = ANY(%b::bigint[]) RETURNING sequence"
_CHANGED = """
UPDATE outbox SET queued = new.queued, attempts = new.attempts, due = new.due, death = new.death::json
FROM unnest(%b::bigint[], %b::bigint[], %b::integer[], %b::double precision[], %b::text[])
    AS new (sequence, queued, attempts, due, death)
WHERE outbox.sequence = new.sequence RETURNING outbox.sequence"""
_LEASE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 1))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended(%s, 1))"
_DEAD = within_bytes(
    "%s",
    f"""
    SELECT {DELIVERY_COLUMNS}, sequence AS place FROM outbox
    WHERE death IS NOT NULL AND (%s::text IS NULL OR subscription = %s) ORDER BY sequence OFFSET %s LIMIT %s""",  # noqa: S608
    "notification",
)
_COUNT_DEAD = "SELECT count(*) FROM outbox WHERE death IS NOT NULL AND (%s::text IS NULL OR subscription = %s)"
_COUNT_WAITING = "SELECT subscription, count(*) FROM outbox WHERE death IS NULL GROUP BY subscription"
_REVIVE = "UPDATE outbox SET queued = %s, attempts = 0, due = 0, death = NULL WHERE death IS NOT NULL"
_DISCARD = "DELETE FROM outbox WHERE sequence = %s AND death IS NOT NULL RETURNING 1"


class PostgresOutbox:
    """An ``Outbox``, and the leases of this process."""

    def __init__(self, connections: Connections) -> None:
        """Describe the outbox; it connects when it is first asked.

        Args:
            connections: The connections of this process, to which it adds one of its own.
        """
        self._connections = connections
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._leases: set[str] = set()
        self._news = asyncio.Event()
        self._news.set()

    async def close(self) -> None:
        """Close the connection, and give up every lease with it."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = None
        self._leases.clear()

    def tell(self) -> None:
        """Wake up who waits for news."""
        self._news.set()

    async def news(self) -> None:
        """Wait for news of this process; see ``Outbox.news``.

        News of another process is that one's to deliver; what it leaves behind is found by looking now and then.
        """
        await self._news.wait()
        self._news.clear()

    async def listeners(self) -> Sequence[str]:
        """Return who has something coming; see ``Outbox.listeners``."""
        return [subscription for (subscription,) in await self._rows(_LISTENERS)]

    async def lease(self, subscription: str) -> bool:
        """Take a listener, unless another process has it; see ``Outbox.lease``."""
        if subscription not in self._leases:
            [[is_ours]] = await self._rows(_LEASE, subscription)
            if is_ours:
                self._leases.add(subscription)
        return subscription in self._leases

    async def release(self, subscription: str) -> None:
        """Give a listener back; see ``Outbox.release``."""
        if subscription in self._leases:
            self._leases.discard(subscription)
            await self._rows(_RELEASE, subscription)

    async def deliveries(
        self, subscription: str, *, busy: Collection[str], limit: int, most_bytes: int = ALL_BYTES
    ) -> Sequence[Delivery]:
        """Return what is on its way; see ``Outbox.deliveries``."""
        if subscription not in self._leases:
            raise StoreError(f"the lease on listener {subscription} was lost")
        rows = await self._rows(_OLDEST, subscription, list(busy), limit, most_bytes)
        return [delivery_of(row[:-2]) for row in rows]

    async def record_outcomes(self, taken: Sequence[Delivery], changed: Sequence[Delivery]) -> Collection[int]:
        """Note what became of deliveries; see ``Outbox.record_outcomes``."""
        found: list[Row] = []
        if taken:
            found += await self._rows(_TAKEN, [each.sequence for each in taken])
        if changed:
            rows = [(each.sequence, each.queued, each.attempts, each.due, death_text(each)) for each in changed]
            found += await self._rows(_CHANGED, *(list(column) for column in zip(*rows, strict=True)))
        return {sequence for (sequence,) in found}

    async def waiting(self) -> Mapping[str, int]:
        """Return how many are on their way to whom; see ``Outbox.waiting``."""
        return {str(name): int(count) for name, count in await self._connections.rows(_COUNT_WAITING, ())}

    async def oldest(self) -> Mapping[str, Delivery]:
        """Return the first on its way to each; see ``Outbox.oldest``."""
        found = [delivery_of(row) for row in await self._connections.rows(_FIRST, ())]
        return {each.subscription: each for each in found}

    async def dead_letters(
        self, subscription: str | None, *, offset: int, limit: int, most_bytes: int = ALL_BYTES
    ) -> DeadLetters:
        """Return dead letters; see ``Outbox.dead_letters``."""
        if _is_nobody(subscription):
            return DeadLetters([], 0)
        rows = await self._connections.rows(_DEAD, (subscription, subscription, offset, limit, most_bytes))
        [[total]] = await self._connections.rows(_COUNT_DEAD, (subscription, subscription))
        return DeadLetters([delivery_of(row[:-2]) for row in rows], total)

    async def revive(self, sequence: int) -> bool:
        """Send a dead letter on its way; see ``Outbox.revive``."""
        return await self._revive(f"{_REVIVE} AND sequence = %s RETURNING 1", sequence) > 0

    async def revive_all(self, subscription: str | None) -> int:
        """Send dead letters on their way; see ``Outbox.revive_all``."""
        if _is_nobody(subscription):
            return 0
        where = "(%s::text IS NULL OR subscription = %s)"
        return await self._revive(f"{_REVIVE} AND {where} RETURNING 1", subscription, subscription)

    async def discard(self, sequence: int) -> bool:
        """Forget a dead letter; see ``Outbox.discard``."""
        async with self._connections.one() as connection:
            return bool(await execute(connection, _DISCARD, (sequence,)))

    async def _revive(self, statement: str, *which: Any) -> int:
        async with self._connections.one() as connection:
            revived = await execute(connection, statement, (int(time.time()), *which))
        self.tell()
        return len(revived)

    async def _rows(self, statement: str, *parameters: Any) -> list[Row]:
        with dated():
            try:
                async with self._connecting:
                    if self._connection is None:
                        self._connection = await self._connections.beside()
                return await execute(self._connection, statement, parameters)
            except FAILURES as exc:
                await self.close()
                raise failure_of(exc) from exc
            except asyncio.CancelledError:
                # A lease may have been granted without an answer that says so.
                await self.close()
                raise


def _is_nobody(subscription: str | None) -> bool:
    """Tell whether no listener can have this name: PostgreSQL keeps no NUL, and is not to be asked for one."""
    return subscription is not None and "\x00" in subscription
