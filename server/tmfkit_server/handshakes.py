"""TLS handshakes: ended when they take too long, and known to whoever counts connections.

An event loop that is asked to listen with TLS tells nobody of a connection before its handshake is over, for which it
waits a minute: as many silent ones as a process may open files would switch the server off for so long. So the loop's
own protocol for TLS is put behind one of ours here, as the loop itself would put it behind a connection. Neither loop
documents its class; the tests of TLS use both methods and arguments.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Any

__all__ = ["Handshake"]


class Handshake(asyncio.BufferedProtocol):
    """A connection with TLS, seen from below it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext,
        above: asyncio.Protocol,
        *,
        seconds: float,
        lost: Callable[[], object],
    ) -> None:
        """Prepare.

        Args:
            loop: Event loop.
            context: Certificate and key.
            above: What is spoken through TLS; hears of the connection when the handshake is over.
            seconds: How long that may take.
            lost: Called when the connection is lost, before or after.
        """
        self._lost = lost
        self._transport: Any = None
        self._is_unwanted = False
        self._tls = _protocol_of(loop)(loop, above, context, None, server_side=True, ssl_handshake_timeout=seconds)

    def connection_made(self, transport: Any) -> None:
        """Begin; *transport* is an ``asyncio.Transport``, of whatever class."""
        self._transport = transport
        self._tls.connection_made(transport)
        if self._is_unwanted:
            transport.abort()

    def abort(self) -> None:
        """Close the connection at once, or as soon as it is there."""
        self._is_unwanted = True
        if self._transport is not None:
            self._transport.abort()

    def untaken_bytes(self) -> int:
        """Return how much of what was written through TLS the system has not taken."""
        return 0 if self._transport is None else int(self._transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody."""
        self._lost()
        self._tls.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> Any:
        """Return where to put what comes."""
        return self._tls.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> Any:
        """Take note that the client sends no more."""
        return self._tls.eof_received()

    def pause_writing(self) -> None:
        """Take note that the client does not read."""
        self._tls.pause_writing()

    def resume_writing(self) -> None:
        """Take note that it does."""
        self._tls.resume_writing()


def _protocol_of(loop: asyncio.AbstractEventLoop) -> Any:
    """Return the class of protocol by which a loop speaks TLS."""
    if type(loop).__module__.partition(".")[0] == "uvloop":
        from uvloop import loop as uvloop

        return uvloop.SSLProtocol  # type: ignore[attr-defined]
    return sslproto.SSLProtocol
