"""A listener that outlives the servers, and remembers what it was told, in order."""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Listener", "Notice", "listening"]

_MARKER = re.compile(r"<(life-\d+)\.(\d+)>")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification: which event, of which resource, with which version of it."""

    event: str
    token: str
    version: int


@dataclass(slots=True)
class Listener:
    """What arrived.

    Attributes:
        url: Address to register.
        notices: First arrivals, in their order; what is delivered again is left out.
        repeated: How many arrived again.
        refused: How many were answered with an error on purpose.
        longest_delay: Longest time between a change and the first arrival of its notification, in seconds.
        last_at: When the last one arrived, on the monotonic clock.
    """

    url: str
    notices: list[Notice] = field(default_factory=list)
    repeated: int = 0
    refused: int = 0
    longest_delay: float = 0.0
    last_at: float = field(default_factory=time.monotonic)
    _seen: set[Notice] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, notification: dict[str, Any]) -> None:
        """Note a notification of one of the rounds' own resources."""
        found = _MARKER.match(str(notification["event"]["customer"].get("statusReason", "")))
        if found is None:
            return  # about the shared resource
        notice = Notice(notification["eventType"], found[1], int(found[2]))
        with self._lock:
            self.last_at = time.monotonic()
            if notice in self._seen:
                self.repeated += 1
            else:
                self._seen.add(notice)
                self.notices.append(notice)
                delay = time.time() - datetime.fromisoformat(notification["eventTime"]).timestamp()
                self.longest_delay = max(self.longest_delay, delay)

    def has(self, notice: Notice) -> bool:
        """Tell whether a notification has arrived."""
        return notice in self._seen


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*arguments)

    def handle_error(self, *_: object) -> None:
        """Stay silent about servers that were killed while they told something."""

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, which may stay open for long."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """End every connection, as the end of the process would."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def listening(again: Listener | None = None, *, failing: float = 0.0) -> Iterator[Listener]:
    """Give a listener that answers 201 to everything.

    Args:
        again: The listener that is to take up its work again, on the same port.
        failing: Part of the notifications that are refused, at random: half of those after they have arrived.
    """
    chance = random.Random(1)  # noqa: S311

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            lot = chance.random()
            # Noted before it is answered: what is acknowledged to the server has arrived.
            if lot >= failing / 2:
                listener.take(json.loads(body))
            listener.refused += lot < failing
            self.send_response(503 if lot < failing else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    port = int(again.url.rpartition(":")[2].partition("/")[0]) if again else 0
    server = _Server(("127.0.0.1", port), Handler)
    listener = again or Listener(f"http://127.0.0.1:{server.server_port}/listener")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        server.hang_up()
