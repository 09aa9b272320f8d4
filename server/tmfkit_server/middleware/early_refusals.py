"""What the worker refuses before it is a request of the application: seen, named and answered as all others are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import falcon.asgi

from tmfkit_server.middleware.request_ids import RequestIds
from tmfkit_server.middleware.watching import Answered, Observer
from tmfkit_server.request_ids import REQUEST_ID
from tmfkit_server.resources.addresses import Addresses

__all__ = ["EARLY_REFUSALS", "EarlyRefusals"]

EARLY_REFUSALS = "early_refusals"
"""Name in the state of an ASGI lifespan under which the worker finds the ``EarlyRefusals`` of its application."""


class EarlyRefusals:
    """Does for requests that never reach the application what its middleware does for others."""

    def __init__(self, ids: RequestIds, addresses: Addresses, observers: Sequence[Observer]) -> None:
        self._ids = ids
        self._addresses = addresses
        self._observers = tuple(observers)

    def __call__(
        self, scope: dict[str, Any], status: int, *, seconds: float, is_seen: bool = False
    ) -> Mapping[str, str]:
        """Show a refusal to the observers.

        Args:
            scope: What is known of the request, as ASGI has it.
            status: Of the answer.
            seconds: Since the request began.
            is_seen: Whether the application has the request, so that they see it anyway.

        Returns:
            Headers that the answer has besides its own.
        """
        req = falcon.asgi.Request(scope, _nothing_to_receive)
        identifier = self._ids.identifier_of(req)
        if not is_seen:
            self._show(identifier, self._answered(req, status, seconds))
        return {"X-Request-ID": identifier, **self._ids.headers}

    def _answered(self, req: falcon.asgi.Request, status: int, seconds: float) -> Answered:
        return Answered(
            method=req.method,
            # Falcon has one even where nothing has come.
            path=req.scope["path"],
            api="",
            operation="",
            status=status,
            seconds=seconds,
            caller="",
            client=self._addresses.client_of(req),
            location="",
        )

    def _show(self, identifier: str, answered: Answered) -> None:
        token = REQUEST_ID.set(identifier)
        try:
            for observe in self._observers:
                observe(answered)
        finally:
            REQUEST_ID.reset(token)


async def _nothing_to_receive() -> dict[str, Any]:
    return {"type": "http.disconnect"}
