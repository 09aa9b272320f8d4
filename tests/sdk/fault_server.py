"""A server of bare sockets that answers as it is told, or breaks off where it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FaultServer", "Got", "Reply", "answer", "document", "fault_server"]


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection, which can be written to, stalled, closed and reset."""

    def __init__(self, server: FaultServer, stream: socket.socket) -> None:
        self.server, self._stream = server, stream
        self._buffer = b""

    def read(self) -> Got | None:
        """Return the next request; None when the client has gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Got(method, target, headers, body)

    def _more(self) -> bool:
        try:
            received = self._stream.recv(65536)
        except OSError:
            return False
        self._buffer += received
        return bool(received)

    def write(self, content: bytes) -> None:
        with contextlib.suppress(OSError):
            self._stream.sendall(content)

    def stall(self) -> None:
        """Say nothing until the server ends."""
        self.server.ended.wait()

    def wait(self, seconds: float) -> None:
        self.server.ended.wait(seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def reset(self) -> None:
        """Break off with a reset instead of an end."""
        with contextlib.suppress(OSError):
            self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._stream.close()


Reply = Callable[[Connection, Got], None]
"""What a server does with a request."""


def answer(
    status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None, *, phrase: str = "Whatever"
) -> Reply:
    """Answer as HTTP has it."""

    def reply(connection: Connection, got: Got) -> None:
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        head = f"HTTP/1.1 {status} {phrase}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.write(head.encode("latin-1") + b"\r\n" + (b"" if got.method == "HEAD" else body))

    return reply


def document(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with JSON."""
    return answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


@dataclass
class FaultServer:
    """The server: does one reply after another, and the last of them for ever.

    Attributes:
        url: Where it is.
        got: The requests that came.
        ended: Set when it ends.
    """

    url: str
    got: list[Got] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    _replies: list[Reply] = field(default_factory=list)
    _at_accept: Callable[[Connection], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def replies(self, *replies: Reply) -> FaultServer:
        """Say what is done with the next requests."""
        with self._lock:
            self._replies, self._at_accept = list(replies), None
            self.got.clear()
        return self

    def at_accept(self, act: Callable[[Connection], None]) -> None:
        """Say what is done with connections before anything is read from them."""
        self._at_accept = act
        self.got.clear()

    def serve(self, stream: socket.socket) -> None:
        connection = Connection(self, stream)
        if self._at_accept is not None:
            self._at_accept(connection)
            return
        with contextlib.closing(stream):
            while (got := connection.read()) is not None:
                with self._lock:
                    self.got.append(got)
                    reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                reply(connection, got)
                if stream.fileno() < 0:
                    return


@contextlib.contextmanager
def fault_server(context: ssl.SSLContext | None = None) -> Iterator[FaultServer]:
    """Run a server on a free port of this machine, with TLS if it is given a *context*."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    scheme = "http" if context is None else "https"
    server = FaultServer(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}")
    threads: list[threading.Thread] = []

    def served(stream: socket.socket) -> None:
        if context is not None:
            try:
                stream = context.wrap_socket(stream, server_side=True)
            except OSError:
                stream.close()
                return
        server.serve(stream)

    def accept() -> None:
        while True:
            try:
                stream, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=served, args=(stream,), daemon=True)
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        server.ended.set()
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
