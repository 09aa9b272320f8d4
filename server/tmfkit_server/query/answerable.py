"""Whether a question can ever be answered yes: what it names has to be where a contract has it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

import jsonpath
from jsonpath import filter as syntax
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import Filter, NameSelector, WildcardSelector

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import Comparison, Expression
from tmfkit_server.query.forms import ArrayForm, Form, Forms, ObjectForm, below, check_texts, ends, everything, named
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.jsonpath_meaning import RegexLiteral
from tmfkit_server.query.regex import compiled
from tmfkit_server.quotes import quoted

__all__ = ["check_answerable"]


def check_answerable(expression: Expression, form: Form) -> None:
    """Raise InvalidQuery when a part of *expression* asks for what no value of *form* has."""
    match expression:
        case Comparison():
            _check_comparison(expression, form)
        case JsonPath():
            _Reading(expression, form).check()
        case _:
            for part in expression.parts:
                check_answerable(part, form)


def _check_comparison(comparison: Comparison, form: Form) -> None:
    name = ".".join(comparison.path)
    found = ends(form, comparison.path)
    if not found:
        raise InvalidQuery(name, "nothing that is sent has it; names begin at the top of what is sent")
    # Everything is unlike what there is not, which nobody would ask.
    how = "eq" if comparison.operator == "ne" else comparison.operator
    for text in comparison.values:
        holds = predicate(Comparison(("value",), how, (text,), comparison.loose), Budget())
        check_texts(found, name, text, functools.partial(_holds_for, holds))


def _holds_for(holds: Callable[[Mapping[str, str]], bool], text: str) -> bool:
    return holds({"value": text})


_Newness = Callable[[str], bool]
"""Tells whether an object that is open may have a name that its contract does not know."""


def _may_be_new(_name: str) -> bool:
    return True


def _may_not_be_new(_name: str) -> bool:
    return False


class _Reading:
    """Follows a JSONPath expression through a form."""

    def __init__(self, expression: JsonPath, form: Form) -> None:
        self._expression = expression
        self._root: Form = ArrayForm(form) if expression.is_over_collection else form
        self._names = {name for each in everything([form]) if isinstance(each, ObjectForm) for name in each.names}
        # Filters may stand in each other, and each could be asked about everything.
        self._filtered_before: dict[tuple[int, int, bool], Forms | InvalidQuery] = {}
        self._from_root: dict[int, InvalidQuery | None] = {}

    def check(self) -> None:
        self._followed([self._root], self._expression.syntax)

    def _followed(self, forms: Forms, path: jsonpath.JSONPath, newness: _Newness = _may_be_new) -> Forms:
        """Return what *path* leads to; *newness* is that of its first name."""
        for segment in path.segments:
            forms = self._step(forms, segment, newness)
            if not forms:
                raise self._problem(f"{quoted(str(segment).strip())} leads to nothing that is sent")
            newness = _may_be_new
        return forms

    def _step(self, forms: Forms, segment: JSONPathSegment, newness: _Newness) -> Forms:
        is_anywhere = isinstance(segment, JSONPathRecursiveDescentSegment)
        if is_anywhere:
            forms = everything(forms)
            newness = self._is_known_nowhere if newness is _may_be_new else newness
        found: list[Form] = []
        for selector in segment.selectors:
            match selector:
                case NameSelector(name=name):
                    found += (each for form in forms for each in named(form, name, may_be_new=newness(name)))
                case Filter(expression=expression):
                    found += self._filtered(forms, expression, is_anywhere=is_anywhere)
                case WildcardSelector():
                    found += (each for form in forms for each in below(form))
                case _:
                    found += (each for form in forms if not isinstance(form, ObjectForm) for each in below(form))
        return list({id(each): each for each in found}.values())

    def _is_known_nowhere(self, name: str) -> bool:
        """Tell whether only what no contract knows may have a name: others are looked for where they are known."""
        return name not in self._names

    def _filtered(self, forms: Forms, expression: syntax.BaseExpression, *, is_anywhere: bool) -> Forms:
        """Return what a filter may let through; InvalidQuery when it asks each of *forms* for what that has not."""
        found: list[Form] = []
        problem: InvalidQuery | None = None
        for form in forms:
            key = id(expression), id(form), is_anywhere
            if key not in self._filtered_before:
                self._filtered_before[key] = self._filtered_in(form, expression, is_anywhere=is_anywhere)
            outcome = self._filtered_before[key]
            if isinstance(outcome, InvalidQuery):
                problem = outcome
            else:
                found += outcome
        if problem is not None and not found:
            raise problem
        return found

    def _filtered_in(self, form: Form, expression: syntax.BaseExpression, *, is_anywhere: bool) -> Forms | InvalidQuery:
        members = below(form)
        try:
            for part in _parts(expression):
                match part:
                    case syntax.RelativeFilterQuery(path=path) if members:
                        self._check_members(form, members, path, is_anywhere=is_anywhere)
                    case syntax.RootFilterQuery(path=path):
                        self._check_from_root(path)
                    case _:
                        self._check_literals(part, members)
        except InvalidQuery as exc:
            return exc
        return members

    def _check_members(self, form: Form, members: Forms, path: jsonpath.JSONPath, *, is_anywhere: bool) -> None:
        if not isinstance(form, ObjectForm):
            self._followed(members, path, self._is_known_nowhere if is_anywhere else _may_be_new)
            return
        try:
            self._followed(members, path, _may_not_be_new)
        except InvalidQuery:
            what = f"the filter is over the attributes of an object, none of which has {quoted(str(path))}"
            raise self._problem(f"{what}; to ask about the object itself put the filter one name earlier") from None

    def _check_from_root(self, path: jsonpath.JSONPath) -> None:
        if id(path) not in self._from_root:
            self._from_root[id(path)] = None
            try:
                self._followed([self._root], path)
            except InvalidQuery as exc:
                self._from_root[id(path)] = exc
        if (problem := self._from_root[id(path)]) is not None:
            raise problem

    def _check_literals(self, part: syntax.BaseExpression, members: Forms) -> None:
        """Look at a comparison of something with a value that it never is."""
        for of, asked, holds in _tests(part):
            start = members if isinstance(of, syntax.RelativeFilterQuery) else [self._root]
            check_texts(self._followed(start, of.path), str(of), asked, holds)

    def _problem(self, why: str) -> InvalidQuery:
        return InvalidQuery(self._expression.parameter, why)


def _parts(expression: syntax.BaseExpression) -> Iterator[syntax.BaseExpression]:
    """Yield an expression and those inside it, other queries left out."""
    yield expression
    if not isinstance(expression, syntax.FilterQuery):
        for child in expression.children():
            yield from _parts(child)


_Test = tuple[syntax.FilterQuery, str, Callable[[str], bool]]
# Everything is unlike what there is not, which nobody would ask.
_ORDERS: Mapping[str, Callable[[str, str], bool]] = {
    "==": operator.eq,
    "!=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _tests(part: syntax.BaseExpression) -> Iterable[_Test]:
    """Yield what is compared with which value, and the test that a text passes."""
    match part:
        case syntax.InfixExpression(left=left, operator="in", right=syntax.ListLiteral(items=items)):
            yield from (test for item in items for test in _compared(left, "==", item))
        case syntax.InfixExpression(left=syntax.FilterQuery() as of, operator="=~", right=RegexLiteral(value=regex)):
            yield of, regex, compiled(regex).is_all_of
        case syntax.InfixExpression(left=left, operator=how, right=right) if how in _ORDERS:
            yield from _compared(left, how, right)
            yield from _compared(right, _TURNED.get(how, how), left)
        case syntax.FunctionExtension(
            name="match" | "search" as name, args=[syntax.FilterQuery() as of, syntax.StringLiteral(value=text)]
        ):
            pattern = compiled(text, is_iregexp=True)
            yield of, text, pattern.is_all_of if name == "match" else pattern.is_in


def _compared(left: syntax.BaseExpression, how: str, right: syntax.BaseExpression) -> Iterable[_Test]:
    match left:
        case syntax.FilterQuery() as of:
            pass
        case syntax.FunctionExtension(name="value", args=[syntax.FilterQuery() as of]):
            pass
        case _:
            return
    match right:
        case syntax.StringLiteral(value=text):
            yield of, text, lambda known: _ORDERS[how](known, text)
        case syntax.FilterExpressionLiteral() | syntax.Nil():
            yield of, str(right), lambda _known: False  # no text is a number, a truth value or null
