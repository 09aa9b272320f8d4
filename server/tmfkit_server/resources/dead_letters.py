"""``/admin/dead-letters``: notifications that were given up, for admins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import falcon.asgi
import orjson

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.endpoint import Endpoint, answer, utc_time
from tmfkit_server.services.hrefs import addressed
from tmfkit_server.services.notifications.dead_letters import DeadLetters
from tmfkit_server.storage.base import Delivery
from tmfkit_server.turns import array_in_parts

__all__ = ["mount"]

_PATH = "/admin/dead-letters"
_ADMIN = ("admin",)
_LIMIT, _MOST = 100, 1000
_LARGEST_OFFSET = 10**9


def mount(
    app: falcon.asgi.App[Any, Any], dead_letters: DeadLetters, addresses: Addresses, *, max_page_bytes: int
) -> None:
    """Add the routes; a page ends after *max_page_bytes*."""
    app.add_route(_PATH, _All(dead_letters, addresses, max_page_bytes))
    app.add_route(f"{_PATH}/resend", _ResendAll(dead_letters, POST="resendDeadLetters"))
    app.add_route(f"{_PATH}/{{identifier}}", _One(dead_letters, DELETE="deleteDeadLetter"))
    app.add_route(f"{_PATH}/{{identifier}}/resend", _ResendOne(dead_letters, POST="resendDeadLetter"))


class _Admins(Endpoint):
    """A path that is for admins, whatever the method."""

    def __init__(self, dead_letters: DeadLetters, **operations: str) -> None:
        super().__init__(())
        self.operations = operations
        self.roles = dict.fromkeys(("GET", "HEAD", "POST", "DELETE"), _ADMIN)
        self._dead_letters = dead_letters


class _All(_Admins):
    def __init__(self, dead_letters: DeadLetters, addresses: Addresses, max_page_bytes: int) -> None:
        super().__init__(dead_letters, GET="listDeadLetters")
        self._addresses = addresses
        self._max_page_bytes = max_page_bytes

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with a page of them, 206 when it is part of the whole."""
        offset = req.get_param_as_int("offset", min_value=0, max_value=_LARGEST_OFFSET, default=0)
        limit = req.get_param_as_int("limit", min_value=0, max_value=_MOST, default=_LIMIT)
        page = await self._dead_letters.list(
            req.get_param("listener"), offset=offset, limit=limit, most_bytes=self._max_page_bytes
        )
        resp.set_header("X-Total-Count", str(page.total))
        resp.set_header("X-Result-Count", str(len(page.deliveries)))
        status = 206 if len(page.deliveries) < page.total else 200
        address = self._addresses.of(req)
        answer(resp, status, await array_in_parts(self._texts(page.deliveries, address)))

    on_head = on_get

    async def _texts(self, deliveries: Iterable[Delivery], address: str) -> AsyncIterator[bytes]:
        for each in deliveries:
            yield orjson.dumps(self._shown(each, address))

    def _shown(self, delivery: Delivery, address: str) -> dict[str, Any]:
        # As it would be sent now.
        begins = self._addresses.public_url or delivery.address or address
        return {**_shown(delivery), "notification": addressed(delivery.notification, begins)}


class _ResendAll(_Admins):
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Send all again, or those of one listener; what is misspelt must not send everything."""
        if unknown := req.params.keys() - {"listener"}:
            raise InvalidQuery(min(unknown), "here only listener is understood; leave it out")
        count = await self._dead_letters.resend_all(req.get_param("listener"))
        answer(resp, 202, orjson.dumps({"resent": count}))


class _One(_Admins):
    async def on_delete(self, _req: object, resp: falcon.asgi.Response, identifier: str) -> None:
        """Forget one."""
        await self._dead_letters.discard(identifier)
        resp.status = 204


class _ResendOne(_Admins):
    async def on_post(self, _req: object, resp: falcon.asgi.Response, identifier: str) -> None:
        """Send one again."""
        await self._dead_letters.resend(identifier)
        answer(resp, 202, orjson.dumps({"resent": 1}))


def _shown(delivery: Delivery) -> dict[str, Any]:
    assert delivery.death is not None
    return {
        "id": str(delivery.sequence),
        "listener": delivery.subscription,
        "callback": delivery.callback,
        "reason": delivery.death.reason,
        "lastStatus": delivery.death.status or None,
        "attempts": delivery.attempts,
        "queuedAt": utc_time(delivery.queued) if delivery.queued else None,
        "givenUpAt": utc_time(delivery.death.at),
    }
