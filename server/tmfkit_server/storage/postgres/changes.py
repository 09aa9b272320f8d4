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
from tmfkit_server.storage.postgres.arrays import Integers, Texts
from tmfkit_server.storage.postgres.scalars import Row, Scalars
from tmfkit_server.storage.postgres.tally import MINUS_WRITTEN, PLUS_WRITTEN
from tmfkit_server.storage.record import Body

__all__ = ["Change", "Entries", "Statement", "insertion", "json_text", "removal", "replacement", "statements"]

Kind: TypeAlias = Literal["insert", "remove", "replace"]

_COLUMNS = ("collection", "id", "body", "spelling", "tag", "terms", "orders")


def _rows(*names: str) -> str:
    """Return what gives rows of these columns, each of which is an array of texts, and of their place."""
    return f"unnest({', '.join(['%b::text[]'] * len(names))}) WITH ORDINALITY AS new ({', '.join(names)}, place)"


# OFFSET 0 holds the planner to one look into the index for each row, whatever it believes of the table's size.
_HELD = """LATERAL (
        SELECT ctid, position FROM record
        WHERE record.collection = new.collection AND record.id = new.id OFFSET 0
    ) held"""
_BOUNDS = "unnest(%b::integer[], %b::text[], %b::text[]::numeric[])"
_BOUNDS_ADDED = f""", bound_added AS (
    INSERT INTO bound (key, value, position)
    SELECT each.key, each.value, new.position FROM {_BOUNDS} AS each (place, key, value) JOIN new USING (place)
)"""  # noqa: S608 - constants
_BOUNDS_DROPPED = f""", bound_dropped AS (
    DELETE FROM bound USING (
        SELECT each.key, each.value, new.position FROM {_BOUNDS} AS each (place, key, value) JOIN new USING (place)
    ) old, LATERAL (
        SELECT ctid FROM bound
        WHERE bound.key = old.key AND bound.value = old.value AND bound.position = old.position OFFSET 0
    ) held WHERE bound.ctid = held.ctid
)"""  # noqa: S608 - constants
_SCALARS = "unnest(%b::integer[], %b::integer[], %b::text[]::numeric[], %b::text[])"
_SCALARS_ADDED = f""", scalar_added AS (
    INSERT INTO scalar (key, number, text, position)
    SELECT each.key, each.number, each.text, new.position
    FROM {_SCALARS} AS each (place, key, number, text) JOIN new USING (place)
)"""  # noqa: S608 - constants
_SCALARS_DROPPED = f""", scalar_dropped AS (
    DELETE FROM scalar USING (
        SELECT each.key, each.number, each.text, new.position
        FROM {_SCALARS} AS each (place, key, number, text) JOIN new USING (place)
    ) old, LATERAL (
        SELECT ctid FROM scalar
        WHERE scalar.key = old.key AND scalar.number = old.number AND scalar.text = old.text
            AND scalar.position = old.position OFFSET 0
    ) held WHERE scalar.ctid = held.ctid
)"""  # noqa: S608 - constants
_INSERT = f"""
WITH new AS MATERIALIZED (
    SELECT *, nextval('entry_number') AS position FROM {_rows(*_COLUMNS)}
), written AS (
    INSERT INTO record (collection, id, position, body, spelling, tag, terms, orders)
    SELECT collection, id, position, body::json, spelling::json, tag, terms::jsonb, orders::jsonb FROM new
    RETURNING collection, position
){_BOUNDS_ADDED}{_SCALARS_ADDED}{PLUS_WRITTEN}"""  # noqa: S608 - constants
_WRITE_OVER = f"""
WITH new AS MATERIALIZED (
    SELECT new.*, held.ctid AS held, held.position FROM {_rows(*_COLUMNS, "gone")}, {_HELD}
), written AS (
    UPDATE record SET body = new.body::json, spelling = new.spelling::json, tag = new.tag,
        terms = jsonb_set(
            record.terms, ARRAY[new.collection],
            ((record.terms -> new.collection) - new.gone::text[]) || new.terms::jsonb
        ),
        orders = (record.orders - new.gone::text[]) || new.orders::jsonb
    FROM new WHERE record.ctid = new.held
){_SCALARS_DROPPED}{_SCALARS_ADDED}"""  # noqa: S608 - constants
_UPDATE = f"{_WRITE_OVER} SELECT"
_UPDATE_WITH_BOUNDS = f"{_WRITE_OVER}{_BOUNDS_DROPPED}{_BOUNDS_ADDED} SELECT"
_DELETE = f"""
WITH new AS MATERIALIZED (
    SELECT new.place, held.ctid AS held, held.position
    FROM {_rows("collection", "id")}, {_HELD}
), written AS (
    DELETE FROM record USING new WHERE record.ctid = new.held RETURNING record.collection, record.position
){_BOUNDS_DROPPED}{_SCALARS_DROPPED}{MINUS_WRITTEN}"""  # noqa: S608 - constants


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
        columns: Collection and id, and unless it goes, its other columns in ``record``, as texts. Of one that is
            replaced, ``terms`` and ``orders`` have what is new there, and one more column what has gone.
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
    parameters: tuple[Texts | Integers, ...]


def insertion(collection: str, record: Record, scalars: Scalars) -> Change:
    """Return the change that adds *record*."""
    terms = terms_of(record.body)
    added, marks = _entries(collection, record.body, terms, scalars)
    columns = (*_columns(collection, record), json_text({collection: terms.lookup}), json_text(terms.order))
    return Change("insert", columns, added=added, irregular=_irregular(collection, terms, marks))


def replacement(collection: str, before: Record, after: Record, scalars: Scalars) -> Change:
    """Return the change that puts *after* in the place of *before*."""
    # Mostly few attributes of the first level are others, and a term or an entry belongs to one of those.
    old_part, new_part = _others(before.body, after.body), _others(after.body, before.body)
    old_terms, new_terms = terms_of(old_part), terms_of(new_part)
    old, _ = _entries(collection, old_part, old_terms, scalars)
    new, marks = _entries(collection, new_part, new_terms, scalars)
    gone = _array_text(old_terms.keys - new_terms.keys)
    columns = (*_columns(collection, after), json_text(new_terms.lookup), json_text(new_terms.order), gone)
    irregular = _irregular(collection, new_terms, marks)
    return Change("replace", columns, old.without(new), new.without(old), irregular)


def removal(collection: str, record: Record, scalars: Scalars) -> Change:
    """Return the change that takes *record* away."""
    dropped, _ = _entries(collection, record.body, terms_of(record.body), scalars)
    return Change("remove", (collection, record.id), dropped)


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
    columns: list[Texts] = [Texts(column) for column in zip(*(change.columns for change in changes), strict=True)]
    dropped, added = ([change.dropped for change in changes], [change.added for change in changes])
    match kind:
        case "insert":
            return Statement(_INSERT, (*columns, *_bounds(added), *_scalars(added)))
        case "remove":
            return Statement(_DELETE, (*columns, *_bounds(dropped), *_scalars(dropped)))
        case "replace":
            parameters: tuple[Texts | Integers, ...] = (*columns, *_scalars(dropped), *_scalars(added))
            if not any(each.bounds for each in (*dropped, *added)):
                # Mostly so.
                return Statement(_UPDATE, parameters)
            return Statement(_UPDATE_WITH_BOUNDS, (*parameters, *_bounds(dropped), *_bounds(added)))


def _columns(collection: str, record: Record) -> tuple[str, ...]:
    """Return what a record has in ``record`` besides its terms."""
    return collection, record.id, record.encoded.decode(), json_text(record.spelling), record.tag


def _array_text(members: Iterable[str]) -> str:
    """Return an array of texts as PostgreSQL writes it."""
    quoted = ('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in members)
    return "{" + ",".join(quoted) + "}"


def _others(one: Body, other: Body) -> Mapping[str, Any]:
    """Return the attributes of *one* whose values *other* may not have; it certainly has the rest."""
    return {name: value for name, value in one.items() if not _is_certainly_same(value, other.get(name))}


def _is_certainly_same(one: Any, other: Any) -> bool:
    # Equal texts have the same terms, unlike 1 and true.
    return one is other or (isinstance(one, str) and one == other)


def _entries(collection: str, body: Body, terms: Terms, scalars: Scalars) -> tuple[Entries, Iterable[str]]:
    """Return the entries of *body*, and the marks of the attributes for which there can be none."""
    bounds = ((index_key(collection + key), value) for key, values in terms.bounds.items() for value in values)
    rows, marks = scalars.entries(collection, body, terms)
    return Entries(frozenset(bounds), rows), marks


def _irregular(collection: str, terms: Terms, marks: Iterable[str]) -> frozenset[str]:
    return frozenset((*(index_key(collection + key) for key in terms.irregular), *marks))


def _bounds(entries: Iterable[Entries]) -> tuple[Integers, Texts, Texts]:
    places, keys, values = Integers(), Texts(), Texts()
    for place, each in enumerate(entries, start=1):
        for key, value in each.bounds:
            places.append(place)
            keys.append(key)
            values.append(str(value))
    return places, keys, values


def _scalars(entries: Iterable[Entries]) -> tuple[Integers, Integers, Texts, Texts]:
    places, keys, numbers, texts = Integers(), Integers(), Texts(), Texts()
    for place, each in enumerate(entries, start=1):
        for key, number, text in each.scalars:
            places.append(place)
            keys.append(key)
            numbers.append(str(number))
            texts.append(text)
    return places, keys, numbers, texts
