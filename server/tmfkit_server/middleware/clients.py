"""Whose requests proxies hand on."""

from __future__ import annotations

import falcon.asgi

from tmfkit_server.network import unmapped
from tmfkit_server.resources.addresses import Addresses

__all__ = ["Clients"]


class Clients:
    """Falcon middleware, for a server behind trusted proxies: it is their clients that are counted and named."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def process_request(self, req: falcon.asgi.Request, _resp: object) -> None:
        """Find out the client."""
        req.context.client = unmapped(self._addresses.client_of(req))
