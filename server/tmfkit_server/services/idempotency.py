"""Creates that happen once however often they are sent: keys of clients, and what came of the first request with each.

What is kept goes into the store together with the resource, so that there is never one without the other; a repetition
that arrives meanwhile waits for that.

Source:
    draft-ietf-httpapi-idempotency-key-header-07, sections 2.3 to 2.7.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tmfkit_server.errors import KeyReused
from tmfkit_server.query.expression import Comparison, Search
from tmfkit_server.query.values import instant
from tmfkit_server.services.background import repeat
from tmfkit_server.services.stamps import now
from tmfkit_server.storage.base import Record, Store, Transaction

__all__ = ["COLLECTION", "KEPT", "Cleaner", "Once", "first_outcome", "keep_outcome", "once"]

_LOG = logging.getLogger(__name__)

COLLECTION = "idempotency"
"""Collection of the store; those of resources have a colon in their names."""

KEPT = timedelta(hours=24)
"""How long a key is known."""

_BETWEEN_CLEANINGS_SECONDS = 3600.0
_AFTER_A_FAILURE_SECONDS = 60.0
_REMOVED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to have one outcome.

    Attributes:
        id: Digest of the key, of what was called and of who called; the same for its repetitions.
        fingerprint: Digest of what was sent.
    """

    id: str
    fingerprint: str


def once(key: str, *scope: str, sent: Any) -> Once:
    """Return what stands for a request.

    Args:
        key: The client's key.
        *scope: Whatever else has to be the same for the key to be the same.
        sent: Decoded body of the request.
    """
    # Keyed, so that nobody who reads the store can try out what was sent, such as the digits of a card number.
    secret = hashlib.sha256(key.encode()).digest()
    fingerprint = hashlib.blake2b(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS), key=secret, digest_size=32)
    identity = hashlib.blake2b(orjson.dumps([key, *scope]), digest_size=32)
    return Once(identity.hexdigest(), fingerprint.hexdigest())


async def first_outcome(transaction: Transaction, request: Once) -> Record | None:
    """Return the resource that the first request of this kind made, as it was then.

    Until *transaction* ends, nobody else makes one.

    Returns:
        The resource; None when *request* is the first one, or the first one was too long ago.

    Raises:
        KeyReused: Something else was sent with the key before.
    """
    kept = await transaction.get(COLLECTION, request.id)
    if kept is None:
        return None
    if _is_over(kept):
        await transaction.remove(COLLECTION, request.id)
        return None
    if kept.body["fingerprint"] != request.fingerprint:
        raise KeyReused
    made = orjson.loads(kept.body["made"])
    return Record(made["id"], made["body"], made["spelling"])


async def keep_outcome(transaction: Transaction, request: Once, made: Record) -> None:
    """Remember what *request*, for which ``first_outcome`` gave nothing, has made."""
    # As one text: searches never look inside, so that a store need not make terms of it.
    content = {"id": made.id, "body": orjson.Fragment(made.encoded), "spelling": made.spelling}
    body = {"at": now(), "fingerprint": request.fingerprint, "made": orjson.dumps(content).decode()}
    await transaction.insert(COLLECTION, Record(request.id, body))


class Cleaner:
    """Background task that removes what has been kept for long enough."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop and an open store."""
        self._task = asyncio.create_task(
            repeat(
                self._clean_and_wait,
                log=_LOG,
                what="removing old idempotency keys",
                rest_seconds=_AFTER_A_FAILURE_SECONDS,
            )
        )

    async def stop(self) -> None:
        """End; what is left is removed another time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def clean(self) -> int:
        """Remove what is over, and return how much it was."""
        removed = 0
        while page := await self._over():
            for record in page:
                async with self._store.transaction() as transaction:
                    kept = await transaction.get(COLLECTION, record.id)
                    # Another process may have been faster, or the key was used again.
                    if kept is not None and _is_over(kept):
                        await transaction.remove(COLLECTION, record.id)
                        removed += 1
        return removed

    async def _clean_and_wait(self) -> None:
        await self.clean()
        await asyncio.sleep(_BETWEEN_CLEANINGS_SECONDS)

    async def _over(self) -> list[Record]:
        before = (datetime.now(UTC) - KEPT).isoformat()
        search = Search(Comparison(("at",), "lt", (before,)), limit=_REMOVED_AT_ONCE)
        return list((await self._store.search(COLLECTION, search)).records)


def _is_over(kept: Record) -> bool:
    began = instant(kept.body["at"])
    return began is None or began < datetime.now(UTC) - KEPT
