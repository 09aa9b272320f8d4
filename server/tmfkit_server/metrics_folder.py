"""The folder in which worker processes keep the numbers of metrics; the library finds it through the environment."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["metrics_folder"]

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "tmfkit-metrics-"


@contextmanager
def metrics_folder() -> Iterator[Path]:
    """Make a folder, which goes with this process and not with those forked from it, and name it in the environment.

    Folders of servers that were killed go as well: nobody has a lock on them any more.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), _locked(left):
            shutil.rmtree(left)
    # Under a name that nobody sweeps, until it has a lock.
    made, owner = Path(tempfile.mkdtemp(prefix="tmfkit-")), os.getpid()
    with _locked(made):
        folder = made.rename(made.with_name(made.name.replace("tmfkit-", _PREFIX, 1)))
        os.environ[_VARIABLE] = str(folder)
        try:
            yield folder
        finally:
            if os.getpid() == owner:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Have a lock, as long as this process or one forked from it lives; BlockingIOError when another one has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
