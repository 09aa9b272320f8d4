"""How rows of PostgreSQL become the values of the protocol; JSON arrives as text, and a resource stays one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import orjson

from tmfkit_server.storage.base import Death, Delivery, Entry, Record, Records, Stored, Subscription
from tmfkit_server.storage.postgres.connections import Connections, Row
from tmfkit_server.storage.postgres.tally import SIZE_OF_ALL

__all__ = [
    "DELIVERY_COLUMNS",
    "contents",
    "count",
    "death_text",
    "delivery_of",
    "record_of",
    "records_of",
    "subscription_of",
]

DELIVERY_COLUMNS = "sequence, subscription, callback, notification, subject, queued, attempts, due, death, address"

_ENTRIES_AT_A_TIME = 500
_COUNT = f"SELECT {SIZE_OF_ALL} + (SELECT count(*) FROM subscription) + (SELECT count(*) FROM outbox)"  # noqa: S608 - a constant
# However long it takes: nobody but the one who exports waits for it.
_AT_ONE_MOMENT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"""
_CONTENTS = """
SELECT 'record' AS kind, position, collection, id, body, spelling, tag,
    NULL::bigint, NULL::integer, NULL::double precision, NULL::json, NULL FROM record
UNION ALL SELECT 'subscription', position, hub, id, query, NULL, callback, NULL, NULL, NULL, NULL, NULL
FROM subscription
UNION ALL SELECT 'delivery', sequence, subscription, subject, notification, NULL, callback,
    queued, attempts, due, death, address
FROM outbox
ORDER BY position"""


def record_of(row: Row) -> Record:
    """Return the record in a row of id, body, spelling and tag."""
    identifier, body, spelling, tag = row
    return Record(identifier, body, orjson.loads(spelling), tag=tag)


def records_of(rows: Sequence[Row]) -> Records:
    """Return the records in such rows."""
    return Records(rows, record_of, _size_bytes)


def _size_bytes(row: Row) -> int:
    return len(row[1])


def subscription_of(row: Row) -> Subscription:
    """Return the listener in a row of id, hub, callback and query."""
    identifier, hub, callback, query = row
    return Subscription(identifier, hub, callback, orjson.loads(query))


def delivery_of(row: Row) -> Delivery:
    """Return the delivery in a row of ``DELIVERY_COLUMNS``."""
    sequence, subscription, callback, text, subject, queued, attempts, due, died, address = row
    death = Death(**orjson.loads(died)) if died else None
    return Delivery(
        sequence, subscription, callback, orjson.loads(text), subject, queued, attempts, due, death, address
    )


def death_text(delivery: Delivery) -> str | None:
    """Return what the column ``death`` holds."""
    return orjson.dumps(asdict(delivery.death)).decode() if delivery.death else None


async def count(connections: Connections) -> int:
    """Return how many entries there are; StoreError when the database failed."""
    [[entries]] = await connections.rows(_COUNT, ())
    return int(entries)


async def contents(connections: Connections) -> AsyncIterator[Entry]:
    """Give every entry, in the order in which they came into being; StoreError when the database failed."""
    async with connections.one() as connection, connection.transaction():
        # Several statements in one cannot be prepared.
        await connection.execute(_AT_ONE_MOMENT, prepare=False)
        async with connection.cursor("contents") as cursor:
            await cursor.execute(_CONTENTS, binary=True)
            while batch := await cursor.fetchmany(_ENTRIES_AT_A_TIME):
                for row in batch:
                    yield _entry_of(row)


def _entry_of(row: Row) -> Entry:
    kind, number, place, identifier, content, spelling, text, *history = row
    match kind:
        case "record":
            return Stored(place, record_of((identifier, content, spelling, text)))
        case "subscription":
            return subscription_of((identifier, place, text, content))
        case _:
            return delivery_of((number, place, text, content, identifier, *history))
