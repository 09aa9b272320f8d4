"""Outages of the store, told once: whoever meets one first says so, for every process of the server."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tmfkit_server.errors import NotWritable, StoreError

__all__ = ["OUTAGE", "Outage"]

_LOG = logging.getLogger(__name__)
# What nobody has met for so long is over.
_FORGOTTEN_AFTER_SECONDS = 60.0
_ONE_MOMENT_SECONDS = 0.5
_FORM = struct.Struct("dddq")
_NONE = (-math.inf, -math.inf, -math.inf, 0)


class Outage:
    """What is known of the outage that is under way, if there is one.

    It ends for a process that has met it, so that one that cannot reach the store is not contradicted by one that can.
    """

    def __init__(self) -> None:
        # When it began and when it was last met, when the one before ended, and how often it was met; by a clock that
        # all processes share, and that nobody sets.
        self._state = _NONE
        self._file: int | None = None
        self._is_met = self._is_of_writes = False
        self._met_at = 0.0

    def share(self) -> None:
        """Share it with processes that are forked from now on."""
        # Needs no room on a disk.
        self._file = os.memfd_create("outage")
        os.pwrite(self._file, _FORM.pack(*self._state), 0)

    def tell(self, log: logging.Logger, message: str, *details: object) -> None:
        """Take note of a failure of the store, and log it when nobody has told of this outage yet.

        What failed may have been begun in the outage before, and says nothing of the store as it is now.

        Args:
            log: Where to.
            message: What failed.
            details: What stands in it, the error among it.
        """
        now = time.monotonic()
        tried = min((each.began for each in details if isinstance(each, StoreError)), default=now)
        with self._locked() as (began, last, ended, count):
            if tried < ended:
                return
            is_new = now - last > _FORGOTTEN_AFTER_SECONDS
            self._state = (now, now, ended, 1) if is_new else (began, now, ended, count + 1)
        self._is_met, self._is_of_writes = True, any(isinstance(each, NotWritable) for each in details)
        self._met_at = now
        if is_new:
            log.error(message, *details)

    def has_written(self) -> None:
        """Take note that the store has kept a change."""
        if self._is_met:
            self.end()

    def has_answered(self, asked: float) -> None:
        """Take note that it answers, which is no end where only writes fail.

        Args:
            asked: When it was asked, as ``time.monotonic`` has it. A database that is going down may answer one and
                refuse another in the same moment.
        """
        if self._is_met and not self._is_of_writes and asked - self._met_at > _ONE_MOMENT_SECONDS:
            self.end()

    def end(self) -> None:
        """Take note that the store serves again, and say so once."""
        self._is_met = False
        now = time.monotonic()
        with self._locked() as (began, _, ended, count):
            self._state = (*_NONE[:2], now if count else ended, 0)
        if count:
            _LOG.warning("the store serves again after %.0f s, in which %s attempts failed", now - began, count)

    @contextmanager
    def _locked(self) -> Iterator[tuple[float, float, float, int]]:
        """Give the state; what is put into ``_state`` meanwhile takes its place."""
        if self._file is None:
            yield self._state
            return
        # Locks of this kind exclude other processes and end with theirs.
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            self._state = _FORM.unpack(os.pread(self._file, _FORM.size, 0))
            yield self._state
            os.pwrite(self._file, _FORM.pack(*self._state), 0)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


OUTAGE = Outage()
"""The outage of the store of this server."""
