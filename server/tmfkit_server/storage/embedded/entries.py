"""How the embedded store keeps what is no resource, and how rows become the values of the protocol."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from tmfkit_server.storage.base import Death, Delivery, Entry, Stored, Subscription
from tmfkit_server.storage.embedded.documents import Change, Documents
from tmfkit_server.storage.embedded.rows import Kept, Row, body_of, compact, whole
from tmfkit_server.storage.entries import OUTBOX, SUBSCRIPTIONS
from tmfkit_server.storage.record import Record

__all__ = ["Listeners", "delivery_of", "delivery_row", "entry_of", "record_of", "row_of"]


def record_of(row: Kept) -> Record:
    """Return the record that a row holds."""
    key, content, spelling, tag = whole(row)
    return Record(key, content, orjson.loads(spelling) if spelling else None, tag=tag)


def row_of(record: Record) -> Row:
    """Return the row that holds a record."""
    return record.id, record.encoded, orjson.dumps(record.spelling) if record.spelling else b"", record.tag


def delivery_of(number: int, row: Kept) -> Delivery:
    """Return the delivery that a row of the outbox holds; rows of earlier versions have fewer members."""
    body = body_of(row)
    death = body.pop("death", None)
    return Delivery(sequence=number, **body, death=Death(**death) if death else None)


def delivery_row(delivery: Delivery) -> tuple[Row, dict[str, Any]]:
    """Return the row of a delivery, and its document."""
    body: dict[str, Any] = {
        "subscription": delivery.subscription,
        "callback": delivery.callback,
        "notification": delivery.notification,
        "subject": delivery.subject,
        "queued": delivery.queued,
        "attempts": delivery.attempts,
        "due": delivery.due,
        "death": asdict(delivery.death) if delivery.death else None,
        "address": delivery.address,
    }
    return ("", compact(orjson.dumps(body)), b"", ""), body


def entry_of(table: str, number: int, row: Kept) -> Entry:
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

    def _follow(self, change: Change, before: Kept | None) -> None:
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
