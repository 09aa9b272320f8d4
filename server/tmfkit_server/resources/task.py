"""``POST`` on an operation that is one API's own, such as sending a message."""

from __future__ import annotations

import falcon.asgi

from tmfkit_models.contracts import Operation
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.endpoint import answer_with, caller_of, check_accept
from tmfkit_server.resources.idempotency import idempotency_key
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import Task, TaskCall
from tmfkit_server.storage.base import Store

__all__ = ["TaskHandler"]


class TaskHandler:
    """Carries out a task, on the body sent or on the stored resource that the path names."""

    def __init__(
        self,
        operation: Operation,
        task: Task,
        entities: Entities,
        *,
        store: Store,
        addresses: Addresses,
        reader: BodyReader,
    ) -> None:
        self._operation = operation
        self._task = task
        self._entities = entities
        self._store = store
        self._addresses = addresses
        self._reader = reader

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str = "") -> None:
        """Answer with what the task gives. A stored resource is the whole input: a body beside it is not read."""
        check_accept(req, self._operation)
        key = None if identifier else idempotency_key(req)
        sent = None if identifier else (await self._reader.read(req, self._operation.consumes))[1]
        address = self._addresses.of(req)
        call = TaskCall(self._operation, self._entities, self._store, address, identifier, sent, key, caller_of(req))
        answer_with(resp, self._operation.success, self._entities, await self._task(call), address)
