"""gunicorn's ASGI worker, with an end to everything that a client may keep waiting.

Beyond what gunicorn has: connections that end (``client_connections``), also when the worker stops, and fewer of them
than the system allows open files. All of it hangs on methods and attributes of gunicorn that its documentation does not
name; a test names them, and the version is pinned.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import ssl

from gunicorn.asgi import protocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from tmfkit_server.client_connections import BoundedProtocol
from tmfkit_server.connection_limits import ConnectionLimits
from tmfkit_server.handshakes import Handshake
from tmfkit_server.outgoing import Outgoing
from tmfkit_server.response_headers import scanned

__all__ = ["ENDING_SIGNALS", "LIMITS", "MOST_BODY_BYTES", "TLS_CONTEXT", "BoundedWorker"]

ENDING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})
"""Signals that a worker hears of in its event loop, and that have to wait until that runs: it would lose them."""


LIMITS = "connection_limits"
"""Attribute of gunicorn's configuration that holds the ``ConnectionLimits``."""

MOST_BODY_BYTES = "most_body_bytes"
"""Attribute of gunicorn's configuration that holds the size of the largest body."""

TLS_CONTEXT = "tls_context"
"""Attribute of gunicorn's configuration that holds what connections are secured with, None for nothing. gunicorn would
read the files anew in each worker, and do without TLS where it cannot."""

_LOOK_SECONDS = 0.5
_LAST_LOOK_SECONDS = 0.1
# In which who has a connection sends a request on it, in answer to which it is told that the connection ends.
_LAST_REQUEST_SECONDS = 0.25
# Files that are no connections of clients: the store, calls to listeners, connections that are just being closed.
_OTHER_FILES = 300


class BoundedWorker(gasgi.ASGIWorker):  # type: ignore[misc]
    """The worker process."""

    def init_process(self) -> None:
        """Begin; see gunicorn."""
        self.limits: ConnectionLimits = getattr(self.cfg, LIMITS)
        self.most_body_bytes: int = getattr(self.cfg, MOST_BODY_BYTES)
        self.tls: ssl.SSLContext | None = getattr(self.cfg, TLS_CONTEXT)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            files = self.limits.connections + _OTHER_FILES
        self.most_connections = max(1, min(self.limits.connections, max(files - _OTHER_FILES, files // 2)))
        # In the order in which they were made.
        self.connections: dict[BoundedProtocol, None] = {}
        self.handshakes: dict[BoundedProtocol, Handshake] = {}
        # Time of the loop; 0 as long as it does not stop.
        self.stop_began = 0.0
        super().init_process()

    async def _serve(self) -> None:
        if signal.sigpending() & ENDING_SIGNALS:
            # It has nothing yet that would have to end in order.
            return
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        self.outgoing = Outgoing(self.loop)
        # These are looked up by name where connections are accepted and answered.
        gasgi.ASGIProtocol = BoundedProtocol
        if self.tls is not None:
            context = self.tls
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

    def is_over(self, began: float, *, seconds: float, last_seconds: float) -> bool:
        """Tell whether a client has had its time.

        Args:
            began: When that began.
            seconds: How long it is.
            last_seconds: How long it is from there, or from the beginning of the stop, when the worker stops.
        """
        now = self.loop.time()
        return now - began > seconds or bool(self.stop_began and now - max(began, self.stop_began) > last_seconds)

    def _look(self) -> None:
        if not (self.alive or self.stop_began):
            self.stop_began = self.loop.time()
        for connection in list(self.connections):
            connection.look()
        self.loop.call_later(_LAST_LOOK_SECONDS if self.stop_began else _LOOK_SECONDS, self._look)
