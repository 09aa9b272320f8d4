"""Searching one table without holding up anybody else: indexes where they fit, otherwise document by document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from typing import TypeAlias

from tmfkit_server.query.evaluate import sort_key
from tmfkit_server.query.expression import All, Path, Search, SortKey
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.tinydb import TmfQuery
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.base import Page, Records, within
from tmfkit_server.storage.embedded.documents import Body, Documents
from tmfkit_server.storage.embedded.entries import record_of
from tmfkit_server.storage.embedded.indexes import Candidates, Indexes, Numbers
from tmfkit_server.storage.embedded.rows import Kept, body_of, content_bytes
from tmfkit_server.storage.search_turns import SearchTurns
from tmfkit_server.turns import Turns, in_order

__all__ = ["Searcher"]

# Below this, a look at every document costs less than an index.
_WORTH_AN_INDEX = 100
# Fewer documents than this are looked at although others are at it.
_WORTH_WAITING = 20

Found: TypeAlias = tuple[Kept, Body]


class Searcher:
    """Searches the tables of one store."""

    def __init__(self, limits: SearchLimits) -> None:
        self._building: dict[tuple[Indexes, Path], asyncio.Task[None]] = {}
        self._turns = SearchTurns(limits)

    async def page(self, documents: Documents, search: Search) -> Page:
        """Return the page of *documents* that *search* describes, as they are at one moment."""
        arranged = await self._arranged(documents, search)
        if arranged is not None:
            return _page((documents.rows[number] for number in arranged), len(documents.rows), search)
        await self._build(documents, documents.indexes, documents.indexes.missing(search.where))
        candidates = None if search.where == All() else documents.indexes.candidates(search.where)
        if not search.sort and (search.where == All() or (candidates and candidates.is_exact)):
            return _known_page(documents, None if candidates is None else candidates.numbers, search)
        rows = _rows(documents, candidates)
        if len(rows) < _WORTH_WAITING:
            return await _looked_at(rows, candidates, search)
        async with self._turns.one(search.asker):
            return await _looked_at(rows, candidates, search)

    async def _arranged(self, documents: Documents, search: Search) -> list[int] | None:
        """Return the page of all documents, sorted by one attribute of the first level; None for another search."""
        match search.sort:
            case (SortKey(path=(str(),) as path, descending=is_descending),) if search.where == All():
                orders, part = documents.orders, _part(search)
                await self._build(documents, orders, orders.missing_of([path]))
                index = orders.of(path)
                most = len(documents.order) if part.stop is None else part.stop
                first = None if index is None else index.first(most, documents.order, is_descending=is_descending)
                return None if first is None else first[part]
            case _:
                return None

    async def _build(self, documents: Documents, indexes: Indexes, missing: Sequence[Path]) -> None:
        """Build the *missing* ones of the indexes; who needs the same ones waits for them too."""
        if len(documents.rows) < _WORTH_AN_INDEX:
            return
        new = [path for path in missing if (indexes, path) not in self._building]
        if new:
            task = asyncio.create_task(_fill(documents, indexes, new))
            for path in new:
                self._building[indexes, path] = task
            task.add_done_callback(lambda _: [self._building.pop((indexes, path)) for path in new])
        for task in {self._building[indexes, path] for path in missing}:
            await asyncio.shield(task)


async def _looked_at(rows: list[Kept], candidates: Candidates | None, search: Search) -> Page:
    """Return the page of *rows*, which are in the order of creation, that *search* describes."""
    if search.where != All() and not (candidates and candidates.is_exact):
        query = TmfQuery(search.where, search.budget)
        rows = [row async for row, body in _decoded(rows) if await paced(search.budget, query, body)]
    wanted = await _sorted(rows, search) if search.sort else rows[_part(search)]
    return _page(wanted, len(rows), search)


async def _fill(documents: Documents, indexes: Indexes, paths: Sequence[Path]) -> None:
    turns = Turns()
    for _ in documents.filling(indexes, paths):
        if turns.is_over():
            await turns.next()


def _known_page(documents: Documents, numbers: Numbers | None, search: Search) -> Page:
    """Return the page of documents that are known to be wanted, *numbers* or all, without a look at any other."""
    part = _part(search)
    if numbers is None:
        wanted = documents.order[part]
    elif part.stop is not None and part.stop * len(documents.order) < len(numbers) ** 2:
        # Many are wanted and few of them asked for: those come soon when one goes through all in order.
        wanted = list(islice((number for number in documents.order if number in numbers), part.start, part.stop))
    else:
        wanted = sorted(numbers)[part]
    total = len(documents.order if numbers is None else numbers)
    return _page((documents.rows[number] for number in wanted), total, search)


def _page(wanted: Iterable[Kept], total: int, search: Search) -> Page:
    rows = within(wanted, search.most_bytes, content_bytes)
    return Page(Records(rows, record_of, content_bytes, are_shared=True), total)


def _rows(documents: Documents, candidates: Candidates | None) -> list[Kept]:
    numbers = documents.order if candidates is None else sorted(candidates.numbers)
    return [documents.rows[number] for number in numbers]


def _part(search: Search) -> slice:
    return slice(search.offset, None if search.limit is None else search.offset + search.limit)


async def _decoded(rows: Sequence[Kept]) -> AsyncIterator[Found]:
    turns = Turns()
    for row in rows:
        yield row, body_of(row)
        if turns.is_over():
            await turns.next()


async def _sorted(rows: Sequence[Kept], search: Search) -> list[Kept]:
    """Return the page of *rows*, sorted by what the keys name; nothing else of the documents is kept."""
    budget = search.budget
    keyed = [(await paced(budget, sort_key, body, search.sort, budget), row) async for row, body in _decoded(rows)]
    part = _part(search)
    return (await in_order(keyed, most=part.stop))[part]
