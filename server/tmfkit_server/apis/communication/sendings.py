"""Sendings that have not ended, as the store keeps them: who is at each, when it goes on, and whom it has reached.

A sending is *held* by one process while that is at it. The hold ends by itself a while after it was last renewed, so
that another process goes on when the first is no more. Everything that becomes of a sending is decided under the lock
of its message, and changes message and sending together.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tmfkit_server.apis.communication.messages import Message
from tmfkit_server.errors import Conflict, UnknownId
from tmfkit_server.message_limits import MessageLimits
from tmfkit_server.query.expression import Comparison, Search, SortKey
from tmfkit_server.quotes import shortened
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.stamps import new_id, now
from tmfkit_server.storage.base import Record, Store, Transaction

__all__ = ["AttemptResult", "Sending", "Sendings"]

_LOG = logging.getLogger(__name__)

_SENDINGS = "tmf681-v1:sending"
_CONTACTS = "tmf681-v1:contact"
_HOLD_SECONDS = 60.0
_LIMITS = MessageLimits()

AttemptResult = str
"""What became of a dispatch: ``taken``, ``not taken``, or ``refused`` when it never will be."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One call of ``send``, as far as it has come.

    Attributes:
        message: Identifier of the message.
        began: Time of the first attempt.
        due: From when on whoever comes may go on with it; empty when it has failed, having reached somebody.
        holder: Who is at it; empty between attempts.
        failures: How many attempts have not reached everybody.
        begun: How many attempts have begun since one ended; more than one when processes ended in the middle.
        outcomes: Key of a dispatch → what became of it.
        address: Address that the server was called by.
    """

    message: str
    began: str
    due: str = ""
    holder: str = ""
    failures: int = 0
    begun: int = 0
    outcomes: Mapping[str, AttemptResult] | None = None
    address: str = ""

    def held(self, *, begun: int = 1) -> Sending:
        """Return it held by somebody new; an attempt counts before it begins."""
        return replace(self, holder=new_id(), due=now(plus_seconds=_HOLD_SECONDS), begun=begun)

    def freed(self, *, begun: int) -> Sending:
        """Return it held by nobody and due at once."""
        return replace(self, holder="", due=now(), begun=begun)

    def with_outcomes(self, outcomes: Mapping[str, AttemptResult]) -> Sending:
        """Return it with what became of further dispatches."""
        return replace(self, outcomes={**(self.outcomes or {}), **outcomes})

    def keys(self, *outcomes: AttemptResult) -> set[str]:
        """Return the dispatches that one of *outcomes* became of."""
        return {key for key, outcome in (self.outcomes or {}).items() if outcome in outcomes}

    def record(self) -> Record:
        """Return the record that keeps it."""
        kept = {
            "began": self.began,
            "due": self.due,
            "holder": self.holder,
            "failures": self.failures,
            "begun": self.begun,
            "address": self.address,
        }
        members = {name: value for name, value in kept.items() if value != ""}
        return Record(self.message, {**members, "outcomes": [*(self.outcomes or {}).items()]})


def _sending(record: Record | None) -> Sending | None:
    if record is None:
        return None
    members: dict[str, Any] = {**record.body, "outcomes": dict(record.body["outcomes"])}
    return Sending(record.id, **members)


class Sendings:
    """The sendings of one server, and the log of contacts."""

    def __init__(self, store: Store, entities: Entities, limits: MessageLimits = _LIMITS) -> None:
        """Describe them.

        Args:
            store: Where they are kept.
            entities: The messages.
            limits: How many processes a message may end.
        """
        self._store = store
        self._most_crashes = limits.crashes
        self._entities = entities
        # Of this process, of attempts that have not ended.
        self._holders = set[str]()

    async def begin(self, identifier: str, address: str = "") -> Sending:
        """Begin to send a message, and hold that. Whom an earlier sending has reached, this one does not reach again.

        Raises:
            Conflict: The message has been sent, or is being sent.
            UnknownId: There is no such message.
        """
        begun = Sending(identifier, now(), address=address).held()

        async def decide(transaction: Transaction, message: Record) -> Message:
            nonlocal begun
            if completed := message.body.get("sendTimeComplete"):
                when = shortened(str(completed))
                raise Conflict(f"The message was sent at {when}; create another one to send it once more.")
            earlier = _sending(await transaction.get(_SENDINGS, identifier))
            if earlier is None:
                await transaction.insert(_SENDINGS, begun.record())
                return {}
            if earlier.due:
                raise Conflict("The message is being sent; read it to see how that ends.")
            begun = begun.with_outcomes(dict.fromkeys(earlier.keys("taken"), "taken"))
            await transaction.replace(_SENDINGS, begun.record())
            return {}

        await self._entities.amend(identifier, decide, address=address)
        self._holders.add(begun.holder)
        return begun

    async def is_held(self, identifier: str) -> bool:
        """Tell whether somebody is sending a message right now."""
        sending = _sending(await self._store.get(_SENDINGS, identifier))
        return sending is not None and bool(sending.holder) and sending.due > now()

    async def due(self, *, most: int) -> Sequence[Sending]:
        """Return sendings that may be gone on with, at most so many."""
        where = Comparison(("due",), "lte", (now(),))
        page = await self._store.search(_SENDINGS, Search(where=where, sort=(SortKey(("due",)),), limit=most))
        return [*filter(None, map(_sending, page.records))]

    async def take_up(self, identifier: str, address: str = "") -> Sending | None:
        """Hold a sending that is due; None when somebody else does, or when it has ended.

        One that has ended as many processes as are enough has failed.

        Args:
            identifier: Its message.
            address: Address that the server was called by when it began.
        """
        held = None

        async def decide(transaction: Transaction, _message: Record) -> Message:
            nonlocal held
            sending = _sending(await transaction.get(_SENDINGS, identifier))
            if sending is None or not sending.due or sending.due > now():
                return {}
            # A holder of this process has failed, but has ended no process.
            is_survived = sending.holder in self._holders
            # One that ends the process that sends it would end every process, one after the other.
            if sending.begun >= self._most_crashes and not is_survived:
                return await _give_up(transaction, sending)
            self._holders.discard(sending.holder)
            held = sending.held(begun=sending.begun + (not is_survived))
            await transaction.replace(_SENDINGS, held.record())
            return {"sendTime": held.began, "status": "InProgress"}

        try:
            await self._entities.amend(identifier, decide, address=address)
        except UnknownId:
            await self._forget(identifier)
        if held is not None:
            self._holders.add(held.holder)
        return held

    async def renew(self, sending: Sending) -> bool:
        """Keep how far a sending has come and hold it for longer; tell whether it is still held."""
        async with self._store.transaction() as transaction:
            if not await _is_held(transaction, sending):
                return False
            await transaction.replace(_SENDINGS, replace(sending, due=now(plus_seconds=_HOLD_SECONDS)).record())
            return True

    async def release(self, sending: Sending) -> None:
        """Leave a sending to whoever comes; its attempt counts as one that has not begun."""
        async with self._store.transaction() as transaction:
            kept = _sending(await transaction.get(_SENDINGS, sending.message))
            if kept is not None and kept.holder == sending.holder:
                await transaction.replace(_SENDINGS, kept.freed(begun=kept.begun - 1).record())
        self._holders.discard(sending.holder)

    async def release_all(self) -> None:
        """Take every sending out of the hands that hold it, which are dead; for a store that no other process has."""
        page = await self._store.search(_SENDINGS, Search())
        for sending in filter(None, map(_sending, page.records)):
            if sending.holder:
                async with self._store.transaction() as transaction:
                    await transaction.replace(_SENDINGS, sending.freed(begun=sending.begun).record())

    async def announce(self, sending: Sending) -> Record:
        """Return the message, shown as being sent unless its sending has ended."""

        async def decide(transaction: Transaction, _message: Record) -> Message:
            kept = _sending(await transaction.get(_SENDINGS, sending.message))
            return {"sendTime": kept.began, "status": "InProgress"} if kept and kept.due else {}

        return await self._entities.amend(sending.message, decide, address=sending.address)

    async def settle(self, sending: Sending, wanted: Iterable[str], *, pause_seconds: float) -> Record | None:
        """End an attempt: the sending is complete, goes on after a pause, or has failed for good.

        Args:
            sending: The sending, with what became of its dispatches.
            wanted: Keys of the dispatches that make up the message.
            pause_seconds: How long it rests when it goes on.

        Returns:
            The message as it is then; None when it was deleted meanwhile, or is not held any more.
        """
        keys = set(wanted)
        is_held = False

        async def decide(transaction: Transaction, message: Record) -> Message:
            nonlocal is_held
            is_held = await _is_held(transaction, sending)
            if not is_held:
                return {}
            rest, changes = _verdict(sending, keys, message.body, pause_seconds=pause_seconds)
            if rest is not None:
                await transaction.replace(_SENDINGS, rest.record())
            else:
                await transaction.remove(_SENDINGS, sending.message)
            if changes["status"] != "InProgress" and message.body.get("logFlag"):
                await transaction.insert(_CONTACTS, _contact(sending, keys, message.body, str(changes["status"])))
            return changes

        try:
            record = await self._entities.amend(sending.message, decide, address=sending.address)
            self._holders.discard(sending.holder)
        except UnknownId:
            await self._forget(sending.message)
            return None
        return record if is_held else None

    async def _forget(self, identifier: str) -> None:
        """Drop the sending of a message that was deleted."""
        async with self._store.transaction() as transaction:
            if await transaction.get(_SENDINGS, identifier) is not None:
                await transaction.remove(_SENDINGS, identifier)


async def _give_up(transaction: Transaction, sending: Sending) -> Message:
    _LOG.error("message %s: Failed; %s processes ended while they were sending it", sending.message, sending.begun)
    if sending.keys("taken"):
        await transaction.replace(_SENDINGS, replace(sending, holder="", due="", begun=0).record())
    else:
        await transaction.remove(_SENDINGS, sending.message)
    return {"sendTime": sending.began, "status": "Failed"}


async def _is_held(transaction: Transaction, sending: Sending) -> bool:
    kept = _sending(await transaction.get(_SENDINGS, sending.message))
    return kept is not None and kept.holder == sending.holder


def _verdict(
    sending: Sending, wanted: set[str], message: Message, *, pause_seconds: float
) -> tuple[Sending | None, dict[str, Any]]:
    """Return what is kept of a sending after an attempt, None for nothing, and what changes in the message."""
    taken = sending.keys("taken")
    begun = {"sendTime": sending.began}
    if wanted and wanted <= taken:
        return None, {**begun, "sendTimeComplete": now(), "status": "Completed"}
    failures = sending.failures + 1
    # The attempts after the first one are those that the message asks for.
    sending = replace(sending, holder="", failures=failures, begun=0)
    if wanted - sending.keys("taken", "refused") and failures <= int(message.get("tryTimes") or 0):
        return replace(sending, due=now(plus_seconds=pause_seconds)), {**begun, "status": "InProgress"}
    return replace(sending, due="") if taken else None, {**begun, "status": "Failed"}


def _contact(sending: Sending, wanted: set[str], message: Message, status: str) -> Record:
    """Return an entry for the log of contacts, which holds no content."""
    outcomes = sending.outcomes or {}
    receivers = [
        {"type": kind, "address": address, "outcome": outcomes.get(key, "not taken")}
        for key in sorted(wanted)
        for kind, _, address in (key.partition(":"),)
    ]
    ends = {"message": sending.message, "began": sending.began, "ended": now(), "status": status}
    sender = {"sender": message["sender"]} if "sender" in message else {}
    return Record(new_id(), {**ends, **sender, "receivers": receivers})
