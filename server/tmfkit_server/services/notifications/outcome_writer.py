"""Writer of what became of deliveries: many in one commit, again and again until the store has taken note."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass

from tmfkit_server.errors import StoreError
from tmfkit_server.outages import OUTAGE
from tmfkit_server.services.backoff import pause_seconds
from tmfkit_server.storage.base import Delivery, Outbox

__all__ = ["OutcomeWriter"]

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 10.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    is_taken: bool
    noted: asyncio.Future[bool]


class OutcomeWriter:
    """Writes one batch at a time; what comes meanwhile makes up the next one.

    A store that fails is asked again until it works: what a listener has taken is not sent to it a second time, and
    because whoever delivers waits for the note, not much more is sent meanwhile.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, delivery: Delivery, *, is_taken: bool) -> bool:
        """Note that a delivery has arrived, or what has changed about it; returns when the store has taken note.

        Returns:
            Whether it was still in the outbox: what is gone went with its listener, or another process had it.
        """
        waiting = _Waiting(delivery, is_taken, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await waiting.noted

    async def stop(self) -> None:
        """Give up what the store does not take note of."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failures = 0
            while (found := await self._written(batch)) is None:
                failures += 1
                pause = pause_seconds(failures, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause)
            for each in batch:
                if not each.noted.done():
                    each.noted.set_result(each.delivery.sequence in found)
        self._writer = None

    async def _written(self, batch: list[_Waiting]) -> Collection[int] | None:
        """Return the sequences of those that were still there; None when the store has not taken note."""
        taken = [each.delivery for each in batch if each.is_taken]
        changed = [each.delivery for each in batch if not each.is_taken]
        try:
            return await self._outbox.record_outcomes(taken, changed)
        except StoreError as exc:
            OUTAGE.tell(_LOG, "%s deliveries cannot be noted, which is tried again: %s", len(batch), exc)
        except Exception:  # noqa: BLE001 - logged with its trace; whoever delivers must not wait for ever
            _LOG.exception("%s deliveries could not be noted, which is tried again", len(batch))
        return None
