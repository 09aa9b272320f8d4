"""How long a target has been silent."""

from __future__ import annotations

from tmfkit_conformance.drive.client import SILENCE_LIMIT
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Silence"]


class Silence:
    """Counts the requests in a row that got no answer, whoever sent them."""

    def __init__(self) -> None:
        self.requests = 0

    @property
    def is_long(self) -> bool:
        """Whether the target is taken to be gone."""
        return self.requests >= SILENCE_LIMIT

    def hear(self, exchange: Exchange) -> Exchange:
        """Count an exchange, and return it."""
        self.requests = 0 if exchange.response else self.requests + 1
        return exchange
