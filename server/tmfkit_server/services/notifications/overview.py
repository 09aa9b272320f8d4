"""Who listens, and how much is on its way to whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from tmfkit_server.storage.base import Store, Subscription

__all__ = ["Overview", "Watched"]


class Watched(NamedTuple):
    """One listener, and how many notifications are on their way to it."""

    listener: Subscription
    waiting: int


class Overview:
    """The listeners of all APIs."""

    def __init__(self, store: Store, hubs: Collection[str]) -> None:
        """Prepare.

        Args:
            store: Where they are kept.
            hubs: Names of all hubs.
        """
        self._store = store
        self._hubs = hubs

    async def listeners(self) -> Sequence[Watched]:
        """Return all of them, hub by hub."""
        waiting = await self._store.outbox.waiting()
        found: list[Watched] = []
        for hub in self._hubs:
            # One hub at a time: whoever holds several may wait for another one who does the same.
            async with self._store.transaction() as transaction:
                found += [Watched(each, waiting.get(each.id, 0)) for each in await transaction.subscriptions(hub)]
        return found
