"""The statements that write records, and the listeners that are asked for along with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from tmfkit_server.query.terms import Number, terms_of
from tmfkit_server.storage.base import Record

__all__ = ["LISTENERS", "Change", "insertion", "json_text", "removal", "replacement"]

# Locked against leaving, so that nothing is put into the outbox of a listener that is gone.
LISTENERS = "SELECT id, hub, callback, query FROM subscription WHERE hub = %s ORDER BY position FOR KEY SHARE"
_INSERT = """
WITH written AS (
    INSERT INTO record (collection, id, body, spelling, terms, orders) VALUES (%s, %s, %s, %s, %s, %s)
    RETURNING position
)"""
_UPDATE = """
WITH written AS (
    UPDATE record SET body = %s, spelling = %s, terms = %s, orders = %s WHERE collection = %s AND id = %s
    RETURNING position
)"""
_DELETE = """
WITH written AS (DELETE FROM record WHERE collection = %s AND id = %s RETURNING position)"""
_ADD_BOUNDS = """, added AS (
    INSERT INTO bound (key, value, position)
    SELECT new.key, new.value, written.position
    FROM written, unnest(%s::text[], %s::numeric[]) AS new (key, value)
)"""
_DROP_BOUNDS = """, dropped AS (
    DELETE FROM bound USING written, unnest(%s::text[], %s::numeric[]) AS old (key, value)
    WHERE bound.key = old.key AND bound.value = old.value AND bound.position = written.position
)"""
_COUNT = """, counted AS (
    INSERT INTO tally AS known (collection, shard, records) SELECT %s, pg_backend_pid() %% 64, {step} FROM written
    ON CONFLICT (collection, shard) DO UPDATE SET records = known.records + {step}
)"""
_COUNT_UP, _COUNT_DOWN = _COUNT.format(step=1), _COUNT.format(step=-1)

Bounds = set[tuple[str, Number]]


@dataclass(frozen=True, slots=True)
class Change:
    """A WITH clause that writes one record with all that belongs to it; a query may follow it."""

    sql: str
    parameters: tuple[Any, ...]


def insertion(collection: str, record: Record) -> Change:
    """Return the change that adds *record*."""
    columns, bounds = _columns(collection, record)
    added, parameters = _bounds(_ADD_BOUNDS, bounds)
    return Change(_INSERT + added + _COUNT_UP, (collection, record.id, *columns, *parameters, collection))


def replacement(collection: str, before: Record, after: Record) -> Change:
    """Return the change that puts *after* in the place of *before*."""
    columns, bounds = _columns(collection, after)
    old_bounds = _bounds_of(collection, before)
    dropped, old_parameters = _bounds(_DROP_BOUNDS, old_bounds - bounds)
    added, new_parameters = _bounds(_ADD_BOUNDS, bounds - old_bounds)
    parameters = (*columns, collection, after.id, *old_parameters, *new_parameters)
    return Change(_UPDATE + dropped + added, parameters)


def removal(collection: str, record: Record) -> Change:
    """Return the change that takes *record* away."""
    dropped, parameters = _bounds(_DROP_BOUNDS, _bounds_of(collection, record))
    return Change(_DELETE + dropped + _COUNT_DOWN, (collection, record.id, *parameters, collection))


def json_text(value: Any) -> str:
    """Return *value* as a JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Integers of more than 64 bits, which terms have for large floats.
        return json.dumps(value, ensure_ascii=False)


def _columns(collection: str, record: Record) -> tuple[tuple[str, str, str, str], Bounds]:
    terms = terms_of(record.body)
    texts = (
        json_text(record.body),
        json_text(record.spelling),
        json_text({collection: terms.lookup}),
        json_text(terms.order),
    )
    return texts, _keyed(collection, terms.bounds.items())


def _bounds_of(collection: str, record: Record) -> Bounds:
    return _keyed(collection, terms_of(record.body).bounds.items())


def _keyed(collection: str, bounds: Iterable[tuple[str, tuple[Number, Number]]]) -> Bounds:
    return {(collection + key, value) for key, values in bounds for value in values}


def _bounds(sql: str, bounds: Bounds) -> tuple[str, tuple[Any, ...]]:
    if not bounds:
        return "", ()
    return sql, ([key for key, _ in bounds], [str(value) for _, value in bounds])
