"""Brings notifications from the outbox to their listeners, off the path of any request.

Each listener has a lane of its own: its notifications go out one after the other, in the order of the changes, and a
listener that does not answer holds up nobody else. What is not taken is tried again after each pause, then given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import httpx
import orjson

from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Delivery, Store

__all__ = ["Dispatcher"]

_LOG = logging.getLogger(__name__)
_PAUSES_SECONDS = (0.2, 1.0, 5.0)
_TIMEOUT_SECONDS = 5.0
# A store that several processes share cannot wake this one up, so it is asked now and then.
_LOOK_AGAIN_SECONDS = 1.0
_REST_SECONDS = 1.0


class Dispatcher:
    """The background task of one server process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver; needs a running event loop."""
        # A proxy of the environment must not see what a listener is told, and a redirect is no delivery.
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)
        self._main = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop delivering; what has not arrived stays in the outbox."""
        tasks = [task for task in (self._main, *self._lanes.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def _run(self) -> None:
        while True:
            try:
                await self._open_lanes()
            except StoreError as exc:
                _LOG.warning("the outbox cannot be read, and is asked again: %s", exc)
                await asyncio.sleep(_REST_SECONDS)
            except Exception:  # noqa: BLE001 - logged with its trace
                # Nobody waits for this task: a store that fails for a while must not end all delivery unseen.
                _LOG.exception("delivery failed; it goes on in a moment")
                await asyncio.sleep(_REST_SECONDS)

    async def _open_lanes(self) -> None:
        """Serve every listener that something has come for, then wait for more."""
        for subscription in await self._store.listeners_waiting():
            if subscription not in self._lanes:
                self._lanes[subscription] = asyncio.create_task(self._serve(subscription))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await self._store.deliveries_waiting()

    async def _serve(self, subscription: str) -> None:
        """Deliver everything that is on its way to one listener."""
        try:
            await self._deliver_all(subscription)
        except StoreError as exc:
            # What was under way is still in the outbox, for which the lane is opened again.
            _LOG.warning("delivery to listener %s waits for the store: %s", subscription, exc)
            await asyncio.sleep(_REST_SECONDS)
        except Exception:  # noqa: BLE001 - logged with its trace
            _LOG.exception("delivery to listener %s failed; it goes on in a moment", subscription)
            await asyncio.sleep(_REST_SECONDS)
        finally:
            del self._lanes[subscription]

    async def _deliver_all(self, subscription: str) -> None:
        failures = 0
        while (delivery := await self._store.next_delivery(subscription)) is not None:
            if await self._is_taken(delivery):
                failures = 0
            elif failures < len(_PAUSES_SECONDS):
                await asyncio.sleep(_PAUSES_SECONDS[failures])
                failures += 1
                continue
            else:
                _LOG.warning("gave up notification %s to %s", delivery.notification["eventId"], delivery.callback)
                failures = 0
            await self._store.settle(delivery)

    async def _is_taken(self, delivery: Delivery) -> bool:
        content = orjson.dumps(delivery.notification)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = await self._client.post(delivery.callback, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:  # ValueError: no IDNA, no host that resolves
            _LOG.info("%s does not answer: %r", delivery.callback, exc)
            return False
        return answer.is_success
