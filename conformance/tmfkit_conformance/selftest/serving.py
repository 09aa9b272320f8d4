"""The broken servers as a child process, under gunicorn's own ASGI worker."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Final

import httpx

from tmfkit_conformance.errors import KitError, UsageError
from tmfkit_conformance.selftest import hosting

__all__ = ["REFERENCE", "REFERENCE_KEYS", "check_application", "served"]

_START_SECONDS: Final = 30.0
_IMPORT_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 0.5
"""Longest wait for one answer: the port takes connections before the server is there, and also when it never comes."""
_LOOK_AGAIN_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 5.0

_EXCEPTION: Final = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)\b(?:: |$)")

REFERENCE: Final = "tmfkit_server.reference:app"
"""The reference server, which comes with the extra ``server``."""

REFERENCE_KEYS: Final = {"bearer": "user-key", "admin_headers": ("Authorization: Bearer admin-key",)}
"""Options that name its credentials."""


@contextlib.contextmanager
def served(factory: str) -> Iterator[str]:
    """Serve an application and its broken variants on a free port of 127.0.0.1, as long as the context lasts.

    Args:
        factory: ``MODULE:NAME`` of a function without arguments that returns an ASGI application.

    Yields:
        Scheme, host and port of the server.

    Raises:
        UsageError: gunicorn is missing, or *factory* has another form.
        KitError: The server does not start.
    """
    _check(factory)
    with socket.create_server(("127.0.0.1", 0)) as listening, tempfile.TemporaryFile() as log:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        command = _command(factory, listening.fileno())
        process = subprocess.Popen(  # noqa: S603 - ours
            command, pass_fds=(listening.fileno(),), stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
        )
        try:
            _wait(process, url, factory, log)
            yield url
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server; its workers as well, which do not end by themselves while they import something that hangs."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _check(factory: str) -> None:
    if importlib.util.find_spec("gunicorn") is None:
        raise UsageError("gunicorn", "is not installed", "Install it with `pip install tmfkit[server]`")
    module, colon, name = factory.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise UsageError("--app", f"{factory!r} names no function", "Write it as MODULE:NAME")


def check_application(factory: str) -> None:
    """Find out in a process of its own whether an application is there, sooner than a server could say so.

    Raises:
        UsageError: It is not.
    """
    _check(factory)
    module, _, name = factory.partition(":")
    code = f"import importlib; getattr(importlib.import_module({module!r}), {name!r})"
    command = [sys.executable, "-c", code]
    try:
        tried = subprocess.run(  # noqa: S603 - ours
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=_IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired as exc:
        problem = f"{factory} is not imported after {_IMPORT_SECONDS:g} s"
        raise UsageError("--app", problem, "Import it by itself to see what it waits for") from exc
    if tried.returncode:
        reason = _reason(tried.stderr.strip().splitlines())
        raise UsageError("--app", f"{factory} cannot be imported ({reason})", "Give MODULE:NAME of a function")


def _command(factory: str, descriptor: int) -> list[str]:
    options = ["--worker-class", "asgi", "--workers", "1", "--asgi-lifespan", "on", "--no-control-socket"]
    options += ["--log-level", "warning", "--bind", f"fd://{descriptor}", "--timeout", "120"]
    return [sys.executable, "-m", "gunicorn", *options, f"{hosting.__name__}:{hosting.broken.__name__}({factory!r})"]


def _wait(process: subprocess.Popen[bytes], url: str, factory: str, log: IO[bytes]) -> None:
    """Wait until the server answers anything."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False, timeout=_ANSWER_SECONDS)
        except httpx.TransportError:
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return
    if process.poll() is None:
        problem = f"the server answers nothing {_START_SECONDS:g} s after its start"
        raise KitError(factory, problem, "Start the application by itself to see what it waits for")
    log.seek(0)
    reason = _reason(log.read().decode("utf-8", "replace").strip().splitlines())
    raise KitError(factory, f"the server does not start ({reason})", "Start the application by itself to see why")


def _reason(lines: list[str]) -> str:
    """Return the line of a server's log that says why it did not start: its last exception, else its last line."""
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    return (exceptions or lines or ["it printed nothing"])[-1]
