"""Searches on PostgreSQL find what the same search finds in Python, in the same order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tmfkit_server.query.evaluate import predicate, sorted_by
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Search, SortKey
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.postgres import PostgresStore

Answer = tuple[list[str], int]
Finder = Callable[[list[Any], Search], Answer]
Decorator = Callable[[Callable[..., None]], Callable[..., None]]

_NAMES = st.sampled_from(["a", "b", "a/b", "a~1", "", "\x00", "é", "=", ">", "~"])
_WORDS = [
    "",
    "\x00",
    "\x01",
    "\x02",
    "\x01\x01",
    "a\x00",
    *["a", "A", "b", "B", "ab", "aB", "ß", "ss", "SS", "ſ", "É", "é", "😀", "\uffff", '"', "%", "\\"],
]
_WORDS += [
    "true",
    "false",
    "True",
    "null",
    "1",
    "1.0",
    "-1",
    "10",
    "9",
    "1e3",
    "1000",
    "1e999",
    "-1e999",
    "1e23",
    "99999999999999991611392",
    "9007199254740993",
]
_DATES = """2020-01-01|2020-01-01T00:00Z|2020-01-01t00:00z|2020-01-01T01:00:00+0100|2020-01-01T00:00:00.000001Z
2020-06-01 02:00|0001-01-01T00:00+14:00|9999-12-31T23:59:59.999999-14:00|2020-13-01|2020-01-01T"""
_NUMBERS = [0, -0.0, 1, 1.0, 1.5, -1, 10, 1000, 1e23, 1e300, -1e300, 1e-7, 2**53 + 1, float(2**53), 2**64 - 1, -(2**63)]
_TEXT = st.sampled_from([*_WORDS, *_DATES.replace("\n", "|").split("|")]) | st.text(max_size=3)
_NUMBER = st.sampled_from(_NUMBERS) | st.floats(allow_nan=False, allow_infinity=False)
_SCALAR = _TEXT | _NUMBER | st.booleans() | st.none()
_VALUE = st.recursive(
    _SCALAR | st.lists(_SCALAR, min_size=2, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_BODIES = st.lists(st.dictionaries(_NAMES, _VALUE, max_size=4), max_size=8)
_PATH = st.lists(_NAMES, min_size=1, max_size=3).map(tuple)
_ORDERED = st.builds(
    Comparison,
    path=_PATH,
    operator=st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
    values=st.lists(_TEXT | _NUMBER.map(str), min_size=1, max_size=3).map(tuple),
    loose=st.booleans(),
)
_PATTERNS = st.sampled_from([("a",), ("^.$",), ("(?i)B",), (r"\d+",), ("",)])
_MATCHED = st.builds(Comparison, path=_PATH, operator=st.just("regex"), values=_PATTERNS)


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    lists = st.lists(parts, max_size=3).map(tuple)
    return st.builds(All, lists) | st.builds(AnyOf, lists)


_WHERE = st.recursive(_ORDERED | _MATCHED, _joined, max_leaves=4)
_SEARCH = st.builds(
    Search,
    where=_WHERE | st.just(All()),
    sort=st.lists(st.builds(SortKey, _PATH, st.booleans()), max_size=2).map(tuple),
    offset=st.integers(0, 4),
    limit=st.none() | st.integers(0, 4),
)


@pytest.fixture(scope="module")
def find(postgres_databases: Callable[[], str]) -> Iterator[Finder]:
    """Stores bodies in a new collection and searches it."""
    store, numbers = PostgresStore(postgres_databases()), itertools.count()

    async def ask(bodies: list[Any], search: Search) -> Answer:
        collection = f"c{next(numbers)}"
        async with store.transaction() as transaction:
            for number, body in enumerate(bodies):
                await transaction.insert(collection, Record(str(number), body))
        page = await store.search(collection, search)
        assert [record.body for record in page.records] == [bodies[int(record.id)] for record in page.records]
        return [record.id for record in page.records], page.total

    with asyncio.Runner() as runner:
        runner.run(store.open())
        yield lambda bodies, search: runner.run(ask(bodies, search))
        runner.run(store.close())


def evaluated(bodies: list[Any], search: Search) -> Answer:
    test = predicate(search.where)
    found = [(str(number), body) for number, body in enumerate(bodies) if test(body)]
    ordered = sorted_by(found, search.sort, lambda pair: pair[1])
    end = None if search.limit is None else search.offset + search.limit
    return [identifier for identifier, _ in ordered[search.offset : end]], len(found)


def one(*bodies: Any, operator: Any = "eq", value: str, path: str = "a", loose: bool = False) -> Decorator:
    """Return an example with one comparison, sorted by what is compared."""
    parts = tuple(path.split("."))
    where = Comparison(parts, operator, (value,), loose)
    return example(bodies=list(bodies), search=Search(where=where, sort=(SortKey(parts),)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies=_BODIES, search=_SEARCH)
@one({"a": 1e23}, value="99999999999999991611392")
@one({"a": ["b", "a"]}, {"a": ["a", "b"]}, {"a": ["a"]}, operator="gt", value="aa")
@one({"a": ["b", "a"]}, {"a": ["a", "b"]}, {"a": ["b"]}, operator="lt", value="aa")
@one({"a": [5, 1]}, {"a": [1, 5]}, {"a": [5]}, operator="lt", value="4")
@one({"a": [1, "x", 5]}, {"a": 3}, operator="gt", value="4")
@one({"a": [[{"b": 1}], {"b": [2]}]}, path="a.b", value="2")
@one({"a": "2020-01-01T01:00:00+0100"}, {"a": "2020-01-01"}, {"a": "x"}, value="2020-01-01T00:00Z")
@one({"a": "ẞ"}, {"a": "SS"}, {"a": "ss"}, value="ß", loose=True)
@one({"a": [None, 1]}, {"a": [1]}, {"a": [{"b": 1}, 0]}, {"a": True}, operator="ne", value="7")
@one({"a": "a\x00"}, {"a": "a"}, {"a": "a\x01"}, operator="gt", value="a")
def test_search_on_postgres_is_the_search_in_python(find: Finder, bodies: list[Any], search: Search) -> None:
    assert find(bodies, search) == evaluated(bodies, search)
