"""Searches that the table ``scalar`` answers: a collection sorted by one attribute, and equality of one attribute.

One statement gives the page and the total, and says whether the table tells the truth: where records have other values
than plain ones, or long texts, somebody else has to search.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Search, SortKey
from tmfkit_server.query.sql import equal_terms
from tmfkit_server.storage.base import Page
from tmfkit_server.storage.postgres.arrays import Integers, Texts
from tmfkit_server.storage.postgres.connections import Connections
from tmfkit_server.storage.postgres.entries import records_of
from tmfkit_server.storage.postgres.pages import within_bytes
from tmfkit_server.storage.postgres.scalars import Scalars
from tmfkit_server.storage.postgres.tally import SIZE

__all__ = ["Arranged", "arranged", "arranged_page"]

# For LIMIT: more than there can be.
_ALL = 1 << 62

_KNOWN = """
WITH known AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM irregular WHERE key = %(mark)s) AS is_regular
), {page}"""
_RECORDS = within_bytes(
    "%(most_bytes)s",
    """
    SELECT known.is_regular, size.total, record.id, record.body, record.spelling, record.tag, page.place
    FROM known CROSS JOIN {size} size
    LEFT JOIN page ON true
    LEFT JOIN LATERAL (
        SELECT * FROM record WHERE record.collection = %(collection)s AND record.position = page.position OFFSET 0
    ) record ON true""",
)
_STATEMENT = f"{_KNOWN}{_RECORDS}"
_TOP = """top AS MATERIALIZED (
    SELECT key, number, text, position FROM scalar
    WHERE key BETWEEN %(lowest)s AND %(highest)s AND (SELECT is_regular FROM known)
    ORDER BY key {way}, number {way}, text {way}, position {way} LIMIT %(end)s
)"""
# Records without a value come last, either way, and of those with one no more than are in "top" come before them.
_WITHOUT = """
    SELECT 1, NULL, NULL, NULL, position FROM (
        SELECT position FROM record WHERE collection = %(collection)s AND position NOT IN (SELECT position FROM top)
            AND (SELECT count(*) FROM top) < %(end)s AND (SELECT is_regular FROM known)
        ORDER BY position LIMIT %(end)s
    ) missing"""
_PAGE = """, page AS (
    SELECT row_number() OVER (ORDER BY part, key {way}, number {way}, text {way}, position) AS place, position
    FROM arranged ORDER BY place OFFSET %(offset)s LIMIT %(limit)s
)"""
_UP = f"""{_TOP.format(way="ASC")}, arranged AS (
    SELECT 0 AS part, key, number, text, position FROM top
    UNION ALL{_WITHOUT}
){_PAGE.format(way="ASC")}"""  # noqa: S608 - constants
# Downwards the index has equal values in the wrong order, which matters for the value that the page ends with: of that
# one, the first records are looked up.
_DOWN = f"""{_TOP.format(way="DESC")}, edge AS MATERIALIZED (
    SELECT key, number, text FROM top ORDER BY key, number, text LIMIT 1
), arranged AS (
    SELECT 0 AS part, key, number, text, position FROM top
    WHERE (key, number, text) > (SELECT key, number, text FROM edge)
    UNION ALL
    SELECT 0, edge.key, edge.number, edge.text, same.position FROM edge, LATERAL (
        SELECT position FROM scalar
        WHERE key = edge.key AND number = edge.number AND text = edge.text
        ORDER BY position LIMIT %(end)s
    ) same
    UNION ALL{_WITHOUT}
){_PAGE.format(way="DESC")}"""  # noqa: S608 - constants
_SAME = """FROM scalar WHERE key = wanted.key AND number = wanted.number AND text = wanted.text"""
_EQUAL = f"""wanted AS MATERIALIZED (
    SELECT key, number, text FROM unnest(
        %(keys)b::integer[], %(numbers)b::text[]::numeric[], %(texts)b::text[]
    ) AS wanted (key, number, text) WHERE (SELECT is_regular FROM known)
), page AS (
    SELECT row_number() OVER (ORDER BY position) AS place, position FROM wanted, LATERAL (
        SELECT position {_SAME} ORDER BY position LIMIT %(end)s
    ) same ORDER BY place OFFSET %(offset)s LIMIT %(limit)s
)"""  # noqa: S608 - constants
_COUNTED = f"""(
    SELECT coalesce(sum(records), 0)::bigint AS total
    FROM wanted, LATERAL (SELECT count(*) AS records {_SAME}) counted
)"""  # noqa: S608 - constants

_SORTED_UP = _STATEMENT.format(page=_UP, size=SIZE)
_SORTED_DOWN = _STATEMENT.format(page=_DOWN, size=SIZE)
_FILTERED = _STATEMENT.format(page=_EQUAL, size=_COUNTED)


class Arranged(NamedTuple):
    """A statement with its parameters."""

    sql: str
    parameters: dict[str, Any]


def arranged(collection: str, search: Search, scalars: Scalars) -> Arranged | None:
    """Return what gives the page that *search* describes; None when the table has nothing to do with it."""
    comparison = _only(search.where)
    part: dict[str, Any] = {
        "collection": collection,
        "offset": search.offset,
        "limit": search.limit,
        "most_bytes": search.most_bytes,
        "end": _ALL if search.limit is None else search.offset + search.limit,
    }
    match search.sort:
        case () if comparison is not None and comparison.operator == "eq" and not comparison.loose:
            scalar = scalars.find(collection, comparison.path)
            if scalar is None:
                return None
            wanted = dict.fromkeys(scalar.row(*term) for term in equal_terms(comparison))
            keys, numbers, texts = zip(*wanted, strict=True)
            part |= {"keys": Integers(keys), "numbers": Texts(map(str, numbers)), "texts": Texts(texts)}
            statement = _FILTERED
        case (SortKey(path=tuple() as path, descending=descending),) if search.where == All():
            scalar = scalars.find(collection, path)
            if scalar is None:
                return None
            part |= dict(zip(("lowest", "highest"), scalar.keys, strict=True))
            statement = _SORTED_DOWN if descending else _SORTED_UP
        case _:
            return None
    return Arranged(statement, {**part, "mark": scalar.mark})


async def arranged_page(connections: Connections, statement: Arranged) -> Page | None:
    """Return the page; None when the table cannot tell."""
    rows = await connections.rows(*statement)
    is_regular, total, *_ = rows[0]
    return Page(records_of([row[2:6] for row in rows if row[2] is not None]), total) if is_regular else None


def _only(expression: Expression) -> Comparison | None:
    """Return the comparison that an expression consists of."""
    while isinstance(expression, All | AnyOf) and len(expression.parts) == 1:
        [expression] = expression.parts
    return expression if isinstance(expression, Comparison) else None
