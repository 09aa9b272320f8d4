"""IP addresses and networks, as far as settings and callbacks speak of them."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

__all__ = ["LOOPBACK", "Address", "Network", "Place", "is_address", "is_loopback", "shown"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Place: TypeAlias = tuple[str, int]
"""Host and port that something listens on."""

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


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
