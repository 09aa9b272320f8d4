"""``POST`` on a hub and ``DELETE`` of one of its listeners, for every API."""

from __future__ import annotations

import falcon.asgi
import orjson

from tmfkit_models.contracts import Operation
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.endpoint import answer, check_accept
from tmfkit_server.services.notifications.subscriptions import Subscriptions

__all__ = ["RegisterHandler", "UnregisterHandler"]


class RegisterHandler:
    """Registers a listener."""

    def __init__(
        self, operation: Operation, subscriptions: Subscriptions, path: str, addresses: Addresses, reader: BodyReader
    ) -> None:
        """Prepare.

        Args:
            operation: The operation.
            subscriptions: The listeners.
            path: Path of the hub, with the base path of its API.
            addresses: What clients call the server by.
            reader: Reads bodies.
        """
        self._path = path
        self._operation = operation
        self._subscriptions = subscriptions
        self._addresses = addresses
        self._reader = reader

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer 201 even where the contract names 204 first, because the client needs the id."""
        check_accept(req, self._operation)
        address = self._addresses.of(req)
        _, sent = await self._reader.read(req, self._operation.consumes)
        registered = await self._subscriptions.register(sent)
        location = f"{address}{self._path}/{registered.id}"
        resp.set_header("Location", location)
        if "Content-Location" in self._operation.response_headers.get("201", ()):
            resp.set_header("Content-Location", location)
        body = {"id": registered.id, "callback": registered.callback, "query": registered.query}
        answer(resp, 201, orjson.dumps(body))


class UnregisterHandler:
    """Takes a listener away."""

    def __init__(self, operation: Operation, subscriptions: Subscriptions) -> None:
        self._operation = operation
        self._subscriptions = subscriptions

    async def __call__(self, _req: object, resp: falcon.asgi.Response, identifier: str) -> None:
        """Answer that it is gone."""
        await self._subscriptions.unregister(identifier)
        resp.status = self._operation.success
