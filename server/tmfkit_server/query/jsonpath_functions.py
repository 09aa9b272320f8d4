"""The functions of JSONPath's filters (RFC 9535, section 2.4), and matching with regular expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.nodes import NOTHING, Node, Scope
from tmfkit_server.query.regex import Regex, compiled

__all__ = ["Pattern", "computed", "constant", "count", "from_iregexp", "length", "matching", "only"]

_Value: TypeAlias = Callable[[Any, Scope], Any]
_Nodes: TypeAlias = Callable[[Any, Scope], Iterator[Node]]
Pattern: TypeAlias = Callable[[Any, Scope], Regex | None]

_STEPS_TO_COMPILE = 200


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


def constant(regex: str) -> Pattern:
    """Return the pattern that the expression itself holds; InvalidQuery when it is none."""
    pattern = compiled(regex)
    return lambda _value, _scope: pattern


def computed(regex: _Value) -> Pattern:
    """Return the pattern that is found in the resource; what is no regular expression matches nothing."""

    def pattern(value: Any, scope: Scope) -> Regex | None:
        found = regex(value, scope)
        if not isinstance(found, str):
            return None
        scope.budget.take(_STEPS_TO_COMPILE)
        try:
            return compiled(from_iregexp(found))
        except InvalidQuery:
            return None

    return pattern


def from_iregexp(regex: str) -> str:
    """Return *regex* for RE2: outside of brackets, a dot of an I-Regexp is no carriage return either (RFC 9485)."""
    parts: list[str] = []
    is_escaped = is_class = False
    for character in regex:
        is_dot = character == "." and not is_escaped and not is_class
        parts.append(r"[^\n\r]" if is_dot else character)
        if not is_escaped and character in "[]":
            is_class = character == "["
        is_escaped = character == "\\" and not is_escaped
    return "".join(parts)
