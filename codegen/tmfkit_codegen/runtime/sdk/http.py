"""The two drivers of a call, plain and async: the one module that knows the HTTP library."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import httpx

from .answers import Headers, Response
from .auth import RenewableAuth
from .calls import Call
from .exchanges import Lost, Pause, Renew, Send, Step, Steps, conduct, token_exchange
from .hooks import Attempt, Telling
from .settings import Settings, header_pairs

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncDriver", "AsyncPool", "AsyncTransport", "Cert", "Connecting", "Driver", "Pool", "Transport", "Verify"]

T = TypeVar("T")

Transport: TypeAlias = httpx.BaseTransport
AsyncTransport: TypeAlias = httpx.AsyncBaseTransport
Verify: TypeAlias = "bool | str | os.PathLike[str] | ssl.SSLContext"
Cert: TypeAlias = "str | tuple[str, str] | tuple[str, str, str]"

_CLOSED = "the client is closed; make a new one, or enter this one again"
_LOCATION = "tmfkit_sdk.location"
_CONNECT_SECONDS, _GRACE_SECONDS = 10.0, 0.1
_NO_TOKEN = Lost("no token in time", sent=False, in_time=False)
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)


@dataclass(frozen=True, slots=True)
class Connecting:
    """How connections are made.

    Attributes:
        verify: Whether certificates are checked, or a file or folder of the authorities that count, or a whole context.
        cert: Our own certificate: a file, or files of certificate and key, and the password of the key.
        proxy: Address of a proxy; None for what the environment says.
    """

    verify: Verify = True
    cert: Cert | None = None
    proxy: str | None = None

    def options(self) -> dict[str, Any]:
        """Return what the HTTP library takes.

        Raises:
            ValueError: A file cannot be read, or the address of the proxy is none.
        """
        try:
            proxy = httpx.Proxy(self.proxy) if self.proxy is not None else None
        except (ValueError, httpx.InvalidURL):
            raise ValueError("proxy has to be an address such as http://host:3128") from None
        return {"verify": self._context(), "proxy": proxy, "limits": _LIMITS, "follow_redirects": False}

    def _context(self) -> ssl.SSLContext | bool:
        if isinstance(self.verify, (bool, ssl.SSLContext)) and self.cert is None:
            return self.verify
        try:
            context = self._trusting()
            if self.cert is not None:
                context.load_cert_chain(*((self.cert,) if isinstance(self.cert, str) else self.cert))
        except OSError as error:
            raise ValueError(
                f"verify or cert: {error.strerror or type(error).__name__}: {error.filename or self.verify}"
            ) from None
        return context

    def _trusting(self) -> ssl.SSLContext:
        if isinstance(self.verify, ssl.SSLContext):
            return self.verify
        if isinstance(self.verify, bool):
            return httpx.create_ssl_context(verify=self.verify)
        path = os.fspath(self.verify)
        is_folder = os.path.isdir(path)  # noqa: PTH112 - a path that is a text
        return ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)


def _lost(error: Exception, *, has_answer: bool) -> Lost:
    """Say what an error of the HTTP library means, and how far the request had come."""
    if isinstance(error, httpx.RequestError):
        error.request = None  # type: ignore[assignment]  # the credentials are in it
    in_time = not isinstance(error, (httpx.TimeoutException, _Late, TimeoutError))
    problem = str(error) or type(error).__name__
    if isinstance(error, _NOTHING_SENT):
        sent: bool | None = False
    elif has_answer or isinstance(error, (httpx.ReadTimeout, httpx.DecodingError, _Late)):
        sent = True
    else:
        sent = None
    if not in_time:
        problem = "the connection was not made in time" if sent is False else "no answer in time"
        problem = "the answer did not end in time" if has_answer else problem
    return Lost(problem, sent, in_time, error)


class _Late(Exception):  # noqa: N818 - never leaves this module
    """The answer goes on when the time is over."""


_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_FAILURES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, _Late, RuntimeError, ValueError)


def _prepared(step: Send, attempt: Attempt | None) -> httpx.Request:
    """Make the request; ValueError when its address cannot be sent."""
    pairs = [*step.pairs]
    if step.auth is not None:
        step.credentials = step.auth.headers()
        pairs += [(name.encode(), value.encode()) for name, value in step.credentials.items()]
    if attempt is not None and attempt.headers:
        added = header_pairs(attempt.headers)
        names = {name for name, _ in added}
        pairs = [*(pair for pair in pairs if pair[0] not in names), *added]
    left = step.seconds
    connect = _CONNECT_SECONDS if left is None else min(left, _CONNECT_SECONDS)
    try:
        return httpx.Request(
            step.request.method,
            step.request.url,
            headers=pairs,
            content=step.content or None,
            extensions={"timeout": {"connect": connect, "read": left, "write": left, "pool": left}},
        )
    except httpx.InvalidURL as error:
        length = len(step.request.url)
        raise ValueError(f"the address, of {length} characters, cannot be sent: {error}") from None


def _response(step: Send, answer: httpx.Response, parts: list[bytes]) -> Response:
    content = parts[0] if len(parts) == 1 else b"".join(parts)
    pairs = answer.headers.raw
    if _LOCATION in answer.extensions:
        pairs = [*pairs, (b"location", answer.extensions[_LOCATION].encode("latin-1", "replace"))]
    return Response(answer.status_code, Headers(pairs), content, step.request, step.number)


def _hide_location(answer: httpx.Response) -> None:
    """Put ``Location`` aside: the HTTP library fails with one that is no address, even when it is not to follow it."""
    if answer.has_redirect_location:
        answer.extensions[_LOCATION] = answer.headers.pop("location")


async def _hide_location_async(answer: httpx.Response) -> None:
    _hide_location(answer)


def _ends(step: Send) -> float:
    return float("inf") if step.seconds is None else time.monotonic() + step.seconds


@contextmanager
def _no_client() -> Iterator[None]:
    """Say of what the environment names, a proxy or a file of authorities, that it cannot be used."""
    try:
        yield
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise ValueError(f"no connections can be made, for what proxy or the environment says: {error}") from None


class _Deadline(threading.local):
    """When the exchange of a thread has to be over; monotonic time."""

    ends = float("inf")


_DEADLINE, _NOTHING = _Deadline(), nullcontext()


class _Punctual:
    """A connection that waits no longer for a part of an answer than until the deadline.

    The HTTP library has a time-out for each part only, so that an answer in drops would never end.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _DEADLINE.ends - time.monotonic()
        return bytes(self._stream.read(max_bytes, left if timeout is None or left < timeout else timeout))

    def start_tls(self, *args: Any, **options: Any) -> _Punctual:
        return _Punctual(self._stream.start_tls(*args, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _PunctualNetwork:
    """Makes connections that keep to the deadline."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def connect_tcp(self, *args: Any, **options: Any) -> _Punctual:
        return _Punctual(self._network.connect_tcp(*args, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


def _keep_time(transport: Any) -> None:
    """Make the connections of a transport keep to the deadline; the HTTP library has no door for that."""
    pool: Any = getattr(transport, "_pool", None)
    if hasattr(pool, "_network_backend"):
        pool._network_backend = _PunctualNetwork(pool._network_backend)


class Pool:
    """The connections of a client, which those made of it share."""

    def __init__(self, connecting: Connecting, transport: Transport | None) -> None:
        self._options = {**connecting.options(), "transport": transport}
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def client(self) -> httpx.Client:
        """Return the HTTP library's client, made on first use.

        Raises:
            ValueError: It is closed.
        """
        return self._client or self._opened()

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._is_closed:
                raise ValueError(_CLOSED)
            if self._client is None:
                with _no_client():
                    client = httpx.Client(**self._options, event_hooks={"response": [_hide_location]})
                for each in (client._transport, *client._mounts.values()):
                    _keep_time(each)
                self._client = client
            return self._client

    @staticmethod
    def deadline(seconds: float | None) -> AbstractContextManager[None]:
        """Return what ends an exchange of this thread after *seconds*; None for no end."""
        _DEADLINE.ends = float("inf") if seconds is None else time.monotonic() + seconds
        return _NOTHING

    @staticmethod
    def acquire(lock: threading.Lock, seconds: float | None) -> bool:
        """Take *lock*; False when it is not free in time."""
        return lock.acquire(timeout=-1 if seconds is None else seconds)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def open(self) -> None:
        """Make a closed one usable again."""
        self._is_closed = False

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            client, self._client, self._is_closed = self._client, None, True
        if client is not None:
            client.close()


class AsyncPool:
    """The connections of an async client, which those made of it share: some for each event loop."""

    def __init__(self, connecting: Connecting, transport: AsyncTransport | None) -> None:
        import asyncio  # for those only who await

        self._asyncio = asyncio
        self._options = {**connecting.options(), "transport": transport}
        self._clients: dict[asyncio.AbstractEventLoop, _OfLoop] = {}
        self._is_closed = False

    async def client(self) -> httpx.AsyncClient:
        """Return the HTTP library's client for the running event loop, made on first use.

        Raises:
            ValueError: It is closed.
        """
        known = self._clients.get(self._asyncio.get_running_loop())
        return known.client if known is not None else await self._opened()

    async def _opened(self) -> httpx.AsyncClient:
        if self._is_closed:
            raise ValueError(_CLOSED)
        for loop in [each for each in self._clients if each.is_closed()]:
            del self._clients[loop]
        with _no_client():
            client = httpx.AsyncClient(**self._options, event_hooks={"response": [_hide_location_async]})
        made = self._clients[self._asyncio.get_running_loop()] = _OfLoop(client, _closing(client), self._asyncio.Lock())
        await anext(made.guard)
        return client

    def lock(self) -> asyncio.Lock:
        """Return the lock of the running event loop, which renews credentials one at a time."""
        return self._clients[self._asyncio.get_running_loop()].lock

    async def acquire(self, lock: asyncio.Lock, seconds: float | None) -> bool:
        """Take *lock*; False when it is not free in time."""
        try:
            async with self._asyncio.timeout(seconds):
                return await lock.acquire()
        except TimeoutError:
            return False

    def deadline(self, seconds: float | None) -> asyncio.Timeout:
        """Return what ends an exchange after *seconds*; None for no end.

        The time-outs of the HTTP library, of each part, come first: they know how far the request had come.
        """
        return self._asyncio.timeout(None if seconds is None else seconds + _GRACE_SECONDS)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._asyncio.sleep(seconds)

    def open(self) -> None:
        """Make a closed one usable again."""
        self._is_closed = False

    async def aclose(self) -> None:
        """Close the connections of the running event loop; those of others are closed when their loops end."""
        self._is_closed = True
        known = self._clients.pop(self._asyncio.get_running_loop(), None)
        if known is not None:
            await known.guard.aclose()


@dataclass(frozen=True, slots=True)
class _OfLoop:
    client: httpx.AsyncClient
    guard: AsyncGenerator[None]
    lock: asyncio.Lock


async def _closing(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Close *client* when the generator is closed, which an event loop does with all of them before it ends."""
    try:
        yield
    finally:
        await client.aclose()


class Driver:
    """Makes calls and waits for them; fit for many threads.

    Attributes:
        settings: How the API is spoken to.
    """

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self.settings, self.pool = settings, pool

    def run(self, call: Call[T]) -> T:
        """Make *call* and return its result.

        Raises:
            TmfError: It failed.
            ValueError: It is not sent at all.
        """
        client = self.pool.client()
        return self._conducted(client, conduct(self.settings, call))

    def _conducted(self, client: httpx.Client, steps: Steps[T]) -> T:
        outcome: Response | Lost | None = None
        try:
            while True:
                outcome = self._done(client, steps.send(outcome))
        except StopIteration as end:
            return cast("T", end.value)

    def _done(self, client: httpx.Client, step: Step) -> Response | Lost | None:
        if isinstance(step, Send):
            return self._sent(client, step)
        if isinstance(step, Pause):
            self.pool.sleep(step.seconds)
            return None
        return self._renew(client, cast("RenewableAuth", self.settings.auth), step)

    def _sent(self, client: httpx.Client, step: Send) -> Response | Lost:
        if not self.settings.hooks:
            return self._exchanged(client, step, None)
        telling = Telling(self.settings.hooks, step.request, step.number)
        outcome = self._exchanged(client, step, telling.attempt)
        telling.end(outcome if isinstance(outcome, Response) else outcome.error(step.request, step.number))
        return outcome

    def _exchanged(self, client: httpx.Client, step: Send, attempt: Attempt | None) -> Response | Lost:
        request, ends, answer = _prepared(step, attempt), _ends(step), None
        try:
            with self.pool.deadline(step.seconds):
                answer = client.send(request, stream=True, auth=None)
                try:
                    parts = []
                    for part in answer.iter_bytes():
                        parts.append(part)
                        if time.monotonic() > ends:
                            raise _Late
                    return _response(step, answer, parts)
                finally:
                    answer.close()
        except _FAILURES as error:
            return _lost(error, has_answer=answer is not None)

    def _renew(self, client: httpx.Client, auth: RenewableAuth, step: Renew) -> Lost | None:
        """Fetch a token unless there is one that was not refused; one thread does, the others wait for it."""
        if not step.refused and auth.is_ready(time.monotonic()):
            return None
        if not self.pool.acquire(auth.lock, step.left()):
            return _NO_TOKEN
        try:
            if step.refused:
                auth.reject(step.refused)
            if not auth.is_ready(time.monotonic()):
                fetching = token_exchange(self.settings, auth.token_request(), step.deadline)
                auth.accept(self._conducted(client, fetching), time.monotonic())
        finally:
            auth.lock.release()
        return None


class AsyncDriver:
    """Makes calls, awaited; fit for several event loops.

    Attributes:
        settings: How the API is spoken to.
    """

    def __init__(self, settings: Settings, pool: AsyncPool) -> None:
        self.settings, self.pool = settings, pool

    async def run(self, call: Call[T]) -> T:
        """Make *call* and return its result; raises what `Driver.run` does."""
        client = await self.pool.client()
        return await self._conducted(client, conduct(self.settings, call))

    async def _conducted(self, client: httpx.AsyncClient, steps: Steps[T]) -> T:
        outcome: Response | Lost | None = None
        try:
            while True:
                outcome = await self._done(client, steps.send(outcome))
        except StopIteration as end:
            return cast("T", end.value)

    async def _done(self, client: httpx.AsyncClient, step: Step) -> Response | Lost | None:
        if isinstance(step, Send):
            return await self._sent(client, step)
        if isinstance(step, Pause):
            await self.pool.sleep(step.seconds)
            return None
        return await self._renew(client, cast("RenewableAuth", self.settings.auth), step)

    async def _sent(self, client: httpx.AsyncClient, step: Send) -> Response | Lost:
        if not self.settings.hooks:
            return await self._exchanged(client, step, None)
        telling = Telling(self.settings.hooks, step.request, step.number)
        outcome = await self._exchanged(client, step, telling.attempt)
        telling.end(outcome if isinstance(outcome, Response) else outcome.error(step.request, step.number))
        return outcome

    async def _exchanged(self, client: httpx.AsyncClient, step: Send, attempt: Attempt | None) -> Response | Lost:
        request, ends, answer = _prepared(step, attempt), _ends(step), None
        try:
            async with self.pool.deadline(step.seconds):
                answer = await client.send(request, stream=True, auth=None)
                try:
                    parts = []
                    async for part in answer.aiter_bytes():
                        parts.append(part)
                        if time.monotonic() > ends:
                            raise _Late
                    return _response(step, answer, parts)
                finally:
                    await answer.aclose()
        except _FAILURES as error:
            return _lost(error, has_answer=answer is not None)

    async def _renew(self, client: httpx.AsyncClient, auth: RenewableAuth, step: Renew) -> Lost | None:
        """Fetch a token unless there is one that was not refused; one task does, the others wait for it."""
        if not step.refused and auth.is_ready(time.monotonic()):
            return None
        if not await self.pool.acquire(self.pool.lock(), step.left()):
            return _NO_TOKEN
        try:
            if step.refused:
                auth.reject(step.refused)
            if not auth.is_ready(time.monotonic()):
                fetching = token_exchange(self.settings, auth.token_request(), step.deadline)
                auth.accept(await self._conducted(client, fetching), time.monotonic())
        finally:
            self.pool.lock().release()
        return None
