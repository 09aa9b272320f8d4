"""From a contract to Falcon routes: every operation gets the handler of its action."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import falcon.asgi

from tmfkit_models.contracts import Contract, Operation
from tmfkit_server.answer_room import AnswerRoom
from tmfkit_server.errors import NotOffered
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.collection import CreateHandler, ListHandler
from tmfkit_server.resources.endpoint import Endpoint, Responder
from tmfkit_server.resources.hub import RegisterHandler, UnregisterHandler
from tmfkit_server.resources.item import DeleteHandler, PatchHandler, ReplaceHandler, RetrieveHandler
from tmfkit_server.resources.task import TaskHandler
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import Extension
from tmfkit_server.services.notifications.admission import Admission
from tmfkit_server.services.notifications.callbacks import CallbackGuard
from tmfkit_server.services.notifications.subscriptions import Subscriptions
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Store

__all__ = ["Api"]


class Api:
    """One API, ready to be mounted."""

    def __init__(
        self,
        contract: Contract,
        store: Store,
        settings: Settings,
        *,
        extension: Extension,
        guard: CallbackGuard,
        admission: Admission,
        addresses: Addresses,
        room: AnswerRoom,
    ) -> None:
        """Prepare.

        Args:
            contract: What is served.
            store: Where it is kept.
            settings: What the operator decided.
            extension: What this API does differently.
            guard: Says which callbacks may be called.
            admission: Says how many of them there may be.
            addresses: What clients call the server by.
            room: Where long answers wait.
        """
        self._contract = contract
        self._store = store
        self._guard = guard
        self._admission = admission
        self._settings = settings
        self._reader = BodyReader(settings.max_body_bytes)
        self._base_path = settings.base_paths.get(contract.id, contract.base_path)
        self._addresses = addresses
        self._room = room
        self._extension = extension
        self._subscriptions: dict[str, Subscriptions] = {}
        self._entities = {
            each.name: Entities(
                contract,
                each,
                store,
                self._extension,
                max_body_bytes=settings.max_body_bytes,
                base_path=self._base_path,
            )
            for each in contract.resources
        }

    async def start(self) -> None:
        """Begin the work that no request asks for."""
        await self._extension.start(self._store, self._entities)

    async def stop(self) -> None:
        """End that work."""
        await self._extension.stop()

    def mount(self, app: falcon.asgi.App[Any, Any]) -> None:
        """Add a route for every path of the contract, and for its other spellings."""
        responders: dict[str, list[tuple[Operation, Responder]]] = defaultdict(list)
        for operation in self._contract.operations:
            for path in self._paths(operation):
                responders[path].append((operation, self._responder(operation)))
        for path, found in responders.items():
            app.add_route(
                f"{self._base_path}{path.replace('{id}', '{identifier}')}", Endpoint(found, self._contract.id)
            )

    def _paths(self, operation: Operation) -> Iterator[str]:
        yield operation.path
        if operation.resource:
            resource = self._contract.resource(operation.resource)
            if operation.path.startswith(resource.collection):
                for alias in resource.path_aliases:
                    yield alias + operation.path.removeprefix(resource.collection)

    def _responder(self, operation: Operation) -> Responder:
        if operation.action in ("register", "unregister"):
            return self._hub_responder(operation)
        entities = self._entities[operation.resource]
        match operation.action:
            case "list":
                return ListHandler(
                    operation,
                    entities,
                    self._addresses,
                    page_limit=self._settings.page_limit,
                    max_page_bytes=self._settings.max_page_bytes,
                    search_limits=self._settings.search_limits,
                    room=self._room,
                ).__call__
            case "create":
                return CreateHandler(operation, entities, self._addresses, self._reader).__call__
            case "retrieve":
                return RetrieveHandler(operation, entities, self._addresses).__call__
            case "patch":
                return PatchHandler(operation, entities, self._addresses, self._reader).__call__
            case "replace":
                return ReplaceHandler(operation, entities, self._addresses, self._reader).__call__
            case "delete":
                return DeleteHandler(operation, entities, self._addresses).__call__
            case _:
                return self._task_responder(operation, entities)

    def _hub_responder(self, operation: Operation) -> Responder:
        path = operation.path.removesuffix("/{id}")
        [register] = [each for each in self._contract.operations if each.action == "register" and each.path == path]
        subscriptions = self._subscriptions.get(path)
        if subscriptions is None:
            subscriptions = self._subscriptions[path] = Subscriptions(
                self._store, self._contract, register, guard=self._guard, admission=self._admission
            )
        if operation.action == "register":
            return RegisterHandler(
                operation, subscriptions, f"{self._base_path}{operation.path}", self._addresses, self._reader
            ).__call__
        return UnregisterHandler(operation, subscriptions).__call__

    def _task_responder(self, operation: Operation, entities: Entities) -> Responder:
        task = self._extension.task(operation.action)
        if task is None:
            return _not_offered(operation)
        handler = TaskHandler(
            operation, task, entities, store=self._store, addresses=self._addresses, reader=self._reader
        )
        return handler.__call__


def _not_offered(operation: Operation) -> Responder:
    async def refuse(_req: object, _resp: object, identifier: str = "") -> None:
        del identifier
        raise NotOffered(f"The operation {operation.id}")

    return refuse
