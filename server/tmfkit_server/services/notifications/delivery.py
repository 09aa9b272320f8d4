"""Brings notifications from the outbox to their listeners, off the path of any request.

Each listener has a worker of its own, so that one that does not answer holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tmfkit_server.aside import aside
from tmfkit_server.errors import StoreError
from tmfkit_server.outages import OUTAGE
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.services.background import repeat
from tmfkit_server.services.notifications.attempts import AttemptResult
from tmfkit_server.services.notifications.listener_worker import ListenerWorker
from tmfkit_server.services.notifications.outcome_writer import OutcomeWriter
from tmfkit_server.storage.base import Store

if TYPE_CHECKING:
    from tmfkit_server.services.notifications.webhook_client import WebhookClient

__all__ = ["Dispatcher"]

_LOG = logging.getLogger(__name__)
# A store that several processes share cannot wake this one up, so it is asked now and then.
_LOOK_AGAIN_SECONDS = 1.0
_REST_SECONDS = 1.0
# Soon enough to take over, and not with every change that this process makes.
_LEASED_ELSEWHERE_SECONDS = 0.5


class Dispatcher:
    """The background task of one server process."""

    def __init__(self, store: Store, new_client: Callable[[], WebhookClient], retry_limits: RetryLimits) -> None:
        """Describe the dispatcher.

        Args:
            store: Where notifications wait.
            new_client: Makes what brings them; called, in a thread, when there is the first one.
            retry_limits: When they are given up.
        """
        self._store = store
        self._new_client = new_client
        self._client: WebhookClient | None = None
        self._retry_limits = retry_limits
        self._workers: dict[str, ListenerWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def last_failure(self, subscription: str) -> AttemptResult | None:
        """Return how the last attempt of this process to reach a listener failed; None when it did not, or is none."""
        worker = self._workers.get(subscription)
        return None if worker is None else worker.last_failure

    def start(self) -> None:
        """Begin to deliver; needs a running event loop, and the store to be open."""
        self._outbox = self._store.outbox
        self._outcomes = OutcomeWriter(self._outbox)
        self._reading = asyncio.Lock()
        self._main = asyncio.create_task(
            repeat(self._open_workers, log=_LOG, what="delivery", rest_seconds=_REST_SECONDS)
        )

    async def stop(self) -> None:
        """Stop delivering; what has not arrived stays in the outbox."""
        for task in (self._main, *self._tasks):
            task.cancel()
        await asyncio.gather(self._main, *self._tasks, return_exceptions=True)
        await self._outcomes.stop()
        if self._client is not None:
            await self._client.close()

    async def _open_workers(self) -> None:
        """Serve every listener that something has come for, then wait for more."""
        for subscription in await self._outbox.listeners():
            if worker := self._workers.get(subscription):
                worker.wake()
            else:
                self._open(subscription, await self._connected())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await self._outbox.news()

    async def _connected(self) -> WebhookClient:
        if self._client is None:
            client = await aside(self._new_client)
            client.start()
            self._client = client
        return self._client

    def _open(self, subscription: str, client: WebhookClient) -> None:
        worker = ListenerWorker(subscription, self._outbox, client, self._outcomes, self._retry_limits, self._reading)
        self._workers[subscription] = worker
        task = asyncio.create_task(self._serve(subscription, worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, subscription: str, worker: ListenerWorker) -> None:
        """Deliver everything that is on its way to one listener, unless another process is at it."""
        try:
            if await self._outbox.lease(subscription):
                await worker.run()
                await self._outbox.release(subscription)
            else:
                await asyncio.sleep(_LEASED_ELSEWHERE_SECONDS)
        except StoreError as exc:
            # What was under way is still in the outbox, for which the worker is opened again.
            OUTAGE.tell(_LOG, "delivery to listener %s waits for the store: %s", subscription, exc)
            await asyncio.sleep(_REST_SECONDS)
        except Exception:  # noqa: BLE001 - logged with its trace
            _LOG.exception("delivery to listener %s failed; it goes on in a moment", subscription)
            await asyncio.sleep(_REST_SECONDS)
        finally:
            del self._workers[subscription]
            # What came while the worker was ending has not been seen by it.
            self._outbox.tell()
