"""JSON Patch whose paths select array members by a query (TMF630 part 5, ``application/json-patch-query+json``).

A path is a JSON pointer that names attributes and no positions, and behind a ``?`` conditions of the query language,
whose names begin at the resource::

    /note/text?note.author=Kim
    /note?note.author=Kim&note.date.lt=2024-01-01

Or it is a JSONPath, whose ``$`` may be left out: what begins with no ``/`` is one.

An operation stands for one RFC 6902 operation at each place that its path selects, from the last to the first. Only
``add`` does more: at an array it adds a member, and at members that were selected it adds attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tmfkit_server.errors import InvalidBody, InvalidQuery
from tmfkit_server.json_pointer import pointer_of
from tmfkit_server.nesting import DEEPEST_NESTING
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression
from tmfkit_server.query.jsonpath import JsonPath, jsonpath_in
from tmfkit_server.query.parse import parse_condition_text
from tmfkit_server.query.regex import Regex, compiled
from tmfkit_server.quotes import quoted
from tmfkit_server.services.patches.json_patch import (
    Reading,
    array_index,
    as_it_is,
    json_patched,
    tokens_of,
    value_at,
)
from tmfkit_server.services.patches.limits import Copies, encoded

__all__ = ["JSON_PATCH_QUERY", "query_patched"]

JSON_PATCH_QUERY = "application/json-patch-query+json"
_MOST_PLACES = 10_000
# A short patch could have the whole resource read again and again.
_READ_FOR_EACH_BYTE_KEPT = 16
_BYTES_A_LOOK = 64
# In time, looking at a text takes as long as a regular expression of 25 of these takes to match a character.
_LOOKS_A_STEP = 25

Tokens = tuple[str, ...]
Operation = Mapping[str, Any]


def query_patched(target: Any, operations: Any, *, most_bytes: int, budget: Budget, reading: Reading = as_it_is) -> Any:
    """Apply a JSON Patch with queries as a whole; takes and raises what ``json_patched`` does, and *budget* pays.

    Raises:
        InvalidBody: Also when a path selects nothing, or when there is too much to look at or to change.
    """
    limits, copies = _Limits(most_bytes, budget), Copies(most_bytes)

    def without_queries(pointer: str, operation: Any, document: Any) -> Iterator[Any]:
        for plain in _Selecting(pointer, limits, copies).plain(operation, document):
            yield from reading(pointer, plain, document)

    return json_patched(target, operations, most_bytes=most_bytes, reading=without_queries)


class _Limits:
    """How much the paths of one patch may look at and select."""

    def __init__(self, most_bytes: int, budget: Budget) -> None:
        self.budget = budget
        self._bytes_left = most_bytes * _READ_FOR_EACH_BYTE_KEPT
        self._places_left = _MOST_PLACES

    def look_at(self, value: Any, pointer: str, *, times: int = 1) -> None:
        self._bytes_left -= (len(encoded(value, pointer)) + _BYTES_A_LOOK) * times
        if self._bytes_left < 0:
            what = "is where the patch has looked at too much; name positions, or send fewer operations at a time"
            raise InvalidBody.at(pointer, what)

    def select(self, pointer: str) -> None:
        self._places_left -= 1
        if self._places_left < 0:
            raise InvalidBody.at(pointer, f"is where the patch has selected more than {_MOST_PLACES} places")


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere in the resource: the way there, whether it is a member that was selected, whether an array is there."""

    tokens: Tokens
    is_member: bool = False
    is_array: bool = False


@dataclass(slots=True)
class _Condition:
    """A condition, which holds for the resource or for what the first names of its paths lead to."""

    expression: Expression
    looks: int
    budget: Budget
    _tests: dict[int, Callable[[Any], bool]] = field(default_factory=dict)

    def goes_on(self, depth: int, name: str) -> bool:
        """Tell whether it speaks of nothing but what *name* leads to, *depth* names down."""
        return all(len(path) > depth and path[depth] == name for path in _paths(self.expression))

    def holds(self, value: Any, depth: int) -> bool:
        """Tell whether it holds, *value* being what its first *depth* names lead to."""
        if depth not in self._tests:
            self._tests[depth] = predicate(_without_first(self.expression, depth), self.budget)
        return self._tests[depth](value)


class _Selecting:
    """Finds what the operation at *pointer* in a patch is about."""

    def __init__(self, pointer: str, limits: _Limits, copies: Copies) -> None:
        self._pointer = pointer
        self._limits = limits
        self._copies = copies

    def plain(self, operation: Any, document: Any) -> Iterator[Any]:
        """Yield RFC 6902 operations for *operation*, which are to be applied to *document* one by one."""
        if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
            yield operation  # refused where it is applied
            return
        if operation.get("op") in ("copy", "move"):
            operation = self._with_one_origin(operation, document)
        places = self._places(operation, "path", document)
        # The last one first, so that what is removed moves no other place, and what is inside another one before that.
        for number, place in enumerate(reversed(places)):
            if number and "value" in operation:
                operation = {**operation, "value": self._copies.copy_of(operation["value"], self._pointer)}
            yield from self._at(place, operation)

    def _with_one_origin(self, operation: Operation, document: Any) -> Operation:
        if operation["op"] == "move" and "?" in operation["path"]:
            raise InvalidBody.at(f"{self._pointer}/path", "is where one value is moved to; write it without a query")
        if not isinstance(operation.get("from"), str):
            return operation
        origins = self._places(operation, "from", document)
        if len(origins) > 1:
            raise InvalidBody.at(f"{self._pointer}/from", f"selects {len(origins)} places; it has to be one")
        return {**operation, "from": pointer_of(origins[0].tokens)}

    def _at(self, place: _Place, operation: Operation) -> Iterator[Operation]:
        name, value = operation.get("op"), operation.get("value")
        if name == "add" and place.is_array and not isinstance(value, list):
            yield {**operation, "path": pointer_of((*place.tokens, "-"))}
        elif name == "add" and place.is_member and isinstance(value, Mapping):
            for attribute, each in value.items():
                yield {**operation, "path": pointer_of((*place.tokens, attribute)), "value": each}
        elif name in ("add", "copy") and place.is_member:
            raise InvalidBody.at(f"{self._pointer}/path", "selects members of an array; name one of their attributes")
        else:
            yield {**operation, "path": pointer_of(place.tokens)}

    def _places(self, operation: Operation, member: str, document: Any) -> list[_Place]:
        """Return what the path in *member* of *operation* selects: each place once, and before those inside it."""
        text, where = operation[member], f"{self._pointer}/{member}"
        if text and not text.startswith("/"):
            return self._json_path_places(text, where, document)
        location, mark, query = text.partition("?")
        tokens = tokens_of(location, where)
        if not mark:
            return [_Place(tokens, is_array=isinstance(value_at(document, tokens), list))]
        if len(tokens) > DEEPEST_NESTING:
            raise InvalidBody.at(where, f"has more than {DEEPEST_NESTING} parts")
        self._limits.look_at(document, where)
        conditions = _conditions(query, where, self._limits.budget)
        places = list(_Walk(where, self._limits).places(document, tokens, conditions))
        if not places:
            raise InvalidBody.at(where, f"selects nothing in the resource: {quoted(text)}")
        return places

    def _json_path_places(self, text: str, where: str, document: Any) -> list[_Place]:
        self._limits.look_at(document, where)
        try:
            path = jsonpath_in("path", text, lambda names: names)
            self._limits.budget.take(path.steps_to_compile)
            # An expression may select a node twice, and in any order. Ways of one length that are alike up to some key
            # lead through one value there, so that names are compared with names, and positions with positions.
            ordered = sorted(set(path.places(document, self._limits.budget)))
        except InvalidQuery as exc:
            is_named = text.startswith("$")
            what = "is a JSONPath that cannot be followed" if is_named else "is neither a JSON pointer nor a JSONPath"
            raise InvalidBody.at(where, f"{what}: {exc.why}") from exc
        if not ordered:
            raise InvalidBody.at(where, f"selects nothing in the resource: {quoted(text)}")
        ways = [tuple(map(str, keys)) for keys in ordered]
        for _ in ways:
            self._limits.select(where)
        return [
            _Place(
                way,
                is_member=bool(way) and isinstance(value_at(document, way[:-1]), list),
                is_array=isinstance(value_at(document, way), list),
            )
            for way in ways
        ]


class _Walk:
    """Follows a path through the resource, and through its arrays member by member."""

    def __init__(self, where: str, limits: _Limits) -> None:
        self._where = where
        self._limits = limits

    def places(
        self,
        value: Any,
        tokens: Tokens,
        conditions: Sequence[_Condition],
        here: Tokens = (),
        *,
        depth: int = 0,
        is_member: bool = False,
    ) -> Iterator[_Place]:
        """Yield the places that *tokens* lead to from *value*.

        Args:
            value: What is at *here*.
            tokens: The rest of the path.
            conditions: Those that speak of nothing but *value* and what is below it.
            here: The way to *value*, positions in arrays included.
            depth: Number of names in it.
            is_member: Whether *value* is a member of an array.
        """
        # At the end of a path its array is meant as a whole, unless a condition tells members apart.
        if isinstance(value, list) and tokens != ("-",) and (tokens or conditions):
            for position, rest in _entered(value, tokens):
                way = (*here, str(position))
                yield from self.places(value[position], rest, conditions, way, depth=depth, is_member=True)
            return
        leads_on = bool(tokens) and isinstance(value, dict) and tokens[0] in value
        now: list[_Condition] = []
        later: list[_Condition] = []
        for condition in conditions:
            (later if leads_on and condition.goes_on(depth, tokens[0]) else now).append(condition)
        if not all(self._holds(condition, value, depth) for condition in now):
            return
        if leads_on:
            name = tokens[0]
            yield from self.places(value[name], tokens[1:], later, (*here, name), depth=depth + 1)
            return
        self._limits.select(self._where)
        is_array = isinstance(value, list) and not tokens
        yield _Place((*here, *tokens), is_member=is_member and not tokens, is_array=is_array)

    def _holds(self, condition: _Condition, value: Any, depth: int) -> bool:
        self._limits.look_at(value, self._where, times=condition.looks)
        return condition.holds(value, depth)


def _entered(members: list[Any], tokens: Tokens) -> Iterator[tuple[int, Tokens]]:
    """Yield the positions of an array that a path goes through, and the rest of the path."""
    position = array_index(tokens[0]) if tokens else None
    if position is None:
        yield from ((each, tokens) for each in range(len(members)))
    elif position < len(members):
        yield position, tokens[1:]


def _conditions(query: str, where: str, budget: Budget) -> list[_Condition]:
    """Read the query of a path, in which only percent-encoding has a meaning, and a plus is a plus."""
    try:
        expression, fields = parse_condition_text(query.replace("+", quote("+")))
        parts = expression.parts if isinstance(expression, All) else (expression,)
        for part in parts:
            budget.take(sum(regex.steps_to_compile for regex in _regexes(part)))
            predicate(part, budget)
    except InvalidQuery as exc:
        what = f"has a query that cannot be understood: {quoted(exc.parameter)}, {exc.why}"
        raise InvalidBody.at(where, what) from exc
    if fields is not None or not parts or any(isinstance(part, JsonPath) for part in parts):
        raise InvalidBody.at(where, "has a query without a condition; write name=value behind the question mark")
    return [_Condition(part, _looks(part), budget) for part in parts]


def _paths(expression: Expression) -> Iterator[Tokens]:
    match expression:
        case Comparison(path=path):
            yield path
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _paths(part)


def _regexes(expression: Expression) -> Iterator[Regex]:
    match expression:
        case Comparison(operator="regex", values=values):
            yield from map(compiled, values)
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _regexes(part)


def _without_first(expression: Expression, depth: int) -> Expression:
    """Return *expression* as it is asked of what the first *depth* names of its paths lead to."""
    match expression:
        case Comparison(path=path, operator=operator, values=values, loose=loose):
            return Comparison(path[depth:], operator, values, loose)
        case All(parts=parts):
            return All(tuple(_without_first(part, depth) for part in parts))
        case AnyOf(parts=parts):
            return AnyOf(tuple(_without_first(part, depth) for part in parts))
        case JsonPath():
            return expression  # refused where conditions are read


def _looks(expression: Expression) -> int:
    """Return how many looks at a value cost as much as telling whether *expression* holds for it."""
    match expression:
        case Comparison(operator="regex", values=values):
            return sum(1 + int(compiled(value).steps(" ") * _LOOKS_A_STEP) for value in values)
        case Comparison(values=values):
            return len(values)
        case All(parts=parts) | AnyOf(parts=parts):
            return sum(map(_looks, parts))
        case JsonPath():
            return 1
