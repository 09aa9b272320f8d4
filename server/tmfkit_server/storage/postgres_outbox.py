"""The outbox as one process of several sees it: who has a lease on a listener delivers to that listener.

A lease is an advisory lock of PostgreSQL, held by a connection of its own. It ends with the connection, so that what a
killed process left behind is taken over at once, and whoever has lost the connection knows that the leases are gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tmfkit_server.storage.base import Delivery
from tmfkit_server.storage.connections import FAILURES, Connection, Connections, Row, execute, failure_of
from tmfkit_server.storage.postgres_entries import delivery_of

__all__ = ["Outbox"]

# Leaps from subscription to subscription: a long queue of one of them is not read through.
_LISTENERS = """
WITH RECURSIVE first AS (
    (SELECT subscription, sequence FROM outbox ORDER BY subscription, sequence LIMIT 1)
    UNION ALL
    SELECT next.subscription, next.sequence FROM first, LATERAL (
        SELECT later.subscription, later.sequence FROM outbox later WHERE later.subscription > first.subscription
        ORDER BY later.subscription, later.sequence LIMIT 1) next)
SELECT subscription FROM first ORDER BY sequence"""
_OLDEST = """
SELECT sequence, subscription, callback, notification FROM outbox
WHERE subscription = %s ORDER BY sequence LIMIT 1"""
_LEASE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 1))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended(%s, 1))"


class Outbox:
    """Deliveries that wait, and the leases of this process."""

    def __init__(self, connections: Connections) -> None:
        """Describe the outbox; it connects when it is first asked.

        Args:
            connections: The connections of this process, to which it adds one of its own.
        """
        self._connections = connections
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._leases: set[str] = set()

    async def close(self) -> None:
        """Close the connection, and give up every lease with it."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = None
        self._leases.clear()

    async def listeners(self) -> Sequence[str]:
        """Return the subscriptions that something is on its way to."""
        return [subscription for (subscription,) in await self._rows(_LISTENERS)]

    async def oldest(self, subscription: str) -> Delivery | None:
        """Return the oldest delivery, or None when there is none or another process has the lease."""
        if subscription not in self._leases:
            [[is_ours]] = await self._rows(_LEASE, subscription)
            if not is_ours:
                return None
            self._leases.add(subscription)
        rows = await self._rows(_OLDEST, subscription)
        if rows:
            return delivery_of(rows[0])
        self._leases.discard(subscription)
        await self._rows(_RELEASE, subscription)
        return None

    async def settle(self, delivery: Delivery) -> None:
        """Forget a delivery."""
        await self._rows("DELETE FROM outbox WHERE sequence = %s", delivery.sequence)

    async def _rows(self, statement: str, *parameters: Any) -> list[Row]:
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
