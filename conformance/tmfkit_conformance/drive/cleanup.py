"""Things that a run made at the target, and their removal; nothing else is ever changed or deleted."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tmfkit_conformance.drive.addresses import Addresses, collection_of
from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.drive.client import SILENCE_LIMIT, Client
from tmfkit_conformance.drive.conversation import Conversation
from tmfkit_conformance.drive.interruption import Interruption
from tmfkit_conformance.drive.ledger import UNDOING, Deleted, Ledger, Made
from tmfkit_conformance.drive.lists import walked
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.drive.ownership import Ownership
from tmfkit_conformance.drive.receipt import Entry, Receipt, State
from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.phases import CLEANUP
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.upkeep import Cleanup
from tmfkit_models.contracts import MAKES_ANYTHING, Contract, Operation

__all__ = ["GeneratedResources", "Leftover", "Sweep", "taken_away"]

_CONFIRMING_SECONDS: Final = 10.0

_SILENT_LIMIT: Final = 3
"""Things, one after the other, whose DELETE got no answer, after which nothing more is sent for a while."""

_SILENT: Final = "the target no longer answers"
_UNANSWERED: Final = "DELETE was answered nothing"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that a generated phase made.

    Attributes:
        operation: What takes it away.
        url: Its address.
        entry: Its place in the receipt.
    """

    operation: Operation
    url: str
    entry: Entry


class GeneratedResources:
    """Resources and subscriptions that the generated phases made, by collection.

    Args:
        contract: The contract.
        naming: Comes up with ids that nothing has.
    """

    def __init__(self, contract: Contract, naming: Naming) -> None:
        self._contract = contract
        self._alive: defaultdict[str, list[str]] = defaultdict(list)
        self._known: set[tuple[str, str]] = set()
        self._naming = naming

    def choose(self, operation: Operation, generated: str) -> str:
        """Return the id that a request is to carry in its path.

        One that the kit made earlier stays. Any other is replaced by one that the kit made: the oldest where it is
        deleted, so that the latest remains for the operations to come, else the latest; and by one that nothing has
        where there is none to spare.

        Args:
            operation: The operation that is called.
            generated: The id that Schemathesis came up with.
        """
        where = collection_of(self._contract, operation)
        if (where, generated) in self._known:
            return generated
        alive = self._alive[where]
        if operation.action in UNDOING:
            return alive[0] if len(alive) > 1 else self.unused_id()
        return alive[-1] if alive else self.unused_id()

    def unused_id(self) -> str:
        """Return an id that nothing at the target has."""
        return self._naming.unused_id()

    def observe(self, operation: Operation, addressed: str, exchange: Exchange) -> None:
        """Keep track of what an exchange made or took away.

        Args:
            operation: The operation that was called.
            addressed: The id in its path; empty without one.
            exchange: What happened.
        """
        where = collection_of(self._contract, operation)
        if operation.action in MAKES_ANYTHING and exchange.is_success and exchange.identifier:
            self._known.add((where, exchange.identifier))
            if exchange.identifier not in self._alive[where]:
                self._alive[where].append(exchange.identifier)
        elif operation.action in UNDOING and (exchange.is_success or exchange.is_gone):
            self._forget(where, addressed)

    def leftovers(self) -> Iterator[tuple[Operation, str]]:
        """Yield what is still there, the latest first, each with the operation that takes it away; then forget it."""
        undoing = [op for op in self._contract.operations if op.action in UNDOING]
        for operation in undoing:
            where = collection_of(self._contract, operation)
            while self._alive[where]:
                yield operation, self._alive[where].pop()

    def _forget(self, where: str, identifier: str) -> None:
        if identifier in self._alive[where]:
            self._alive[where].remove(identifier)


class Sweep:
    """Takes away what probes made, and looks whether it is gone.

    Args:
        conversation: Sends.
        addresses: Addresses at the target.
        ledger: What there is, and whose it is.
        ownership: Looks at a record whose mark was not seen yet.
        interruption: Says when there is no time left.
        parallel: How many things are taken away at a time.
    """

    def __init__(
        self,
        conversation: Conversation,
        addresses: Addresses,
        ledger: Ledger,
        ownership: Ownership,
        interruption: Interruption,
        *,
        parallel: int,
    ) -> None:
        self._conversation = conversation
        self._addresses = addresses
        self._ledger = ledger
        self._ownership = ownership
        self._interruption = interruption
        self._parallel = parallel
        self._most_silent = SILENCE_LIMIT

    def over(self, leftovers: Iterable[Made]) -> str:
        """Take things away, what may have been renamed last.

        Args:
            leftovers: What is to go.

        Returns:
            Whose a record is that turned out to be somebody else's; nothing as a rule.
        """
        # A target that stopped answering is asked once more whether it has come back.
        watch = self._conversation.watch
        self._most_silent = watch.silences + 1 if watch.ended else SILENCE_LIMIT
        there = list(leftovers)
        known = [one for one in there if not one.before]
        guessed = [one for one in there if one.before]

        def take(one: Made) -> str:
            with self._interruption.held():
                foreign = self._foreign(one)
                if not foreign:
                    self._take_away(one)
            return foreign

        found = at_once([functools.partial(take, one) for one in known], parallel=self._parallel)
        return next(filter(None, [*found, *map(take, guessed)]), "")

    @property
    def _is_silent(self) -> bool:
        return self._conversation.watch.silences >= self._most_silent

    def _foreign(self, one: Made) -> str:
        """Say that a record is somebody else's; then nothing more is written."""
        is_record = one.operation.action == "delete" and not one.before
        if self._ledger.foreign or not is_record or self._is_silent or self._interruption.is_over:
            return ""
        return self._ownership.foreign(one.resource, one.identifier)

    def _take_away(self, one: Made) -> None:
        if one.before:
            self._ledger.settle(one)
            self._renamed(one)
            return
        why = self._why_left(one)
        outcome: tuple[State, str] = ("left", why) if why else self._delete(one)
        if outcome[1] not in (_SILENT, _UNANSWERED):
            self._ledger.settle(one)  # what got no answer is taken up again at the end of the run
        if one.entry:
            self._ledger.receipt.became(one.entry, *outcome)

    def _why_left(self, one: Made) -> str:
        if self._ledger.foreign:
            return "nothing more is written to this target"
        if self._is_silent:
            return _SILENT
        if self._interruption.is_over:
            return "the run was ended before it could be deleted"
        if one.operation.action == "delete" and self._ownership.standing(one.resource, one.identifier) != "own":
            return "it was not read back with the mark of this run"
        return ""

    def _delete(self, one: Made) -> tuple[State, str]:
        """Delete one thing; return what became of it, and why where it is left."""
        # That something is not there proves nothing where ids that creates are answered with may lead nowhere.
        is_known = one.was_read or (one.is_told and one.resource in self._ledger.seen_by_id)
        is_telling = is_known or not one.need_last
        exchange = self._send("DELETE", one.url, one.operation, Cleanup.DELETE)
        is_repeated = exchange.response is None and not self._is_silent
        if is_repeated:  # what was asked for may have been done all the same
            if self._is_gone(one.resource, one.url) and is_telling:
                return "gone", ""
            if not self._is_silent:
                exchange = self._send("DELETE", one.url, one.operation, Cleanup.DELETE)
        if exchange.is_success or (is_repeated and exchange.is_gone):
            return "deleted", ""
        if exchange.is_gone and is_telling and self._is_gone(one.resource, one.url):
            return "gone", ""
        return "left", f"DELETE was answered {exchange.status}" if exchange.response else _UNANSWERED

    def _renamed(self, one: Made) -> None:
        """Delete a record under the id that a patch may have given it, only if it has left its old one."""
        if self._ledger.foreign or self._interruption.is_over:
            return
        is_deleted = any(entry.address == one.before for entry in self._ledger.receipt.deleted())
        if is_deleted or not self._is_gone(one.resource, one.before):
            return
        found = self._look(one.resource, one.url)
        if found and found.is_success and self._ledger.bears_mark(found.answer):
            self._delete(one)

    def confirm(self, most: int) -> None:
        """Look whether what the target said it deleted is gone, in its lists or one by one, for a few seconds.

        Args:
            most: Pages of a list that are looked at.
        """
        deadline = time.monotonic() + _CONFIRMING_SECONDS
        self._conversation.settling.rest()
        for resource in self._ledger.contract.resources:
            if self._interruption.is_over:
                return
            deleted = self._ledger.deleted(resource.name)
            there = self._listed(resource.name, most) if deleted else None
            for one in deleted:
                if self._interruption.is_over or time.monotonic() > deadline:
                    return
                if there is not None and one.identifier not in there:
                    self._ledger.receipt.became(one.entry, "gone")
                else:
                    self._look_for(one)

    def _look_for(self, one: Deleted) -> None:
        look = self._look(one.resource, one.entry.address)
        if look and look.is_gone:
            self._ledger.receipt.became(one.entry, "gone")
        elif look and look.is_success and self._ledger.bears_mark(look.answer):
            self._ledger.receipt.became(one.entry, "left", "DELETE was answered with success, and it is still there")

    def _listed(self, resource: str, most: int) -> set[str] | None:
        """Return the ids of the whole list; None when it is too long, or never had a record of this run."""
        operation = self._ledger.contract.action("list", resource)
        if operation is None or resource not in self._ledger.seen_in_list:
            return None
        step = Cleanup.LIST.of(resource)

        def get(address: str) -> Exchange:
            return self._send("GET", self._addresses.followed(address, resource), operation, step)

        pages = walked(get(self._addresses.of(operation, "")), get, most=most)
        return set(paging.identifiers(pages)) if paging.is_whole(pages) else None

    def _is_gone(self, resource: str, url: str) -> bool:
        look = self._look(resource, url)
        return bool(look and look.is_gone)

    def _look(self, resource: str, url: str) -> Exchange | None:
        operation = self._ledger.contract.action("retrieve", resource)
        return self._send("GET", url, operation, Cleanup.READ) if operation else None

    def _send(self, method: str, url: str, operation: Operation, step: Step) -> Exchange:
        return self._conversation.send(
            method,
            url,
            phase=CLEANUP,
            probe=Cleanup.name,
            step=step.name,
            operation=operation.id,
            admin="admin" in operation.roles,
        )


def taken_away(client: Client, leftovers: Iterable[Leftover], receipt: Receipt) -> list[Leftover]:
    """Delete things that the generated phases made, and write down what became of them.

    Args:
        client: Sends and records.
        leftovers: What is to go.
        receipt: Where it is written down.

    Returns:
        What got no answer, to be taken up again.
    """
    unanswered: list[Leftover] = []
    silent = 0
    for one in leftovers:
        exchange = _deleted(client, one, brisk=silent > 0) if silent < _SILENT_LIMIT else None
        if exchange is None or exchange.response is None:
            unanswered.append(one)
            silent += 1
            receipt.became(one.entry, "left", _UNANSWERED if exchange else _SILENT)
            continue
        silent = 0
        is_deleted = exchange.is_success or exchange.is_gone
        why = "" if is_deleted else f"DELETE was answered {exchange.status}"
        receipt.became(one.entry, "deleted" if is_deleted else "left", why)
    return unanswered


def _deleted(client: Client, one: Leftover, *, brisk: bool) -> Exchange:
    """Ask for a deletion, once more where that gets no answer."""

    def asked(*, brisk: bool) -> Exchange:
        with client.briskly(when=brisk):
            return client.send(
                "DELETE",
                one.url,
                phase=CLEANUP,
                probe=Cleanup.name,
                step=Cleanup.DELETE.name,
                operation=one.operation.id,
                admin="admin" in one.operation.roles,
            )

    exchange = asked(brisk=brisk)
    return exchange if exchange.response else asked(brisk=True)
