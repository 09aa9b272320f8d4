"""Reading the file of an embedded store beside the server that owns it: everything as it was at one moment."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tmfkit_server.errors import ExchangeError, StoreUnusable
from tmfkit_server.files import sync
from tmfkit_server.storage.base import Entry
from tmfkit_server.storage.embedded.entries import entry_of
from tmfkit_server.storage.embedded.mark import Mark
from tmfkit_server.storage.embedded.opening import (
    check_rows,
    closed_on_failure,
    connect,
    count_rows,
    counted,
    current_rows,
    opening_failure,
    remnant,
)
from tmfkit_server.storage.embedded.ownership import file_of

__all__ = ["Snapshot"]

_PAGES_A_STEP = 1000


class Snapshot:
    """A view of the file that later commits do not change, and that does not hold them up either."""

    def __init__(self, path: str) -> None:
        self._path = file_of(path)

    async def open(self) -> None:
        """Fix the moment.

        Raises:
            StoreDamaged: The file is not what a store wrote, or not all of it.
            StoreUnusable: There is no store in the file.
        """
        if not self._path.exists():
            raise StoreUnusable(str(self._path), "there is no such file", "Name the file of a store")
        # Before the moment: a server that runs on the file goes on with its mark.
        mark = Mark(self._path)
        noted = mark.read()
        self._connection = connect(self._path, is_for_reading=True)
        with closed_on_failure(self._path, self._connection):
            # A read keeps the transaction at its moment, and SQLite's backup with it.
            self._connection.execute("BEGIN")
            mark.check(noted, counted(self._connection)[1])

    async def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    async def count(self) -> int:
        """Return how many entries there are; see ``Store.count``. StoreDamaged when SQLite cannot read them all."""
        try:
            return count_rows(self._connection)
        except sqlite3.Error as exc:
            raise opening_failure(self._path, exc) from exc

    async def contents(self) -> AsyncIterator[Entry]:
        """Give everything; see ``Store.contents``. StoreDamaged at the end when something is not what was written."""
        for table, number, row in current_rows(self._path, self._connection):
            yield entry_of(table, number, row)

    def backup(self, target: Path, progress: Callable[[int, int], None]) -> None:
        """Copy the file, and check the copy.

        Args:
            target: File to make.
            progress: Called with the number of pages copied and of all pages.

        Raises:
            ExchangeError: The copy cannot be made.
            StoreDamaged: The file is not what a store wrote.
        """
        if (left := remnant(target)) is not None:
            problem = f"{left} is left of another store"
            raise ExchangeError(str(target), problem, "Bring back its file, or remove what is left of it")
        unfinished = target.with_name(target.name + ".part")
        try:
            unfinished.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(unfinished)) as copy:
                self._connection.backup(
                    copy, pages=_PAGES_A_STEP, progress=lambda _, left, total: progress(total - left, total)
                )
            with contextlib.closing(connect(unfinished)) as copy:
                # What is wrong with the copy was wrong with the file.
                check_rows(self._path, copy)
            sync(unfinished)
            unfinished.rename(target)
            sync(target.parent)
        except (sqlite3.Error, OSError) as exc:
            raise ExchangeError(
                str(target), f"the copy cannot be made: {exc}", "See that its folder can be written to and has room"
            ) from exc
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
