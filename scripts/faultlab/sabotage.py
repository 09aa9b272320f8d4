"""Servers that lose data on purpose, to prove that the trials can fail: started by this module, never by an option.

``main`` takes the name of a sabotage, and then what ``tmfkit-server`` takes.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from faultlab.unbounded import UNBOUNDED
from harness.process import main_of
from tmfkit_server import cli
from tmfkit_server.services.notifications import attempts
from tmfkit_server.storage.base import Delivery
from tmfkit_server.storage.embedded import journal, opening, store
from tmfkit_server.storage.embedded.documents import Batch
from tmfkit_server.storage.embedded.entries import delivery_row
from tmfkit_server.storage.embedded.rows import Row
from tmfkit_server.storage.entries import OUTBOX
from tmfkit_server.storage.postgres import connections

__all__ = ["SABOTAGES", "main", "program"]

_LATE_SECONDS = 0.08


def _without_sync() -> None:
    """Let SQLite leave the log to the operating system."""

    def unsafe(path: Path, *, is_for_reading: bool = False) -> sqlite3.Connection:
        connection = opening.connect(path, is_for_reading=is_for_reading)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    mock.patch.object(journal, "connect", unsafe).start()


def _answers_first() -> None:
    """Say that a commit is on the disk, and write it a moment later."""
    commit = journal.Journal.commit
    late: queue.SimpleQueue[tuple[journal.Journal, Sequence[Batch], int]] = queue.SimpleQueue()

    def write_late() -> None:
        while True:
            arguments = late.get()
            time.sleep(_LATE_SECONDS)
            commit(*arguments)

    def unsafe(self: journal.Journal, batches: Sequence[Batch], last_number: int) -> None:
        late.put((self, batches, last_number))
        if not writers:
            # Here and not before, because a thread does not live on in gunicorn's worker.
            writers.append(threading.Thread(target=write_late, daemon=True))
            writers[0].start()

    writers: list[threading.Thread] = []
    _replace_commit(unsafe)


def _events_apart() -> None:
    """Write the events a moment after the change that they tell of, in a commit of their own."""
    commit = journal.Journal.commit

    def unsafe(self: journal.Journal, batches: Sequence[Batch], last_number: int) -> None:
        commit(self, [_part(batch, is_outbox=False) for batch in batches], last_number)
        time.sleep(_LATE_SECONDS)
        commit(self, [_part(batch, is_outbox=True) for batch in batches], last_number)

    _replace_commit(unsafe)


def _asynchronous() -> None:
    """Let PostgreSQL acknowledge a commit before its log is on the disk."""
    mock.patch.object(connections, "_DURABLE", "SET synchronous_commit = off").start()


def _tries_once() -> None:
    """Take every notification for delivered, whatever the listener answers."""
    mock.patch.object(attempts.AttemptResult, "is_taken", property(lambda _: True)).start()


def _without_order() -> None:
    """Deliver every notification as if it were the only one about its resource."""

    def unsafe(delivery: Delivery) -> tuple[Row, dict[str, Any]]:
        return delivery_row(replace(delivery, subject=f"{delivery.subject} {time.monotonic_ns()}"))

    mock.patch.object(store, "delivery_row", unsafe).start()


def _part(batch: Batch, *, is_outbox: bool) -> Batch:
    return Batch({key: change for key, change in batch.changes.items() if (key[0] == OUTBOX) == is_outbox})


def _replace_commit(unsafe: Callable[[journal.Journal, Sequence[Batch], int], None]) -> None:
    journal.Journal.commit = unsafe  # type: ignore[assignment,method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    "without-sync": _without_sync,
    "answers-first": _answers_first,
    "events-apart": _events_apart,
    "asynchronous": _asynchronous,
    "tries-once": _tries_once,
    "without-order": _without_order,
    **UNBOUNDED,
}


def program(name: str) -> tuple[str, ...]:
    """Return what Python runs instead of the server."""
    return (*main_of("faultlab.sabotage"), name)


def main() -> None:
    """Sabotage the server and start it."""
    SABOTAGES[sys.argv.pop(1)]()
    cli.main()
