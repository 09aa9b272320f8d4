"""How texts of a query compare with JSON values: numbers as numbers, date-times by instant, the rest as text."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from tmfkit_models import types
from tmfkit_server.query import regex
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.expression import Operator

__all__ = ["Key", "bounds", "instant", "keys_equal_to", "keys_of", "matcher", "microseconds", "number_in"]

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?: ?([Zz]|[+-]\d\d(?::?\d\d)?)| (\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

Matcher = Callable[[Any], bool]
Key: TypeAlias = str | int | float | datetime | tuple[bool]
"""What an index files a JSON value under: equal keys for equal values, and of one type in the order of the values."""


def instant(text: str) -> datetime | None:
    """Read a date or date-time: what the models accept, and more; a bare day and a time without offset are UTC.

    An unencoded ``+`` in a query string arrives as a blank, so a blank stands for it.

    Returns:
        The instant, or None when *text* is neither.
    """
    # Most texts are neither, and do not begin like one.
    found = _DATE.fullmatch(text) if text[:1].isdecimal() else None
    if not found:
        return None
    day, time, offset, east = found.groups()
    try:
        return types.instant(f"{day}T{time or '00:00'}{offset or (f'+{east}' if east else 'Z')}")
    except ValueError:
        return None


def microseconds(when: datetime) -> int:
    """Return the microseconds from 1970 to *when*."""
    return (when - _EPOCH) // _MICROSECOND


def number_in(value: str) -> int | float | None:
    """Return the number that a text of a query stands for, or None when it is no number."""
    if not re.fullmatch(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", value, re.ASCII):
        return None
    return int(value) if value.lstrip("+-").isdecimal() else float(value)


def matcher(how: Operator, value: str, budget: Budget, *, loose: bool = False) -> Matcher:
    """Return the test that a JSON value passes when it compares as *how* says with *value*.

    Args:
        how: Operator.
        value: Text of the query.
        budget: Pays for regular expressions.
        loose: Whether equality of texts ignores case.

    Raises:
        InvalidQuery: *value* is not a regular expression, or one that is too long.
    """
    if how == "regex":
        return _regex(value, budget)
    if how in ("eq", "ne"):
        equal = _equality(value, loose=loose)
        return equal if how == "eq" else lambda found: not equal(found)
    return _ordering(_ORDER[how], value)


def _regex(value: str, budget: Budget) -> Matcher:
    pattern = regex.compiled(value)

    def matches(found: Any) -> bool:
        if not isinstance(found, str):
            return False
        budget.take(pattern.steps(found))
        return pattern.is_in(found)

    return matches


def _equality(value: str, *, loose: bool) -> Matcher:
    number, when, folded = number_in(value), instant(value), value.casefold()

    def equal(found: Any) -> bool:
        match found:
            case str():
                if found == value or (loose and found.casefold() == folded):
                    return True
                return when is not None and instant(found) == when
            case bool():
                return value == ("true" if found else "false")
            case int() | float():
                return number is not None and found == number
            case _:
                return False

    return equal


def _ordering(compare: Callable[[Any, Any], bool], value: str) -> Matcher:
    number, when = number_in(value), instant(value)

    def ordered(found: Any) -> bool:
        match found:
            case str():
                found_when = instant(found) if when is not None else None
                return compare(found, value) if when is None or found_when is None else compare(found_when, when)
            case bool():
                return False
            case int() | float():
                return number is not None and compare(found, number)
            case _:
                return False

    return ordered


def keys_of(found: Any, *, loose: bool) -> tuple[Key, ...]:
    """Return the keys that the JSON value *found* is filed under; none for what no comparison ever finds."""
    match found:
        case str():
            when = instant(found)
            if loose:
                return (found.casefold(),) if when is None else (found.casefold(), when)
            return (found,) if when is None else (when,)
        case bool():
            return ((found,),)  # in a tuple, because True equals 1
        case int() | float():
            return (found,)
        case _:
            return ()


def keys_equal_to(value: str, *, loose: bool) -> list[Key]:
    """Return the keys of all JSON values that equal *value*, a text of a query."""
    keys: list[Key] = []
    number, when = number_in(value), instant(value)
    if loose:
        keys.append(value.casefold())
    elif when is None:
        keys.append(value)
    if when is not None:
        keys.append(when)
    if value in ("true", "false"):
        keys.append((value == "true",))
    if number is not None:
        keys.append(number)
    return keys


def bounds(value: str) -> list[Key]:
    """Return what JSON values are compared with that are ordered against *value*, one key for each type of theirs.

    The text alone means that date-times, too, are compared as texts.
    """
    number, when = number_in(value), instant(value)
    return [value, *(key for key in (number, when) if key is not None)]
