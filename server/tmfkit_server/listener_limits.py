"""How many listeners there are, and how many connections to them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ListenerLimits"]


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What a further listener, or a further connection, has to wait beyond.

    Attributes:
        for_host: Listeners at one host, which names that lead to one address are.
        for_hub: Listeners of one hub.
        altogether: Listeners.
        connections: Connections to listeners, of one process; a fifth of them to one address.
    """

    for_host: int = 200
    for_hub: int = 1000
    altogether: int = 2000
    connections: int = 100
