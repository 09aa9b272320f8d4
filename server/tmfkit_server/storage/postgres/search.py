"""Searches on PostgreSQL: one statement gives the page and the total, of one and the same moment."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tmfkit_server.query.evaluate import predicate, sort_key
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Search
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.sql import Condition, Ordering, condition, irregular_names, ordering
from tmfkit_server.storage.base import Page
from tmfkit_server.storage.postgres.connections import Connection, Connections, Row, execute
from tmfkit_server.storage.postgres.entries import record_of, records_of
from tmfkit_server.storage.postgres.pages import within_bytes
from tmfkit_server.storage.postgres.tally import COUNTED_OFF, SIZE, START
from tmfkit_server.turns import Keyed, Turns, in_order

__all__ = ["found_positions", "is_lookup", "search_page"]

# Rows that are fetched at a time, or fewer of which those before were as long.
_BATCH = 500
_FIRST_BATCH = 20
_BATCH_BYTES = 4 << 20

_WHOLE = within_bytes(
    "%(most_bytes)s",
    """
    SELECT size.total, record.id, record.body, record.spelling, record.tag, page.position AS place
    FROM {size} size
    LEFT JOIN (
        SELECT position FROM record WHERE collection = %(collection)s {page} LIMIT %(limit)s
    ) page ON true
    LEFT JOIN LATERAL (
        SELECT * FROM record WHERE record.collection = %(collection)s AND record.position = page.position OFFSET 0
    ) record ON true""",
)
_NEAR = _WHOLE.format(size=SIZE, page="ORDER BY position OFFSET %(offset)s")
_BEHIND = """AND position >= (SELECT position FROM start)
    ORDER BY position OFFSET %(offset)s - (SELECT before FROM start)"""
_DEEP = f"WITH {START}{_WHOLE.format(size=SIZE, page=_BEHIND)}"
# Materialised, because a LIMIT would lure the planner into walking the collection in order.
_FOUND_PAGE = """
WITH found AS MATERIALIZED ({found}
), page AS (
    SELECT row_number() OVER (ORDER BY {order_by}) AS place, position FROM (
        SELECT * FROM found ORDER BY {order_by} OFFSET %s LIMIT %s
    ) part
)"""
_RECORDS = within_bytes(
    "%s",
    """
    SELECT size.total, record.id, record.body, record.spelling, record.tag, page.place
    FROM (SELECT count(*) AS total FROM found) size
    LEFT JOIN page ON true
    LEFT JOIN LATERAL (
        SELECT * FROM record WHERE record.collection = %s AND record.position = page.position OFFSET 0
    ) record ON true""",
)
_FILTERED = f"{_FOUND_PAGE}{_RECORDS}"
_FOUND = "SELECT position{columns} FROM record WHERE collection = %s AND {where}"
# PostgreSQL evaluates such conditions once, before it begins, and then leaves out what cannot find anything.
_WHERE_IRREGULAR = "AND (SELECT EXISTS (SELECT FROM irregular WHERE key = ANY(%s)))"
_WHERE_REGULAR = f"AND NOT {_WHERE_IRREGULAR.removeprefix('AND ')}"
_SCANNED = """
SELECT position, id, body, spelling, tag FROM (
    SELECT position, id, body, spelling, tag{columns} FROM record WHERE collection = %s AND {where}
) found ORDER BY {order_by}"""

# Of a row of those.
_BODY = 2

_AT_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_AT_POSITIONS = within_bytes(
    "%s",
    """
    SELECT id, body, spelling, tag, place FROM unnest(%s::bigint[]) WITH ORDINALITY wanted (position, place)
    JOIN record USING (position) WHERE collection = %s""",
)


def is_lookup(search: Search) -> bool:
    """Tell whether indexes lead to the page itself: a page in the order of creation, of all or of what equals."""
    if search.sort or not condition(search.where, "").is_exact:
        return False
    return search.where == All() or _is_by_equality(search.where)


def _is_by_equality(expression: Expression) -> bool:
    match expression:
        case Comparison(operator=operator):
            return operator == "eq"
        case All(parts=parts):
            return any(map(_is_by_equality, parts))
        case AnyOf(parts=parts):
            return all(map(_is_by_equality, parts))
        case _:
            return False


async def search_page(connections: Connections, collection: str, search: Search) -> Page:
    """Return the page of *collection* that *search* describes.

    Raises:
        InvalidQuery: A regular expression is none.
        StoreError: The database failed.
    """
    where, order = condition(search.where, collection), ordering(search.sort, collection)
    if order is None:
        return await _sorted(connections, collection, search, where)
    if not where.is_exact:
        return await _scanned(connections, collection, search, where, order)
    if where.holds_always and not search.sort:
        wanted = {
            "collection": collection,
            "offset": search.offset,
            "limit": search.limit,
            "most_bytes": search.most_bytes,
        }
        return _page(await connections.rows(_DEEP if search.offset >= COUNTED_OFF else _NEAR, wanted))
    found, parameters = found_positions(search.where, order, collection)
    statement = _FILTERED.format(found=found, order_by=order.order_by)
    return _page(
        await connections.rows(statement, (*parameters, search.offset, search.limit, collection, search.most_bytes))
    )


def found_positions(expression: Expression, order: Ordering, collection: str) -> tuple[str, tuple[Any, ...]]:
    """Return the query for the positions of what satisfies *expression*, and its parameters."""
    full = _found(condition(expression, collection), order, collection)
    names = sorted(irregular_names(expression, collection))
    if not names:
        return full
    where = condition(expression, collection, is_lean=True)
    lean = _found(where, order, collection)
    parts = [(lean, [(_WHERE_REGULAR, names)]), (full, [(_WHERE_IRREGULAR, names)])]
    if where.positions and not order.columns:
        # Its keys are those of the collection. Of several values under the name, it would find a record for each.
        own, key = (where.positions, where.parameters), where.parameters[0]
        if key in names:
            parts[0] = own, [(_WHERE_REGULAR, names)]
        else:
            parts[0] = lean, [(_WHERE_REGULAR, names), (_WHERE_IRREGULAR, [key])]
            parts.insert(0, (own, [(_WHERE_REGULAR, [*names, key])]))
    statements = ["\n    ".join((found, *(text for text, _ in when))) for (found, _), when in parts]
    parameters = [each for (_, own), when in parts for each in (*own, *(keys for _, keys in when))]
    return "\n    UNION ALL ".join(statements), tuple(parameters)


def _found(where: Condition, order: Ordering, collection: str) -> tuple[str, tuple[Any, ...]]:
    statement = _FOUND.format(columns=order.columns, where=where.sql)
    return statement, (*order.parameters, collection, *where.parameters)


def _page(rows: Sequence[Row]) -> Page:
    # Without a record on the page one row still tells the total.
    return Page(records_of([row[1:5] for row in rows if row[1] is not None]), rows[0][0])


async def _scanned(
    connections: Connections, collection: str, search: Search, where: Condition, order: Ordering
) -> Page:
    """Let Python decide about each record that the database cannot rule out."""
    holds = predicate(search.where, search.budget)
    statement = _SCANNED.format(columns=order.columns, where=where.sql, order_by=order.order_by)
    parameters = (*order.parameters, collection, *where.parameters)
    end = math.inf if search.limit is None else search.offset + search.limit
    total, rows, room = 0, list[Row](), search.most_bytes
    async with connections.one() as connection, connection.transaction():
        async for _, *row in _streamed(connection, statement, parameters):
            record = record_of(tuple(row))
            if await paced(search.budget, holds, record.body):
                if search.offset <= total < end and room > 0:
                    rows.append(tuple(row))
                    room -= len(record.encoded)
                total += 1
    return Page(records_of(rows), total)


async def _sorted(connections: Connections, collection: str, search: Search, where: Condition) -> Page:
    """Let Python sort, by keys that the database does not have; records are fetched when the page is known."""
    holds = predicate(search.where, search.budget)
    unsorted = _SCANNED.format(columns="", where=where.sql, order_by="position")
    keyed: list[Keyed[int]] = []
    async with connections.one() as connection, connection.transaction():
        # Or else a record of the page might be gone when it is fetched.
        await connection.execute(_AT_ONE_MOMENT)
        async for position, *row in _streamed(connection, unsorted, (collection, *where.parameters)):
            body = record_of(tuple(row)).body
            if where.is_exact or await paced(search.budget, holds, body):
                key = await paced(search.budget, sort_key, body, search.sort, search.budget)
                keyed.append((key, position))
        most = None if search.limit is None else search.offset + search.limit
        positions = (await in_order(keyed, most=most))[search.offset :]
        found = await execute(connection, _AT_POSITIONS, (positions, collection, search.most_bytes))
    return Page(records_of([row[:4] for row in found]), len(keyed))


async def _streamed(connection: Connection, statement: str, parameters: Sequence[Any]) -> AsyncIterator[Row]:
    """Yield what a statement finds, a batch in memory at a time, and let others go first between rows."""
    turns = Turns()
    async with connection.cursor("scan") as cursor:
        await cursor.execute(statement, parameters, binary=True)
        count = _FIRST_BATCH
        while batch := await cursor.fetchmany(count):
            size = 0
            for row in batch:
                size += len(row[_BODY])
                yield row
                if turns.is_over():
                    await turns.next()
            count = max(1, min(_BATCH, _BATCH_BYTES * len(batch) // size))
