"""What every store has to do; each implementation runs all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tmfkit_server.query.expression import Comparison, Search, SortKey
from tmfkit_server.storage.base import Record, Store, Subscription
from tmfkit_server.storage.embedded import EmbeddedStore
from tmfkit_server.storage.postgres import PostgresStore

Scenario = Callable[[Store], Awaitable[None]]
Runner = Callable[[Scenario], None]


@pytest.fixture(params=["memory", "file", "postgres"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes a store; every store of one test that outlives its process has the same content."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return lambda: PostgresStore(url)
    path = str(tmp_path / "db.json") if request.param == "file" else ""
    return lambda: EmbeddedStore(path)


@pytest.fixture
def run(new_store: Callable[[], Store]) -> Runner:
    """Runs a scenario on an open store."""

    async def opened(scenario: Scenario) -> None:
        async with _open(new_store()) as store:
            await scenario(store)

    return lambda scenario: asyncio.run(opened(scenario))


@asynccontextmanager
async def _open(store: Store) -> AsyncIterator[Store]:
    await store.open()
    yield store
    await store.close()


async def _insert(store: Store, *records: Record) -> None:
    async with store.transaction() as transaction:
        for record in records:
            await transaction.insert("c", record)


def test_record_is_inserted_replaced_and_removed(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        first, second = Record("1", {"a": 1, "gone": True}), Record("1", {"a": 2}, {"/a": "b"})
        await _insert(store, first)
        assert await store.get("c", "1") == first
        assert await store.get("d", "1") is None
        async with store.transaction() as transaction:
            await transaction.replace("c", second)
        assert await store.get("c", "1") == second
        async with store.transaction() as transaction:
            assert await transaction.get("c", "1") == second
            await transaction.remove("c", "1")
        assert await store.get("c", "1") is None

    run(scenario)


def test_failed_transaction_changes_nothing(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"a": 1}))

        async def fail() -> None:
            async with store.transaction() as transaction:
                await transaction.replace("c", Record("1", {"a": 2}))
                await transaction.enqueue(Subscription("s", "h", "http://x", None), {})
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await store.get("c", "1") == Record("1", {"a": 1})
        assert await store.listeners_waiting() == []

    run(scenario)


def test_change_that_cannot_be_made_takes_the_others_with_it(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"a": 1}))
        with pytest.raises(ValueError, match="already exists"):
            await _insert(store, Record("2", {}), Record("1", {"a": 2}))
        assert await store.get("c", "2") is None
        assert await store.get("c", "1") == Record("1", {"a": 1})

    run(scenario)


def test_search_filters_sorts_and_pages(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, *(Record(str(n), {"n": n, "even": n % 2 == 0}) for n in range(10)))
        even = Comparison(("even",), "eq", ("true",))
        page = await store.search("c", Search(where=even, sort=(SortKey(("n",), descending=True),), offset=1, limit=2))
        assert ([record.id for record in page.records], page.total) == (["6", "4"], 5)
        everything = await store.search("c", Search())
        assert [record.id for record in everything.records] == [str(n) for n in range(10)]

    run(scenario)


def test_replaced_record_keeps_its_place_in_the_order(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("b", {}), Record("a", {}))
        async with store.transaction() as transaction:
            await transaction.replace("c", Record("b", {"x": 1}))
        assert [record.id for record in (await store.search("c", Search())).records] == ["b", "a"]

    run(scenario)


def test_outbox_is_in_order_for_each_listener_and_goes_with_it(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        one, two = (Subscription(name, "h", f"http://{name}", None) for name in ("one", "two"))
        async with store.transaction() as transaction:
            await transaction.subscribe(one)
            await transaction.subscribe(two)
        async with store.transaction() as transaction:
            assert await transaction.subscriptions("h") == [one, two]
            assert await transaction.subscriptions("other") == []
            for number in range(3):
                await transaction.enqueue(one, {"n": number})
                await transaction.enqueue(two, {"n": number})
        assert list(await store.listeners_waiting()) == ["one", "two"]
        for number in range(3):
            delivery = await store.next_delivery("one")
            assert delivery
            assert (delivery.callback, delivery.notification) == ("http://one", {"n": number})
            await store.settle(delivery)
        assert await store.next_delivery("one") is None
        async with store.transaction() as transaction:
            await transaction.unsubscribe("two")
        assert await store.listeners_waiting() == []

    run(scenario)


def test_transactions_run_one_after_the_other(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"n": 0}))

        async def count_up() -> None:
            async with store.transaction() as transaction:
                found = await transaction.get("c", "1")
                assert found
                await asyncio.sleep(0)
                await transaction.replace("c", Record("1", {"n": found.body["n"] + 1}))

        await asyncio.gather(*(count_up() for _ in range(20)))
        assert await store.get("c", "1") == Record("1", {"n": 20})

    run(scenario)


def test_news_wakes_whoever_waits(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await store.deliveries_waiting()
        waiting = asyncio.create_task(store.deliveries_waiting())
        await asyncio.sleep(0)
        assert not waiting.done()
        async with store.transaction() as transaction:
            await transaction.enqueue(Subscription("s", "h", "http://x", None), {})
        await asyncio.wait_for(waiting, 1)

    run(scenario)


def test_file_is_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = str(tmp_path / "db.json")
        async with _open(EmbeddedStore(path)) as store:
            await _insert(store, Record("1", {"a": "é"}, {"/a": "b"}))
        async with _open(EmbeddedStore(path)) as store:
            assert await store.get("c", "1") == Record("1", {"a": "é"}, {"/a": "b"})

    asyncio.run(scenario())
