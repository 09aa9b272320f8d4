"""Walking a JSON value as JSONPath does (RFC 9535), every step counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from tmfkit_server.query.budget import Budget

__all__ = [
    "NOTHING",
    "Comparator",
    "Key",
    "Location",
    "Node",
    "Scope",
    "children",
    "descendants",
    "keys_of",
    "looked_up",
    "same",
    "satisfies",
]

Key: TypeAlias = str | int
Location: TypeAlias = "tuple[Location, Key] | None"
"""Where a value is: where its parent is, and its own name or index; None for where the walk began."""
Node: TypeAlias = tuple[Any, Location]
"""A value and its place."""
Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]

NOTHING: Final = object()
"""The value of a query that selects no node; equal to itself only."""
_CHARACTERS_A_STEP = 64


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated in: the value that ``$`` stands for, and the steps that it may take."""

    root: Any
    budget: Budget


def keys_of(location: Location) -> tuple[Key, ...]:
    """Return the names and indexes that lead to *location*, the first one first."""
    keys: list[Key] = []
    while location is not None:
        location, key = location
        keys.append(key)
    return tuple(reversed(keys))


def children(node: Node, budget: Budget) -> Iterator[Node]:
    """Yield the members of an object or an array."""
    value, where = node
    if isinstance(value, dict):
        budget.take(Budget.A_LOOK_INSIDE + len(value))
        for name, member in value.items():
            yield member, (where, name)
    elif isinstance(value, list):
        budget.take(Budget.A_LOOK_INSIDE + len(value))
        for index, member in enumerate(value):
            yield member, (where, index)


def descendants(node: Node, budget: Budget) -> Iterator[Node]:
    """Yield *node* and everything below it, each value before its members."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        budget.take(Budget.A_DESCENDANT)
        yield each
        if isinstance(each[0], dict | list):
            waiting += reversed(list(children(each, budget)))


def looked_up(value: Any, keys: tuple[Key, ...], budget: Budget) -> Any:
    """Return what names and indexes lead to from *value*, NOTHING when there is no such value."""
    budget.take(1 + len(keys))
    for key in keys:
        if isinstance(key, str):
            if not isinstance(value, dict) or key not in value:
                return NOTHING
        elif not isinstance(value, list) or not -len(value) <= key < len(value):
            return NOTHING
        value = value[key]
    return value


def satisfies(left: Any, how: Comparator, right: Any, budget: Budget) -> bool:
    """Compare two values, or NOTHING; only numbers and texts have an order, each among themselves."""
    match how:
        case "==":
            return same(left, right, budget)
        case "!=":
            return not same(left, right, budget)
        case "<":
            return _precedes(left, right, budget)
        case ">":
            return _precedes(right, left, budget)
        case "<=":
            return _precedes(left, right, budget) or same(left, right, budget)
        case ">=":
            return _precedes(right, left, budget) or same(left, right, budget)


def same(left: Any, right: Any, budget: Budget) -> bool:
    """Tell whether two JSON values are equal; a truth value never equals a number, whatever Python says."""
    match left, right:
        case str(), str():
            budget.take(1 + min(len(left), len(right)) // _CHARACTERS_A_STEP)
            return left == right
        case list(), list():
            budget.take(1 + len(left))
            return len(left) == len(right) and all(same(*pair, budget) for pair in zip(left, right, strict=True))
        case dict(), dict():
            budget.take(1 + len(left))
            return left.keys() == right.keys() and all(same(left[name], right[name], budget) for name in left)
        case (bool(), _) | (_, bool()):
            return left is right
        case _:
            budget.take(1)
            return bool(left == right)


def _precedes(left: Any, right: Any, budget: Budget) -> bool:
    match left, right:
        case (bool(), _) | (_, bool()):
            return False
        case str(), str():
            budget.take(1 + min(len(left), len(right)) // _CHARACTERS_A_STEP)
            return left < right
        case ((int() | float()), (int() | float())):
            budget.take(1)
            return left < right
        case _:
            return False
