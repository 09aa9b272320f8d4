"""What is told of requests that have been answered: an access line, an audit line, metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import falcon.asgi

from tmfkit_server.resources.endpoint import Endpoint, client_of

__all__ = ["Answered", "Observer", "Watch", "access_line", "audit_line"]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFUSALS = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class Answered:
    """One request, and how it was answered.

    Attributes:
        method: Its method.
        path: Its path, as the client wrote it but decoded.
        api: API that it belongs to; empty when none.
        operation: Operation of the contract; empty when none.
        status: Status of the answer.
        seconds: Until the answer began.
        caller: Name of the credential; empty without one.
        client: Address of the client.
        location: Address of what was made; empty when nothing was.
    """

    method: str
    path: str
    api: str
    operation: str
    status: int
    seconds: float
    caller: str
    client: str
    location: str


Observer: TypeAlias = Callable[[Answered], None]


class Watch:
    """Falcon middleware: shows every answered request to observers."""

    def __init__(self, observers: Sequence[Observer], find: Callable[[str], Any]) -> None:
        """Prepare.

        Args:
            observers: Whom it is shown to.
            find: The router's, for requests that were refused before it had its turn.
        """
        self._observers = tuple(observers)
        self._find = find

    async def process_request(self, req: falcon.asgi.Request, _resp: object) -> None:
        """Begin to measure."""
        req.context.began = perf_counter()

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, _succeeded: object
    ) -> None:
        """Tell of it."""
        if resource is None and resp.status_code in _REFUSALS:
            resource, *_ = self._find(req.path) or (None,)
        api, operation = resource.named(req.method) if isinstance(resource, Endpoint) else ("", "")
        answered = Answered(
            method=req.method,
            path=req.path,
            api=api,
            operation=operation,
            status=resp.status_code,
            seconds=perf_counter() - getattr(req.context, "began", perf_counter()),
            caller=getattr(req.context, "caller_name", ""),
            client=client_of(req),
            location=resp.get_header("Location") or "",
        )
        for observe in self._observers:
            observe(answered)


def access_line(log: Any) -> Observer:
    """Return what writes a line for each request."""

    def observe(answered: Answered) -> None:
        log.info("access", **_values(answered), ms=round(answered.seconds * 1000, 3))

    return observe


def audit_line(log: Any) -> Observer:
    """Return what writes a line for each write, and for each request that was refused for who sent it."""

    def observe(answered: Answered) -> None:
        is_refused = answered.status in _REFUSALS
        if is_refused or (answered.method in _WRITES and answered.operation):
            outcome = "refused" if is_refused else "done" if answered.status < 400 else "failed"
            log.info("audit", outcome=outcome, **_values(answered), made=answered.location)

    return observe


def _values(answered: Answered) -> dict[str, object]:
    return {
        "api": answered.api,
        "operation": answered.operation,
        "method": answered.method,
        "path": answered.path,
        "status": answered.status,
        "key": answered.caller,
        "client": answered.client,
    }
