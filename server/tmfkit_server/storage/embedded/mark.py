"""How many commits the file of a store has acknowledged at least, in a small file beside it.

A log that was cut off at the end of a commit, or taken away, looks like one to which nothing more was written: SQLite
reads what is left and says nothing. So the number of commits stands here as well. It is written after each commit and
without a sync of its own: what it says was certainly committed, and after a failure of power it may say less.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from tmfkit_server.errors import StoreDamaged

__all__ = ["Mark"]

_LOG = logging.getLogger(__name__)
_DIGITS = 20


class Mark:
    """The mark of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.path = path.with_name(path.name + ".mark")
        self._file: int | None = None

    def read(self) -> int:
        """Return the number of commits that the mark tells of; 0 when there is none."""
        try:
            return int(self.path.read_bytes())
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as exc:
            _LOG.warning("%s says nothing, so that a log that was cut off may go unnoticed: %s", self.path, exc)
            return 0

    def check(self, noted: int, held: int) -> None:
        """Compare what was ``read`` with the number of commits that the file holds.

        Raises:
            StoreDamaged: The file holds fewer than were acknowledged.
        """
        if noted > held:
            raise StoreDamaged(
                str(self._path),
                f"it holds {held:,} commits, and at least {noted:,} were acknowledged: its log {self._path.name}-wal"
                " was cut off or lost, or the file is an older copy",
                f"It was left as it is. Bring back the log or start from a backup; to go on without what is missing,"
                f" remove {self.path}",
            )

    def begin(self, commits: int) -> None:
        """Get ready for ``note``, and note *commits*; OSError when that cannot be."""
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._write(commits)
        os.truncate(self._file, _DIGITS + 1)

    def note(self, commits: int) -> None:
        """Write down that *commits* were acknowledged."""
        # A note that cannot be written loses nothing: a later loss is only harder to prove.
        with contextlib.suppress(OSError):
            self._write(commits)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, commits: int) -> None:
        if self._file is not None:
            # Always as long as before, so that it needs no more room on the disk.
            os.pwrite(self._file, b"%*d\n" % (_DIGITS, commits), 0)
