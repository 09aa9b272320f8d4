"""One process owns the file of a store: a lock beside it that goes with the process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from tmfkit_server.errors import StoreLocked, StoreUnusable

__all__ = ["Ownership", "file_of"]

_LOOK_AGAIN_SECONDS = 0.05


def file_of(path: str) -> Path:
    """Return the file itself: what stands beside it has to stand there whatever links lead to it."""
    return Path(os.path.realpath(path))


class Ownership:
    """The lock of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(path.name + ".lock")
        self._file: int | None = None

    def take(self, *, wait_seconds: float = 0.0) -> None:
        """Take the lock; blocks.

        Args:
            wait_seconds: How long to wait for another process to let go of it.

        Raises:
            StoreLocked: Another process keeps it.
            StoreUnusable: There is no place for a lock.
        """
        try:
            file = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise StoreUnusable(
                str(self._path),
                f"its lock {self._lock_path} cannot be opened: {exc.strerror}",
                "Name a file in a folder that exists and that the server may write to",
            ) from exc
        until = time.monotonic() + wait_seconds
        while not _is_locked_now(file):
            if time.monotonic() >= until:
                owner = os.read(file, 32).decode(errors="replace").strip()
                os.close(file)
                raise StoreLocked(
                    str(self._path),
                    f"process {owner or '?'} has it open, and a store of this kind belongs to one process",
                    "Stop that one first, or use another file",
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
        # Who has it is for people to read; on a full disk they have to do without.
        with contextlib.suppress(OSError):
            os.truncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        self._file = file

    def give_back(self) -> None:
        """Let go of the lock. The file stays, because somebody may be waiting for this very one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _is_locked_now(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
