"""Who may touch what meanwhile: locks of one event loop, held until a transaction has been committed or given up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from tmfkit_server.errors import StoreError

__all__ = ["Holder", "Locks"]


class Holder:
    """A transaction, as far as locks are concerned."""

    __slots__ = ("held", "waits_for")

    def __init__(self) -> None:
        self.held: set[Hashable] = set()
        self.waits_for: Hashable = None


@dataclass(slots=True)
class _Lock:
    is_shared: bool
    holders: set[Holder]
    waiters: deque[tuple[Holder, bool, asyncio.Future[None]]] = field(default_factory=deque)


class Locks:
    """Locks by key; first come, first served. A lock that nobody holds takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, _Lock] = {}

    async def acquire(self, holder: Holder, key: Hashable, *, is_shared: bool = False) -> None:
        """Wait until *holder* has the lock of *key*; it may have it already.

        Args:
            holder: Who wants it.
            key: What it is about.
            is_shared: Whether others may hold it meanwhile that want it shared too.

        Raises:
            StoreError: Waiting would never end, because the others wait for *holder*.
        """
        lock = self._locks.get(key)
        if lock is None:
            self._locks[key] = _Lock(is_shared, {holder})
            holder.held.add(key)
        elif holder in lock.holders:
            if lock.is_shared and not is_shared:
                raise StoreError(f"lock of {key}: asked for as a whole by who has a share of it")
        elif lock.is_shared and is_shared and not lock.waiters:
            lock.holders.add(holder)
            holder.held.add(key)
        else:
            await self._wait(holder, key, lock, is_shared=is_shared)

    def release(self, holder: Holder) -> None:
        """Give back everything that *holder* has."""
        for key in holder.held:
            lock = self._locks[key]
            lock.holders.discard(holder)
            self._hand_on(key, lock)
        holder.held.clear()

    async def _wait(self, holder: Holder, key: Hashable, lock: _Lock, *, is_shared: bool) -> None:
        if self._would_wait_for_itself(holder, key):
            raise StoreError(f"lock of {key}: two transactions wait for each other")
        granted = asyncio.get_running_loop().create_future()
        waiter = (holder, is_shared, granted)
        lock.waiters.append(waiter)
        holder.waits_for = key
        try:
            await granted
        except asyncio.CancelledError:
            if waiter in lock.waiters:
                lock.waiters.remove(waiter)
                self._hand_on(key, lock)
            # Otherwise it was granted in the same moment, and is given back with the others.
            raise
        finally:
            holder.waits_for = None

    def _hand_on(self, key: Hashable, lock: _Lock) -> None:
        while lock.waiters:
            holder, is_shared, granted = lock.waiters[0]
            if lock.holders and not (lock.is_shared and is_shared):
                return
            lock.waiters.popleft()
            if not granted.done():
                lock.is_shared = is_shared
                lock.holders.add(holder)
                holder.held.add(key)
                granted.set_result(None)
        if not lock.holders:
            del self._locks[key]

    def _would_wait_for_itself(self, holder: Holder, key: Hashable) -> bool:
        seen: set[Holder] = set()
        ahead = list(self._ahead_at(key))
        while ahead:
            other = ahead.pop()
            if other is holder:
                return True
            if other not in seen and other.waits_for is not None:
                ahead.extend(self._ahead_at(other.waits_for))
            seen.add(other)
        return False

    def _ahead_at(self, key: Hashable) -> Iterator[Holder]:
        lock = self._locks[key]
        yield from lock.holders
        yield from (holder for holder, _, _ in lock.waiters)
