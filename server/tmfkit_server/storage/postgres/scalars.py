"""The table ``scalar``: plain values of first-level attributes in their order, one row for each attribute of a record.

It serves sorting by one attribute, and equality of one, as long as every record of the collection has no more than one
plain value under the attribute's name, and no long text; the table ``irregular`` says where that is not so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import psycopg

from tmfkit_server.query.expression import Path
from tmfkit_server.query.terms import Number, Terms, pointer_of
from tmfkit_server.storage.base import IndexPlan
from tmfkit_server.storage.record import Body

__all__ = ["Row", "Scalar", "Scalars", "fill"]

Row: TypeAlias = tuple[int, Number, str]
"""Key, number and text."""

# In characters: long texts are seldom sorted by, and stand in the table and its index.
_LONGEST_TEXT = 200
# Letter of a term's type, see ``query.terms`` → rank.
_RANKS = {"!": 0, "=": 1, "@": 2, "": 3}
_A_NUMBER = 4

_KNOWN = "SELECT collection, name, number FROM scalar_attribute"
# Nobody writes meanwhile, or rows would be missing.
_ALONE = "LOCK TABLE record IN SHARE MODE"
_ADD = "INSERT INTO scalar_attribute (collection, name) VALUES (%s, %s) RETURNING number"
_FILL = """
WITH found AS (
    SELECT position, sort_key(terms -> %(collection)s, orders, %(pointer)s) AS value,
        orders ? ('>' || %(pointer)s) AS is_more
    FROM record WHERE collection = %(collection)s
), irregular_now AS (
    INSERT INTO irregular (key)
    SELECT %(mark)s WHERE EXISTS (SELECT FROM found WHERE is_more OR char_length(value ->> 2) > %(longest)s)
    ON CONFLICT DO NOTHING
)
INSERT INTO scalar (key, number, text, position)
SELECT %(key)s + (value ->> 0)::integer, coalesce((value ->> 1)::numeric, 0), coalesce(value ->> 2, ''), position
FROM found WHERE value IS NOT NULL AND NOT is_more AND coalesce(char_length(value ->> 2), 0) <= %(longest)s"""


@dataclass(frozen=True, slots=True)
class Scalar:
    """An attribute that the table has.

    Attributes:
        pointer: Pointer of the attribute.
        mark: What ``irregular`` has when its value is not always a plain one.
        keys: The lowest and the highest key of its rows.
        terms: Key of a term → key of a row.
        more: Key among the terms under which a record has more than a plain value.
    """

    pointer: str
    mark: str
    keys: tuple[int, int]
    terms: Mapping[str, int]
    more: str

    @classmethod
    def of(cls, collection: str, name: str, number: int) -> Scalar:
        """Return the attribute with a name and a number."""
        pointer, lowest = pointer_of((name,)), number * _A_NUMBER
        terms = {prefix + pointer: lowest + rank for prefix, rank in _RANKS.items()}
        return cls(pointer, f"{collection}^{pointer}", (lowest, lowest + _A_NUMBER - 1), terms, ">" + pointer)

    def row(self, prefix: str, term: Number | str) -> Row:
        """Return the row that stands for a term; *prefix* is the letter of its type, see ``query.terms``."""
        return _row(self.terms[prefix + self.pointer], term)


class Scalars:
    """The attributes that the table has."""

    def __init__(self, known: Iterable[tuple[str, str, int]] = ()) -> None:
        self._scalars: dict[str, dict[str, Scalar]] = {}
        for collection, name, number in known:
            self._scalars.setdefault(collection, {})[name] = Scalar.of(collection, name, number)

    def find(self, collection: str, path: Path) -> Scalar | None:
        """Return an attribute; None when the table has not got it."""
        return self._scalars.get(collection, {}).get(path[0]) if len(path) == 1 else None

    def entries(self, collection: str, body: Body, terms: Terms) -> tuple[frozenset[Row], list[str]]:
        """Return the rows of a record without its position, and the marks of what the table has no place for."""
        known = self._scalars.get(collection, {})
        found = [entry for name in body if name in known for entry in _entry(known[name], terms)]
        rows = frozenset(entry for entry in found if not isinstance(entry, str))
        return rows, [entry for entry in found if isinstance(entry, str)]


def fill(connection: psycopg.Connection, plans: Mapping[str, IndexPlan]) -> Scalars:
    """Fill in the attributes of *plans* that the table has not got, one process at a time; return all that it has."""
    known = {(collection, name) for collection, name, _ in _known(connection)}
    missing = {(collection, name) for collection, plan in plans.items() for name in plan.scalars} - known
    if missing:
        with connection.transaction():
            connection.execute(_ALONE)
            for collection, name in sorted(missing):
                [number] = connection.execute(_ADD, (collection, name)).fetchone() or (0,)
                new = Scalar.of(collection, name, number)
                parameters = {"pointer": new.pointer, "mark": new.mark, "key": new.keys[0], "longest": _LONGEST_TEXT}
                connection.execute(_FILL, {"collection": collection, **parameters})
        connection.execute("ANALYZE scalar")
    return Scalars(_known(connection))


def _known(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    return connection.execute(_KNOWN).fetchall()


def _entry(scalar: Scalar, terms: Terms) -> Iterator[Row | str]:
    """Yield the row of a record, or the mark when there can be none; nothing when it has no value."""
    if scalar.more in terms.order:
        yield scalar.mark
        return
    for term_key, key in scalar.terms.items():
        if found := terms.lookup.get(term_key):
            [term] = found
            is_long = isinstance(term, str) and len(term) > _LONGEST_TEXT
            yield scalar.mark if is_long else _row(key, term)
            return


def _row(key: int, term: Number | str) -> Row:
    if isinstance(term, str):
        return key, 0, term
    return key, int(term) if isinstance(term, bool) else term, ""
