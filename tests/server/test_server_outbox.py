"""What every store does with notifications on their way, and with those that were given up."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from store_runner import LASTING, PATIENT, Runner, opened

from patience import PATIENCE_SECONDS
from tmfkit_server.storage.base import Death, Delivery, Store, Subscription
from tmfkit_server.storage.embedded import far_rows
from tmfkit_server.storage.embedded.store import EmbeddedStore
from tmfkit_server.storage.postgres import migrate
from tmfkit_server.storage.postgres.store import PostgresStore
from tmfkit_server.storage.stores import kind_of

ONE, TWO = (Subscription(name, "h", f"http://{name}", None) for name in ("one", "two"))
DEATH = Death("the listener answered 410 Gone", 410, 1_700_000_000)


# How much of the outbox the embedded store keeps in memory: nothing, and room for a row or two.
_SMALL_ROOM = {"far": 0, "half-far": 500}


@pytest.fixture(params=["memory", *LASTING, *_SMALL_ROOM])
def new_store(
    request: pytest.FixtureRequest, empty_store: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Store]:
    """Makes a store as for every test, and embedded ones that have no room for the outbox in memory."""
    if request.param in _SMALL_ROOM:
        monkeypatch.setattr(far_rows, "NEAR_BYTES", _SMALL_ROOM[request.param])
    address = empty_store("file" if request.param in _SMALL_ROOM else request.param)
    return lambda: kind_of(address).new(address, {}, searches=PATIENT)


async def _filled(store: Store) -> None:
    """Put three notifications about each of two resources into the outbox, for two listeners."""
    async with store.transaction() as transaction:
        await transaction.subscribe(ONE)
        await transaction.subscribe(TWO)
    async with store.transaction() as transaction:
        assert await transaction.subscriptions("h") == [ONE, TWO]
        assert await transaction.subscriptions("other") == []
        for number in range(3):
            for subject in "ab":
                await transaction.enqueue(ONE, {"n": number}, subject)
                await transaction.enqueue(TWO, {"n": number}, subject)


async def _waiting(
    store: Store, listener: Subscription = ONE, *, busy: tuple[str, ...] = (), limit: int = 100
) -> list[Delivery]:
    assert await store.outbox.lease(listener.id)
    found = await store.outbox.deliveries(listener.id, busy=busy, limit=limit)
    await store.outbox.release(listener.id)
    return list(found)


async def _buried(store: Store, *sequences: int) -> None:
    dying = [replace(each, attempts=3, death=DEATH) for each in await _waiting(store) if each.sequence in sequences]
    await store.outbox.record_outcomes([], dying)


def test_outbox_is_in_order_for_each_resource_and_goes_with_its_listener(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        before = int(time.time())
        await _filled(store)
        assert sorted(await store.outbox.listeners()) == ["one", "two"]
        found = await _waiting(store)
        for subject in "ab":
            told = [each for each in found if each.subject == subject]
            assert [each.notification for each in told] == [{"n": 0}, {"n": 1}, {"n": 2}]
            assert told == sorted(told, key=lambda each: each.sequence)
        assert {(each.subscription, each.callback, each.attempts) for each in found} == {("one", "http://one", 0)}
        assert all(before <= each.queued <= time.time() for each in found)
        assert await store.outbox.record_outcomes(found, []) == {each.sequence for each in found}
        assert list(await store.outbox.listeners()) == ["two"]
        async with store.transaction() as transaction:
            await transaction.unsubscribe("two")
        assert await store.outbox.listeners() == []
        assert await store.count() == 1

    run(scenario)


def test_first_on_its_way_to_each_listener_is_told(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        assert await store.outbox.oldest() == {}
        await _filled(store)
        first, second, *_ = sorted(await _waiting(store), key=lambda each: each.sequence)
        [of_two, *_] = sorted(await _waiting(store, TWO), key=lambda each: each.sequence)
        tried = replace(first, attempts=2, due=7.0)
        await store.outbox.record_outcomes([], [tried])
        assert await store.outbox.oldest() == {"one": tried, "two": of_two}
        await _buried(store, first.sequence)
        assert (await store.outbox.oldest())["one"] == second

    run(scenario)


def test_deliveries_end_with_the_first_that_reaches_the_number_of_bytes(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        async with store.transaction() as transaction:
            await transaction.subscribe(ONE)
            for subject in "abcd":
                await transaction.enqueue(ONE, {"text": "x" * 1000}, subject)
        assert await store.outbox.lease(ONE.id)
        for most_bytes, count in ((1, 1), (900, 1), (1500, 2), (2900, 3), (9000, 4)):
            found = await store.outbox.deliveries(ONE.id, busy=(), limit=10, most_bytes=most_bytes)
            assert [each.subject for each in found] == list("abcd")[:count]

    run(scenario)


def test_oldest_of_every_resource_that_is_not_busy_is_given_out(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _filled(store)
        assert {each.subject for each in await _waiting(store, busy=("a",))} == {"b"}
        assert [each.notification for each in await _waiting(store, busy=("a",), limit=1)] == [{"n": 0}]
        assert await _waiting(store, busy=("a", "b")) == []

    run(scenario)


@pytest.mark.parametrize("new_store", LASTING, indirect=True)
def test_attempts_and_the_next_try_outlive_the_process(new_store: Callable[[], Store]) -> None:
    async def scenario() -> None:
        async with opened(new_store()) as store:
            await _filled(store)
            first = (await _waiting(store, busy=("b",)))[0]
            await store.outbox.record_outcomes([], [replace(first, attempts=2, due=1.8e9)])
        async with opened(new_store()) as store:
            [again, *rest] = await _waiting(store, busy=("b",))
            assert again == replace(first, attempts=2, due=1.8e9)
            assert [(each.notification, each.attempts) for each in rest] == [({"n": 1}, 0), ({"n": 2}, 0)]

    asyncio.run(scenario())


def test_dead_letter_is_out_of_the_way_until_it_is_revived(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _filled(store)
        first, second, third = await _waiting(store, busy=("b",))
        await _buried(store, first.sequence, second.sequence)
        assert await _waiting(store, busy=("b",)) == [third]
        page = await store.outbox.dead_letters(None, offset=0, limit=1)
        assert (page.deliveries, page.total) == ([replace(first, attempts=3, death=DEATH)], 2)
        page = await store.outbox.dead_letters("one", offset=1, limit=5)
        assert ([each.sequence for each in page.deliveries], page.total) == ([second.sequence], 2)
        assert (await store.outbox.dead_letters("two", offset=0, limit=5)).total == 0
        assert await store.outbox.revive(first.sequence)
        assert not await store.outbox.revive(first.sequence)
        again, last = await _waiting(store, busy=("b",))
        # As if it were new, in its old place: what came after it and still waits goes after it.
        assert (again.notification, again.attempts, again.due, again.death) == ({"n": 0}, 0, 0.0, None)
        assert (again.sequence, last) == (first.sequence, third)

    run(scenario)


def test_dead_letters_are_revived_by_listener_or_all_together(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _filled(store)
        found = await _waiting(store)
        await _buried(store, *(each.sequence for each in found))
        assert list(await store.outbox.listeners()) == ["two"]
        await asyncio.wait_for(store.outbox.news(), PATIENCE_SECONDS)
        assert await store.outbox.revive_all("two") == 0
        assert await store.outbox.revive_all("one") == 6
        await asyncio.wait_for(store.outbox.news(), PATIENCE_SECONDS)
        assert [each.sequence for each in await _waiting(store)] == [each.sequence for each in found]
        await _buried(store, *(each.sequence for each in found))
        assert await store.outbox.revive_all(None) == 6

    run(scenario)


def test_dead_letter_is_forgotten_alone_or_with_its_listener(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _filled(store)
        first, second, _ = await _waiting(store, busy=("b",))
        await _buried(store, first.sequence)
        assert not await store.outbox.discard(second.sequence)
        assert await store.outbox.discard(first.sequence)
        assert not await store.outbox.discard(first.sequence)
        await _buried(store, second.sequence)
        async with store.transaction() as transaction:
            await transaction.unsubscribe("one")
        assert (await store.outbox.dead_letters(None, offset=0, limit=5)).total == 0
        assert not await store.outbox.revive(second.sequence)

    run(scenario)


def test_note_on_what_went_with_its_listener_brings_nothing_back(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        await _filled(store)
        found = await _waiting(store)

        async def leave() -> None:
            async with store.transaction() as transaction:
                await transaction.unsubscribe("one")

        failed = [replace(each, attempts=1) for each in found[1:]]
        await asyncio.gather(leave(), store.outbox.record_outcomes(found[:1], failed))
        assert await store.outbox.record_outcomes(found[:1], failed) == set()
        assert list(await store.outbox.listeners()) == ["two"]
        assert await store.count() == 7

    run(scenario)


def test_what_waits_for_a_listener_that_is_down_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = 400 * 20_000
    monkeypatch.setattr(far_rows, "NEAR_BYTES", 100_000)

    async def enqueue(store: Store) -> None:
        for number in range(400):
            async with store.transaction() as transaction:
                await transaction.enqueue(ONE, {"n": number, "text": "x" * 20_000}, str(number))

    async def scenario() -> tuple[int, int]:
        async with opened(EmbeddedStore(str(tmp_path / "store.db"))) as store:
            await enqueue(store)
            gc.collect()
            waiting, _ = tracemalloc.get_traced_memory()
            assert [each.notification["n"] for each in await _waiting(store, limit=1000)] == list(range(400))
        async with opened(EmbeddedStore(str(tmp_path / "store.db"))) as store:
            gc.collect()
            opened_again, _ = tracemalloc.get_traced_memory()
            found = await _waiting(store, limit=1000)
            assert [each.notification["text"] for each in found] == ["x" * 20_000] * 400
        return waiting, opened_again

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        waiting, opened_again = asyncio.run(scenario())
    finally:
        tracemalloc.stop()
    assert waiting - before < texts / 8
    assert opened_again - before < texts / 8


def test_file_of_an_earlier_version_is_read(tmp_path: object) -> None:
    async def scenario() -> None:
        path = f"{tmp_path}/old.db"
        async with opened(EmbeddedStore(path)) as store:
            assert isinstance(store, EmbeddedStore)
            for number in range(2):
                old = {"subscription": "one", "callback": "http://one", "notification": {"n": number}}
                store.database().table("hub:outbox").insert(old)
        async with opened(EmbeddedStore(path)) as store:
            first, second = await _waiting(store)
            assert (first.notification, first.subject, first.queued, first.death) == ({"n": 0}, "", 0, None)
            # Of one subject, because nobody knows which: strictly in order, as they were meant to be.
            assert (second.notification, second.subject) == ({"n": 1}, "")
            noted = await store.outbox.record_outcomes([first], [replace(second, attempts=1, death=DEATH)])
            assert noted == {first.sequence, second.sequence}
            assert (await store.outbox.dead_letters("one", offset=0, limit=5)).total == 1

    asyncio.run(scenario())


def test_outbox_of_an_earlier_schema_is_brought_along(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = migrate.steps()[:1]
    before = int(time.time())
    with monkeypatch.context() as earlier:
        earlier.setattr(migrate, "steps", lambda: first)
        migrate.migrate(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        statement = "INSERT INTO outbox (subscription, callback, notification) VALUES ('one', 'http://one', %s)"
        for number in range(2):
            connection.execute(statement, [f'{{"n": {number}}}'])

    async def scenario() -> None:
        async with opened(PostgresStore(postgres_url)) as store:
            first, second = await _waiting(store)
            assert [each.notification for each in (first, second)] == [{"n": 0}, {"n": 1}]
            assert (first.subject, first.attempts, first.death) == ("", 0, None)
            # The database rounds.
            assert before <= first.queued <= time.time() + 1

    asyncio.run(scenario())
