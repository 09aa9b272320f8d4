"""API keys: who calls, and whether the caller's role may do what is asked."""

from __future__ import annotations

from collections.abc import Iterable

import falcon.asgi

from tmfkit_server.api_keys import ApiKey, digest_of
from tmfkit_server.errors import NotAuthenticated, NotPermitted
from tmfkit_server.resources.endpoint import Endpoint

__all__ = ["ApiKeys"]


class ApiKeys:
    """Falcon middleware, for a server with keys; without any every caller may do everything."""

    def __init__(self, keys: Iterable[ApiKey], open_paths: frozenset[str]) -> None:
        """Prepare.

        Args:
            keys: Keys, at least one.
            open_paths: Paths that need no key.
        """
        # Who measures how long a look-up takes learns something of a digest, from which there is no way to a key.
        self._keys = {key.digest: key for key in keys}
        self._open_paths = open_paths

    async def process_request(self, req: falcon.asgi.Request, _resp: falcon.asgi.Response) -> None:
        """Find out the caller and its role; NotAuthenticated when there is none.

        The caller is a digest of its key.
        """
        sent = digest_of(_credential(req))
        key = self._keys.get(sent)
        if key is not None:
            req.context.caller = sent.hex()
            req.context.caller_name = key.name
            req.context.role = key.role
        elif req.path not in self._open_paths:
            raise NotAuthenticated

    async def process_resource(
        self, req: falcon.asgi.Request, _resp: object, resource: object, _params: object
    ) -> None:
        """Raise NotPermitted when the role may not call the operation."""
        roles = resource.roles.get(req.method, ()) if isinstance(resource, Endpoint) else ()
        if roles and req.context.role not in roles:
            raise NotPermitted(roles)


def _credential(req: falcon.asgi.Request) -> str:
    scheme, _, key = (req.get_header("Authorization") or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else req.get_header("X-API-Key") or ""
