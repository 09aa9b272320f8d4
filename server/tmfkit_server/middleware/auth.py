"""Credentials: who calls, and whether the caller's role may do what is asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import falcon.asgi

from tmfkit_server.api_keys import ApiKey, digest_of
from tmfkit_server.errors import NotAuthenticated, NotPermitted
from tmfkit_server.middleware.callers import Caller
from tmfkit_server.middleware.refusals import Refusals
from tmfkit_server.resources.endpoint import Endpoint, client_of

if TYPE_CHECKING:
    from tmfkit_server.middleware.tokens import Tokens

__all__ = ["Credentials"]


class Credentials:
    """Falcon middleware, for a server that asks for credentials; on any other every caller may do everything."""

    def __init__(
        self, keys: Iterable[ApiKey], tokens: Tokens | None, open_paths: frozenset[str], open_below: tuple[str, ...]
    ) -> None:
        """Prepare.

        Args:
            keys: API keys.
            tokens: Tokens of an issuer; None for no issuer.
            open_paths: Paths that need no credential.
            open_below: Beginnings of further ones.
        """
        # Who measures how long a look-up takes learns something of a digest, from which there is no way to a key.
        self._callers = {key.digest: Caller(key.digest.hex(), key.name, key.role) for key in keys}
        self._tokens = tokens
        self._open_paths = open_paths
        self._open_below = open_below
        self._refusals = Refusals()

    async def start(self) -> None:
        """Begin to look at the keys of the issuer, where there is one."""
        if self._tokens is not None:
            await self._tokens.start()

    async def stop(self) -> None:
        """End that, and tell of the refusals that nobody was told of yet."""
        self._refusals.tell()
        if self._tokens is not None:
            await self._tokens.stop()

    async def process_request(self, req: falcon.asgi.Request, _resp: falcon.asgi.Response) -> None:
        """Find out the caller and its role; NotAuthenticated when there is none."""
        sent = _credential(req)
        caller = self._callers.get(digest_of(sent))
        if caller is None and self._tokens is not None and sent.count(".") == 2:
            caller = await self._tokens.caller(sent)
        if caller is not None:
            req.context.caller, req.context.caller_name, req.context.role = caller
        elif req.path not in self._open_paths and not req.path.startswith(self._open_below):
            self._refusals.take(client_of(req))
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
