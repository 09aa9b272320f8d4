"""What a query string means: a tree of conditions, sort keys, a page and a selection of attributes.

Stores translate these values; ``evaluate`` gives them their meaning in Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tmfkit_server.query.budget import Budget
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.trees import Tree

__all__ = [
    "ALL_BYTES",
    "All",
    "AnyOf",
    "Comparison",
    "Expression",
    "Operator",
    "Path",
    "Search",
    "Selection",
    "SortKey",
]

Operator: TypeAlias = Literal["eq", "ne", "gt", "gte", "lt", "lte", "regex"]
Path: TypeAlias = tuple[str, ...]

ALL_BYTES = 1 << 62
"""More than there can be."""
_ORDERS: frozenset[Operator] = frozenset({"gt", "gte", "lt", "lte"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on one attribute; it holds when it holds for any of the values.

    Attributes:
        path: Names from the resource down, under which arrays are entered member by member.
        operator: How to compare.
        values: Texts to compare with.
        loose: Whether equality ignores case.
        before: Text that the client sees before each text that is stored; of orders and regular expressions only.
    """

    path: Path
    operator: Operator
    values: tuple[str, ...]
    loose: bool = False
    before: str = ""

    @property
    def is_stored_order(self) -> bool:
        """Whether it compares by order, with what is stored as it stands."""
        return self.operator in _ORDERS and not self.before


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every part holds; without parts, always."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when at least one part holds."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Comparison | JsonPath | All | AnyOf


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to sort by: an attribute, or the first value that an expression selects; without it, last either way."""

    path: Path | JsonPath
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Parts of a resource.

    Attributes:
        names: Names from the resource down, under which arrays are entered member by member; None for nothing.
        expressions: What else is wanted, together with the objects and arrays around it.
    """

    names: Tree | None = None
    expressions: tuple[JsonPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Which records are wanted, in which order, and which part of them.

    Attributes:
        where: Condition.
        sort: Keys, the most important first; without any, in the order of creation.
        offset: How many records to leave out.
        limit: How many to return at the most, None for all.
        most_bytes: Where a page ends too: the records before its last one have fewer bytes of JSON text.
        fields: Attributes to return, None for all.
        asker: Who asks, among whom the slots for searches are shared out; empty for the server itself.
        budget: What it may cost, in the store and where fields are cut out.
    """

    where: Expression = field(default_factory=All)
    sort: tuple[SortKey, ...] = ()
    offset: int = 0
    limit: int | None = None
    most_bytes: int = ALL_BYTES
    fields: Selection | None = None
    asker: str = ""
    budget: Budget = field(default_factory=Budget, compare=False)
