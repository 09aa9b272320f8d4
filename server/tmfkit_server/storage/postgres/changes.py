"""What is written for a record: columns, bounds, the keys under which it is irregular, the tally of its collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from tmfkit_server.query.terms import Number, Terms, index_key, terms_of
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.postgres.tally import MINUS_WRITTEN, PLUS_WRITTEN

__all__ = ["Change", "Insertion", "insertion", "insertions", "json_text", "removal", "replacement", "statements"]

# Arrays go out in binary form (%b): quoting every text of an array takes psycopg ten times as long.
_INSERT = f"""
WITH written AS (
    INSERT INTO record (collection, id, body, spelling, tag, terms, orders)
    SELECT collection, id, body::json, spelling::json, tag, terms::jsonb, orders::jsonb
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
        WITH ORDINALITY AS new (collection, id, body, spelling, tag, terms, orders, place)
    ORDER BY place
    RETURNING collection, id, position
), added AS (
    INSERT INTO bound (key, value, position)
    SELECT new.key, new.value, written.position
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]::numeric[]) AS new (collection, id, key, value)
    JOIN written USING (collection, id)
){PLUS_WRITTEN}"""  # noqa: S608 - constants
_UPDATE = """
UPDATE record SET body = %s, spelling = %s, tag = %s, terms = %s, orders = %s WHERE collection = %s AND id = %s"""
_UPDATE_WITH_BOUNDS = f"""
WITH written AS ({_UPDATE}
    RETURNING position
), dropped AS (
    DELETE FROM bound USING written, unnest(%b::text[], %b::text[]::numeric[]) AS old (key, value)
    WHERE bound.key = old.key AND bound.value = old.value AND bound.position = written.position
)
INSERT INTO bound (key, value, position)
SELECT new.key, new.value, written.position
FROM written, unnest(%b::text[], %b::text[]::numeric[]) AS new (key, value)"""  # noqa: S608 - constants
_DELETE = f"""
WITH written AS (
    DELETE FROM record WHERE collection = %s AND id = %s RETURNING collection, position
), dropped AS (
    DELETE FROM bound USING written, unnest(%b::text[], %b::text[]::numeric[]) AS old (key, value)
    WHERE bound.key = old.key AND bound.value = old.value AND bound.position = written.position
){MINUS_WRITTEN}"""  # noqa: S608 - constants

Bounds = set[tuple[str, Number]]


@dataclass(frozen=True, slots=True)
class Change:
    """A statement with its parameters, and the keys under which the record that it writes is irregular."""

    sql: str
    parameters: tuple[Any, ...]
    irregular: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Insertion:
    """A record to be added.

    Attributes:
        columns: Its columns in ``record``, as texts.
        bounds: Its rows in ``bound``, without the position.
        irregular: Keys under which it is irregular; see ``Terms``.
    """

    columns: tuple[str, ...]
    bounds: Bounds
    irregular: frozenset[str]


def insertion(collection: str, record: Record) -> Insertion:
    """Return what adding *record* writes."""
    written = _written(collection, record)
    return Insertion((collection, record.id, *written.columns), written.bounds, written.irregular)


def insertions(new: Sequence[Insertion]) -> Change:
    """Return the change that adds records in the order given."""
    columns = [list(column) for column in zip(*(each.columns for each in new), strict=True)]
    bounds = [(*each.columns[:2], key, str(value)) for each in new for key, value in each.bounds]
    return Change(_INSERT, (*columns, *_transposed(bounds, width=4)))


def statements(changes: Iterable[Insertion | Change]) -> Iterator[Change]:
    """Yield the statements that make *changes* in their order, one for all records that are added in a row."""
    new: list[Insertion] = []
    for change in changes:
        if isinstance(change, Insertion):
            new.append(change)
            continue
        if new:
            yield insertions(new)
            new = []
        yield change
    if new:
        yield insertions(new)


def replacement(collection: str, before: Record, after: Record) -> Change:
    """Return the change that puts *after* in the place of *before*."""
    written, old = _written(collection, after), _bounds(collection, terms_of(before.body))
    parameters = (*written.columns, collection, after.id)
    if written.bounds == old:
        # Mostly so; and the shorter statement is planned once, the longer one anew every time.
        return Change(_UPDATE, parameters, written.irregular)
    dropped, added = _as_texts(old - written.bounds), _as_texts(written.bounds - old)
    return Change(_UPDATE_WITH_BOUNDS, (*parameters, *dropped, *added), written.irregular)


def removal(collection: str, record: Record) -> Change:
    """Return the change that takes *record* away."""
    return Change(_DELETE, (collection, record.id, *_as_texts(_bounds(collection, terms_of(record.body)))))


def json_text(value: Any) -> str:
    """Return *value* as a JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Integers of more than 64 bits, which terms have for large floats.
        return json.dumps(value, ensure_ascii=False)


class _Written(NamedTuple):
    columns: tuple[str, str, str, str, str]
    bounds: Bounds
    irregular: frozenset[str]


def _written(collection: str, record: Record) -> _Written:
    terms = terms_of(record.body)
    columns = (
        record.encoded.decode(),
        json_text(record.spelling),
        record.tag,
        json_text({collection: terms.lookup}),
        json_text(terms.order),
    )
    return _Written(
        columns, _bounds(collection, terms), frozenset(index_key(collection + key) for key in terms.irregular)
    )


def _bounds(collection: str, terms: Terms) -> Bounds:
    return {(index_key(collection + key), value) for key, values in terms.bounds.items() for value in values}


def _as_texts(bounds: Bounds) -> list[list[str]]:
    return _transposed([(key, str(value)) for key, value in bounds], width=2)


def _transposed(rows: Sequence[tuple[str, ...]], *, width: int) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
