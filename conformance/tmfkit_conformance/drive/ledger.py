"""Whose a record is: what the run made, what was there before it, and what was recognised by its mark.

A mark is a text that is unique to the run. Nothing is changed or deleted that may be somebody else's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.drive.receipt import Entry, Receipt
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract, Operation

__all__ = ["UNDOING", "Deleted", "Ledger", "Made"]

UNDOING: Final = ("delete", "unregister")
"""Actions that take a thing away."""


@dataclass(eq=False, slots=True)
class Made:
    """Something that the run made and that is still there.

    Attributes:
        owner: What made it: a probe.
        resource: Name of the resource; for a listener, that of the hub.
        identifier: Its id.
        url: Its address.
        operation: What takes it away.
        entry: Its place in the receipt.
        need_last: Whether it is to be found after it was made; a message that is sent need not be stored.
        is_told: Whether the target said that it is there, under this id.
        was_read: Whether the target has shown it at this address.
        before: Set for an id that a patch may have given a record: the address that the record had.
    """

    owner: object
    resource: str
    identifier: str
    url: str
    operation: Operation
    entry: Entry | None
    need_last: bool = True
    is_told: bool = False
    was_read: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A record that the target said it deleted.

    Attributes:
        resource: Name of the resource.
        identifier: Its id.
        entry: Its place in the receipt.
    """

    resource: str
    identifier: str
    entry: Entry


class Ledger:
    """What is known of the records at the target; may be used by several threads.

    Args:
        contract: The contract.
        receipt: Where everything that is made is written down.
        naming: Makes the texts and ids that are unique to the run.
    """

    def __init__(self, contract: Contract, receipt: Receipt, naming: Naming) -> None:
        self.contract = contract
        self._lock = threading.RLock()
        self._alive: list[Made] = []
        self._ended: list[Made] = []
        self._there_before: dict[str, set[str]] = {resource.name: set() for resource in contract.resources}
        self._proven: set[tuple[str, str]] = set()
        self._carriers: dict[tuple[str, str], tuple[str, ...]] = {}
        self.receipt = receipt
        self._naming = naming
        self.keeps_marks: set[str] = set()
        self.seen_in_list: set[str] = set()
        self.seen_by_id: set[str] = set()
        """Resources of which the target has shown a record of this run under the id that its create was answered."""
        self.foreign = ""
        self.emptied: set[str] = set()
        """Resources whose whole collection the target said that it deleted."""

    def was_there(self, resource: str, identifiers: Iterable[str]) -> None:
        """Remember ids that were listed before the run made anything."""
        self._there_before[resource].update(identifiers)

    def is_there_before(self, resource: str, identifier: str) -> bool:
        """Say whether an id was listed before the run made anything."""
        return identifier in self._there_before.get(resource, ())

    def is_proven(self, resource: str, identifier: str) -> bool:
        """Say whether the record with this id was read back with the mark, or its id is itself one of the run's."""
        return identifier.startswith(self._naming.id_text) or (resource, identifier) in self._proven

    def carriers_of(self, resource: str, identifier: str) -> tuple[str, ...]:
        """Return the attributes that a record was made with a mark in; nothing where it was made without one."""
        return self._carriers.get((resource, identifier), ())

    def bears_mark(self, record: Any) -> bool:
        """Say whether a record has the mark anywhere."""
        return isinstance(record, Mapping) and self._naming.is_in(json.dumps(record, ensure_ascii=False))

    def observe(self, owner: object, operation: Operation, resource: str, url: str, exchange: Exchange) -> None:
        """Learn from an exchange what was made, taken away or seen.

        Args:
            owner: The probe that sent it.
            operation: The operation that was called.
            resource: Name of the resource it was called for.
            url: The address that was called.
            exchange: What happened.
        """
        address = url.partition("?")[0]
        with self._lock:
            if operation.action in ("retrieve", "list"):
                self._see(operation, resource, address, exchange)
            elif exchange.is_success and operation.action in UNDOING:
                self._taken_away(owner, address)

    def made(
        self,
        owner: object,
        operation: Operation,
        resource: str,
        url: str,
        *,
        identifier: str,
        need_last: bool = True,
        is_told: bool = False,
        carriers: tuple[str, ...] = (),
    ) -> None:
        """Remember a thing that was made.

        Args:
            owner: The probe that made it.
            operation: What takes it away.
            resource: Name of the resource it was made for.
            url: Its address.
            identifier: Its id.
            need_last: Whether it is to be found afterwards.
            is_told: Whether the target said that it is there, under this id.
            carriers: The attributes that it was made with a mark in.
        """
        entry = self.receipt.made(url, is_admin="admin" in operation.roles)
        with self._lock:
            self._alive.append(Made(owner, resource, identifier, url, operation, entry, need_last, is_told))
            self._carriers[resource, identifier] = carriers
            if carriers:
                self._proven.discard((resource, identifier))  # an id that was given anew

    def may_be_renamed(self, owner: object, operation: Operation, url: str, *, before: str, identifier: str) -> None:
        """Remember the address that a record has if a patch gave it another id."""
        with self._lock:
            self._alive.append(
                Made(owner, operation.resource, identifier, url, operation, entry=None, was_read=False, before=before)
            )

    def leftovers(self, owner: object | None = None) -> list[Made]:
        """Return what is still there, of one owner or of all: the latest first, and guessed ids at the end."""
        with self._lock:
            found = [one for one in reversed(self._alive) if owner is None or one.owner is owner]
        return sorted(found, key=lambda one: bool(one.before))

    def disown(self, resource: str, identifier: str) -> None:
        """Forget a record that turned out to be somebody else's."""
        with self._lock:
            for one in [one for one in self._alive if (one.resource, one.identifier) == (resource, identifier)]:
                self._alive.remove(one)
                if one.entry:
                    self.receipt.became(one.entry, "foreign", "a record of somebody else, left alone")

    def settle(self, one: Made) -> None:
        """Forget a thing: it was deleted, or is to be left."""
        with self._lock:
            if one in self._alive:
                self._alive.remove(one)
                self._ended.append(one)

    def deleted(self, resource: str) -> list[Deleted]:
        """Return the records of a resource that were deleted, and that nobody has looked for since."""
        with self._lock:
            found = [one for one in self._ended if one.resource == resource and one.operation.action == "delete"]
        return [
            Deleted(resource, one.identifier, one.entry) for one in found if one.entry and one.entry.state == "deleted"
        ]

    def _see(self, operation: Operation, resource: str, address: str, exchange: Exchange) -> None:
        if operation.action == "retrieve" and exchange.is_gone:
            for entry in self.receipt.deleted():
                if entry.address == address:
                    self.receipt.became(entry, "gone")
        if not exchange.is_success:
            return
        records = exchange.answer if isinstance(exchange.answer, list) else [exchange.answer]
        for record in records:
            if self.bears_mark(record):
                self._proven.add((resource, str(record.get("id"))))
                self.keeps_marks.add(resource)
                if operation.action == "list":
                    self.seen_in_list.add(resource)
        if operation.action == "retrieve":
            for one in (each for each in self._alive if each.url == address):
                one.was_read = True
                self.seen_by_id.add(resource)

    def _taken_away(self, owner: object, address: str) -> None:
        """Forget what was deleted; where an id has been given anew, that of the probe that deleted it."""
        found = [one for one in self._alive if one.url == address]
        for one in sorted(found, key=lambda one: one.owner is not owner)[:1]:
            self._alive.remove(one)
            self._ended.append(one)
            if one.entry:
                self.receipt.became(one.entry, "deleted")
