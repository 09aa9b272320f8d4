"""The one place that sends scenario requests, and writes down each with its answer."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx

from tmfkit_conformance.errors import TargetUnreachable, UsageError
from tmfkit_conformance.record.exchange import BLOTTED, Exchange, Headers, Request, Response
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.settings import Settings

__all__ = ["ACCEPT", "SILENCE_LIMIT", "Client", "Recorder", "run_clock", "tls_context"]

ACCEPT = "application/json, */*;q=0.5"
"""Sent where no row asks for another, so that a target that refuses bare ``application/json`` fails that row only."""

SILENCE_LIMIT = 5
"""Requests without an answer, one after the other, after which the target is taken to be gone."""


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

    def _repeating_nothing(self, response: Response) -> Response:
        body = response.body
        for secret in self._secrets:
            body = body.replace(secret.encode(), BLOTTED.encode())
        headers = tuple((name, self.without_secrets(value)) for name, value in response.headers)
        return Response(response.status, headers, body)


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
            problem = f"no answer ({type(exc).__name__}: {self._recorder.without_secrets(str(exc))})"
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
        declared = {"Content-Type": media_type} if media_type else {}
        sent = _over({"Accept": ACCEPT}, self.credentials(admin=admin), headers or {}, declared)
        started = self._recorder.clock()
        response, error = None, ""
        try:
            answer = self._http.request(method, url, content=content, headers=sent)
            response = Response(
                answer.status_code, self._recorder.blotted(answer.headers.multi_items()), answer.content
            )
        except (httpx.RequestError, httpx.InvalidURL) as exc:  # the target may have given the address
            error = f"{type(exc).__name__}: {exc}"
        request = Request(method, url, self._recorder.blotted(sent.items()), content)
        return self._recorder.add(request=request, response=response, error=error, started=started, **about)

    def credentials(self, *, admin: bool) -> dict[str, str]:
        """Return the configured headers of a request, those of the role admin on demand."""
        settings = self._settings
        bearer = {"Authorization": f"Bearer {settings.bearer}"} if settings.bearer else {}
        return _over(bearer, settings.headers, settings.admin_headers if admin else {})


def _over(*parts: Mapping[str, str]) -> dict[str, str]:
    """Join headers; of two that differ in letter case at most, the later one is sent."""
    joined: dict[str, tuple[str, str]] = {}
    for part in parts:
        joined.update({name.lower(): (name, value) for name, value in part.items()})
    return dict(joined.values())


def tls_context(settings: Settings) -> ssl.SSLContext | bool:
    """Return what the TLS settings ask for, in the form that httpx takes."""
    if not (settings.ca_file or settings.client_certificate):
        return settings.verify_tls
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.client_certificate:
            # The empty password makes a key that needs one an error; OpenSSL would ask for it at the terminal.
            context.load_cert_chain(settings.client_certificate, settings.client_key or None, password="")
    except (OSError, ssl.SSLError) as exc:
        problem = f"cannot be used ({exc})"
        raise UsageError("the TLS files", problem, "Give PEM files that belong together, the key unencrypted") from exc
    if not settings.verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def run_clock() -> Callable[[], float]:
    """Return a clock that counts seconds from now."""
    begin = time.monotonic()
    return lambda: time.monotonic() - begin
