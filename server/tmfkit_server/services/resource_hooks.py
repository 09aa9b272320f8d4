"""Hooks by which one API does something different with the bodies of its resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tmfkit_models.contracts import Resource
from tmfkit_server.storage.base import Record

__all__ = ["ResourceHooks"]

Body = Mapping[str, Any]


class ResourceHooks:
    """Hooks for bodies on their way in and out: nothing happens to them unless a subclass says so."""

    def received(self, resource: Resource, body: Body) -> Body:
        """Return *body* as it is to be understood; called before it is validated, attributes under their own names."""
        del resource
        return body

    def accepted(self, resource: Resource, body: Body) -> Body:
        """Return *body* as it is to be stored; called on every write, attributes under their own names."""
        del resource
        return body

    def presented(self, resource: Resource, body: Body) -> Body:
        """Return a stored *body* as it is shown; called on every read, attributes under their own names."""
        del resource
        return body

    def is_presented_as_stored(self, resource: Resource, record: Record) -> bool:
        """Tell whether ``presented`` gives the body of *record* back as it is, now and later.

        Hooks that present bodies in another way may say here which ones they leave alone: those are answered without
        being decoded.
        """
        del resource, record
        return type(self).presented is ResourceHooks.presented

    def takes_long(self, resource: Resource, sent: Any) -> bool:
        """Tell whether these hooks may take long with a body or a patch, so that nobody else should wait for them."""
        del resource, sent
        return False

    def json_patch(self, resource: Resource, patch: Any) -> Any:
        """Return the operations of what a client sent as a JSON Patch."""
        del resource
        return patch

    def json_patch_operation(self, resource: Resource, pointer: str, operation: Any, body: Any) -> Iterable[Any]:
        """Return the RFC 6902 operations that an operation stands for.

        Args:
            resource: The resource.
            pointer: Where the operation stands in the patch.
            operation: The operation as it was sent.
            body: What the operations before it have made of the resource, as the client sees it.
        """
        del resource, pointer, body
        return (operation,)
