"""Shows notifications while they come."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from importlib import import_module
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tmfkit_sdk._runtime.hub import Hub
from tmfkit_sdk._runtime.receiver import Receiver
from tmfkit_sdk.cli.output import line

__all__ = ["listen"]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        """Say nothing of requests."""


def listen(hub: Hub, wanted: argparse.Namespace) -> None:
    """Register a listener, write each notification as a line of JSON, and remove it at the end."""
    parse = import_module(f"tmfkit_sdk.{wanted.api_name.replace('-', '_')}.events").parse
    receiver: Receiver[object] = Receiver(parse, secrets=[wanted.secret] if wanted.secret else None)
    host, _, port = wanted.bind.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"--bind {wanted.bind}: it has to be HOST:PORT")
    with make_server(host, int(port), receiver.wsgi(_written), handler_class=_Quiet) as server:
        callback = wanted.callback or f"http://{host}:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            with hub.subscription(callback, query=wanted.query) as subscription:
                print(f"listening at {callback} as {subscription.id}", file=sys.stderr, flush=True)  # noqa: T201 - a remark
                _wait_for_the_end()
        finally:
            server.shutdown()
            thread.join()


def _written(event: object) -> None:
    print(line(event), flush=True)  # noqa: T201 - the result of a command


def _wait_for_the_end() -> None:
    """Return when the command is interrupted or terminated."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not ended.wait(0.2):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
