"""IP addresses and networks, as far as settings and callbacks speak of them."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

__all__ = ["LOOPBACK", "Address", "Network", "is_address", "is_loopback"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def is_address(host: str) -> bool:
    """Tell whether *host* is an IP address, which nobody has to look up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether what listens on *host* is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
