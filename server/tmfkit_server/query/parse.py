"""From a query string to a ``Search``.

A ``;`` separates conditions only where it stands unencoded and another condition follows, so that values may hold one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote_plus

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.expression import (
    All,
    AnyOf,
    Comparison,
    Expression,
    Operator,
    Path,
    Search,
    Selection,
    SortKey,
)
from tmfkit_server.query.jsonpath import NAME, JsonPath, jsonpath_in
from tmfkit_server.query.regex import Patterns
from tmfkit_server.query.trees import tree_of
from tmfkit_server.quotes import quoted
from tmfkit_server.search_limits import SearchLimits

__all__ = ["Grammar", "OwnHref", "parse_condition_text", "parse_fields", "parse_hub_query", "parse_search"]

MOST_CONDITIONS = 50
MOST_VALUES = 100
DEEPEST_PATH = 12
MOST_EXPRESSIONS = 10
LONGEST_TEXT = 8000
"""Characters of conditions that come in a body: about as many as an address may have."""
_RESERVED = ("fields", "filter", "sort", "offset", "limit", "depth", "expand")
_CONDITION = re.compile(r"(?P<name>[^=<>]+?)(?P<symbol>==|=~|\*=|!=|>=|<=|=|>|<)(?P<value>.*)", re.DOTALL)
_SYMBOLS: dict[str, Operator] = {
    "==": "eq",
    "=": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "=~": "regex",
    "*=": "regex",
}
_SUFFIXES: dict[str, Operator] = {
    "eq": "eq",
    "ne": "ne",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "regex": "regex",
}
# A text in quotes, up to the end when nothing closes it, or one character; never read twice.
_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*+'?|"(?:[^"\\]|\\.)*+"?|.""", re.DOTALL)
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
# What a JSONPath has that is more than names with dots between them.
_JSONPATH_MARK = re.compile(r"[\[\]*]|\.\.|^[.$]")
_BRACKET = re.compile(r"[\[\]]")
_COMPARING = re.compile(r"[=<>]")
# Unlike in a JSONPath, a name may begin with digits; of nothing else it is an index.
_NAME = f"@?[0-9]*{NAME}"
_NAMES = re.compile(rf"{_NAME}(?:\.{_NAME})*")
# How other languages write a direction. An attribute that is called so is written as JSONPath.
_DIRECTION = re.compile(r"(?:^|[._-])(?:asc|desc)(?:ending)?$|-$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnHref:
    """The address of the resource itself, of which the path is stored only.

    Attributes:
        place: Names that lead to the resource.
        identifier_in: Gives the resource that a text leads to, None when it leads to none.
        address: What stands before the path as the client sees it.
    """

    place: Path
    identifier_in: Callable[[str], str | None]
    address: str

    def seen(self, body: Any) -> Any:
        """Return a stored body as the client sees it."""
        path = body.get("href")
        return {**body, "href": f"{self.address}{path}"} if isinstance(path, str) and path[:1] == "/" else body


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs from resource to resource.

    Attributes:
        canonical: Turns a path as the client wrote it into the attribute's own names.
        loose: Whether equality ignores case and quotes around a value.
        trims: Whether blanks and line ends around a value mean nothing.
        own: Address of the resource; None when it has none.
    """

    canonical: Callable[[Path], Path] = lambda path: path
    loose: bool = False
    trims: bool = False
    own: OwnHref | None = None

    def expression(self, parameter: str, text: str) -> JsonPath:
        """Read a JSONPath expression; see ``jsonpath_in``."""
        # What notifications carry is seen already.
        seen = self.own.seen if self.own is not None and not self.own.place else None
        return jsonpath_in(parameter, text, self.canonical, seen=seen)


_PLAIN = Grammar()
_LIMITS = SearchLimits()


def parse_search(query: str, grammar: Grammar, limits: SearchLimits = _LIMITS) -> Search:
    """Read the query string of a list request.

    Args:
        query: Raw query string, still encoded, without ``?``.
        grammar: How the resource reads names and values.
        limits: How much work it may make.

    Raises:
        InvalidQuery: A parameter cannot be understood, or there is more than the server takes.
    """
    reserved, conditions = _split(query)
    return Search(
        where=_where(conditions, reserved.get("filter", []), grammar),
        sort=_sort(reserved.get("sort", []), grammar, most=limits.sort_keys),
        offset=_count("offset", reserved) or 0,
        limit=_count("limit", reserved),
        fields=_selection(reserved.get("fields"), grammar),
        budget=Budget(limits.steps),
    )


def parse_fields(query: str, grammar: Grammar) -> Selection | None:
    """Read ``fields`` of a request for one resource; conditions there have nothing to select from."""
    return _selection(_split(query)[0].get("fields"), grammar)


def parse_hub_query(query: str, grammar: Grammar = _PLAIN) -> tuple[Expression, Selection | None]:
    """Read the ``query`` of a subscription: conditions, and ``fields`` for what a notification carries.

    One that compares nothing outside of its brackets is a JSONPath expression as a whole, with nothing in it encoded.
    Blanks and line ends around names and values mean nothing, as in the samples of TMF630.

    Args:
        query: The query.
        grammar: How names and values are read.

    Raises:
        InvalidQuery: It cannot be understood, or asks for what notifications do not have, such as an order.
    """
    query = query.strip()
    _check_length(query)
    if not query.startswith("$") and _COMPARING.search("".join(_outside(query))):
        return parse_condition_text(query, replace(grammar, trims=True))
    return grammar.expression("query", query), None


def parse_condition_text(query: str, grammar: Grammar = _PLAIN) -> tuple[Expression, Selection | None]:
    """Read conditions and ``fields`` that come in a body; takes and raises what ``parse_hub_query`` does."""
    _check_length(query)
    reserved, conditions = _split(query.removeprefix("?"))
    if others := reserved.keys() - {"fields", "filter"}:
        raise InvalidQuery(min(others), "a subscription takes conditions and fields only; leave it out")
    where = _where(conditions, reserved.get("filter", []), grammar)
    return where, _selection(reserved.get("fields"), grammar)


def _check_length(query: str) -> None:
    if len(query) > LONGEST_TEXT:
        raise InvalidQuery("query", f"it has more than {LONGEST_TEXT} characters")


def _split(query: str) -> tuple[dict[str, list[str]], list[str]]:
    """Part the reserved parameters from the conditions, which stay encoded."""
    reserved: dict[str, list[str]] = {}
    conditions: list[str] = []
    for part in filter(None, map(str.strip, query.split("&"))):
        name, _, value = part.partition("=")
        if (name := unquote_plus(name).strip()) in _RESERVED:
            reserved.setdefault(name, []).append(unquote_plus(value))
        else:
            conditions.append(part)
    _check_conditions(len(conditions), conditions)
    return reserved, conditions


def _check_conditions(count: int, conditions: list[str]) -> None:
    if count > MOST_CONDITIONS:
        raise InvalidQuery(unquote_plus(conditions[-1]), f"there are more than {MOST_CONDITIONS} conditions")


def _where(conditions: list[str], filters: list[str], grammar: Grammar) -> Expression:
    _check_expressions("filter", len(filters))
    expressions = [grammar.expression("filter", text) for text in filters]
    return All((*_conjunction(conditions, grammar), *expressions))


def _conjunction(conditions: list[str], grammar: Grammar) -> tuple[Expression, ...]:
    """Join conditions by AND, those that repeat one name and operator by OR."""
    parts: dict[object, Expression] = {}
    count, patterns = 0, Patterns()
    for condition in conditions:
        alternatives = _alternatives(condition, grammar, patterns)
        count += len(alternatives)
        _check_conditions(count, conditions)
        if len(alternatives) > 1:
            parts[condition] = AnyOf(alternatives)
            continue
        [new] = alternatives
        key = (new.path, new.operator)
        old = parts.get(key)
        # Repeating a name means OR for equality; two bounds on one attribute mean a range only when both hold.
        if isinstance(old, Comparison) and new.operator in ("eq", "regex", "ne"):
            new = replace(new, values=(*old.values, *new.values))
            _check_values(".".join(new.path), new.values)
        elif old is not None:
            key = (*key, len(parts))  # type: ignore[assignment]
        parts[key] = new
    return tuple(parts.values())


def _alternatives(condition: str, grammar: Grammar, patterns: Patterns) -> tuple[Comparison, ...]:
    pieces: list[list[str]] = []
    for piece in condition.split(";"):
        if pieces and not _CONDITION.match(unquote_plus(piece)):
            pieces[-1].append(piece)
        else:
            pieces.append([piece])
    _check_conditions(len(pieces), [condition])
    return tuple(_comparison(unquote_plus(";".join(piece)), grammar, patterns) for piece in pieces)


def _comparison(text: str, grammar: Grammar, patterns: Patterns) -> Comparison:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise InvalidQuery(text, "a condition is written name=value")
    path, how, value = tuple(found["name"].strip().split(".")), _SYMBOLS[found["symbol"]], found["value"]
    if _BRACKET.search(found["name"]):
        raise InvalidQuery(found["name"], "a condition names attributes; write what has brackets as filter=…")
    if len(path) > 1 and path[-1] in _SUFFIXES and found["symbol"] in ("=", "==", "=~"):
        value = f"{found['symbol'][1:]}{value}"  # the operator has been named already
        path, how = path[:-1], _SUFFIXES[path[-1]]
    if len(path) > DEEPEST_PATH:
        raise _too_deep(found["name"])
    if how == "regex":
        _check_regex(found["name"], value, patterns)
    values = (value,) if how == "regex" else _values(value)
    if grammar.trims:
        values = tuple(map(str.strip, values))
    _check_values(found["name"], values)
    if grammar.loose:
        values = tuple(_unquoted(value) for value in values)
    path = grammar.canonical(path)
    if grammar.own is not None and path == (*grammar.own.place, "href"):
        return _about_href(grammar.own, how, values, loose=grammar.loose)
    return Comparison(path, how, values, grammar.loose)


def _about_href(own: OwnHref, how: Operator, values: tuple[str, ...], *, loose: bool) -> Comparison:
    """Return what a condition on the resource's own address means for what is stored: whoever it leads to is meant."""
    if how in ("eq", "ne"):
        # No identifier has a slash in it, so that what leads nowhere finds nothing.
        identifiers = tuple(own.identifier_in(value) or f"/{value}" for value in values)
        return Comparison((*own.place, "id"), how, identifiers, loose)
    return Comparison((*own.place, "href"), how, values, loose, before="" if own.place else own.address)


def _check_values(name: str, values: tuple[str, ...]) -> None:
    if len(values) > MOST_VALUES:
        raise InvalidQuery(name, f"there are more than {MOST_VALUES} values")


def _check_regex(name: str, value: str, patterns: Patterns) -> None:
    try:
        patterns.compiled(value)
    except InvalidQuery as exc:
        raise InvalidQuery(name, exc.why) from None


def _too_deep(name: str) -> InvalidQuery:
    return InvalidQuery(name, f"a name has at most {DEEPEST_PATH} parts")


def _values(text: str) -> tuple[str, ...]:
    return tuple(value.replace("\\,", ",") for value in _UNESCAPED_COMMA.split(text))


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _selection(texts: list[str] | None, grammar: Grammar) -> Selection | None:
    if texts is None:
        return None
    parts = [part for text in texts for part in _listed(text) if part != "none"]
    expressions = [part for part in parts if _JSONPATH_MARK.search(part)]
    _check_expressions("fields", len(expressions))
    names = (grammar.canonical(_names(part)) for part in parts if not _JSONPATH_MARK.search(part))
    return Selection(tree_of(names), tuple(grammar.expression("fields", text) for text in expressions))


def _names(text: str) -> Path:
    if not _NAMES.fullmatch(text):
        what = "is no name of an attribute; one that has other signs in it is written $['name']"
        raise InvalidQuery("fields", f"{quoted(text)} {what}")
    return tuple(text.split("."))


def _sort(texts: list[str], grammar: Grammar, *, most: int) -> tuple[SortKey, ...]:
    parts = [part for text in texts for part in _listed(text, with_empty=True)]
    if len(parts) > most:
        raise InvalidQuery("sort", f"there are more than {most} names")
    keys = tuple(_sort_key(part, grammar) for part in parts)
    _check_expressions("sort", sum(isinstance(key.path, JsonPath) for key in keys))
    return keys


def _check_expressions(parameter: str, count: int) -> None:
    if count > MOST_EXPRESSIONS:
        raise InvalidQuery(parameter, f"there are more than {MOST_EXPRESSIONS} JSONPath expressions")


def _sort_key(text: str, grammar: Grammar) -> SortKey:
    # An unencoded "+" before a name arrives as a blank and is stripped with the others.
    name = text[1:].strip() if text[:1] in ("+", "-") else text
    path: Path | JsonPath
    if _JSONPATH_MARK.search(name):
        path = grammar.expression("sort", name)
    elif not _NAMES.fullmatch(name) or _DIRECTION.search(name):
        what = "is no order; write name, or -name for descending, and $['name'] for a name with other signs in it"
        raise InvalidQuery("sort", f"{quoted(text)} {what}")
    else:
        names = tuple(name.split("."))
        if len(names) > DEEPEST_PATH:
            raise _too_deep(name)
        path = grammar.canonical(names)
    return SortKey(path, descending=text.startswith("-"))


def _listed(text: str, *, with_empty: bool = False) -> list[str]:
    parts = _parted(text) if _JSONPATH_MARK.search(text) or "$" in text else text.split(",")
    return [part for each in parts if (part := each.strip()) or with_empty]


def _parted(text: str) -> list[str]:
    """Part a list that holds JSONPath, in whose brackets and quotes a comma separates nothing."""
    depth, start, parts = 0, 0, []
    for found in _PIECE.finditer(text):
        piece = found[0]
        depth += (piece in ("[", "(")) - (piece in ("]", ")"))
        if piece == "," and depth <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _outside(text: str) -> Iterator[str]:
    """Yield the characters of a text that stand outside of brackets and quotes."""
    depth = 0
    for found in _PIECE.finditer(text):
        piece = found[0]
        depth += (piece in ("[", "(")) - (piece in ("]", ")"))
        if depth <= 0 and len(piece) == 1:
            yield piece


def _count(name: Literal["offset", "limit"], reserved: dict[str, list[str]]) -> int | None:
    texts = reserved.get(name)
    if texts is None:
        return None
    if len(texts) > 1 or not re.fullmatch(r"[0-9]{1,10}", texts[0], re.ASCII):
        raise InvalidQuery(name, "it has to be one whole number, not negative")
    return int(texts[0])
