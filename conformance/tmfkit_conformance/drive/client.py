"""The one place that sends scenario requests, and writes down each with its answer."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx

from tmfkit_conformance.errors import TargetUnreachable, UsageError
from tmfkit_conformance.record.exchange import BLOTTED, Exchange, Headers, Request, Response
from tmfkit_conformance.settings import Settings

__all__ = ["ACCEPT", "Client", "Recorder", "run_clock", "tls_context"]

ACCEPT = "application/json, */*;q=0.5"
"""Sent where no row asks for another, so that a target that refuses bare ``application/json`` fails that row only."""


class Recorder:
    """Collects the exchanges of a run in the order of sending.

    Args:
        secret_headers: Names, in lower case, of headers whose values are not written down.
        clock: Seconds since the run began.
    """

    def __init__(self, secret_headers: frozenset[str], clock: Callable[[], float]) -> None:
        self._secret_headers = secret_headers
        self.clock = clock
        self.exchanges: list[Exchange] = []

    def blotted(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Return the headers with credentials blotted out."""
        return tuple((name, BLOTTED if name.lower() in self._secret_headers else value) for name, value in headers)

    def add(self, *, request: Request, response: Response | None, started: float, **about: Any) -> Exchange:
        """Write down one exchange; *about* holds the remaining fields of ``Exchange``."""
        fields = {"phase": "register", "probe": "", "step": "", "operation": "", "error": "", **about}
        elapsed_ms = round((self.clock() - started) * 1000, 2)
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


class Client:
    """Sends requests to the target over one pool of connections.

    Args:
        settings: Addresses, credentials, time-outs, TLS.
        recorder: Where exchanges are written down.
    """

    def __init__(self, settings: Settings, recorder: Recorder) -> None:
        self._settings = settings
        self._recorder = recorder
        self._http = httpx.Client(
            timeout=settings.timeout_seconds, verify=tls_context(settings), follow_redirects=False, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def probe(self) -> None:
        """See whether the target answers at all.

        Raises:
            TargetUnreachable: It does not.
        """
        url = self._settings.base_url
        try:
            self._http.get(url, headers=self.credentials(admin=False))
        except httpx.RequestError as exc:
            problem = f"no answer ({type(exc).__name__}: {exc})"
            raise TargetUnreachable(
                url, problem, "Start the server, or correct --base-url and the TLS options"
            ) from exc

    def send(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        media_type: str = "",
        headers: Mapping[str, str] | None = None,
        admin: bool = False,
        **about: str,
    ) -> Exchange:
        """Send one request and write it down.

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
        sent = {"Accept": ACCEPT, **self.credentials(admin=admin), **(headers or {})}
        if media_type:
            sent["Content-Type"] = media_type
        started = self._recorder.clock()
        response, error = None, ""
        try:
            answer = self._http.request(method, url, content=content, headers=sent)
            response = Response(
                answer.status_code, self._recorder.blotted(answer.headers.multi_items()), answer.content
            )
        except httpx.RequestError as exc:
            error = f"{type(exc).__name__}: {exc}"
        request = Request(method, url, self._recorder.blotted(sent.items()), content)
        return self._recorder.add(request=request, response=response, error=error, started=started, **about)

    def credentials(self, *, admin: bool) -> dict[str, str]:
        """Return the configured headers of a request, those of the role admin on demand."""
        settings = self._settings
        headers = {"Authorization": f"Bearer {settings.bearer}"} if settings.bearer else {}
        headers.update(settings.headers)
        return {**headers, **settings.admin_headers} if admin else headers


def tls_context(settings: Settings) -> ssl.SSLContext | bool:
    """Return what the TLS settings ask for, in the form that httpx takes."""
    if not settings.verify_tls:
        return False
    if not (settings.ca_file or settings.client_certificate):
        return True
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.client_certificate:
            context.load_cert_chain(settings.client_certificate, settings.client_key or None)
    except (OSError, ssl.SSLError) as exc:
        raise UsageError("the TLS files", f"cannot be used ({exc})", "Give PEM files that belong together") from exc
    return context


def run_clock() -> Callable[[], float]:
    """Return a clock that counts seconds from now."""
    begin = time.monotonic()
    return lambda: time.monotonic() - begin
