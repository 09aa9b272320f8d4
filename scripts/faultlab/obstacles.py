"""What keeps a store from writing: a full disk, a limit on its files, a read-only file."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.errors import HarnessError

__all__ = ["FullDisk", "ReadOnlyFile", "SizeLimit", "small_disk"]

_CHUNK_BYTES = 64 * 1024


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small file system in memory; HarnessError where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HarnessError("mount", done.stderr.strip(), "Run as root, or in a container with CAP_SYS_ADMIN")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class FullDisk:
    """A file that takes all the room that is left."""

    name = "full disk"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def apply(self) -> None:
        """Fill the disk."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (_CHUNK_BYTES, 1024):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def lift(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


class SizeLimit:
    """A limit on the size of files: what is written beyond it fails with an input/output error (EFBIG)."""

    name = "I/O error on write"

    def __init__(self, processes: Callable[[], list[int]]) -> None:
        """Describe the limit.

        Args:
            processes: Gives the processes that it is set for.
        """
        self._processes = processes

    def apply(self) -> None:
        """Let no file grow, and nothing be written beyond the first byte of one."""
        self._set(1)

    def lift(self) -> None:
        """Take the limit away."""
        self._set(resource.RLIM_INFINITY)

    def _set(self, limit: int) -> None:
        for process in self._processes():
            _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (limit, hard))


class ReadOnlyFile:
    """Files that become immutable under the server that has them open."""

    def __init__(self, files: Sequence[Path], name: str = "read-only file") -> None:
        """Describe the obstacle; HarnessError at once where files cannot be made immutable.

        Args:
            files: The files.
            name: What to call it.
        """
        self._files, self.name = files, name
        if shutil.which("chattr") is None or os.geteuid() != 0:
            raise HarnessError("chattr", "it needs root and e2fsprogs", "Run as root on ext4, btrfs or xfs")

    def apply(self) -> None:
        """Make the files immutable."""
        for file in self._files:
            # Mapped memory that is still to be written out could be changed all the same.
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        self._change("+i")

    def lift(self) -> None:
        """Make them writable again."""
        self._change("-i")

    def _change(self, how: str) -> None:
        done = subprocess.run(["chattr", how, *map(str, self._files)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise HarnessError("chattr", done.stderr.strip(), "Use a file system with immutable files, such as ext4")
