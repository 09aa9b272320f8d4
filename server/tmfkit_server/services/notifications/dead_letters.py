"""Notifications that were given up: an admin looks at them, sends them again, or forgets them."""

from __future__ import annotations

from tmfkit_server.errors import UnknownId
from tmfkit_server.storage import outbox
from tmfkit_server.storage.base import Store

__all__ = ["DeadLetters"]

_KIND = "dead letter"
# No store numbers its deliveries further.
_LARGEST_NUMBER = 2**63 - 1


class DeadLetters:
    """The dead letters of all APIs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, listener: str | None, *, offset: int, limit: int, most_bytes: int) -> outbox.DeadLetters:
        """Return a page, the oldest first; of one listener, or of all; see ``Outbox.dead_letters``."""
        return await self._store.outbox.dead_letters(listener, offset=offset, limit=limit, most_bytes=most_bytes)

    async def resend(self, identifier: str) -> None:
        """Send one again, as if it were new; UnknownId when there is none."""
        if not await self._store.outbox.revive(_number(identifier)):
            raise UnknownId(_KIND, identifier)

    async def resend_all(self, listener: str | None) -> int:
        """Send all again, or all of one listener; return how many."""
        return await self._store.outbox.revive_all(listener)

    async def discard(self, identifier: str) -> None:
        """Forget one; UnknownId when there is none."""
        if not await self._store.outbox.discard(_number(identifier)):
            raise UnknownId(_KIND, identifier)


def _number(identifier: str) -> int:
    number = int(identifier) if identifier.isascii() and identifier.isdecimal() and len(identifier) < 20 else 0
    if not 0 < number <= _LARGEST_NUMBER:
        raise UnknownId(_KIND, identifier)
    return number
