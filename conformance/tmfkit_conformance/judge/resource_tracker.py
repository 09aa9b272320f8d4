"""What the exchanges say of single resources in recorded order: made, there, gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract, Operation

__all__ = ["Key", "ResourceTracker", "addressed", "settled_reads"]

Key = tuple[str, str]
"""Name of a resource, and id."""

_SETTLES_SECONDS = 2.0
"""How long a target may show the state before a write, if it shows the right one afterwards."""


def addressed(operation: Operation, exchange: Exchange) -> str:
    """Return the id in the path of a request; empty where the operation has none."""
    segments = operation.path.split("/")
    if "{id}" not in segments:
        return ""
    path = urlsplit(exchange.request.url).path.split("/")
    # Counted from the end, because base paths differ.
    return unquote(path[segments.index("{id}") - len(segments)])


@dataclass
class ResourceTracker:
    """Follows the resources that generated requests made, and those they deleted.

    Attributes:
        last_reads: How every resource was last read.
        made: The create of every resource that is there.
        gone: The delete of every resource that is not.
    """

    last_reads: Mapping[Key, Exchange]
    made: dict[Key, Exchange] = field(default_factory=dict)
    gone: dict[Key, Exchange] = field(default_factory=dict)

    def observe(self, operation: Operation, exchange: Exchange) -> None:
        """Take in what an exchange changed."""
        if operation.action == "create" and exchange.is_success and exchange.identifier:
            key = (operation.resource, exchange.identifier)
            self.made[key] = exchange
            self.gone.pop(key, None)
        elif operation.action in ("replace", "delete"):
            key = (operation.resource, addressed(operation, exchange))
            if operation.action == "delete":
                # Whatever came of it: after the attempt nothing proves that the resource is there.
                self.made.pop(key, None)
            if operation.action == "delete" and exchange.status in (200, 204):
                self.gone[key] = exchange
            elif exchange.is_success:
                self.gone.pop(key, None)

    def made_before(self, operation: Operation, exchange: Exchange) -> int:
        """Return the sequence number of an earlier create that gave an id which is given again, to another resource.

        An id that the client sent proves nothing.
        """
        if operation.action != "create" or not exchange.is_success or not exchange.identifier:
            return 0
        sent = exchange.request.json
        if isinstance(sent, dict) and "id" in sent:
            return 0
        return _sequence(self.made.get((operation.resource, exchange.identifier)))

    def read_after_delete(self, operation: Operation, exchange: Exchange) -> int:
        """Return the sequence number of the delete after which a resource was read all the same; 0 if none was."""
        if operation.action != "retrieve" or not exchange.is_success:
            return 0
        return _sequence(self.gone.get((operation.resource, addressed(operation, exchange))))

    def lost(self, operation: Operation, exchange: Exchange) -> int:
        """Return the sequence number of the create whose resource a plain read did not find; 0 if it was found.

        A read with a query, or one that departs from the contract, is no plain one: its 404 may speak of that.
        """
        is_plain = exchange.mode != "negative" and not urlsplit(exchange.request.url).query
        if operation.action != "retrieve" or not exchange.is_gone or not is_plain:
            return 0
        return _sequence(self.made.get((operation.resource, addressed(operation, exchange))))

    def settles_later(self, operation: Operation, exchange: Exchange) -> bool:
        """Say whether a read came soon after the write that it does not show, and the last read shows it."""
        key = (operation.resource, addressed(operation, exchange))
        write, last = self.made.get(key) or self.gone.get(key), self.last_reads.get(key)
        if write is None or last is None or exchange.started - write.started > _SETTLES_SECONDS:
            return False
        return last.sequence > exchange.sequence and last.is_success != exchange.is_success


def settled_reads(contract: Contract, exchanges: Iterable[Exchange]) -> dict[Key, Exchange]:
    """Return the last plain read of every resource."""
    found: dict[Key, Exchange] = {}
    for exchange in exchanges:
        operation = contract.operation(exchange.operation)
        if operation.action == "retrieve" and not urlsplit(exchange.request.url).query:
            found[operation.resource, addressed(operation, exchange)] = exchange
    return found


def _sequence(exchange: Exchange | None) -> int:
    return exchange.sequence if exchange else 0
