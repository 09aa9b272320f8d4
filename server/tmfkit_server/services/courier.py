"""One attempt to bring one notification to its listener."""

from __future__ import annotations

import asyncio
import http
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpcore
import httpx
import orjson

from tmfkit_server.services.callbacks import CallbackGuard, CallbackRefused
from tmfkit_server.services.signatures import signature_headers
from tmfkit_server.storage.base import Delivery

__all__ = ["Courier", "Outcome"]

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 15.0
# More of an answer is not read, and the connection is given up.
_MOST_ANSWER_BYTES = 64 * 1024
# The listener has understood the notification and will not have it; the same again would be refused again.
_FINAL = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431})
_SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        status: HTTP status of the answer, 0 when there was none.
        problem: Why there was none, in words.
    """

    status: int = 0
    problem: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the listener has it."""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether the listener will never take it."""
        return self.status in _FINAL

    def __str__(self) -> str:
        if not self.status:
            return f"no answer: {self.problem}"
        known = {each.value: each.phrase for each in http.HTTPStatus}
        return f"the listener answered {self.status} {known.get(self.status, '')}".rstrip()


class Courier:
    """Posts notifications over connections that stay open for a while, and follows no redirect."""

    def __init__(self, guard: CallbackGuard, secrets: Sequence[bytes] = ()) -> None:
        """Prepare; needs no event loop yet.

        Args:
            guard: Says which address may be connected to.
            secrets: What signs the notifications; none leaves them unsigned.
        """
        self._secrets = secrets
        # Not httpx's client, which has no place for a network of our own; nor does a proxy of the environment see what
        # a listener is told. Who delivers bounds the connections, listener by listener.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=None,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=_PinnedNetwork(guard),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def post(self, delivery: Delivery) -> Outcome:
        """Post a notification to its callback; whatever goes wrong is an outcome."""
        content = orjson.dumps(delivery.notification)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._secrets:
            identifier = str(delivery.notification.get("eventId", delivery.sequence))
            headers |= signature_headers(self._secrets, identifier, int(time.time()), content)
        try:
            # One limit for the whole: a listener that sends a byte now and then is not waited for without end.
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await self._posted(delivery.callback, headers, content)
        except TimeoutError:
            return Outcome(problem=f"the listener was silent for {_TIMEOUT_SECONDS:g} s")
        except (CallbackRefused, OSError) as exc:
            return Outcome(problem=str(exc))
        # ValueError: the host is no name that could be looked up.
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ValueError) as exc:
            return Outcome(problem=f"{type(exc).__name__}: {exc}")
        except Exception as exc:  # noqa: BLE001 - logged with its trace; it has to count as an attempt
            _LOG.exception("the attempt to call listener %s failed in an unforeseen way", delivery.subscription)
            return Outcome(problem=repr(exc))

    async def _posted(self, callback: str, headers: dict[str, str], content: bytes) -> Outcome:
        url = httpx.URL(callback)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        # The name as it was registered, which decides the site and the certificate, whatever address it leads to.
        fields = [("Host", url.netloc.decode("ascii")), *headers.items()]
        async with self._pool.stream("POST", target, headers=fields, content=content) as answer:
            read = 0
            async for part in answer.aiter_stream():
                read += len(part)
                if read > _MOST_ANSWER_BYTES:
                    break
            return Outcome(answer.status)


class _PinnedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that the guard has checked, and to no others."""

    def __init__(self, guard: CallbackGuard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of *host* that answers; see ``httpcore.AsyncNetworkBackend``."""
        failure: Exception = OSError(f"{host} has no address")
        for address in await self._guard.addresses(host):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure
