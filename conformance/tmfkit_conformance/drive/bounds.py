"""Bounds every exchange: the time until its answer is complete, and how much of it is taken.

A time-out of the HTTP library counts for one read alone, so a target that sends a byte a second would hold the kit for
ever. Here every read and write of an exchange draws on one allowance.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any, Final

import httpcore
import httpx

__all__ = ["LARGEST_BYTES", "Allowance", "BoundedTransport", "allowing", "taken"]

LARGEST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of an answer, on the wire and unpacked; an implementation's lists have less by far."""

_CONNECTIONS: Final = 20
_IDLE_SECONDS: Final = 1.0
"""For how long an unused connection is kept: less than any usual server does, which may close it under a request."""


class Allowance:
    """What is left to one exchange.

    Args:
        seconds: Time until its answer has to be complete.

    Attributes:
        is_fresh: Whether a connection was made for it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._bytes = LARGEST_BYTES
        self.is_fresh = False

    @property
    def is_unread(self) -> bool:
        """Whether it may be that the request was never read: over a connection used before, nothing came in."""
        return not self.is_fresh and self._bytes == LARGEST_BYTES

    def seconds(self, timeout: float | None, late: type[Exception]) -> float:
        """Return how long one step may take; *late* is raised when the time is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late(f"the answer was not complete after {self._seconds:g} s")
        return left if timeout is None else min(timeout, left)

    def take(self, size: int) -> None:
        """Count what came in."""
        self._bytes -= size
        if self._bytes < 0:
            raise httpcore.ReadError(_too_large())


_ALLOWANCE: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextlib.contextmanager
def allowing(seconds: float) -> Iterator[Allowance]:
    """Give the exchange of this block *seconds* and a size."""
    allowance = Allowance(seconds)
    token = _ALLOWANCE.set(allowance)
    try:
        yield allowance
    finally:
        _ALLOWANCE.reset(token)


def taken(answer: httpx.Response) -> bytes:
    """Return the unpacked body of an answer.

    Raises:
        httpx.ReadError: It has too many bytes.
    """
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BYTES:
            raise httpx.ReadError(_too_large())
    return b"".join(parts)


class BoundedTransport(httpx.HTTPTransport):
    """The HTTP library's own transport over connections that draw on the allowance of their exchange."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_Backend(),
        )


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _seconds(timeout, httpcore.ConnectTimeout)
        if allowance := _ALLOWANCE.get():
            allowance.is_fresh = True
        return _Stream(super().connect_tcp(host, port, seconds, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, timeout=_seconds(timeout, httpcore.ReadTimeout))
        allowance = _ALLOWANCE.get()
        if allowance:
            allowance.take(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=_seconds(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _seconds(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname=server_hostname, timeout=seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _seconds(timeout: float | None, late: type[Exception]) -> float | None:
    allowance = _ALLOWANCE.get()
    return allowance.seconds(timeout, late) if allowance else timeout


def _too_large() -> str:
    return f"the answer has more than {LARGEST_BYTES // 1024 // 1024} MiB"
