"""The table ``scalar``: plain values of first-level attributes in their order, one row for each attribute of a record.

It serves sorting by one attribute, and equality of one, as long as every record of the collection has no more than one
plain value under the attribute's name, and no long text; the table ``irregular`` says where that is not so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import psycopg

from tmfkit_server.query.expression import Path
from tmfkit_server.query.terms import Number, Terms, pointer_of
from tmfkit_server.storage.base import IndexPlan

__all__ = ["Scalars", "Value", "fill", "key_of", "mark_of", "value_of"]

Value: TypeAlias = tuple[int, Number, str]
"""Kind, number and text, as ``sort_key`` of the schema has them."""

Row: TypeAlias = tuple[str, int, Number, str]
"""Key and value."""

# In characters: long texts are seldom sorted by, and stand in the table and its index.
_LONGEST_TEXT = 200
_KINDS = {"!": 0, "=": 1, "@": 2, "": 3}

_KNOWN = "SELECT collection, name FROM scalar_attribute"
# Nobody writes meanwhile, or rows would be missing.
_ALONE = "LOCK TABLE record IN SHARE MODE"
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
INSERT INTO scalar (key, kind, number, text, position)
SELECT %(key)s, (value ->> 0)::smallint, coalesce((value ->> 1)::numeric, 0), coalesce(value ->> 2, ''), position
FROM found WHERE value IS NOT NULL AND NOT is_more AND coalesce(char_length(value ->> 2), 0) <= %(longest)s"""
_FILLED = "INSERT INTO scalar_attribute (collection, name) VALUES (%(collection)s, %(name)s)"


class Scalars:
    """The attributes that the table has: collection → name → pointer."""

    def __init__(self, attributes: Iterable[tuple[str, str]] = ()) -> None:
        self._pointers: dict[str, dict[str, str]] = {}
        for collection, name in attributes:
            self._pointers.setdefault(collection, {})[name] = pointer_of((name,))

    def has(self, collection: str, path: Path) -> bool:
        """Tell whether the table has an attribute."""
        return len(path) == 1 and path[0] in self._pointers.get(collection, ())

    def rows(self, collection: str, terms: Terms) -> frozenset[Row]:
        """Return the rows of a record, without its position."""
        pointers = self._pointers.get(collection, {}).values()
        return frozenset((collection + pointer, *value) for pointer in pointers for value in _values(terms, pointer))

    def irregular(self, collection: str, terms: Terms) -> Iterable[str]:
        """Return the marks of the attributes whose value in a record the table has no place for."""
        pointers = self._pointers.get(collection, {}).values()
        return [f"{collection}^{pointer}" for pointer in pointers if _is_irregular(terms, pointer)]


def key_of(collection: str, path: Path) -> str:
    """Return the key of an attribute."""
    return collection + pointer_of(path)


def mark_of(collection: str, path: Path) -> str:
    """Return what ``irregular`` has when an attribute is not always a plain value."""
    return f"{collection}^{pointer_of(path)}"


def value_of(prefix: str, term: Number | str) -> Value:
    """Return the value that stands for a term; *prefix* is the letter of its type, see ``query.terms``."""
    kind = _KINDS[prefix]
    return (kind, 0, term) if isinstance(term, str) else (kind, int(term) if kind == 0 else term, "")


def fill(connection: psycopg.Connection, plans: Mapping[str, IndexPlan]) -> Scalars:
    """Fill in the attributes of *plans* that the table has not got, one process at a time; return all that it has."""
    missing = {(collection, name) for collection, plan in plans.items() for name in plan.scalars} - _known(connection)
    if missing:
        with connection.transaction():
            connection.execute(_ALONE)
            for collection, name in sorted(missing):
                connection.execute(_FILL, _parameters(collection, name))
                connection.execute(_FILLED, {"collection": collection, "name": name})
        connection.execute("ANALYZE scalar")
    return Scalars(_known(connection))


def _known(connection: psycopg.Connection) -> set[tuple[str, str]]:
    return {(collection, name) for collection, name in connection.execute(_KNOWN)}


def _parameters(collection: str, name: str) -> Mapping[str, str | int]:
    path = (name,)
    return {
        "collection": collection,
        "pointer": pointer_of(path),
        "key": key_of(collection, path),
        "mark": mark_of(collection, path),
        "longest": _LONGEST_TEXT,
    }


def _values(terms: Terms, pointer: str) -> Sequence[Value]:
    """Return the value under *pointer*, if there is one and the table has a place for it."""
    if ">" + pointer in terms.order:
        return ()
    for prefix in _KINDS:
        if found := terms.lookup.get(prefix + pointer):
            [term] = found
            is_kept = not isinstance(term, str) or len(term) <= _LONGEST_TEXT
            return (value_of(prefix, term),) if is_kept else ()
    return ()


def _is_irregular(terms: Terms, pointer: str) -> bool:
    return ">" + pointer in terms.order or any(len(text) > _LONGEST_TEXT for text in terms.lookup.get(pointer, ()))
