"""The file of the embedded store: making it, opening it, and seeing whether it is what was written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import orjson

from tmfkit_server.errors import StoreDamaged, StoreUnusable
from tmfkit_server.files import sync
from tmfkit_server.storage.embedded.mark import Mark
from tmfkit_server.storage.embedded.ownership import Ownership, file_of
from tmfkit_server.storage.embedded.reserve import has_no_room
from tmfkit_server.storage.embedded.rows import Row
from tmfkit_server.storage.embedded.seals import is_sealed, sealed, unsealed
from tmfkit_server.storage.record import Record, tag_of
from tmfkit_server.stored_paths import with_stored_path

__all__ = [
    "COLUMNS",
    "COUNTER",
    "FORMAT",
    "ROWS_A_STATEMENT",
    "check_pages",
    "check_rows",
    "closed_on_failure",
    "connect",
    "convert",
    "count_rows",
    "counted",
    "create",
    "current_rows",
    "is_exclusive",
    "is_old",
    "open_checked",
    "open_rows",
    "opening_failure",
    "preflight",
    "remnant",
    "row_in",
    "unwritable",
    "verified",
]

APPLICATION_ID = 0x746D666B  # "tmfk"
FORMAT = 3
"""2: the address of a resource is its path. 3: rows have seals. A file of a format before is converted when it is first
written to."""
_FORMATS = (1, 2, FORMAT)
_FIRST_WITH_SEALS = 3
ROWS_A_STATEMENT = 400
# Row with the highest number given to a document, and with the number of commits in the place of a tag.
COUNTER = 0
COLUMNS = "number, collection, key, tag, spelling, content"
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
BEGIN;
CREATE TABLE document (
    number INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, tag TEXT NOT NULL,
    spelling BLOB NOT NULL, content BLOB NOT NULL
);
CREATE VIEW change AS SELECT {COLUMNS} FROM document;
CREATE TRIGGER put INSTEAD OF INSERT ON change WHEN NEW.content IS NOT NULL BEGIN
    INSERT OR REPLACE INTO document ({COLUMNS})
    VALUES (NEW.number, NEW.collection, NEW.key, NEW.tag, NEW.spelling, NEW.content);
END;
CREATE TRIGGER remove INSTEAD OF INSERT ON change WHEN NEW.content IS NULL BEGIN
    DELETE FROM document WHERE number = NEW.number;
END;
INSERT INTO document ({COLUMNS}) VALUES ({COUNTER}, '', '', '0', '', '0');
COMMIT;
"""  # noqa: S608 - constants
_LEFT_ALONE = "It was left as it is. Start from a backup, or look at it with sqlite3's .recover"
_REMNANT = "It was left as it is. Bring back the file or start from a backup; remove what is left for a new store"
_MOST_PROBLEMS = 5
_READING_KB = 100

TableRow: TypeAlias = tuple[str, int, Row, bool | None]
"""Collection, number, row, and whether its seal is right; None in a file of a format without seals."""


def preflight(path: str, *, reads_all: bool = False) -> None:
    """See that a file can be taken and looks like a store's; raises what ``Journal.open`` does.

    Args:
        path: The file.
        reads_all: Whether to see as well that every row is what was written, which the opening does in any case.
    """
    file = file_of(path)
    ownership = Ownership(file)
    ownership.take()
    try:
        is_there = file.exists()
        # The folder as well: SQLite's log stands beside the file.
        for place in (file.parent, file) if is_there else (file.parent,):
            if not os.access(place, os.W_OK):
                raise StoreUnusable(path, f"{place} may not be written to", "Look at its permissions and its disk")
        if is_there:
            connection, _ = open_checked(file)
            with contextlib.closing(connection):
                if reads_all:
                    check_rows(file, connection)
    finally:
        ownership.give_back()


def connect(path: Path, *, is_for_reading: bool = False, is_alone: bool = False) -> sqlite3.Connection:
    """Open a file that exists, and see that it is a store's.

    Args:
        path: The file.
        is_for_reading: Whether nothing is to be changed; the file and its log then stay exactly as they are.
        is_alone: Whether nobody else can have the file meanwhile, so that no room is needed for an index of its log.

    Raises:
        StoreDamaged: It is not.
        StoreUnusable: It cannot be opened, has hard links, or is of a later version.
    """
    if path.is_dir():
        raise StoreUnusable(str(path), "it is a folder", "Name a file in it")
    if (names := path.stat().st_nlink) > 1:
        problem = f"it has {names} names, and its lock and its log may stand beside another one"
        raise StoreUnusable(str(path), problem, "Remove the hard links; to copy a store use backup")
    if path.stat().st_size == 0:
        raise StoreDamaged(str(path), "it is empty", "Remove it if a new store is wanted, or start from a backup")
    is_fixed = is_for_reading and _is_fixed(path)
    address = f"file:{quote(str(path))}?mode={'ro' if is_for_reading else 'rw'}{'&immutable=1' if is_fixed else ''}"
    try:
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=ROWS_A_STATEMENT
        )
    except sqlite3.Error as exc:
        raise opening_failure(path, exc) from exc
    try:
        if is_alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _check_format(path, connection, has_log=not is_fixed)
        connection.execute("PRAGMA synchronous = FULL")
        if is_for_reading:
            # Everything is read once, and SQLite would keep 2 MB of it.
            connection.execute(f"PRAGMA cache_size = -{_READING_KB}")
    except sqlite3.Error as exc:
        connection.close()
        raise opening_failure(path, exc) from exc
    except StoreUnusable:
        connection.close()
        raise
    return connection


def _is_fixed(path: Path) -> bool:
    """Tell whether a file is whole without its log, in a folder where SQLite cannot make the index of one."""
    log = path.with_name(path.name + "-wal")
    return not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def open_checked(path: Path) -> tuple[sqlite3.Connection, int]:
    """Open a file for reading and compare it with its mark; return the connection, and the number of commits."""
    connection = _connect_to_read(path)
    with closed_on_failure(path, connection):
        _, commits = counted(connection)
        _check_log(path, commits)
    return connection, commits


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file for reading, on a full disk as well."""
    try:
        return connect(path, is_for_reading=True)
    except StoreDamaged:
        raise
    except StoreUnusable:
        if not has_no_room(path.parent):
            raise
        return connect(path, is_alone=True)


@contextlib.contextmanager
def closed_on_failure(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """Close *connection* when the block fails, and say what the failure means for the start."""
    try:
        yield
    except sqlite3.Error as exc:
        connection.close()
        raise opening_failure(path, exc) from exc
    except ValueError as exc:
        connection.close()
        raise StoreDamaged(str(path), f"its counters cannot be read: {exc}", _LEFT_ALONE) from exc
    except StoreUnusable:
        connection.close()
        raise


def _check_log(path: Path, commits: int) -> None:
    """See that the log reaches as far as it did; StoreDamaged when it does not.

    Args:
        path: The file.
        commits: Number of commits that the file and its log hold together.
    """
    if (later := _commits_without_log(path)) > commits:
        problem = f"its log ends at commit {commits:,}, and pages of commit {later:,} are in the file already"
        raise StoreDamaged(str(path), problem, _LEFT_ALONE)
    mark = Mark(path)
    mark.check(mark.read(), commits)


def _commits_without_log(path: Path) -> int:
    """Return how many commits the file alone tells of; 0 when it makes no sense without its log."""
    with contextlib.suppress(sqlite3.Error, ValueError):
        alone = sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True)
        with contextlib.closing(alone):
            return counted(alone)[1]
    return 0


def counted(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the highest number given to a document, and the number of commits; ValueError when they are not there."""
    found = connection.execute("SELECT content, tag FROM document WHERE number = ?", [COUNTER]).fetchone()
    if found is None:
        raise ValueError("there are none")
    [number, commits] = found
    # A file of before commits were counted has none.
    return int(number), int(commits or 0)


def is_exclusive(connection: sqlite3.Connection) -> bool:
    """Tell whether there can be no other connection to the file."""
    [mode] = connection.execute("PRAGMA locking_mode").fetchone()
    return bool(mode == "exclusive")


def is_old(connection: sqlite3.Connection) -> bool:
    """Tell whether a file has an earlier format."""
    return _format_of(connection) != FORMAT


def _format_of(connection: sqlite3.Connection) -> int:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _converted(version: int, collection: str, row: Row) -> Row:
    """Return a row of a file with some format as it is now."""
    if version > 1:
        return row
    key, content, spelling, _ = row
    body = orjson.loads(content)
    new = with_stored_path(collection, body)
    if new is body:
        return row
    record = Record(key, new, orjson.loads(spelling) if spelling else None)
    return key, record.encoded, spelling, record.tag


def convert(connection: sqlite3.Connection) -> None:
    """Bring a file of an earlier format up to date, all of it or nothing."""
    version = _format_of(connection)
    connection.execute("BEGIN IMMEDIATE")
    for collection, number, row, _ in list(open_rows(connection)):
        new = _converted(version, collection, row)
        values = (new[1], sealed(collection, number, new), number)
        connection.execute("UPDATE document SET content = ?, tag = ? WHERE number = ?", values)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def open_rows(connection: sqlite3.Connection) -> Iterator[TableRow]:
    """Yield every document, in the order of the numbers."""
    has_seals = _format_of(connection) >= _FIRST_WITH_SEALS
    rows = connection.execute(f"SELECT {COLUMNS} FROM document WHERE number <> {COUNTER} ORDER BY number")  # noqa: S608
    for number, collection, key, stored, spelling, content in rows:
        row = (key, content, spelling, unsealed(stored) if has_seals else stored)
        yield collection, number, row, is_sealed(collection, number, row, stored) if has_seals else None


def row_in(connection: sqlite3.Connection, number: int) -> Row | None:
    """Return the row of one document of a file with this format; None when there is none."""
    statement = f"SELECT {COLUMNS} FROM document WHERE number = ?"  # noqa: S608
    for _, _, key, stored, spelling, content in connection.execute(statement, [number]):
        return key, content, spelling, unsealed(stored)
    return None


def current_rows(path: Path, connection: sqlite3.Connection) -> Iterator[tuple[str, int, Row]]:
    """Yield every row as this format has it; takes and raises what ``verified`` does."""
    version, rows = _format_of(connection), verified(path, open_rows(connection))
    return rows if version > 1 else ((name, number, _converted(version, name, row)) for name, number, row in rows)


def count_rows(connection: sqlite3.Connection) -> int:
    """Return the number of documents."""
    [count] = connection.execute("SELECT count(*) - 1 FROM document").fetchone()
    return int(count)


def verified(path: Path, rows: Iterator[TableRow]) -> Iterator[tuple[str, int, Row]]:
    """Yield rows; at the end, or where SQLite cannot go on, StoreDamaged when one was damaged."""
    problems: list[str] = []
    # By collection: a pair for each key would leave a hole in the memory.
    keys: defaultdict[str, set[str]] = defaultdict(set)
    try:
        for collection, number, row, is_whole in rows:
            key = row[0]
            if not (_is_tagged(row) if is_whole is None else is_whole):
                problems.append(f"row {number} ({collection} {key!r}) is not what was written")
                continue
            if key and key in keys[collection]:
                problems.append(f"row {number} ({collection} {key!r}) is there twice")
                continue
            keys[collection].add(key)
            yield collection, number, row
    except sqlite3.Error as exc:
        problems.append(f"SQLite cannot read on: {exc}")
    if problems:
        more = f", and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise StoreDamaged(str(path), "; ".join(problems[:_MOST_PROBLEMS]) + more, _LEFT_ALONE)


def _is_tagged(row: Row) -> bool:
    """Tell whether a row without a seal is what was written, as far as its tag tells."""
    _, content, spelling, tag = row
    try:
        body = orjson.loads(content)
        spelled = orjson.loads(spelling) if spelling else None
    except (orjson.JSONDecodeError, TypeError):
        return False
    return isinstance(body, dict) and (not tag or tag_of(body, spelled) == tag)


def check_rows(path: Path, connection: sqlite3.Connection) -> None:
    """See that the file and every row in it are what was written; StoreDamaged when they are not."""
    check_pages(path, connection)
    for _ in verified(path, open_rows(connection)):
        pass


def _check_format(path: Path, connection: sqlite3.Connection, *, has_log: bool) -> None:
    [identity] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if identity != APPLICATION_ID:
        raise StoreDamaged(str(path), "it is an SQLite file, but no store of this server", _LEFT_ALONE)
    if version not in _FORMATS:
        problem = f"it has format {version}, and this version of the server reads format {FORMAT}"
        raise StoreUnusable(str(path), problem, "Use the version of the server that wrote it")
    [mode] = connection.execute("PRAGMA journal_mode").fetchone()
    # Without a log, SQLite does not tell what mode the file is of.
    if has_log and mode != "wal":
        problem = f"its file system allows no write-ahead log: SQLite chose {mode!r}"
        raise StoreUnusable(str(path), problem, "Put it on a local file system")


def create(path: Path) -> None:
    """Make the file under another name first, so that one that is half made never has the right one."""
    if (left := remnant(path)) is not None:
        raise StoreDamaged(str(path), f"it is not there, but {left} is", _REMNANT)
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
        sync(path.parent)
    except (sqlite3.Error, OSError) as exc:
        raise StoreUnusable(
            str(path), f"it cannot be made: {exc}", "See that the folder can be written to and has room"
        ) from exc


def remnant(path: Path) -> Path | None:
    """Return what is left of an earlier file with this name, and would be taken for a part of a new one."""
    beside = (path.with_name(path.name + suffix) for suffix in ("-wal", "-journal", ".mark"))
    return next((each for each in beside if each.exists() and each.stat().st_size), None)


def check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Have SQLite look at the structure of the file; StoreDamaged when it finds something."""
    try:
        found = [text for [text] in connection.execute(f"PRAGMA quick_check({_MOST_PROBLEMS})")]
    except sqlite3.Error as exc:
        raise opening_failure(path, exc) from exc
    if found != ["ok"]:
        raise StoreDamaged(str(path), f"SQLite's check says: {'; '.join(found)}", _LEFT_ALONE)


def opening_failure(path: Path, exc: sqlite3.Error) -> StoreUnusable:
    """Return what it means for the start that SQLite cannot read the file."""
    if getattr(exc, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(str(path), f"it is damaged, or no store of this server: {exc}", _LEFT_ALONE)
    return StoreUnusable(str(path), f"it cannot be opened: {exc}", "Look at its permissions and its disk")


def unwritable(path: Path, exc: Exception) -> StoreUnusable:
    """Return what it means for the start that the file cannot be written to."""
    return StoreUnusable(str(path), f"it cannot be opened for writing: {exc}", "Look at its permissions and its disk")
