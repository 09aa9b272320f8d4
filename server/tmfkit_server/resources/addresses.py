"""What clients call the server by: the operator's word, a trusted proxy's, or a valid ``Host``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

import falcon.asgi

from tmfkit_server.errors import InvalidHeader
from tmfkit_server.network import Network, is_address, is_host, is_in

__all__ = ["Addresses"]

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_SCHEMES = ("http", "https")
# RFC 7239, section 4: a name, and a token or a text in quotes.
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*')
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix")


class Addresses:
    """The addresses that requests call the server by: scheme, host, and the prefix of a proxy."""

    def __init__(self, public_url: str, proxies: Sequence[Network] = ()) -> None:
        """Prepare.

        Args:
            public_url: The one address that the operator names; empty when there is none.
            proxies: Networks of the proxies whose headers are believed.
        """
        self.public_url = public_url.rstrip("/")
        self._proxies = tuple(proxies)

    def of(self, req: falcon.asgi.Request) -> str:
        """Return the address of a request; InvalidHeader when it has none that could be one."""
        return self.public_url or f"{self._called(req)}{req.root_path}"

    def client_of(self, req: falcon.asgi.Request) -> str:
        """Return the address of whoever the outermost of the trusted proxies works for; else of who is connected."""
        connected = req.remote_addr
        if not is_in(connected, self._proxies):
            return connected
        client = _client(req.get_header("Forwarded") or "", req.get_header("X-Forwarded-For") or "", self._proxies)
        return client if is_address(client) else connected

    def _called(self, req: falcon.asgi.Request) -> str:
        """Return what a request calls the server by, without the path that the application is mounted at."""
        host = req.get_header("Host")
        if not self._proxies and host is not None:
            return _direct(req.scheme, host)
        if self._proxies:
            client = req.scope.get("client") or ("",)
            if is_in(str(client[0]), self._proxies):
                headers = tuple(req.get_header(name) or "" for name in _FORWARDED)
                return _forwarded(req.scheme, host or "", headers, self._proxies)
        if host is None:
            server = req.scope.get("server") or ("localhost", None)
            host = f"[{server[0]}]:{server[1]}" if ":" in str(server[0]) else f"{server[0]}:{server[1]}"
        return _direct(req.scheme, host)


@functools.lru_cache(maxsize=1024)
def _direct(scheme: str, host: str) -> str:
    if not is_host(host):
        raise InvalidHeader("Host", "it has to be a name or an address, with a port if need be")
    return f"{scheme}://{host}"


@functools.lru_cache(maxsize=1024)
def _forwarded(scheme: str, host: str, headers: tuple[str, ...], proxies: tuple[Network, ...]) -> str:
    """Return the address that the outermost of the trusted proxies was called by."""
    forwarded, clients, hosts, protocols, prefixes = headers
    if forwarded:
        element = _outermost(_elements(forwarded), proxies)
        scheme, host = element.get("proto", scheme).lower(), element.get("host", host)
        hops = 1
    else:
        hops = _hops(_listed(clients), proxies)
        scheme, host = _at(_listed(protocols), hops, scheme).lower(), _at(_listed(hosts), hops, host)
    prefix = _at(_listed(prefixes), hops, "").rstrip("/")
    if scheme not in _SCHEMES or not is_host(host) or not _PREFIX.fullmatch(prefix):
        name = "Forwarded" if forwarded else "X-Forwarded-Host, -Proto or -Prefix"
        raise InvalidHeader(name, "it has to have http or https, a host, and a path for a prefix")
    return f"{scheme}://{host}{prefix}"


def _client(forwarded: str, clients: str, proxies: Sequence[Network]) -> str:
    """Return the address of the client of the outermost trusted proxy; empty or another word where it tells none."""
    if not forwarded:
        named = _listed(clients)
        return _bare(_at(named, _hops(named, proxies), ""))
    try:
        return _bare(_outermost(_elements(forwarded), proxies).get("for", ""))
    except InvalidHeader:
        return ""


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
    """Read ``Forwarded``; a comma in quotes separates nothing."""
    elements: list[dict[str, str]] = [{}]
    place = 0
    while place < len(header):
        found = _PAIR.match(header, place)
        if found is None:
            raise InvalidHeader("Forwarded", "it has to be what RFC 7239 has")
        elements[-1][found[1].lower()] = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        place = found.end()
        if place < len(header):
            if header[place] == ",":
                elements.append({})
            elif header[place] != ";":
                raise InvalidHeader("Forwarded", "it has to be what RFC 7239 has")
            place += 1
    return list(elements)


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
