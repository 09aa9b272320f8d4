"""Which notifications a change causes, and who gets them.

A ``state-change`` is told when one of the attributes that the contract names for it changed. A ``change`` is told when
any other attribute changed, or when the resource has no ``state-change`` event. Times that the server itself moves on
are no change.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from tmfkit_models.contracts import Contract, Event, Resource
from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate, selected
from tmfkit_server.query.expression import Expression, Path, Selection
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.parse import Grammar, OwnHref, parse_hub_query
from tmfkit_server.search_limits import MOST_STEPS
from tmfkit_server.services.catalogue import collection_name
from tmfkit_server.services.hrefs import Hrefs
from tmfkit_server.services.notifications.vocabulary import hub_name
from tmfkit_server.services.shapes import canonical, canonical_path, shape_of, spelled
from tmfkit_server.services.stamps import new_id, now
from tmfkit_server.storage.base import Record, Subscription, Transaction, is_same
from tmfkit_server.turns import Turns

__all__ = ["Announcer", "Questions"]

_LOG = logging.getLogger(__name__)
_ALWAYS = frozenset({"eventId", "eventTime", "eventType"})
_ABSENT = object()

Body = Mapping[str, Any]


class Announcer:
    """Puts the notifications about one resource into the outbox."""

    def __init__(self, contract: Contract, resource: Resource, hrefs: Hrefs, told: Callable[[Record], Body]) -> None:
        """Prepare.

        Args:
            contract: The contract.
            resource: What is told of.
            hrefs: Its addresses.
            told: Record → the resource as listeners are told of it, but for the address that stands before its path.
        """
        self._hrefs = hrefs
        self._told = told
        self._hub = hub_name(contract, resource.hub)
        self._collection = collection_name(contract, resource)
        self._events = [event for event in contract.events if event.resource == resource.name]
        self._told_of = {event.on for event in self._events}
        self._states = {pointer.split("/")[1] for event in self._events for pointer in event.attributes}
        self._shape = shape_of(contract, resource.schema)
        place = tuple(self._events[0].payload.split("/")[1:]) if self._events else ()
        own = OwnHref(place, hrefs.identifier_in, "") if place else None
        self._grammar = Grammar(self._canonical_path, loose=resource.loose_equality, own=own)

    async def created(self, transaction: Transaction, record: Record, address: str) -> None:
        """Tell that *record* came into being, to listeners who see it under *address*."""
        if listeners := await self._listeners(transaction, "create"):
            await self._tell(transaction, listeners, {"create"}, self._told(record), address)

    async def deleted(self, transaction: Transaction, record: Record, address: str) -> None:
        """Tell that *record* was taken away, to listeners who see it under *address*."""
        if listeners := await self._listeners(transaction, "delete"):
            await self._tell(transaction, listeners, {"delete"}, self._told(record), address)

    async def changed(
        self, transaction: Transaction, before: Record, after: Record, address: str, *, moved: Callable[[], Set[str]]
    ) -> None:
        """Tell that *before* became *after*; of the times *moved* by the server alone nobody is told."""
        if listeners := await self._listeners(transaction, "change", "state-change"):
            body = self._told(after)
            kinds = self._kinds(self._told(before), body, moved())
            await self._tell(transaction, listeners, kinds, body, address)

    async def _listeners(self, transaction: Transaction, *kinds: str) -> Sequence[Subscription]:
        """Return whom a change of some kinds may be told."""
        return await transaction.subscriptions(self._hub) if not self._told_of.isdisjoint(kinds) else ()

    def _kinds(self, before: Body, after: Body, moved: Set[str]) -> set[str]:
        names = {*before, *after} - moved
        changed = {name for name in names if not is_same(before.get(name, _ABSENT), after.get(name, _ABSENT))}
        return {
            kind
            for kind, some in (("state-change", changed & self._states), ("change", changed - self._states))
            if some
        }

    async def _tell(
        self,
        transaction: Transaction,
        subscriptions: Sequence[Subscription],
        kinds: set[str],
        body: Body,
        address: str,
    ) -> None:
        events = [event for event in self._events if event.on in kinds]
        if not events:
            return
        # Listeners ask under whatever names they like, and are told under those that the resource was sent with.
        own, spelling = canonical(self._shape, self._hrefs.with_address(body, str(body["id"]), address))
        questions, turns = Questions(self._grammar, len(events) * len(subscriptions)), Turns()
        for event in events:
            notification = _notification(event, own)
            names = {f"{_place(event)}{pointer}": name for pointer, name in spelling.items()}
            for subscription in subscriptions:
                shaped = await questions.wanted(subscription, notification)
                if shaped is not None:
                    # With its path: which address stands before it is decided when it leaves.
                    told = self._with_path(spelled(shaped, names), event, str(body["id"]))
                    subject = f"{self._collection}/{body['id']}"
                    await transaction.enqueue(subscription, told, subject, address)
                if turns.is_over():
                    await turns.next()
        questions.report()

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


class Questions:
    """What the listeners of one change ask: each has its share of the steps, and what others before it left of theirs.

    Who changed the resource has nothing to do with that; better one notification too many than one lost.
    """

    def __init__(self, grammar: Grammar, count: int) -> None:
        self._grammar = grammar
        self._count = count
        self._left: float = MOST_STEPS
        self._unanswered: list[tuple[str, str]] = []

    async def wanted(self, subscription: Subscription, notification: Body) -> Body | None:
        """Return *notification* as *subscription* wants it, None when it does not, whole when its query is none."""
        budget = Budget(self._left / self._count)
        self._count -= 1
        self._left -= budget.left
        if not subscription.query:
            shaped: Body | None = notification
        else:
            try:
                shaped = await paced(budget, _shaped, subscription.query, self._grammar, notification, budget)
            except InvalidQuery as exc:
                self._unanswered.append((subscription.id, exc.why))
                shaped = notification
        self._left += max(0, budget.left)
        return shaped

    def report(self) -> None:
        """Say in one line who got a notification whole that the query cannot be asked about."""
        if self._unanswered:
            others = len(self._unanswered) - 1
            first, why = self._unanswered[0]
            who = f"{first} and {others} more get" if others else f"{first} gets"
            _LOG.warning("listener %s a notification whole that the query cannot be asked about: %s", who, why)


def _shaped(query: str, grammar: Grammar, notification: Body, budget: Budget) -> Body | None:
    where, fields = _read(query, grammar)
    if not predicate(where, budget)(notification):
        return None
    return notification if fields is None else selected(notification, fields, _ALWAYS, budget)


@functools.lru_cache(maxsize=1024)
def _read(query: str, grammar: Grammar) -> tuple[Expression, Selection | None]:
    """Read a query, which may be one that is not taken any more: it came with an import, or from another version."""
    return parse_hub_query(query, grammar)
