"""What every client has: an address, credentials, ways to be spoken to, connections that are closed in the end."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote

from .answers import Response
from .auth import ApiKey, Auth, Bearer
from .calls import JSON, Call, Options
from .encoding import dumps
from .hooks import Hook
from .http import AsyncDriver, AsyncPool, AsyncTransport, Cert, Connecting, Driver, Pool, Transport, Verify
from .kinds import frozen
from .retries import Retries
from .settings import TIMEOUT_SECONDS, Address, Settings, checked_headers, query_pairs
from .unset import UNSET, Unset

__all__ = ["AsyncClient", "Client"]


def _settings(
    url: str,
    base_path: str,
    credentials: tuple[str | None, str | None, Auth | None],
    timeout: float | None,
    retries: Retries | int,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str | Sequence[str]] | None,
    hooks: Sequence[Hook],
) -> Settings:
    address, in_url = Address.of(url, base_path)
    return Settings(
        address,
        _auth(*credentials) or in_url,
        timeout,
        Retries.of(retries),
        checked_headers(headers or {}),
        query_pairs(query),
        tuple(hooks),
    )


def _auth(token: str | None, api_key: str | None, auth: Auth | None) -> Auth | None:
    if sum(each is not None for each in (token, api_key, auth)) > 1:
        raise ValueError("give one of token, api_key and auth")
    if token is not None:
        return Bearer(token)
    return ApiKey(api_key) if api_key is not None else auth


def _changed(
    settings: Settings,
    timeout: float | Unset | None,
    retries: Retries | int | None,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str | Sequence[str]] | None,
) -> Settings:
    changes: dict[str, Any] = {}
    if not isinstance(timeout, Unset):
        changes["timeout"] = timeout
    if retries is not None:
        changes["retries"] = Retries.of(retries)
    if headers is not None:
        changes["headers"] = {**settings.headers, **checked_headers(headers)}
    if query is not None:
        kept = [pair for pair in settings.query if pair[0] not in query]
        changes["query"] = (*kept, *query_pairs(query))
    return replace(settings, **changes)


def _as_received(response: Response) -> Response:
    return response


def _call(
    settings: Settings,
    method: str,
    path: str,
    query: Mapping[str, str | Sequence[str]] | None,
    body: object,
    content: bytes | None,
    content_type: str | None,
    options: Options | None,
) -> Call[Response]:
    """Make the call of a request that the facade lacks."""
    if not method.isascii() or not method.isalpha():
        raise ValueError(f"{method!r} is no method")
    if content is not None and body is not None:
        raise ValueError("give one of json and content")
    if body is not None:
        try:
            content, content_type = dumps(frozen(body, "json")), content_type or JSON
        except TypeError as error:
            raise ValueError(f"json: {error}") from error
    return Call(
        method.upper(),
        _path(settings, path),
        _as_received,
        query=query_pairs(query),
        content=content,
        content_type=content_type,
        options=options,
        has_body=False,
    )


def _path(settings: Settings, path: str) -> str:
    """Return *path* as it goes into an address; one that begins with the server's own origin is taken whole."""
    origin = settings.address.origin
    is_whole = path.startswith((origin + "/", origin + "?"))
    if not is_whole and ("://" in path.split("?")[0] or path.startswith("//")):
        raise ValueError(f"{path!r} leads to another server, which would get the credentials")
    if "#" in path or any(part in {".", ".."} for part in path.split("?")[0].split("/")):
        raise ValueError(f"{path!r} is no path: it has '#', '.' or '..' in it")
    encoded = quote(path, safe="/%:@!$&'()*+,;=~-._?[]")
    return encoded if is_whole else "/" + encoded.removeprefix("/")


class Client:
    """A server's API, with the connections to it; fit for many threads, and a context manager that closes them.

    Args:
        url: Where the server is: ``https://host``.
        base_path: Where the API is on it; the contract's own when None.
        token: Sent as ``Authorization: Bearer``.
        api_key: Sent as ``X-API-Key``.
        auth: Other credentials: `Basic`, `ClientCredentials`…
        timeout: Seconds for a call as a whole, repetitions included; None for no end.
        retries: How calls are repeated, or how often after the first attempt.
        headers: Sent with every request.
        query: Parameters of every request.
        verify: Whether certificates are checked, or a file or folder of the authorities that count, or a whole context.
        cert: Our own certificate: a file, or files of certificate and key, and the password of the key.
        proxy: Address of a proxy; that of the environment when None.
        transport: The HTTP library's transport, for tests.
        hooks: Told of every attempt.
    """

    _base_path: ClassVar[str] = ""

    def __init__(
        self,
        url: str,
        *,
        base_path: str | None = None,
        token: str | None = None,
        api_key: str | None = None,
        auth: Auth | None = None,
        timeout: float | None = TIMEOUT_SECONDS,
        retries: Retries | int = Retries(),  # noqa: B008 - a value that does not change
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        path = self._base_path if base_path is None else base_path
        settings = _settings(url, path, (token, api_key, auth), timeout, retries, headers, query, hooks)
        self._driver = Driver(settings, Pool(Connecting(verify, cert, proxy), transport))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        json: object = None,
        content: bytes | None = None,
        content_type: str | None = None,
        options: Options | None = None,
    ) -> Response:
        """Send what the facade lacks, with the same credentials, repetitions and errors.

        Args:
            method: GET, POST…
            path: Below the base path.
            query: Parameters.
            json: Body that is sent as JSON.
            content: Body that is sent as it is.
            content_type: Its media type.
            options: What this call does otherwise.
        """
        return self._driver.run(_call(self._driver.settings, method, path, query, json, content, content_type, options))

    def with_options(
        self,
        *,
        timeout: float | Unset | None = UNSET,
        retries: Retries | int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Self:
        """Return a client with other options and the same connections; a time-out of None is none at all."""
        other = copy.copy(self)
        settings = _changed(self._driver.settings, timeout, retries, headers, query)
        other._driver = Driver(settings, self._driver.pool)
        return other

    def close(self) -> None:
        """Close the connections, also those of clients made by `with_options`."""
        self._driver.pool.close()

    def __enter__(self) -> Self:
        self._driver.pool.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._driver.settings.address.url('')}>"


class AsyncClient:
    """The same as `Client`, with the same arguments, awaited; fit for several event loops, also side by side.

    Args:
        transport: The HTTP library's async transport, for tests.
    """

    _base_path: ClassVar[str] = ""

    def __init__(
        self,
        url: str,
        *,
        base_path: str | None = None,
        token: str | None = None,
        api_key: str | None = None,
        auth: Auth | None = None,
        timeout: float | None = TIMEOUT_SECONDS,
        retries: Retries | int = Retries(),  # noqa: B008 - a value that does not change
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: str | None = None,
        transport: AsyncTransport | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        path = self._base_path if base_path is None else base_path
        settings = _settings(url, path, (token, api_key, auth), timeout, retries, headers, query, hooks)
        self._driver = AsyncDriver(settings, AsyncPool(Connecting(verify, cert, proxy), transport))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        json: object = None,
        content: bytes | None = None,
        content_type: str | None = None,
        options: Options | None = None,
    ) -> Response:
        """Send what the facade lacks; takes what `Client.request` does."""
        return await self._driver.run(
            _call(self._driver.settings, method, path, query, json, content, content_type, options)
        )

    def with_options(
        self,
        *,
        timeout: float | Unset | None = UNSET,
        retries: Retries | int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Self:
        """Return a client with other options and the same connections; a time-out of None is none at all."""
        other = copy.copy(self)
        settings = _changed(self._driver.settings, timeout, retries, headers, query)
        other._driver = AsyncDriver(settings, self._driver.pool)
        return other

    async def aclose(self) -> None:
        """Close the connections, also those of clients made by `with_options`."""
        await self._driver.pool.aclose()

    async def __aenter__(self) -> Self:
        self._driver.pool.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._driver.settings.address.url('')}>"
