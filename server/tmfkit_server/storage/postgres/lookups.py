"""Lookups by id of many requests, in few round trips: what comes while one is under way makes up the next."""

from __future__ import annotations

import asyncio
from copy import copy

from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.postgres.connections import Connections, Row
from tmfkit_server.storage.postgres.entries import record_of

__all__ = ["Lookups"]

_MOST_AT_ONCE = 100
# OFFSET 0 holds the planner to one look into the index for each record.
_LOOK_UP = """
SELECT wanted.place, record.id, record.body, record.spelling, record.tag
FROM unnest(%b::text[], %b::text[]) WITH ORDINALITY AS wanted (collection, id, place),
LATERAL (
    SELECT id, body, spelling, tag FROM record
    WHERE record.collection = wanted.collection AND record.id = wanted.id OFFSET 0
) record"""

Found = asyncio.Future[Record | StoreError | None]


class Lookups:
    """Gathers lookups; the first one does not wait for company."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: list[tuple[str, str, Found]] = []
        self._task: asyncio.Task[None] | None = None

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Return one record, or None when there is none; StoreError when the database failed."""
        found: Found = asyncio.get_running_loop().create_future()
        self._waiting.append((collection, identifier, found))
        self._begin_another()
        result = await found
        if isinstance(result, StoreError):
            raise copy(result) from result
        return result

    def _begin_another(self) -> None:
        if self._waiting and self._task is None:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._has_ended)

    def _has_ended(self, _: asyncio.Task[None]) -> None:
        self._task = None
        self._begin_another()

    async def _run(self) -> None:
        batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
        collections, identifiers, futures = map(list, zip(*batch, strict=True))
        failure: StoreError | None = StoreError("the lookup was abandoned")
        rows: list[Row] = []
        try:
            rows = await self._connections.rows(_LOOK_UP, (collections, identifiers))
            failure = None
        except StoreError as exc:
            failure = exc
        finally:
            records = {row[0]: record_of(row[1:]) for row in rows}
            for place, found in enumerate(futures, start=1):
                # A request that was given up no longer waits.
                if not found.done():
                    found.set_result(failure or records.get(place))
