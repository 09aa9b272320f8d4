"""Who listens, and how much is on its way to whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeAlias

from tmfkit_server.services.notifications.attempts import AttemptResult
from tmfkit_server.storage.base import Delivery, Store, Subscription

__all__ = ["Overview", "Watched"]


LastFailure: TypeAlias = Callable[[str], AttemptResult | None]
"""Gives what came of the last attempt to reach a listener, when it failed."""


class Watched(NamedTuple):
    """One listener, and what is on its way to it.

    Attributes:
        listener: The listener.
        waiting: How many notifications are on their way to it.
        oldest: The oldest of them; None without any.
        last_failure: How the last attempt of this process to reach it failed; None when it did not, or there was none.
    """

    listener: Subscription
    waiting: int
    oldest: Delivery | None
    last_failure: AttemptResult | None


class Overview:
    """The listeners of all APIs."""

    def __init__(self, store: Store, hubs: Collection[str], last_failure: LastFailure) -> None:
        """Prepare.

        Args:
            store: Where they are kept.
            hubs: Names of all hubs.
            last_failure: Says how the last attempt to reach a listener failed, if it did.
        """
        self._store = store
        self._last_failure = last_failure
        self._hubs = hubs

    async def listeners(self) -> Sequence[Watched]:
        """Return all of them, hub by hub."""
        waiting, oldest = await self._store.outbox.waiting(), await self._store.outbox.oldest()
        found: list[Watched] = []
        for hub in self._hubs:
            # One hub at a time: whoever holds several may wait for another one who does the same.
            async with self._store.transaction() as transaction:
                known = await transaction.subscriptions(hub)
                found += [
                    Watched(each, waiting.get(each.id, 0), oldest.get(each.id), self._last_failure(each.id))
                    for each in known
                ]
        return found
