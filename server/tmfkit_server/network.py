"""IP addresses and networks, as far as settings and callbacks speak of them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TypeAlias

__all__ = [
    "LOOPBACK",
    "Address",
    "Network",
    "Place",
    "is_address",
    "is_host",
    "is_in",
    "is_loopback",
    "is_path",
    "network_of",
    "shown",
    "unmapped",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Place: TypeAlias = tuple[str, int]
"""Host and port that something listens on."""

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

# A name or an IPv4 address, or an IPv6 address in brackets, and a port (RFC 3986, section 3.2), in the characters that
# names in use have.
_HOST = re.compile(
    r"([A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?|\[([0-9A-Fa-f:.]+)\])(:([0-9]{1,5}))?", re.ASCII
)
_LARGEST_PORT = 65535
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
# Of an IPv6 network that one customer of a provider has.
_IPV6_PREFIX = 64


def is_host(text: str) -> bool:
    """Tell whether a text is a host, with or without a port."""
    found = _HOST.fullmatch(text)
    if not found or ".." in text:
        return False
    return int(found[5] or 0) <= _LARGEST_PORT and (found[3] is None or is_address(found[3]))


def is_path(text: str) -> bool:
    """Tell whether a text is a path that a server may be reached under, without a slash at its end; nothing is one."""
    return _PATH.fullmatch(text) is not None


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether a text is an IP address in one of *networks*."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return any((mapped or known) in network for network in networks)


def unmapped(address: str) -> str:
    """Return the IPv4 address that an IPv6 one stands for where a socket serves both (RFC 4291, section 2.5.5.2)."""
    return address.removeprefix("::ffff:") if "." in address else address


def is_address(host: str) -> bool:
    """Tell whether *host* is an IP address, which nobody has to look up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def shown(place: Place) -> str:
    """Return a host and a port as addresses have them."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether what listens on *host* is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def network_of(address: str) -> str:
    """Return what an address counts as: all that one customer of a provider has; what is no address is returned."""
    if ":" not in address:
        return address
    try:
        known = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = known.ipv4_mapped
    return str(ipaddress.ip_network((known, _IPV6_PREFIX), strict=False) if mapped is None else mapped)
