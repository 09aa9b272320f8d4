"""The listeners of one hub."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tmfkit_models.contracts import Contract, Operation
from tmfkit_server.errors import Conflict, InvalidBody, UnknownId, Violation
from tmfkit_server.network import is_address
from tmfkit_server.query.answerable import check_answerable
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.parse import Grammar, parse_hub_query
from tmfkit_server.quotes import quoted
from tmfkit_server.services.citations import Citations
from tmfkit_server.services.notifications.admission import Admission
from tmfkit_server.services.notifications.callbacks import CallbackGuard, CallbackRefused, PortRefused, host_of
from tmfkit_server.services.notifications.vocabulary import hub_name, notification_form
from tmfkit_server.services.stamps import new_id
from tmfkit_server.storage.base import Store, Subscription

__all__ = ["Subscriptions"]

_LOG = logging.getLogger(__name__)
_LOOKUP_SECONDS = 3.0


class Subscriptions:
    """Registers and unregisters listeners."""

    def __init__(
        self, store: Store, contract: Contract, register: Operation, *, guard: CallbackGuard, admission: Admission
    ) -> None:
        """Prepare.

        Args:
            store: Where they are kept.
            contract: What the hub belongs to.
            register: Operation of the hub that registers.
            guard: Says which callbacks may be called.
            admission: Says how many listeners there may be.
        """
        self._store = store
        self._admission = admission
        self._hub = hub_name(contract, register.path)
        self._register = register
        self._citations = Citations(contract)
        self._guard = guard
        self._form = notification_form(contract, register.path)
        is_loose = any(each.loose_equality for each in contract.resources if each.hub == register.path)
        self._grammar = Grammar(loose=is_loose)

    async def register(self, body: Any) -> Subscription:
        """Register a listener.

        Raises:
            InvalidBody: The callback is missing, no address, or one that is not called; or the query is no text.
            InvalidQuery: The query cannot be understood, or asks for what the hub never sends.
            Conflict: The same callback is registered with the same query.
            TooManyListeners: There is no room for it.
        """
        callback, query = self._checked(body)
        self._check_port(urlsplit(callback).port)
        await self._check_host(host_of(callback))
        await self._admission.check(self._hub, callback)
        new = Subscription(new_id(), self._hub, callback, query)
        async with self._store.transaction() as transaction:
            for old in await transaction.subscriptions(self._hub, for_change=True):
                # No query and an empty one ask for the same.
                if (old.callback, old.query or None) == (callback, query or None):
                    raise Conflict(f"This callback is registered as {quoted(old.id)} already; delete that one first.")
            await transaction.subscribe(new)
        return new

    async def unregister(self, identifier: str) -> None:
        """Take a listener away; UnknownId when this hub has no such listener."""
        async with self._store.transaction() as transaction:
            known = await transaction.subscriptions(self._hub, for_change=True)
            if not any(subscription.id == identifier for subscription in known):
                raise UnknownId("listener", identifier)
            await transaction.unsubscribe(identifier)

    def _check_port(self, port: int | None) -> None:
        try:
            # Without one it is that of the web.
            self._guard.check_port(port or 80)
        except PortRefused as exc:
            what = (
                f"leads to port {exc.port}, which this server does not call;"
                " its operator can allow it with --allow-callback-port"
            )
            raise InvalidBody.at("/callback", what) from exc

    async def _check_host(self, host: str) -> None:
        """Refuse a host that is not called; one that cannot be looked up now may be there when it is needed."""
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                await self._guard.addresses(host)
        except CallbackRefused as exc:
            # The address itself may be nothing that a stranger has to know.
            what = (
                f"leads to {exc.kind} address, which this server does not call;"
                " its operator can allow the network with --allow-callbacks"
            )
            raise InvalidBody.at("/callback", what) from exc
        except (OSError, UnicodeError):
            _LOG.info("the host of a new listener cannot be looked up: %s", host)

    def _checked(self, body: Any) -> tuple[str, str | None]:
        if not isinstance(body, Mapping):
            raise InvalidBody.at("", "has to be an object")
        callback, query = body.get("callback"), body.get("query")
        violations = []
        if not isinstance(callback, str) or not _is_address(callback):
            cited = self._citations.cite(("mandatory", "hub"), (self._register,), "/callback")
            what = "has to be an http or https address without credentials" if "callback" in body else "is required"
            violations.append(Violation("/callback", what, cited))
        if query is not None and not isinstance(query, str):
            violations.append(Violation("/query", "has to be a text or null"))
        if violations:
            raise InvalidBody(violations)
        if query:
            expression = parse_hub_query(query, self._grammar)[0]
            predicate(expression, Budget())
            check_answerable(expression, self._form)
        return str(callback), query


def _is_address(text: str) -> bool:
    # A server without listeners does without it.
    import httpx

    if any(character.isspace() or not character.isprintable() for character in text):
        return False
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
        # Only what the client that delivers can read is of use; it decodes the host when that is asked for.
        url = httpx.URL(text)
        # An IPv4 address is four numbers; in another spelling nothing is delivered to it.
        is_number = url.host.replace(".", "").isdigit() and not is_address(url.host)
        has_host, has_credentials = bool(url.host) and not is_number, bool(url.userinfo)
    except (ValueError, httpx.InvalidURL):
        return False
    return parts.scheme in ("http", "https") and has_host and has_port and not has_credentials
