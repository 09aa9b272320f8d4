"""How long the server tries to deliver."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RetryLimits"]


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When a notification is given up.

    Attributes:
        attempts: Failed attempts, the last of them while the listener takes others.
        hours: Hours since the change, whether the listener is down or not.
    """

    attempts: int = 15
    hours: float = 72.0
