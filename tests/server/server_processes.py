"""The processes of a server on a file, found by the lock of its store."""

from __future__ import annotations

from pathlib import Path


def workers(folder: Path) -> list[int]:
    """Return the process that has the store ``a.db`` open, as its lock says."""
    text = (folder / "a.db.lock").read_text().strip()
    return [int(text)] if text else []


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
