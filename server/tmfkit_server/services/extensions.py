"""Where code for one API only is hooked in; an API without any is served from its contract alone."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tmfkit_models.contracts import Resource

from tmfkit_server import apis

if TYPE_CHECKING:
    from tmfkit_server.services.entities import Entities

__all__ = ["Extension", "Task", "extension_of"]

Body = Mapping[str, Any]
Task = Callable[["Entities", Body | str, str], Awaitable[Body]]
"""Takes the entities, the body (or the id of a stored one) and the address of the collection; gives the body of the answer."""


class Extension:
    """What one API does differently: nothing, unless a subclass says so."""

    api: ClassVar[str] = ""

    def accepted(self, resource: Resource, body: Body) -> Body:
        """Return *body* as it is to be stored; called on every write, attributes under their own names."""
        del resource
        return body

    def presented(self, resource: Resource, body: Body) -> Body:
        """Return a stored *body* as it is shown; called on every read, attributes under their own names."""
        del resource
        return body

    def json_patch(self, resource: Resource, patch: Any, body: Body) -> Any:
        """Return an RFC 6902 patch for what a client sent as one."""
        del resource, body
        return patch

    def task(self, action: str) -> Task | None:
        """Return what carries out *action*, or None when it is not one of the API's own."""
        del action
        return None


def extension_of(api: str) -> Extension:
    """Return the extension of *api*; the empty one when no module is written for it."""
    for module in pkgutil.iter_modules(apis.__path__, f"{apis.__name__}."):
        extension: Extension = importlib.import_module(module.name).EXTENSION
        if extension.api == api:
            return extension
    return Extension()
