"""The documents of one table in memory: JSON text by number, the number by key, and the indexes over both.

Text, because 100,000 live dictionaries cost a garbage collection of 650 ms, and as many texts one of 4 ms.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from tmfkit_server.query.expression import Path
from tmfkit_server.storage.base import IndexPlan
from tmfkit_server.storage.embedded.indexes import Indexes
from tmfkit_server.storage.embedded.rows import Kept, Row, body_of, kept, whole
from tmfkit_server.storage.entries import OUTBOX

__all__ = ["Batch", "Body", "Change", "Documents"]

Body: TypeAlias = Mapping[str, Any]

_NO_PLAN = IndexPlan()


class Change(NamedTuple):
    """What becomes of one document: the row that takes its place, or None when it goes.

    *body* is the decoded row, for whoever has it at hand anyway.
    """

    documents: Documents
    number: int
    row: Row | None
    body: Body | None = None


@dataclass(slots=True)
class Batch:
    """Changes that are made together or not at all; a later change of a document takes the place of an earlier one."""

    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    # Keys given or taken away by the changes: number, or None when it has become free.
    keys: dict[tuple[str, str], int | None] = field(default_factory=dict)
    _new: int = 0

    def new_number(self) -> int:
        """Return a number for a new document that stands for the one it gets in ``settle_numbers``."""
        self._new += 1
        return -self._new

    def settle_numbers(self, next_number: Callable[[], int]) -> None:
        """Give the new documents their numbers, in the order in which they were added."""
        if not self._new:
            return
        settled = (
            change if change.number > 0 else Change(change.documents, next_number(), change.row, change.body)
            for change in self.changes.values()
            if change.number > 0 or change.row is not None
        )
        self.changes = {(change.documents.name, change.number): change for change in settled}

    def add(self, change: Change) -> None:
        """Add a change."""
        documents = change.documents
        # A document never changes its key.
        row = change.row or self.row(documents, change.number)
        if row is not None and row[0]:
            self.keys[documents.name, row[0]] = change.number if change.row is not None else None
        self.changes[documents.name, change.number] = change

    def row(self, documents: Documents, number: int) -> Row | None:
        """Return a row as it is after the changes so far."""
        change = self.changes.get((documents.name, number))
        return documents.row(number) if change is None else change.row

    def number_of(self, documents: Documents, key: str) -> int | None:
        """Return the number of the document with *key* after the changes so far."""
        if (documents.name, key) in self.keys:
            return self.keys[documents.name, key]
        return documents.numbers.get(key)

    def makes_room(self) -> bool:
        """Tell whether documents go, and none comes but notifications of that."""
        rows = [(name, change.row) for (name, _), change in self.changes.items()]
        return any(row is None for _, row in rows) and all(row is None or name == OUTBOX for name, row in rows)

    def apply(self) -> None:
        """Make the changes in memory."""
        for change in self.changes.values():
            change.documents.apply(change)


class Documents:
    """One table.

    Attributes:
        name: Name of the table.
        rows: Number → row, as it is kept.
        order: The numbers, in their order.
        numbers: Key → number.
        indexes: The indexes for filters.
        orders: Those for sorting, the same unless filters are loose.
        watchers: Called with every change, after it was made, and with the row before it; without that for a
            table of ``FarRows``, which would have to read it from the file.
    """

    def __init__(self, name: str, plan: IndexPlan = _NO_PLAN, rows: MutableMapping[int, Kept] | None = None) -> None:
        self.name = name
        self.rows: MutableMapping[int, Kept] = {} if rows is None else rows
        self._is_near = rows is None
        self.order: list[int] = []
        self.numbers: dict[str, int] = {}
        self.indexes = Indexes(plan.paths, loose=plan.loose)
        self.orders = Indexes() if plan.loose else self.indexes
        self.watchers: list[Callable[[Change, Kept | None], None]] = []

    def row(self, number: int) -> Row | None:
        """Return a row; None when there is none."""
        found = self.rows.get(number)
        return None if found is None else whole(found)

    def apply(self, change: Change) -> None:
        """Make one change, in the indexes too."""
        number, row = change.number, change.row
        is_new = number not in self.rows
        if is_new and row is None:
            return
        is_asked_for = self._is_near or bool(self.indexes or self.orders)
        before = self.rows.get(number) if is_asked_for and not is_new else None
        if row is None:
            if before is not None and (key := whole(before)[0]):
                del self.numbers[key]
            del self.rows[number]
            del self.order[bisect.bisect_left(self.order, number)]
        else:
            self.rows[number] = kept(row) if self._is_near else row
            if is_new:
                bisect.insort(self.order, number)
                if row[0]:
                    self.numbers[row[0]] = number
        if self.indexes or self.orders:
            after = None if row is None else change.body if change.body is not None else body_of(row)
            earlier = None if before is None else body_of(before)
            self.indexes.change(number, earlier, after)
            if self.orders is not self.indexes:
                self.orders.change(number, earlier, after)
        for watcher in self.watchers:
            watcher(change, before)

    def load(self, number: int, row: Row) -> None:
        """Take a document at the opening, before anybody has asked for an index; numbers come in their order."""
        self.rows[number] = kept(row) if self._is_near else row
        self.order.append(number)
        if row[0]:
            self.numbers[row[0]] = number
        for watcher in self.watchers:
            watcher(Change(self, number, row), None)

    def filling(self, indexes: Indexes, paths: Iterable[Path]) -> Iterator[None]:
        """Build some of the *indexes*, with a chance to pause after every document, which may change meanwhile.

        The indexes follow changes from the beginning. Each document is filed as it is when its turn comes, and filing
        it twice does no harm, so that at the end every document is filed as it is then.
        """
        new = [indexes.begin(path) for path in paths]
        for number in list(self.order):
            row = self.rows.get(number)
            if row is not None:
                body = body_of(row)
                for index in new:
                    index.put(number, body)
            yield
        for index in new:
            indexes.finish(index)
