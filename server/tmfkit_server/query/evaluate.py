"""The meaning of an expression tree in Python: matching, sorting and selecting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Path, Selection, SortKey
from tmfkit_server.query.values import instant, matcher

__all__ = ["predicate", "selected", "sorted_by", "values_at"]

Body = Mapping[str, Any]
Predicate = Callable[[Body], bool]


def predicate(expression: Expression) -> Predicate:
    """Return the test that a body passes when *expression* holds for it; InvalidQuery for a bad regular expression."""
    match expression:
        case Comparison():
            return _comparison(expression)
        case All(parts=parts):
            tests = [predicate(part) for part in parts]
            return lambda body: all(test(body) for test in tests)
        case AnyOf(parts=parts):
            tests = [predicate(part) for part in parts]
            return lambda body: any(test(body) for test in tests)


def _comparison(comparison: Comparison) -> Predicate:
    path = comparison.path
    if comparison.operator == "ne":
        # "Not equal" is the opposite of "equal": no member has the value, an absent attribute included.
        same = _comparison(Comparison(path, "eq", comparison.values, comparison.loose))
        return lambda body: not same(body)
    tests = [matcher(comparison.operator, value, loose=comparison.loose) for value in comparison.values]
    return lambda body: any(test(found) for found in values_at(body, path) for test in tests)


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Yield every value that *path* leads to; arrays are entered member by member."""
    if isinstance(value, list):
        for member in value:
            yield from values_at(member, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


def sorted_by(bodies: Iterable[Any], keys: tuple[SortKey, ...], body_of: Callable[[Any], Body]) -> list[Any]:
    """Return *bodies* in the order of *keys*, the last-named sorted first so that equal ones keep it."""
    ordered = list(bodies)
    for key in reversed(keys):
        with_value: list[tuple[Any, Any]] = []
        without: list[tuple[Any, Any]] = []
        for item in ordered:
            value = next(values_at(body_of(item), key.path), None)
            (without if value is None else with_value).append((item, value))
        with_value.sort(key=lambda pair: _rank(pair[1]), reverse=key.descending)
        ordered = [item for item, _ in (*with_value, *without)]
    return ordered


def _rank(value: Any) -> tuple[int, Any]:
    """Give values of different types an order among each other."""
    match value:
        case bool():
            return 0, value
        case int() | float():
            return 1, value
        case str():
            when = instant(value)
            return (3, value) if when is None else (2, when)
        case _:
            return 4, ""


def selected(body: Body, fields: Selection, always: frozenset[str]) -> dict[str, Any]:
    """Return *body* reduced to *fields*, and *always* at its first level."""
    return {
        name: kept
        for name, value in body.items()
        for kept in _kept(value, frozenset(path[1:] for path in fields if path[0] == name), is_always=name in always)
    }


def _kept(value: Any, below: Selection, *, is_always: bool = False) -> Iterator[Any]:
    """Yield *value* reduced to *below*, or nothing when nothing of it is selected."""
    if is_always or () in below:
        yield value
    elif not below:
        return
    elif isinstance(value, list):
        yield [kept for member in value for kept in _kept(member, below)]
    elif isinstance(value, Mapping) and (reduced := selected(value, below, frozenset())):
        yield reduced
