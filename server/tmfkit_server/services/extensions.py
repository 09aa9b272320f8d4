"""Where code for one API only is hooked in; an API without any is served from its contract alone."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tmfkit_models.contracts import Operation, Resource
from tmfkit_server import apis
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Record, Store

if TYPE_CHECKING:
    from tmfkit_server.services.entities import Entities

__all__ = ["Extension", "Task", "TaskCall", "extension_of"]

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One call of a task.

    Attributes:
        operation: Operation that is being called.
        entities: The collection it stands on.
        store: Where the task may keep what is its own.
        collection_url: Address of the collection.
        identifier: Stored resource that the path names; empty when there is none.
        sent: Body as the client sent it; None when the path names a stored resource.
        key: Idempotency key of the request; None when it has none.
        caller: Who calls, as far as keys are concerned.
    """

    operation: Operation
    entities: Entities
    store: Store
    collection_url: str
    identifier: str = ""
    sent: Any = None
    key: str | None = None
    caller: str = ""

    async def create(self) -> tuple[Record, bool]:
        """Make the resource that was sent, and tell whether it had been made before; see ``Entities.create_once``."""
        if self.key is None:
            return await self.entities.create(self.sent, self.operation, self.collection_url), False
        return await self.entities.create_once(
            self.sent, self.operation, self.collection_url, key=self.key, caller=self.caller
        )


Task = Callable[[TaskCall], Awaitable[Record]]
"""Carries out a call and gives the resource that is the answer."""


class Extension:
    """What one API does differently: nothing, unless a subclass says so."""

    api: ClassVar[str] = ""

    def __init__(self, settings: Settings) -> None:
        """Prepare.

        Args:
            settings: What the operator decided.
        """
        self.settings = settings

    async def start(self, store: Store, entities: Mapping[str, Entities]) -> None:
        """Begin work that no request asks for; called once, when the store is open.

        Args:
            store: The store; one in a database may not answer yet, and then raises StoreError for a while.
            entities: Resource → its collection.
        """
        del store, entities

    async def stop(self) -> None:
        """End that work; called once, before the store is closed."""

    def received(self, resource: Resource, body: Body) -> Body:
        """Return *body* as it is to be understood; called before it is validated, attributes under their own names."""
        del resource
        return body

    def accepted(self, resource: Resource, body: Body) -> Body:
        """Return *body* as it is to be stored; called on every write, attributes under their own names."""
        del resource
        return body

    def presented(self, resource: Resource, body: Body) -> Body:
        """Return a stored *body* as it is shown; called on every read, attributes under their own names."""
        del resource
        return body

    def is_presented_as_stored(self, resource: Resource, record: Record) -> bool:
        """Tell whether ``presented`` gives the body of *record* back as it is, now and later.

        An extension that presents bodies in another way may say here which ones it leaves alone: they are answered
        without being decoded.
        """
        del resource, record
        return type(self).presented is Extension.presented

    def json_patch(self, resource: Resource, patch: Any) -> Any:
        """Return the operations of what a client sent as a JSON Patch."""
        del resource
        return patch

    def json_patch_operation(self, resource: Resource, pointer: str, operation: Any, body: Any) -> Iterable[Any]:
        """Return the RFC 6902 operations that an operation stands for.

        Args:
            resource: The resource.
            pointer: Where the operation stands in the patch.
            operation: The operation as it was sent.
            body: What the operations before it have made of the resource, as the client sees it.
        """
        del resource, pointer, body
        return (operation,)

    def task(self, action: str) -> Task | None:
        """Return what carries out *action*, or None when it is not one of the API's own."""
        del action
        return None


def extension_of(api: str, settings: Settings) -> Extension:
    """Return a new extension of *api*; the empty one when no module is written for it."""
    for module in pkgutil.iter_modules(apis.__path__, f"{apis.__name__}."):
        extension: type[Extension] = importlib.import_module(module.name).EXTENSION
        if extension.api == api:
            return extension(settings)
    return Extension(settings)
