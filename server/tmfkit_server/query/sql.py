"""Translation of an expression tree for PostgreSQL, over the terms that ``query.terms`` derives from a record.

Every value of a request is a parameter; the statement's text depends on the shape of the tree only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Path, SortKey
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.terms import Number, exact, index_key, kept_text, pointer_of
from tmfkit_server.query.values import instant, microseconds, number_in

__all__ = ["Condition", "Ordering", "condition", "equal_terms", "irregular_names", "ordering"]

_ALWAYS = "TRUE"
_BOUND = "SELECT position FROM bound WHERE key = %s AND value {} %s::numeric"
_BETWEEN = "SELECT position FROM bound WHERE key = %s AND value {} %s::numeric AND value {} %s::numeric"
_SYMBOLS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LOWER = ("gt", "gte")
# The highest value decides what is above a bound, the lowest what is below.
_DECISIVE = {"gt": "-1", "gte": "-1", "lt": "0", "lte": "0"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a row of ``record``.

    Attributes:
        sql: Text, with a placeholder for each parameter.
        parameters: What the placeholders stand for.
        is_exact: Whether it holds for no other records than the expression; it always holds for those.
        positions: Query for the positions of all records that satisfy it, with the same parameters, that does without
            ``record``; it gives one twice that is irregular. Empty when there is none.
    """

    sql: str
    parameters: tuple[Any, ...] = ()
    is_exact: bool = True
    positions: str = ""

    @property
    def holds_always(self) -> bool:
        """Whether every record satisfies it."""
        return self.sql == _ALWAYS


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order of rows: what to select for it, and what to order by then.

    Attributes:
        columns: Columns, each with a comma before it.
        parameters: Parameters of the columns.
        order_by: List of an ORDER BY that ends with the order of creation.
    """

    columns: str
    parameters: tuple[Any, ...]
    order_by: str


class _End(NamedTuple):
    """One end of a range of numbers or date-times.

    Attributes:
        comparison: Where it comes from.
        key: Key of what is compared, in the table ``bound``.
        number: What it is compared with.
    """

    comparison: Comparison
    key: str
    number: Number

    @property
    def symbol(self) -> str:
        """How it is compared."""
        return _SYMBOLS[self.comparison.operator]


def condition(expression: Expression, collection: str, *, is_lean: bool = False) -> Condition:
    """Return the condition that a record of *collection* satisfies when *expression* holds for it.

    Args:
        expression: What has to hold.
        collection: Name of the collection.
        is_lean: Whether to take for granted that no record of the collection is irregular under any of
            ``irregular_names``. Ranges then look at no texts, and two ends of a range are one range of the index.
    """
    if isinstance(expression, Comparison):
        return _comparison(expression, collection, is_lean=is_lean)
    if isinstance(expression, JsonPath):
        return Condition(_ALWAYS, is_exact=False)
    pairs = _pairs(expression, collection) if is_lean else []
    paired = [end.comparison for pair in pairs for end in pair]
    parts = [_between(low, high) for low, high in pairs]
    parts += [condition(part, collection, is_lean=is_lean) for part in expression.parts if part not in paired]
    return _joined("AND", parts, empty=_ALWAYS) if isinstance(expression, All) else _joined("OR", parts, empty="FALSE")


def equal_terms(comparison: Comparison) -> list[tuple[str, Any]]:
    """Return the terms of which a record needs one for *comparison* to find it equal, each behind its type's letter."""
    return [term for value in comparison.values for term in _equal(value, loose=comparison.loose)]


def irregular_names(expression: Expression, collection: str) -> set[str]:
    """Return the keys under which texts, or several values of one record, decide about ranges in *expression*."""
    if isinstance(expression, JsonPath):
        return set()
    if not isinstance(expression, Comparison):
        names = {name for part in expression.parts for name in irregular_names(part, collection)}
        return names | {low.key for low, _ in _pairs(expression, collection)}
    if not expression.is_stored_order:
        return set()
    pointer = pointer_of(expression.path)
    # Beside a date-time, date-times are none of the texts.
    prefixes = ("",) if all(map(instant, expression.values)) else ("", "#")
    return {index_key(f"{collection}{prefix}{pointer}") for prefix in prefixes}


def ordering(keys: tuple[SortKey, ...], collection: str) -> Ordering | None:
    """Return the order that ``evaluate.sort_key`` gives, None when only Python can find it."""
    columns, parameters, order_by = "", [], ""
    for number, key in enumerate(keys):
        if isinstance(key.path, JsonPath):
            return None
        column, direction = f"sort_{number}", "DESC" if key.descending else "ASC"
        columns += f", sort_key(terms -> %s, orders, %s) AS {column}"
        parameters += [collection, pointer_of(key.path)]
        for part in (f"{column} -> 0", f"{column} -> 1", f'({column} ->> 2) COLLATE "C"'):
            order_by += f"({part}) {direction} NULLS LAST, "
    return Ordering(columns, tuple(parameters), f"{order_by}position")


def _joined(word: Literal["AND", "OR"], parts: list[Condition], *, empty: str) -> Condition:
    if not parts:
        return Condition(empty)
    if len(parts) == 1:
        return parts[0]
    return Condition(
        "(" + f" {word} ".join(part.sql for part in parts) + ")",
        tuple(parameter for part in parts for parameter in part.parameters),
        all(part.is_exact for part in parts),
    )


def _comparison(comparison: Comparison, collection: str, *, is_lean: bool) -> Condition:
    path, how = comparison.path, comparison.operator
    if how == "regex" or comparison.before:
        return _has_text(path, collection)
    if how in _SYMBOLS:
        parts = [_bound(end) for end in _ends(comparison, collection)]
        if not is_lean:
            parts += [part for value in comparison.values for part in _text_order(path, how, value, collection)]
        return _joined("OR", parts, empty="FALSE")
    pointer = pointer_of(path)
    terms = tuple(
        json.dumps({collection: {prefix + pointer: [term]}}, ensure_ascii=False)
        for prefix, term in equal_terms(comparison)
    )
    equal = _joined("OR", [Condition("terms @> %s::jsonb", (each,)) for each in dict.fromkeys(terms)], empty="FALSE")
    return Condition(f"NOT {equal.sql}", equal.parameters) if how == "ne" else equal


def _equal(value: str, *, loose: bool) -> Iterator[tuple[str, Any]]:
    """Yield the terms of which a record needs one to be equal, as ``values.matcher`` has it."""
    if (number := number_in(value)) is not None and not math.isinf(number):
        yield "=", exact(number)
    if (when := instant(value)) is not None:
        yield "@", microseconds(when)
    elif not loose:
        yield "", kept_text(value)
    if loose:
        # A text that folding leaves alone has no folded form beside it.
        yield "", kept_text(value.casefold())
        yield "~", kept_text(value.casefold())
    if value in ("true", "false"):
        yield "!", value == "true"


def _ends(comparison: Comparison, collection: str) -> Iterator[_End]:
    """Yield the numbers and date-times (in microseconds) that *comparison* compares with."""
    pointer = pointer_of(comparison.path)
    for value in comparison.values:
        if (number := number_in(value)) is not None:
            yield _End(comparison, index_key(f"{collection}={pointer}"), exact(number))
        if (when := instant(value)) is not None:
            yield _End(comparison, index_key(f"{collection}@{pointer}"), microseconds(when))


def _pairs(expression: All | AnyOf, collection: str) -> list[tuple[_End, _End]]:
    """Return the lower and upper ends that *expression* demands of the same attribute, at most one pair of each."""
    lower: dict[str, _End] = {}
    upper: dict[str, _End] = {}
    for part in expression.parts if isinstance(expression, All) else ():
        if not isinstance(part, Comparison) or not part.is_stored_order:
            continue
        ends = list(_ends(part, collection))
        if len(ends) == 1:
            (lower if part.operator in _LOWER else upper).setdefault(ends[0].key, ends[0])
    return [(low, upper[key]) for key, low in lower.items() if key in upper]


def _text_order(path: Path, how: str, value: str, collection: str) -> Iterator[Condition]:
    pointer, symbol, decisive = pointer_of(path), _SYMBOLS[how], _DECISIVE[how]
    text = f'(terms #>> %s) COLLATE "C" {symbol} %s'
    yield Condition(text, ([collection, pointer, decisive], kept_text(value)))
    if instant(value) is None:
        # Beside a text that is no date-time, date-times are texts too.
        text = f'(orders #>> %s) COLLATE "C" {symbol} %s'
        yield Condition(text, (["#" + pointer, decisive], kept_text(value)))


def _bound(end: _End) -> Condition:
    return _found_in_bound(_BOUND.format(end.symbol), (end.key, str(end.number)))


def _between(low: _End, high: _End) -> Condition:
    statement = _BETWEEN.format(low.symbol, high.symbol)
    return _found_in_bound(statement, (low.key, str(low.number), str(high.number)))


def _found_in_bound(statement: str, parameters: tuple[str, ...]) -> Condition:
    return Condition(f"position IN ({statement})", parameters, positions=statement)


def _has_text(path: Path, collection: str) -> Condition:
    """Return what every record with any text under *path* satisfies: PostgreSQL's regular expressions are not RE2's."""
    pointer = pointer_of(path)
    return Condition("(terms -> %s ? %s OR orders ? %s)", (collection, pointer, "#" + pointer), is_exact=False)
