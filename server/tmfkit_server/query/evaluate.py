"""The meaning of an expression tree in Python: matching, sorting and selecting."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Path, Selection, SortKey
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.regex import Work
from tmfkit_server.query.trees import Tree, tree_of
from tmfkit_server.query.values import instant, matcher, microseconds

__all__ = ["predicate", "selected", "sort_key", "values_at"]

Body = Mapping[str, Any]
Predicate = Callable[[Body], bool]
_NOWHERE = object()


def predicate(expression: Expression, work: Work | None = None) -> Predicate:
    """Return the test that a body passes when *expression* holds for it.

    Args:
        expression: What has to hold.
        work: Pays for telling; None bounds what is paid for one body only.

    Raises:
        InvalidQuery: A regular expression is none; the test raises it when telling takes too long.
    """
    work = work or Work()
    test = _test(expression, work)

    def holds(body: Body) -> bool:
        work.renew()
        return test(body)

    return holds


def _test(expression: Expression, work: Work) -> Predicate:
    match expression:
        case Comparison():
            return _comparison(expression, work)
        case JsonPath():
            return lambda body: next(expression.values(body), _NOWHERE) is not _NOWHERE
        case All(parts=parts):
            tests = [_test(part, work) for part in parts]
            return lambda body: all(test(body) for test in tests)
        case AnyOf(parts=parts):
            tests = [_test(part, work) for part in parts]
            return lambda body: any(test(body) for test in tests)


def _comparison(comparison: Comparison, work: Work) -> Predicate:
    path = comparison.path
    if comparison.operator == "ne":
        # "Not equal" is the opposite of "equal": no member has the value, an absent attribute included.
        same = _comparison(Comparison(path, "eq", comparison.values, comparison.loose), work)
        return lambda body: not same(body)
    tests = [matcher(comparison.operator, value, work, loose=comparison.loose) for value in comparison.values]
    before, cost = comparison.before, Work.A_COMPARISON * len(tests)

    def holds(body: Body) -> bool:
        for found in values_at(body, path):
            work.take(cost)
            seen = f"{before}{found}" if before else found
            if any(test(seen) for test in tests):
                return True
        return False

    return holds


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Yield every value that *path* leads to; arrays are entered member by member."""
    if isinstance(value, list):
        for member in value:
            yield from values_at(member, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


def sort_key(body: Body, keys: tuple[SortKey, ...]) -> tuple[Any, ...]:
    """Return what orders *body* among others as *keys* say; where all is equal, the order of creation is to stay."""
    return tuple(_placed(_first(body, key.path), is_descending=key.descending) for key in keys)


def _first(body: Body, path: Path | JsonPath) -> Any:
    return next(path.values(body) if isinstance(path, JsonPath) else values_at(body, path), None)


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


def selected(body: Body, fields: Selection, always: frozenset[str]) -> dict[str, Any]:
    """Return *body* reduced to *fields*, and *always* at its first level."""
    nodes = tree_of(place for expression in fields.expressions for place in expression.places(body))
    if _is_everything(fields.names) or _is_everything(nodes):
        return dict(body)
    return {
        name: kept
        for name, value in body.items()
        for kept in ([value] if name in always else _kept(value, _below(fields.names, name), _below(nodes, name)))
    }


def _kept(value: Any, names: Tree | None, nodes: Tree | None) -> Iterator[Any]:
    """Yield *value* reduced to what is named below it or selected in it, or nothing when nothing of it is."""
    if _is_everything(names) or _is_everything(nodes):
        yield value
    elif names is None and nodes is None:
        return
    elif isinstance(value, list):
        yield [kept for index, member in enumerate(value) for kept in _kept(member, names, _below(nodes, index))]
    elif isinstance(value, Mapping):
        reduced = {
            name: kept
            for name, member in value.items()
            for kept in _kept(member, _below(names, name), _below(nodes, name))
        }
        if reduced:
            yield reduced


def _is_everything(tree: Tree | None) -> bool:
    return tree is not None and not tree


def _below(tree: Tree | None, key: Hashable) -> Tree | None:
    return None if tree is None else tree.get(key)
