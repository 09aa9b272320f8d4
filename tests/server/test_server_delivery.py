"""Delivery goes on, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Sequence
from typing import Any

import pytest

from tmfkit_server.errors import StoreError
from tmfkit_server.services import delivery
from tmfkit_server.services.delivery import Dispatcher
from tmfkit_server.storage.base import Delivery, Subscription
from tmfkit_server.storage.embedded import EmbeddedStore


class Stumbling(EmbeddedStore):
    """A store that fails the first time in one of its methods."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self._method = method

    def _stumble(self, method: str) -> None:
        if method == self._method:
            self._method = ""
            raise StoreError("disk I/O error")

    async def listeners_waiting(self) -> Sequence[str]:
        self._stumble("listeners_waiting")
        return await super().listeners_waiting()

    async def next_delivery(self, subscription: str) -> Delivery | None:
        self._stumble("next_delivery")
        return await super().next_delivery(subscription)

    async def settle(self, delivery: Delivery) -> None:
        self._stumble("settle")
        await super().settle(delivery)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr(delivery, "_REST_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "_LOOK_AGAIN_SECONDS", 0.01)


async def _delivered(store: EmbeddedStore, *callbacks: str) -> None:
    """Have two notifications delivered to each of *callbacks*, and end when none is left."""
    await store.open()
    async with store.transaction() as transaction:
        for number, callback in enumerate(callbacks):
            subscription = Subscription(str(number), "h", callback, None)
            await transaction.subscribe(subscription)
            for event in ("first", "second"):
                await transaction.enqueue(subscription, {"eventId": f"{event} to {number}"})
    dispatcher = Dispatcher(store)
    dispatcher.start()
    try:
        async with asyncio.timeout(5):
            while await store.count() > len(callbacks):  # noqa: ASYNC110 - the dispatcher takes the store's news
                await asyncio.sleep(0.01)
    finally:
        await dispatcher.stop()
        await store.close()


@pytest.mark.parametrize("method", ["listeners_waiting", "next_delivery", "settle"])
def test_store_that_fails_for_a_moment_holds_delivery_up_for_a_moment(listener: Any, method: str) -> None:
    asyncio.run(_delivered(Stumbling(method), listener.url))
    again = ["first to 0"] if method == "settle" else []
    assert _arrived(listener) == [*again, "first to 0", "second to 0"]


@pytest.mark.parametrize("callback", ["http://xn--/", "http://1.2.3.999/", f"http://{'a' * 70}/"])
def test_notification_to_an_impossible_address_is_given_up(listener: Any, callback: str) -> None:
    asyncio.run(_delivered(EmbeddedStore(), callback, listener.url))
    assert _arrived(listener) == ["first to 1", "second to 1"]


def _arrived(listener: Any) -> list[str]:
    """Return what arrived; the listener's threads may note it down in another order."""
    found = []
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(listener.next(seconds=0.2)["eventId"])
    return sorted(found)
