"""Who listens, and how much is on its way to whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from tmfkit_server.storage.base import Delivery, Store, Subscription

__all__ = ["Overview", "Watched"]


class Watched(NamedTuple):
    """One listener, how many notifications are on their way to it, and the oldest of them; None without any."""

    listener: Subscription
    waiting: int
    oldest: Delivery | None


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
        waiting, oldest = await self._store.outbox.waiting(), await self._store.outbox.oldest()
        found: list[Watched] = []
        for hub in self._hubs:
            # One hub at a time: whoever holds several may wait for another one who does the same.
            async with self._store.transaction() as transaction:
                known = await transaction.subscriptions(hub)
                found += [Watched(each, waiting.get(each.id, 0), oldest.get(each.id)) for each in known]
        return found
