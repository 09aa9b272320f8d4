"""Servers before a server that change how the bytes of an answer go over the line, and nothing of what it says."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

__all__ = ["Front", "Line", "QuietServer", "certificate", "fronted"]

_OF_ONE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Line:
    """The line to the client, and an answer that is to go over it.

    Attributes:
        status: Status and reason.
        headers: Headers, those of one connection left out.
        body: Body.
        write: Sends bytes at once.
        close: Ends the connection after the answer.
    """

    status: tuple[int, str]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    write: Callable[[bytes], None]
    close: Callable[[], None]

    @property
    def has_body(self) -> bool:
        """Whether an answer with this status has a body at all."""
        return self.status[0] != 204

    def head(self, *more: tuple[str, str], version: str = "HTTP/1.1") -> bytes:
        """Return status line and headers, with some more of them."""
        lines = [f"{version} {self.status[0]} {self.status[1]}", *(f"{a}: {b}" for a, b in (*self.headers, *more))]
        return "\r\n".join((*lines, "", "")).encode("latin-1")

    @property
    def length(self) -> tuple[tuple[str, str], ...]:
        """The header that says how long the body is; none for an answer without one."""
        return (("Content-Length", str(len(self.body))),) if self.has_body else ()


@dataclass(frozen=True)
class Front:
    """A way to send an answer.

    Attributes:
        words: What it does, to be read after "a server that".
        send: Sends one answer.
        is_encrypted: Whether the line is encrypted.
    """

    words: str
    send: Callable[[Line], None]
    is_encrypted: bool = False


@contextlib.contextmanager
def fronted(upstream: str, front: Front, folder: Path) -> Iterator[str]:
    """Serve, on a free port of 127.0.0.1, what *upstream* answers; yield scheme, host and port.

    Args:
        upstream: Scheme, host and port of the server behind.
        front: How answers are sent.
        folder: Where the certificate of an encrypted line is written, as ``authority.pem``.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.upstream, server.front = urlsplit(upstream).netloc, front
    if front.is_encrypted:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate(folder, "authority"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if front.is_encrypted else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def certificate(folder: Path, name: str, *, host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a certificate that is signed by itself; return its file and that of its key."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={host}"]
    command = ["openssl", "req", *kind, *subject, "-keyout", str(key), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the words are ours
    return pem, key


class QuietServer(ThreadingHTTPServer):
    """A server with a thread for each connection, which says nothing of clients that go away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is no event."""


class _Server(QuietServer):
    upstream: str
    front: Front


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        behind = http.client.HTTPConnection(self.server.upstream, timeout=_PATIENCE_SECONDS)
        with contextlib.closing(behind):
            # The Host of the client goes on, so that addresses in answers lead here.
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_ONE_CONNECTION or name.lower() == "content-length":
                    behind.putheader(name, value)
            behind.endheaders(body or None)
            answer = behind.getresponse()
            kept = tuple(pair for pair in answer.getheaders() if pair[0].lower() not in _OF_ONE_CONNECTION)
            status = (answer.status, answer.reason)
            self.server.front.send(Line(status, kept, answer.read(), self._write, self._close))

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _close(self) -> None:
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names that http.server looks up

    def log_message(self, *_: Any) -> None:
        """Say nothing of single requests."""
