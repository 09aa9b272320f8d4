"""Where code for one API only is hooked in; an API without any is served from its contract alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tmfkit_models.contracts import Operation
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.resource_hooks import ResourceHooks
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Record, Store

__all__ = ["Extension", "Task", "TaskCall"]


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One call of a task.

    Attributes:
        operation: Operation that is being called.
        entities: The collection it stands on.
        store: Where the task may keep what is its own.
        address: Address that the server is called by.
        identifier: Stored resource that the path names; empty when there is none.
        sent: Body as the client sent it; None when the path names a stored resource.
        key: Idempotency key of the request; None when it has none.
        caller: Who calls, as far as keys are concerned.
    """

    operation: Operation
    entities: Entities
    store: Store
    address: str
    identifier: str = ""
    sent: Any = None
    key: str | None = None
    caller: str = ""

    async def create(self) -> tuple[Record, bool]:
        """Make the resource that was sent, and tell whether it had been made before; see ``Entities.create_once``."""
        if self.key is None:
            return await self.entities.create(self.sent, self.operation, self.address), False
        return await self.entities.create_once(
            self.sent, self.operation, self.address, key=self.key, caller=self.caller
        )


Task = Callable[[TaskCall], Awaitable[Record]]
"""Carries out a call and gives the resource that is the answer."""


class Extension(ResourceHooks):
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

    def task(self, action: str) -> Task | None:
        """Return what carries out *action*, or None when it is not one of the API's own."""
        del action
        return None
