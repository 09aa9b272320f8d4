"""Which notifications a change causes, and who gets them.

A ``state-change`` is told when one of the attributes that the contract names for it changed. A ``change`` is told when
any other attribute changed, or when the resource has no ``state-change`` event. Times that the server itself moves on
are no change.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Set
from typing import Any

from tmfkit_models.contracts import Contract, Event, Resource
from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.evaluate import predicate, selected
from tmfkit_server.query.expression import Path, Selection
from tmfkit_server.query.parse import Grammar, OwnHref, parse_hub_query
from tmfkit_server.services.catalogue import collection_name
from tmfkit_server.services.hrefs import Hrefs
from tmfkit_server.services.notifications.vocabulary import hub_name
from tmfkit_server.services.shapes import canonical, canonical_path, shape_of, spelled
from tmfkit_server.services.stamps import new_id, now
from tmfkit_server.storage.base import Subscription, Transaction, is_same

__all__ = ["Announcer", "wanted"]

_LOG = logging.getLogger(__name__)
_ALWAYS = frozenset({"eventId", "eventTime", "eventType"})
_ABSENT = object()

Body = Mapping[str, Any]


class Announcer:
    """Puts the notifications about one resource into the outbox."""

    def __init__(self, contract: Contract, resource: Resource, hrefs: Hrefs) -> None:
        """Prepare.

        Args:
            contract: The contract.
            resource: What is told of.
            hrefs: Its addresses.
        """
        self._hrefs = hrefs
        self._hub = hub_name(contract, resource.hub)
        self._collection = collection_name(contract, resource)
        self._events = [event for event in contract.events if event.resource == resource.name]
        self._states = {pointer.split("/")[1] for event in self._events for pointer in event.attributes}
        self._shape = shape_of(contract, resource.schema)
        place = tuple(self._events[0].payload.split("/")[1:]) if self._events else ()
        own = OwnHref(place, hrefs.identifier_in, "") if place else None
        self._grammar = Grammar(self._canonical_path, loose=resource.loose_equality, own=own)

    async def created(self, transaction: Transaction, body: Body, address: str) -> None:
        """Tell that *body* came into being, to listeners who see it under *address*."""
        await self._tell(transaction, {"create"}, body, address)

    async def deleted(self, transaction: Transaction, body: Body, address: str) -> None:
        """Tell that *body* was taken away, to listeners who see it under *address*."""
        await self._tell(transaction, {"delete"}, body, address)

    async def changed(
        self, transaction: Transaction, before: Body, after: Body, address: str, *, moved: Set[str]
    ) -> None:
        """Tell that *before* became *after*; of the times *moved* by the server alone nobody is told."""
        names = {*before, *after} - moved
        changed = {name for name in names if not is_same(before.get(name, _ABSENT), after.get(name, _ABSENT))}
        kinds = set()
        if changed & self._states:
            kinds.add("state-change")
        if changed - self._states:
            kinds.add("change")
        await self._tell(transaction, kinds, after, address)

    async def _tell(self, transaction: Transaction, kinds: set[str], body: Body, address: str) -> None:
        events = [event for event in self._events if event.on in kinds]
        if not events:
            return
        subscriptions = await transaction.subscriptions(self._hub)
        if not subscriptions:
            return
        # Listeners ask under whatever names they like, and are told under those that the resource was sent with.
        own, spelling = canonical(self._shape, self._hrefs.with_address(body, str(body["id"]), address))
        for event in events:
            notification = _notification(event, own)
            names = {f"{_place(event)}{pointer}": name for pointer, name in spelling.items()}
            for subscription in subscriptions:
                for shaped in wanted(subscription, notification, self._grammar):
                    # With its path: which address stands before it is decided when it leaves.
                    told = self._with_path(spelled(shaped, names), event, str(body["id"]))
                    subject = f"{self._collection}/{body['id']}"
                    await transaction.enqueue(subscription, told, subject, address)

    def _with_path(self, told: Body, event: Event, identifier: str) -> Body:
        outer, inner = event.payload.split("/")[1:]
        part = told.get(outer)
        if not isinstance(part, dict) or inner not in part:
            return told
        [resource] = part[inner] if event.array else [part[inner]]
        kept = self._hrefs.with_path(resource, identifier)
        return {**told, outer: {**part, inner: [kept] if event.array else kept}}

    def _canonical_path(self, path: Path) -> Path:
        """Give every name in a path below the resource of a notification the attribute's own name."""
        for event in self._events:
            place = tuple(event.payload.split("/")[1:])
            if path[: len(place)] == place:
                return (*place, *canonical_path(self._shape, path[len(place) :]))
        return path


def _place(event: Event) -> str:
    """Return the pointer of the resource in a notification, as ``spelled`` understands it."""
    return f"{event.payload}/*" if event.array else event.payload


def _notification(event: Event, body: Body) -> dict[str, Any]:
    notification: dict[str, Any] = {"eventId": new_id(), "eventTime": now(), "eventType": event.type}
    *parents, last = event.payload.split("/")[1:]
    here = notification
    for name in parents:
        here = here.setdefault(name, {})
    here[last] = [body] if event.array else body
    return notification


def wanted(subscription: Subscription, notification: Body, grammar: Grammar) -> Iterator[Body]:
    """Yield *notification* as *subscription* wants it, or nothing when it does not."""
    if not subscription.query:
        yield notification
        return
    try:
        # Read anew as well: a query may have come with an import, or from a version that took more.
        test, fields = _filter(subscription.query, grammar)
        if test(notification):
            yield notification if fields is None else selected(notification, fields, _ALWAYS)
    except InvalidQuery as exc:
        # Who changed the resource has nothing to do with the listener's query; better one too many than one lost.
        _LOG.warning(
            "listener %s gets a notification whole that its query cannot be asked about: %s", subscription.id, exc.why
        )
        yield notification


@functools.lru_cache(maxsize=1024)
def _filter(query: str, grammar: Grammar) -> tuple[Any, Selection | None]:
    where, fields = parse_hub_query(query, grammar)
    return predicate(where), fields
