"""How the embedded store keeps what is no resource, and how rows become the values of the protocol."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import Any

import orjson

from tmfkit_server.storage.base import Delivery, Entry, Stored, Subscription
from tmfkit_server.storage.documents import Body, Change, Documents, Row, body_of
from tmfkit_server.storage.record import Record

__all__ = ["OUTBOX", "SUBSCRIPTIONS", "Lanes", "Listeners", "delivery_of", "entry_of", "record_of", "row_of"]

SUBSCRIPTIONS = "hub:subscriptions"
OUTBOX = "hub:outbox"


def record_of(row: Row) -> Record:
    """Return the record that a row holds."""
    key, content, spelling, tag = row
    return Record(key, content, orjson.loads(spelling) if spelling else None, tag=tag)


def row_of(record: Record) -> Row:
    """Return the row that holds a record."""
    return record.id, record.encoded, orjson.dumps(record.spelling) if record.spelling else b"", record.tag


def delivery_of(number: int, row: Row) -> Delivery:
    """Return the delivery that a row of the outbox holds."""
    return Delivery(sequence=number, **body_of(row))


def entry_of(table: str, number: int, row: Row) -> Entry:
    """Return what a row of a table stands for."""
    if table == SUBSCRIPTIONS:
        return Subscription(**body_of(row))
    if table == OUTBOX:
        return delivery_of(number, row)
    return Stored(table, record_of(row))


class Listeners:
    """The listeners by hub, kept beside their table because every write asks for them."""

    def __init__(self, documents: Documents) -> None:
        self._by_hub: dict[str, tuple[Subscription, ...]] = {}
        documents.watchers.append(self._follow)

    def of(self, hub: str) -> tuple[Subscription, ...]:
        """Return the listeners of *hub*, in the order of their registration."""
        return self._by_hub.get(hub, ())

    def _follow(self, change: Change, before: Row | None) -> None:
        if before is not None:
            gone = Subscription(**body_of(before))
            self._by_hub[gone.hub] = tuple(each for each in self.of(gone.hub) if each.id != gone.id)
        if change.row is not None:
            new = Subscription(**body_of(change.row))
            self._by_hub[new.hub] = (*self.of(new.hub), new)

    @staticmethod
    def row(subscription: Subscription) -> tuple[Row, dict[str, Any]]:
        """Return the row of a listener, and its document."""
        body = asdict(subscription)
        return (subscription.id, orjson.dumps(body), b"", ""), body


class Lanes:
    """The numbers of what is on its way to each listener, the oldest first."""

    def __init__(self, documents: Documents) -> None:
        self._lanes: dict[str, deque[int]] = {}
        documents.watchers.append(self._follow)

    def listeners(self) -> list[str]:
        """Return who has something coming."""
        return list(self._lanes)

    def first(self, subscription: str) -> int | None:
        """Return the oldest number, None when there is none."""
        lane = self._lanes.get(subscription)
        return lane[0] if lane else None

    def all(self, subscription: str) -> list[int]:
        """Return the numbers of everything that is on its way to a listener."""
        return list(self._lanes.get(subscription, ()))

    def _follow(self, change: Change, before: Row | None) -> None:
        if before is None:
            if change.row is not None:
                body: Body = change.body or body_of(change.row)
                self._lanes.setdefault(str(body["subscription"]), deque()).append(change.number)
        elif change.row is None:
            subscription = str(body_of(before)["subscription"])
            lane = self._lanes[subscription]
            # Nearly always the oldest goes first.
            if lane[0] == change.number:
                lane.popleft()
            else:
                lane.remove(change.number)
            if not lane:
                del self._lanes[subscription]
