"""What the register phase made at the target, and how whatever a run made is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tmfkit_conformance.drive.client import Client
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.upkeep import Cleanup
from tmfkit_models.contracts import MAKES_ANYTHING, Action, Contract, Operation

__all__ = ["Made", "taken_away"]

_UNDOING = ("delete", "unregister")
_GONE = (404, 410)

AddressOf = Callable[[Operation, str], str]
"""Operation on a single thing, and its id → the address."""


class Made:
    """Resources and subscriptions of the kit's own that are still there.

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

    def _remember(self, undoing: Action, resource: str, identifier: str) -> None:
        operation = self._contract.action(undoing, resource)
        if operation is not None and identifier:
            self._undoing[self._address_of(operation, identifier)] = operation


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
