"""Where an API is and how it is spoken to, and the addresses and headers that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit

from .auth import Auth, Basic, RenewableAuth
from .calls import Call, Options
from .hooks import Hook
from .retries import Retries
from .unset import UNSET

__all__ = [
    "TIMEOUT_SECONDS",
    "Address",
    "Pairs",
    "Settings",
    "checked_headers",
    "header_pairs",
    "query_pairs",
    "user_agent",
]

Pairs = Sequence[tuple[bytes, bytes]]
TIMEOUT_SECONDS = 30.0
"""Time-out of a call, its repetitions included, where nothing else is said."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_PATH = "/%:@!$&'()*+,;=~-._"
_PORTS = {"http": 80, "https": 443}


@cache
def user_agent() -> str:
    """Return what the SDK calls itself."""
    from importlib.metadata import PackageNotFoundError, version  # as slow to import as the HTTP library

    try:
        return f"tmfkit-sdk/{version('tmfkit')}"
    except PackageNotFoundError:
        return "tmfkit-sdk/0"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an API is.

    Attributes:
        origin: Scheme, host and port.
        path: Base path of the API, with what stands before it; no slash at its end.
    """

    origin: str
    path: str

    @classmethod
    def of(cls, url: str, base_path: str) -> tuple[Address, Basic | None]:
        """Take *url* apart; credentials in it become `Basic`. A URL that ends with the base path has it already.

        Raises:
            ValueError: It is not the address of a server.
        """
        if not isinstance(url, str):
            raise ValueError("url has to be a text such as https://host")  # noqa: TRY004 - one error before anything is sent
        parts = urlsplit(url.strip())
        try:
            port, host = parts.port, parts.hostname
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
        if parts.scheme not in _PORTS or not host or parts.query or parts.fragment or re.search(r"[\s\\]", url.strip()):
            raise ValueError("url has to be http://host or https://host, with a port and a path if need be")
        auth = None
        if parts.username is not None:
            auth = Basic(unquote(parts.username), unquote(parts.password or ""))
        prefix, base = parts.path.rstrip("/"), "/" + base_path.strip("/") if base_path.strip("/") else ""
        path = prefix if base and prefix.endswith(base) else prefix + base
        return cls(_origin(parts.scheme, host, port), quote(path, safe=_PATH)), auth

    def url(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """Return the address of *path*, which begins with a slash, or is whole and of this server."""
        target = path if path.startswith(self.origin) else f"{self.origin}{self.path}{path}"
        if not query:
            return target
        text = urlencode(query, quote_via=quote, safe=",:")
        return f"{target}{'&' if '?' in path else '?'}{text}"

    def found(self, url: str, location: str) -> str | None:
        """Return where *location*, a link in the answer from *url*, leads; None when that is another server.

        A server behind one that ends TLS does not know its own scheme and port: its host counts, and requests go to the
        origin.
        """
        there = _parts(url, location)
        if there is None or there.hostname != urlsplit(self.origin).hostname:
            return None
        if there.port not in {None, urlsplit(self.origin).port, _PORTS[there.scheme]}:
            return None
        tail = f"?{quote(there.query, safe=_PATH + '?')}" if there.query else ""
        return f"{self.origin}{quote(there.path or '/', safe=_PATH)}{tail}"

    def redirected(self, url: str, location: str) -> str | None:
        """Return where a redirect from *url* leads; None when that is another origin."""
        there = _parts(url, location)
        if there is None or _origin(there.scheme, there.hostname or "", there.port) != self.origin:
            return None
        return self.found(url, location)


def _parts(url: str, location: str) -> SplitResult | None:
    """Take *location* apart; None when it is no address that can be read, or has credentials in it."""
    try:
        there = urlsplit(urljoin(url, location.strip()))
        is_usable = there.scheme in _PORTS and there.port != 0 and there.username is None
    except ValueError:
        return None
    return there if is_usable else None


def _origin(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    if not name.isascii():
        name = name.encode("idna").decode()
    return f"{scheme}://{name}" + (f":{port}" if port is not None and port != _PORTS[scheme] else "")


@dataclass(frozen=True, slots=True)
class Settings:
    """How an API is spoken to.

    Attributes:
        address: Where it is.
        auth: Credentials.
        timeout: Seconds for a call as a whole; None for no end.
        retries: How calls are repeated.
        headers: Those of every request, names in lower case.
        query: Parameters of every request.
        hooks: What is told of every attempt.
    """

    address: Address
    auth: Auth | None = None
    timeout: float | None = TIMEOUT_SECONDS
    retries: Retries = field(default_factory=Retries)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    hooks: tuple[Hook, ...] = ()
    plain: Pairs = field(init=False, repr=False, compare=False)
    packed: Pairs = field(init=False, repr=False, compare=False)
    renews: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seconds(self.timeout)
        object.__setattr__(self, "renews", isinstance(self.auth, RenewableAuth))
        base = {"user-agent": user_agent(), "accept": "application/json"}
        for name, encodings in (("plain", "identity"), ("packed", "gzip, deflate")):
            known = {**base, "accept-encoding": encodings, **self.headers}
            object.__setattr__(self, name, header_pairs(known))

    def request_headers(self, call: Call[Any], options: Options) -> Pairs:
        """Return the headers of a request, credentials left out."""
        base = self.packed if call.packed else self.plain
        own: dict[str, str] = {}
        if call.content_type is not None:
            own["content-type"] = call.content_type
        condition = options.get("if_match") if call.if_match is UNSET else call.if_match
        key = call.idempotency_key if call.idempotency_key is not None else options.get("idempotency_key")
        for name, value in (("if-match", condition), ("idempotency-key", key)):
            if value == "":
                raise ValueError(f"{name.replace('-', '_')} is empty; leave it out")
            if value is not None:
                own[name] = value
        given = options.get("headers")
        if not given:
            return [*base, *header_pairs(own)] if own else base
        known = {name.decode("latin-1"): value.decode("latin-1") for name, value in base}
        return header_pairs({**known, **own, **checked_headers(given)})


def seconds(value: object) -> float | None:
    """Check a time-out.

    Raises:
        ValueError: It is neither None nor a number above 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"timeout is {value!r}; it has to be a number of seconds above 0, or None")
    return float(value)


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with names in lower case.

    Raises:
        ValueError: One cannot be sent; its value, which may be secret, is not shown.
    """
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if name.lower() in _OWN:
            raise ValueError(f"the header {name} is set by the SDK itself")
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or value != value.strip():
            raise ValueError(
                f"the value of the header {name} cannot be sent: no text, or characters that headers cannot have"
            )
        found[name.lower()] = value
    return found


def header_pairs(headers: Mapping[str, str]) -> Pairs:
    """Return *headers* as they are sent."""
    checked = checked_headers(headers)
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in checked.items()]


def query_pairs(query: Mapping[str, str | Sequence[str]] | None) -> tuple[tuple[str, str], ...]:
    """Return parameters one by one; several values of one name follow each other.

    Raises:
        ValueError: A name or a value is no text.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        for each in (value,) if isinstance(value, str) else value if isinstance(value, (list, tuple)) else (None,):
            if not isinstance(name, str) or not isinstance(each, str):
                raise ValueError(f"the parameter {name!r} has {each!r} where a text is wanted")  # noqa: TRY004
            pairs.append((name, each))
    return tuple(pairs)
