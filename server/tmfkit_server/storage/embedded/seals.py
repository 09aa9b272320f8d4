"""The seal of a row in the file: a checksum of all of it, so that no row is taken for another one, or lost as one.

It stands behind the tag, in the same column. The tag alone tells of the body of a resource; it tells neither of its key
and collection, which a row is found by, nor of anything in rows of listeners and notifications, which have none.
"""

from __future__ import annotations

from zlib import crc32

from tmfkit_server.storage.embedded.rows import Row

__all__ = ["is_sealed", "sealed", "unsealed"]

_DIGITS = 8


def sealed(collection: str, number: int, row: Row) -> str:
    """Return what stands in the column of the tag."""
    key, content, spelling, tag = row
    # With the lengths, because one column might have grown into the next.
    head = f"{number} {len(collection)} {len(key)} {len(tag)} {len(spelling)} {collection}{key}{tag}"
    return f"{tag}{crc32(content, crc32(spelling, crc32(head.encode()))):0{_DIGITS}x}"


def unsealed(stored: object) -> str:
    """Return the tag that stands in the column; empty when that is no text any more."""
    return stored[:-_DIGITS] if isinstance(stored, str) else ""


def is_sealed(collection: str, number: int, row: Row, stored: object) -> bool:
    """Tell whether a row that was read is the one that was written, whatever types its columns have come to have."""
    try:
        return stored == sealed(collection, number, row)
    except TypeError:
        return False
