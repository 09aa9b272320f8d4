"""What a search means: TMF630 and RFC 9535 read in plain Python, one document after the other.

Nothing here calls the server's code or looks like it: questions are values of their own, which ``query_examples`` writes
as query strings. Dates and numbers in texts are looked up in tables instead of being parsed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

DAY = 86_400_000_000
INSTANTS = {
    "2020-01-01": 0,
    "2020-01-01T00:00Z": 0,
    "2020-01-01t00:00:00z": 0,
    "2020-01-01T01:00:00+0100": 0,
    "2019-12-31T19:00:00-05:00": 0,
    "2020-01-01T05:30:00.000+05:30": 0,
    "2020-01-01T00:00:00.000001Z": 1,
    "2020-01-02": DAY,
    "2020-01-02T00:00": DAY,
    "2020-06-01T02:00:00+02": 152 * DAY,
    "0001-01-01T00:00:00Z": -737_424 * DAY,
}
"""Date-times as texts → microseconds since 2020."""
NUMBERS: dict[str, Fraction | float] = {
    **{
        str(number): Fraction(number)
        for number in (0, 1, -1, 2, 9, 10, 1000, 2**53 + 1, 2**63, 99999999999999991611392)
    },
    "1.0": Fraction(1),
    "-0": Fraction(0),
    "+2": Fraction(2),
    "1.5": Fraction(3, 2),
    "1e3": Fraction(1000),
    "0.1": Fraction(0.1),
    "1e23": Fraction(1e23),
    "1E-7": Fraction(1e-7),
    "1e999": math.inf,
    "-1e999": -math.inf,
}
"""Numbers as texts → what they are; those with a fraction or an exponent are floats."""


@dataclass(frozen=True)
class Condition:
    """An attribute compared with texts; ``how`` is an operator's suffix."""

    path: tuple[str, ...]
    how: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Segment:
    """Selectors, each a name, an index, a slice, "*" as ``None``, or a tuple that is the condition of a filter."""

    selectors: tuple[Any, ...]
    is_deep: bool = False


JsonPath = tuple[Segment, ...]


@dataclass(frozen=True)
class Question:
    """A search.

    A condition is a tuple of alternatives. A filter tells whether it is over the collection, beside its segments. A
    sort key is a path or segments, and whether it is descending.
    """

    conditions: tuple[tuple[Condition, ...], ...] = ()
    filters: tuple[tuple[bool, JsonPath], ...] = ()
    sort: tuple[tuple[tuple[str, ...] | JsonPath, bool], ...] = ()
    offset: int | None = None
    limit: int | None = None
    is_loose: bool = False


def answer(question: Question, documents: list[Any]) -> tuple[list[int], int]:
    """Return the numbers of the documents on the page, in order, and how many are found altogether."""
    conditions = _repeated_names_joined(question)
    found = [
        number
        for number, document in enumerate(documents)
        if all(any(_holds(each, document, question.is_loose) for each in either) for either in conditions)
        and all(_selects(each, document) for each in question.filters)
    ]
    for key, is_descending in reversed(question.sort):
        found = _sorted(found, [_first(documents[number], key) for number in found], is_descending)
    start = question.offset or 0
    return found[start : None if question.limit is None else start + question.limit], len(found)


def _repeated_names_joined(question: Question) -> list[tuple[Condition, ...]]:
    """A name that is repeated with "equal" or a regular expression means one or the other."""
    joined: dict[Any, tuple[Condition, ...]] = {}
    for number, either in enumerate(question.conditions):
        may_join = len(either) == 1 and either[0].how in ("eq", "regex")
        key = (either[0].path, either[0].how) if may_join else number
        joined[key] = (*joined.get(key, ()), *either)
    return list(joined.values())


def _members(value: Any, path: tuple[str, ...]) -> list[Any]:
    if isinstance(value, list):
        return [found for member in value for found in _members(member, path)]
    if not path:
        return [value]
    return _members(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _holds(condition: Condition, document: Any, is_loose: bool) -> bool:
    values = [text[1:-1] if is_loose and re.fullmatch('".*"', text) else text for text in condition.values]
    members = _members(document, condition.path)
    if condition.how == "ne":
        return not any(_equal(member, value, is_loose) for member in members for value in values)
    if condition.how == "eq":
        return any(_equal(member, value, is_loose) for member in members for value in values)
    if condition.how == "regex":
        return any(isinstance(member, str) and re.search(value, member) for member in members for value in values)
    wanted = {"gt": (1,), "gte": (0, 1), "lt": (-1,), "lte": (-1, 0)}[condition.how]
    return any(_compared(member, value) in wanted for member in members for value in values)


def _equal(member: Any, text: str, is_loose: bool) -> bool:
    if isinstance(member, bool):
        return text == str(member).lower()
    if isinstance(member, str):
        same = member.casefold() == text.casefold() if is_loose else member == text
        return same or (text in INSTANTS and INSTANTS.get(member) == INSTANTS[text])
    return isinstance(member, int | float) and text in NUMBERS and Fraction(member) == NUMBERS[text]


def _compared(member: Any, text: str) -> int | None:
    """Return -1, 0 or 1, or None where there is no order."""
    if isinstance(member, str):
        has_instants = member in INSTANTS and text in INSTANTS
        return _sign(INSTANTS[member], INSTANTS[text]) if has_instants else _sign(member, text)
    if isinstance(member, bool) or not isinstance(member, int | float) or text not in NUMBERS:
        return None
    return _sign(Fraction(member), NUMBERS[text])


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _first(document: Any, key: Any) -> Any:
    is_jsonpath = bool(key) and isinstance(key[0], Segment)
    values = selected(document, document, key) if is_jsonpath else _members(document, key)
    return values[0] if values else None


def _sorted(numbers: list[int], values: list[Any], is_descending: bool) -> list[int]:
    def order(one: tuple[int, Any], other: tuple[int, Any]) -> int:
        if one[1] is None or other[1] is None:
            return (one[1] is None) - (other[1] is None)
        kinds = _kind(one[1]), _kind(other[1])
        sign = _sign(*kinds)
        if not sign and kinds[0] == "3 date":
            sign = _sign(INSTANTS[one[1]], INSTANTS[other[1]])
        elif not sign and kinds[0] != "5 other":
            sign = _sign(one[1], other[1])
        return -sign if is_descending else sign

    return [number for number, _ in sorted(zip(numbers, values, strict=True), key=cmp_to_key(order))]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "1 truth"
    if isinstance(value, int | float):
        return "2 number"
    if isinstance(value, str):
        return "3 date" if value in INSTANTS else "4 text"
    return "5 other"


def _selects(each: tuple[bool, JsonPath], document: Any) -> bool:
    is_over_collection, segments = each
    root = [document] if is_over_collection else document
    return bool(selected(root, root, segments))


def selected(root: Any, value: Any, segments: JsonPath) -> list[Any]:
    """Return the values that a JSONPath expression selects (RFC 9535), beginning at *value*."""
    values = [value]
    for segment in segments:
        reached = [deep for each in values for deep in _deep(each)] if segment.is_deep else values
        values = [found for each in reached for one in segment.selectors for found in _one_selected(root, each, one)]
    return values


def _deep(value: Any) -> Iterator[Any]:
    yield value
    for member in _children(value):
        yield from _deep(member)


def _children(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _one_selected(root: Any, value: Any, selector: Any) -> list[Any]:
    match selector:
        case None:
            return _children(value)
        case str():
            return [value[selector]] if isinstance(value, dict) and selector in value else []
        case int():
            is_there = isinstance(value, list) and -len(value) <= selector < len(value)
            return [value[selector]] if is_there else []
        case slice():
            return value[selector] if isinstance(value, list) and selector.step != 0 else []
        case _:
            return [member for member in _children(value) if _is_true(root, member, selector)]


NOTHING = object()


def _is_true(root: Any, here: Any, test: tuple[Any, ...]) -> bool:
    match test:
        case ("and", one, other):
            return _is_true(root, here, one) and _is_true(root, here, other)
        case ("or", one, other):
            return _is_true(root, here, one) or _is_true(root, here, other)
        case ("not", one):
            return not _is_true(root, here, one)
        case ("exists", start, segments):
            return bool(selected(root, root if start == "$" else here, segments))
        case ("match" | "search" | "=~" as how, value, pattern):
            text = _value(root, here, value)
            find = re.search if how == "search" else re.fullmatch
            return isinstance(text, str) and find(pattern, text) is not None
        case ("in", value, literals):
            found = _value(root, here, value)
            return found is not NOTHING and any(_same(found, literal) for literal in literals)
        case (how, one, other):
            return _is_ordered(how, _value(root, here, one), _value(root, here, other))
        case _:
            raise AssertionError(test)


def _value(root: Any, here: Any, value: tuple[Any, ...]) -> Any:
    match value:
        case ("literal", literal):
            return literal
        case ("query", start, segments):
            found = selected(root, root if start == "$" else here, segments)
            return found[0] if found else NOTHING
        case ("length", inner):
            found = _value(root, here, inner)
            return len(found) if isinstance(found, str | list | dict) else NOTHING
        case ("count", segments):
            return len(selected(root, here, segments))
        case ("value", segments):
            found = selected(root, here, segments)
            return found[0] if len(found) == 1 else NOTHING
        case _:
            raise AssertionError(value)


def _same(one: Any, other: Any) -> bool:
    """Python takes True for 1, JSON does not, at any depth."""
    return bool(_told_apart(one) == _told_apart(other))


def _told_apart(value: Any) -> Any:
    if isinstance(value, list):
        return ["array", *map(_told_apart, value)]
    if isinstance(value, dict):
        return {name: _told_apart(member) for name, member in value.items()}
    return (type(value) is bool, value)


def _is_ordered(how: str, one: Any, other: Any) -> bool:
    is_equal = one is other or _same(one, other)
    if how in ("==", "!="):
        return is_equal == (how == "==")
    kinds = {_kind(value) for value in (one, other)}
    has_order = kinds == {"2 number"} or kinds <= {"3 date", "4 text"}
    sign = _sign(one, other) if has_order else None
    return (how in ("<=", ">=") and is_equal) or sign == (-1 if how in ("<", "<=") else 1)
