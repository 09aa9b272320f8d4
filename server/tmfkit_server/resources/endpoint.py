"""A path of the contract as Falcon sees it, and what all handlers do with requests and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import falcon.asgi

from tmfkit_models.contracts import Operation
from tmfkit_server.errors import NotAcceptable
from tmfkit_server.query.expression import Selection
from tmfkit_server.services.entities import Entities
from tmfkit_server.storage.base import Record

__all__ = ["Addresses", "Endpoint", "Responder", "answer", "answer_with", "check_accept"]

Responder = Callable[..., Awaitable[None]]


class Endpoint:
    """One path, with a responder for each method that the contract offers there; Falcon answers 405 to the others."""

    def __init__(self, responders: Iterable[tuple[Operation, Responder]]) -> None:
        self.roles: dict[str, tuple[str, ...]] = {}
        for operation, responder in responders:
            methods = ("GET", "HEAD") if operation.method == "GET" else (operation.method,)
            for method in methods:
                setattr(self, f"on_{method.lower()}", responder)
                self.roles[method] = operation.roles


class Addresses:
    """Absolute addresses of what one API serves."""

    def __init__(self, base_path: str, public_url: str) -> None:
        """Prepare.

        Args:
            base_path: Path that the API is served under.
            public_url: Scheme and host of every address; empty takes them from the request.
        """
        self._base_path = base_path
        self._public_url = public_url.rstrip("/")

    def of(self, req: falcon.asgi.Request, path: str) -> str:
        """Return the address of *path*, a path below the base path."""
        return f"{self._public_url or req.prefix}{self._base_path}{path}"

    def of_request(self, req: falcon.asgi.Request) -> str:
        """Return the address that was asked for, without its query."""
        return f"{self._public_url or req.prefix}{req.path}"


def answer(resp: falcon.asgi.Response, status: int, content: bytes) -> None:
    """Answer with a JSON text."""
    resp.status = status
    resp.data = content


def answer_with(
    resp: falcon.asgi.Response, status: int, entities: Entities, record: Record, fields: Selection | None = None
) -> None:
    """Answer with a resource, reduced to *fields*, and with the tag of what is stored."""
    resp.set_header("ETag", f'"{record.tag}"')
    answer(resp, status, entities.rendered(record, fields))


def check_accept(req: falcon.asgi.Request, operation: Operation) -> None:
    """Raise NotAcceptable when the client takes none of the types that *operation* produces."""
    accept = req.get_header("Accept")
    if not accept or accept == "*/*" or accept in operation.produces or not operation.produces:
        return
    if not any(req.client_accepts(media_type) for media_type in operation.produces):
        raise NotAcceptable(operation.produces)
