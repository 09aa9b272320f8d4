"""A path of the contract as Falcon sees it, and what all handlers do with requests and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime

import falcon.asgi
from falcon import mediatypes

from tmfkit_models.contracts import Operation
from tmfkit_server.api_keys import ROLES
from tmfkit_server.errors import NotAcceptable
from tmfkit_server.network import network_of, unmapped
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.patches.patch_query import JSON_PATCH_QUERY
from tmfkit_server.storage.base import Record

__all__ = [
    "READING",
    "Endpoint",
    "Responder",
    "accepted_types",
    "answer",
    "answer_with",
    "asker_of",
    "caller_of",
    "check_accept",
    "client_of",
    "utc_time",
]

Responder = Callable[..., Awaitable[None]]

READING = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""

_FOR_THE_CALLER = [("Cache-Control", "private, no-cache"), ("Vary", "Authorization, X-API-Key")]


class Endpoint:
    """One path, with a responder for each method that the contract offers there; Falcon answers 405 to the others.

    Attributes:
        api: API that it belongs to; empty for what is the server's own.
        operations: Method → name of its operation.
        roles: Method → roles that may call it: those that the contract names, or everybody, readers only to read.
    """

    def __init__(self, responders: Iterable[tuple[Operation, Responder]], api: str = "") -> None:
        self.api = api
        self.roles: dict[str, tuple[str, ...]] = {}
        self.operations: dict[str, str] = {}
        for operation, responder in responders:
            methods = ("GET", "HEAD") if operation.method == "GET" else (operation.method,)
            for method in methods:
                setattr(self, f"on_{method.lower()}", responder)
                self.roles[method] = operation.roles or _roles_for(method)
                self.operations[method] = operation.id
            if operation.method == "PATCH":
                self._accept_patch = ", ".join(accepted_types(operation))
                # Falcon's own answer to OPTIONS knows nothing of patches.
                self.on_options = self._tell_options

    def named(self, method: str) -> tuple[str, str]:
        """Return the API and the operation of a method; without an operation, two empty texts."""
        operation = self.operations.get(method, "")
        return (self.api, operation) if operation else ("", "")

    async def _tell_options(self, _req: object, resp: falcon.asgi.Response, **_params: object) -> None:
        """Answer with the methods, and with the types of patches (RFC 5789 §3.1)."""
        resp.set_header("Allow", ", ".join(sorted({*self.roles, "OPTIONS"})))
        resp.set_header("Accept-Patch", self._accept_patch)


def accepted_types(operation: Operation) -> tuple[str, ...]:
    """Return the media types of bodies that *operation* takes: those of its contract, and one more kind of patch.

    Source:
        TMF630 part 5, which holds for every API.
    """
    return (*operation.consumes, JSON_PATCH_QUERY) if operation.method == "PATCH" else operation.consumes


def _roles_for(method: str) -> tuple[str, ...]:
    return ROLES if method in READING else tuple(role for role in ROLES if role != "reader")


def caller_of(req: falcon.asgi.Request) -> str:
    """Return a digest of the key that came with *req*; empty as long as nobody needs a key."""
    return getattr(req.context, "caller", "")


def client_of(req: falcon.asgi.Request) -> str:
    """Return the address of the client, which trusted proxies stand before."""
    return getattr(req.context, "client", "") or unmapped(req.remote_addr)


def asker_of(req: falcon.asgi.Request) -> str:
    """Return who asks, among whom things are shared out: the credential, or else the client's network."""
    return caller_of(req) or network_of(client_of(req))


def answer(resp: falcon.asgi.Response, status: int, content: bytes | AsyncIterator[bytes]) -> None:
    """Answer with a JSON text, or with its parts, each of which waits for the client to take those before it.

    It is for this caller, and only as long as nothing has changed (RFC 9111 §5.2.2).
    """
    resp.set_headers(_FOR_THE_CALLER)
    resp.status = status
    if isinstance(content, bytes):
        resp.data = content
    else:
        resp.stream = content


def answer_with(
    resp: falcon.asgi.Response,
    status: int,
    entities: Entities,
    record: Record,
    address: str,
    part: bytes | None = None,
) -> None:
    """Answer with a resource, seen under *address*, or with *part* of its text, and with the tag of what is stored."""
    resp.set_headers([*_FOR_THE_CALLER, ("ETag", f'"{record.tag}"')])
    resp.status = status
    resp.data = entities.rendered(record, address) if part is None else part


def utc_time(seconds: int) -> str:
    """Return a moment, given in seconds since 1970, as operators read it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def check_accept(req: falcon.asgi.Request, operation: Operation) -> None:
    """Raise NotAcceptable when the client takes none of the types that *operation* produces."""
    accept = req.get_header("Accept")
    if not accept or accept == "*/*" or accept in operation.produces or not operation.produces:
        return
    try:
        # Types may be written in letters of either size (RFC 9110 section 8.3.1).
        is_accepted = any(mediatypes.quality(media_type, accept.lower()) for media_type in operation.produces)
    except ValueError:
        is_accepted = False
    if not is_accepted:
        raise NotAcceptable(operation.produces)
