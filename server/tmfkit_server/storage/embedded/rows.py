"""The rows of the embedded store: as they are written and looked at, and as they are kept in memory."""

from __future__ import annotations

from typing import Any, TypeAlias

import orjson

__all__ = ["Kept", "Row", "body_of", "compact", "content_bytes", "kept", "whole"]

Row: TypeAlias = tuple[str, bytes, bytes, str]
"""Key or nothing, JSON text of the document, JSON text of the spelling or nothing, tag or nothing."""

Kept: TypeAlias = bytes | Row
"""A row in memory. Most are one object, because four take 150 bytes more, a third of all that stands around a text: the
bytes of the tag, one that tells how many are the key's, the key unless the text begins with it, and the text."""

_TAG_BYTES = 12
_HEAD_BYTES = _TAG_BYTES + 1
_LONGEST_KEY_BYTES = 255
# As the text of what the server made begins.
_BEFORE_KEY = b'{"id":"'
_KEY = _HEAD_BYTES + len(_BEFORE_KEY)


def kept(row: Row) -> Kept:
    """Return a row as it is kept."""
    key, content, spelling, tag = row
    named = key.encode()
    if spelling or len(tag) != 2 * _TAG_BYTES or not 0 < len(named) <= _LONGEST_KEY_BYTES:
        return key, compact(content), compact(spelling), tag
    if content.startswith(_BEFORE_KEY + named + b'"') and '"' not in key:
        named = b""
    return b"".join((bytes.fromhex(tag), bytes((len(named),)), named, content))


def whole(row: Kept) -> Row:
    """Return a row that is kept as it was."""
    if not isinstance(row, bytes):
        return row
    start = _content_start(row)
    named = row[_HEAD_BYTES:start] if start > _HEAD_BYTES else row[_KEY : row.index(b'"', _KEY)]
    return named.decode(), row[start:], b"", row[:_TAG_BYTES].hex()


def content_bytes(row: Kept) -> int:
    """Return the length of a row's document."""
    return len(row) - _content_start(row) if isinstance(row, bytes) else len(row[1])


def body_of(row: Kept) -> dict[str, Any]:
    """Return the document of a row, as a value of the caller's own."""
    text = memoryview(row)[_content_start(row) :] if isinstance(row, bytes) else row[1]
    body: dict[str, Any] = orjson.loads(text)
    return body


def _content_start(row: bytes) -> int:
    return _HEAD_BYTES + row[_TAG_BYTES]


def compact(text: bytes) -> bytes:
    """Return *text* in a block of its own size: what orjson gives stands in one of 8 kB and more."""
    return bytes(memoryview(text))
