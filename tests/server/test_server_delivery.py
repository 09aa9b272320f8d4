"""Delivery goes on, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from store_runner import Runner, opened

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_server.errors import StoreError
from tmfkit_server.network import LOOPBACK
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.services.notifications import delivery, listener_worker, outcome_writer, webhook_client
from tmfkit_server.services.notifications.callbacks import CallbackGuard
from tmfkit_server.services.notifications.delivery import Dispatcher
from tmfkit_server.services.notifications.webhook_client import WebhookClient
from tmfkit_server.storage.base import Delivery, Store, Subscription
from tmfkit_server.storage.embedded.outbox import EmbeddedOutbox
from tmfkit_server.storage.embedded.store import EmbeddedStore
from tmfkit_server.storage.postgres.store import PostgresStore

Deliveries = Iterable[tuple[str, int]]
RETRY_LIMITS = RetryLimits()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (listener_worker, outcome_writer):
        monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.02)
        monkeypatch.setattr(module, "_LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(delivery, "_REST_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "_LOOK_AGAIN_SECONDS", 0.05)


@asynccontextmanager
async def _delivering(store: Store, retry_limits: RetryLimits = RETRY_LIMITS) -> AsyncIterator[None]:
    dispatcher = Dispatcher(store, partial(WebhookClient, CallbackGuard(LOOPBACK)), retry_limits)
    dispatcher.start()
    try:
        yield
    finally:
        await dispatcher.stop()


async def _enqueue(store: Store, deliveries: Deliveries, *callbacks: str) -> None:
    """Register each of *callbacks* and put deliveries, each a subject and a number, into the outbox for it."""
    async with store.transaction() as transaction:
        for place, callback in enumerate(callbacks):
            subscription = Subscription(str(place), "h", callback, None)
            await transaction.subscribe(subscription)
            for subject, number in deliveries:
                await transaction.enqueue(subscription, {"eventId": f"{subject}{number} to {place}"}, subject)


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - the dispatcher takes the store's news
            await asyncio.sleep(0.01)


async def _until_done(store: Store) -> None:
    """Wait until nothing is on its way."""

    async def is_done() -> bool:
        return not await store.outbox.listeners()

    await _until(is_done)


async def _dead(store: Store) -> list[Delivery]:
    return list((await store.outbox.dead_letters(None, offset=0, limit=100)).deliveries)


def _ids(listener: Any) -> list[str]:
    """Return what has arrived, in its order."""
    found = []
    while not listener.is_silent():
        found.append(listener.next()["eventId"])
    return found


AB = [(subject, number) for number in range(3) for subject in "ab"]


@pytest.mark.parametrize("method", ["listeners", "deliveries", pytest.param("record_outcomes", id="settle")])
def test_store_that_fails_for_a_moment_holds_delivery_up_for_a_moment(
    listener: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, failures = getattr(EmbeddedOutbox, method), iter([StoreError("disk I/O error")])

    async def stumbling(*arguments: Any, **named: Any) -> Any:
        for failure in failures:
            raise failure
        return await works(*arguments, **named)

    async def scenario() -> None:
        async with opened(EmbeddedStore()) as store:
            await _enqueue(store, [("a", 1), ("a", 2)], listener.url)
            monkeypatch.setattr(EmbeddedOutbox, method, stumbling)

            async def is_done() -> bool:
                return await store.count() == 1  # the listener

            async with _delivering(store):
                await _until(is_done)

    asyncio.run(scenario())
    assert next(failures, None) is None
    # Once each: what the listener has taken is not sent again only because the store cannot note it.
    assert _ids(listener) == ["a1 to 0", "a2 to 0"]


def test_resource_waits_for_what_is_not_taken_and_others_do_not(run: Runner, listener: Any) -> None:
    came: list[str] = []

    def answer(notification: dict[str, Any]) -> int:
        came.append(event := notification["eventId"])
        is_early = came.count("a0 to 0") < 3 or "b2 to 0" not in came
        return 500 if event == "a0 to 0" and is_early else 204

    listener.answer = answer

    async def scenario(store: Store) -> None:
        await _enqueue(store, AB, listener.url)
        async with _delivering(store, RetryLimits(attempts=1000)):
            await _until_done(store)
        assert await _dead(store) == []

    run(scenario)
    attempts = came.count("a0 to 0")
    assert attempts >= 3
    assert [each for each in came if each[0] == "a"] == [*["a0 to 0"] * attempts, "a1 to 0", "a2 to 0"]
    assert [each for each in came if each[0] == "b"] == [f"b{number} to 0" for number in range(3)]
    assert came.index("b2 to 0") < came.index("a1 to 0")


def test_what_rests_since_before_a_restart_holds_up_nothing_else(
    run: Runner, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than this test waits: nobody makes the worker look again.
    monkeypatch.setattr(delivery, "_LOOK_AGAIN_SECONDS", 2 * PATIENCE_SECONDS)
    resting = [("a", number) for number in range(listener_worker._DELIVERIES_AT_A_TIME)]

    async def scenario(store: Store) -> None:
        await _enqueue(store, [*resting, ("b", 0)], listener.url)
        assert await store.outbox.lease("0")
        [first] = await store.outbox.deliveries("0", busy=(), limit=1)
        await store.outbox.record_outcomes([], [replace(first, attempts=9, due=time.time() + 600)])
        await store.outbox.release("0")

        async def has_arrived() -> bool:
            return bool(listener.raw)

        async with _delivering(store):
            await _until(has_arrived)

    run(scenario)
    assert _ids(listener) == ["b0 to 0"]


def test_listener_that_is_down_is_left_alone_and_gets_everything_when_it_is_back(run: Runner, listener: Any) -> None:
    listener.status = 503

    async def scenario(store: Store) -> None:
        await _enqueue(store, [(f"subject {number}", 0) for number in range(100)], listener.url)

        async def is_probed() -> bool:
            return len(listener.raw) > listener_worker._SUBJECTS_AT_ONCE

        async with _delivering(store):
            await _until(is_probed)
            # All were waiting, and could have been tried by now.
            assert len(listener.raw) < 50
            listener.status = 200
            await _until_done(store)

    run(scenario)
    assert {each[: -len(" to 0")] for each in _ids(listener)} == {f"subject {number}0" for number in range(100)}


def test_listener_that_leaves_gets_nothing_more_but_what_is_under_way(run: Runner, listener: Any) -> None:
    deliveries = [(subject, number) for number in range(3) for subject in "abcdefghijklmnop"]
    calls: list[object] = []
    may_answer = threading.Event()

    def answer(notification: dict[str, Any]) -> int:
        calls.append(notification)
        return 204 if may_answer.wait(PATIENCE_SECONDS) else 500

    listener.answer = answer

    async def scenario(store: Store) -> None:
        await _enqueue(store, deliveries, listener.url)

        async def is_waited_for() -> bool:
            return len(calls) == listener_worker._SUBJECTS_AT_ONCE

        async with _delivering(store):
            await _until(is_waited_for)
            async with store.transaction() as transaction:
                await transaction.unsubscribe("0")
            may_answer.set()
            await _until_done(store)
            await asyncio.sleep(0.2)

    run(scenario)
    assert len(calls) == listener_worker._SUBJECTS_AT_ONCE


@contextmanager
def _silent_listener() -> Iterator[str]:
    """A listener that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_listener_that_never_answers_delays_nobody(run: Runner, listener: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_client, "_TIMEOUT_SECONDS", 2 * PATIENCE_SECONDS)
    monkeypatch.setattr(listener_worker, "_GRACE_SECONDS", 0.0)

    async def scenario(store: Store) -> None:
        with _silent_listener() as silent:
            await _enqueue(store, AB, silent, listener.url)

            async def has_arrived() -> bool:
                return len(listener.raw) == len(AB) and await store.outbox.listeners() == ["0"]

            async with _delivering(store):
                await _until(has_arrived)

    run(scenario)


def test_silence_is_a_failed_attempt(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_client, "_TIMEOUT_SECONDS", 0.05)

    async def scenario(store: Store) -> None:
        with _silent_listener() as silent:
            await _enqueue(store, [("a", 0)], silent)
            async with _delivering(store, RetryLimits(attempts=2)):
                await _until_done(store)
        [dead] = await _dead(store)
        assert dead.death
        assert (dead.attempts, dead.death.reason) == (2, "no answer: the listener was silent for 0.05 s")

    run(scenario)


@pytest.mark.parametrize(("status", "attempts"), [(410, 1), (400, 1), (500, 3), (404, 3), (429, 3), (302, 3)])
def test_notification_that_is_refused_again_and_again_is_given_up(
    run: Runner, listener: Any, status: int, attempts: int
) -> None:
    listener.answer = lambda notification: status if notification["eventId"] == "a0 to 0" else 200
    listener.headers = {"Location": listener.url} if status == 302 else {}
    before = int(time.time())

    async def scenario(store: Store) -> None:
        await _enqueue(store, AB, listener.url)
        async with _delivering(store, RetryLimits(attempts=3)):
            await _until_done(store)
        [dead] = await _dead(store)
        assert dead.death
        assert (dead.notification, dead.attempts) == ({"eventId": "a0 to 0"}, attempts)
        assert dead.death.reason.startswith(f"the listener answered {status} ")
        assert (dead.death.status, before <= dead.death.at <= time.time()) == (status, True)

    run(scenario)
    arrived = _ids(listener)
    # The later ones of its resource go on. A redirect is no delivery, and is not followed.
    assert [each for each in arrived if each[0] == "a"] == [*["a0 to 0"] * attempts, "a1 to 0", "a2 to 0"]


def test_notification_that_has_become_too_old_is_given_up_even_if_the_listener_is_down(run: Runner) -> None:
    closed = f"http://127.0.0.1:{free_port()}/"

    async def scenario(store: Store) -> None:
        listener = Subscription("0", "h", closed, None)
        now = int(time.time())
        async with store.transaction() as transaction:
            await transaction.subscribe(listener)
            for number in range(20):
                old = Delivery(0, "0", "", {"eventId": str(number)}, f"old {number}", now - 7200)
                await transaction.restore(listener, old)
            await transaction.enqueue(listener, {"eventId": "new"}, "new")

        async def has_given_up() -> bool:
            return len(await _dead(store)) >= 20

        async with _delivering(store, RetryLimits(attempts=1000, hours=1.0)):
            await _until(has_given_up)
        assert {each.notification["eventId"] for each in await _dead(store)} == {str(number) for number in range(20)}
        # Some were tried, most of them were not: the listener was known to be down.
        reasons = Counter(each.death.reason for each in await _dead(store) if each.death)
        assert reasons["not taken within 1 hours, and the listener is down"] >= 5
        assert await store.outbox.listeners() == ["0"]

    run(scenario)


@pytest.mark.parametrize("callback", ["http://xn--/", "http://1.2.3.999/", f"http://{'a' * 70}/", "http://10.0.0.1/"])
def test_notification_to_an_impossible_address_is_given_up(listener: Any, callback: str) -> None:
    async def scenario() -> None:
        async with opened(EmbeddedStore()) as store:
            await _enqueue(store, [("a", 0)], callback, listener.url)
            async with _delivering(store, RetryLimits(attempts=2)):
                await _until_done(store)
            [dead] = await _dead(store)
            assert (dead.callback, dead.attempts) == (callback, 2)

    asyncio.run(scenario())
    assert _ids(listener) == ["a0 to 1"]


def test_endless_answer_is_not_read_to_its_end(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        has_ended = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()
            writer.close()
            has_ended.set()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await _enqueue(store, [("a", 0)], f"http://127.0.0.1:{port}/")
            async with _delivering(store):
                await _until_done(store)
            await has_ended.wait()
        assert await _dead(store) == []

    run(scenario)


@pytest.mark.parametrize("is_closed", [True, False])
def test_answer_that_is_cut_off_is_one_all_the_same(
    run: Runner, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    monkeypatch.setattr(webhook_client, "_READING_SECONDS", 0.1)

    async def scenario(store: Store) -> None:
        calls, may_end = 0, asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal calls
            calls += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            await writer.drain()
            if not is_closed:
                await may_end.wait()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await _enqueue(store, [("a", 0), ("a", 1)], f"http://127.0.0.1:{port}/")
            async with _delivering(store):
                await _until_done(store)
            may_end.set()
        assert (calls, await _dead(store)) == (2, [])

    run(scenario)


def test_connection_is_used_again(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        connections = 0
        has_ended = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            with contextlib.suppress(asyncio.IncompleteReadError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    [length] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                    await reader.readexactly(int(length.split(b":")[1]))
                    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            has_ended.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await _enqueue(store, [("a", number) for number in range(20)], f"http://127.0.0.1:{port}/")
            async with _delivering(store):
                await _until_done(store)
            await has_ended.wait()
        assert connections == 1

    run(scenario)


def test_several_processes_deliver_without_duplicates_and_take_over(
    postgres_url: str, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stores, each with a dispatcher, stand for two processes; nobody delivers what another one has.

    The second ends in the middle of what it had, for which the first is not woken.
    """
    # What is under way when the second ends still arrives.
    monkeypatch.setattr(listener_worker, "_GRACE_SECONDS", PATIENCE_SECONDS)
    deliveries = [(f"s{subject}-", number) for number in range(5) for subject in range(20)]

    async def has_begun_again() -> bool:
        return len(listener.raw) > len(deliveries) * 2

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(opened(PostgresStore(postgres_url)))
            await _enqueue(first, deliveries, listener.url, listener.url.replace("listener", "other"))
            await stack.enter_async_context(_delivering(first))
            async with opened(PostgresStore(postgres_url)) as second, _delivering(second):
                await _until_done(first)
                await _enqueue_again(second, deliveries)
                await _until(has_begun_again)
            await _until_done(first)

    asyncio.run(scenario())
    arrived = _ids(listener)
    expected = [f"{subject}{number} to {place}" for place in range(2) for subject, number in deliveries]
    again = [f"again {subject}{number}" for subject, number in deliveries]
    assert Counter(arrived) == Counter([*expected, *again])
    for subject in {subject for subject, _ in deliveries}:
        one = [each for each in arrived if each.startswith(subject) and each.endswith("to 0")]
        assert one == sorted(one)


async def _enqueue_again(store: Store, deliveries: Deliveries) -> None:
    async with store.transaction() as transaction:
        [first, _] = await transaction.subscriptions("h")
        for subject, number in deliveries:
            await transaction.enqueue(first, {"eventId": f"again {subject}{number}"}, subject)
