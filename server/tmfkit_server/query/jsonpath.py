"""Reading JSONPath (TMF630 part 6): RFC 9535, and beside it ``=~ /regex/flags``, ``in [...]`` and names like ``@type``.

The library's parser reads; what it has read is translated in ``query.jsonpath_meaning``, because the library's own
evaluation knows no bound on its work and matches with backtracking regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonpath
from jsonpath import function_extensions as functions
from jsonpath.exceptions import JSONPathError, JSONPathSyntaxError
from jsonpath.filter import BaseExpression, IntegerLiteral
from jsonpath.lex import Lexer
from jsonpath.parse import Parser
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import Filter
from jsonpath.stream import TokenStream
from jsonpath.token import (
    TOKEN_COMMA,
    TOKEN_CONTAINS,
    TOKEN_DDOT,
    TOKEN_FALSE,
    TOKEN_FLOAT,
    TOKEN_IN,
    TOKEN_INT,
    TOKEN_MISSING,
    TOKEN_NAME,
    TOKEN_NIL,
    TOKEN_RE_FLAGS,
    TOKEN_TRUE,
    TOKEN_UNDEFINED,
    TOKEN_WHITESPACE,
    Token,
)

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.jsonpath_meaning import Query, RegexLiteral, Renaming, translated
from tmfkit_server.query.nodes import Key, Scope, keys_of
from tmfkit_server.query.regex import Patterns
from tmfkit_server.quotes import quoted, shortened

__all__ = ["NAME", "JsonPath", "jsonpath_in"]

NAME = r"[^\x00-@[-^`{-\x7f][^\x00-,./:-@[-^`{-\x7f]*"
"""Regular expression of the names that need no brackets (RFC 9535 §2.5.1.1), without the ``@`` of TM Forum's own:
letters, digits, ``_``, ``-`` and all that is not ASCII. By what they have not, which is compiled a hundred times as
fast."""
LONGEST_JSONPATH = 1000
_BLANKS = " \t\n\r"
_LEADING_ZERO = re.compile("-?0[0-9]")
_CONSTANTS = {TOKEN_TRUE: "true", TOKEN_FALSE: "false", TOKEN_NIL: "null"}
_WORDS = frozenset({*_CONSTANTS, TOKEN_IN, TOKEN_CONTAINS, TOKEN_UNDEFINED, TOKEN_MISSING})


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A JSONPath expression; as a condition it holds for a resource of which it selects at least one node.

    Attributes:
        parameter: Parameter of the query string that it stands in.
        text: The expression.
        is_over_collection: Whether it begins with a filter, which then tests the resource itself: it is read as if
            ``$`` were an array with this one resource.
        syntax: The expression as the library has read it.
        steps_to_compile: What compiling the regular expressions in it costs, in steps of a ``Budget``.
    """

    parameter: str
    text: str
    is_over_collection: bool
    syntax: jsonpath.JSONPath = field(compare=False, repr=False)
    _query: Query = field(compare=False, repr=False)
    _seen: Callable[[Any], Any] | None = field(default=None, compare=False, repr=False)
    steps_to_compile: float = field(default=0, compare=False, repr=False)

    def values(self, body: Any, budget: Budget) -> Iterator[Any]:
        """Yield the values selected in a resource, in the order of RFC 9535; *budget* pays."""
        return (value for value, _ in self._nodes(body, budget))

    def places(self, body: Any, budget: Budget) -> Iterator[tuple[Key, ...]]:
        """Yield the names and indexes that lead from the resource to each value selected in it."""
        first = 1 if self.is_over_collection else 0
        for _, location in self._nodes(body, budget):
            budget.take(Budget.A_PLACE)
            yield keys_of(location)[first:]

    def _nodes(self, body: Any, budget: Budget) -> Iterator[tuple[Any, Any]]:
        budget.parameter = self.parameter
        if self._seen is not None:
            body = self._seen(body)
        root = [body] if self.is_over_collection else body
        return self._query(root, Scope(root, budget))


def jsonpath_in(parameter: str, text: str, renaming: Renaming, *, seen: Callable[[Any], Any] | None = None) -> JsonPath:
    """Read a JSONPath expression, whose leading ``$`` may be left out.

    Args:
        parameter: Parameter of the query string that it stands in.
        text: The expression.
        renaming: Turns the path of a member, names from the resource down, into the attributes' own names.
        seen: Turns a stored resource into what the client sees; None when it is that already.

    Raises:
        InvalidQuery: It is none, or exceeds a limit.
    """
    if len(text) > LONGEST_JSONPATH:
        raise InvalidQuery(parameter, f"a JSONPath expression has at most {LONGEST_JSONPATH} characters")
    whole, patterns = _with_root(text.strip(_BLANKS)), Patterns()
    try:
        path = _ENVIRONMENT.compile(whole)
        if not isinstance(path, jsonpath.JSONPath):
            raise InvalidQuery(parameter, f"{quoted(whole)} joins expressions; send each one as a filter of its own")
        is_over_collection = _begins_with_filter(path)
        query = translated(path, renaming, patterns, is_over_collection=is_over_collection)
    except JSONPathError as error:
        raise InvalidQuery(parameter, _why(error, whole)) from None
    except (ValueError, OverflowError):
        raise InvalidQuery(parameter, f"{quoted(whole)} has a number or text that JSON does not have") from None
    return JsonPath(parameter, whole, is_over_collection, path, query, seen, patterns.steps_to_compile)


def _with_root(text: str) -> str:
    if text.startswith("$"):
        return text
    return f"${text}" if text.startswith(("[", ".")) else f"$.{text}"


def _begins_with_filter(path: jsonpath.JSONPath) -> bool:
    match path.segments:
        case (JSONPathChildSegment(selectors=selectors), *_):
            return all(isinstance(selector, Filter) for selector in selectors)
        case _:
            return False


def _why(error: JSONPathError, whole: str) -> str:
    # The library gives the end of the text the index -1.
    index = error.token.index if error.token else None
    place = "" if index is None else " at its end" if index < 0 else f" at character {index + 1}"
    hint = " (a '&' in a query string is written %26)" if whole.count("[") > whole.count("]") else ""
    return f"{quoted(whole)} is no JSONPath expression that is taken here{place}: {shortened(str(error.message))}{hint}"


class _Tokens(Lexer):
    """TM Forum's attributes ``@type`` and ``@baseType`` are named like any other, and so are those beyond U+FFFF.

    Words that mean something to the library only, such as ``and`` and ``None``, are names as well.
    """

    key_pattern = f"@?{NAME}"
    logical_not_pattern = "!"
    logical_and_pattern = "&&"
    logical_or_pattern = r"\|\|"

    def tokenize(self, path: str) -> Iterator[Token]:
        before = ""
        for token in super().tokenize(path):
            if before == TOKEN_COMMA and token.kind != TOKEN_WHITESPACE:
                # Without a blank in between the parser takes "[0,:1]" for one slice.
                yield Token(TOKEN_WHITESPACE, " ", token.index, path)
            if token.kind in (TOKEN_INT, TOKEN_FLOAT) and _LEADING_ZERO.match(token.value):
                raise JSONPathSyntaxError("a number has no leading zero", token=token)
            is_name = before == TOKEN_DDOT and token.kind in _WORDS
            if is_name or _CONSTANTS.get(token.kind, token.value) != token.value:
                token = Token(TOKEN_NAME, token.value, token.index, path)
            yield token
            before = token.kind


class _Literals(Parser):
    """Literals that keep what they say: whole numbers beyond a float's, regular expressions for RE2."""

    def parse_integer_literal(self, stream: TokenStream) -> BaseExpression:
        text = stream.next().value
        return IntegerLiteral(value=int(text) if text.removeprefix("-").isdecimal() else int(float(text)))

    def parse_regex(self, stream: TokenStream) -> BaseExpression:
        text, flags = stream.next().value, ""
        if stream.current().kind == TOKEN_RE_FLAGS:
            # RE2 reads classes like \d as ASCII in any case, which is all that the flag "a" asks for.
            flags = "".join(sorted(set(stream.next().value) - {"a"}))
        return RegexLiteral(value=f"(?{flags}){text}" if flags else text)


class _Environment(jsonpath.JSONPathEnvironment):
    lexer_class = _Tokens
    parser_class = _Literals

    def setup_function_extensions(self) -> None:
        """Offer the functions of RFC 9535 only; they are declared here, ``query.jsonpath_meaning`` evaluates them."""
        offered = (functions.Length, functions.Count, functions.Value, functions.Match, functions.Search)
        self.function_extensions = {function.__name__.lower(): function() for function in offered}


_ENVIRONMENT = _Environment()
