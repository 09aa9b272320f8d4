"""The one place that sends scenario requests, and writes down each with its answer."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final

import httpx

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.drive.bounds import BoundedTransport, allowing, taken
from tmfkit_conformance.drive.credentials import Credentials, over
from tmfkit_conformance.drive.naming import agent
from tmfkit_conformance.drive.patience import Pace, Patience, Pause
from tmfkit_conformance.drive.preconditions import Preconditions
from tmfkit_conformance.drive.tls import tls_context
from tmfkit_conformance.record.exchange import Exchange, Headers, Request, Response
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.upkeep import Condition
from tmfkit_conformance.settings import Settings

__all__ = ["ACCEPT", "SILENCE_LIMIT", "Client", "Recorder", "run_clock"]

ACCEPT = "application/json, text/plain, */*"
"""Sent where no row asks for another, as many clients do, so that a target that refuses bare ``application/json`` fails
that row only."""

SILENCE_LIMIT = 5
"""Requests without an answer, one after the other, after which the target is taken to be gone."""

_PLAIN_HEADERS: Final = {"Accept-Encoding": "gzip, deflate", "Connection": "keep-alive"}
"""Sent with every request, as the client of the HTTP library does."""

_BRISK_SECONDS: Final = 1.0
_BRISK_TIMES: Final = 2

_HURRY_SECONDS: ContextVar[float | None] = ContextVar("hurry_seconds", default=None)
"""What an exchange may take at the most, in the thread that sends it."""


_CLOSED: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What a connection fails with that was closed by the other side."""


class _Unread(Exception):  # noqa: N818 - not an error yet: the request is sent again
    """A connection was closed under a request."""

    def __init__(self, error: httpx.RequestError) -> None:
        super().__init__(error)
        self.error = error


class Recorder:
    """Collects the exchanges of a run in the order of sending.

    Args:
        secret_headers: Names, in lower case, of headers whose values are not written down.
        clock: Seconds since the run began.
        secrets: Texts that are not written down wherever they stand; a target may repeat what it was sent.
    """

    def __init__(
        self, secret_headers: frozenset[str], clock: Callable[[], float], *, secrets: frozenset[str] = frozenset()
    ) -> None:
        self._secret_headers = secret_headers
        self._secrets = sorted(secrets, key=len, reverse=True)  # one may be a part of another
        self._lock = threading.Lock()
        self.clock = clock
        self.exchanges: list[Exchange] = []

    def hide(self, secret: str) -> None:
        """Write a text down nowhere from now on."""
        with self._lock:
            self._secrets = sorted({*self._secrets, secret}, key=len, reverse=True)

    def blotted(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Return the headers with credentials blotted out."""
        return tuple((name, BLOTTED if name.lower() in self._secret_headers else value) for name, value in headers)

    def shown(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a command that is shown to an operator, with credentials blotted out."""
        return dict(self.blotted(headers.items()))

    def without_secrets(self, text: str) -> str:
        """Return a text with every secret in it blotted out."""
        for secret in self._secrets:
            text = text.replace(secret, BLOTTED)
        return text

    def add(self, *, request: Request, response: Response | None, started: float, **about: Any) -> Exchange:
        """Write down one exchange; *about* holds the remaining fields of ``Exchange``."""
        fields = {"phase": REGISTER, "probe": "", "step": "", "operation": "", "error": "", **about}
        fields["error"] = self.without_secrets(fields["error"])
        response = response and self._repeating_nothing(response)
        elapsed_ms = round((self.clock() - started) * 1000, 2)
        with self._lock:  # probes may run beside each other
            exchange = Exchange(
                len(self.exchanges) + 1,
                request=request,
                response=response,
                started=round(started, 4),
                elapsed_ms=elapsed_ms,
                **fields,
            )
            self.exchanges.append(exchange)
        return exchange

    def amend(self, exchange: Exchange, **changes: Any) -> Exchange:
        """Write down of an exchange what turned out after it."""
        amended = replace(exchange, **changes)
        with self._lock:
            self.exchanges[exchange.sequence - 1] = amended
        return amended

    def _repeating_nothing(self, response: Response) -> Response:
        body = response.body
        for secret in self._secrets:
            body = body.replace(secret.encode(), BLOTTED.encode())
        headers = tuple((name, self.without_secrets(value)) for name, value in response.headers)
        return Response(response.status, headers, body)


class Client:
    """Sends requests to the target over one pool of connections.

    Requests are handed to the transport of the HTTP library: what its client does beside that is a quarter of the work.

    Args:
        settings: Addresses, credentials, time-outs, TLS, pace.
        recorder: Where exchanges are written down.
    """

    def __init__(self, settings: Settings, recorder: Recorder) -> None:
        self._settings = settings
        self._recorder = recorder
        self._credentials = Credentials(settings, recorder.hide)
        self.pace = Pace(settings.rate)
        """Spreads the requests of the run."""
        self._patience = Patience()
        self.preconditions = Preconditions()
        """What changes have to be sent with."""
        self._agent = agent(announce=settings.announce)
        self._slowest = 0.0
        self._timeouts = {"timeout": httpx.Timeout(settings.timeout_seconds).as_dict()}
        self._cookies = httpx.Cookies()
        self._transport = self._opened()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def reconnect(self) -> None:
        """Send what follows over new connections, as somebody else would; nothing may be on its way."""
        self._transport.close()
        self._cookies = httpx.Cookies()
        self._transport = self._opened()

    def _opened(self) -> BoundedTransport:
        return BoundedTransport(tls_context(self._settings))

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since the run began."""
        return self._recorder.clock

    def amend(self, exchange: Exchange, **changes: Any) -> Exchange:
        """Write down of an exchange what turned out after it."""
        return self._recorder.amend(exchange, **changes)

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give every exchange of this block no more than *seconds*."""
        token = _HURRY_SECONDS.set(seconds)
        try:
            yield
        finally:
            _HURRY_SECONDS.reset(token)

    def briskly(self, *, when: bool = True) -> contextlib.AbstractContextManager[None]:
        """Give every exchange of a block what a target that has just left an answer out may take: twice its slowest.

        Args:
            when: Whether that is to be so.
        """
        brisk = min(self._settings.timeout_seconds, max(_BRISK_SECONDS, _BRISK_TIMES * self._slowest))
        return self.within(brisk) if when else contextlib.nullcontext()

    def send(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        media_type: str = "",
        headers: Mapping[str, str] | None = None,
        admin: bool = False,
        **about: Any,
    ) -> Exchange:
        """Send one request and write it down; an answer that asks to be asked again is not taken for the last word.

        Args:
            method: HTTP method.
            url: Full address, query included.
            body: A JSON value, raw ``bytes``, or None for no body.
            media_type: Content-Type of the body; none is sent when empty.
            headers: More headers.
            admin: Whether to send the credentials of the role admin.
            about: ``phase``, ``probe``, ``step`` and ``operation`` of the exchange.

        Returns:
            The exchange; one that got no answer has an ``error`` instead of a response.
        """
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        )
        declared = {"Content-Type": media_type} if media_type else {}

        def attempt(credentials: Mapping[str, str]) -> Exchange:
            sent = over({"Accept": ACCEPT, **self._agent}, credentials, headers or {}, declared)
            started = self._recorder.clock()
            response, error = self._answer(method, url, content, sent)
            return self._recorder.add(
                request=Request(method, url, self._recorder.blotted(sent.items()), content),
                response=response,
                error=error,
                started=started,
                **about,
            )

        return self.patiently(attempt, admin=admin, conditions=self._conditions(method, url, admin=admin))

    def patiently(
        self,
        attempt: Callable[[Mapping[str, str]], Exchange],
        *,
        admin: bool,
        first: Exchange | None = None,
        conditions: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Make attempts at a request until an answer is the last word; return that exchange.

        Args:
            attempt: Sends the request with the headers that it is given, as credentials, and writes it down.
            admin: Whether the credentials are those of the role admin.
            first: An attempt that was made already.
            conditions: Headers that a change has to have, as far as that is known.
        """
        waited: list[str] = []
        is_met = False
        pause: Pause | None
        while True:
            credentials = self.credentials(admin=admin)
            if first is None:
                self.pace.keep()
            exchange, first = first or attempt({**credentials, **(conditions or {})}), None
            self.preconditions.saw(exchange)
            if not is_met and self.preconditions.are_lacking(exchange):
                is_met, pause = True, Pause(0, f"{exchange.status}, with If-Match")
                conditions = self._conditions(exchange.request.method, exchange.request.url, admin=admin)
            elif (pause := self._pause(exchange, len(waited), admin=admin, sent=credentials)) is None:
                return self.amend(exchange, waited=f"answered so after {_counted(waited)}") if waited else exchange
            self.amend(exchange, superseded=True)
            waited.append(pause.reason)
            time.sleep(pause.seconds)

    def _conditions(self, method: str, url: str, *, admin: bool) -> dict[str, str]:
        """Return the headers that a change has to have; a record whose ETag is not known is read for it."""

        def read(address: str) -> Exchange:
            return self.send(
                "GET", address, admin=admin, phase=REGISTER, probe=Condition.name, step=Condition.READ.name
            )

        return self.preconditions.met(method, url, read)

    def credentials(self, *, admin: bool) -> dict[str, str]:
        """Return the configured headers of a request, those of the role admin on demand."""
        return self._credentials.headers(admin=admin)

    def _answer(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[Response | None, str]:
        """Return the answer, or why there is none.

        A target may close a connection under a request; one that it cannot have read is sent once more.

        Source: RFC 9112 §9.5.
        """
        began = time.monotonic()
        try:
            response = self._sent(self._transport, method, url, content, headers)
        except _Unread as dropped:
            try:
                with contextlib.closing(self._opened()) as another:
                    response = self._sent(another, method, url, content, headers)
            except httpx.RequestError:
                return None, _named(dropped.error)  # it was read, and the target ended over it
        except (httpx.RequestError, httpx.InvalidURL) as exc:  # the target may have given the address
            return None, _named(exc)
        self._slowest = max(self._slowest, time.monotonic() - began)
        return response, ""

    def _sent(
        self, transport: BoundedTransport, method: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> Response:
        """Send a request once, and return the answer.

        Raises:
            _Unread: The connection was closed, maybe before the target read the request.
            httpx.RequestError: There was no answer.
            httpx.InvalidURL: The address is none.
        """
        request = self._request(method, url, content, headers)
        limit, hurry = self._settings.timeout_seconds, _HURRY_SECONDS.get()
        with allowing(limit if hurry is None else min(limit, hurry)) as allowance:
            try:
                with contextlib.closing(transport.handle_request(request)) as answer:
                    return self._response(request, answer)
            except _CLOSED as exc:
                if allowance.is_unread:
                    raise _Unread(exc) from exc
                raise

    def _request(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> httpx.Request:
        """Return a request as the library's client would send it, with the cookies that the target gave."""
        sent = httpx.Headers(_PLAIN_HEADERS)
        sent.update(headers)
        request = httpx.Request(method, url, headers=sent, content=content, extensions=self._timeouts)
        if self._cookies:
            self._cookies.set_cookie_header(request)
        return request

    def _response(self, request: httpx.Request, answer: httpx.Response) -> Response:
        answer.request = request
        if "Set-Cookie" in answer.headers:
            self._cookies.extract_cookies(answer)
        return Response(answer.status_code, self._recorder.blotted(answer.headers.multi_items()), taken(answer))

    def _pause(self, exchange: Exchange, repeated: int, *, admin: bool, sent: Mapping[str, str]) -> Pause | None:
        response = exchange.response
        if response is not None and response.status == httpx.codes.UNAUTHORIZED:
            is_own = not (admin and self._settings.admin_headers)
            is_renewed = is_own and self._credentials.renewed(sent.get("Authorization", ""))
            return Pause(0, "401, with a new token") if is_renewed else None
        if response is not None:
            self._credentials.worked()
        return self._patience.pause(exchange.request.method, response, repeated)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _counted(reasons: list[str]) -> str:
    counted = Counter(reasons)
    return ", ".join(reason if number == 1 else f"{reason} ({number} times)" for reason, number in counted.items())


def run_clock() -> Callable[[], float]:
    """Return a clock that counts seconds from now."""
    begin = time.monotonic()
    return lambda: time.monotonic() - begin
