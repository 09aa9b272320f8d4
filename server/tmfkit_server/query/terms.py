"""What a search in SQL looks at: the values of a record, sorted by name and type, worked out when it is written.

Date-times, numbers and case folding have one meaning, that of ``query.values``; deriving the terms here lets a database
compare and look up values without a second one. Attributes are named by JSON pointers without array indexes, because
conditions enter arrays member by member.

Each key of ``Terms.lookup`` is a pointer behind a letter that tells the type:

=========  ==========================================================================
key        values, in ascending order
=========  ==========================================================================
``/a``     texts that are no date-times
``=/a``    numbers
``@/a``    date-times, as microseconds since 1970
``!/a``    truth values
``~/a``    texts without regard to case, where that differs from the text itself
=========  ==========================================================================

``Terms.order`` holds what equality never asks for: ``#/a``, the texts of the date-times; and ``>/a``, what the record
is sorted by, unless the one value under ``/a`` says so itself.
"""

from __future__ import annotations

import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tmfkit_server.json_pointer import escaped
from tmfkit_server.query.expression import Path
from tmfkit_server.query.values import instant, microseconds

__all__ = ["Number", "Terms", "exact", "index_key", "kept_text", "pointer_of", "terms_of"]

Number = int | float

# In characters, of up to four bytes each: no entry of a B-tree of PostgreSQL has more than about 2,700 bytes.
_LONGEST_INDEX_KEY = 600
# Of names as clients write them; no address has room for more of them.
_LONGEST_POINTER = 1024
# In characters; what is remembered of names that clients choose has an end.
_LONGEST_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that searches look at in one record.

    Attributes:
        lookup: Key → values, for equality and for the order of texts.
        order: Key → what else sorting and the order of texts need.
        bounds: Key → lowest and highest number or date-time.
    """

    lookup: dict[str, list[Any]] = field(default_factory=dict)
    order: dict[str, list[Any]] = field(default_factory=dict)
    bounds: dict[str, tuple[Number, Number]] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Keys of ``lookup`` and of ``order``, which have none in common."""
        return {*self.lookup, *self.order}

    @property
    def irregular(self) -> set[str]:
        """Keys under which the record has a text, that of a date-time included, or different numbers or date-times."""
        texts = {key for key in self.keys if key[0] in "/#"}
        return texts | {key for key, (lowest, highest) in self.bounds.items() if lowest != highest}


def terms_of(body: Mapping[str, Any]) -> Terms:
    """Return the terms of a resource."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    _collect(body, "", found)
    terms = Terms()
    for pointer, values in found.items():
        _add(terms, pointer, values)
    return terms


def pointer_of(path: Path) -> str:
    """Return the pointer that stands for *path* in keys."""
    pointer = ""
    for name in path:
        pointer = _below(pointer, name)
    return pointer


def _below(pointer: str, name: str) -> str:
    """Return the pointer of a member."""
    is_short = len(name) <= _LONGEST_REMEMBERED and len(pointer) <= _LONGEST_REMEMBERED
    return _remembered(pointer, name) if is_short else _joined(pointer, name)


def _joined(pointer: str, name: str) -> str:
    """Do as ``_below``; a long pointer is known by its digest, or those of a thousand members are as long."""
    below = f"{pointer}/{kept_text(escaped(name))}"
    return below if len(below) <= _LONGEST_POINTER else f"/~{hashlib.sha256(below.encode()).hexdigest()}"


_remembered = functools.lru_cache(maxsize=4096)(_joined)


def kept_text(text: str) -> str:
    """Return *text* as PostgreSQL can keep it: without NUL, different texts different, and in the same order."""
    if "\x00" in text or "\x01" in text:
        return text.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
    return text


def index_key(key: str) -> str:
    """Return what stands for *key* in an index that takes no long ones: a long one is known by its digest."""
    return key if len(key) <= _LONGEST_INDEX_KEY else hashlib.sha256(key.encode()).hexdigest()


def exact(number: Number) -> Number:
    """Return *number* so that its decimal form is its value: 1e23 is a float a little below ten to the 23."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _collect(body: Mapping[str, Any], above: str, found: defaultdict[str, list[Any]]) -> None:
    """Gather the values under each pointer in the order in which ``evaluate.values_at`` finds them."""
    for name, value in body.items():
        pointer = _below(above, name)
        for member in _members(value) if isinstance(value, list) else (value,):
            found[pointer].append(member)
            if isinstance(member, dict):
                _collect(member, pointer, found)


def _members(array: list[Any]) -> Iterator[Any]:
    for member in array:
        if isinstance(member, list):
            yield from _members(member)
        else:
            yield member


def _add(terms: Terms, pointer: str, values: list[Any]) -> None:
    first, *others = values
    sorted_by = _add_value(terms, pointer, first)
    for value in others:
        _add_value(terms, pointer, value)
    if others:
        for prefix in ("", "=", "@", "!", "~"):
            _arrange(terms.lookup, prefix + pointer)
        _arrange(terms.order, "#" + pointer)
    if others or isinstance(first, dict):
        terms.order[">" + pointer] = sorted_by


def _arrange(table: dict[str, list[Any]], key: str) -> None:
    if key in table:
        table[key] = sorted(set(table[key]))


def _add_value(terms: Terms, pointer: str, value: Any) -> list[Any]:
    """Add one value; return what it sorts by, which has to agree with ``evaluate.sort_key``."""
    match value:
        case str():
            return _add_text(terms, pointer, value)
        case None:
            return []
        case bool():
            terms.lookup.setdefault("!" + pointer, []).append(value)
            return [0, int(value)]
        case int() | float():
            number = exact(value)
            _add_number(terms, "=" + pointer, number)
            return [1, number]
        case _:
            return [4]


def _add_text(terms: Terms, pointer: str, value: str) -> list[Any]:
    text, folded = kept_text(value), value.casefold()
    if folded != value:
        terms.lookup.setdefault("~" + pointer, []).append(kept_text(folded))
    when = instant(value)
    if when is None:
        terms.lookup.setdefault(pointer, []).append(text)
        return [3, 0, text]
    number = microseconds(when)
    _add_number(terms, "@" + pointer, number)
    terms.order.setdefault("#" + pointer, []).append(text)
    return [2, number]


def _add_number(terms: Terms, key: str, number: Number) -> None:
    terms.lookup.setdefault(key, []).append(number)
    lowest, highest = terms.bounds.get(key, (number, number))
    terms.bounds[key] = min(lowest, number), max(highest, number)
