"""The broken servers as a child process, under gunicorn's own ASGI worker."""

from __future__ import annotations

import contextlib
import importlib.util
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

__all__ = ["served"]

_START_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 5.0


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
        process = subprocess.Popen(command, pass_fds=(listening.fileno(),), stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            _wait(process, url, factory, log)
            yield url
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            process.kill()


def _check(factory: str) -> None:
    if importlib.util.find_spec("gunicorn") is None:
        raise UsageError("gunicorn", "is not installed", "Install it with `pip install tmfkit[server]`")
    module, colon, name = factory.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise UsageError("--app", f"{factory!r} names no function", "Write it as MODULE:NAME")


def _command(factory: str, descriptor: int) -> list[str]:
    options = ["--worker-class", "asgi", "--workers", "1", "--asgi-lifespan", "on", "--no-control-socket"]
    options += ["--log-level", "warning", "--bind", f"fd://{descriptor}", "--timeout", "120"]
    return [sys.executable, "-m", "gunicorn", *options, f"{hosting.__name__}:{hosting.broken.__name__}({factory!r})"]


def _wait(process: subprocess.Popen[bytes], url: str, factory: str, log: IO[bytes]) -> None:
    """Wait until the server answers anything."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False, timeout=_START_SECONDS)
        except httpx.TransportError:
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return
    log.seek(0)
    last = log.read().decode("utf-8", "replace").strip().splitlines()[-1:] or ["it printed nothing"]
    raise KitError(factory, f"the server does not start ({last[0]})", "Start the application by itself to see why")
