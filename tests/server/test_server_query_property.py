"""Questions at random find the same documents on both stores as a plain reading of TMF630 does, in the same order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from query_examples import NAMES, Examples
from query_oracle import Question, answer
from store_runner import PATIENT

from tmfkit_server.query.parse import Grammar, parse_search
from tmfkit_server.storage.base import IndexPlan, Record, Store
from tmfkit_server.storage.embedded.store import EmbeddedStore
from tmfkit_server.storage.postgres.store import PostgresStore

# Documents of one collection at the beginning; from 100 on the embedded store uses indexes.
SIZES = [1, 5, 20, 40, 60, 100, 130]
ROUNDS = 6
QUESTIONS = 25
BETWEEN_CHANGES = 4
LEAST_PAIRS = 20_000
LEAST_TELLING = 0.25
"""Share of the questions that find some of the documents and not all of them."""


@dataclass
class Tally:
    """What has been compared on each store: pairs of a document and a question, questions, those that tell apart."""

    pairs: int = 0
    questions: int = 0
    telling: int = 0


@dataclass
class Collection:
    """One collection in two stores, and what it holds in the order of creation: identifier → document."""

    name: str
    stores: list[Store]
    held: dict[str, Any] = field(default_factory=dict)
    _identifiers: itertools.count[int] = field(default_factory=itertools.count)

    async def insert(self, *documents: Any) -> None:
        new = {str(next(self._identifiers)): document for document in documents}
        self.held |= new
        for store in self.stores:
            async with store.transaction() as transaction:
                for identifier, document in new.items():
                    await transaction.insert(self.name, Record(identifier, document))

    async def replace(self, identifier: str, document: Any) -> None:
        self.held[identifier] = document
        for store in self.stores:
            async with store.transaction() as transaction:
                await transaction.replace(self.name, Record(identifier, document))

    async def remove(self, identifier: str) -> None:
        del self.held[identifier]
        for store in self.stores:
            async with store.transaction() as transaction:
                await transaction.remove(self.name, identifier)

    async def change(self, examples: Examples, chance: Random) -> None:
        await self.replace(chance.choice(list(self.held)), examples.document())
        await self.insert(examples.document())
        await self.remove(chance.choice(list(self.held)))

    async def compare(self, question: Question, query: str) -> int:
        """Ask both stores and demand the answer; return how many documents are found altogether."""
        places, total = answer(question, list(self.held.values()))
        identifiers = list(self.held)
        wanted = [identifiers[place] for place in places], total
        for store in self.stores:
            page = await store.search(self.name, parse_search(query, Grammar(loose=question.is_loose)))
            found = [record.id for record in page.records], page.total
            assert found == wanted, self._difference(store, query, found[0], wanted[0]) + f": {found}, not {wanted}"
            assert all(record.body == self.held[record.id] for record in page.records)
        return total

    def _difference(self, store: Store, query: str, found: list[str], wanted: list[str]) -> str:
        wrong = [self.held[identifier] for identifier in sorted(set(found) ^ set(wanted))[:3]]
        return f"{type(store).__name__}, {self.name}, {query!r}, wrong about {wrong}"


def test_both_stores_find_what_the_guidelines_mean(postgres_databases: Callable[[], str]) -> None:
    # PostgreSQL knows no attribute with a NUL in its name.
    plain = tuple({name for name in NAMES if "\x00" not in name})
    plans = {
        f"{kind}-{number}": IndexPlan(loose=kind == "loose", scalars=plain)
        for kind in ("exact", "loose")
        for number in range(ROUNDS * len(SIZES))
    }
    tally = Tally()
    asyncio.run(
        compare(
            [EmbeddedStore("", plans, searches=PATIENT), PostgresStore(postgres_databases(), plans, searches=PATIENT)],
            tally,
        )
    )
    assert tally.pairs >= LEAST_PAIRS, tally
    assert tally.telling >= LEAST_TELLING * tally.questions, tally


async def compare(stores: list[Store], tally: Tally, *, first_seed: int = 0) -> None:
    for store in stores:
        await store.open()
    for number, size in enumerate(SIZES * ROUNDS):
        chance = Random(first_seed + number)
        examples = Examples(chance)
        documents = [examples.document() for _ in range(size)]
        collections = [Collection(f"{kind}-{number}", stores) for kind in ("exact", "loose")]
        for collection in collections:
            await collection.insert(*documents)
        for step in range(QUESTIONS):
            question = examples.question()
            total = await collections[question.is_loose].compare(question, examples.written(question))
            tally.pairs += size
            tally.questions += 1
            tally.telling += 0 < total < size
            if step % BETWEEN_CHANGES == 0:
                await collections[question.is_loose].change(examples, chance)
    for store in stores:
        await store.close()
