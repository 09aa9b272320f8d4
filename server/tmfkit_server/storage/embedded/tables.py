"""TinyDB, extended at its own seams: a ``Storage`` that takes changes instead of whole databases, and its ``Table``.

TinyDB's methods read through a view that decodes what is looked at, and change through a draft that notes what was
changed, in whichever way: put, updated in place, popped, cleared. When the method ends, whole rows are made of the
draft and committed; when it fails, the draft is forgotten. What TinyDB hands out is the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import orjson
from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Document, Table

from tmfkit_server.query.tinydb import TmfQuery
from tmfkit_server.storage.base import IndexPlan
from tmfkit_server.storage.embedded.documents import Batch, Body, Change, Documents
from tmfkit_server.storage.embedded.far_rows import FarRows
from tmfkit_server.storage.embedded.journal import Journal
from tmfkit_server.storage.embedded.rows import Row, body_of
from tmfkit_server.storage.entries import OUTBOX
from tmfkit_server.storage.record import Record

__all__ = ["Database", "DocumentStorage", "DocumentTable"]


class DocumentStorage(Storage):
    """The tables in memory, and the journal that they are committed to, if any.

    Attributes:
        journal: Where commits go before they are made in memory; None keeps everything in memory only.
        last_number: The number given last; numbers are never given twice.
    """

    def __init__(self, journal: Journal | None, plans: Mapping[str, IndexPlan]) -> None:
        self.journal = journal
        self.last_number = 0
        self._plans = plans
        self._tables: dict[str, Documents] = {}

    def documents(self, table: str) -> Documents:
        """Return what a table consists of; tables come into being when they are named."""
        found = self._tables.get(table)
        if found is None:
            rows = FarRows(self.journal.row) if table == OUTBOX and self.journal is not None else None
            found = self._tables[table] = Documents(table, self._plans.get(table, IndexPlan()), rows)
        return found

    def next_number(self) -> int:
        """Return a number that no document has or had."""
        self.last_number += 1
        return self.last_number

    def load(self) -> None:
        """Fill the tables from the journal, and get it ready for changes.

        Raises:
            StoreDamaged: A row is not what was written.
            StoreUnusable: The journal cannot be written to.
        """
        if self.journal is None:
            return
        self.last_number = self.journal.last_number()
        number = 0
        for table, number, row in self.journal.checked_rows():
            self.documents(table).load(number, row)
        self.last_number = max(self.last_number, number)
        self.journal.begin(self.last_number)

    def commit(self, batch: Batch) -> None:
        """Make changes durable, then visible; blocks."""
        if self.journal is not None:
            self.journal.commit([batch], self.last_number)
            self.journal.note()
        batch.apply()

    def read(self) -> dict[str, Mapping[str, Mapping[str, Any]]]:  # type: ignore[override]
        """Return the tables that have documents; see ``Storage.read``."""
        return {name: _View(documents) for name, documents in self._tables.items() if documents.rows}

    def write(self, data: Mapping[str, Mapping[Any, Mapping[str, Any]]]) -> None:
        """Make *data* the whole content; see ``Storage.write``. Tables use ``commit`` instead."""
        batch = Batch()
        for name in {*self._tables, *data}:
            wanted = data.get(name, {})
            if isinstance(wanted, _View):
                continue  # as ``read`` gave it
            draft = _Draft(self.documents(name), batch)
            draft.clear()
            draft.update({int(number): dict(document) for number, document in wanted.items()})
            draft.close()
        self.commit(batch)

    def close(self) -> None:
        """Let go of the journal."""
        if self.journal is not None:
            self.journal.close()


class _View(Mapping[str, Mapping[str, Any]]):
    """A table as TinyDB reads it; a document is decoded when it is looked at."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __getitem__(self, number: str) -> dict[str, Any]:
        return body_of(self._documents.rows[int(number)])

    def __iter__(self) -> Iterator[str]:
        return map(str, list(self._documents.order))

    def __len__(self) -> int:
        return len(self._documents.order)


class _Draft(MutableMapping[int, dict[str, Any]]):
    """A table as TinyDB changes it. Nothing reaches the batch before ``close``."""

    def __init__(self, documents: Documents, batch: Batch) -> None:
        self._documents = documents
        self._batch = batch
        self._drafts: dict[int, dict[str, Any] | None] = {}

    def __getitem__(self, number: int) -> dict[str, Any]:
        if number not in self._drafts:
            row = self._batch.row(self._documents, number)
            self._drafts[number] = None if row is None else body_of(row)
        if (found := self._drafts[number]) is None:
            raise KeyError(number)
        return found

    def __setitem__(self, number: int, document: Mapping[str, Any]) -> None:
        self._drafts[number] = dict(document)

    def __delitem__(self, number: int) -> None:
        if number not in self:
            raise KeyError(number)
        self._drafts[number] = None

    def __contains__(self, number: object) -> bool:
        if number in self._drafts:
            return self._drafts[number] is not None
        return self._batch.row(self._documents, number) is not None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[int]:
        known = dict.fromkeys([*self._documents.order, *self._drafts])
        return iter([number for number in known if number in self])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Remove every document, without a look at any."""
        self._drafts = dict.fromkeys([*self._documents.order, *self._drafts])

    def close(self) -> None:
        """Put the documents that are not as they were into the batch."""
        for number, document in self._drafts.items():
            before = self._batch.row(self._documents, number)
            after = None if document is None else self._row(document, before)
            if after != before:
                self._batch.add(Change(self._documents, number, after, document))

    @staticmethod
    def _row(document: Body, before: Row | None) -> Row:
        key, _, spelling, tag = before or ("", b"", b"", "")
        if tag:
            tag = Record(key, document, orjson.loads(spelling) if spelling else None).tag
        return key, orjson.dumps(document), spelling, tag


class DocumentTable(Table):
    """A TinyDB table over ``Documents``."""

    default_query_cache_capacity = 0

    def __init__(self, storage: DocumentStorage, name: str, **options: Any) -> None:
        super().__init__(storage, name, **{"cache_size": 0, **options})
        self._owner = storage

    @property
    def documents(self) -> Documents:
        """What the table consists of."""
        return self._owner.documents(self.name)

    def search(self, cond: QueryLike) -> list[Document]:
        """Return the documents that satisfy *cond*, by way of an index where one fits; see ``Table.search``."""
        candidates = self.documents.indexes.candidates(cond.expression) if isinstance(cond, TmfQuery) else None
        if candidates is None:
            return super().search(cond)
        rows = self.documents.rows
        found = ((number, body_of(rows[number])) for number in sorted(candidates.numbers))
        return [self.document_class(body, number) for number, body in found if candidates.is_exact or cond(body)]

    def build_indexes(self, cond: TmfQuery) -> None:
        """Build the indexes that *cond* could use and that are not there yet."""
        indexes = self.documents.indexes
        for _ in self.documents.filling(indexes, indexes.missing(cond.expression)):
            pass

    def _read_table(self) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[override]
        return _View(self.documents)

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        batch = Batch()
        draft = _Draft(self.documents, batch)
        updater(draft)
        draft.close()
        self._owner.last_number = max([self._owner.last_number, *(number for _, number in batch.changes)])
        self._owner.commit(batch)

    def _get_next_id(self) -> int:
        return self._owner.next_number()


class Database(TinyDB):
    """TinyDB with such tables."""

    table_class = DocumentTable  # type: ignore[assignment]
