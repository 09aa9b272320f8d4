"""One attempt to bring one notification to its listener.

What it imports takes 6 MB, which a server without listeners does without.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp
import httpx
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tmfkit_server.listener_limits import ListenerLimits
from tmfkit_server.network import is_address
from tmfkit_server.services.hrefs import addressed
from tmfkit_server.services.notifications.attempts import AttemptResult
from tmfkit_server.services.notifications.callbacks import CallbackGuard, CallbackRefused, PortRefused, host_of
from tmfkit_server.services.notifications.signatures import signature_headers
from tmfkit_server.slots import Slots
from tmfkit_server.storage.base import Delivery

__all__ = ["WebhookClient"]

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 15.0
_USER_AGENT = "tmfkit-server"
# More of an answer is not read, nor for longer, and the connection is given up.
_MOST_ANSWER_BYTES = 64 * 1024
_READING_SECONDS = 1.0
_LIMITS = ListenerLimits()


class WebhookClient:
    """Posts notifications over connections that stay open for a while, and follows no redirect."""

    def __init__(
        self,
        guard: CallbackGuard,
        secrets: Sequence[bytes] = (),
        *,
        connections: int = _LIMITS.connections,
        public_url: str = "",
    ) -> None:
        """Prepare; ``start`` makes it ready.

        Args:
            guard: Says which address may be connected to.
            secrets: What signs the notifications; none leaves them unsigned.
            connections: How many there are at a time. A fifth of them leads to one address, whatever names and ports it
                has, or to hosts whose address is not known yet, so that silent ones leave some for the others.
            public_url: Address that what is told of begins with; empty takes that of the request that changed it.
        """
        self._slots = Slots(connections, share=max(1, connections // 5))
        self._public_url = public_url
        self._guard = guard
        self._secrets = secrets

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        """What listeners are trusted by; made for the first of them that speaks TLS."""
        return httpx.create_ssl_context()

    def start(self) -> None:
        """Get ready; needs a running event loop."""
        # The slots bound the connections, and who waits for one has its time-out before it. A cache of names would
        # defeat the guard.
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._guard),
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
        )
        # aiohttp, because it takes a sixth of httpx's time, which is the time of requests too. It asks no proxy of the
        # environment unless it is told to.
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"Content-Type": "application/json", "Accept": "application/json", "User-Agent": _USER_AGENT},
            skip_auto_headers={"Accept-Encoding"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def post(self, delivery: Delivery) -> AttemptResult:
        """Post a notification to its callback, when there is a connection for it; whatever goes wrong is a result."""
        place = self._guard.place_of(host_of(delivery.callback))
        async with self._slots.one(place, part=_origin(delivery.callback)):
            return await self._attempt(delivery)

    async def _attempt(self, delivery: Delivery) -> AttemptResult:
        content = orjson.dumps(addressed(delivery.notification, self._public_url or delivery.address))
        headers: Mapping[str, str] = {}
        if self._secrets:
            identifier = str(delivery.notification.get("eventId", delivery.sequence))
            headers = signature_headers(self._secrets, identifier, int(time.time()), content)
        try:
            # One limit for the whole: a listener that sends a byte now and then is not waited for without end.
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await self._posted(delivery.callback, headers, content)
        except TimeoutError:
            return AttemptResult(problem=f"the listener was silent for {_TIMEOUT_SECONDS:g} s")
        # ValueError: the host is no name that could be looked up.
        except (CallbackRefused, PortRefused, aiohttp.ClientError, OSError, ValueError) as exc:
            return AttemptResult(problem=str(exc) or type(exc).__name__)
        except Exception as exc:  # noqa: BLE001 - logged with its trace; it has to count as an attempt
            _LOG.exception("the attempt to call listener %s failed in an unforeseen way", delivery.subscription)
            return AttemptResult(problem=repr(exc))

    async def _posted(self, callback: str, headers: Mapping[str, str], content: bytes) -> AttemptResult:
        url = URL(callback)
        self._guard.check_port(url.port or 80)
        if url.host and is_address(url.host):
            # The resolver is not asked for these.
            await self._guard.addresses(url.host)
        tls = self._tls if url.scheme == "https" else True
        async with self._session.post(url, data=content, headers=headers, allow_redirects=False, ssl=tls) as answer:
            if not answer.content.at_eof():
                await _read_to_its_end(answer)
            return AttemptResult(answer.status)


def _origin(callback: str) -> str:
    return urlsplit(callback).netloc.rpartition("@")[2].lower()


async def _read_to_its_end(answer: aiohttp.ClientResponse) -> None:
    """Read the rest of an answer, so that the connection can be used again, or give the connection up."""
    read = 0
    try:
        async with asyncio.timeout(_READING_SECONDS):
            async for part in answer.content.iter_any():
                read += len(part)
                if read > _MOST_ANSWER_BYTES:
                    answer.close()
                    break
    except (TimeoutError, aiohttp.ClientError):
        # What the listener has said is known all the same, and must not be asked for again.
        answer.close()


class _GuardedResolver(AbstractResolver):
    """Gives aiohttp the addresses that the guard has checked, which are the ones that it connects to."""

    def __init__(self, guard: CallbackGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*, of whatever family; see ``CallbackGuard.addresses``."""
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.addresses(host)
        ]

    async def close(self) -> None:
        """Leave the guard to its owner."""
