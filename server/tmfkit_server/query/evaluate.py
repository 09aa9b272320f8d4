"""The meaning of an expression tree in Python: matching, sorting and selecting."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tmfkit_server.query.budget import Budget
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Path, Selection, SortKey
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.trees import Tree, tree_of
from tmfkit_server.query.values import instant, matcher, microseconds

__all__ = ["predicate", "selected", "sort_key", "values_at"]

Body = Mapping[str, Any]
Predicate = Callable[[Body], bool]
_NOWHERE = object()


def predicate(expression: Expression, budget: Budget) -> Predicate:
    """Return the test that a body passes when *expression* holds for it.

    Args:
        expression: What has to hold.
        budget: Pays for telling.

    Raises:
        InvalidQuery: A regular expression is none; the test raises it when telling takes too long.
    """
    match expression:
        case Comparison():
            return _comparison(expression, budget)
        case JsonPath():
            return lambda body: next(expression.values(body, budget), _NOWHERE) is not _NOWHERE
        case All(parts=parts):
            tests = [predicate(part, budget) for part in parts]
            return lambda body: all(test(body) for test in tests)
        case AnyOf(parts=parts):
            tests = [predicate(part, budget) for part in parts]
            return lambda body: any(test(body) for test in tests)


def _comparison(comparison: Comparison, budget: Budget) -> Predicate:
    path = comparison.path
    if comparison.operator == "ne":
        # "Not equal" is the opposite of "equal": no member has the value, an absent attribute included.
        same = _comparison(Comparison(path, "eq", comparison.values, comparison.loose), budget)
        return lambda body: not same(body)
    tests = [matcher(comparison.operator, value, budget, loose=comparison.loose) for value in comparison.values]
    before, cost = comparison.before, Budget.A_COMPARISON * len(tests)

    def holds(body: Body) -> bool:
        budget.parameter = ""
        for found in values_at(body, path, budget):
            budget.take(cost)
            seen = f"{before}{found}" if before else found
            if any(test(seen) for test in tests):
                return True
        return False

    return holds


def values_at(value: Any, path: Path, budget: Budget) -> Sequence[Any]:
    """Return every value that *path* leads to; arrays are entered member by member, for which *budget* pays."""
    for depth, name in enumerate(path):
        if isinstance(value, list):
            return _values_in(value, path[depth:], budget)
        if not isinstance(value, dict) or name not in value:
            return ()
        value = value[name]
    return _members(value, budget) if isinstance(value, list) else (value,)


def _values_in(array: list[Any], path: Path, budget: Budget) -> list[Any]:
    # Name by name rather than member by member, which is several times as fast and gives the same order.
    found = _members(array, budget)
    for name in path:
        found = _members([each[name] for each in found if isinstance(each, dict) and name in each], budget)
    return found


def _members(array: list[Any], budget: Budget) -> list[Any]:
    """Return the members of an array, and those of the arrays in it in their places."""
    budget.take(Budget.AN_ARRAY + Budget.A_MEMBER * len(array))
    if not any(isinstance(member, list) for member in array):
        return array
    found: list[Any] = []
    for member in array:
        found += _members(member, budget) if isinstance(member, list) else (member,)
    return found


def sort_key(body: Body, keys: tuple[SortKey, ...], budget: Budget) -> tuple[Any, ...]:
    """Return what orders *body* among others as *keys* say; where all is equal, the order of creation is to stay."""
    budget.parameter = ""
    return tuple(_placed(_first(body, key.path, budget), is_descending=key.descending) for key in keys)


def _first(body: Body, path: Path | JsonPath, budget: Budget) -> Any:
    found = path.values(body, budget) if isinstance(path, JsonPath) else iter(values_at(body, path, budget))
    return next(found, None)


def _placed(value: Any, *, is_descending: bool) -> tuple[Any, ...]:
    """Give values of different types an order among each other; a missing one comes last either way."""
    if value is None:
        return (1,)
    kind, rank = _rank(value)
    if is_descending:
        return 0, -kind, _Reversed(rank) if isinstance(rank, str) else -rank
    return 0, kind, rank


def _rank(value: Any) -> tuple[int, str | int | float]:
    match value:
        case bool():
            return 0, value
        case int() | float():
            return 1, value
        case str():
            when = instant(value)
            return (3, value) if when is None else (2, microseconds(when))
        case _:
            return 4, 0


@dataclass(frozen=True, slots=True)
class _Reversed:
    """A text that comes before another one when the other comes before it."""

    text: str

    def __lt__(self, other: _Reversed) -> bool:
        return other.text < self.text


def selected(body: Body, fields: Selection, always: frozenset[str], budget: Budget) -> dict[str, Any]:
    """Return *body* reduced to *fields*, and *always* at its first level; *budget* pays."""
    nodes = tree_of(place for expression in fields.expressions for place in expression.places(body, budget))
    if _is_everything(fields.names) or _is_everything(nodes):
        return dict(body)
    return {
        name: kept
        for name, value in body.items()
        for kept in (
            [value] if name in always else _kept(value, _below(fields.names, name), _below(nodes, name), budget)
        )
    }


def _kept(value: Any, names: Tree | None, nodes: Tree | None, budget: Budget) -> Iterator[Any]:
    """Yield *value* reduced to what is named below it or selected in it, or nothing when nothing of it is."""
    if _is_everything(names) or _is_everything(nodes):
        yield value
    elif names is None and nodes is None:
        return
    elif isinstance(value, list):
        budget.take(Budget.A_MEMBER_KEPT * len(value))
        yield [
            kept for index, member in enumerate(value) for kept in _kept(member, names, _below(nodes, index), budget)
        ]
    elif isinstance(value, Mapping):
        budget.take(Budget.A_MEMBER_KEPT * len(value))
        reduced = {
            name: kept
            for name, member in value.items()
            for kept in _kept(member, _below(names, name), _below(nodes, name), budget)
        }
        if reduced:
            yield reduced


def _is_everything(tree: Tree | None) -> bool:
    return tree is not None and not tree


def _below(tree: Tree | None, key: Hashable) -> Tree | None:
    return None if tree is None else tree.get(key)
