"""Where an API is and how it is spoken to."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Self

import httpx
from attrs import define, field

__all__ = ["AuthenticatedClient", "Client"]


@define
class Client:
    """A server, with the connections to it; a context manager, plain or async, that closes them.

    Attributes:
        base_url: Address that the paths of the contract are added to, the base path of the API included.
        headers: Sent with every request.
        timeout: How long to wait; httpx' default when None.
        verify_ssl: Whether certificates are checked, or what with.
        follow_redirects: Whether a redirect is followed.
        raise_on_unexpected_status: Raise `UnexpectedStatus` for a status that the contract does not name.
        httpx_args: Passed on to ``httpx.Client`` and ``httpx.AsyncClient``, a transport for example.
    """

    base_url: str
    headers: dict[str, str] = field(factory=dict, kw_only=True)
    timeout: httpx.Timeout | None = field(default=None, kw_only=True)
    verify_ssl: ssl.SSLContext | bool = field(default=True, kw_only=True)
    follow_redirects: bool = field(default=False, kw_only=True)
    raise_on_unexpected_status: bool = field(default=False, kw_only=True)
    httpx_args: dict[str, Any] = field(factory=dict, kw_only=True)
    _sync: httpx.Client | None = field(default=None, init=False)
    _async: httpx.AsyncClient | None = field(default=None, init=False)

    def get_httpx_client(self) -> httpx.Client:
        """Return the connections of plain calls, made on first use."""
        if self._sync is None:
            self._sync = httpx.Client(**self._settings())
        return self._sync

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the connections of async calls, made on first use."""
        if self._async is None:
            self._async = httpx.AsyncClient(**self._settings())
        return self._async

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.get_httpx_client().__exit__(kind, error, trace)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.get_async_httpx_client().__aexit__(kind, error, trace)

    def _sent_headers(self) -> dict[str, str]:
        return self.headers

    def _settings(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "base_url": self.base_url,
            "headers": self._sent_headers(),
            "verify": self.verify_ssl,
            "follow_redirects": self.follow_redirects,
        }
        if self.timeout is not None:
            wanted["timeout"] = self.timeout
        return wanted | self.httpx_args


@define
class AuthenticatedClient(Client):
    """A server that wants to know who calls.

    Attributes:
        token: What the server knows the caller by.
        prefix: Word before the token; empty for a bare key.
        auth_header_name: Header that carries it.
    """

    token: str = field(kw_only=True, repr=False)
    prefix: str = field(default="Bearer", kw_only=True)
    auth_header_name: str = field(default="Authorization", kw_only=True)

    def _sent_headers(self) -> dict[str, str]:
        return {**self.headers, self.auth_header_name: f"{self.prefix} {self.token}".strip()}
