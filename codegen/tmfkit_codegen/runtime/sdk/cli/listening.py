"""Shows notifications while they come."""

from __future__ import annotations

import argparse
import io
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tmfkit_sdk._runtime.hub import Hub
from tmfkit_sdk._runtime.receiver import Receiver
from tmfkit_sdk.cli.output import line
from tmfkit_sdk.cli.streams import NotShown, flush, remark, write

__all__ = ["listen"]

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        """Say nothing of requests."""

    def get_stderr(self) -> io.StringIO:
        """Return where nobody reads of handlers that fail: the command tells it at its end."""
        return io.StringIO()


class _Shown:
    """Writes events, and knows when that fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self._has_failed = threading.Event()
        self._lost = select.poll() if hasattr(select, "poll") else None
        if self._lost is not None:
            with suppress(OSError):  # a stream that is no file
                self._lost.register(sys.stdout, 0)

    def write(self, event: object) -> None:
        """Write an event; what fails is not answered as done, so that the server keeps it."""
        try:
            write(line(event))
            flush()
        except (OSError, NotShown) as error:
            self.failure = error
            self._has_failed.set()
            raise

    def wait(self) -> None:
        """Return when nothing more can be shown, because writing has failed or whoever reads has gone."""
        while not self._has_failed.wait(0.2):
            if self._lost is not None and self._lost.poll(0):
                return


def listen(hub: Hub, wanted: argparse.Namespace) -> None:
    """Register a listener, write each notification as a line of JSON, and remove it at the end.

    It ends when it is interrupted, terminated or hung up, and when its output is gone.
    """
    parse = import_module(f"tmfkit_sdk.{wanted.api_name.replace('-', '_')}.events").parse
    receiver: Receiver[object] = Receiver(parse, secrets=[wanted.secret] if wanted.secret else None)
    host, _, port = wanted.bind.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"--bind {wanted.bind}: it has to be HOST:PORT")
    if sys.stdout is None:
        raise ValueError("stdout is closed; notifications are written to it")
    shown = _Shown()
    with make_server(host, int(port), receiver.wsgi(shown.write), handler_class=_Quiet) as server, _ending():
        callback = wanted.callback or f"http://{host}:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            with hub.subscription(callback, query=wanted.query) as subscription, suppress(KeyboardInterrupt):
                remark(f"listening at {callback} as {subscription.id}")
                shown.wait()
        finally:
            server.shutdown()
            thread.join()
    if shown.failure is not None:
        raise shown.failure


@contextmanager
def _ending() -> Iterator[None]:
    """Let every signal that ends a process raise KeyboardInterrupt; what ``nohup`` has ignored stays ignored."""

    def end(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:  # a terminal that closes tells it twice; the listener has to be removed meanwhile
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if number == signal.SIGINT or handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
