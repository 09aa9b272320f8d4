"""The SDK against the reference server: every collection of every API, plain and async."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tmfkit_sdk import JsonPatch, change_v1, communication_v1, customer_v1, customer_v4, party_interaction_v4
from tmfkit_sdk.errors import NotFound, PreconditionFailed


@dataclass(frozen=True)
class Collection:
    """A collection of an API: its module and name, what a create takes, and a change of a text."""

    module: Any
    client: str
    name: str
    create: dict[str, Any]
    change: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.module.__name__.rpartition('.')[2]}.{self.name}"


PAYER = customer_v1.RelatedParty(id="1", href="https://host.example/1", name="Robin", role="payer")
COLLECTIONS = [
    Collection(
        customer_v4,
        "CustomerManagement",
        "customers",
        {"name": "Club", "engaged_party": customer_v4.RelatedParty(id="500")},
        ("status_reason", "Checked"),
    ),
    Collection(customer_v1, "CustomerManagement", "customers", {"name": "Club"}, ("description", "Rowers")),
    Collection(
        customer_v1,
        "CustomerManagement",
        "customer_accounts",
        {"name": "Account", "account_type": "Business"},
        ("description", "Rowers"),
    ),
    Collection(
        customer_v1,
        "CustomerManagement",
        "payment_means",
        {
            "name": "Card",
            "payment_mean_type": "CreditCard",
            "related_party": PAYER,
            "credit_card": customer_v1.CreditCard(number="xxxxx1234", type="Visa"),
        },
        ("name", "Other card"),
    ),
    Collection(
        change_v1,
        "ChangeManagement",
        "change_requests",
        {
            "description": "Replace the supply",
            "priority": "1",
            "status": "New",
            "change_request_specification": change_v1.ChangeRequestSpecification(id="1", href="https://host.example/1"),
            "target_entity_ref": [change_v1.TargetEntityRef(id="12", href="https://host.example/12")],
        },
        ("budget", "100"),
    ),
    Collection(
        communication_v1,
        "Communication",
        "messages",
        {
            "type": "SMS",
            "content": "Hello",
            "sender": communication_v1.Sender(id="1"),
            "receiver": [communication_v1.Receiver(phone_number="+12025550123")],
        },
        ("description", "Greeting"),
    ),
    Collection(
        party_interaction_v4,
        "PartyInteractionManagement",
        "interactions",
        {
            "channel": [party_interaction_v4.RelatedChannel(id="1", name="Phone")],
            "description": "Call",
            "direction": "inbound",
            "interaction_date": party_interaction_v4.TimePeriod(start_date_time=datetime(2026, 1, 15, tzinfo=UTC)),
            "status": "opened",
            "reason": "Question",
        },
        ("reason", "Complaint"),
    ),
]

Run = Callable[[Callable[[Any], Awaitable[None]], Collection, str], None]


class Awaited:
    """A plain collection, to be awaited like an async one."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._plain, name)

        async def awaited(*args: Any, **attributes: Any) -> Any:
            return call(*args, **attributes)

        return call if name == "list" else awaited


def run_plain(story: Callable[[Any], Awaitable[None]], collection: Collection, url: str) -> None:
    with getattr(collection.module, collection.client)(url) as tmf:
        asyncio.run(_awaited(story(Awaited(getattr(tmf, collection.name)))))


def run_async(story: Callable[[Any], Awaitable[None]], collection: Collection, url: str) -> None:
    async def run() -> None:
        async with getattr(collection.module, f"Async{collection.client}")(url) as tmf:
            await story(getattr(tmf, collection.name))

    asyncio.run(run())


async def _awaited(story: Awaitable[None]) -> None:
    await story


async def everything(pages: Any) -> list[Any]:
    found = pages.all()
    return list(await found if inspect.isawaitable(found) else found)


@pytest.fixture(params=[run_plain, run_async], ids=["plain", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


@pytest.mark.parametrize("collection", COLLECTIONS, ids=str)
def test_a_record_is_made_read_changed_listed_and_deleted(run: Run, collection: Collection, server_url: str) -> None:
    async def story(records: Any) -> None:
        made = await records.create(**collection.create, extra={"shoeSize": 43})
        assert made.extra["shoeSize"] == 43
        found = await records.get(made.id)
        assert found.raw == made.raw
        assert found.check() == []
        assert found.response.etag is not None
        name, value = collection.change
        changed = await records.update(found, **{name: value})
        assert getattr(changed, name) == value
        assert {**changed.raw, **_times(found)} == {**found.raw, json_name(found, name): value, **_times(found)}
        with pytest.raises(PreconditionFailed):
            await records.update(found, **{name: "late"})
        patched = await records.patch(changed, JsonPatch().remove("/shoeSize"))
        assert "shoeSize" not in patched
        part = await records.get(made.id, fields=["id"])
        assert set(part) <= {"id", "href", "@type"}
        assert made.id in [one.id for one in await everything(records.list(where={"id": made.id}))]
        await records.delete(patched)
        assert await records.find(made.id) is None
        with pytest.raises(NotFound):
            await records.get(made.id)

    run(story, collection, server_url)


def json_name(found: Any, name: str) -> str:
    wire: str = getattr(type(found), name).name
    return wire


def _times(found: Any) -> dict[str, Any]:
    """Return what the server itself moves with a change."""
    moved = ("lastModified", "lastUpdate", "statusChangeDate")
    return {name: found.raw[name] for name in moved if name in found}


def test_a_customer_of_r14_is_replaced(server_url: str) -> None:
    with customer_v1.CustomerManagement(server_url) as tmf:
        made = tmf.customers.create(name="A", description="rowers", extra={"shoe": 1})
        changed = tmf.customers.replace(made.__replace__(name="B"))
        assert {**made.raw, "name": "B"} == changed.raw
        assert tmf.customers.replace(changed, name="C").description is None
        with pytest.raises(PreconditionFailed):
            tmf.customers.replace(made, name="D")
        tmf.customers.delete(made.id)


def test_messages_are_sent(server_url: str) -> None:
    with communication_v1.Communication(server_url) as tmf:
        receiver = [communication_v1.Receiver(phone_number="+12025550123")]
        sent = tmf.messages.send(type="SMS", content="Hi", sender=communication_v1.Sender(id="1"), receiver=receiver)
        assert sent is not None
        assert sent.status == "Completed"
        made = tmf.messages.create(type="SMS", content="Hi", sender=communication_v1.Sender(id="1"), receiver=receiver)
        stored = tmf.messages.send_stored(made)
        assert stored is not None
        assert stored.status == "Completed"


def test_notifications_are_read(server_url: str, listener: Any) -> None:
    with customer_v4.CustomerManagement(server_url) as tmf, tmf.hub.subscription(listener.url):
        made = tmf.customers.create(name="Club", engaged_party=customer_v4.RelatedParty(id="500"))
        event = customer_v4.events.parse(listener.next())
        assert isinstance(event, customer_v4.CustomerCreateEvent)
        assert event.event is not None
        assert event.event.customer is not None
        assert event.event.customer.raw == made.raw
        tmf.customers.delete(made)
        assert isinstance(customer_v4.events.parse(listener.next()), customer_v4.CustomerDeleteEvent)


def test_a_hub_of_one_resource_is_its_own(server_url: str, listener: Any) -> None:
    with customer_v1.CustomerManagement(server_url) as tmf, tmf.payment_means.hub.subscription(listener.url):
        tmf.customers.delete(tmf.customers.create(name="A"))
        made = tmf.payment_means.create(
            name="Card", payment_mean_type="CreditCard", related_party=PAYER, credit_card=customer_v1.CreditCard()
        )
        event = customer_v1.events.parse(listener.next())
        assert isinstance(event, customer_v1.PaymentMeanCreateNotification)
        tmf.payment_means.delete(made)
