"""What clients call the server by: the operator's word, a trusted proxy's, or a valid ``Host``.

A proxy sets the headers that it knows and hands on what else its client sends. So whoever believes both ``Forwarded``
and ``X-Forwarded-…`` believes a client. A request in which they say different things is refused, and so is a prefix
that the operator has not named, where any has been named.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import falcon.asgi

from tmfkit_server.errors import InvalidHeader
from tmfkit_server.network import Network, is_address, is_host, is_in, is_path

__all__ = ["Addresses"]

_SCHEMES = ("http", "https")
# RFC 7239, section 4, and RFC 9110, section 5.6.2: a name, and a token or a text in quotes, or no pair at all.
# Hosts and addresses are taken without quotes too.
_PAIR = re.compile(r"""\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*)?""")
_PREFIX = "X-Forwarded-Prefix"
_OTHERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")


@dataclass(frozen=True, slots=True)
class _Called:
    """What a proxy says: by which scheme and host it was called, and by whom."""

    scheme: str
    host: str
    client: str


class Addresses:
    """The addresses that requests call the server by: scheme, host, and the prefix of a proxy."""

    def __init__(self, public_url: str, proxies: Sequence[Network] = (), prefixes: Iterable[str] = ()) -> None:
        """Prepare.

        Args:
            public_url: The one address that the operator names; empty when there is none.
            proxies: Networks of the proxies whose headers are believed.
            prefixes: Paths that they may name in ``X-Forwarded-Prefix``; any where none is named.
        """
        self.public_url = public_url.rstrip("/")
        self._proxies = tuple(proxies)
        self._prefixes = frozenset(prefixes)

    def of(self, req: falcon.asgi.Request) -> str:
        """Return the address of a request; InvalidHeader when it has none that could be one."""
        return self.public_url or f"{self._called(req)}{req.root_path}"

    def client_of(self, req: falcon.asgi.Request) -> str:
        """Return the address of whoever the outermost of the trusted proxies works for; else of who is connected."""
        connected = req.remote_addr
        if not is_in(connected, self._proxies):
            return connected
        try:
            client = self._forwarded(req).client
        except InvalidHeader:
            return connected
        return client if is_address(client) else connected

    def _called(self, req: falcon.asgi.Request) -> str:
        """Return what a request calls the server by, without the path that the application is mounted at."""
        host = req.get_header("Host")
        if not self._proxies and host is not None:
            return _direct(req.scheme, host)
        if self._proxies:
            client = req.scope.get("client") or ("",)
            if is_in(str(client[0]), self._proxies):
                return f"{_address(self._forwarded(req))}{self._prefix(req)}"
        if host is None:
            server = req.scope.get("server") or ("localhost", None)
            host = f"[{server[0]}]:{server[1]}" if ":" in str(server[0]) else f"{server[0]}:{server[1]}"
        return _direct(req.scheme, host)

    def _forwarded(self, req: falcon.asgi.Request) -> _Called:
        others = tuple(req.get_header(name) or "" for name in _OTHERS)
        forwarded = req.get_header("Forwarded") or ""
        return _forwarded(req.scheme, req.get_header("Host") or "", forwarded, others, self._proxies)

    def _prefix(self, req: falcon.asgi.Request) -> str:
        """Return the prefix that a proxy names; InvalidHeader when it may not."""
        prefixes = _listed(req.get_header(_PREFIX) or "")
        if not prefixes:
            return ""
        prefix = _at(prefixes, _hops(_listed(req.get_header("X-Forwarded-For") or ""), self._proxies), "").rstrip("/")
        if not is_path(prefix):
            raise InvalidHeader(_PREFIX, "it has to be a path")
        if prefix and self._prefixes and prefix not in self._prefixes:
            raise InvalidHeader(_PREFIX, "it has to be a path that --trusted-prefix names")
        return prefix


@functools.lru_cache(maxsize=1024)
def _direct(scheme: str, host: str) -> str:
    if not is_host(host):
        raise InvalidHeader("Host", "it has to be a name or an address, with a port if need be")
    return f"{scheme}://{host}"


def _address(called: _Called) -> str:
    if called.scheme not in _SCHEMES or not is_host(called.host):
        raise InvalidHeader("Forwarded, or X-Forwarded-Host or -Proto", "it has to have http or https, and a host")
    return f"{called.scheme}://{called.host}"


@functools.lru_cache(maxsize=1024)
def _forwarded(
    scheme: str, host: str, forwarded: str, others: tuple[str, ...], proxies: tuple[Network, ...]
) -> _Called:
    """Return what the outermost of the trusted proxies says; InvalidHeader when it says two things."""
    found = []
    if forwarded:
        element = _outermost(_elements(forwarded), proxies)
        client = _bare(element.get("for", ""))
        found.append(_Called(element.get("proto", scheme).lower(), element.get("host", host), client))
    if any(others) or not forwarded:
        clients, hosts, protocols = map(_listed, others)
        hops = _hops(clients, proxies)
        client = _bare(_at(clients, hops, ""))
        found.append(_Called(_at(protocols, hops, scheme).lower(), _at(hosts, hops, host), client))
    if any(each != found[0] for each in found):
        raise InvalidHeader("Forwarded", "it has to say what X-Forwarded-For, -Host and -Proto say, or be left out")
    return found[0]


def _listed(header: str) -> list[str]:
    return [part for each in header.split(",") if (part := each.strip())]


def _at(values: Sequence[str], hops: int, default: str) -> str:
    """Return what the proxy said that is so many hops away; some add nothing to a header."""
    return values[-min(hops, len(values))] if values else default


def _hops(clients: Sequence[str], proxies: Sequence[Network]) -> int:
    """Return how many trusted proxies there are one behind the other, the one that is connected included."""
    hops = 1
    for client in reversed(clients):
        if not is_in(_bare(client), proxies):
            break
        hops += 1
    return hops


def _elements(header: str) -> list[Mapping[str, str]]:
    """Read ``Forwarded``, without elements that say nothing; a comma in quotes separates nothing."""
    elements: list[dict[str, str]] = [{}]
    place = 0
    while found := _PAIR.match(header, place):
        name, text, token = found.groups()
        if name and elements[-1].setdefault(name.lower(), _unquoted(text, token)) != _unquoted(text, token):
            break
        if (place := found.end()) == len(header):
            return [each for each in elements if each] or [{}]
        if header[place] == ",":
            elements.append({})
        elif header[place] != ";":
            break
        place += 1
    raise InvalidHeader("Forwarded", "it has to be what RFC 7239 has")


def _unquoted(text: str | None, token: str) -> str:
    return token if text is None else re.sub(r"\\(.)", r"\1", text)


def _outermost(elements: Sequence[Mapping[str, str]], proxies: Sequence[Network]) -> Mapping[str, str]:
    """Return what the outermost trusted proxy has added; before it whoever calls may have written what it likes."""
    for number in range(len(elements) - 1, 0, -1):
        if not is_in(_bare(elements[number].get("for", "")), proxies):
            return elements[number]
    return elements[0]


def _bare(client: str) -> str:
    """Return an address without its port."""
    if client.startswith("["):
        return client[1:].partition("]")[0]
    return client.partition(":")[0] if client.count(":") == 1 else client
