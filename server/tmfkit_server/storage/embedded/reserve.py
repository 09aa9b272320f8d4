"""Room on the disk that is set aside while there is some, for when there is none: deletions still get through then.

Even a deletion takes room, in SQLite's log. As long as the reserve is given up, nothing else may use what it has freed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["Reserve", "has_no_room"]

# The log goes back to its beginning after 1,000 pages, which with their headers are 4.1 MB. The rest is for a hundred
# deletions that fifty listeners are told of, which takes 1.9 kB each for a resource of 1.2 kB.
_RESERVE_BYTES = 16 * 1024 * 1024
# Less than SQLite's index of the log takes.
_LITTLE_BYTES = 64 * 1024


class Reserve:
    """The reserve of one store's file, a file beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".reserve")
        self._is_set_aside = False

    def set_aside(self) -> bool:
        """Take the room, unless it is taken already; tell whether it is there."""
        if not self._is_set_aside:
            self._is_set_aside = self._is_taken()
        return self._is_set_aside

    def give_up(self) -> None:
        """Free the room."""
        self._is_set_aside = False
        with contextlib.suppress(OSError):
            os.truncate(self.path, 0)

    def _is_taken(self) -> bool:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            return False
        try:
            os.posix_fallocate(file, 0, _RESERVE_BYTES)
        except OSError:
            # What was taken on the way is needed elsewhere.
            with contextlib.suppress(OSError):
                os.ftruncate(file, 0)
            return False
        finally:
            os.close(file)
        return True


def has_no_room(folder: Path) -> bool:
    """Tell whether the disk that a folder is on is as good as full."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < _LITTLE_BYTES
