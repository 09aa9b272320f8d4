"""Group commit: one thread writes, and what comes while it does so goes to the disk together, in its next turn."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import NotWritable, StoreError, StoreFull
from tmfkit_server.outages import OUTAGE
from tmfkit_server.storage.embedded.documents import Batch
from tmfkit_server.storage.embedded.journal import Journal

__all__ = ["GroupCommit"]

_LOG = logging.getLogger(__name__)

_QUIET_TURNS = 3
# So many go to the disk whoever else comes.
_ENOUGH = 64
# Turns are long where searches are under way.
_LONGEST_SECONDS = 0.01


class _Waiting(NamedTuple):
    """A batch on its way to the disk, who waits for it, and what to do when it has arrived or failed."""

    batch: Batch
    outcome: asyncio.Future[None]
    at_end: Callable[[], None]


class GroupCommit:
    """Commits batches of one event loop, in the order in which they are submitted."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._last_number = 0
        self._is_writing = False
        self._gather_until = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._jobs: queue.SimpleQueue[tuple[list[_Waiting], int] | asyncio.Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, last_number: int, at_end: Callable[[], None]) -> asyncio.Future[None]:
        """Commit *batch*.

        The change is made in memory as soon as it is on the disk, whether anybody still waits or not.

        Args:
            batch: The changes.
            last_number: Highest number given so far.
            at_end: Called when the change was made or has failed.

        Returns:
            What tells when the batch is on the disk and in memory, or StoreError when it is in neither.
        """
        waiting = _Waiting(batch, self._loop.create_future(), at_end)
        self._waiting.append(waiting)
        self._last_number = last_number
        if not self._is_writing:
            self._is_writing = True
            self._idle.clear()
            self._gather_soon(quiet_turns=1)
        return waiting.outcome

    async def answer(self) -> None:
        """Return when the thread has done what it was handed before."""
        answered = self._loop.create_future()
        self._jobs.put(answered)
        await answered

    async def close(self) -> None:
        """Wait for what was submitted, and end the thread."""
        await self._idle.wait()
        self._jobs.put(None)
        self._thread.join()

    def _gather_soon(self, *, quiet_turns: int) -> None:
        self._gather_until = time.monotonic() + _LONGEST_SECONDS
        self._loop.call_soon(self._gather, 0, quiet_turns)

    def _gather(self, known: int, quiet_turns: int) -> None:
        """Hand the thread what waits, as soon as some turns of the loop have brought no more than was *known*.

        While the thread works, it and the loop fight for the interpreter: two groups that take turns cost each request
        more than one that both wait for.
        """
        found = len(self._waiting)
        if found <= known:
            quiet_turns -= 1
        if quiet_turns and found < _ENOUGH and time.monotonic() < self._gather_until:
            self._loop.call_soon(self._gather, found, quiet_turns)
        else:
            self._jobs.put((self._waiting, self._last_number))
            self._waiting = []

    def _write_all(self) -> None:
        """Write until told to end; runs in the thread."""
        while (job := self._jobs.get()) is not None:
            if isinstance(job, asyncio.Future):
                self._loop.call_soon_threadsafe(_resolve, job)
                continue
            group, last_number = job
            failures = self._write(group, last_number)
            self._loop.call_soon_threadsafe(self._written, group, failures)
            # Or the thread would have it as long as there is nothing to do.
            del job, group
            # While the loop does its part, this thread has nothing else to do.
            self._journal.note()

    def _write(self, group: list[_Waiting], last_number: int) -> list[StoreError | None]:
        """Write what waits together; return what became of each."""
        failure = self._failure_of(group, last_number)
        making_room = [waiting for waiting in group if waiting.batch.makes_room()]
        if not isinstance(failure, StoreFull) or not making_room:
            return [failure] * len(group)
        self._journal.give_up_reserve()
        failure_then = self._failure_of(making_room, last_number)
        return [failure_then if waiting.batch.makes_room() else failure for waiting in group]

    def _failure_of(self, group: list[_Waiting], last_number: int) -> StoreError | None:
        try:
            self._journal.commit([waiting.batch for waiting in group], last_number)
            COUNTS.commits += 1
        except StoreError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - whatever it is, those who wait must be told, and the thread go on
            return NotWritable(f"{self._journal.path}: {exc!r}")
        return None

    def _written(self, group: list[_Waiting], failures: list[StoreError | None]) -> None:
        for waiting, failure in zip(group, failures, strict=True):
            self._end(waiting, failure)
            if failure is None and not waiting.batch.makes_room():
                OUTAGE.has_written()
        if self._waiting:
            # Who has just been answered comes again at once, if it is one of many.
            self._gather_soon(quiet_turns=_QUIET_TURNS)
        else:
            self._is_writing = False
            self._idle.set()

    @staticmethod
    def _end(waiting: _Waiting, failure: StoreError | None) -> None:
        try:
            if failure is None:
                waiting.batch.apply()
        except Exception as exc:  # noqa: BLE001 - the others of the group must not wait for ever
            _LOG.critical("a change is on the disk, but not in memory; restart the server", exc_info=exc)
            failure = StoreError(repr(exc))
        waiting.at_end()
        if waiting.outcome.done():
            return  # who waited has gone away
        if failure is None:
            waiting.outcome.set_result(None)
        else:
            waiting.outcome.set_exception(failure)


def _resolve(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
