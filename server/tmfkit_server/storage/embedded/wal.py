"""SQLite's write-ahead log, as far as SQLite does not tell: what stands behind its last complete commit.

The format is https://www.sqlite.org/walformat.html, section 4. A log begins with a header of 32 bytes, which has two
salts and a checksum; then come frames, each a page behind a header of 24 bytes that repeats the salts.
"""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["leftover_bytes"]

_HEADER_BYTES = 32
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_FRAME_HEADER_BYTES = 24


def leftover_bytes(log: Path, frames: int) -> int:
    """Return how many bytes of a log SQLite has left out: those of a commit that is not whole.

    Frames of an earlier round of the log, which is overwritten from its beginning again and again, do not count.

    Args:
        log: The log, which need not be there.
        frames: Number of frames that SQLite has read.
    """
    if not log.exists():
        return 0
    size = log.stat().st_size
    with log.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if not _is_whole(header):
            return size
        frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(header[8:12])
        salts = header[16:24]
        begin = place = _HEADER_BYTES + frames * frame_bytes
        while place < size:
            file.seek(place)
            frame = file.read(_FRAME_HEADER_BYTES)
            if len(frame) == _FRAME_HEADER_BYTES and frame[8:16] != salts:
                break
            place += frame_bytes
    return max(min(place, size) - begin, 0)


def _is_whole(header: bytes) -> bool:
    if len(header) < _HEADER_BYTES:
        return False
    *_, first, second = words = struct.unpack(">8I", header)
    if words[0] not in (_LITTLE, _BIG):
        return False
    sums = (0, 0)
    for left, right in struct.iter_unpack(">2I" if words[0] == _BIG else "<2I", header[:24]):
        one = (sums[0] + left + sums[1]) & 0xFFFFFFFF
        sums = (one, (sums[1] + right + one) & 0xFFFFFFFF)
    return sums == (first, second)
