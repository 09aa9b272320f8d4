"""Rows that need not be in memory: the first megabytes of them are, the others are read from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping

from tmfkit_server.storage.embedded.rows import Kept, Row, content_bytes

__all__ = ["NEAR_BYTES", "FarRows"]

NEAR_BYTES = 16 << 20
"""How much of the texts of a table is kept in memory."""


class FarRows(MutableMapping[int, Kept]):
    """The rows of a table without keys and indexes that grows while nobody takes anything from it: the outbox."""

    def __init__(self, read: Callable[[int], Row | None]) -> None:
        """Begin without rows.

        Args:
            read: Reads a row from the file; None when the file has it no more, as it is between a commit that takes the
                row away and its end.
        """
        self._read = read
        self._room = NEAR_BYTES
        self._near: dict[int, Kept] = {}
        self._far: set[int] = set()

    def __setitem__(self, number: int, row: Kept) -> None:
        """Take a row that is in the file."""
        self._forget(number)
        size = content_bytes(row)
        if size <= self._room:
            self._near[number] = row
            self._room -= size
        else:
            self._far.add(number)

    def __getitem__(self, number: int) -> Kept:
        found: Kept | None = self._near.get(number)
        if found is None and number in self._far:
            found = self._read(number)
        if found is None:
            raise KeyError(number)
        return found

    def __delitem__(self, number: int) -> None:
        if number not in self:
            raise KeyError(number)
        self._forget(number)

    def __contains__(self, number: object) -> bool:
        return number in self._near or number in self._far

    def __iter__(self) -> Iterator[int]:
        yield from self._near
        yield from self._far

    def __len__(self) -> int:
        return len(self._near) + len(self._far)

    def _forget(self, number: int) -> None:
        self._far.discard(number)
        row = self._near.pop(number, None)
        if row is not None:
            self._room += content_bytes(row)
