"""What the exchanges say of single resources in recorded order: made, there, gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Operation

__all__ = ["ResourceTracker", "addressed"]


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
        made: Resource name and id → sequence number of the create, while the resource is there.
        gone: Resource name and id → sequence number of the delete.
    """

    made: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: dict[tuple[str, str], int] = field(default_factory=dict)

    def observe(self, operation: Operation, exchange: Exchange) -> None:
        """Take in what an exchange changed."""
        if operation.action == "create" and exchange.is_success and exchange.identifier:
            key = (operation.resource, exchange.identifier)
            self.made[key] = exchange.sequence
            self.gone.pop(key, None)
        elif operation.action in ("replace", "delete"):
            key = (operation.resource, addressed(operation, exchange))
            if operation.action == "delete":
                # Whatever came of it: after the attempt nothing proves that the resource is there.
                self.made.pop(key, None)
            if operation.action == "delete" and exchange.status in (200, 204):
                self.gone[key] = exchange.sequence
            elif exchange.is_success:
                self.gone.pop(key, None)

    def read_after_delete(self, operation: Operation, exchange: Exchange) -> int:
        """Return the sequence number of the delete after which a resource was read all the same; 0 if none was."""
        if operation.action != "retrieve" or not exchange.is_success:
            return 0
        return self.gone.get((operation.resource, addressed(operation, exchange)), 0)

    def lost(self, operation: Operation, exchange: Exchange) -> int:
        """Return the sequence number of the create whose resource a read did not find; 0 if it was found."""
        if operation.action != "retrieve" or exchange.status not in (404, 410):
            return 0
        return self.made.get((operation.resource, addressed(operation, exchange)), 0)
