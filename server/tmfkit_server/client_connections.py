"""Connections of clients, with an end to everything that one of them may keep waiting.

What gunicorn has of a connection and of a body, with time-outs for headers, bodies and answers that are not taken,
whole bodies or none, and errors in the form of all others. ``worker`` says what all of it hangs on.
"""

from __future__ import annotations

import asyncio
import fcntl
import math
import socket
import struct
import sys
import termios
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from gunicorn.asgi import protocol  # type: ignore[import-untyped]
from gunicorn.asgi.parser import UnsupportedTransferCoding  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from tmfkit_server.errors import BodyTooLarge, IncompleteBody
from tmfkit_server.handshakes import Handshake
from tmfkit_server.middleware.early_refusals import EARLY_REFUSALS, EarlyRefusals
from tmfkit_server.network import is_host
from tmfkit_server.problems import wire_problem
from tmfkit_server.request_targets import parted
from tmfkit_server.response_headers import written

__all__ = ["BoundedProtocol", "WholeBody"]

# What the client still sends is read for a while, or else it loses the answer with the connection.
_LINGER_SECONDS = 2.0
# Who takes less in the seconds of a time-out takes nothing: a byte now and then would hold a connection for ever.
_LEAST_BYTES = 16 * 1024
# A connection that is closed so ends for both sides, and what is on its way is thrown away.
_AT_ONCE = struct.pack("ii", 1, 0)
# What a worker that stops still waits for: the end of a body, a client to read on, one to read to the end, and one to
# hang up. Work is waited for longer.
_LAST_BODY_SECONDS = 1.0
_LAST_WRITE_SECONDS = 1.0
_LAST_ANSWER_SECONDS = 5.0
_LAST_LINGER_SECONDS = 0.5
# Answers as small as this wait for others that go out in the same turn of the loop.
_MOST_WAITING_BYTES = 16 * 1024


class WholeBody(protocol.BodyReceiver):  # type: ignore[misc]
    """Receiver of a body that arrives whole, or not at all."""

    __slots__ = ("has_begun", "is_late", "is_too_large", "size_bytes")

    def __init__(self, request: Any, connection: Any) -> None:
        super().__init__(request, connection)
        self.has_begun = self.is_late = self.is_too_large = False
        self.size_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take a part of the body."""
        self.size_bytes += len(chunk)
        super().feed(chunk)

    @property
    def is_whole(self) -> bool:
        """Whether the end has come."""
        return bool(self._complete)

    async def receive(self) -> dict[str, Any]:
        """Return the next message; IncompleteBody when the body will have no end, BodyTooLarge when that is too far.

        Falcon asks for a first one before it looks at the request. There need not be any of the body for that, so that
        what can be refused by its headers is refused at once.
        """
        if not self.has_begun:
            self.has_begun = True
            if self._disconnected or self.is_too_large or not (self._chunks or self._complete):
                return {"type": "http.request", "body": b"", "more_body": True}
        elif self.is_too_large:
            raise BodyTooLarge(self.protocol.worker.most_body_bytes)
        message: dict[str, Any] = await super().receive()
        if self.is_too_large:
            raise BodyTooLarge(self.protocol.worker.most_body_bytes)
        if message["type"] == "http.disconnect" and not self._body_finished:
            raise IncompleteBody(is_late=self.is_late or not self._closed)
        return message

    def expire(self) -> None:
        """Wait no longer."""
        self.is_late = True
        self._give_up()

    def announce(self, more_bytes: int) -> None:
        """Hear how much of a chunk is still to come, of which its client need not send a byte."""
        if not self.is_too_large and self.size_bytes + more_bytes > self.protocol.worker.most_body_bytes:
            self.is_too_large = True
            self._give_up()

    def _give_up(self) -> None:
        self._body_wait_expired = True  # type: ignore[misc]
        self.request.must_close = True
        self._wake_waiter()


class _Signal:
    """What the one task of a connection waits for; an ``asyncio.Event`` asks for the loop at every wait."""

    __slots__ = ("_is_set", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._is_set = False
        self._waiting: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Tell whether it was given and not taken back."""
        return self._is_set

    def set(self) -> None:
        """Give it."""
        self._is_set = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def clear(self) -> None:
        """Take it back."""
        self._is_set = False

    def wait(self) -> asyncio.Future[None]:
        """Return what ends as soon as it is given."""
        self._waiting = self._loop.create_future()
        if self._is_set:
            self._waiting.set_result(None)
        return self._waiting


class BoundedProtocol(protocol.ASGIProtocol):  # type: ignore[misc]
    """One connection; its worker is a ``BoundedWorker``."""

    _callback_parser: Any
    _response_buffer: bytes | None

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        # Times of the loop; 0 when it is not so.
        self._made = self._header_began = self._body_began = self._idle_since = self._closing_began = 0.0
        # Since when, in the present answer, the client is slow; since when it has taken nothing, and of how much.
        self._slow_since = self._stuck_since = 0.0
        self._untaken = 0
        self._handshake: Handshake | None = None
        self._is_lingering = self._has_ended = False
        self._known_host: bytes | None = None
        # Whether the connection stays open behind the present answer, and an answer that waits to be sent.
        self._stays = False
        self._waiting = b""

    def connection_made(self, transport: Any) -> None:
        """Take a connection, as long as there is room."""
        self._handshake = self.worker.handshakes.pop(self, None)
        has_room = self.worker.make_room()
        self.worker.connections[self] = None
        self._made = self.worker.loop.time()
        super().connection_made(transport)
        self._request_ready = _Signal(self.worker.loop)
        if not has_room:
            self._refuse(503, "All connections are busy")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self.worker.connections.pop(self, None)
        self._waiting = b""
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
        # Or it would find the connection closed.
        self._send_waiting()
        if self._closed or self._current_request is None:
            return False
        self._current_request.must_close = self._has_ended = True
        if self.is_unfinished():
            self._body_receiver.signal_disconnect()
        # TLS has no end of one direction, and says so with a warning.
        return bool(self.transport.can_write_eof())

    def pause_writing(self) -> None:
        """Take note that the client does not read."""
        self._stuck_since = self.worker.loop.time()
        self._slow_since = self._slow_since or self._stuck_since
        self._untaken = self._untaken_bytes()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Take note that it does."""
        if not self._closed:
            self._stuck_since = 0.0
        super().resume_writing()

    def is_idle(self) -> bool:
        """Tell whether no whole request is here that has not been answered, and no answer waits to be sent."""
        return self._closed or (self._current_request is None and not self._waiting)

    def is_unfinished(self) -> bool:
        """Tell whether the end of a body is missing."""
        receiver = self._body_receiver
        return isinstance(receiver, WholeBody) and not receiver.is_whole

    def look(self) -> None:
        """Close the connection when something has taken too long."""
        limits, is_over = self.worker.limits, self.worker.is_over
        if self._is_lingering:
            if is_over(self._closing_began, seconds=_LINGER_SECONDS, last_seconds=_LAST_LINGER_SECONDS):
                self.abort()
        elif self._stuck_since:
            self._look_at_reading()
        elif self._current_request is None:
            now = self.worker.loop.time()
            began = self._header_began or (self._made if self.req_count <= 1 else now)
            if self._has_ended or self.worker.stop_began:
                # The end came behind the answer, or what was on its way then has not become a request.
                self.close_if_idle()
            elif now - began > limits.header_seconds:
                self._refuse(408, "The headers did not come in time")
            elif began == now and now - self._idle_since > limits.keep_alive_seconds:
                self.close_if_idle()
        elif self.is_unfinished() and is_over(
            self._body_began, seconds=limits.body_seconds, last_seconds=_LAST_BODY_SECONDS
        ):
            self._body_receiver.expire()

    def _look_at_reading(self) -> None:
        """Close the connection when the client takes too little of its answer, or too long for a worker that stops."""
        untaken = self._untaken_bytes()
        if self._untaken - untaken >= min(_LEAST_BYTES, self._untaken or 1):
            self._stuck_since, self._untaken = self.worker.loop.time(), untaken
        if self.worker.is_over(
            self._stuck_since, seconds=self.worker.limits.write_seconds, last_seconds=_LAST_WRITE_SECONDS
        ) or self.worker.is_over(self._slow_since, seconds=math.inf, last_seconds=_LAST_ANSWER_SECONDS):
            # Or else the system would keep for minutes what it has of the answer.
            self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.abort()

    def _untaken_bytes(self) -> int:
        """Return how much the client has been sent without having it: in this process, below TLS, and in the system."""
        below = self._handshake.untaken_bytes() if self._handshake else 0
        try:
            waiting = fcntl.ioctl(self._socket().fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            # Not every system tells.
            waiting = bytes(4)
        return int(self.transport.get_write_buffer_size()) + below + int.from_bytes(waiting, sys.byteorder)

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
        return any(fcntl.ioctl(self._socket().fileno(), termios.FIONREAD, bytes(4)))

    def _socket(self) -> socket.socket:
        """Return the socket, of which event loops have forms of their own."""
        found: socket.socket = self.transport.get_extra_info("socket")
        return found

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
        host, target = b"", self._callback_parser.path
        if not target.isascii():
            raise ParseException("The target of the request has bytes that are not ASCII")
        if not target.startswith(b"/"):
            host, target = parted(target)
            if host:
                self._callback_parser.path = target
            elif target != b"*":
                raise ParseException("The target of the request is no path")
        result = super()._on_headers_complete()
        self._slow_since = 0.0
        request = self._current_request
        self._check_host(request, host)
        self._header_began = 0.0
        if request.chunked:
            self._check_coding(request)
        if request.content_length or request.chunked:
            self._body_began = self.worker.loop.time()
            self._body_receiver = WholeBody(request, self)
        return result

    def _check_coding(self, request: Any) -> None:
        """Raise UnsupportedTransferCoding for others than chunked: gunicorn takes what is compressed as it is."""
        for name, value in request.headers_bytes:
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                raise UnsupportedTransferCoding(value.decode("latin-1"))

    def _check_host(self, request: Any, named: bytes) -> None:
        """Raise ParseException without a valid host; one that the target *named* takes the place of the header's."""
        sent = None
        for name, value in request.headers_bytes:
            if name == b"host":
                sent = value
                break
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
            goes_on = bool(super()._feed_callback_parser(data))
        except ValueError:
            # Of more digits than Python reads.
            self._refuse(400, "A length in it is no number that could be one")
            return False
        if isinstance(self._body_receiver, WholeBody) and self._current_request.chunked:
            self._body_receiver.announce(self._callback_parser._chunk_remaining)  # noqa: SLF001
        return goes_on

    def _arm_keepalive_timer(self) -> None:
        # Of which gunicorn makes one for each request; ``look`` comes by in any case.
        self._idle_since = self.worker.loop.time()

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:  # noqa: FBT001 - as gunicorn calls it
        # What is left of a body would be read as the next request. Of a worker that ends there is no next one, which
        # gunicorn knows.
        return self.is_unfinished() or bool(super()._will_close(request, response_requires_close))

    def _is_websocket_upgrade(self, request: Any) -> bool:
        if super()._is_websocket_upgrade(request):
            self._callback_parser = None
            return True
        return False

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        # Not in a task of its own, which is for applications that go on after the last part of their answer.
        return bool(await self._handle_http_request(request, sockname, peername))

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
        self._stays = head is not None
        if head is None:
            super()._send_response_start(status, headers, request, close=close)
        else:
            self._response_buffer = head

    def _send_body(self, body: bytes, chunked: bool = False, last: bool = False, size: int | None = None) -> None:  # noqa: FBT001, FBT002 - as gunicorn calls it
        head = self._response_buffer
        if head and last and self._stays and not chunked and len(body) <= _MOST_WAITING_BYTES:
            self._response_buffer = None
            self._send_soon(head + body)
        else:
            self._send_waiting()
            super()._send_body(body, chunked, last, size)

    def _safe_write(self, data: bytes) -> None:
        if data and data is self._response_buffer and self._stays:
            # An answer without a body.
            self._send_soon(data)
        else:
            self._send_waiting()
            super()._safe_write(data)

    def _send_soon(self, answer: bytes) -> None:
        """Send a whole answer with those that others are given now."""
        self._send_waiting()
        self._waiting = answer
        self.worker.outgoing.add(self._send_waiting)

    def _send_waiting(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            super()._safe_write(waiting)

    def _shown(self, status: int) -> Mapping[str, str]:
        """Show a refusal to whoever watches requests; return the headers that its answer has besides its own."""
        early: EarlyRefusals | None = self.worker.state.get(EARLY_REFUSALS)
        if early is None:
            return {}
        seconds = self.worker.loop.time() - (self._header_began or self._body_began or self._made)
        receiver = self._body_receiver
        is_seen = isinstance(receiver, WholeBody) and receiver.has_begun
        scope = self._scope()
        if not scope["query_string"].isascii():
            # Falcon would not read it.
            scope["query_string"] = b""
        return early(scope, status, seconds=seconds, is_seen=is_seen)

    def _scope(self) -> dict[str, Any]:
        """Return as much as there is of a request."""
        peer, own = (self.transport.get_extra_info(name) for name in ("peername", "sockname"))
        if self._current_request is not None:
            return dict(self._build_http_scope(self._current_request, own, peer))
        parser = self._callback_parser
        path, _, query = (parser.path or b"").partition(b"?")
        return {
            "type": "http",
            "http_version": "1.1",
            "method": (parser.method or b"").decode("latin-1"),
            "path": unquote(path.decode("latin-1")),
            "query_string": query,
            "headers": list(parser._headers_list),  # noqa: SLF001
            "client": peer[:2] if peer else None,
            "server": own[:2] if own else None,
        }

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        problem = wire_problem(status, message)
        body = problem.body()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **dict(extra_headers),
            **problem.headers,
            **self._shown(status),
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        status_line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        self._safe_write(f"{status_line}{lines}\r\n".encode("latin-1") + body)

    def _close_transport(self) -> None:
        if self.transport is None or self._closed:
            return
        self._send_waiting()
        self._closing_began = self._stuck_since = self.worker.loop.time()
        self._slow_since = self._slow_since or self._closing_began
        self._untaken = self._untaken_bytes()
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
