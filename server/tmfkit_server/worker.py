"""gunicorn's ASGI worker, with an end to everything that a client may keep waiting.

Beyond what gunicorn has: time-outs for headers, bodies and answers that are not taken, an end of idle connections when
the worker stops, fewer connections than the system allows open files, and errors in the form of all others. All of it
hangs on methods and attributes of gunicorn that its documentation does not name; a test names them, and the version
is pinned.
"""

from __future__ import annotations

import asyncio
import fcntl
import resource
import signal
import ssl
import termios
from http import HTTPStatus
from typing import Any

from gunicorn.asgi import protocol  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from tmfkit_server.connection_limits import ConnectionLimits
from tmfkit_server.errors import IncompleteBody
from tmfkit_server.handshakes import Handshake
from tmfkit_server.network import is_host
from tmfkit_server.problems import wire_problem
from tmfkit_server.request_targets import parted
from tmfkit_server.response_headers import scanned, written

__all__ = ["ENDING_SIGNALS", "LIMITS", "BoundedWorker"]

ENDING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})
"""Signals that a worker hears of in its event loop, and that have to wait until that runs: it would lose them."""


LIMITS = "connection_limits"
"""Attribute of gunicorn's configuration that holds the ``ConnectionLimits``."""

_LOOK_SECONDS = 0.5
# In which who has a connection sends a request on it, in answer to which it is told that the connection ends.
_LAST_REQUEST_SECONDS = 0.25
# What the client still sends is read for a while, or else it loses the answer with the connection.
_LINGER_SECONDS = 2.0
# Files that are no connections of clients: the store, calls to listeners, connections that are just being closed.
_OTHER_FILES = 300


class BoundedWorker(gasgi.ASGIWorker):  # type: ignore[misc]
    """The worker process."""

    def init_process(self) -> None:
        """Begin; see gunicorn."""
        self.limits: ConnectionLimits = getattr(self.cfg, LIMITS, ConnectionLimits())
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            files = self.limits.connections + _OTHER_FILES
        self.most_connections = max(1, min(self.limits.connections, max(files - _OTHER_FILES, files // 2)))
        # In the order in which they were made.
        self.connections: dict[BoundedProtocol, None] = {}
        self.handshakes: dict[BoundedProtocol, Handshake] = {}
        super().init_process()

    async def _serve(self) -> None:
        if signal.sigpending() & ENDING_SIGNALS:
            # It has nothing yet that would have to end in order.
            return
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        # These are looked up by name where connections are accepted and answered.
        gasgi.ASGIProtocol = BoundedProtocol
        if (context := super()._get_ssl_context()) is not None:
            gasgi.ASGIProtocol = lambda _: self._secured(context)
        protocol._scan_response_headers = scanned  # noqa: SLF001
        self.loop.call_later(_LOOK_SECONDS, self._look)
        await super()._serve()

    def _get_ssl_context(self) -> None:
        """Return no context: the handshake is a protocol of its own."""

    def _secured(self, context: ssl.SSLContext) -> Handshake:
        """Return the protocol of a new connection, which is known from here on."""
        above = BoundedProtocol(self)
        has_room = self.make_room()
        handshake = Handshake(
            self.loop,
            context,
            above,
            seconds=self.limits.header_seconds,
            lost=lambda: self.handshakes.pop(above, None),
        )
        self.handshakes[above] = handshake
        if not has_room:
            handshake.abort()
        return handshake

    async def _shutdown(self) -> None:
        """Close what is idle, wait for the rest, and end."""
        for server in self.servers:
            server.close()
        for handshake in list(self.handshakes.values()):
            handshake.abort()
        if self.connections and not self._quick_shutdown:
            # A proxy may be sending its next request right now, which would be lost with the connection.
            await asyncio.sleep(_LAST_REQUEST_SECONDS)
        for connection in list(self.connections):
            connection.close_if_idle()
        await super()._shutdown()

    def make_room(self) -> bool:
        """See that there is room for one more connection: close one from which nothing whole has come yet."""
        if len(self.connections) + len(self.handshakes) < self.most_connections:
            return True
        if self.handshakes:
            self.handshakes.pop(next(iter(self.handshakes))).abort()
            return True
        for is_unwanted in (BoundedProtocol.is_idle, BoundedProtocol.is_unfinished):
            for connection in self.connections:
                if is_unwanted(connection):
                    connection.abort()
                    return True
        return False

    def _look(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.look(now)
        self.loop.call_later(_LOOK_SECONDS, self._look)


class WholeBody(protocol.BodyReceiver):  # type: ignore[misc]
    """Receiver of a body that arrives whole, or not at all."""

    __slots__ = ("has_begun", "is_late")

    def __init__(self, request: Any, connection: Any) -> None:
        super().__init__(request, connection)
        self.has_begun = self.is_late = False

    @property
    def is_whole(self) -> bool:
        """Whether the end has come."""
        return bool(self._complete)

    async def receive(self) -> dict[str, Any]:
        """Return the next message; IncompleteBody when there will be no end of the body.

        Falcon asks for a first one before it looks at the request. There need not be any of the body for that, so that
        what can be refused by its headers is refused at once.
        """
        if not self.has_begun:
            self.has_begun = True
            if self._disconnected or not (self._chunks or self._complete):
                return {"type": "http.request", "body": b"", "more_body": True}
        message: dict[str, Any] = await super().receive()
        if message["type"] == "http.disconnect" and not self._body_finished:
            raise IncompleteBody(is_late=self.is_late or not self._closed)
        return message

    def expire(self) -> None:
        """Wait no longer."""
        self.is_late = True
        self._body_wait_expired = True  # type: ignore[misc]
        self.request.must_close = True
        self._wake_waiter()


class BoundedProtocol(protocol.ASGIProtocol):  # type: ignore[misc]
    """One connection."""

    _callback_parser: Any

    def __init__(self, worker: BoundedWorker) -> None:
        super().__init__(worker)
        # Times of the loop; 0 when it is not so.
        self._made = self._header_began = self._body_began = self._write_paused_at = self._closing_began = 0.0
        self._is_lingering = self._has_ended = False
        self._known_host: bytes | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, as long as there is room."""
        self.worker.handshakes.pop(self, None)
        has_room = self.worker.make_room()
        self.worker.connections[self] = None
        self._made = self.worker.loop.time()
        super().connection_made(transport)
        if not has_room:
            self._refuse(503, "All connections are busy")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self.worker.connections.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._is_lingering:
            return
        if not self._header_began and self._current_request is None:
            self._header_began = self.worker.loop.time()
        super().data_received(data)

    def eof_received(self) -> bool:
        """Tell whether the connection stays open for an answer, now that the client sends no more."""
        if self._closed or self._current_request is None:
            return False
        self._current_request.must_close = self._has_ended = True
        if self.is_unfinished():
            self._body_receiver.signal_disconnect()
        # TLS has no end of one direction, and says so with a warning.
        return bool(self.transport.can_write_eof())

    def pause_writing(self) -> None:
        """Take note that the client does not read."""
        self._write_paused_at = self.worker.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Take note that it does."""
        self._write_paused_at = 0.0
        super().resume_writing()

    def is_idle(self) -> bool:
        """Tell whether no whole request is here that has not been answered."""
        return self._current_request is None or self._closed

    def is_unfinished(self) -> bool:
        """Tell whether the end of a body is missing."""
        receiver = self._body_receiver
        return isinstance(receiver, WholeBody) and not receiver.is_whole

    def look(self, now: float) -> None:
        """Close the connection when something has taken too long."""
        limits = self.worker.limits
        if self._closed:
            if now - self._closing_began > (_LINGER_SECONDS if self._is_lingering else limits.write_seconds):
                self.abort()
        elif self._write_paused_at:
            if now - self._write_paused_at > limits.write_seconds:
                self.abort()
        elif self._current_request is None:
            began = self._header_began or (self._made if self.req_count <= 1 else now)
            if self._has_ended:
                # The end came behind the answer.
                self.close_if_idle()
            elif now - began > limits.header_seconds:
                self._refuse(408, "The headers did not come in time")
        elif self.is_unfinished() and now - self._body_began > limits.body_seconds:
            self._body_receiver.expire()

    def close_if_idle(self) -> None:
        """Close the connection, which the worker has no more use for, unless a request is under way or has come."""
        if self._is_lingering:
            self.abort()
        elif self.is_idle() and not self._has_news():
            self._header_began = 0.0
            self._close_transport()
            self._wake()

    def _has_news(self) -> bool:
        """Tell whether something has come that was not read yet."""
        if self.transport is None or self._closed:
            return False
        # Bytes, of which the end of what a client sends is none.
        return any(fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.FIONREAD, bytes(4)))

    def abort(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            self._closed = True
            self.transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._request_ready is not None:
            self._request_ready.set()

    def _refuse(self, status: int, what: str) -> None:
        self._send_error_response(status, what)
        self._close_transport()
        self._wake()

    def _on_headers_complete(self) -> Any:
        host, target = parted(self._callback_parser.path)
        if host:
            self._callback_parser.path = target
        elif not target.startswith(b"/") and target != b"*":
            raise ParseException("The target of the request is no path")
        result = super()._on_headers_complete()
        request = self._current_request
        self._check_host(request, host)
        self._header_began = 0.0
        if request.content_length or request.chunked:
            self._body_began = self.worker.loop.time()
            self._body_receiver = WholeBody(request, self)
        return result

    def _check_host(self, request: Any, named: bytes) -> None:
        """Raise ParseException without a valid host; one that the target *named* takes the place of the header's."""
        sent = next((value for name, value in request.headers_bytes if name == b"host"), None)
        if sent is None:
            if request.version >= (1, 1):
                raise ParseException("A request of HTTP/1.1 needs a Host header")
        elif sent != self._known_host:
            if not is_host(sent.decode("latin-1")):
                raise ParseException("The Host header is no host")
            self._known_host = sent
        if named:
            if not is_host(named.decode("latin-1")):
                raise ParseException("The target of the request names no host")
            others = [header for header in request.headers_bytes if header[0] != b"host"]
            request.headers_bytes = [(b"host", named), *others]

    def _feed_callback_parser(self, data: bytes) -> bool:
        try:
            return bool(super()._feed_callback_parser(data))
        except ValueError:
            # Of more digits than Python reads.
            self._refuse(400, "A length in it is no number that could be one")
            return False

    def _keepalive_timeout(self) -> None:
        # What has begun is a matter of the time-out for headers.
        if not self._header_began:
            super()._keepalive_timeout()

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:  # noqa: FBT001 - as gunicorn calls it
        # What is left of a body would be read as the next request. Of a worker that ends there is no next one.
        return (
            self.is_unfinished() or not self.worker.alive or bool(super()._will_close(request, response_requires_close))
        )

    def _is_websocket_upgrade(self, request: Any) -> bool:
        if super()._is_websocket_upgrade(request):
            self._callback_parser = None
            return True
        return False

    async def _handle_websocket(self, _request: Any, _sockname: Any, _peername: Any) -> None:
        self._refuse(400, "WebSocket is not offered here")

    def _send_response_start(
        self,
        status: int,
        headers: Any,
        request: Any,
        close: bool = False,  # noqa: FBT001, FBT002 - as gunicorn calls it
    ) -> None:
        head = None if close else written(status, headers, request.version)
        if head is None:
            super()._send_response_start(status, headers, request, close=close)
        else:
            self._response_buffer = head

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        problem = wire_problem(status, message)
        body = problem.body()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **dict(extra_headers),
            **problem.headers,
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        status_line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        self._safe_write(f"{status_line}{lines}\r\n".encode("latin-1") + body)

    def _close_transport(self) -> None:
        if self.transport is None or self._closed:
            return
        self._closing_began = self.worker.loop.time()
        if not (self._header_began or self.is_unfinished()):
            super()._close_transport()
            return
        self._closed = self._is_lingering = True
        try:
            # TLS has no end of one direction.
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._resume_reading()
        except (OSError, RuntimeError):
            self.transport.abort()
