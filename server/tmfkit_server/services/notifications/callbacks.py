"""Which addresses the server calls back, so that nobody makes it reach what only it can reach (SSRF).

Refused is everything that is not a public unicast address: loopback, private, link-local (where clouds keep their
metadata), shared, multicast, reserved, and the IPv6 forms that lead to such an IPv4 address. An operator can allow
networks. A name is looked up when a listener registers and again for every connection, and the connection goes to the
very address that was checked: a name that leads elsewhere a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from yarl import URL

from tmfkit_server.network import Address, Network, is_address, network_of

__all__ = ["CallbackGuard", "CallbackRefused", "PortRefused", "host_of"]

# Not public, whatever a release of Python takes them for: the metadata of a cloud (Azure), protocol assignments
# (RFC 6890), relays of 6to4 (RFC 7526), documentation (RFC 9637).
_NEVER = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
# Others below this are those of services that are none of HTTP.
_LOWEST_FREE_PORT = 1024
_WEB_PORTS = frozenset({80, 443})

# RFC 4291, section 2.4: everything else in IPv6 is no global unicast address.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# RFC 6052, section 2.1: the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Lookups that hang hold up their own threads, not those that write to a disk, and hardly ever each other: what is down
# is looked up every few minutes, and a resolver gives up after some seconds.
_LOOKUPS_AT_ONCE = 64
# Several times as many as there are listeners.
_MOST_PLACES = 10_000


class CallbackRefused(Exception):  # noqa: N818 - says what it is
    """An address is not one that the server calls.

    Attributes:
        kind: What kind of address it is.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(f"it leads to {kind} address, and --allow-callbacks does not allow it")
        self.kind = kind


class PortRefused(Exception):  # noqa: N818 - says what it is
    """A port is not one that the server calls.

    Attributes:
        port: The port.
    """

    def __init__(self, port: int) -> None:
        super().__init__(f"it leads to port {port}, and --allow-callback-port does not allow it")
        self.port = port


class CallbackGuard:
    """Looks hosts up, and refuses those that lead to where they must not."""

    def __init__(self, allowed: Sequence[Network] = (), ports: Collection[int] | None = None) -> None:
        """Prepare.

        Args:
            allowed: Networks that are called although they are not public.
            ports: Ports below 1024 that are called besides those of the web; None for all of them.
        """
        self._ports = ports
        self._allowed = tuple(allowed)
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "callback-lookup")
        self._lookups: dict[str, asyncio.Future[list[str]]] = {}
        self._places: dict[str, str] = {}

    async def addresses(self, host: str) -> Sequence[str]:
        """Return the addresses that may be connected to for *host*.

        Args:
            host: Name or IP address, an IPv6 address without brackets.

        Raises:
            CallbackRefused: At least one address of it is refused.
            OSError: It cannot be looked up.
            UnicodeError: It is no name that could be looked up.
        """
        found = [host] if is_address(host) else await self._looked_up(host)
        for each in found:
            self._check(ipaddress.ip_address(each))
        self._keep_in_mind(host, network_of(found[0]))
        return found

    def place_of(self, host: str) -> str:
        """Return the network that *host* was in when it was looked up last; empty as long as that is not known."""
        return network_of(host) if is_address(host) else self._places.get(host, "")

    def _keep_in_mind(self, host: str, place: str) -> None:
        self._places.pop(host, None)
        self._places[host] = place
        if len(self._places) > _MOST_PLACES:
            del self._places[next(iter(self._places))]

    def check_port(self, port: int) -> None:
        """Raise PortRefused when a port is not called."""
        is_free = port >= _LOWEST_FREE_PORT or port in _WEB_PORTS
        if not is_free and self._ports is not None and port not in self._ports:
            raise PortRefused(port)

    async def _looked_up(self, host: str) -> list[str]:
        """Look a name up, once for all who ask for it at the same time."""
        lookup = self._lookups.get(host)
        if lookup is None:
            loop = asyncio.get_running_loop()
            lookup = self._lookups[host] = loop.run_in_executor(self._threads, _look_up, host)
            lookup.add_done_callback(lambda _: self._lookups.pop(host))
        # Who gives up waiting does not end it for the others.
        return await asyncio.shield(lookup)

    def _check(self, address: Address) -> None:
        forms = list(_forms(address))
        if any(form in network for form in forms for network in self._allowed if form.version == network.version):
            return
        for form in forms:
            if kind := _refused_kind(form):
                raise CallbackRefused(kind)


def host_of(callback: str) -> str:
    """Return the host of a callback as it is looked up, an IPv6 address without brackets; empty when it has none."""
    try:
        return URL(callback).raw_host or ""
    except ValueError:
        return ""


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _forms(address: Address) -> Iterator[Address]:
    """Yield the IPv4 address that an IPv6 address stands for, and an address that stands for no other itself."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    yield inner or address


def _refused_kind(address: Address) -> str:
    """Return what speaks against an address, with its article; empty when nothing does."""
    kinds = {
        "a loopback": address.is_loopback,
        "an unspecified": address.is_unspecified,
        "a multicast": address.is_multicast,
        "a link-local": address.is_link_local,
        "a private or reserved": not address.is_global or address.is_reserved or _is_never_called(address),
        "a reserved": isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST,
    }
    return next((kind for kind, is_so in kinds.items() if is_so), "")


def _is_never_called(address: Address) -> bool:
    return any(address in network for network in _NEVER if network.version == address.version)
