"""The file of the embedded store: SQLite with a write-ahead log, on the disk before a commit returns.

A document is one row; SQLite knows nothing of keys and indexes, which are in memory. A commit is a single statement
wherever possible, because Python's interpreter lock is given up and fought for again with every one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import orjson

from tmfkit_server.errors import StoreDamaged, StoreError, StoreFull, StoreUnusable
from tmfkit_server.storage.documents import Batch, Row
from tmfkit_server.storage.ownership import Ownership
from tmfkit_server.storage.record import Record

__all__ = ["Journal", "check_pages", "connect", "count_rows", "open_rows", "preflight", "verified"]

APPLICATION_ID = 0x746D666B  # "tmfk"
FORMAT = 1
_ROWS_A_STATEMENT = 400
_COUNTER = 0
_COLUMNS = "number, collection, key, tag, spelling, content"
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
BEGIN;
CREATE TABLE document (
    number INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, tag TEXT NOT NULL,
    spelling BLOB NOT NULL, content BLOB NOT NULL
);
CREATE VIEW change AS SELECT {_COLUMNS} FROM document;
CREATE TRIGGER put INSTEAD OF INSERT ON change WHEN NEW.content IS NOT NULL BEGIN
    INSERT OR REPLACE INTO document ({_COLUMNS})
    VALUES (NEW.number, NEW.collection, NEW.key, NEW.tag, NEW.spelling, NEW.content);
END;
CREATE TRIGGER remove INSTEAD OF INSERT ON change WHEN NEW.content IS NULL BEGIN
    DELETE FROM document WHERE number = NEW.number;
END;
INSERT INTO document ({_COLUMNS}) VALUES ({_COUNTER}, '', '', '', '', '0');
COMMIT;
"""  # noqa: S608 - constants
_LEFT_ALONE = "It was left as it is. Start from a backup, or look at it with sqlite3's .recover"
_MOST_PROBLEMS = 5

TableRow: TypeAlias = tuple[str, int, Row]
Body: TypeAlias = dict[str, Any]


class Journal:
    """The file, owned by this process from ``open`` to ``close``."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._ownership = Ownership(self.path)
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()

    def open(self, *, wait_seconds: float = 0.0) -> None:
        """Take the file, make it when there is none, and see that it can be written to.

        Args:
            wait_seconds: How long to wait for another process that has it.

        Raises:
            StoreLocked: Another process keeps it.
            StoreDamaged: It is not what a store wrote.
            StoreUnusable: It cannot be opened or written to.
        """
        self._ownership.take(wait_seconds=wait_seconds)
        try:
            if not self.path.exists():
                _create(self.path)
            self._connection = connect(self.path)
            check_pages(self.path, self._connection)
            self.commit([], self.last_number())
        except BaseException as exc:
            self.close()
            if isinstance(exc, StoreError):
                raise _unwritable(self.path, exc) from exc
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            # Without room on the disk the log stays, and is read by the next one to open the file.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._ownership.give_back()

    def last_number(self) -> int:
        """Return the highest number that was ever given to a document."""
        [text] = self._connected().execute("SELECT content FROM document WHERE number = ?", [_COUNTER]).fetchone()
        return int(text)

    def checked_rows(self) -> Iterator[tuple[str, int, Row, Body]]:
        """Yield every row and its document; StoreDamaged at the end when one is not what was written."""
        yield from verified(self.path, open_rows(self._connected()))

    def commit(self, batches: Sequence[Batch], last_number: int) -> None:
        """Write changes to the disk, all of them or none; may be called from any thread.

        Args:
            batches: The changes.
            last_number: Highest number given so far.

        Raises:
            StoreFull: There is no room.
            StoreError: They could not be written.
        """
        counter = (_COUNTER, "", "", "", b"", str(last_number).encode())
        rows = [counter, *itertools.chain.from_iterable(map(_values, batches))]
        connection = self._connected()
        with self._turn:
            try:
                _write(connection, rows)
            except sqlite3.Error as exc:
                with contextlib.suppress(sqlite3.Error):
                    connection.rollback()
                raise _failure(self.path, exc) from exc

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path}: not open")
        return self._connection


def preflight(path: str, *, wait_seconds: float = 0.0) -> None:
    """See that a file can be taken and looks like a store's; takes and raises what ``Journal.open`` does."""
    file = Path(path)
    ownership = Ownership(file)
    ownership.take(wait_seconds=wait_seconds)
    try:
        is_there = file.exists()
        # The folder as well: SQLite's log stands beside the file.
        for place in (file.parent, file) if is_there else (file.parent,):
            if not os.access(place, os.W_OK):
                raise StoreUnusable(path, f"{place} may not be written to", "Look at its permissions and its disk")
        if is_there:
            connect(file).close()
    finally:
        ownership.give_back()


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that exists, and see that it is a store's.

    Raises:
        StoreDamaged: It is not.
        StoreUnusable: It cannot be opened, or is of a later version.
    """
    if path.is_dir():
        raise StoreUnusable(str(path), "it is a folder", "Name a file in it")
    if path.stat().st_size == 0:
        raise StoreDamaged(str(path), "it is empty", "Remove it if a new store is wanted, or start from a backup")
    address = f"file:{quote(str(path))}?mode=rw"
    try:
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=_ROWS_A_STATEMENT
        )
    except sqlite3.Error as exc:
        raise _opening_failure(path, exc) from exc
    try:
        _check_format(path, connection)
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as exc:
        connection.close()
        raise _opening_failure(path, exc) from exc
    except StoreUnusable:
        connection.close()
        raise
    return connection


def open_rows(connection: sqlite3.Connection) -> Iterator[TableRow]:
    """Yield table, number and row of every document, in the order of the numbers."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM document WHERE number <> {_COUNTER} ORDER BY number")  # noqa: S608
    for number, collection, key, tag, spelling, content in rows:
        yield collection, number, (key, content, spelling, tag)


def count_rows(connection: sqlite3.Connection) -> int:
    """Return the number of documents."""
    [count] = connection.execute("SELECT count(*) - 1 FROM document").fetchone()
    return int(count)


def verified(path: Path, rows: Iterator[TableRow]) -> Iterator[tuple[str, int, Row, Body]]:
    """Yield rows with their documents; at the end, or where SQLite cannot go on, StoreDamaged when one was damaged."""
    problems: list[str] = []
    keys: set[tuple[str, str]] = set()
    try:
        for collection, number, row in rows:
            key, content, spelling, tag = row
            try:
                body = orjson.loads(content)
                spelled = orjson.loads(spelling) if spelling else None
            except (orjson.JSONDecodeError, TypeError):
                problems.append(f"row {number} ({collection} {key!r}) is no JSON")
                continue
            if not isinstance(body, dict) or (tag and Record(key, body, spelled).tag != tag):
                problems.append(f"row {number} ({collection} {key!r}) is not what was written")
                continue
            if key and (collection, key) in keys:
                problems.append(f"row {number} ({collection} {key!r}) is there twice")
                continue
            keys.add((collection, key))
            yield collection, number, row, body
    except sqlite3.Error as exc:
        problems.append(f"SQLite cannot read on: {exc}")
    if problems:
        more = f", and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise StoreDamaged(str(path), "; ".join(problems[:_MOST_PROBLEMS]) + more, _LEFT_ALONE)


def _check_format(path: Path, connection: sqlite3.Connection) -> None:
    [identity] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if identity != APPLICATION_ID:
        raise StoreDamaged(str(path), "it is an SQLite file, but no store of this server", _LEFT_ALONE)
    if version != FORMAT:
        problem = f"it has format {version}, and this version of the server reads format {FORMAT}"
        raise StoreUnusable(str(path), problem, "Use the version of the server that wrote it")
    [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        problem = f"its file system allows no write-ahead log: SQLite chose {mode!r}"
        raise StoreUnusable(str(path), problem, "Put it on a local file system")


def _create(path: Path) -> None:
    """Make the file under another name first, so that one that is half made never has the right one."""
    for suffix in ("-wal", "-journal"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            raise StoreDamaged(str(path), f"it is not there, but its log {log} is", _LEFT_ALONE)
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(unfinished, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        finally:
            connection.close()
        unfinished.rename(path)
        _sync_folder(path.parent)
    except (sqlite3.Error, OSError) as exc:
        raise StoreUnusable(
            str(path), f"it cannot be made: {exc}", "See that the folder can be written to and has room"
        ) from exc


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Have SQLite look at the structure of the file; StoreDamaged when it finds something."""
    try:
        found = [text for [text] in connection.execute(f"PRAGMA quick_check({_MOST_PROBLEMS})")]
    except sqlite3.Error as exc:
        raise _opening_failure(path, exc) from exc
    if found != ["ok"]:
        raise StoreDamaged(str(path), f"SQLite's check says: {'; '.join(found)}", _LEFT_ALONE)


def _values(batch: Batch) -> Iterator[tuple[Any, ...]]:
    for change in batch.changes.values():
        if change.row is None:
            yield change.number, "", "", "", b"", None
        else:
            key, content, spelling, tag = change.row
            yield change.number, change.documents.name, key, tag, spelling, content


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) <= _ROWS_A_STATEMENT:
        _write_some(connection, rows)  # a transaction of its own
        return
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        _write_some(connection, rows[start : start + _ROWS_A_STATEMENT])
    connection.execute("COMMIT")


def _write_some(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    places = ",".join(["(?,?,?,?,?,?)"] * len(rows))
    connection.execute(f"INSERT INTO change ({_COLUMNS}) VALUES {places}", list(itertools.chain.from_iterable(rows)))  # noqa: S608


def _failure(path: Path, exc: sqlite3.Error) -> StoreError:
    kind = StoreFull if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL else StoreError
    return kind(f"{path}: {exc} ({getattr(exc, 'sqlite_errorname', type(exc).__name__)})")


def _opening_failure(path: Path, exc: sqlite3.Error) -> StoreUnusable:
    if getattr(exc, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(str(path), f"it is damaged, or no store of this server: {exc}", _LEFT_ALONE)
    return _unwritable(path, exc)


def _unwritable(path: Path, exc: Exception) -> StoreUnusable:
    return StoreUnusable(str(path), f"it cannot be opened for writing: {exc}", "Look at its permissions and its disk")
