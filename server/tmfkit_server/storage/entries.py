"""Entries of a store, as values: records in collections, listeners, and notifications on their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tmfkit_server.storage.outbox import Delivery
from tmfkit_server.storage.record import Record

__all__ = ["OUTBOX", "SUBSCRIPTIONS", "Entry", "Stored", "Subscription", "is_collection"]

# No collection of records has these names: a store may keep listeners and notifications under them, as documents.
SUBSCRIPTIONS = "hub:subscriptions"
OUTBOX = "hub:outbox"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A listener: who wants which notifications of which hub.

    Attributes:
        id: Identifier.
        hub: Name of the hub, unique among all APIs.
        callback: Address that notifications are posted to.
        query: What is wanted, None for all.
    """

    id: str
    hub: str
    callback: str
    query: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A record together with the collection that it is in."""

    collection: str
    record: Record


Entry: TypeAlias = Stored | Subscription | Delivery
"""Anything that a store keeps."""


def is_collection(name: str) -> bool:
    """Tell whether a collection of records may have this name."""
    return name not in (SUBSCRIPTIONS, OUTBOX)
