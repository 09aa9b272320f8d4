"""Whether there is room for one more listener: each one makes every change dearer."""

from __future__ import annotations

from collections.abc import Collection

from tmfkit_server.errors import TooManyListeners
from tmfkit_server.listener_limits import ListenerLimits
from tmfkit_server.services.notifications.callbacks import CallbackGuard, host_of
from tmfkit_server.storage.base import Store, Subscription

__all__ = ["Admission"]


class Admission:
    """Counts the listeners of all hubs.

    Those that are registered in one and the same moment may not see each other, so that a limit is exceeded by as many.
    """

    def __init__(self, store: Store, hubs: Collection[str], limits: ListenerLimits, guard: CallbackGuard) -> None:
        """Prepare.

        Args:
            store: Where listeners are kept.
            hubs: Names of all hubs.
            limits: How many there may be.
            guard: Knows where hosts are.
        """
        self._store = store
        self._hubs = hubs
        self._limits = limits
        self._guard = guard

    async def check(self, hub: str, callback: str) -> None:
        """Raise TooManyListeners when a listener of *hub* at the address *callback* is one too many."""
        known = [each for name in self._hubs for each in await self._listeners(name)]
        host, limits = host_of(callback), self._limits
        # Names that lead to one address are one host.
        place = self._place_of(callback)
        counts = [
            (f"at the host {host!r}", sum(self._place_of(each.callback) == place for each in known), limits.for_host),
            ("of this hub", sum(each.hub == hub for each in known), limits.for_hub),
            ("of this server", len(known), limits.altogether),
        ]
        for which, count, most in counts:
            if count >= most:
                raise TooManyListeners(which, most)

    async def _listeners(self, hub: str) -> Collection[Subscription]:
        # One hub at a time: whoever holds several may wait for another one who does the same.
        async with self._store.transaction() as transaction:
            return await transaction.subscriptions(hub)

    def _place_of(self, callback: str) -> str:
        host = host_of(callback)
        return self._guard.place_of(host) or host.rstrip(".")
