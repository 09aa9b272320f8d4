"""Whether the server serves, and whether its store does."""

from __future__ import annotations

import asyncio
import logging
import time

import falcon.asgi

from tmfkit_server.errors import StoreError
from tmfkit_server.outages import OUTAGE
from tmfkit_server.storage.base import Store

__all__ = ["LIVE", "READY", "Live", "Ready", "StoreWatch"]

LIVE = "/health/live"
READY = "/health/ready"

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 3.0


class StoreWatch:
    """Asks the store again and again whether it answers, however many ask for what it said.

    Attributes:
        is_ready: Whether it answered when it was last asked.
    """

    def __init__(self, store: Store) -> None:
        self.is_ready = False
        self._store = store

    def start(self) -> None:
        """Begin to ask; needs a running event loop, and the store to be open."""
        self._task = asyncio.create_task(self._ask_again_and_again())

    async def stop(self) -> None:
        """Ask no more."""
        self.is_ready = False
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _ask_again_and_again(self) -> None:
        while True:
            asked = time.monotonic()
            question = asyncio.create_task(self._store.ping())
            try:
                await asyncio.wait({question}, timeout=_ANSWER_SECONDS)
                if not question.done():
                    self._has_failed(StoreError(f"nothing within {_ANSWER_SECONDS:g} s", began=asked))
                await question
            except StoreError as exc:
                self._has_failed(exc)
            else:
                self.is_ready = True
                OUTAGE.has_answered(asked)
            finally:
                question.cancel()
            await asyncio.sleep(_LOOK_SECONDS)

    def _has_failed(self, why: StoreError) -> None:
        self.is_ready = False
        OUTAGE.tell(_LOG, "the store does not answer: %s", why)


class Live:
    """Answers as soon as requests are served; says nothing that a stranger may not know."""

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer 200."""
        resp.data = b'{"status":"up"}'

    on_head = on_get


class Ready:
    """Answers 200 as long as the store is open and answers, 503 otherwise."""

    def __init__(self, watch: StoreWatch) -> None:
        self._watch = watch

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with what was found within the last seconds."""
        resp.status = 200 if self._watch.is_ready else 503
        resp.data = b'{"status":"up"}' if self._watch.is_ready else b'{"status":"down"}'

    on_head = on_get
