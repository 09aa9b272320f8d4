"""Limits of requests, for each address and for each credential, counted in each process."""

from __future__ import annotations

import falcon.asgi

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import TooManyRequests
from tmfkit_server.network import network_of
from tmfkit_server.rates import Rates
from tmfkit_server.resources.endpoint import caller_of, client_of

__all__ = ["AddressLimit", "CallerLimit"]


class AddressLimit:
    """Falcon middleware that stands before credentials are looked at."""

    def __init__(self, per_second: float, open_paths: frozenset[str]) -> None:
        """Prepare.

        Args:
            per_second: Requests of one address a second.
            open_paths: Paths that are not counted.
        """
        self._rates = Rates(per_second)
        self._open_paths = open_paths

    async def process_request(self, req: falcon.asgi.Request, _resp: object) -> None:
        """Raise TooManyRequests when this is one too many."""
        if req.path not in self._open_paths:
            _count(self._rates, network_of(client_of(req)))


class CallerLimit:
    """Falcon middleware that stands behind them."""

    def __init__(self, per_second: float) -> None:
        self._rates = Rates(per_second)

    async def process_request(self, req: falcon.asgi.Request, _resp: object) -> None:
        """Raise TooManyRequests when this is one too many of a caller."""
        if caller := caller_of(req):
            _count(self._rates, caller)


def _count(rates: Rates, who: str) -> None:
    if seconds := rates.wait_seconds(who):
        COUNTS.requests_limited += 1
        raise TooManyRequests(seconds)
