"""What several processes on one database, and a database that goes away, ask of the PostgreSQL store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import string
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.abc import Params
from server_bodies import customer
from store_runner import PATIENT

from harness.database import Database, database
from harness.tmfkit import tmfkit_server
from patience import PATIENCE_SECONDS
from tmfkit_server.errors import StoreError, StoreUnusable
from tmfkit_server.query.expression import ALL_BYTES, Search
from tmfkit_server.query.parse import Grammar, parse_search
from tmfkit_server.query.sql import ordering
from tmfkit_server.storage.base import IndexPlan, Record, Store, Stored, Subscription
from tmfkit_server.storage.postgres import search as postgres_search
from tmfkit_server.storage.postgres.arranged import arranged
from tmfkit_server.storage.postgres.migrate import migrate, steps
from tmfkit_server.storage.postgres.search import found_positions
from tmfkit_server.storage.postgres.store import PostgresStore
from tmfkit_server.storage.postgres.tally import COUNTED_OFF

CUSTOMERS = "/tmf-api/customerManagement/v4/customer"
HUB = "/tmf-api/customerManagement/v4/hub"

TwoStores = Callable[[Callable[[Store, Store], Awaitable[None]]], None]


@pytest.fixture
def run(postgres_url: str) -> TwoStores:
    """Runs a scenario on two stores on one database, as two processes have them."""

    async def opened(scenario: Callable[[Store, Store], Awaitable[None]]) -> None:
        async with AsyncExitStack() as stack:
            stores = [PostgresStore(postgres_url, searches=PATIENT) for _ in range(2)]
            for store in stores:
                await store.open()
                stack.push_async_callback(store.close)
            await scenario(*stores)

    return lambda scenario: asyncio.run(opened(scenario))


async def insert(store: Store, *records: Record) -> None:
    async with store.transaction() as transaction:
        for record in records:
            await transaction.insert("c", record)


def migrate_to(connection: psycopg.Connection, number: int) -> None:
    connection.execute("CREATE TABLE migration (number integer PRIMARY KEY, name text, made timestamptz DEFAULT now())")
    for step in steps()[:number]:
        connection.execute(step.sql.encode())
        connection.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", (step.number, step.name))


async def is_waiting(task: asyncio.Task[Any], url: str, *, sessions: int = 1) -> bool:
    """Wait until so many sessions of the database wait for a lock; return whether *task* has not ended then."""
    statement = """SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()"""
    async with asyncio.timeout(PATIENCE_SECONDS), await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        while not task.done():
            [[waiting]] = await (await other.execute(statement)).fetchall()
            if waiting >= sessions:
                break
            await asyncio.sleep(0.01)
    return not task.done()


@pytest.mark.parametrize("is_only", [pytest.param(True, id="grouped"), pytest.param(False, id="alone")])
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_changes_of_one_record_by_two_processes_are_all_kept_whatever_the_default_of_the_database(
    run: TwoStores, postgres_url: str, isolation: str, is_only: bool
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        [name] = connection.execute("SELECT current_database()").fetchone() or [""]
        setting = sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = {}")
        connection.execute(setting.format(sql.Identifier(name), sql.Literal(isolation)))

    async def scenario(one: Store, other: Store) -> None:
        await insert(one, Record("1", {"n": 0}))

        async def count_up(store: Store) -> None:
            async with store.transaction() as transaction:
                found = await transaction.get("c", "1", is_only=is_only)
                assert found
                await transaction.replace("c", Record("1", {"n": found.body["n"] + 1}))

        await asyncio.gather(*(count_up(store) for store in (one, other) for _ in range(20)))
        assert await one.get("c", "1") == Record("1", {"n": 40})

    run(scenario)


def test_an_id_that_is_free_stays_free_until_the_transaction_ends(run: TwoStores) -> None:
    async def scenario(one: Store, other: Store) -> None:
        async def create(store: Store, text: str) -> None:
            async with store.transaction() as transaction:
                if await transaction.get("c", "1") is None:
                    await asyncio.sleep(0.01)
                    await transaction.insert("c", Record("1", {"a": text}))

        await asyncio.gather(create(one, "one"), create(other, "other"))
        assert (await one.search("c", parse_search("", Grammar()))).total == 1

    run(scenario)


def test_id_with_a_nul_is_refused_before_the_database_is_asked(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        async with store.transaction() as transaction:
            with pytest.raises(ValueError, match=re.escape(r"c: PostgreSQL keeps no NUL, which 'a\x00' has")):
                await transaction.insert("c", Record("a\x00", {}))
        assert await store.get("c", "a\x00") is None

    run(scenario)


def test_registration_waits_for_changes_that_do_not_know_of_it(run: TwoStores, postgres_url: str) -> None:
    async def scenario(one: Store, other: Store) -> None:
        async def register() -> None:
            async with other.transaction() as transaction:
                assert await transaction.subscriptions("h", for_change=True) == []
                await transaction.subscribe(Subscription("s", "h", "http://x", None))

        async with one.transaction() as transaction:
            await transaction.insert("c", Record("1", {}))
            assert await transaction.subscriptions("h") == []
            registration = asyncio.create_task(register())
            assert await is_waiting(registration, postgres_url)
        await registration
        async with one.transaction() as transaction:
            await transaction.insert("c", Record("2", {}))
            assert [each.id for each in await transaction.subscriptions("h")] == ["s"]

    run(scenario)


def test_listener_cannot_leave_while_something_is_put_on_its_way(run: TwoStores, postgres_url: str) -> None:
    async def scenario(one: Store, other: Store) -> None:
        listener = Subscription("s", "h", "http://x", None)

        async def leave() -> None:
            async with other.transaction() as transaction:
                await transaction.unsubscribe("s")

        async with one.transaction() as transaction:
            await transaction.subscribe(listener)
        async with one.transaction() as transaction:
            await transaction.insert("c", Record("1", {}))
            [known] = await transaction.subscriptions("h")
            leaving = asyncio.create_task(leave())
            assert await is_waiting(leaving, postgres_url)
            await transaction.enqueue(known, {})
        await leaving
        assert await one.outbox.listeners() == []

    run(scenario)


def test_transaction_that_fails_takes_nothing_of_its_group_with_it(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        async def create(name: str) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record(name, {}))
                await transaction.subscriptions("h")
                if name == "3":
                    raise LookupError

        names = [str(number) for number in range(8)]
        results = await asyncio.gather(*map(create, names), return_exceptions=True)
        assert [type(result) for result in results if result] == [LookupError]
        page = await store.search("c", parse_search("", Grammar()))
        assert sorted(record.id for record in page.records) == [name for name in names if name != "3"]

    run(scenario)


def test_record_that_cannot_be_kept_takes_nothing_of_its_group_with_it(run: TwoStores) -> None:
    # Longer than an entry of an index may be, and not to be compressed.
    too_long = "".join(random.Random(1).choices(string.ascii_letters, k=10_000))

    async def scenario(store: Store, _: Store) -> None:
        async def create(name: str) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record(name, {}))
                await transaction.subscriptions("h")

        results = await asyncio.gather(*map(create, ["1", too_long, "2"]), return_exceptions=True)
        assert [type(result) for result in results if result] == [StoreError]
        page = await store.search("c", parse_search("", Grammar()))
        assert sorted(record.id for record in page.records) == ["1", "2"]

    run(scenario)


def test_transaction_that_comes_while_a_group_begins_comes_along(run: TwoStores, postgres_url: str) -> None:
    async def scenario(store: Store, other: Store) -> None:
        takes_a_seat = asyncio.Event()

        async def create(name: str) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record(name, {}))
                takes_a_seat.set()
                await transaction.subscriptions("h")

        async with other.transaction() as registering:
            await registering.subscriptions("h", for_change=True)
            first = asyncio.create_task(create("1"))
            assert await is_waiting(first, postgres_url)
            takes_a_seat.clear()
            second = asyncio.create_task(create("2"))
            await takes_a_seat.wait()
            assert await is_waiting(second, postgres_url)
        await asyncio.gather(first, second)
        with psycopg.connect(postgres_url) as connection:
            assert connection.execute("SELECT count(*), count(DISTINCT xmin::text) FROM record").fetchone() == (2, 1)

    run(scenario)


def test_group_with_a_taken_id_fails_when_a_listener_came_meanwhile(run: TwoStores, postgres_url: str) -> None:
    async def scenario(store: Store, other: Store) -> None:
        await insert(store, Record("1", {}))
        gate, both_know = asyncio.Event(), asyncio.Barrier(3)

        async def create(name: str) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record(name, {}))
                assert not await transaction.subscriptions("h")
                await both_know.wait()
                await gate.wait()

        async def register() -> None:
            async with other.transaction() as transaction:
                await transaction.subscribe(Subscription("s", "h", "http://x", None))

        creating = [asyncio.create_task(create(name)) for name in ("1", "2")]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await both_know.wait()
        registering = asyncio.create_task(register())
        # It gets its turn as soon as the group begins anew without the record whose id is taken.
        assert await is_waiting(registering, postgres_url)
        gate.set()
        results = await asyncio.gather(*creating, return_exceptions=True)
        assert [str(result) for result in results] == ["listeners came or went while the changes were written"] * 2
        await registering
        assert (await other.search("c", Search())).total == 1

    run(scenario)


async def count_up(store: Store, identifier: str = "1") -> None:
    """Change a record as one of a group, and tell the listeners of a hub."""
    async with store.transaction() as transaction:
        found = await transaction.get("c", identifier, is_only=True)
        assert found
        after = Record(identifier, {"n": found.body["n"] + 1})
        await transaction.replace("c", after)
        for each in await transaction.subscriptions("h"):
            await transaction.enqueue(each, {"from": found.body["n"], "to": after.body["n"]}, identifier)


def test_changes_of_different_records_share_a_commit(run: TwoStores, postgres_url: str) -> None:
    async def scenario(store: Store, _: Store) -> None:
        names = [str(number) for number in range(20)]
        await insert(store, *(Record(name, {"n": int(name)}) for name in names))
        await asyncio.gather(*(count_up(store, name) for name in names))
        assert [await store.get("c", name) for name in names] == [Record(name, {"n": int(name) + 1}) for name in names]
        with psycopg.connect(postgres_url) as connection:
            assert connection.execute("SELECT count(DISTINCT xmin::text) FROM record").fetchone() == (1,)
            found = connection.execute("SELECT value FROM bound WHERE key = 'c=/n' ORDER BY value").fetchall()
            assert found == [(n,) for n in range(1, 21)]

    run(scenario)


def test_additions_changes_and_deletions_of_one_moment_share_a_commit(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        await insert(store, *(Record(f"{number}", {"n": number}) for number in range(20)))

        async def add(number: int) -> None:
            async with store.transaction() as transaction:
                await transaction.insert("cd"[number % 2], Record(f"new{number}", {}))
                await transaction.subscriptions("h")

        async def remove(number: int) -> None:
            async with store.transaction() as transaction:
                assert await transaction.get("c", f"{number}", is_only=True)
                await transaction.remove("c", f"{number}")

        works = [work for n in range(10) for work in (add(n), count_up(store, f"{n}"), remove(n + 10))]
        await asyncio.gather(*works)
        page = await store.search("c", Search())
        wanted: dict[str, Any] = {f"{n}": {"n": n + 1} for n in range(10)}
        wanted |= {f"new{n}": {} for n in range(0, 10, 2)}
        assert {record.id: record.body for record in page.records} == wanted
        assert page.total == 15
        assert (await store.search("d", Search())).total == 5

    run(scenario)


def test_changes_of_one_record_by_two_processes_are_told_in_their_order(run: TwoStores) -> None:
    async def scenario(one: Store, other: Store) -> None:
        await insert(one, Record("1", {"n": 0}))
        async with one.transaction() as transaction:
            await transaction.subscribe(Subscription("s", "h", "http://x", None))
        await asyncio.gather(*(count_up(store) for store in (one, other) for _ in range(20)))
        assert await one.outbox.lease("s")
        told = [each.notification for each in await one.outbox.deliveries("s", busy=(), limit=100)]
        assert told == [{"from": n, "to": n + 1} for n in range(40)]

    run(scenario)


def test_change_that_cannot_be_kept_takes_nothing_of_its_group_with_it(run: TwoStores) -> None:
    too_long = "".join(random.Random(1).choices(string.ascii_letters, k=10_000))

    async def scenario(store: Store, _: Store) -> None:
        await insert(store, *(Record(name, {"n": 0}) for name in "123"))

        async def change(name: str) -> None:
            async with store.transaction() as transaction:
                assert await transaction.get("c", name, is_only=True)
                await transaction.replace("c", Record(name, {"n": 1}))
                await transaction.insert("c", Record(too_long, {}))

        results = await asyncio.gather(count_up(store, "1"), change("2"), count_up(store, "3"), return_exceptions=True)
        assert [type(result) for result in results if result] == [StoreError]
        assert [(await store.get("c", name) or Record("", {})).body["n"] for name in "123"] == [1, 0, 1]

    run(scenario)


def test_change_of_a_group_that_begins_anew_fails_when_another_process_had_the_record(
    run: TwoStores, postgres_url: str
) -> None:
    async def scenario(store: Store, other: Store) -> None:
        await insert(store, Record("1", {"n": 0}))
        gate, both_know, has_claimed = asyncio.Event(), asyncio.Barrier(3), asyncio.Event()

        async def change() -> None:
            async with store.transaction() as transaction:
                assert await transaction.get("c", "1", is_only=True)
                await transaction.replace("c", Record("1", {"n": 10}))
                await transaction.subscriptions("h")
                await both_know.wait()

        async def add_again() -> None:
            async with store.transaction() as transaction:
                await transaction.insert("c", Record("1", {}))
                await transaction.subscriptions("h")
                await both_know.wait()
                await gate.wait()

        async def claim() -> None:
            async with other.transaction() as transaction:
                await transaction.subscriptions("h", for_change=True)
                has_claimed.set()
                await asyncio.wait_for(changing_elsewhere, PATIENCE_SECONDS)

        async def change_elsewhere() -> None:
            async with other.transaction() as transaction:
                assert await transaction.get("c", "1")
                await transaction.replace("c", Record("1", {"n": 5}))

        group = [asyncio.create_task(work) for work in (change(), add_again())]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await both_know.wait()
        # It gets the hub as soon as the group begins anew without the record whose id is taken.
        changing_elsewhere = asyncio.create_task(change_elsewhere())
        assert await is_waiting(changing_elsewhere, postgres_url)
        claiming = asyncio.create_task(claim())
        assert await is_waiting(claiming, postgres_url, sessions=2)
        gate.set()
        results = await asyncio.gather(*group, return_exceptions=True)
        assert [str(result) for result in results] == [
            "the record was changed while the change was written",
            "a record with this id already exists",
        ]
        await claiming
        assert await store.get("c", "1") == Record("1", {"n": 5})

    run(scenario)


def test_record_that_another_process_holds_holds_up_nobody_else(run: TwoStores, postgres_url: str) -> None:
    async def scenario(store: Store, other: Store) -> None:
        await insert(store, Record("1", {"n": 0}), Record("2", {"n": 0}))
        async with asyncio.timeout(PATIENCE_SECONDS), other.transaction() as transaction:
            assert await transaction.get("c", "1")
            # More than there are connections.
            held = [asyncio.create_task(count_up(store)) for _ in range(20)]
            assert await is_waiting(held[0], postgres_url)
            await count_up(store, "2")
            assert not any(task.done() for task in held)
        await asyncio.gather(*held)
        assert await store.get("c", "1") == Record("1", {"n": 20})

    run(scenario)


def test_change_of_a_record_that_is_not_there_finds_none(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        await insert(store, Record("1", {"n": 0}))

        async def find(identifier: str) -> bool:
            async with store.transaction() as transaction:
                return await transaction.get("c", identifier, is_only=True) is not None

        assert await asyncio.gather(*map(find, ["1", "2", "1", "2", "\x00"])) == [True, False, True, False, False]

    run(scenario)


def test_transaction_on_one_record_reads_no_other(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        await insert(store, Record("1", {"n": 0}))
        async with store.transaction() as transaction:
            assert await transaction.get("c", "1", is_only=True)
            with pytest.raises(RuntimeError, match=re.escape("no other record than ('c', '1')")):
                await transaction.get("c", "2")
        await count_up(store)

    run(scenario)


def test_transactions_that_come_while_a_group_begins_are_told_the_listeners_of_their_own_hub(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        hubs = [f"h{number}" for number in range(30)]
        async with store.transaction() as transaction:
            for hub in hubs:
                await transaction.subscribe(Subscription(f"s-{hub}", hub, "http://x", None))

        async def create(number: int) -> None:
            hub = hubs[number % 30]
            # Some come together, some while a group is under way.
            await asyncio.sleep(number % 19 / 2000)
            async with store.transaction() as transaction:
                await transaction.insert(hub, Record(str(number), {}))
                for listener in await transaction.subscriptions(hub):
                    await transaction.enqueue(listener, {"hub": hub, "n": number})

        await asyncio.gather(*map(create, range(300)))
        for hub in hubs:
            page = await store.search(hub, Search())
            assert await store.outbox.lease(f"s-{hub}")
            sent = [each.notification for each in await store.outbox.deliveries(f"s-{hub}", busy=(), limit=1000)]
            assert page.total == len(sent) == 10
            assert sorted(record.id for record in page.records) == sorted(str(each["n"]) for each in sent)
            assert {each["hub"] for each in sent} == {hub}

    run(scenario)


def test_transaction_of_a_group_may_go_on_to_change_other_records(run: TwoStores) -> None:
    async def scenario(store: Store, _: Store) -> None:
        await insert(store, Record("1", {"n": 1}))
        async with store.transaction() as transaction:
            await transaction.insert("c", Record("2", {}))
            await transaction.subscriptions("h")
            await transaction.replace("c", Record("1", {"n": 2}))
        assert [await store.get("c", "1"), await store.get("c", "2")] == [Record("1", {"n": 2}), Record("2", {})]

    run(scenario)


def test_transaction_that_leaves_its_group_waits_for_no_registration_that_waits_for_the_group(
    run: TwoStores, postgres_url: str
) -> None:
    async def scenario(one: Store, other: Store) -> None:
        async def register(listener: Subscription) -> None:
            async with other.transaction() as transaction:
                if listener not in await transaction.subscriptions("h", for_change=True):
                    await transaction.subscribe(listener)

        async def change(identifier: str, meanwhile: Subscription) -> None:
            async with asyncio.timeout(PATIENCE_SECONDS), one.transaction() as transaction:
                await transaction.insert("c", Record(identifier, {}))
                await transaction.subscriptions("h")
                registration = asyncio.create_task(register(meanwhile))
                assert await is_waiting(registration, postgres_url)
                registrations.append(registration)
                assert await transaction.get("c", "other") is None

        registrations: list[asyncio.Task[None]] = []
        known = Subscription("s", "h", "http://x", None)
        await register(known)
        await change("1", meanwhile=known)
        with pytest.raises(StoreError, match="listeners came or went"):
            await change("2", meanwhile=Subscription("t", "h", "http://y", None))
        await asyncio.gather(*registrations)
        assert (await one.get("c", "1"), await one.get("c", "2")) == (Record("1", {}), None)

    run(scenario)


def test_searches_that_take_long_leave_connections_for_others(run: TwoStores, postgres_url: str) -> None:
    async def scenario(store: Store, _: Store) -> None:
        await insert(store, Record("1", {"n": 1}))
        async with await psycopg.AsyncConnection.connect(postgres_url) as other:
            await other.execute("LOCK TABLE bound")
            search = parse_search("n.gt=0", Grammar())
            searches = [asyncio.create_task(store.search("c", search)) for _ in range(20)]
            assert await is_waiting(searches[0], postgres_url, sessions=PATIENT.scans // 2)
            async with asyncio.timeout(PATIENCE_SECONDS), store.transaction() as transaction:
                assert await transaction.get("c", "1") == await store.get("c", "1")
            assert not any(task.done() for task in searches)
            await other.rollback()
        assert {page.total for page in await asyncio.gather(*searches)} == {1}

    run(scenario)


def test_one_process_at_a_time_delivers_to_a_listener(run: TwoStores) -> None:
    async def scenario(one: Store, other: Store) -> None:
        listener = Subscription("s", "h", "http://x", None)
        async with one.transaction() as transaction:
            await transaction.enqueue(listener, {"n": 1})
            await transaction.enqueue(listener, {"n": 2})
        assert await one.outbox.lease("s")
        [first, _] = await one.outbox.deliveries("s", busy=(), limit=10)
        assert list(await other.outbox.listeners()) == ["s"]
        assert not await other.outbox.lease("s")
        with pytest.raises(StoreError, match="the lease on listener s was lost"):
            await other.outbox.deliveries("s", busy=(), limit=10)
        await one.outbox.record_outcomes([first], [])
        await one.close()
        # PostgreSQL ends a connection a moment after its client.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await other.outbox.lease("s"):  # noqa: ASYNC110 - nothing here tells
                await asyncio.sleep(0.01)
        [second] = await other.outbox.deliveries("s", busy=(), limit=10)
        assert second.notification == {"n": 2}

    run(scenario)


def test_indexes_serve_equality_ranges_and_deep_pages_among_100_000_records(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        migrate_to(connection, 4)
        connection.execute("""
            INSERT INTO record (collection, id, body, spelling, tag, terms, orders)
            SELECT 'c', n, '{}', '{}', '', format('{"c": {"/name": ["n%s"], "=/rank": [%s]}}', n, n)::jsonb, '{}'
            FROM generate_series(1, 100000) AS n""")
        connection.execute("INSERT INTO bound SELECT 'c=/rank', id::numeric, position FROM record")
        # The next step counts them.
        scalars = migrate(postgres_url, {"c": IndexPlan(scalars=("name", "rank"))})
        connection.execute("VACUUM ANALYZE")
        order = ordering((), "c")
        assert order
        [(pages,)] = connection.execute("SELECT relpages FROM pg_class WHERE relname = 'record'")
        served = (
            ("name=n77", "record_terms", 1),
            ("rank.gt=99990", "bound_pkey", 10),
            ("rank.gte=50000&rank.lt=50010", "bound_pkey", 10),
        )
        for query, index, rows in served:
            statement, parameters = found_positions(parse_search(query, Grammar()).where, order, "c")
            assert _pages_read(connection, statement, parameters, rows) < pages / 20
            lines = [line for (line,) in connection.execute(f"EXPLAIN (ANALYZE) {statement}".encode(), parameters)]
            used = [line for line in lines if "never executed" not in line]
            assert any(index in line for line in used), "\n".join(lines)
            assert not any("Seq Scan on record" in line for line in used), "\n".join(lines)
        for query, rows in (("sort=name", 20), ("sort=-rank", 20), ("name=n77", 1), ("rank=77", 1)):
            found = arranged("c", parse_search(f"{query}&limit=20", Grammar()), scalars)
            assert found
            assert _pages_read(connection, *found, rows) < 150, query
        page = {"collection": "c", "offset": 0, "limit": 20, "most_bytes": ALL_BYTES}
        read = {
            offset: _pages_read(connection, statement, {**page, "offset": offset}, 20)
            for statement, offset in (
                (postgres_search._NEAR, 0),
                (postgres_search._DEEP, COUNTED_OFF),
                (postgres_search._DEEP, 50_000),
                (postgres_search._DEEP, 99_980),
            )
        }
        assert max(read.values()) < 150, read


def _pages_read(connection: psycopg.Connection, statement: str, parameters: Params, rows: int) -> int:
    """Return how many pages of the database a query asks for that finds so many rows."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode()
    [(found,)] = connection.execute(explain, parameters)
    plan = found[0]["Plan"]
    assert plan["Actual Rows"] == rows, plan
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.parametrize("is_of_an_earlier_version", [False, True])
def test_pages_at_any_depth_are_right_among_gaps_other_collections_and_what_is_gone(
    postgres_url: str, run: TwoStores, is_of_an_earlier_version: bool
) -> None:
    chance = random.Random(1)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        if is_of_an_earlier_version:
            migrate_to(connection, 4)
            connection.execute("""
                INSERT INTO record (collection, id, body, spelling, tag, terms, orders)
                SELECT 'c', 'old' || n, '{}', '{}', '', '{}', '{}' FROM generate_series(1, 5000) AS n""")
    kept = [f"old{n}" for n in range(1, 5001)] if is_of_an_earlier_version else []

    async def scenario(one: Store, other: Store) -> None:
        for batch in range(20):
            await insert(chance.choice((one, other)), *(Record(f"{batch}-{n}", {}) for n in range(500)))
            kept.extend(f"{batch}-{n}" for n in range(500))
            async with one.transaction() as transaction:
                await transaction.insert("d", Record(f"{batch}", {}))
                for gone in chance.sample(kept, 20):
                    await transaction.remove("c", gone)
                    kept.remove(gone)
            # As if so many events had been queued meanwhile: to the middle of stretches of every width, and beyond.
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                skipped = chance.choice((0, 0, 700, 5_000, 150_000, 6_000_000))
                connection.execute("SELECT setval('entry_number', nextval('entry_number') + %s)", (skipped,))
        edges = (0, COUNTED_OFF - 1, COUNTED_OFF, len(kept) - 10, len(kept) - 1, len(kept), len(kept) + 9_000)
        for offset in (*edges, *chance.sample(range(COUNTED_OFF, len(kept)), 60)):
            limit = chance.choice((1, 10, 600))
            page = await other.search("c", Search(offset=offset, limit=limit))
            assert page.total == len(kept)
            assert [record.id for record in page.records] == kept[offset : offset + limit]
        rest = await other.search("c", Search(offset=COUNTED_OFF + 7, limit=None))
        assert [record.id for record in rest.records] == kept[COUNTED_OFF + 7 :]
        assert [record.id async for record in _everything(one)] == kept

    run(scenario)


async def _everything(store: Store) -> AsyncIterator[Record]:
    async for entry in store.contents():
        if isinstance(entry, Stored) and entry.collection == "c":
            yield entry.record


def test_arrays_that_an_earlier_version_stored_are_found_by_ranges(postgres_url: str, run: TwoStores) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        migrate_to(connection, 2)
        connection.execute("""
            INSERT INTO record (collection, id, body, spelling, tag, terms, orders)
            VALUES ('c', '1', '{"n": [1, 9]}', '{}', '', '{"c": {"=/n": [1, 9]}}', '{}')""")
        connection.execute("INSERT INTO bound SELECT 'c=/n', value, position FROM record, (VALUES (1), (9)) b (value)")

    async def scenario(store: Store, _: Store) -> None:
        page = await store.search("c", parse_search("n.gt=3&n.lt=5", Grammar()))
        assert [record.id for record in page.records] == ["1"]

    run(scenario)


def test_long_names_that_an_earlier_version_stored_are_found_by_ranges(postgres_url: str, run: TwoStores) -> None:
    name = "n" * 1000
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        migrate_to(connection, 3)
        connection.execute(
            "INSERT INTO record (collection, id, body, spelling, tag, terms, orders)"
            " VALUES ('c', '1', %s, '{}', '', '{}', '{}')",
            (f'{{"{name}": 5}}',),
        )
        connection.execute("INSERT INTO bound SELECT %s, 5, position FROM record", (f"c=/{name}",))

    async def scenario(store: Store, _: Store) -> None:
        page = await store.search("c", parse_search(f"{name}.gt=3&{name}.lt=7", Grammar()))
        assert [record.id for record in page.records] == ["1"]

    run(scenario)


_NAMES = ("name", "Name", "n", 'a"b', "a\\b", "a,{}b", "NULL", "", "é\n", "a/b", "a~b", "z\x00", "~" * 1100)
_VALUES: tuple[Any, ...] = (
    *("x", "X", "2024-01-01T00:00:00Z", "2024-01-01", "long " * 60, "\x00", 1, True, 1.5, 1e300, None),
    *([], [1, 2], ["b", "A"], ["2024-01-01", 5], {}, {"name": "X", 'q"': [3, {"r": "s"}]}, [{"u": 1}, {"u": "V"}]),
)


def test_searches_look_at_the_same_in_a_record_that_was_changed_as_in_one_that_came_so(postgres_url: str) -> None:
    chance = random.Random(5)

    def body() -> dict[str, Any]:
        return {name: chance.choice(_VALUES) for name in chance.sample(_NAMES, chance.randrange(6))}

    async def scenario() -> None:
        store = PostgresStore(postgres_url, {"c": IndexPlan(scalars=("name", "n"))})
        await store.open()
        try:
            bodies = [body() for _ in range(40)]
            await insert(store, *(Record(f"changed {n}", each) for n, each in enumerate(bodies)))
            for _ in range(8):
                bodies = [{**chance.choice((each, {})), **body()} for each in bodies]
                async with store.transaction() as transaction:
                    for n, each in enumerate(bodies):
                        await transaction.replace("c", Record(f"changed {n}", each))
            await insert(store, *(Record(f"made {n}", each) for n, each in enumerate(bodies)))
        finally:
            await store.close()

    asyncio.run(scenario())
    looked_at = """
        SELECT split_part(id, ' ', 1), split_part(id, ' ', 2)::integer, terms, orders,
            ARRAY(SELECT key || ' ' || value FROM bound WHERE bound.position = record.position ORDER BY 1),
            ARRAY(SELECT key || ' ' || number || text FROM scalar WHERE scalar.position = record.position ORDER BY 1)
        FROM record ORDER BY 1, 2"""
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(looked_at.encode()).fetchall()
    changed, made = ([row[1:] for row in rows if row[0] == kind] for kind in ("changed", "made"))
    assert len(made) == 40
    assert changed == made


def test_schema_is_brought_up_by_one_process_at_a_time(postgres_url: str) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(migrate, [postgres_url] * 4))
    with psycopg.connect(postgres_url) as connection:
        made = connection.execute("SELECT number, name FROM migration ORDER BY number").fetchall()
    assert made == [(step.number, step.name) for step in steps()]
    assert [step.number for step in steps()] == list(range(1, len(steps()) + 1))


def test_schema_of_a_newer_version_is_left_alone(postgres_url: str) -> None:
    migrate(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO migration (number, name) VALUES (9999, 'later')")
    with pytest.raises(StoreUnusable, match="the schema is at step 9999, which this version does not know"):
        migrate(postgres_url)


@pytest.fixture(scope="module")
def two_workers(
    postgres_databases: Callable[[], str], start_server: Callable[..., AbstractContextManager[str]]
) -> Iterator[str]:
    """A server with two workers."""
    with start_server("--store", postgres_databases(), "--workers", "2") as url:
        yield url


def test_two_patches_at_the_same_time_are_both_kept(two_workers: str) -> None:
    href = httpx.post(two_workers + CUSTOMERS, json=customer()).json()["href"]
    # As many as one worker has connections: none has to wait for one.
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: httpx.patch(href, json={f"x{n}": n}), range(32)))
    assert {answer.status_code for answer in answers} == {200}
    assert {name for name in httpx.get(href).json() if name.startswith("x")} == {f"x{n}" for n in range(32)}


@pytest.mark.parametrize(
    ("media_type", "condition", "refusal"),
    [
        pytest.param("application/merge-patch+json", "If-Match", 412, id="if-match"),
        pytest.param("application/json-patch+json", "test", 409, id="json-patch"),
    ],
)
def test_one_of_several_patches_of_one_state_is_taken(
    two_workers: str, listener: Any, media_type: str, condition: str, refusal: int
) -> None:
    made = httpx.post(two_workers + CUSTOMERS, json=customer(name="0"))
    hub = httpx.post(two_workers + HUB, json={"callback": listener.url}).json()
    href, tag = made.json()["href"], made.headers["ETag"]

    def patch(number: int) -> int:
        headers = {"Content-Type": media_type} | ({"If-Match": tag} if condition == "If-Match" else {})
        change: Any = {"name": f"{number}"}
        if condition == "test":
            change = [
                {"op": "test", "path": "/name", "value": "0"},
                {"op": "replace", "path": "/name", "value": f"{number}"},
            ]
        return httpx.patch(href, json=change, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(patch, range(1, 17)))
    assert sorted(statuses) == [200] + [refusal] * 15
    name = httpx.get(href).json()["name"]
    assert name == f"{statuses.index(200) + 1}"
    assert listener.next()["event"]["customer"]["name"] == name
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: httpx.delete(href).status_code, range(8))) == [204] + [404] * 7
    assert listener.next()["eventType"] == "CustomerDeleteEvent"
    assert httpx.delete(f"{two_workers}{HUB}/{hub['id']}").status_code == 204
    assert listener.is_silent()


def test_patches_that_were_answered_outlive_a_worker_that_is_killed(postgres_url: str, tmp_path: Path) -> None:
    server = tmfkit_server(postgres_url, log=tmp_path / "log", workers=2)
    try:
        server.start()
        hrefs = [httpx.post(server.url + CUSTOMERS, json=customer()).json()["href"] for _ in range(4)]
        answered: list[int] = []

        def patch(number: int) -> None:
            if number == 60:
                os.kill(server.children()[0], signal.SIGKILL)
            with contextlib.suppress(httpx.TransportError):
                if httpx.patch(hrefs[number % 4], json={f"x{number}": number}).status_code == 200:
                    answered.append(number)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(patch, range(160)))
        kept = {name for href in hrefs for name in httpx.get(href).json()}
        assert {f"x{number}" for number in answered} - kept == set()
        assert len(answered) > 100
    finally:
        server.stop()


def test_one_of_two_equal_registrations_at_the_same_time_is_refused(two_workers: str) -> None:
    body = {"callback": "http://127.0.0.1:9/x", "query": None}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: httpx.post(two_workers + HUB, json=body).status_code, range(8)))
    assert sorted(statuses) == [201] + [409] * 7


def test_events_of_two_workers_arrive_once_each(two_workers: str, listener: Any) -> None:
    made = httpx.post(two_workers + HUB, json={"callback": listener.url}).json()
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: httpx.post(two_workers + CUSTOMERS, json=customer()).json()["id"], range(24)))
    heard = [listener.next()["event"]["customer"]["id"] for _ in created]
    assert sorted(heard) == sorted(created)
    assert httpx.delete(f"{two_workers}{HUB}/{made['id']}").status_code == 204
    assert listener.is_silent()


@pytest.fixture
def cluster() -> Iterator[Database]:
    """A PostgreSQL of one test alone, which may stop and start it."""
    with database() as cluster:
        yield cluster


def _refused(url: str) -> None:
    """See that requests are refused as long as the database is away, reads and writes alike."""
    answers = [httpx.get(url + CUSTOMERS), httpx.post(url + CUSTOMERS, json=customer())]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
    assert {answer.json()["code"] for answer in answers} == {"store-unavailable"}


def _serves_again(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while httpx.get(url + CUSTOMERS).status_code != 200:
        assert time.monotonic() < deadline
    while httpx.post(url + CUSTOMERS, json=customer()).status_code != 201:
        assert time.monotonic() < deadline


def test_restart_of_the_database_is_a_503_for_a_while(
    start_server: Callable[..., AbstractContextManager[str]], cluster: Database
) -> None:
    with start_server("--store", cluster.url, "--workers", "2") as url:
        assert httpx.post(url + CUSTOMERS, json=customer()).status_code == 201
        cluster.stop()
        _refused(url)
        cluster.start()
        _serves_again(url)


def test_server_and_workers_start_without_the_database(cluster: Database, tmp_path: Path) -> None:
    cluster.stop()
    server = tmfkit_server(cluster.url, log=tmp_path / "log")
    try:
        server.start()
        _refused(server.url)
        cluster.start()
        _serves_again(server.url)
        cluster.stop()
        [worker] = server.children()
        os.kill(worker, signal.SIGKILL)
        server.wait_until_ready()
        _refused(server.url)
        cluster.start()
        _serves_again(server.url)
        server.stop()
        assert server.exit_status() == 0
    finally:
        server.kill()
    said = server.log.read_text()
    assert re.search(
        r"^\S+ WARNING PostgreSQL: connection .*\. See that it runs, and that --store has its address and password\."
        r" Until it answers, requests are answered with 503\.$",
        said,
        re.MULTILINE,
    )
    assert said.count("PostgreSQL: connected") == 2
    assert "Traceback" not in said
