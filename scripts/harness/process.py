"""A server in a process group of its own, which is stopped or killed as a whole."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError

__all__ = ["ServerProcess", "free_port", "main_of"]

_SCRIPTS = Path(__file__).parents[1]
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LOG_TAIL_CHARACTERS = 2000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_RESERVED: list[socket.socket] = []


def free_port() -> int:
    """Return a port of the loopback address, reserved as long as this process lives.

    The system gives it to nobody who asks for any port. Whoever names it may listen there, also after a restart.
    """
    reserved = socket.socket()
    # A socket that is bound and does not listen keeps others out, except those with the same option, as servers have.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    _RESERVED.append(reserved)
    return int(reserved.getsockname()[1])


def main_of(module: str) -> tuple[str, str]:
    """Return what Python is told to run ``main`` of a module of the scripts, wherever it is started."""
    return "-c", f"import sys; sys.path.insert(0, {str(_SCRIPTS)!r}); from {module} import main; main()"


class ServerProcess:
    """One HTTP server, its children included.

    Attributes:
        name: What it is called in messages.
        host: Address that it listens on.
        port: Port that it listens on; the same again after a restart.
        log: File that takes what it prints.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, port: int, ready_path: str = "/") -> None:
        """Describe the server; ``start`` starts it.

        Args:
            name: What to call it.
            command: Program and arguments.
            log: File for what it prints, appended to.
            port: Port that *command* makes it listen on.
            ready_path: Path whose first answer, whatever its status, shows that it serves.
        """
        self.name, self.log, self.host, self.port = name, log, "127.0.0.1", port
        self._command, self._ready_path = list(command), ready_path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the first process of the group."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, environment: Mapping[str, str] | None = None) -> ServerProcess:
        """Start and wait until it serves; HarnessError when it ends or stays silent instead."""
        self.launch(environment=environment)
        self.wait_until_ready()
        return self

    def launch(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Start without waiting."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TMFKIT_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**clean, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def wait_until_ready(self, seconds: float = _START_SECONDS) -> None:
        """Wait for the first answer."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if self.exit_status() is not None:
                raise HarnessError(self.name, f"it ended with status {self.exit_status()}", f"It said: {self.said()}")
            if time.monotonic() > deadline:
                self.kill()
                raise HarnessError(self.name, f"no answer within {seconds:g} s", f"It said: {self.said()}")
            time.sleep(0.01)

    def answers(self) -> bool:
        """Tell whether it answers right now."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", self._ready_path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def exit_status(self) -> int | None:
        """Return the exit status, None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def send(self, which: signal.Signals) -> None:
        """Send a signal to the first process of the group."""
        os.kill(self.pid, which)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end; return the exit status, None when it still runs after *seconds*."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def stop(self) -> None:
        """Ask for a clean end, and kill it when it does not come."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        if self.wait(_STOP_SECONDS) is None:
            self.kill()

    def stop_group(self) -> None:
        """Ask every process of the group for a clean end: a tracer passes no signal on."""
        if self.is_running():
            os.killpg(self.pid, signal.SIGTERM)
            if self.wait(_STOP_SECONDS) is None:
                self.kill()

    def kill(self) -> None:
        """End every process of the group with SIGKILL, and wait for the first of them."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def children(self) -> list[int]:
        """Return the process ids of the children: gunicorn's workers."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(each) for each in listed.split()]

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARACTERS:].strip()


def _end_with_parent() -> None:
    # A benchmark that is interrupted leaves no server behind.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
