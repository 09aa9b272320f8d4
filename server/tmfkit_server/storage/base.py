"""The protocol that every store implements, and the values that go in and out.

Whatever a store hands out or takes in is an immutable value: a change is a new value, put in place by a transaction.
Everything that one request changes is one transaction, notifications included, so that a change and its events are kept
together or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tmfkit_server.query.expression import Path, Search
from tmfkit_server.storage.entries import Entry, Stored, Subscription
from tmfkit_server.storage.outbox import Death, Delivery, Outbox
from tmfkit_server.storage.pages import Page, Records
from tmfkit_server.storage.record import Body, Record, is_same

__all__ = [
    "Death",
    "Delivery",
    "Entry",
    "IndexPlan",
    "Outbox",
    "Page",
    "Record",
    "Records",
    "Store",
    "Stored",
    "Subscription",
    "Transaction",
    "is_same",
    "within",
]

T = TypeVar("T")


def within(items: Iterable[T], most_bytes: int, size: Callable[[T], int]) -> list[T]:
    """Return the first of *items*, up to the one with which they have *most_bytes* or more."""
    found: list[T] = []
    for item in items:
        if most_bytes <= 0:
            break
        found.append(item)
        most_bytes -= size(item)
    return found


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Indexes that a collection has from the start, in a store that has such indexes.

    Attributes:
        paths: Attributes that filters are likely to name.
        loose: Whether equality of texts ignores case in this collection.
        scalars: Attributes of the first level that have a plain value.
    """

    paths: tuple[Path, ...] = ()
    loose: bool = False
    scalars: tuple[str, ...] = ()


class Transaction(Protocol):
    """What one request changes.

    Reads see what was committed, and nobody else changes what a transaction has read or changed until it has ended:
    who comes second waits for that, and then sees what the first has made of it.
    """

    async def get(self, collection: str, identifier: str, *, is_only: bool = False) -> Record | None:
        """Return a record, or None when there is none; either way it stays so until the transaction ends.

        Args:
            collection: Collection.
            identifier: Identifier of the record.
            is_only: Whether the transaction reads no other record, and the listeners of one hub at most; it then may
                share what it costs with others. To be said at its beginning.
        """

    async def insert(self, collection: str, record: Record) -> None:
        """Add *record*; ValueError, now or at the end of the transaction, when its id is taken."""

    async def replace(self, collection: str, record: Record) -> None:
        """Put *record* in the place of the one with its id; KeyError when there is none."""

    async def remove(self, collection: str, identifier: str) -> None:
        """Take a record away; KeyError when there is none."""

    async def subscriptions(self, hub: str, *, for_change: bool = False) -> Sequence[Subscription]:
        """Return the listeners of *hub*, in the order of their registration.

        Args:
            hub: Name of the hub.
            for_change: Whether the transaction is going to add or take away one of them, which it has to say before
                it does anything else. No other transaction then reads them until this one has ended.
        """

    async def subscribe(self, subscription: Subscription) -> None:
        """Add a listener; ValueError when its id is taken."""

    async def unsubscribe(self, identifier: str) -> None:
        """Take a listener away, with everything that is still on its way to it and its dead letters.

        Raises:
            KeyError: There is none.
        """

    async def enqueue(
        self, subscription: Subscription, notification: Body, subject: str = "", address: str = ""
    ) -> None:
        """Put *notification* into the outbox, for one listener.

        Args:
            subscription: The listener.
            notification: What it is told.
            subject: Resource that it is told of; what has the same subject reaches it in the order of the changes.
            address: Address that the server was called by.
        """

    async def restore(self, subscription: Subscription, delivery: Delivery) -> None:
        """Put into the outbox what another store had there, dead or alive; it gets a sequence of its own."""


class Store(Protocol):
    """A place that keeps records, listeners and an outbox."""

    @property
    def outbox(self) -> Outbox:
        """What is on its way to listeners; there from ``open`` on."""

    async def open(self) -> None:
        """Get ready; called once, before anything else."""

    async def close(self) -> None:
        """Let go of files and connections; called once, last."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction; it commits at the end of its block, and is rolled back when an exception leaves it."""

    async def get(self, collection: str, identifier: str) -> Record | None:
        """Return a record, or None when there is none."""

    async def search(self, collection: str, search: Search) -> Page:
        """Return the page of *collection* that *search* describes; its ``fields`` are none of the store's business."""

    async def ping(self) -> None:
        """Return when the store is open and answers; StoreError when it does not."""

    async def count(self) -> int:
        """Return how many entries ``contents`` gives."""

    def contents(self) -> AsyncIterator[Entry]:
        """Give everything that is stored, as it was at one moment, what came first before what came later."""
