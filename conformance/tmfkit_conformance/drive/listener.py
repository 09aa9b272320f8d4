"""The listener that notifications are received at, one path for each callback."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.record.codings import KNOWN, undone
from tmfkit_conformance.record.exchange import Headers, Notification

__all__ = ["Listener"]

_BODY_LIMIT_BYTES = 4 * 1024 * 1024
_LINE_LIMIT_BYTES = 1024

_ASKING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110 §9.2.1), so that they bring no notification."""

_PERMISSION = (
    ("Allow", "GET, HEAD, OPTIONS, POST"),
    ("WebHook-Allowed-Origin", "*"),
    ("WebHook-Allowed-Rate", "*"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS, POST"),
    ("Access-Control-Allow-Headers", "*"),
)
"""What says that notifications may be sent: to plain HTTP, to CloudEvents' web hooks (§4.2), and to CORS."""


class Listener:
    """An HTTP server that answers 201 to every POST, as the documents have it, and keeps what it received.

    What comes in a content coding is kept without it; what cannot be read is kept as it came, and answered 415
    (RFC 9110 §15.5.16).

    A target may ask at a callback before it tells it anything, whether somebody is there or wants to be told: that is
    answered as such asking is, and no notification.

    Args:
        bind: ``HOST:PORT`` to listen at; port 0 takes a free one.
        url: Address under which the target reaches it; made from the bind address when empty. Its port 0 stands for the
            port that was taken.
        clock: Seconds since the run began.

    Raises:
        UsageError: The address cannot be listened at.
    """

    def __init__(self, bind: str, url: str, clock: Callable[[], float]) -> None:
        host, _, port = bind.rpartition(":")
        self._arrived = threading.Condition()
        self._received: list[Notification] = []
        self._asked: Counter[str] = Counter()
        self._clock = clock
        try:
            self._server = _Server((host, int(port)), self._keep, self._count)
        except (OSError, UnicodeError) as exc:  # the latter for a name that no host can have
            raise UsageError(
                "listener_bind", f"cannot listen at {bind} ({exc})", "Give a free address with --listener-bind"
            ) from exc
        self.url = _reached_at(url.rstrip("/") or f"http://{host}:0", int(self._server.server_address[1]))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def callback(self, name: str) -> str:
        """Return a callback address of its own for *name*."""
        return f"{self.url}/{name}"

    @property
    def received(self) -> tuple[Notification, ...]:
        """Every notification so far, in the order of arrival."""
        with self._arrived:
            return tuple(self._received)

    @property
    def asked(self) -> dict[str, int]:
        """How often something was asked at a callback, by method."""
        with self._arrived:
            return dict(sorted(self._asked.items()))

    def wait(self, done: Callable[[tuple[Notification, ...]], bool], *, seconds: float) -> bool:
        """Wait until *done* says so of what was received, at the longest *seconds*; return whether it did."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while not done(tuple(self._received)):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._arrived.wait(left)
        return True

    def _keep(self, path: str, method: str, headers: Headers, body: bytes) -> None:
        with self._arrived:
            number = len(self._received) + 1
            self._received.append(Notification(number, round(self._clock(), 4), path, method, headers, body))
            self._arrived.notify_all()

    def _count(self, method: str) -> None:
        with self._arrived:
            self._asked[method] += 1


def _reached_at(url: str, port: int) -> str:
    """Return an address with the port that the listener has, where its own is 0."""
    split = urlsplit(url)
    return url if split.port != 0 else urlunsplit(split._replace(netloc=f"{split.netloc.rpartition(':')[0]}:{port}"))


class _Server(ThreadingHTTPServer):
    """Hands every notification it receives to *keep*, and the method of what only asks something to *count*."""

    def __init__(
        self,
        address: tuple[str, int],
        keep: Callable[[str, str, Headers, bytes], None],
        count: Callable[[str], None],
    ) -> None:
        super().__init__(address, _Handler)
        self.keep = keep
        self.count = count

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a target that hangs up in the middle of a notification is no failure of the kit."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: _Server

    def _receive(self) -> None:
        try:
            body = self._body()
        except ValueError as exc:  # its end cannot be found, nor the beginning of what follows it
            self.close_connection = True
            self.send_error(400, str(exc))
            return
        if self.command in _ASKING and not body:
            self.server.count(self.command)
            self._tell()
            return
        headers = tuple(self.headers.items())
        try:
            body = undone(body, ",".join(self.headers.get_all("Content-Encoding", ())), limit=_BODY_LIMIT_BYTES)
        except ValueError:
            self.server.keep(self.path, self.command, headers, body)
            self.send_response(415)
            self.send_header("Accept-Encoding", KNOWN)
        else:
            plain = tuple((name, value) for name, value in headers if name.lower() != "content-encoding")
            self.server.keep(self.path, self.command, plain, body)
            self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _tell(self) -> None:
        """Answer what only asks something: a challenge is repeated, and the permission to send is given."""
        if self.command == "OPTIONS":
            self.send_response(204)
            for name, value in _PERMISSION:
                self.send_header(name, value)
            self.end_headers()
            return
        challenge = parse_qs(urlsplit(self.path).query).get("hub.challenge", [""])[0].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(challenge)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(challenge)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET = do_HEAD = do_OPTIONS = (  # noqa: N815 - http.server looks them up
        _receive
    )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of http.server
        """Stay silent: the run reports what was received."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding"):
            return b"".join(self._chunks())
        return self._read(int(self.headers.get("Content-Length") or "0"), limit=_BODY_LIMIT_BYTES)

    def _chunks(self) -> Iterator[bytes]:
        left = _BODY_LIMIT_BYTES
        while size := int(self.rfile.readline(_LINE_LIMIT_BYTES).split(b";")[0], 16):
            yield self._read(size, limit=left)
            left -= size
            self.rfile.readline(_LINE_LIMIT_BYTES)
        while self.rfile.readline(_LINE_LIMIT_BYTES).strip():
            pass  # trailers

    def _read(self, size: int, *, limit: int) -> bytes:
        if not 0 <= size <= limit:
            raise ValueError(f"The body has more than {_BODY_LIMIT_BYTES} bytes, or a length that is none")
        return self.rfile.read(size)
