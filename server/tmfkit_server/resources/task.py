"""``POST`` on an operation that is one API's own, such as sending a message."""

from __future__ import annotations

import falcon.asgi
from tmfkit_models.contracts import Operation

from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.endpoint import Addresses, answer, check_accept
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import Task

__all__ = ["TaskHandler"]


class TaskHandler:
    """Carries out a task, on the body sent or on the stored resource that the path names."""

    def __init__(self, operation: Operation, task: Task, entities: Entities, addresses: Addresses, reader: BodyReader) -> None:
        self._operation = operation
        self._task = task
        self._entities = entities
        self._addresses = addresses
        self._reader = reader

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str = "") -> None:
        """Answer with what the task gives."""
        check_accept(req, self._operation)
        collection_url = self._addresses.of(req, self._entities.resource.collection)
        if identifier:
            body = await self._task(self._entities, identifier, collection_url)
        else:
            _, sent = await self._reader.read(req, self._operation.consumes)
            body = await self._task(self._entities, sent, collection_url)
        answer(resp, self._operation.success, body)
