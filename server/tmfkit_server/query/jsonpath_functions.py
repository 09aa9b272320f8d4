"""The functions of JSONPath's filters (RFC 9535, section 2.4), and matching with regular expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from tmfkit_server.query.nodes import NOTHING, Node, Scope
from tmfkit_server.query.regex import NoRegex, Regex, compiled

__all__ = ["Pattern", "computed", "constant", "count", "length", "matching", "only"]

_Value: TypeAlias = Callable[[Any, Scope], Any]
_Nodes: TypeAlias = Callable[[Any, Scope], Iterator[Node]]
Pattern: TypeAlias = Callable[[Any, Scope], Regex | None]


def length(of: _Value) -> _Value:
    """Return the function ``length``: characters, members, or nothing."""

    def evaluate(value: Any, scope: Scope) -> Any:
        found = of(value, scope)
        return len(found) if isinstance(found, str | list | dict) else NOTHING

    return evaluate


def count(nodes: _Nodes) -> _Value:
    """Return the function ``count``: how many nodes a query selects."""
    return lambda value, scope: sum(1 for _ in nodes(value, scope))


def only(nodes: _Nodes) -> _Value:
    """Return the function ``value``: that of the only node that a query selects, or nothing."""

    def evaluate(value: Any, scope: Scope) -> Any:
        found = nodes(value, scope)
        first, second = next(found, None), next(found, None)
        return first[0] if first is not None and second is None else NOTHING

    return evaluate


def matching(text: _Value, pattern: Pattern, *, is_whole: bool) -> Callable[[Any, Scope], bool]:
    """Return the test whether a text matches, as a whole or in part; what is no text never does."""

    def test(value: Any, scope: Scope) -> bool:
        found, regex = text(value, scope), pattern(value, scope)
        if not isinstance(found, str) or regex is None:
            return False
        scope.budget.take(1 + regex.steps(found))
        return regex.is_all_of(found) if is_whole else regex.is_in(found)

    return test


def constant(regex: Regex) -> Pattern:
    """Return the pattern that the expression itself holds."""
    return lambda _value, _scope: regex


def computed(regex: _Value) -> Pattern:
    """Return the pattern that is found in the resource; what is no regular expression, or too long, matches nothing."""

    def pattern(value: Any, scope: Scope) -> Regex | None:
        found = regex(value, scope)
        if not isinstance(found, str):
            return None
        try:
            pattern = compiled(found, is_iregexp=True)
        except NoRegex as error:
            scope.budget.take(error.steps)
            return None
        scope.budget.take(pattern.steps_to_compile)
        return pattern

    return pattern
