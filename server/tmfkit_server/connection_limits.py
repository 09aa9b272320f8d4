"""How long the server waits for its clients, and how many of them it has."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ConnectionLimits"]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection is closed beyond.

    Attributes:
        header_seconds: From the connection, or the first byte of a further request, to the end of the headers.
        body_seconds: From there to the end of the body.
        write_seconds: For which a client takes next to nothing of what it is sent.
        keep_alive_seconds: Between two requests.
        connections: Of one process; fewer where the system allows a process fewer open files.
    """

    header_seconds: float = 10.0
    body_seconds: float = 60.0
    write_seconds: float = 30.0
    keep_alive_seconds: float = 15.0
    connections: int = 10_000
