"""TinyDB middleware that makes several table changes one write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinydb.middlewares import Middleware

__all__ = ["Session"]

Tables = dict[str, dict[str, Any]]


class Session(Middleware):
    """Keeps the tables in memory and writes them once at the end of a batch, or not at all when the batch fails."""

    def __init__(self, storage_cls: type) -> None:
        super().__init__(storage_cls)
        self._committed: Tables | None = None
        self._working: Tables | None = None

    def read(self) -> Tables:
        """Return the tables: those of the batch inside one, the committed ones outside."""
        if self._committed is None:
            self._committed = self.storage.read() or {}
        return self._committed if self._working is None else self._working

    def write(self, tables: Tables) -> None:
        """Take the tables as they are after a change; only a batch may change any."""
        if self._working is None:
            raise RuntimeError("tables are changed inside a batch only")
        self._working = tables

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Collect the changes of a block. The block must not await, so that nobody reads a half-done batch."""
        # A table replaces its own dictionary as a whole, so that a copy of the outer level is enough to roll back.
        self._working = dict(self.read())
        try:
            yield
            self.storage.write(self._working)
            self._committed = self._working
        finally:
            self._working = None

    def close(self) -> None:
        """Close the storage underneath."""
        self.storage.close()
