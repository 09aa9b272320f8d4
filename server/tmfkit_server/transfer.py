"""Exports, imports and backups as commands run them: files, and a bar that shows how far they are."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, TypeVar

from tmfkit_server.errors import ExchangeError
from tmfkit_server.files import sync
from tmfkit_server.storage.base import Store
from tmfkit_server.storage.export_format import Source, export_lines, import_lines
from tmfkit_server.storage.stores import Snapshot

__all__ = ["Bar", "back_up_to", "export_to", "import_from"]

_ENTRIES_A_TICK = 1000


class Ticks(Protocol):
    """What shows progress."""

    def update(self, n_steps: int) -> None:
        """Take note of *n_steps* more."""


Bar: TypeAlias = AbstractContextManager[Ticks]
MakeBar: TypeAlias = Callable[[str, int], Bar]
"""Makes a bar of a label and a length."""

_S = TypeVar("_S", bound=Source)


async def export_to(file: Path, source: Source, *, bar: MakeBar) -> int:
    """Write everything in *source* to *file*, or to stdout when it is ``-``.

    Returns:
        Number of entries.

    Raises:
        ExchangeError: *file* is there already, or cannot be written to.
        StoreUnusable: The source cannot be read.
    """
    if str(file) == "-":
        return await _export_to_stdout(source, bar=bar)
    _refuse_existing(file)
    # Under its own name there is never half an export.
    unfinished = file.with_name(file.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            count = await _export(stream, source, bar=bar)
        sync(unfinished)
        unfinished.rename(file)
        sync(file.parent)
    except OSError as exc:
        problem = f"it cannot be written: {exc.strerror}"
        raise ExchangeError(str(file), problem, "See that its folder can be written to and has room") from exc
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return count


async def import_from(file: Path, store: Store, *, bar: MakeBar) -> int:
    """Read the export *file* into *store*, and return the number of entries; ExchangeError when that cannot be."""
    size_bytes = file.stat().st_size  # noqa: ASYNC240 - nothing else runs in the loop of a command
    async with _open(store):
        with file.open("rb") as lines, bar("importing", size_bytes) as ticks:
            return await import_lines(store, lines, name=str(file), progress=ticks.update)


async def back_up_to(file: Path, snapshot: Snapshot, *, bar: MakeBar) -> None:
    """Copy the file of a store; ExchangeError when that cannot be."""
    _refuse_existing(file)
    async with _open(snapshot):
        shown = 0

        def progress(copied: int, total: int) -> None:
            nonlocal shown
            percent = 100 * copied // total
            ticks.update(percent - shown)
            shown = percent

        with bar("copying", 100) as ticks:
            snapshot.backup(file, progress)


async def _export_to_stdout(source: Source, *, bar: MakeBar) -> int:
    if sys.stdout is None:
        raise ExchangeError("stdout", "it is closed", "Name a file")
    try:
        count = await _export(sys.stdout.buffer, source, bar=bar)
        sys.stdout.buffer.flush()
    except OSError as exc:
        # What is still to be written would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        problem = f"it takes no more: {exc.strerror}"
        raise ExchangeError("stdout", problem, "See that its reader stays to the end, and has room") from exc
    return count


async def _export(stream: BinaryIO, source: Source, *, bar: MakeBar) -> int:
    async with _open(source):
        written = 0
        with bar("exporting", await source.count()) as ticks:
            async for line in export_lines(source):
                stream.write(line)
                written += 1
                if written % _ENTRIES_A_TICK == 0:
                    ticks.update(_ENTRIES_A_TICK)
        # Every line is an entry but the first and the last.
        return written - 2


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise ExchangeError(str(file), "it is there already", "Remove it, or name another file")


@asynccontextmanager
async def _open(source: _S) -> AsyncIterator[_S]:
    try:
        await source.open()
    except OSError as exc:
        problem = f"it cannot be read: {exc.strerror}"
        raise ExchangeError("the store", problem, "See that this account may read its file and the folder") from exc
    try:
        yield source
    finally:
        await source.close()
