"""What is written for a record: columns, bounds, the keys under which it is irregular, the tally of its collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from tmfkit_server.query.terms import Number, Terms, index_key, terms_of
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.postgres.tally import MINUS_WRITTEN, PLUS_WRITTEN
from tmfkit_server.storage.record import Body

__all__ = ["Change", "Statement", "insertion", "json_text", "removal", "replacement", "statements"]

Kind: TypeAlias = Literal["insert", "remove", "replace"]
Bounds: TypeAlias = frozenset[tuple[str, Number]]

# Arrays go out in binary form (%b): quoting every text of an array takes psycopg ten times as long.
_NEW = """unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])"""
_NAMES = "(collection, id, body, spelling, tag, terms, orders"
# OFFSET 0 holds the planner to one look into the index for each row, whatever it believes of the table's size.
_HELD = """LATERAL (
        SELECT ctid FROM record WHERE record.collection = old.collection AND record.id = old.id OFFSET 0
    ) held WHERE record.ctid = held.ctid
    RETURNING record.collection, record.id, record.position"""
_ADDED = """, added AS (
    INSERT INTO bound (key, value, position)
    SELECT new.key, new.value, written.position
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]::numeric[]) AS new (collection, id, key, value)
    JOIN written USING (collection, id)
)"""
_DROPPED = """, dropped AS (
    DELETE FROM bound USING (
        SELECT gone.key, gone.value, written.position
        FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]::numeric[]) AS gone (collection, id, key, value)
        JOIN written USING (collection, id)
    ) old, LATERAL (
        SELECT ctid FROM bound
        WHERE bound.key = old.key AND bound.value = old.value AND bound.position = old.position OFFSET 0
    ) held WHERE bound.ctid = held.ctid
)"""
_INSERT = f"""
WITH written AS (
    INSERT INTO record {_NAMES})
    SELECT collection, id, body::json, spelling::json, tag, terms::jsonb, orders::jsonb
    FROM {_NEW} WITH ORDINALITY AS new {_NAMES}, place) ORDER BY place
    RETURNING collection, id, position
){_ADDED}{PLUS_WRITTEN}"""  # noqa: S608 - constants
_WRITE_OVER = f"""
WITH written AS (
    UPDATE record SET body = old.body::json, spelling = old.spelling::json, tag = old.tag,
        terms = old.terms::jsonb, orders = old.orders::jsonb
    FROM {_NEW} AS old {_NAMES}), {_HELD}
)"""  # noqa: S608 - constants
_UPDATE = f"{_WRITE_OVER} SELECT"
_UPDATE_WITH_BOUNDS = f"{_WRITE_OVER}{_DROPPED}{_ADDED} SELECT"
_DELETE = f"""
WITH written AS (
    DELETE FROM record USING unnest(%b::text[], %b::text[]) AS old (collection, id), {_HELD}
){_DROPPED}{MINUS_WRITTEN}"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one record.

    Attributes:
        kind: Which it is.
        columns: Collection and id, and unless it goes, its other columns in ``record``, as texts.
        dropped: Rows that it no longer has in ``bound``, without the position.
        added: Rows that it has there from now on.
        irregular: Keys under which it is irregular from now on; see ``Terms``.
    """

    kind: Kind
    columns: tuple[str, ...]
    dropped: Bounds = frozenset()
    added: Bounds = frozenset()
    irregular: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[str, str]:
        """Collection and id."""
        return self.columns[0], self.columns[1]


class Statement(NamedTuple):
    """A statement with its parameters."""

    sql: str
    parameters: tuple[list[str], ...]


def insertion(collection: str, record: Record) -> Change:
    """Return the change that adds *record*."""
    terms = terms_of(record.body)
    columns = _columns(collection, record, terms)
    return Change("insert", columns, added=_bounds(collection, terms), irregular=_irregular(collection, terms))


def replacement(collection: str, before: Record, after: Record) -> Change:
    """Return the change that puts *after* in the place of *before*."""
    terms = terms_of(after.body)
    # Mostly few attributes of the first level are others, and a bound belongs to one of those.
    old, new = (
        _bounds(collection, terms_of(part))
        for part in (_others(before.body, after.body), _others(after.body, before.body))
    )
    columns = _columns(collection, after, terms)
    return Change("replace", columns, old - new, new - old, _irregular(collection, terms))


def removal(collection: str, record: Record) -> Change:
    """Return the change that takes *record* away."""
    return Change("remove", (collection, record.id), _bounds(collection, terms_of(record.body)))


def statements(changes: Iterable[Change]) -> Iterator[Statement]:
    """Yield the statements that make *changes* in their order, one for all of a kind in a row."""
    for kind, run in groupby(changes, key=lambda change: change.kind):
        for part in _without_repetition(run):
            yield _statement(kind, part)


def json_text(value: Any) -> str:
    """Return *value* as a JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Integers of more than 64 bits, which terms have for large floats.
        return json.dumps(value, ensure_ascii=False)


def _without_repetition(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Cut *changes* so that no part has a record twice: a statement sees what was there before it."""
    part: list[Change] = []
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if change.place in seen:
            yield part
            part, seen = [], set()
        part.append(change)
        seen.add(change.place)
    yield part


def _statement(kind: Kind, changes: Sequence[Change]) -> Statement:
    columns = _transposed([change.columns for change in changes])
    dropped = _rows((change, change.dropped) for change in changes)
    added = _rows((change, change.added) for change in changes)
    match kind:
        case "insert":
            return Statement(_INSERT, (*columns, *added))
        case "remove":
            return Statement(_DELETE, (*columns, *dropped))
    # Mostly bounds stay as they are.
    return (
        Statement(_UPDATE_WITH_BOUNDS, (*columns, *dropped, *added))
        if dropped[0] or added[0]
        else Statement(_UPDATE, columns)
    )


def _columns(collection: str, record: Record, terms: Terms) -> tuple[str, ...]:
    return (
        collection,
        record.id,
        record.encoded.decode(),
        json_text(record.spelling),
        record.tag,
        json_text({collection: terms.lookup}),
        json_text(terms.order),
    )


def _others(one: Body, other: Body) -> Mapping[str, Any]:
    """Return the attributes of *one* whose values *other* may not have; it certainly has the rest."""
    return {name: value for name, value in one.items() if not _is_certainly_same(value, other.get(name))}


def _is_certainly_same(one: Any, other: Any) -> bool:
    # Equal texts have the same terms, unlike 1 and true.
    return one is other or (isinstance(one, str) and one == other)


def _bounds(collection: str, terms: Terms) -> Bounds:
    return frozenset((index_key(collection + key), value) for key, values in terms.bounds.items() for value in values)


def _irregular(collection: str, terms: Terms) -> frozenset[str]:
    return frozenset(index_key(collection + key) for key in terms.irregular)


def _rows(bounds: Iterable[tuple[Change, Bounds]]) -> tuple[list[str], ...]:
    rows = [(*change.place, key, str(value)) for change, values in bounds for key, value in values]
    return _transposed(rows) if rows else ([], [], [], [])


def _transposed(rows: Sequence[tuple[str, ...]]) -> tuple[list[str], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))
