"""Searching one table without holding up anybody else: indexes where they fit, otherwise document by document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import TypeAlias

from tmfkit_server.query.evaluate import sorted_by
from tmfkit_server.query.expression import All, Expression, Path, Search, SortKey
from tmfkit_server.query.tinydb import TmfQuery
from tmfkit_server.storage.base import Page
from tmfkit_server.storage.documents import Body, Documents, Row, body_of
from tmfkit_server.storage.entries import record_of

__all__ = ["Searcher"]

_BETWEEN_PAUSES = 256
# Below this, a look at every document costs less than an index.
_WORTH_AN_INDEX = 100
_WORTH_A_THREAD = 5000

Found: TypeAlias = tuple[Row, Body]


class Searcher:
    """Searches the tables of one store."""

    def __init__(self) -> None:
        self._building: dict[tuple[str, Path], asyncio.Task[None]] = {}

    async def page(self, documents: Documents, search: Search) -> Page:
        """Return the page of *documents* that *search* describes, as they are at one moment."""
        query = TmfQuery(search.where)
        await self._build_indexes(documents, search.where)
        end = None if search.limit is None else search.offset + search.limit
        part = slice(search.offset, end)
        if not search.sort and search.where == All():
            rows = list(islice(documents.rows.values(), part.start, part.stop))
            return Page([record_of(row) for row in rows], len(documents.rows))
        rows, is_exact = _candidates(documents, search.where)
        if not is_exact:
            rows = [row async for row, body in _decoded(rows) if query(body)]
        if search.sort:
            rows = await _sorted(rows, search.sort)
        return Page([record_of(row) for row in rows[part]], len(rows))

    async def _build_indexes(self, documents: Documents, where: Expression) -> None:
        """Build the indexes that *where* lacks; who needs the same ones waits for them too."""
        if len(documents.rows) < _WORTH_AN_INDEX:
            return
        missing = documents.indexes.missing(where)
        new = [path for path in missing if (documents.name, path) not in self._building]
        if new:
            task = asyncio.create_task(_fill(documents, new))
            for path in new:
                self._building[documents.name, path] = task
            task.add_done_callback(lambda _: [self._building.pop((documents.name, path)) for path in new])
        for task in {self._building[documents.name, path] for path in missing}:
            await asyncio.shield(task)


async def _fill(documents: Documents, paths: Sequence[Path]) -> None:
    for _ in documents.filling(paths):
        await asyncio.sleep(0)


def _candidates(documents: Documents, where: Expression) -> tuple[list[Row], bool]:
    """Return the rows to look at, and whether all of them are known to satisfy *where*."""
    if where == All():
        return list(documents.rows.values()), True
    candidates = documents.indexes.candidates(where)
    if candidates is None:
        return list(documents.rows.values()), False
    return [documents.rows[number] for number in sorted(candidates.numbers)], candidates.is_exact


async def _decoded(rows: Sequence[Row]) -> AsyncIterator[Found]:
    for count, row in enumerate(rows, start=1):
        yield row, body_of(row)
        if count % _BETWEEN_PAUSES == 0:
            await asyncio.sleep(0)


async def _sorted(rows: Sequence[Row], keys: tuple[SortKey, ...]) -> list[Row]:
    """Sort by what the keys name, keeping nothing else of the documents."""
    names = {key.path[0] for key in keys}
    found = [(row, {name: body[name] for name in names if name in body}) async for row, body in _decoded(rows)]
    if len(found) < _WORTH_A_THREAD:
        ordered = sorted_by(found, keys, _reduced)
    else:
        ordered = await asyncio.to_thread(sorted_by, found, keys, _reduced)
    return [row for row, _ in ordered]


def _reduced(found: Found) -> Body:
    return found[1]
