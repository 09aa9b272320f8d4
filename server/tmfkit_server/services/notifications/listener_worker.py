"""All deliveries to one listener: resource by resource in order, several resources at once, none while it is down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.services.backoff import pause_seconds
from tmfkit_server.services.notifications.attempts import AttemptResult
from tmfkit_server.services.notifications.outcome_writer import OutcomeWriter
from tmfkit_server.storage.base import Death, Delivery, Outbox
from tmfkit_server.turns import Turns

if TYPE_CHECKING:
    from tmfkit_server.services.notifications.webhook_client import WebhookClient

__all__ = ["ListenerWorker"]

_LOG = logging.getLogger(__name__)
_SUBJECTS_AT_ONCE = 10
_DELIVERIES_AT_A_TIME = 50
_BYTES_AT_A_TIME = 256 << 10
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 300.0
# That many failures in a row, and the listener is down.
_DOWN_AFTER = 5
_REST_SECONDS = 1.0
# What is under way when the server stops may still arrive, so that it need not be sent again.
_GRACE_SECONDS = 3.0


class _Breaker:
    """Tells whether a listener is down, in which case it is probed with one notification now and then.

    Attributes:
        closed_until: When it may be probed, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.closed_until = 0.0
        self._failures = 0
        self._probes = 0

    @property
    def is_down(self) -> bool:
        return self._failures >= _DOWN_AFTER

    def take(self, *, is_success: bool) -> None:
        """Take note of an attempt."""
        if is_success:
            self._failures = self._probes = 0
            self.closed_until = 0.0
            return
        self._failures += 1
        # What was under way when it went down says nothing new.
        if self.is_down and time.time() >= self.closed_until:
            self._probes += 1
            pause = pause_seconds(self._probes, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
            self.closed_until = time.time() + pause


class ListenerWorker:
    """Delivers to one listener until nothing is left.

    Every subject, which is a resource, is in one place at a time: read and ready, under way, or at rest after a
    failure. While it is in any of them the outbox is not asked for more of it, so that its order is kept.

    Attributes:
        last_failure: What came of the last attempt; None when the listener took that one, and before the first.
    """

    def __init__(
        self,
        subscription: str,
        outbox: Outbox,
        client: WebhookClient,
        outcomes: OutcomeWriter,
        retry_limits: RetryLimits,
        reading: asyncio.Lock,
    ) -> None:
        """Describe the worker.

        Args:
            subscription: Listener, which this process has a lease on.
            outbox: Where its notifications wait.
            client: Brings them.
            outcomes: Takes note of what became of them.
            retry_limits: When they are given up.
            reading: Whoever reads from the outbox; one at a time, because a long notification takes a turn to decode.
        """
        self._subscription = subscription
        self._outbox = outbox
        self._client = client
        self._outcomes = outcomes
        self._retry_limits = retry_limits
        self._reading = reading
        self.last_failure: AttemptResult | None = None
        self._breaker = _Breaker()
        self._ready: dict[str, list[Delivery]] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._is_ending = False

    def wake(self) -> None:
        """Look for more, or look again."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until nothing is left; StoreError when the outbox cannot be read."""
        try:
            while await self._begin_what_can_begin():
                await self._until_something_happens()
        finally:
            await self._end()

    def _is_paused(self) -> bool:
        return self._breaker.is_down and self._breaker.closed_until > time.time()

    async def _begin_what_can_begin(self) -> bool:
        """Begin deliveries as far as there is room for them; tell whether anything is left."""
        self._wake.clear()
        now = time.time()
        self._resting = {subject: due for subject, due in self._resting.items() if due > now}
        room = 1 if self._breaker.is_down else _SUBJECTS_AT_ONCE
        if self._breaker.is_down:
            # It may take long until they have their turn; who knows whether the listener is still there then.
            self._ready.clear()
        if self._is_paused() or len(self._under_way) >= room:
            return True
        if not self._ready:
            await self._read()
        while self._ready and len(self._under_way) < room:
            subject = next(iter(self._ready))
            deliveries = self._ready.pop(subject)
            self._under_way[subject] = asyncio.create_task(self._deliver(subject, deliveries))
        return bool(self._under_way or self._resting or self._wake.is_set())

    async def _read(self) -> None:
        """Read until something can be tried; what waits too long for a listener that is down is given up untried."""
        while not self._ready:
            deliveries = await self._next_deliveries()
            if not deliveries:
                break
            old = [each for each in deliveries if self._breaker.is_down and each.queued and self._is_old(each.queued)]
            if old:
                reason = f"not taken within {self._retry_limits.hours:g} hours, and the listener is down"
                await asyncio.gather(*(self._bury(each, reason) for each in old))
            else:
                self._sort(deliveries)

    async def _next_deliveries(self) -> Sequence[Delivery]:
        async with self._reading:
            busy, turns = self._under_way.keys() | self._resting.keys(), Turns()
            found = await self._outbox.deliveries(
                self._subscription, busy=busy, limit=_DELIVERIES_AT_A_TIME, most_bytes=_BYTES_AT_A_TIME
            )
            if turns.is_over():
                await turns.next()
        return found

    def _sort(self, deliveries: Sequence[Delivery]) -> None:
        """Leave at rest what an earlier process left so; make the others ready."""
        now = time.time()
        for delivery in deliveries:
            if delivery.due > now or delivery.subject in self._resting:
                self._resting.setdefault(delivery.subject, delivery.due)
            else:
                self._ready.setdefault(delivery.subject, []).append(delivery)

    async def _until_something_happens(self) -> None:
        """Wait until somebody wakes the worker, or a pause or a rest is over."""
        if self._is_paused():
            moment: float | None = self._breaker.closed_until
        elif self._under_way:
            moment = min(self._resting.values(), default=None) if not self._ready else None
        else:
            moment = min(self._resting.values(), default=0.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if moment is None else max(0.0, moment - time.time())):
                await self._wake.wait()

    async def _deliver(self, subject: str, deliveries: Sequence[Delivery]) -> None:
        """Deliver one after the other, up to the first one that fails."""
        try:
            for delivery in deliveries:
                if self._is_ending or not await self._is_done_with(delivery):
                    break
        except Exception:  # noqa: BLE001 - logged with its trace
            _LOG.exception("delivery to listener %s failed; it goes on in a moment", self._subscription)
            self._resting[subject] = time.time() + _REST_SECONDS
        finally:
            del self._under_way[subject]
            self._wake.set()

    async def _is_done_with(self, delivery: Delivery) -> bool:
        """Try once; tell whether the next one of its subject may go."""
        result = await self._client.post(delivery)
        self.last_failure = None if result.is_taken else result
        was_down = self._breaker.is_down
        self._breaker.take(is_success=result.is_taken or result.is_final)
        if self._breaker.is_down != was_down:
            change = f"is down ({result})" if self._breaker.is_down else "is back"
            _LOG.warning("listener %s %s", self._subscription, change)
        if result.is_taken:
            return await self._is_noted(delivery, is_taken=True)
        tried = replace(delivery, queued=delivery.queued or int(time.time()), attempts=delivery.attempts + 1)
        is_hopeless = tried.attempts >= self._retry_limits.attempts and not self._breaker.is_down
        if result.is_final or is_hopeless or self._is_old(tried.queued):
            return await self._bury(tried, str(result), result.status)
        pause = pause_seconds(tried.attempts, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
        due = time.time() + pause
        if await self._is_noted(replace(tried, due=due)):
            self._resting[delivery.subject] = due
        return False

    def _is_old(self, queued: int) -> bool:
        return time.time() - queued >= self._retry_limits.hours * 3600

    async def _bury(self, delivery: Delivery, reason: str, status: int = 0) -> bool:
        event = delivery.notification.get("eventId")
        _LOG.warning("gave up notification %s to listener %s: %s", event, self._subscription, reason)
        death = Death(reason, status, int(time.time()))
        return await self._is_noted(replace(delivery, death=death))

    async def _is_noted(self, delivery: Delivery, *, is_taken: bool = False) -> bool:
        """Have the outbox take note; tell whether the delivery was still there, as it is until its listener leaves."""
        if await self._outcomes.record(delivery, is_taken=is_taken):
            return True
        # What was read besides may be gone as well.
        self._ready.clear()
        return False

    async def _end(self) -> None:
        self._is_ending = True
        tasks = set(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
