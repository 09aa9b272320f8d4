"""The embedded store's log of changes: SQLite with a write-ahead log, on the disk before a commit returns.

A document is one row; SQLite knows nothing of keys and indexes, which are in memory. A commit is a single statement
wherever possible, because Python's interpreter lock is given up and fought for again with every one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tmfkit_server.errors import NotWritable, StoreDamaged, StoreError, StoreFull, StoreUnusable
from tmfkit_server.storage.embedded.documents import Batch
from tmfkit_server.storage.embedded.mark import Mark
from tmfkit_server.storage.embedded.opening import (
    COLUMNS,
    COUNTER,
    FORMAT,
    ROWS_A_STATEMENT,
    check_pages,
    connect,
    convert,
    counted,
    create,
    current_rows,
    is_exclusive,
    is_old,
    open_checked,
    row_in,
    unwritable,
)
from tmfkit_server.storage.embedded.ownership import Ownership, file_of
from tmfkit_server.storage.embedded.reserve import Reserve, has_no_room
from tmfkit_server.storage.embedded.rows import Row
from tmfkit_server.storage.embedded.seals import sealed
from tmfkit_server.storage.embedded.wal import leftover_bytes

__all__ = ["Journal"]

# The second: no room for the index of a log that has grown.
_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
_LOG = logging.getLogger(__name__)


class Journal:
    """The file, owned by this process from ``open`` to ``close``, and changed by it from ``begin`` on."""

    def __init__(self, path: str) -> None:
        self.path = file_of(path)
        self._ownership = Ownership(self.path)
        self._mark = Mark(self.path)
        self._connection: sqlite3.Connection | None = None
        self._reading: sqlite3.Connection | None = None
        self._reserve = Reserve(self.path)
        self._turn = threading.Lock()
        self._commits = 0
        self._last_number = 0
        self._is_short = False

    def open(self, *, wait_seconds: float = 0.0) -> None:
        """Take the file for reading, and make it when there is none; a file that is refused is left alone.

        What is in it is checked by ``checked_rows``.

        Args:
            wait_seconds: How long to wait for another process that has it.

        Raises:
            StoreLocked: Another process keeps it.
            StoreDamaged: It is no store's file, or not all of it.
            StoreUnusable: It cannot be opened.
        """
        self._ownership.take(wait_seconds=wait_seconds)
        try:
            if not self.path.exists():
                create(self.path)
            self._connection, self._commits = open_checked(self.path)
        except BaseException:
            self.close()
            raise

    def begin(self, last_number: int) -> None:
        """Go on to writing. On a full disk the reserve is given up; what cannot be written even then is refused later.

        Args:
            last_number: Highest number given so far.

        Raises:
            StoreUnusable: Nothing can be written, and there is room.
        """
        self._last_number = last_number
        try:
            self._begin()
        except StoreFull:
            self.give_up_reserve()
            try:
                self._begin()
            except StoreFull as exc:
                _LOG.error("%s. Reads are served, and writes are refused until there is room", exc)
        if not self._reserve.set_aside():
            _LOG.warning("%s: there is no room to set aside for what is deleted on a full disk", self.path)

    def give_up_reserve(self) -> None:
        """Free what was set aside, for commits that make room; others are refused until it is set aside again."""
        self._is_short = True
        self._reserve.give_up()

    def _begin(self) -> None:
        """Open the file for writing; StoreFull when there is no room for that, StoreUnusable when it cannot be."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        with contextlib.ExitStack() as on_failure:
            self._connection = self._opened_for_writing(on_failure)
            on_failure.pop_all()

    def _opened_for_writing(self, on_failure: contextlib.ExitStack) -> sqlite3.Connection:
        try:
            connection = on_failure.enter_context(contextlib.closing(connect(self.path)))
            [_, frames, _] = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if leftover := leftover_bytes(self.path.with_name(self.path.name + "-wal"), frames):
                _LOG.warning(
                    "%s: %s bytes behind the last complete commit of its log were left out: of a commit that was cut"
                    " short before it was acknowledged, or the log was cut off",
                    self.path, f"{leftover:,}",
                )  # fmt: skip
            if is_old(connection):
                convert(connection)
                _LOG.info("%s: brought to format %s", self.path, FORMAT)
            self._write(connection, [], self._last_number)
            self._mark.begin(self._commits)
        except (sqlite3.Error, StoreError, StoreUnusable, OSError) as exc:
            if isinstance(exc, StoreDamaged):
                raise
            if isinstance(exc, StoreFull) or has_no_room(self.path.parent):
                raise StoreFull(f"{self.path}: there is no room to open it for writing") from exc
            raise unwritable(self.path, exc) from exc
        return connection

    def close(self) -> None:
        """Let go of the file."""
        self._mark.close()
        for connection in (self._reading, self._connection):
            if connection is not None:
                # Without room on the disk the log stays, and is read by the next one to open the file.
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
        self._reading = self._connection = None
        self._ownership.give_back()

    def last_number(self) -> int:
        """Return the highest number that was ever given to a document."""
        return counted(self._connected())[0]

    def checked_rows(self) -> Iterator[tuple[str, int, Row]]:
        """Yield every row; StoreDamaged at the end when the file or one of them is not what was written."""
        connection = self._connected()
        if is_exclusive(connection):
            check_pages(self.path, connection)
            yield from current_rows(self.path, connection)
            return
        # SQLite looks at the pages beside: it needs the processor for that, and not the interpreter.
        with ThreadPoolExecutor(1, "page-check") as thread:
            pages = thread.submit(self._check_pages)
            try:
                yield from current_rows(self.path, connection)
            except StoreDamaged:
                # What it says is told first: damaged pages make damaged rows.
                pages.result()
                raise
            pages.result()

    def _check_pages(self) -> None:
        with contextlib.closing(connect(self.path, is_for_reading=True)) as connection:
            check_pages(self.path, connection)

    def row(self, number: int) -> Row | None:
        """Return a row as it was committed last, beside commits of another thread; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """
        try:
            if self._reading is None:
                self._reading = connect(self.path, is_for_reading=True)
            return row_in(self._reading, number)
        except (sqlite3.Error, StoreUnusable) as exc:
            raise StoreError(f"{self.path}: {exc}") from exc

    def commit(self, batches: Sequence[Batch], last_number: int) -> None:
        """Write changes to the disk, all of them or none; may be called from any thread.

        Args:
            batches: The changes.
            last_number: Highest number given so far.

        Raises:
            StoreFull: There is no room.
            StoreError: They could not be written.
        """
        if self._is_short and not all(batch.makes_room() for batch in batches):
            if not self._reserve.set_aside():
                raise StoreFull(f"{self.path}: what was set aside is left to deletions")
            self._is_short = False
        with self._turn:
            if self._connection is None:
                self._begin()
            self._write(self._connected(), batches, last_number)

    def note(self) -> None:
        """Make a note of how much was committed, after whoever waits for a commit was told."""
        self._mark.note(self._commits)

    def _write(self, connection: sqlite3.Connection, batches: Sequence[Batch], last_number: int) -> None:
        counter = (COUNTER, "", "", str(self._commits + 1), b"", str(last_number).encode())
        rows = [counter, *itertools.chain.from_iterable(map(_values, batches))]
        try:
            _write(connection, rows)
        except sqlite3.Error as exc:
            with contextlib.suppress(sqlite3.Error):
                connection.rollback()
            raise _failure(self.path, exc) from exc
        self._commits += 1

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path}: not open")
        return self._connection


def _values(batch: Batch) -> Iterator[tuple[Any, ...]]:
    for change in batch.changes.values():
        if change.row is None:
            yield change.number, "", "", "", b"", None
        else:
            collection, number, (key, content, spelling, _) = change.documents.name, change.number, change.row
            yield number, collection, key, sealed(collection, number, change.row), spelling, content


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) <= ROWS_A_STATEMENT:
        _write_some(connection, rows)  # a transaction of its own
        return
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        _write_some(connection, rows[start : start + ROWS_A_STATEMENT])
    connection.execute("COMMIT")


def _write_some(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    places = ",".join(["(?,?,?,?,?,?)"] * len(rows))
    connection.execute(f"INSERT INTO change ({COLUMNS}) VALUES {places}", list(itertools.chain.from_iterable(rows)))  # noqa: S608


def _failure(path: Path, exc: sqlite3.Error) -> StoreError:
    name = getattr(exc, "sqlite_errorname", type(exc).__name__)
    kind = StoreFull if name in _NO_ROOM else NotWritable
    return kind(f"{path}: {exc} ({name})")
