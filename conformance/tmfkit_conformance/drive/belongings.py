"""What the generated phases made at the target: nothing else is ever changed or deleted by them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator

from tmfkit_conformance.drive.engine_input import collection
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import MAKES_ANYTHING, Contract, Operation

__all__ = ["Belongings"]


class Belongings:
    """Resources and subscriptions of the kit's own, by collection.

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
        where = collection(self._contract, operation)
        if (where, generated) in self._known:
            return generated
        alive = self._alive[where]
        if operation.action in ("delete", "unregister"):
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
        where = collection(self._contract, operation)
        if operation.action in MAKES_ANYTHING and exchange.is_success and exchange.identifier:
            self._known.add((where, exchange.identifier))
            if exchange.identifier not in self._alive[where]:
                self._alive[where].append(exchange.identifier)
        elif operation.action in ("delete", "unregister") and (exchange.is_success or exchange.status == 404):
            self._forget(where, addressed)

    def leftovers(self) -> Iterator[tuple[Operation, str]]:
        """Yield what is still there, the latest first, each with the operation that takes it away; then forget it."""
        undoing = [op for op in self._contract.operations if op.action in ("delete", "unregister")]
        for operation in undoing:
            where = collection(self._contract, operation)
            while self._alive[where]:
                yield operation, self._alive[where].pop()

    def _forget(self, where: str, identifier: str) -> None:
        if identifier in self._alive[where]:
            self._alive[where].remove(identifier)
