"""Sorting by one attribute, and equality of one, where an index serves them: the order is that of every other sort."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import psycopg
import pytest
from store_runner import LASTING

from tmfkit_server.query.expression import Comparison, Search, SortKey
from tmfkit_server.storage.base import IndexPlan, Record, Store
from tmfkit_server.storage.embedded.indexes import Index
from tmfkit_server.storage.postgres import arranged
from tmfkit_server.storage.stores import kind_of

# What is equal stands in one line: those keep the order of creation.
VALUES: tuple[tuple[Any, ...], ...] = (
    (False,),
    (True,),
    (-2.5,),
    (0, 0.0),
    (1,),
    (1.5,),
    (10**18, 1e18),
    (1e20,),
    ("1969-12-31T23:59:59.5Z",),
    ("2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00"),
    ("",),
    ("1",),
    ("Beta",),
    ("beta",),
    ("beta\x00",),
    ("beta\x01",),
    ("é",),
    ("\U0001f600",),
)
PLACES = [(place, value) for place, line in enumerate(VALUES) for value in line]
PLANS = {
    "exact": IndexPlan((("b",),), scalars=("a", "b")),
    "loose": IndexPlan((("b",),), loose=True, scalars=("a", "b")),
}
# More than are worth an index.
COUNT = 150


class Collection:
    """What a collection of a store holds, in the order of creation: identifier → place of each value in ``VALUES``."""

    def __init__(self, store: Store, name: str, seed: int) -> None:
        self.store, self.name, self._chance = store, name, Random(seed)
        self.held: dict[str, dict[str, int]] = {}

    def drawn(self, identifier: str) -> Record:
        """Return a record with values for two attributes, one of which most records lack."""
        names = [name for name, share in (("a", 0.9), ("b", 0.2)) if self._chance.random() < share]
        drawn = {name: self._chance.choice(PLACES) for name in names}
        self.held[identifier] = {name: place for name, (place, _) in drawn.items()}
        nulls = dict.fromkeys({"a", "b"} - drawn.keys()) if self._chance.random() < 0.3 else {}
        return Record(identifier, {**nulls, **{name: value for name, (_, value) in drawn.items()}})

    async def fill(self) -> None:
        for start in range(0, COUNT, 50):
            async with self.store.transaction() as transaction:
                for number in range(start, start + 50):
                    await transaction.insert(self.name, self.drawn(f"{number}"))

    async def change(self) -> None:
        gone, *others = self._chance.sample(list(self.held), 20)
        async with self.store.transaction() as transaction:
            for identifier in others:
                await transaction.replace(self.name, self.drawn(identifier))
            await transaction.insert(self.name, self.drawn(f"new-{self._chance.random()}"))
            await transaction.remove(self.name, gone)
        del self.held[gone]

    async def check(self) -> None:
        for name in "ab":
            for is_descending in (False, True):
                await self._check_order(name, is_descending=is_descending)
            for place, value in PLACES:
                if not isinstance(value, bool):
                    await self._check_equality(name, place, value)

    async def _check_order(self, name: str, *, is_descending: bool) -> None:
        having = [identifier for identifier, places in self.held.items() if name in places]
        having.sort(key=lambda identifier: self.held[identifier][name], reverse=is_descending)
        wanted = having + [identifier for identifier in self.held if identifier not in having]
        for offset, limit in (
            (0, 10),
            (3, 40),
            (25, 10),
            (COUNT - 5, 20),
            (COUNT + 9, 5),
            (0, None),
            (7, None),
            (0, 0),
        ):
            search = Search(sort=(SortKey((name,), is_descending),), offset=offset, limit=limit)
            page = await self.store.search(self.name, search)
            part = wanted[offset : None if limit is None else offset + limit]
            assert [record.id for record in page.records] == part, (name, is_descending, offset, limit)
            assert page.total == len(self.held)

    async def _check_equality(self, name: str, place: int, value: Any) -> None:
        if self.name == "loose":
            return
        # What is written like a number or a date-time equals the text that is written so as well.
        same = {number for number, other in PLACES if other is not None and f"{other}" == f"{value}"} | {place}
        wanted = [each for each, places in self.held.items() if places.get(name) in same]
        text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else f"{value}"
        search = Search(Comparison((name,), "eq", (text,)), offset=1, limit=2)
        page = await self.store.search(self.name, search)
        assert ([record.id for record in page.records], page.total) == (wanted[1:3], len(wanted)), (name, value)


@pytest.fixture(params=["memory", *LASTING])
def address(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> str:
    return empty_store(request.param)


def on_store(address: str, scenario: Callable[[Store], Any], plans: Mapping[str, IndexPlan]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            store = kind_of(address).new(address, plans)
            await store.open()
            stack.push_async_callback(store.close)
            await scenario(store)

    asyncio.run(run())


@pytest.fixture
def is_told(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether an index knew the answer, for each search that one was asked about."""
    told: list[bool] = []
    first, page = Index.first, arranged.arranged_page

    def watched(*arguments: Any, **options: Any) -> Any:
        found = first(*arguments, **options)
        told.append(found is not None)
        return found

    async def watched_page(*arguments: Any) -> Any:
        found = await page(*arguments)
        told.append(found is not None)
        return found

    monkeypatch.setattr(Index, "first", watched)
    monkeypatch.setattr("tmfkit_server.storage.postgres.store.arranged_page", watched_page)
    return told


@pytest.mark.parametrize("name", PLANS)
def test_sorted_pages_follow_the_order_of_the_values_through_changes(
    address: str, name: str, is_told: list[bool]
) -> None:
    async def scenario(store: Store) -> None:
        for seed in range(2):
            collection = Collection(store, name, seed) if not seed else Collection(store, f"other-{seed}", seed)
            await collection.fill()
            for _ in range(2):
                await collection.check()
                await collection.change()
            await collection.check()

    on_store(address, scenario, {**PLANS, "other-1": PLANS["exact"]})
    assert is_told
    assert all(is_told)


@pytest.mark.parametrize(
    "value",
    [pytest.param("x" * 201, id="long text"), pytest.param([5, "b"], id="array"), pytest.param({}, id="object")],
)
def test_order_is_right_where_a_value_is_no_plain_one(address: str, value: Any, is_told: list[bool]) -> None:
    async def scenario(store: Store) -> None:
        async with store.transaction() as transaction:
            for number in range(COUNT):
                await transaction.insert("exact", Record(f"{number}", {"a": f"x{number:03}", "b": number}))
            await transaction.insert("exact", Record("odd", {"a": value}))
        for is_descending in (False, True):
            page = await store.search("exact", Search(sort=(SortKey(("a",), is_descending),)))
            ids = [f"{number}" for number in range(COUNT)]
            # Numbers come before texts, objects behind them, and so many x behind one x and digits.
            wanted = ["odd", *ids] if isinstance(value, list) else [*ids, "odd"]
            assert [record.id for record in page.records] == (wanted[::-1] if is_descending else wanted)
        if isinstance(value, list):
            assert [r.id for r in (await store.search("exact", Search(Comparison(("a",), "eq", ("b",))))).records] == [
                "odd"
            ]
        is_told.clear()
        await store.search("exact", Search(sort=(SortKey(("b",)),), limit=1))
        assert is_told == [True]

    on_store(address, scenario, PLANS)


def test_attributes_of_a_new_contract_are_filled_in_at_the_opening(
    empty_store: Callable[[str], str], is_told: list[bool]
) -> None:
    address, held = empty_store("postgres"), {}

    async def fill(store: Store) -> None:
        for name in PLANS:
            collection = Collection(store, name, 5)
            await collection.fill()
            held[name] = collection.held

    async def check(store: Store) -> None:
        for name in PLANS:
            collection = Collection(store, name, 6)
            collection.held = held[name]
            await collection.check()
            await collection.change()
            await collection.check()

    on_store(address, fill, {})
    on_store(address, check, PLANS)
    assert all(is_told)
    with psycopg.connect(address) as connection:
        orphans = "SELECT count(*) FROM scalar LEFT JOIN record USING (position) WHERE record.position IS NULL"
        assert connection.execute(orphans).fetchone() == (0,)


def test_values_without_a_place_are_seen_when_attributes_are_filled_in(
    empty_store: Callable[[str], str], is_told: list[bool]
) -> None:
    address = empty_store("postgres")
    values = {"1": "x" * 201, "2": "b", "3": "a"}

    async def fill(store: Store) -> None:
        async with store.transaction() as transaction:
            for identifier, value in values.items():
                await transaction.insert("exact", Record(identifier, {"a": value, "b": value[:1]}))

    async def check(store: Store) -> None:
        for name, wanted in (("a", ["3", "2", "1"]), ("b", ["3", "2", "1"])):
            page = await store.search("exact", Search(sort=(SortKey((name,)),)))
            assert [record.id for record in page.records] == wanted

    on_store(address, fill, {})
    on_store(address, check, PLANS)
    assert is_told == [False, True]
