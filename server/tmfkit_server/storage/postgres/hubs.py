"""Listeners and their part of the outbox, as transactions read and write them.

Whoever changes a record shares its hub, so that many can; whoever changes the listeners of a hub has it alone. So a
listener is told of every change that ends after its registration, and nothing is put into the outbox of one that left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import orjson
import psycopg

from tmfkit_server.storage.base import Delivery, Subscription
from tmfkit_server.storage.postgres.changes import json_text
from tmfkit_server.storage.postgres.connections import Connection, execute
from tmfkit_server.storage.postgres.entries import death_text, subscription_of

__all__ = ["SHARE", "DeliveryRow", "claim", "delivery_row", "enqueue", "listeners", "share", "subscribe", "unsubscribe"]

# The listeners are read by another statement: it sees what was committed while this one waited.
SHARE = "SELECT pg_advisory_xact_lock_shared(hashtextextended(hub, 3)) FROM unnest(%b::text[]) AS hub"
_CLAIM = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))"
_CLAIM_OF = "SELECT pg_advisory_xact_lock(hashtextextended(hub, 3)) FROM subscription WHERE id = %s"
_LISTENERS = "SELECT id, hub, callback, query FROM subscription WHERE hub = ANY(%s) ORDER BY position"
_SUBSCRIBE = "INSERT INTO subscription (id, hub, callback, query) VALUES (%s, %s, %s, %s)"
_UNSUBSCRIBE = "DELETE FROM subscription WHERE id = %s RETURNING id"
# Two statements, because each has an index of its own.
_FORGET = "DELETE FROM outbox WHERE subscription = %s AND death IS NULL"
_FORGET_DEAD = "DELETE FROM outbox WHERE subscription = %s AND death IS NOT NULL"
_ENQUEUE = """
INSERT INTO outbox (subscription, callback, notification, subject, queued, attempts, death, address)
SELECT subscription, callback, notification::json, subject, queued, attempts, death::json, address
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::integer[], %b::text[], %b::text[])
    WITH ORDINALITY AS new (subscription, callback, notification, subject, queued, attempts, death, address, place)
ORDER BY place"""


class DeliveryRow(NamedTuple):
    """A notification for one listener, as the columns of a row: what it is and what became of it so far."""

    subscription: str
    callback: str
    notification: str
    subject: str
    queued: int
    attempts: int
    death: str | None
    address: str


def delivery_row(subscription: Subscription, delivery: Delivery) -> DeliveryRow:
    """Return what goes into the outbox."""
    notification = orjson.dumps(delivery.notification).decode()
    death = death_text(delivery)
    return DeliveryRow(
        subscription.id,
        subscription.callback,
        notification,
        delivery.subject,
        delivery.queued,
        delivery.attempts,
        death,
        delivery.address,
    )


async def share(connection: Connection, hubs: Collection[str]) -> None:
    """Keep the listeners of *hubs* as they are until the transaction ends."""
    # Everybody takes several locks in the same order.
    await execute(connection, SHARE, (sorted(hubs),))


async def claim(connection: Connection, hub: str) -> None:
    """Wait for those who share *hub*, and keep everybody else away until the transaction ends."""
    await execute(connection, _CLAIM, (hub,))


async def listeners(connection: Connection, hubs: Collection[str]) -> Mapping[str, list[Subscription]]:
    """Return the listeners of each of *hubs*, in the order of their registration."""
    found: dict[str, list[Subscription]] = {hub: [] for hub in hubs}
    for row in await execute(connection, _LISTENERS, (list(hubs),)):
        subscription = subscription_of(row)
        found[subscription.hub].append(subscription)
    return found


async def subscribe(connection: Connection, new: Subscription) -> None:
    """Add a listener; ValueError when its id is taken."""
    await claim(connection, new.hub)
    try:
        await execute(connection, _SUBSCRIBE, (new.id, new.hub, new.callback, json_text(new.query)))
    except psycopg.errors.UniqueViolation as exc:
        raise ValueError(f"listener {new.id!r} already exists") from exc


async def unsubscribe(connection: Connection, identifier: str) -> None:
    """Take a listener away, with everything that is on its way to it and its dead letters; KeyError without one."""
    await execute(connection, _CLAIM_OF, (identifier,))
    if not await execute(connection, _UNSUBSCRIBE, (identifier,)):
        raise KeyError(f"there is no listener {identifier!r}")
    for statement in (_FORGET, _FORGET_DEAD):
        await execute(connection, statement, (identifier,))


async def enqueue(connection: Connection, deliveries: Sequence[DeliveryRow]) -> None:
    """Put *deliveries* into the outbox, in their order."""
    if deliveries:
        await execute(connection, _ENQUEUE, [list(column) for column in zip(*deliveries, strict=True)])
