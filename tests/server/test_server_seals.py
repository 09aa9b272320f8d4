"""Rows of the embedded store's file that are not what was written, whatever part of them it is."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tmfkit_server import cli
from tmfkit_server.storage.base import Record, Subscription
from tmfkit_server.storage.embedded.store import EmbeddedStore

COLUMNS = ("number", "collection", "key", "tag", "spelling", "content")
LISTENER = Subscription("s", "h", "http://one.example", "a=1")


async def _open_and_close(path: Path) -> None:
    store = EmbeddedStore(str(path))
    await store.open()
    await store.close()


async def _make(path: Path) -> None:
    store = EmbeddedStore(str(path))
    await store.open()
    async with store.transaction() as transaction:
        await transaction.subscribe(LISTENER)
        await transaction.insert("tmf629-v4:customer", Record("1", {"id": "1", "name": "a"}, {"/name": "label"}))
        await transaction.insert("idempotency", Record("k", {"at": "2026-01-01", "made": "{}"}))
        await transaction.enqueue(LISTENER, {"eventId": "1"}, "c/1")
    await store.close()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A store with one entry of every kind."""
    path = tmp_path / "made.db"
    asyncio.run(_make(path))
    return path


def _sql(path: Path, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def _with_other_bit(value: Any) -> Any:
    if isinstance(value, int):
        # Behind all others, or else it is the row of another.
        return value ^ 64
    text = value.encode() if isinstance(value, str) else value
    changed = bytes([text[0] ^ 1, *text[1:]]) if text else b"1"
    return changed.decode() if isinstance(value, str) else changed


@pytest.mark.parametrize("column", COLUMNS)
def test_one_bit_of_any_entry_is_found(made: Path, tmp_path: Path, column: str) -> None:
    rows = _sql(made, f"SELECT number, {column} FROM document WHERE number > 0")
    assert len(rows) == 4
    for number, value in rows:
        damaged = tmp_path / "damaged.db"
        shutil.copy(made, damaged)
        _sql(damaged, f"UPDATE document SET {column} = ? WHERE number = ?", (_with_other_bit(value), number))
        for command in (("export", "-"), ("check",)):
            refused = _run(command[0], "--store", f"tinydb:{damaged}", *command[1:])
            assert refused.exit_code == 3, (number, command)
            assert "is not what was written" in refused.stderr


@pytest.mark.parametrize("value", [None, 5, b"x", "x"])
@pytest.mark.parametrize("column", COLUMNS[1:])
def test_column_of_another_type_is_found(made: Path, column: str, value: Any) -> None:
    # As damage has it, and SQL has not: no column there is of a type, or must not be empty.
    _sql(made, "ALTER TABLE document RENAME TO document_before")
    _sql(made, "CREATE TABLE document (number INTEGER PRIMARY KEY, collection, key, tag, spelling, content)")
    _sql(made, f"INSERT INTO document SELECT {', '.join(COLUMNS)} FROM document_before")
    assert _run("export", "--store", f"tinydb:{made}", "-").exit_code == 0
    _sql(made, f"UPDATE document SET {column} = ? WHERE number = 2", (value,))
    assert _run("export", "--store", f"tinydb:{made}", "-").exit_code == 3


def test_file_without_seals_is_read_and_gets_them_at_the_first_opening(made: Path) -> None:
    whole = _run("export", "--store", f"tinydb:{made}", "-").stdout
    _sql(made, "UPDATE document SET tag = substr(tag, 1, length(tag) - 8) WHERE number > 0")
    _sql(made, "PRAGMA user_version = 2")
    assert _run("export", "--store", f"tinydb:{made}", "-").stdout == whole
    assert _run("check", "--store", f"tinydb:{made}").exit_code == 0
    asyncio.run(_open_and_close(made))
    assert _sql(made, "PRAGMA user_version") == [(3,)]
    assert _run("export", "--store", f"tinydb:{made}", "-").stdout == whole
    _sql(made, "UPDATE document SET key = '2' WHERE key = '1'")
    assert _run("check", "--store", f"tinydb:{made}").exit_code == 3


def test_key_that_is_there_twice_is_found_without_seals(made: Path) -> None:
    _sql(made, "UPDATE document SET tag = substr(tag, 1, length(tag) - 8) WHERE number > 0")
    _sql(made, "PRAGMA user_version = 2")
    _sql(made, "INSERT INTO document SELECT 99, collection, key, tag, spelling, content FROM document WHERE key = '1'")
    assert "row 99 (tmf629-v4:customer '1') is there twice" in _run("export", "--store", f"tinydb:{made}", "-").stderr
