"""Credentials; none of them shows its secret."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, runtime_checkable
from urllib.parse import urlencode, urlsplit

from .answers import Response
from .errors import Unreadable

__all__ = ["ApiKey", "Auth", "Basic", "Bearer", "ClientCredentials", "RenewableAuth", "TokenRequest"]


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Auth(Protocol):
    """What adds credentials to a request."""

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the credentials."""
        ...


class _Fixed:
    """Credentials that stay what they are."""

    __slots__ = ("_headers",)

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the credentials."""
        return self._headers

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Bearer(_Fixed):
    """A token that is sent as ``Authorization: Bearer``."""

    __slots__ = ()

    def __init__(self, token: str) -> None:
        super().__init__({"authorization": f"Bearer {_secret('token', token)}"})


class ApiKey(_Fixed):
    """A key that is sent in a header, ``X-API-Key`` unless another is named."""

    __slots__ = ()

    def __init__(self, key: str, *, header: str = "X-API-Key") -> None:
        if not isinstance(header, str) or not _NAME.fullmatch(header):
            raise ValueError(f"header is {header!r}, which is no name of one")
        super().__init__({header.lower(): _secret("API key", key)})


class Basic(_Fixed):
    """A name and a password."""

    __slots__ = ()

    def __init__(self, name: str, password: str) -> None:
        if not isinstance(name, str) or not isinstance(password, str):
            raise ValueError("name and password of Basic credentials are texts")  # noqa: TRY004 - one error before anything is sent
        if ":" in name:
            raise ValueError("the name of Basic credentials has a colon, which the scheme cannot carry")
        encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
        super().__init__({"authorization": f"Basic {encoded}"})


def _is_sendable(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isascii() and value.isprintable() and "" != value == value.strip()


def _secret(what: str, value: str) -> str:
    """Check that *value* can stand in a header; the message does not show it."""
    if not _is_sendable(value):
        raise ValueError(
            f"the {what} is empty, or has characters that a header cannot carry (a line break at its end?)"
        )
    return value


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    """A token that was given for a time.

    Attributes:
        value: The token.
        expires_at: Monotonic time at which it is no longer used; None when it has no end.
    """

    value: str
    expires_at: float | None


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """The request for a token: a POST of a form.

    Attributes:
        url: Where to.
        headers: Those beside the credentials.
        secret_headers: Those that carry credentials.
        content: The form.
    """

    url: str
    headers: dict[str, str]
    secret_headers: dict[str, str]
    content: bytes


@runtime_checkable
class RenewableAuth(Protocol):
    """Credentials that have to be fetched, and fetched again.

    Attributes:
        lock: Held while they are fetched.
    """

    lock: threading.Lock

    def is_ready(self, now: float) -> bool:
        """Tell whether there is a token to use; *now* is monotonic."""
        ...

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the token in use; none before there is one."""
        ...

    def token_request(self) -> TokenRequest:
        """Return what to send for a token."""
        ...

    def accept(self, response: Response, now: float) -> None:
        """Take the token out of an answer and use it from now on."""
        ...

    def reject(self, headers: dict[str, str]) -> None:
        """Use the token in *headers* no longer: the server has refused it."""
        ...


class ClientCredentials:
    """OAuth 2.0 client credentials: a token is fetched when one is needed, and again before it ends.

    Args:
        token_url: Where tokens are given.
        client_id: Who asks.
        client_secret: The proof.
        scope: What for; several with blanks between them.
        in_body: Send id and secret in the form, for servers that do not take them as Basic credentials.
        extra: More fields of the form, ``audience`` for example.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str | None = None,
        in_body: bool = False,
        extra: dict[str, str] | None = None,
    ) -> None:
        address = urlsplit(token_url)
        if address.scheme not in {"http", "https"} or not address.hostname or address.username is not None:
            raise ValueError("token_url has to begin with http:// or https://, name a host, and hold no credentials")
        self.lock = threading.Lock()
        self._url = token_url
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {}), **(extra or {})}
        self._secret_headers: dict[str, str] = {}
        if in_body:
            self._form |= {"client_id": client_id, "client_secret": client_secret}
        else:
            pair = urlencode({client_id: client_secret}).replace("=", ":", 1)  # RFC 6749 section 2.3.1 encodes both
            self._secret_headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._token: _Token | None = None

    def is_ready(self, now: float) -> bool:
        """Tell whether there is a token to use; *now* is monotonic."""
        token = self._token
        return token is not None and (token.expires_at is None or now < token.expires_at)

    def token_request(self) -> TokenRequest:
        """Return what to send for a token."""
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return TokenRequest(self._url, headers, self._secret_headers, urlencode(self._form).encode())

    def accept(self, response: Response, now: float) -> None:
        """Take the token out of an answer and use it from now on.

        Raises:
            Unreadable: There is none in it.
        """
        # What came is neither quoted nor kept: part of a token may be in it.
        kept = Response(response.status, response.headers, b"", response.request, response.attempts)
        try:
            document = json.loads(response.content)
        except (ValueError, RecursionError):
            raise Unreadable("the answer to the request for a token is no JSON", response=kept) from None
        value = document.get("access_token") if isinstance(document, dict) else None
        if not _is_sendable(value):
            raise Unreadable("the answer to the request for a token has no access_token", response=kept)
        self._token = _Token(value, _end(document.get("expires_in"), now))

    def reject(self, headers: dict[str, str]) -> None:
        """Use the token in *headers* no longer; one that was fetched in the meantime stays."""
        if headers == self.headers():
            self._token = None

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the token in use; none before there is one."""
        token = self._token
        return {} if token is None else {"authorization": f"Bearer {token.value}"}

    def __repr__(self) -> str:
        return f"ClientCredentials({self._url!r}, …)"


def _end(seconds: Any, now: float) -> float | None:
    """Return when a token that lasts for *seconds* is renewed: a tenth of its time, at most 30 s, before its end."""
    try:
        lasts = float(seconds)
    except (TypeError, ValueError, OverflowError):
        return None
    return now + lasts - min(30.0, lasts / 10) if lasts == lasts and lasts > 0 else None
