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
from tmfkit_server.storage.postgres.scalars import Row, Scalars
from tmfkit_server.storage.postgres.tally import MINUS_WRITTEN, PLUS_WRITTEN
from tmfkit_server.storage.record import Body

__all__ = ["Change", "Entries", "Statement", "insertion", "json_text", "removal", "replacement", "statements"]

Kind: TypeAlias = Literal["insert", "remove", "replace"]

# Arrays go out in binary form (%b): quoting every text of an array takes psycopg ten times as long.
_NEW = """unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])"""
_NAMES = "(collection, id, body, spelling, tag, terms, orders"
# OFFSET 0 holds the planner to one look into the index for each row, whatever it believes of the table's size.
_HELD = """LATERAL (
        SELECT ctid FROM record WHERE record.collection = old.collection AND record.id = old.id OFFSET 0
    ) held WHERE record.ctid = held.ctid
    RETURNING record.collection, record.id, record.position"""
_ADDED = """, bound_added AS (
    INSERT INTO bound (key, value, position)
    SELECT new.key, new.value, written.position
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]::numeric[]) AS new (collection, id, key, value)
    JOIN written USING (collection, id)
)"""
_DROPPED = """, bound_dropped AS (
    DELETE FROM bound USING (
        SELECT gone.key, gone.value, written.position
        FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]::numeric[]) AS gone (collection, id, key, value)
        JOIN written USING (collection, id)
    ) old, LATERAL (
        SELECT ctid FROM bound
        WHERE bound.key = old.key AND bound.value = old.value AND bound.position = old.position OFFSET 0
    ) held WHERE bound.ctid = held.ctid
)"""
_SCALARS = """unnest(%b::text[], %b::text[], %b::text[], %b::text[]::smallint[], %b::text[]::numeric[], %b::text[])"""
_SCALARS_ADDED = f""", scalar_added AS (
    INSERT INTO scalar (key, kind, number, text, position)
    SELECT new.key, new.kind, new.number, new.text, written.position
    FROM {_SCALARS} AS new (collection, id, key, kind, number, text)
    JOIN written USING (collection, id)
)"""  # noqa: S608 - constants
_SCALARS_DROPPED = f""", scalar_dropped AS (
    DELETE FROM scalar USING (
        SELECT gone.key, gone.kind, gone.number, gone.text, written.position
        FROM {_SCALARS} AS gone (collection, id, key, kind, number, text)
        JOIN written USING (collection, id)
    ) old, LATERAL (
        SELECT ctid FROM scalar
        WHERE scalar.key = old.key AND scalar.kind = old.kind AND scalar.number = old.number
            AND scalar.text = old.text AND scalar.position = old.position OFFSET 0
    ) held WHERE scalar.ctid = held.ctid
)"""  # noqa: S608 - constants
_INSERT = f"""
WITH written AS (
    INSERT INTO record {_NAMES})
    SELECT collection, id, body::json, spelling::json, tag, terms::jsonb, orders::jsonb
    FROM {_NEW} WITH ORDINALITY AS new {_NAMES}, place) ORDER BY place
    RETURNING collection, id, position
){_ADDED}{_SCALARS_ADDED}{PLUS_WRITTEN}"""  # noqa: S608 - constants
_WRITE_OVER = f"""
WITH written AS (
    UPDATE record SET body = old.body::json, spelling = old.spelling::json, tag = old.tag,
        terms = old.terms::jsonb, orders = old.orders::jsonb
    FROM {_NEW} AS old {_NAMES}), {_HELD}
)"""  # noqa: S608 - constants
_UPDATE = f"{_WRITE_OVER}{_SCALARS_DROPPED}{_SCALARS_ADDED} SELECT"
_UPDATE_WITH_BOUNDS = f"{_WRITE_OVER}{_SCALARS_DROPPED}{_SCALARS_ADDED}{_DROPPED}{_ADDED} SELECT"
_DELETE = f"""
WITH written AS (
    DELETE FROM record USING unnest(%b::text[], %b::text[]) AS old (collection, id), {_HELD}
){_DROPPED}{_SCALARS_DROPPED}{MINUS_WRITTEN}"""  # noqa: S608 - constants


class Entries(NamedTuple):
    """What a record has in ``bound`` and in ``scalar``, without its position."""

    bounds: frozenset[tuple[str, Number]] = frozenset()
    scalars: frozenset[Row] = frozenset()

    def without(self, others: Entries) -> Entries:
        """Return those that are none of *others*."""
        return Entries(self.bounds - others.bounds, self.scalars - others.scalars)


_NONE = Entries()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one record.

    Attributes:
        kind: Which it is.
        columns: Collection and id, and unless it goes, its other columns in ``record``, as texts.
        dropped: What it no longer has in the other tables.
        added: What it has there from now on.
        irregular: Keys under which it is irregular from now on; see ``Terms`` and ``Scalars``.
    """

    kind: Kind
    columns: tuple[str, ...]
    dropped: Entries = _NONE
    added: Entries = _NONE
    irregular: frozenset[str] = frozenset()

    @property
    def place(self) -> tuple[str, str]:
        """Collection and id."""
        return self.columns[0], self.columns[1]


class Statement(NamedTuple):
    """A statement with its parameters."""

    sql: str
    parameters: tuple[list[str], ...]


def insertion(collection: str, record: Record, scalars: Scalars) -> Change:
    """Return the change that adds *record*."""
    terms = terms_of(record.body)
    columns, irregular = _columns(collection, record, terms), _irregular(collection, terms, scalars)
    return Change("insert", columns, added=_entries(collection, terms, scalars), irregular=irregular)


def replacement(collection: str, before: Record, after: Record, scalars: Scalars) -> Change:
    """Return the change that puts *after* in the place of *before*."""
    terms = terms_of(after.body)
    # Mostly few attributes of the first level are others, and an entry belongs to one of those.
    old, new = (
        _entries(collection, terms_of(part), scalars)
        for part in (_others(before.body, after.body), _others(after.body, before.body))
    )
    columns, irregular = _columns(collection, after, terms), _irregular(collection, terms, scalars)
    return Change("replace", columns, old.without(new), new.without(old), irregular)


def removal(collection: str, record: Record, scalars: Scalars) -> Change:
    """Return the change that takes *record* away."""
    return Change("remove", (collection, record.id), _entries(collection, terms_of(record.body), scalars))


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
    dropped = _bounds((change, change.dropped) for change in changes)
    added = _bounds((change, change.added) for change in changes)
    no_longer = _scalars((change, change.dropped) for change in changes)
    now = _scalars((change, change.added) for change in changes)
    match kind:
        case "insert":
            return Statement(_INSERT, (*columns, *added, *now))
        case "remove":
            return Statement(_DELETE, (*columns, *dropped, *no_longer))
        case "replace" if dropped[0] or added[0]:
            return Statement(_UPDATE_WITH_BOUNDS, (*columns, *no_longer, *now, *dropped, *added))
        case "replace":
            # Mostly bounds stay as they are.
            return Statement(_UPDATE, (*columns, *no_longer, *now))


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


def _entries(collection: str, terms: Terms, scalars: Scalars) -> Entries:
    bounds = ((index_key(collection + key), value) for key, values in terms.bounds.items() for value in values)
    return Entries(frozenset(bounds), scalars.rows(collection, terms))


def _irregular(collection: str, terms: Terms, scalars: Scalars) -> frozenset[str]:
    keys = (index_key(collection + key) for key in terms.irregular)
    return frozenset((*keys, *scalars.irregular(collection, terms)))


def _bounds(entries: Iterable[tuple[Change, Entries]]) -> tuple[list[str], ...]:
    rows = [(*change.place, key, str(value)) for change, each in entries for key, value in each.bounds]
    return _transposed(rows) if rows else ([], [], [], [])


def _scalars(entries: Iterable[tuple[Change, Entries]]) -> tuple[list[str], ...]:
    rows = [
        (*change.place, key, str(kind), str(number), text)
        for change, each in entries
        for key, kind, number, text in each.scalars
    ]
    return _transposed(rows) if rows else ([], [], [], [], [], [])


def _transposed(rows: Sequence[tuple[str, ...]]) -> tuple[list[str], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))
