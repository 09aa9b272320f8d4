"""The processes of a server on a file, found by the lock of its store."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from patience import PATIENCE_SECONDS


def workers(folder: Path) -> list[int]:
    """Return the process that has the store ``a.db`` open, as its lock says."""
    text = (folder / "a.db.lock").read_text().strip()
    return [int(text)] if text else []


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def replaced(folder: Path) -> float:
    """Have another worker take over the store in *folder*; return the seconds until it has it."""
    [old] = workers(folder)
    began = time.monotonic()
    os.kill(parent(old), signal.SIGHUP)
    while workers(folder) in ([], [old]):
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.01)
    return time.monotonic() - began
