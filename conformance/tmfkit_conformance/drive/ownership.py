"""Says whether a record may be changed or deleted: only one that this run made may be."""

from __future__ import annotations

from typing import Literal

from tmfkit_conformance.drive.addresses import Addresses
from tmfkit_conformance.drive.conversation import Conversation
from tmfkit_conformance.drive.ledger import Ledger
from tmfkit_conformance.record.exchange import SOMEBODY_ELSES, Exchange
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.upkeep import Recognition

__all__ = ["Ownership", "Standing"]

Standing = Literal["own", "unknown", "foreign"]


class Ownership:
    """Looks at records whose mark was not seen yet.

    Args:
        conversation: Sends.
        addresses: Addresses at the target.
        ledger: What was seen so far.
    """

    def __init__(self, conversation: Conversation, addresses: Addresses, ledger: Ledger) -> None:
        self._conversation = conversation
        self._ledger = ledger
        self._addresses = addresses

    def standing(self, resource: str, identifier: str) -> Standing:
        """Say whose the record with this id is; it is read where its mark was not seen yet.

        A record that was made without a mark, or at a target that keeps none, or that cannot be read, is taken for the
        run's own unless it was there before.
        """
        ledger = self._ledger
        if ledger.is_proven(resource, identifier):
            return "own"
        was_there, carriers = ledger.is_there_before(resource, identifier), ledger.carriers_of(resource, identifier)
        if not was_there and (resource not in ledger.keeps_marks or not carriers):
            return "own"
        read = self._read(resource, identifier)
        if ledger.is_proven(resource, identifier):
            return "own"
        if was_there:
            return "foreign"
        record = read.answer if read and read.is_success else None
        if not isinstance(record, dict) or str(record.get("id")) != identifier:
            return "own"
        return "foreign" if any(isinstance(record.get(name), str) for name in carriers) else "unknown"

    def foreign(self, resource: str, identifier: str) -> str:
        """Say that the record with this id is somebody else's, and remember it; nothing where it is not."""
        if self.standing(resource, identifier) != "foreign":
            return ""
        self._ledger.disown(resource, identifier)
        self._ledger.foreign = f"A create was answered with the id {identifier!r} {SOMEBODY_ELSES}"
        return self._ledger.foreign

    def _read(self, resource: str, identifier: str) -> Exchange | None:
        operation = self._ledger.contract.action("retrieve", resource)
        if operation is None:
            return None
        url = self._addresses.item(resource, identifier)
        exchange = self._conversation.send(
            "GET",
            url,
            phase=REGISTER,
            probe=Recognition.name,
            step=Recognition.READ.name,
            operation=operation.id,
            admin="admin" in operation.roles,
        )
        self._ledger.observe(self, operation, resource, url, exchange)
        return exchange
