"""Whether a question can ever be answered yes: what it names has to be where a contract has it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

import jsonpath
from jsonpath import filter as syntax
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import Filter, NameSelector, WildcardSelector

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query import jsonpath_functions as functions
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import Comparison, Expression
from tmfkit_server.query.forms import ANYTHING, ArrayForm, Form, Forms, ObjectForm, below, check_texts, ends, named
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


class _Reading:
    """Follows a JSONPath expression through a form."""

    def __init__(self, expression: JsonPath, form: Form) -> None:
        self._expression = expression
        self._root: Form = ArrayForm(form) if expression.is_over_collection else form

    def check(self) -> None:
        self._followed([self._root], self._expression.syntax)

    def _followed(self, forms: Forms, path: jsonpath.JSONPath, *, is_known: bool = False) -> Forms:
        """Return what *path* leads to; *is_known* takes no first name for granted that the contract lacks."""
        for number, segment in enumerate(path.segments):
            forms = self._step(forms, segment, may_be_new=number > 0 or not is_known)
            if not forms:
                raise self._problem(f"{quoted(str(segment).strip())} leads to nothing that is sent")
        return forms

    def _step(self, forms: Forms, segment: JSONPathSegment, *, may_be_new: bool) -> Forms:
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            return [ANYTHING]
        found: list[Form] = []
        for selector in segment.selectors:
            match selector:
                case NameSelector(name=name):
                    found += (each for form in forms for each in named(form, name, may_be_new=may_be_new))
                case Filter(expression=expression):
                    found += self._filtered(forms, expression)
                case WildcardSelector():
                    found += (each for form in forms for each in below(form))
                case _:
                    found += (each for form in forms if not isinstance(form, ObjectForm) for each in below(form))
        return found

    def _filtered(self, forms: Forms, expression: syntax.BaseExpression) -> Forms:
        """Return what a filter may let through; InvalidQuery when it asks each of *forms* for what that has not."""
        found: list[Form] = []
        problem: InvalidQuery | None = None
        for form in forms:
            try:
                found += self._filtered_in(form, expression)
            except InvalidQuery as exc:
                problem = exc
        if problem is not None and not found:
            raise problem
        return found

    def _filtered_in(self, form: Form, expression: syntax.BaseExpression) -> Forms:
        members = below(form)
        for part in _parts(expression):
            match part:
                case syntax.RelativeFilterQuery(path=path) if members:
                    self._check_members(form, members, path)
                case syntax.RootFilterQuery(path=path):
                    self._followed([self._root], path)
                case _:
                    self._check_literals(part, members)
        return members

    def _check_members(self, form: Form, members: Forms, path: jsonpath.JSONPath) -> None:
        if not isinstance(form, ObjectForm):
            self._followed(members, path)
            return
        try:
            self._followed(members, path, is_known=True)
        except InvalidQuery:
            what = f"the filter is over the attributes of an object, none of which has {quoted(str(path))}"
            raise self._problem(f"{what}; to ask about the object itself put the filter one name earlier") from None

    def _check_literals(self, part: syntax.BaseExpression, members: Forms) -> None:
        """Look at a comparison of something with a text that it never is."""
        for of, text, holds in _text_tests(part):
            start = members if isinstance(of, syntax.RelativeFilterQuery) else [self._root]
            check_texts(self._followed(start, of.path), str(of), text, holds)

    def _problem(self, why: str) -> InvalidQuery:
        return InvalidQuery(self._expression.parameter, why)


def _parts(expression: syntax.BaseExpression) -> Iterator[syntax.BaseExpression]:
    """Yield an expression and those inside it, other queries left out."""
    yield expression
    if not isinstance(expression, syntax.FilterQuery):
        for child in expression.children():
            yield from _parts(child)


_Test = tuple[syntax.FilterQuery, str, Callable[[str], bool]]


def _text_tests(part: syntax.BaseExpression) -> Iterable[_Test]:
    """Yield what is compared with which text, and the test that a text passes."""
    match part:
        case syntax.InfixExpression(
            left=syntax.FilterQuery() as of, operator="in", right=syntax.ListLiteral(items=items)
        ):
            yield from (_same(of, item.value) for item in items if isinstance(item, syntax.StringLiteral))
        case syntax.InfixExpression(left=syntax.FilterQuery() as of, operator="=~", right=RegexLiteral(value=regex)):
            yield of, regex, compiled(regex).is_all_of
        case (
            syntax.InfixExpression(
                left=syntax.FilterQuery() as of, operator="==" | "!=", right=syntax.StringLiteral(value=text)
            )
            | syntax.InfixExpression(
                left=syntax.StringLiteral(value=text), operator="==" | "!=", right=syntax.FilterQuery() as of
            )
        ):
            yield _same(of, text)
        case syntax.FunctionExtension(
            name="match" | "search" as name, args=[syntax.FilterQuery() as of, syntax.StringLiteral(value=text)]
        ):
            pattern = compiled(functions.from_iregexp(text))
            yield of, text, pattern.is_all_of if name == "match" else pattern.is_in


def _same(of: syntax.FilterQuery, text: str) -> _Test:
    return of, text, lambda known: known == text
