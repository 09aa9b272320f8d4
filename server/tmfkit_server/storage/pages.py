"""Pages of records, which are made of their rows one by one, when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tmfkit_server.storage.record import Record

__all__ = ["Page", "Records"]


class Records:
    """The records in some rows.

    A client takes its time, and all the while nothing is held but the rows: no copy of a text, no decoded body.

    Attributes:
        are_shared: Whether the rows are those that the store has in memory anyway.
    """

    def __init__(
        self,
        rows: Sequence[Any],
        record_of: Callable[[Any], Record],
        size_bytes: Callable[[Any], int],
        *,
        are_shared: bool = False,
    ) -> None:
        """Prepare.

        Args:
            rows: The rows, of a form that the store knows.
            record_of: Makes the record of a row.
            size_bytes: Tells the length of its text.
            are_shared: See the class.
        """
        self._rows = rows
        self._record_of = record_of
        self._size_bytes = size_bytes
        self.are_shared = are_shared

    def __iter__(self) -> Iterator[Record]:
        return map(self._record_of, self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def sizes_bytes(self) -> list[int]:
        """Return the lengths of their texts."""
        return list(map(self._size_bytes, self._rows))


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the records that satisfy a search, and how many do altogether."""

    records: Records
    total: int
