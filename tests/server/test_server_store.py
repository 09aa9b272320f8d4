"""What every store has to do; each implementation runs all of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import jsonpath
import pytest
from store_runner import LASTING, Runner, opened

from patience import PATIENCE_SECONDS
from tmfkit_server.errors import StoreError
from tmfkit_server.query.expression import All, Comparison, Operator, Search, SortKey
from tmfkit_server.query.jsonpath import JsonPath
from tmfkit_server.query.nodes import Node
from tmfkit_server.storage.base import Delivery, Record, Store, Stored, Subscription, Transaction


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
        assert await store.outbox.listeners() == []

    run(scenario)


def test_change_that_cannot_be_made_takes_the_others_with_it(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"a": 1}))
        with pytest.raises(ValueError, match="already exists"):
            await _insert(store, Record("2", {}), Record("1", {"a": 2}))
        assert await store.get("c", "2") is None
        assert await store.get("c", "1") == Record("1", {"a": 1})

    run(scenario)


def test_taken_id_is_refused_and_nobody_else(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        listener = Subscription("s", "h", "http://x", None)
        await _insert(store, Record("3", {"first": True}))
        async with store.transaction() as transaction:
            await transaction.subscribe(listener)

        async def create(name: str) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record(f"before-{name}", {}))
                await transaction.insert("c", Record(name, {}))
                for each in await transaction.subscriptions("h"):
                    await transaction.enqueue(each, {"n": name})

        names = [str(number) for number in range(8)]
        ends = await asyncio.gather(*map(create, names), return_exceptions=True)
        assert [type(end) for end in ends] == [ValueError if name == "3" else type(None) for name in names]
        assert await store.get("c", "3") == Record("3", {"first": True})
        kept = [name for name in names if name != "3"]
        found = {record.id for record in (await store.search("c", Search())).records}
        assert found == {"3", *kept, *(f"before-{name}" for name in kept)}
        assert await store.outbox.lease("s")
        told = [each.notification["n"] for each in await store.outbox.deliveries("s", busy=(), limit=10)]
        assert sorted(told) == kept

    run(scenario)


async def _add_twice(transaction: Transaction) -> None:
    for _ in range(2):
        await transaction.insert("c", Record("2", {}))


async def _add_what_was_read(transaction: Transaction) -> None:
    assert await transaction.get("c", "1")
    await transaction.insert("c", Record("1", {"n": 2}))


async def _remove_twice(transaction: Transaction) -> None:
    for _ in range(2):
        await transaction.remove("c", "1")


async def _replace_what_was_removed(transaction: Transaction) -> None:
    await transaction.remove("c", "1")
    await transaction.replace("c", Record("1", {"n": 2}))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda t: t.insert("c", Record("1", {"n": 2})), ValueError, id="insert-taken"),
        pytest.param(_add_twice, ValueError, id="insert-twice"),
        pytest.param(_add_what_was_read, ValueError, id="insert-what-was-read"),
        pytest.param(lambda t: t.replace("c", Record("2", {})), KeyError, id="replace-missing"),
        pytest.param(_replace_what_was_removed, KeyError, id="replace-removed"),
        pytest.param(lambda t: t.remove("c", "2"), KeyError, id="remove-missing"),
        pytest.param(_remove_twice, KeyError, id="remove-twice"),
        pytest.param(lambda t: t.subscribe(Subscription("s", "h", "http://y", None)), ValueError, id="subscribe-taken"),
        pytest.param(lambda t: t.unsubscribe("nix"), KeyError, id="unsubscribe-missing"),
    ],
)
def test_change_that_does_not_fit_fails_its_transaction(
    run: Runner, change: Callable[[Transaction], Awaitable[None]], error: type[Exception]
) -> None:
    listener = Subscription("s", "h", "http://x", None)

    async def scenario(store: Store) -> None:
        async with store.transaction() as transaction:
            await transaction.insert("c", Record("1", {"n": 1}))
            await transaction.subscribe(listener)

        async def fail() -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record("other", {}))
                await change(transaction)

        with pytest.raises(error):
            await fail()
        assert [record.id for record in (await store.search("c", Search())).records] == ["1"]
        assert await store.get("c", "1") == Record("1", {"n": 1})
        async with store.transaction() as transaction:
            assert await transaction.subscriptions("h") == [listener]

    run(scenario)


def test_id_that_was_given_up_can_be_taken_again(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"n": 1}))
        async with store.transaction() as transaction:
            await transaction.remove("c", "1")
            await transaction.insert("c", Record("1", {"n": 2}))
        assert await store.get("c", "1") == Record("1", {"n": 2})
        async with store.transaction() as transaction:
            await transaction.insert("c", Record("2", {}))
            await transaction.remove("c", "2")
        assert await store.get("c", "2") is None
        assert (await store.search("c", Search())).total == 1

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
        await store.outbox.news()
        waiting = asyncio.create_task(store.outbox.news())
        await asyncio.sleep(0)
        assert not waiting.done()
        async with store.transaction() as transaction:
            await transaction.enqueue(Subscription("s", "h", "http://x", None), {})
        await asyncio.wait_for(waiting, PATIENCE_SECONDS)

    run(scenario)


def test_transactions_on_different_records_do_not_wait_for_each_other(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {}), Record("2", {}))
        async with store.transaction() as one:
            assert await one.get("c", "1")
            async with asyncio.timeout(PATIENCE_SECONDS), store.transaction() as two:
                assert await two.get("c", "2")
                await two.replace("c", Record("2", {"done": True}))
            assert await store.get("c", "2") == Record("2", {"done": True})

    run(scenario)


def test_id_that_a_transaction_found_free_stays_free_for_it(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        taken = 0

        async def take(value: int) -> None:
            nonlocal taken
            async with store.transaction() as transaction:
                if await transaction.get("c", "1") is None:
                    await asyncio.sleep(0)
                    await transaction.insert("c", Record("1", {"by": value}))
                    taken += 1

        await asyncio.gather(*(take(value) for value in range(5)))
        assert taken == 1

    run(scenario)


def test_transactions_that_wait_for_each_other_do_not_wait_for_ever(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"n": 0}), Record("2", {"n": 0}))
        both_have_one = asyncio.Barrier(2)

        async def change(first: str, second: str) -> None:
            async with store.transaction() as transaction:
                await transaction.get("c", first)
                await both_have_one.wait()
                await transaction.get("c", second)

        async with asyncio.timeout(PATIENCE_SECONDS):
            ends = await asyncio.gather(change("1", "2"), change("2", "1"), return_exceptions=True)
        assert [type(end) for end in ends if end] == [StoreError]
        async with store.transaction() as transaction:
            assert await transaction.get("c", "1")
            assert await transaction.get("c", "2")

    run(scenario)


def test_listener_is_taken_once_by_registrations_at_the_same_time(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        async def register(name: str) -> None:
            async with store.transaction() as transaction:
                if not await transaction.subscriptions("h", for_change=True):
                    await asyncio.sleep(0)
                    await transaction.subscribe(Subscription(name, "h", "http://x", "é"))

        await asyncio.gather(*(register(str(number)) for number in range(5)))
        async with store.transaction() as transaction:
            assert len(await transaction.subscriptions("h")) == 1

    run(scenario)


def test_cancelled_request_leaves_no_lock_behind(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"n": 0}))

        async def change() -> None:
            async with store.transaction() as transaction:
                await transaction.get("c", "1")
                await transaction.replace("c", Record("1", {"n": 1}))

        for turns in range(6):
            tasks = [asyncio.create_task(change()) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await change()
        assert await store.get("c", "1") == Record("1", {"n": 1})

    run(scenario)


@pytest.mark.parametrize("new_store", LASTING, indirect=True)
def test_content_outlives_the_process(new_store: Callable[[], Store]) -> None:
    listener = Subscription("s", "h", "http://x", None)

    async def scenario() -> None:
        async with opened(new_store()) as store:
            await _insert(store, Record("1", {"a": "é"}, {"/a": "b"}), Record("2", {"b": [1.5, None, {}]}))
            async with store.transaction() as transaction:
                await transaction.subscribe(listener)
                await transaction.enqueue(listener, {"n": 1})
                await transaction.enqueue(listener, {"n": 2})
            await store.outbox.lease("s")
            [first, _] = await store.outbox.deliveries("s", busy=(), limit=10)
            await store.outbox.record_outcomes([first], [])
            tag = (await _existing(store, "1")).tag
        async with opened(new_store()) as store:
            assert await store.get("c", "1") == Record("1", {"a": "é"}, {"/a": "b"})
            assert (await _existing(store, "1")).tag == tag
            assert await store.get("c", "2") == Record("2", {"b": [1.5, None, {}]})
            async with store.transaction() as transaction:
                assert await transaction.subscriptions("h") == [listener]
            # PostgreSQL ends a connection a moment after its client.
            while not await store.outbox.lease("s"):  # noqa: ASYNC110 - nothing here tells
                await asyncio.sleep(0.01)
            [second] = await store.outbox.deliveries("s", busy=(), limit=10)
            assert second.notification == {"n": 2}
            await store.outbox.record_outcomes([second], [])
            async with store.transaction() as transaction:
                await transaction.enqueue(listener, {"n": 3})
            [third] = await store.outbox.deliveries("s", busy=(), limit=10)
            assert third.sequence > second.sequence > first.sequence

    asyncio.run(scenario())


def test_contents_are_everything_in_the_order_of_creation(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        listener = Subscription("s", "h", "http://x", None)
        assert await store.count() == 0
        await _insert(store, Record("b", {"n": 1}), Record("a", {"n": 2}, {"/n": "m"}))
        async with store.transaction() as transaction:
            await transaction.subscribe(listener)
            await transaction.insert("d", Record("a", {}))
            await transaction.enqueue(listener, {"n": 1})
        found = [entry async for entry in store.contents()]
        assert await store.count() == len(found) == 5
        records = [entry for entry in found if isinstance(entry, Stored)]
        assert records == [
            Stored("c", Record("b", {"n": 1})),
            Stored("c", Record("a", {"n": 2}, {"/n": "m"})),
            Stored("d", Record("a", {})),
        ]
        assert [entry for entry in found if isinstance(entry, Subscription)] == [listener]
        [delivery] = [entry for entry in found if isinstance(entry, Delivery)]
        assert (delivery.subscription, delivery.callback, delivery.notification) == ("s", "http://x", {"n": 1})
        assert [entry async for entry in store.contents()] == found

    run(scenario)


def test_tag_tells_states_apart_and_is_the_same_for_equal_ones(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, Record("1", {"a": 1, "b": 2}), Record("2", {"b": 2, "a": 1}))
        one, two = await _existing(store, "1"), await _existing(store, "2")
        assert one.tag == two.tag == Record("3", {"a": 1, "b": 2}).tag
        for other in (Record("1", {"a": 1, "b": 3}), Record("1", {"a": 1, "b": 2}, {"/a": "c"})):
            async with store.transaction() as transaction:
                await transaction.replace("c", other)
            assert (await _existing(store, "1")).tag == other.tag != one.tag

    run(scenario)


async def _existing(store: Store, identifier: str) -> Record:
    record = await store.get("c", identifier)
    assert record
    return record


def test_range_follows_what_became_of_a_record(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        async def found(operator: Operator, value: str) -> list[str]:
            page = await store.search("c", Search(where=Comparison(("n",), operator, (value,))))
            return [record.id for record in page.records]

        async def put(record: Record) -> None:
            async with store.transaction() as transaction:
                await transaction.replace("c", record)

        await _insert(store, Record("1", {"n": 1}), Record("2", {"n": 2}))
        # What a range looks at stays, moves, goes, and comes back.
        await put(Record("1", {"n": 1, "other": "text"}))
        assert (await found("lt", "2"), await found("gte", "2")) == (["1"], ["2"])
        await put(Record("1", {"n": 5, "other": "text"}))
        assert (await found("lt", "2"), await found("gte", "2")) == ([], ["1", "2"])
        await put(Record("1", {"other": "text"}))
        assert (await found("lt", "2"), await found("gte", "2")) == ([], ["2"])
        await put(Record("1", {"n": [0, 7]}))
        assert (await found("lt", "2"), await found("gt", "5")) == (["1"], ["1"])

    run(scenario)


def test_large_page_is_whole_and_the_store_goes_on(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _insert(store, *(Record(f"{number:04}", {"n": number}) for number in range(1200)))
        page = await store.search("c", Search())
        assert [record.body["n"] for record in page.records] == list(range(1200))
        assert await store.get("c", "0007") == Record("0007", {"n": 7})
        many = await asyncio.gather(*(store.get("c", f"{number:04}") for number in range(50)))
        assert [record and record.body["n"] for record in many] == list(range(50))

    run(scenario)


def test_name_of_any_length_can_be_searched(run: Runner) -> None:
    # At random, because PostgreSQL packs an index's entries that repeat themselves.
    name = random.Random(1).randbytes(50_000).hex()

    async def scenario(store: Store) -> None:
        async def found(*comparisons: tuple[Operator, str]) -> list[str]:
            where = All(tuple(Comparison((name,), how, (value,)) for how, value in comparisons))
            return [record.id for record in (await store.search("c", Search(where=where))).records]

        await _insert(store, Record("1", {name: 5}), Record("2", {name: "2024-01-01T00:00:00Z"}), Record("3", {}))
        assert await found(("eq", "5")) == ["1"]
        assert await found(("gt", "4"), ("lt", "6")) == ["1"]
        assert await found(("gte", "2023-12-31T00:00:00Z")) == ["2"]
        async with store.transaction() as transaction:
            await transaction.replace("c", Record("1", {name: 9}))
            await transaction.remove("c", "2")
        assert await found(("gt", "4"), ("lt", "6")) == []
        assert await found(("gt", "8")) == ["1"]

    run(scenario)


def test_slow_searches_leave_room_for_others(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        has_begun, is_served, looked_at = asyncio.Event(), asyncio.Event(), Counter[int]()

        def slow(number: int) -> Search:
            def select_nothing(_body: object, _scope: object) -> Iterator[Node]:
                looked_at[number] += 1
                has_begun.set()
                if not is_served.is_set():
                    # Longer than a turn, and for all documents longer than anybody needs to be served.
                    time.sleep(0.01)
                return iter(())

            return Search(
                where=JsonPath(
                    "filter",
                    "$",
                    False,
                    jsonpath.JSONPath(env=jsonpath.JSONPathEnvironment(), segments=()),
                    select_nothing,
                )
            )

        async def read(identifier: str) -> Record | None:
            async with store.transaction() as transaction:
                return await transaction.get("c", identifier)

        await _insert(store, *(Record(str(number), {"n": number}) for number in range(500)))
        # To open a connection takes longer than to use one.
        await asyncio.gather(*(read(str(number)) for number in range(8)))
        searches = [asyncio.create_task(store.search("c", slow(number))) for number in range(10)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await has_begun.wait()
        assert await store.get("c", "7") == Record("7", {"n": 7})
        assert not any(search.done() for search in searches)
        assert max(looked_at.values()) < 500
        is_served.set()
        assert {page.total for page in await asyncio.gather(*searches)} == {0}

    run(scenario)
