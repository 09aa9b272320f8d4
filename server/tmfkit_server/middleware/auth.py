"""API keys: who calls, and whether the caller's role may do what is asked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import falcon.asgi

from tmfkit_server.errors import NotAuthenticated, NotPermitted
from tmfkit_server.resources.endpoint import Endpoint

__all__ = ["ApiKeys"]


class ApiKeys:
    """Falcon middleware, for a server with keys; without any every caller may do everything."""

    def __init__(self, roles_by_key: Mapping[str, str], open_paths: frozenset[str]) -> None:
        """Prepare.

        Args:
            roles_by_key: Key → role, at least one.
            open_paths: Paths that need no key.
        """
        # Digests have one length, so that comparing them gives no hint at the length of a key.
        self._roles = [(_digest(key), role) for key, role in roles_by_key.items()]
        self._open_paths = open_paths

    async def process_request(self, req: falcon.asgi.Request, _resp: falcon.asgi.Response) -> None:
        """Find out the caller and its role; NotAuthenticated when there is none.

        The caller is a digest of its key.
        """
        sent = _digest(_credential(req))
        req.context.caller = sent.hex()
        req.context.role = self._role(req, sent)

    async def process_resource(
        self, req: falcon.asgi.Request, _resp: object, resource: object, _params: object
    ) -> None:
        """Raise NotPermitted when the role may not call the operation."""
        roles = resource.roles.get(req.method, ()) if isinstance(resource, Endpoint) else ()
        if roles and req.context.role not in roles:
            raise NotPermitted(roles)

    def _role(self, req: falcon.asgi.Request, sent: bytes) -> str:
        if req.path in self._open_paths:
            return ""
        # Every key is compared, so that the time does not tell which one matched.
        matching = [role for digest, role in self._roles if hmac.compare_digest(digest, sent)]
        if not matching:
            raise NotAuthenticated
        return matching[0]


def _credential(req: falcon.asgi.Request) -> str:
    scheme, _, key = (req.get_header("Authorization") or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else req.get_header("X-API-Key") or ""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
