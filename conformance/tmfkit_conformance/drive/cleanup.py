"""What a run made at the target, and how it is taken away; nothing else is ever changed or deleted."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from tmfkit_conformance.drive.addresses import collection_of
from tmfkit_conformance.drive.client import Client
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.upkeep import Cleanup
from tmfkit_models.contracts import MAKES_ANYTHING, Action, Contract, Operation

__all__ = ["GeneratedResources", "RegisterResources", "taken_away"]

_UNDOING = ("delete", "unregister")
_GONE = (404, 410)

AddressOf = Callable[[Operation, str], str]
"""Operation on a single thing, and its id → the address."""


class RegisterResources:
    """Resources and subscriptions that the register phase made and that are still there.

    Args:
        contract: The contract.
        address_of: Gives the address of a single thing.
    """

    def __init__(self, contract: Contract, address_of: AddressOf) -> None:
        self._contract = contract
        self._address_of = address_of
        self._undoing: dict[str, Operation] = {}

    def observe(self, operation: Operation, resource: str, url: str, exchange: Exchange) -> None:
        """Keep track of what an exchange made or took away.

        Args:
            operation: The operation that was called.
            resource: Name of the resource it was called for.
            url: The address that was called.
            exchange: What happened.
        """
        if not exchange.is_success:
            return
        if operation.action in _UNDOING:
            self._undoing.pop(url.partition("?")[0], None)
        elif operation.action in MAKES_ANYTHING:
            self._remember("unregister" if operation.action == "register" else "delete", resource, exchange.identifier)
        elif operation.action == "patch" and isinstance(exchange.request.json, dict):
            # A target that wrongly takes another id has the resource there.
            identifier = exchange.request.json.get("id")
            self._remember("delete", resource, identifier if isinstance(identifier, str) else "")

    def leftovers(self) -> Iterable[tuple[Operation, str]]:
        """Return what is still there, the latest first: the operation that takes it away, and the address."""
        return [(operation, url) for url, operation in reversed(self._undoing.items())]

    def keep(self, addresses: Iterable[str]) -> None:
        """Forget everything but what is at these addresses."""
        kept = set(addresses)
        self._undoing = {url: operation for url, operation in self._undoing.items() if url in kept}

    def _remember(self, undoing: Action, resource: str, identifier: str) -> None:
        operation = self._contract.action(undoing, resource)
        if operation is not None and identifier:
            self._undoing[self._address_of(operation, identifier)] = operation


class GeneratedResources:
    """Resources and subscriptions that the generated phases made, by collection.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._alive: defaultdict[str, list[str]] = defaultdict(list)
        self._known: set[tuple[str, str]] = set()
        self._run_name = uuid.uuid4().hex[:8]
        self._unused = 0

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
        if operation.action in _UNDOING:
            return alive[0] if len(alive) > 1 else self.unused_id()
        return alive[-1] if alive else self.unused_id()

    def unused_id(self) -> str:
        """Return an id that nothing at the target has."""
        self._unused += 1
        return f"tmfkit-{self._run_name}-generated-{self._unused}"

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
        elif operation.action in _UNDOING and (exchange.is_success or exchange.status == 404):
            self._forget(where, addressed)

    def leftovers(self) -> Iterator[tuple[Operation, str]]:
        """Yield what is still there, the latest first, each with the operation that takes it away; then forget it."""
        undoing = [op for op in self._contract.operations if op.action in _UNDOING]
        for operation in undoing:
            where = collection_of(self._contract, operation)
            while self._alive[where]:
                yield operation, self._alive[where].pop()

    def _forget(self, where: str, identifier: str) -> None:
        if identifier in self._alive[where]:
            self._alive[where].remove(identifier)


def taken_away(client: Client, leftovers: Iterable[tuple[Operation, str]], *, silences: int) -> list[str]:
    """Delete things at the target.

    Args:
        client: Sends and records.
        leftovers: The operation that takes a thing away, and its address.
        silences: After how many requests in a row without an answer nothing more is sent.

    Returns:
        Addresses of what was not taken away, or may not have been.
    """
    left, silent = [], 0
    for operation, url in leftovers:
        if silent < silences:
            exchange = client.send(
                "DELETE",
                url,
                phase="cleanup",
                probe=Cleanup.name,
                step=Cleanup.DELETE.name,
                operation=operation.id,
                admin="admin" in operation.roles,
            )
            silent = 0 if exchange.response else silent + 1
            if exchange.is_success or exchange.status in _GONE:
                continue
        left.append(url)
    return left
