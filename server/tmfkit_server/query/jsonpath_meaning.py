"""What a JSONPath expression means: from the library's syntax tree to functions that select nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args

import jsonpath
from jsonpath import filter as syntax
from jsonpath.exceptions import JSONPathError
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import (
    Filter,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

from tmfkit_server.query import jsonpath_functions as functions
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.nodes import (
    NOTHING,
    Comparator,
    Key,
    Node,
    Scope,
    children,
    descendants,
    looked_up,
    same,
    satisfies,
)
from tmfkit_server.query.regex import Patterns

__all__ = ["Query", "RegexLiteral", "Renaming", "translated"]

Query: TypeAlias = Callable[[Any, Scope], Iterator[Node]]
"""Selects nodes, beginning at a value."""
Renaming: TypeAlias = Callable[[tuple[str, ...]], tuple[str, ...]]
Prefix: TypeAlias = tuple[str, ...] | None
"""Names that lead to a value from the resource down, None when the expression does not say."""

_Select: TypeAlias = Callable[[Node, Scope], Iterator[Node]]
_Step: TypeAlias = Callable[[Iterator[Node], Scope], Iterator[Node]]
_Test: TypeAlias = Callable[[Any, Scope], bool]
_Value: TypeAlias = Callable[[Any, Scope], Any]

MOST_SEGMENTS = 32
DEEPEST_FILTER = 16
_COMPARATORS: tuple[Comparator, ...] = get_args(Comparator)


class RegexLiteral(syntax.StringLiteral):
    """What stands between the slashes of ``=~ /regex/``."""


def translated(path: jsonpath.JSONPath, renaming: Renaming, patterns: Patterns, *, is_over_collection: bool) -> Query:
    """Return the function that selects what *path* does.

    Args:
        path: Expression as the library has read it.
        renaming: Turns the path of a member, names from the resource down, into the attributes' own names.
        patterns: Compiles the regular expressions in it.
        is_over_collection: Whether the value to begin at is an array of resources rather than a resource.

    Raises:
        JSONPathError: The expression goes beyond what is offered, or exceeds a limit.
        ValueError: A text in it is no Unicode text.
        InvalidQuery: A regular expression in it is none.
    """
    return _Translation(renaming, patterns, is_over_collection=is_over_collection).query(path, (), 0)


class _Translation:
    def __init__(self, renaming: Renaming, patterns: Patterns, *, is_over_collection: bool) -> None:
        self._renaming = renaming
        self._patterns = patterns
        self._is_over_collection = is_over_collection

    def query(self, path: jsonpath.JSONPath, prefix: Prefix, depth: int) -> Query:
        if len(path.segments) > MOST_SEGMENTS:
            raise JSONPathError(f"there are more than {MOST_SEGMENTS} segments", token=path.segments[-1].token)
        steps: list[_Step] = []
        for segment in path.segments:
            step, prefix = self._step(segment, prefix, depth)
            steps.append(step)

        def select(value: Any, scope: Scope) -> Iterator[Node]:
            nodes: Iterator[Node] = iter([(value, None)])
            for step in steps:
                nodes = step(nodes, scope)
            return nodes

        return select

    def _step(self, segment: JSONPathSegment, prefix: Prefix, depth: int) -> tuple[_Step, Prefix]:
        """Return the step that a segment is, and where it leads."""
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            selects = [self._select(selector, None, depth) for selector in segment.selectors]
            return lambda nodes, scope: (
                found
                for node in nodes
                for each in descendants(node, scope.budget)
                for select in selects
                for found in select(each, scope)
            ), None
        selects = [self._select(selector, prefix, depth) for selector in segment.selectors]
        ends = {self._end(selector, prefix) for selector in segment.selectors}
        return lambda nodes, scope: (
            found for node in nodes for select in selects for found in select(node, scope)
        ), ends.pop() if len(ends) == 1 else None

    def _end(self, selector: JSONPathSelector, prefix: Prefix) -> Prefix:
        """Return where a selector leads; arrays have no part in the path of an attribute."""
        if prefix is None:
            return None
        if isinstance(selector, NameSelector):
            return (*prefix, selector.name)
        # A resource is an object, so that all but its name selects something that has no name here.
        return prefix if prefix or self._is_over_collection else None

    def _select(self, selector: JSONPathSelector, prefix: Prefix, depth: int) -> _Select:
        match selector:
            case NameSelector(name=name):
                return _keyed(self._own_name(name, prefix))
            case IndexSelector(index=index):
                return _keyed(index)
            case SliceSelector(slice=part):
                return _sliced(part)
            case WildcardSelector():
                return lambda node, scope: children(node, scope.budget)
            case Filter(expression=expression):
                test = self._test(expression, self._end(selector, prefix), depth + 1)
                return lambda node, scope: (child for child in children(node, scope.budget) if test(child[0], scope))
            case _:
                raise JSONPathError("this selector is not part of RFC 9535", token=selector.token)

    def _own_name(self, name: str, prefix: Prefix) -> str:
        _check_text(name)
        return name if prefix is None else self._renaming((*prefix, name))[-1]

    def _test(self, expression: syntax.BaseExpression, prefix: Prefix, depth: int) -> _Test:
        if depth > DEEPEST_FILTER:
            raise JSONPathError(f"conditions are nested more than {DEEPEST_FILTER} deep", token=None)
        match expression:
            case syntax.FilterExpression(expression=inner):
                return self._test(inner, prefix, depth)
            case syntax.InfixExpression(operator="&&" | "||" as word):
                tests = [self._test(each, prefix, depth + 1) for each in _operands(expression, word)]
                if word == "&&":
                    return lambda value, scope: all(test(value, scope) for test in tests)
                return lambda value, scope: any(test(value, scope) for test in tests)
            case syntax.InfixExpression():
                return self._comparison(expression, prefix, depth)
            case syntax.PrefixExpression(operator="!", right=right):
                test = self._test(right, prefix, depth + 1)
                return lambda value, scope: not test(value, scope)
            case syntax.FilterQuery():
                nodes = self._nodes(expression, prefix, depth)
                return lambda value, scope: next(nodes(value, scope), None) is not None
            case syntax.FunctionExtension(name="match" | "search" as name, args=[text, regex]):
                of, pattern = self._value(text, prefix, depth), self._pattern(regex, prefix, depth)
                return functions.matching(of, pattern, is_whole=name == "match")
            case _:
                raise JSONPathError(f"{expression} is no condition", token=None)

    def _comparison(self, expression: syntax.InfixExpression, prefix: Prefix, depth: int) -> _Test:
        how, right_side = expression.operator, expression.right
        left = self._value(expression.left, prefix, depth)
        if how == "=~" and isinstance(right_side, RegexLiteral):
            return functions.matching(
                left, functions.constant(self._patterns.compiled(right_side.value)), is_whole=True
            )
        if how == "in" and isinstance(right_side, syntax.ListLiteral):
            wanted = [self._value(item, prefix, depth) for item in right_side.items]
            return lambda value, scope: (
                (found := left(value, scope)) is not NOTHING
                and any(same(found, item(value, scope), scope.budget) for item in wanted)
            )
        for comparator in _COMPARATORS:
            if comparator == how:
                return _compared(left, comparator, self._value(right_side, prefix, depth))
        raise JSONPathError(f"the operator {how!r} is not offered between these", token=None)

    def _value(self, expression: syntax.BaseExpression, prefix: Prefix, depth: int) -> _Value:
        match expression:
            case syntax.Nil():
                return lambda _value, _scope: None
            case syntax.FilterExpressionLiteral(value=literal) if not isinstance(expression, RegexLiteral):
                if isinstance(literal, str):
                    _check_text(literal)
                return lambda _value, _scope: literal
            case syntax.FilterQuery(path=path) if path.singular_query():
                return self._looked_up(expression, prefix)
            case syntax.FunctionExtension(name="length", args=[argument]):
                return functions.length(self._value(argument, prefix, depth))
            case syntax.FunctionExtension(name="count", args=[syntax.FilterQuery() as argument]):
                return functions.count(self._nodes(argument, prefix, depth))
            case syntax.FunctionExtension(name="value", args=[syntax.FilterQuery() as argument]):
                return functions.only(self._nodes(argument, prefix, depth))
            case _:
                raise JSONPathError(f"{expression} is no value that can be compared", token=None)

    def _pattern(self, expression: syntax.BaseExpression, prefix: Prefix, depth: int) -> functions.Pattern:
        if isinstance(expression, syntax.StringLiteral):
            return functions.constant(self._patterns.compiled(expression.value, is_iregexp=True))
        return functions.computed(self._value(expression, prefix, depth))

    def _nodes(self, expression: syntax.FilterQuery, prefix: Prefix, depth: int) -> Query:
        match expression:
            case syntax.RelativeFilterQuery(path=path):
                return self.query(path, prefix, depth)
            case syntax.RootFilterQuery(path=path):
                query = self.query(path, (), depth)
                return lambda _value, scope: query(scope.root, scope)
            case _:
                raise JSONPathError(f"{expression} is not part of RFC 9535", token=None)

    def _looked_up(self, expression: syntax.FilterQuery, prefix: Prefix) -> _Value:
        """Return what a query for at most one node gives, without the detour over nodes."""
        is_relative = isinstance(expression, syntax.RelativeFilterQuery)
        here: Prefix = prefix if is_relative else ()
        keys: list[Key] = []
        for segment in expression.path.segments:
            [selector] = segment.selectors
            match selector:
                case NameSelector(name=name):
                    keys.append(self._own_name(name, here))
                case IndexSelector(index=index):
                    keys.append(index)
            here = self._end(selector, here)
        wanted = tuple(keys)
        if is_relative:
            return lambda value, scope: looked_up(value, wanted, scope.budget)
        return lambda _value, scope: looked_up(scope.root, wanted, scope.budget)


def _check_text(text: str) -> None:
    """Raise a ValueError for half a surrogate pair, which RFC 9535 does not have."""
    text.encode()


def _operands(expression: syntax.BaseExpression, word: str) -> list[syntax.BaseExpression]:
    """Return what one chain of the same logical operator joins; the library nests it."""
    operands, waiting = [], [expression]
    while waiting:
        each = waiting.pop()
        if isinstance(each, syntax.InfixExpression) and each.operator == word:
            waiting += (each.right, each.left)
        else:
            operands.append(each)
    return operands


def _compared(left: _Value, how: Comparator, right: _Value) -> _Test:
    return lambda value, scope: satisfies(left(value, scope), how, right(value, scope), scope.budget)


def _keyed(key: Key) -> _Select:
    def select(node: Node, scope: Scope) -> Iterator[Node]:
        value, where = node
        found = looked_up(value, (key,), scope.budget)
        if found is not NOTHING:
            yield found, (where, key + len(value) if isinstance(key, int) and key < 0 else key)

    return select


def _sliced(part: slice) -> _Select:
    def select(node: Node, scope: Scope) -> Iterator[Node]:
        value, where = node
        if isinstance(value, list) and part.step != 0:
            indexes = range(*part.indices(len(value)))
            scope.budget.take(Budget.A_LOOK_INSIDE + len(indexes))
            for index in indexes:
                yield value[index], (where, index)

    return select
