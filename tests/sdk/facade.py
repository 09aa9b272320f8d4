"""Every call of every API, plain and awaited, by name; and the reading of all that came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

from tmfkit_sdk import (
    JsonPatch,
    QueryPatch,
    Retries,
    change_v1,
    communication_v1,
    customer_v1,
    customer_v4,
    party_interaction_v4,
)
from tmfkit_sdk.objects import Object

__all__ = ["COLLECTIONS", "Both", "attempted", "read"]

QUICK = Retries(attempts=2, pause_seconds=0.001)

COLLECTIONS: Mapping[str, tuple[Any, Any, dict[str, Any]]] = {
    "customers": (
        customer_v4.CustomerManagement,
        customer_v4.AsyncCustomerManagement,
        {"name": "A", "engaged_party": customer_v4.RelatedParty(id="1")},
    ),
    "v1.customers": (customer_v1.CustomerManagement, customer_v1.AsyncCustomerManagement, {"name": "A"}),
    "customer_accounts": (
        customer_v1.CustomerManagement,
        customer_v1.AsyncCustomerManagement,
        {"name": "A", "account_type": "B"},
    ),
    "payment_means": (
        customer_v1.CustomerManagement,
        customer_v1.AsyncCustomerManagement,
        {"name": "A", "payment_mean_type": "Cash", "related_party": customer_v1.RelatedParty(id="1")},
    ),
    "change_requests": (
        change_v1.ChangeManagement,
        change_v1.AsyncChangeManagement,
        {
            "change_request_specification": change_v1.ChangeRequestSpecification(id="1", href="/1"),
            "priority": "High",
            "status": "New",
            "target_entity_ref": [change_v1.TargetEntityRef(id="1", href="/1")],
        },
    ),
    "messages": (communication_v1.Communication, communication_v1.AsyncCommunication, {"content": "A"}),
    "interactions": (
        party_interaction_v4.PartyInteractionManagement,
        party_interaction_v4.AsyncPartyInteractionManagement,
        {
            "channel": [party_interaction_v4.RelatedChannel(id="1")],
            "interaction_date": party_interaction_v4.TimePeriod(start_date_time=datetime.now(UTC)),
            "reason": "A",
            "status": "B",
            "direction": "C",
        },
    ),
}
"""Collection → its clients, and the attributes that a create demands."""


def _calls(collection: Any, hub: Any, client: Any, body: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "list", lambda: collection.list().all(at_most=20)
    yield "first", lambda: collection.list(fields=["name"]).first()
    yield "total", lambda: collection.list().total
    yield "get", partial(collection.get, "42")
    yield "get-some", partial(collection.get, "42", fields=["id"])
    yield "find", partial(collection.find, "42")
    yield "create", partial(collection.create, **body)
    yield "create-once", partial(collection.create, **body, idempotency_key="k")
    yield "update", partial(collection.update, "42", extra={"a": 1})
    yield "update-if", partial(collection.update, "42", extra={"a": 1}, if_match='"1"')
    yield "patch", partial(collection.patch, "42", JsonPatch().remove("/a"))
    yield "patch-query", partial(collection.patch, "42", QueryPatch().remove("/a?b=1"))
    if hasattr(collection, "replace"):
        yield "replace", partial(collection.replace, "42", **body)
    if hasattr(collection, "send"):
        yield "send", partial(collection.send, **body)
        yield "send-stored", partial(collection.send_stored, "42")
    yield "delete", partial(collection.delete, "42")
    yield "subscribe", partial(hub.subscribe, "http://listener.example/")
    yield "unsubscribe", partial(hub.unsubscribe, "1")
    yield "request", partial(client.request, "GET", "anything")


class Both:
    """A plain client and an awaited one, of the same collection of the same server."""

    def __init__(self, url: str, name: str, timeout: float = 20.0) -> None:
        plain, awaited, body = COLLECTIONS[name]
        self._clients = [one(url, timeout=timeout, retries=QUICK) for one in (plain, awaited)]
        self._runner = asyncio.Runner()
        self._calls: list[dict[str, Callable[[], Any]]] = []
        for client in self._clients:
            collection = getattr(client, name.rpartition(".")[2])
            hub = collection.hub if hasattr(collection, "hub") else client.hub
            self._calls.append(dict(_calls(collection, hub, client, body)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clients[0].close()
        self._runner.close()

    def outcomes(self, *names: str) -> dict[str, object]:
        """Return what comes of the calls: their results, or the errors that they raise."""
        plain, awaited = self._calls
        assert list(plain) == list(awaited)
        found: dict[str, object] = {}
        for name in names or plain:
            found[name] = attempted(plain[name])
            found[f"async {name}"] = attempted(partial(self._run, awaited[name]))
        return found

    def _run(self, call: Callable[[], Any]) -> object:
        async def awaited() -> object:
            return await call()

        return self._runner.run(awaited())


def attempted(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the tests are about which ones they are
        return error


def read(value: object) -> Iterator[Exception]:
    """Read all of what a call returned, down to the last attribute; yield what is raised on the way."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from read(one)
    if not isinstance(value, Object):
        return
    for name in (*type(value)._attributes, "extra", "raw", "response"):
        found = attempted(partial(getattr, value, name))
        if not isinstance(found, Exception):
            yield from read(found)
        elif not (name == "response" and isinstance(found, AttributeError)):
            yield found
    for act in (value.check, partial(repr, value), partial(value.__eq__, value)):
        if isinstance(failed := attempted(act), Exception):
            yield failed
