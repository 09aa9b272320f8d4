"""Secondary indexes of one table: from the value of an attribute to the documents that have it.

An index knows exactly what ``query.evaluate`` would find for equality and order, so that what it gives needs no second
look. Everything else ("not equal", regular expressions) is found by looking at the documents.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import values_at
from tmfkit_server.query.expression import All, AnyOf, Comparison, Expression, Operator, Path
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.values import Key, bounds, keys_equal_to, keys_of

__all__ = ["Candidates", "Index", "Indexes", "Numbers"]

Body: TypeAlias = Mapping[str, Any]
Numbers: TypeAlias = AbstractSet[int]

_PASSING_AT_MOST = 24
# Fewer candidates than this are looked at one by one, rather than cut down by a further index.
_FEW = 64
# Fewer new keys than this are put in their places one by one; more are sorted in.
_FEW_KEYS = 64
# Shorter ones are gone through for each index.
_LONG_ARRAY = 100
_NO_NUMBERS: frozenset[int] = frozenset()
_NO_KEYS: frozenset[Key] = frozenset()
# As values of different types are sorted.
_IN_ORDER = ("truth", "number", "instant", "text")
_KINDS: Mapping[type, str] = {str: "text", datetime: "instant", tuple: "truth", int: "number", float: "number"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents among which are all that an expression holds for.

    Attributes:
        numbers: Numbers of the documents.
        is_exact: Whether it holds for every one of them.
    """

    numbers: Numbers
    is_exact: bool


class _KeysInOrder:
    """The keys of one type in their order, put there only when somebody asks.

    A key whose last document is gone stays until there are too many such.
    """

    def __init__(self, keys: Iterable[Any]) -> None:
        self._keys: list[Any] = sorted(keys)
        self._new: list[Any] = []

    def add(self, key: Any) -> None:
        """Take a key that was not there, or not any more."""
        self._new.append(key)

    def outnumber(self, count: int) -> bool:
        """Tell whether most of the keys are gone, when *count* of them are not."""
        return len(self._keys) + len(self._new) > 2 * count + _FEW_KEYS

    def within(self, limits: Iterable[tuple[Operator, Any]]) -> list[Any]:
        """Return the keys that compare with every bound as its operator says; a key may be there twice."""
        self._settle()
        first, last = 0, len(self._keys)
        for how, bound in limits:
            side = bisect.bisect_left if how in ("gte", "lt") else bisect.bisect_right
            cut = side(self._keys, bound)
            if how in ("gt", "gte"):
                first = max(first, cut)
            else:
                last = min(last, cut)
        return self._keys[first:last]

    def all(self, *, is_descending: bool) -> Iterator[Any]:
        """Yield every key; one may be there twice in a row."""
        self._settle()
        return reversed(self._keys) if is_descending else iter(self._keys)

    def _settle(self) -> None:
        if len(self._new) < _FEW_KEYS:
            for key in self._new:
                bisect.insort(self._keys, key)
        else:
            self._keys += self._new
            self._keys.sort()
        self._new = []


class Index:
    """The index of one attribute."""

    def __init__(self, path: Path, *, loose: bool = False) -> None:
        """Begin an index.

        Args:
            path: Attribute; arrays are entered member by member.
            loose: Whether equality of texts ignores case.
        """
        self.path = path
        self._loose = loose
        # One document is filed as its number, several as a set: most keys of a large table have one.
        self._filed: dict[Key, int | set[int]] = {}
        self._counts: dict[str, int] = {"text": 0, "number": 0, "instant": 0, "truth": 0}
        self._in_order: dict[str, _KeysInOrder] = {}
        # Documents with several values: each of two bounds may hold for another one.
        self._several: set[int] = set()
        # Documents with an array or an object: those are sorted by what stands in them.
        self._nested: set[int] = set()

    def change(self, number: int, before: Body | None, after: Body | None) -> None:
        """File document *number* anew, which was *before* and is *after*; None where there is none."""
        if before is None:
            if after is not None:
                self.put(number, after)
            return
        self._note_nested(number, after)
        old = frozenset(self._keys(before))
        new = frozenset(self._keys(after)) if after is not None else _NO_KEYS
        if old == new:
            return
        for key in old - new:
            self._discard(key, number)
        for key in new - old:
            self._add(key, number)
        self._note_several(number, new)

    def put(self, number: int, body: Body) -> None:
        """File a document, which may be filed already."""
        keys = self._keys(body)
        for key in keys:
            self._add(key, number)
        self._note_several(number, keys)
        self._note_nested(number, body)

    def find(self, comparison: Comparison) -> Numbers | None:
        """Return the documents for which *comparison* holds, None when the index cannot tell."""
        if comparison.operator == "eq":
            wanted = {key for value in comparison.values for key in keys_equal_to(value, loose=self._loose)}
            return self._united(wanted)
        if comparison.is_stored_order and not self._loose:
            return self._ordered(comparison)
        return None

    def find_range(self, comparisons: Sequence[Comparison]) -> Candidates | None:
        """Return where several comparisons by order hold, each with one value; None when the index cannot tell."""
        found = None if self._loose else self._within([(each.operator, each.values[0]) for each in comparisons])
        if found is None or not self._several:
            return None if found is None else Candidates(found, is_exact=True)
        return Candidates(found | self._several, is_exact=False)

    def first(self, count: int, order: Sequence[int], *, is_descending: bool) -> list[int] | None:
        """Return the documents that come first when they are sorted by the attribute, one of the first level.

        Args:
            count: How many.
            order: All documents, in the order of creation, which those with equal values keep.
            is_descending: Whether the highest values come first; documents without one come last either way.

        Returns:
            Their numbers; None when the index cannot tell.
        """
        if self._loose or self._nested:
            return None
        found: list[int] = []
        for numbers in self._by_value(is_descending=is_descending):
            if len(found) >= count:
                return found
            found += _earliest(numbers, count - len(found), order)
        filed = set(found)
        found += islice((number for number in order if number not in filed), count - len(found))
        return found

    def _by_value(self, *, is_descending: bool) -> Iterator[Collection[int]]:
        """Yield the documents that have each value, in the order of the values."""
        for kind in reversed(_IN_ORDER) if is_descending else _IN_ORDER:
            last: Key | None = None
            for key in self._sorted(kind).all(is_descending=is_descending) if self._counts[kind] else ():
                filed = self._filed.get(key) if key != last else None
                last = key
                if filed is not None:
                    yield filed if isinstance(filed, set) else (filed,)

    def _ordered(self, comparison: Comparison) -> Numbers | None:
        united: Numbers = _NO_NUMBERS
        for value in comparison.values:
            found = self._within([(comparison.operator, value)])
            if found is None:
                return None
            united = united | found if united else found
        return united

    def _within(self, texts: Sequence[tuple[Operator, str]]) -> Numbers | None:
        """Return the documents with a value that compares with every text as its operator says."""
        limits: dict[str, list[tuple[Operator, Key]]] = {"text": [], "number": [], "instant": []}
        for how, text in texts:
            for bound in bounds(text):
                limits[_kind(bound)].append((how, bound))
        if len(limits["instant"]) < len(texts) and self._counts["instant"]:
            return None  # date-times would have to be compared as texts
        united: Numbers = _NO_NUMBERS
        for kind, wanted in limits.items():
            # A value of another type than that of one of the bounds never lies between them.
            if self._counts[kind] and len(wanted) == len(texts):
                found = self._united(self._sorted(kind).within(wanted))
                united = united | found if united else found
        return united

    def _sorted(self, kind: str) -> _KeysInOrder:
        keys = self._in_order.get(kind)
        if keys is None or keys.outnumber(self._counts[kind]):
            keys = self._in_order[kind] = _KeysInOrder(key for key in self._filed if _kind(key) == kind)
        return keys

    def _united(self, keys: Iterable[Key]) -> Numbers:
        filed = [found for key in keys if (found := self._filed.get(key)) is not None]
        if len(filed) == 1:
            return {filed[0]} if isinstance(filed[0], int) else filed[0]
        united: set[int] = set()
        for found in filed:
            if isinstance(found, int):
                united.add(found)
            else:
                united |= found
        return united

    def _keys(self, body: Body) -> Collection[Key]:
        first = body.get(self.path[0])
        if first is None:
            return ()
        if len(self.path) == 1 and not isinstance(first, list):
            return keys_of(first, loose=self._loose)
        found = values_at(body, self.path, Budget())
        return frozenset(key for each in found for key in keys_of(each, loose=self._loose))

    def _note_several(self, number: int, keys: Collection[Key]) -> None:
        if len(keys) > 1:
            self._several.add(number)
        elif self._several:
            self._several.discard(number)

    def _note_nested(self, number: int, body: Body | None) -> None:
        if body is not None and isinstance(body.get(self.path[0]), list | dict):
            self._nested.add(number)
        elif self._nested:
            self._nested.discard(number)

    def _add(self, key: Key, number: int) -> None:
        filed = self._filed.get(key)
        if filed is None:
            self._filed[key] = number
            kind = _kind(key)
            self._counts[kind] += 1
            if kind in self._in_order:
                self._in_order[kind].add(key)
        elif isinstance(filed, set):
            filed.add(number)
        elif filed != number:
            self._filed[key] = {filed, number}

    def _discard(self, key: Key, number: int) -> None:
        filed = self._filed.get(key)
        if isinstance(filed, set):
            filed.discard(number)
            if filed:
                return
        elif filed != number:
            return
        del self._filed[key]
        self._counts[_kind(key)] -= 1


def _earliest(numbers: Collection[int], count: int, order: Sequence[int]) -> Iterable[int]:
    """Return the first *count* of *numbers* in the *order* of creation."""
    if count * len(order) < len(numbers) ** 2:
        # Many are wanted and few of them asked for: those come soon when one goes through all in order.
        return islice((number for number in order if number in numbers), count)
    return sorted(numbers)[:count]


def _kind(key: Key) -> str:
    return _KINDS[type(key)]


class _Thinned:
    """Documents without the members of a long array that no path leads through: found once for all indexes."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Body] = {}

    def of(self, body: Body, path: Path) -> Body:
        """Return a document in which *path* leads to the same as in *body*."""
        name = path[0]
        array = body.get(name)
        if len(path) == 1 or not isinstance(array, list) or len(array) < _LONG_ARRAY:
            return body
        key = id(body), name
        if key not in self._known:
            kept = [member for member in array if member and isinstance(member, dict | list)]
            self._known[key] = {**body, name: kept}
        return self._known[key]


class Indexes:
    """The indexes of one table, of attributes that somebody has asked about.

    Those of the attributes that it was made with stay. The others are limited in number; the one that has not been used
    for the longest time makes room.
    """

    def __init__(self, lasting: Iterable[Path] = (), *, loose: bool = False) -> None:
        self._loose = loose
        self._lasting_paths = frozenset(lasting)
        self._lasting: dict[Path, Index] = {}
        self._passing: dict[Path, Index] = {}
        self._unfinished: dict[Path, Index] = {}

    def __bool__(self) -> bool:
        return bool(self._lasting or self._passing or self._unfinished)

    def change(self, number: int, before: Body | None, after: Body | None) -> None:
        """Follow the change of one document in every index."""
        thinned = _Thinned()
        if before is None and after is not None:
            for index in self._all():
                if index.path[0] in after:
                    index.put(number, thinned.of(after, index.path))
            return
        for index in self._all():
            name = index.path[0]
            old, new = before and before.get(name), after and after.get(name)
            # Equal texts are filed alike, unlike 1 and true; what is not there is not filed.
            if old is new or (isinstance(old, str) and old == new):
                continue
            path = index.path
            index.change(number, before and thinned.of(before, path), after and thinned.of(after, path))

    def missing(self, expression: Expression) -> list[Path]:
        """Return the attributes that *expression* could use an index of which does not exist.

        Of more than there is room for the first ones: the others would push them out, and be built anew every time.
        """
        return self.missing_of(dict.fromkeys(self._useful(expression)))

    def missing_of(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of *paths* of which an index does not exist, and for which there is room."""
        wanted = [path for path in paths if path not in self._lasting]
        lasting = [path for path in wanted if path in self._lasting_paths]
        passing = [path for path in wanted if path not in self._lasting_paths][:_PASSING_AT_MOST]
        return lasting + [path for path in passing if path not in self._passing]

    def _useful(self, expression: Expression) -> Iterator[Path]:
        match expression:
            case Comparison(path=path) as comparison:
                if comparison.operator == "eq" or (comparison.is_stored_order and not self._loose):
                    yield path
            case All(parts=parts) | AnyOf(parts=parts):
                for part in parts:
                    yield from self._useful(part)
            case JsonPath():
                return

    def begin(self, path: Path) -> Index:
        """Begin an index, which follows changes at once; the caller files what there is, and then calls ``finish``."""
        index = self._unfinished[path] = Index(path, loose=self._loose)
        return index

    def finish(self, index: Index) -> None:
        """Take an index into use."""
        del self._unfinished[index.path]
        if index.path in self._lasting_paths:
            self._lasting[index.path] = index
            return
        while len(self._passing) >= _PASSING_AT_MOST:
            del self._passing[next(iter(self._passing))]
        self._passing[index.path] = index

    def candidates(self, expression: Expression) -> Candidates | None:
        """Return where to look for the documents that *expression* holds for, None for everywhere."""
        match expression:
            case Comparison():
                found = self._find(expression)
                return None if found is None else Candidates(found, is_exact=True)
            case JsonPath():
                return None
            case All(parts=parts):
                return self._all_of(parts)
            case AnyOf(parts=parts):
                alternatives = [self.candidates(part) for part in parts]
                known = [each for each in alternatives if each is not None]
                if not parts or len(known) < len(alternatives):
                    return None
                numbers = frozenset().union(*(each.numbers for each in known))
                return Candidates(numbers, is_exact=all(each.is_exact for each in known))

    def _all_of(self, parts: tuple[Expression, ...]) -> Candidates | None:
        best: Candidates | None = None
        is_exact = True
        for group in _cheapest_first(parts):
            if best is not None and len(best.numbers) <= _FEW:
                return Candidates(best.numbers, is_exact=False)
            found = self.candidates(group[0]) if len(group) == 1 else self._range(group)
            is_exact = is_exact and found is not None and found.is_exact
            if found is not None:
                best = found if best is None else Candidates(best.numbers & found.numbers, is_exact=False)
        return None if best is None else Candidates(best.numbers, is_exact=is_exact)

    def _range(self, group: Sequence[Expression]) -> Candidates | None:
        comparisons = [each for each in group if isinstance(each, Comparison)]
        index = self.of(comparisons[0].path)
        return None if index is None else index.find_range(comparisons)

    def _find(self, comparison: Comparison) -> Numbers | None:
        index = self.of(comparison.path)
        return None if index is None else index.find(comparison)

    def of(self, path: Path) -> Index | None:
        """Return the index of an attribute."""
        index = self._lasting.get(path)
        if index is None and path in self._passing:
            index = self._passing[path] = self._passing.pop(path)  # now the last to make room
        return index

    def _all(self) -> Iterator[Index]:
        for group in (self._lasting, self._passing, self._unfinished):
            yield from group.values()


def _cheapest_first(parts: Sequence[Expression]) -> list[list[Expression]]:
    """Group the bounds on one attribute; put equality first, which costs a look-up and mostly leaves few."""
    groups: dict[object, list[Expression]] = {}
    for number, part in enumerate(parts):
        is_bound = isinstance(part, Comparison) and part.is_stored_order and len(part.values) == 1
        groups.setdefault(part.path if isinstance(part, Comparison) and is_bound else number, []).append(part)
    return sorted(groups.values(), key=lambda group: _cost(group[0]))


def _cost(part: Expression) -> int:
    if not isinstance(part, Comparison):
        return 2
    return 0 if part.operator == "eq" else 1
