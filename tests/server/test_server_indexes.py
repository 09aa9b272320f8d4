"""Indexes say what a look at every document says, whatever the values and whatever became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from counted import calls_made
from hypothesis import given, settings
from hypothesis import strategies as st

from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Path
from tmfkit_server.storage.embedded.indexes import Indexes

_PATHS = [("x",), ("x", "y")]
_SCALARS = st.one_of(
    st.sampled_from(["a", "A", "ß", "SS", "", "5", "true", "TRUE", "2020-01-01", "2020-01-01T00:00Z", "2021-01-01"]),
    st.sampled_from([True, False, None, 0, 1, 1.0, 5, -1.5, 2**53 + 1, float(2**53), 1e308]),
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({"y": inner}))
_BODIES = st.fixed_dictionaries({}, optional={"x": _VALUES})
_WORDS = ["a", "A", "ss", "", "true", "True", "2020-01-01", "2020-01-01 ", "2020-06-01T00:00Z"]
_NUMBERS = ["5", "5.0", "1", "-1", "2", "9007199254740993", "1e999"]
_TEXTS = st.sampled_from([*_WORDS, *_NUMBERS])
_OPERATORS = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "regex"])


def _comparisons(*, loose: bool) -> st.SearchStrategy[Comparison]:
    values = st.lists(_TEXTS, min_size=1, max_size=2).map(tuple)
    return st.builds(Comparison, st.sampled_from(_PATHS), _OPERATORS, values, st.just(loose))


def _expressions(*, loose: bool) -> st.SearchStrategy[Expression]:
    return st.recursive(
        _comparisons(loose=loose),
        lambda inner: (
            st.builds(All, st.lists(inner, max_size=3).map(tuple))
            | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


def built(paths: Sequence[Path], *, loose: bool = False) -> Indexes:
    """Return indexes that somebody has asked about."""
    indexes = Indexes(paths, loose=loose)
    for path in paths:
        indexes.finish(indexes.begin(path))
    return indexes


@pytest.mark.parametrize("loose", [False, True])
@given(st.data())
@settings(max_examples=80, deadline=None)
def test_candidates_hold_all_that_is_wanted_and_only_that_when_exact(loose: bool, data: st.DataObject) -> None:
    indexes = built(_PATHS, loose=loose)
    bodies: dict[int, dict[str, Any]] = {}
    for number, body in data.draw(st.lists(st.tuples(st.integers(1, 6), st.none() | _BODIES), max_size=20)):
        indexes.change(number, bodies.pop(number, None), body)
        if body is not None:
            bodies[number] = body
        expression = data.draw(_expressions(loose=loose))
        found = indexes.candidates(expression)
        wanted = {number for number, each in bodies.items() if predicate(expression, Budget())(each)}
        if found is not None:
            assert wanted <= found.numbers
            assert found.numbers <= set(bodies)
            assert not found.is_exact or found.numbers == wanted


def test_long_array_is_gone_through_once_for_all_indexes_below_it() -> None:
    indexes = built([("x", f"y{number}") for number in range(20)])
    plain, mixed = [1] * 5000, [*([1] * 5000), {}, [], {"y7": "a"}, [[{"y7": "b"}]]]
    assert calls_made(lambda: indexes.change(1, None, {"x": plain})) < 3 * len(plain)
    indexes.change(2, None, {"x": mixed})
    for wanted, value in (({2}, "a"), ({2}, "b"), (set[int](), "1")):
        found = indexes.candidates(Comparison(("x", "y7"), "eq", (value,)))
        assert found is not None
        assert (found.numbers, found.is_exact) == (wanted, True)
    indexes.change(2, {"x": mixed}, {"x": plain})
    found = indexes.candidates(Comparison(("x", "y7"), "eq", ("a",)))
    assert found is not None
    assert not found.numbers


def test_range_in_the_middle_is_found_without_both_its_halves() -> None:
    indexes = built([("x",)])
    for number in range(1000):
        indexes.change(number, None, {"x": number})
    found = indexes.candidates(All((Comparison(("x",), "gte", ("500",)), Comparison(("x",), "lt", ("503",)))))
    assert found
    assert (set(found.numbers), found.is_exact) == ({500, 501, 502}, True)
    indexes.change(2000, None, {"x": [0, 999]})
    found = indexes.candidates(All((Comparison(("x",), "gte", ("500",)), Comparison(("x",), "lt", ("503",)))))
    assert found
    assert (set(found.numbers), found.is_exact) == ({500, 501, 502, 2000}, False)


def test_index_that_was_not_used_for_the_longest_time_makes_room() -> None:
    indexes = Indexes()
    paths = [(f"a{number}",) for number in range(30)]
    for path in paths:
        indexes.finish(indexes.begin(path))
        indexes.candidates(Comparison(paths[0], "eq", ("1",)))
    known = [path for path in paths if not indexes.missing(Comparison(path, "eq", ("1",)))]
    assert known == [paths[0], *paths[-23:]]


@pytest.mark.parametrize("joined", [All, AnyOf])
def test_more_attributes_than_there_is_room_for_are_not_indexed_again_and_again(joined: type[All | AnyOf]) -> None:
    indexes = Indexes()
    asked = joined(tuple(Comparison((f"a{number}",), "eq", ("1",)) for number in range(40)))
    for path in indexes.missing(asked):
        indexes.finish(indexes.begin(path))
    indexes.candidates(asked)
    assert indexes.missing(asked) == []
