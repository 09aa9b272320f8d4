"""The outbox: notifications on their way to listeners, and those that were given up.

A notification waits there from the change that caused it until its listener has taken it, or for good as a dead letter.
Deliveries of one subject go to one listener in the order of their sequence, those of different subjects in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tmfkit_server.query.expression import ALL_BYTES
from tmfkit_server.storage.record import Body

__all__ = ["DeadLetters", "Death", "Delivery", "Outbox"]


@dataclass(frozen=True, slots=True)
class Death:
    """Why and when a notification was given up.

    Attributes:
        reason: In words.
        status: HTTP status of the last answer, 0 when there was none.
        at: Seconds since 1970.
    """

    reason: str
    status: int
    at: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification on its way to one listener.

    Attributes:
        sequence: Grows in the order of the changes; names the delivery as long as it is stored.
        subscription: Listener.
        callback: Address of the listener.
        notification: What is posted.
        subject: Resource that it tells of; empty when nobody knows.
        queued: When it was put into the outbox, in seconds since 1970; 0 when nobody knows.
        attempts: How often it has been tried in vain.
        due: When it may be tried again, in seconds since 1970.
        death: Why it is a dead letter; None while it is on its way.
        address: Address that the server was called by when the change was asked for; empty when nobody knows.
    """

    sequence: int
    subscription: str
    callback: str
    notification: Body
    subject: str = ""
    queued: int = 0
    attempts: int = 0
    due: float = 0.0
    death: Death | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Part of the dead letters, the oldest first, and how many there are altogether."""

    deliveries: Sequence[Delivery]
    total: int


class Outbox(Protocol):
    """What a store hands out to those who deliver."""

    async def news(self) -> None:
        """Return once something may have come; at once after the store was opened."""

    def tell(self) -> None:
        """Make ``news`` return."""

    async def listeners(self) -> Sequence[str]:
        """Return the subscriptions that something is on its way to."""

    async def lease(self, subscription: str) -> bool:
        """Take a listener for this process, unless another one has it; tell whether it is ours.

        What a process holds is free again when the process ends, however it ends.
        """

    async def release(self, subscription: str) -> None:
        """Give a listener back."""

    async def deliveries(
        self, subscription: str, *, busy: Collection[str], limit: int, most_bytes: int = ALL_BYTES
    ) -> Sequence[Delivery]:
        """Return what is on its way to a listener, those of one subject in their order, its oldest among them.

        Args:
            subscription: A listener that this process has a lease on.
            busy: Subjects to leave out.
            limit: How many at most.
            most_bytes: Where to end, as a page of a search does.

        Raises:
            StoreError: The store cannot be read, or the lease was lost.
        """

    async def record_outcomes(self, taken: Sequence[Delivery], changed: Sequence[Delivery]) -> Collection[int]:
        """Note what became of deliveries; those that are gone meanwhile, with their listener, stay gone.

        Args:
            taken: Have arrived, and leave the outbox.
            changed: Stay, with other attempts, due and death than before.

        Returns:
            Sequences of those that were still there.
        """

    async def waiting(self) -> Mapping[str, int]:
        """Return how many deliveries are on their way to each subscription that there are some for."""

    async def oldest(self) -> Mapping[str, Delivery]:
        """Return the oldest delivery on its way to each subscription that there are some for."""

    async def dead_letters(
        self, subscription: str | None, *, offset: int, limit: int, most_bytes: int = ALL_BYTES
    ) -> DeadLetters:
        """Return a page of the dead letters of one listener or of all, which ends as a page of a search does."""

    async def revive(self, sequence: int) -> bool:
        """Send a dead letter on its way again, as if it were new; tell whether there is such a one."""

    async def revive_all(self, subscription: str | None) -> int:
        """Send the dead letters of one listener or of all on their way again, and return how many."""

    async def discard(self, sequence: int) -> bool:
        """Forget a dead letter; tell whether there was such a one."""
