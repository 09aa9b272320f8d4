# pyright: strict
"""Calls that both type checkers have to accept; `reveal` pins what they take a value for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, assert_type

from tmfkit_sdk import UNSET, JsonPatch, Options, QueryPatch
from tmfkit_sdk.communication_v1 import AsyncCommunication, CommunicationMessage, Receiver, Sender
from tmfkit_sdk.customer_v1 import CustomerManagement as OlderCustomerManagement
from tmfkit_sdk.customer_v4 import ContactMedium, Customer, CustomerManagement, RelatedParty, TimePeriod, events
from tmfkit_sdk.errors import NotFound, TmfError
from tmfkit_sdk.objects import INTEGER, attr


class ClubCustomer(Customer):
    boats: attr[int, int] = attr("boats", INTEGER)


def reads(customer: Customer) -> None:
    assert_type(customer.id, str)
    assert_type(customer.name, str | None)
    assert_type(customer.engaged_party, RelatedParty | None)
    assert_type(customer.contact_medium, tuple[ContactMedium, ...] | None)
    if customer.valid_for is not None:
        assert_type(customer.valid_for.start_date_time, datetime | None)
    assert_type(customer.extra, dict[str, Any])
    assert_type(customer.response.status, int)
    club = ClubCustomer(name="Club", engaged_party=RelatedParty(), boats=3)
    assert_type(club.boats, int | None)
    assert_type(club.name, str | None)


def calls(tmf: CustomerManagement, name: str | None) -> Customer:
    made = tmf.customers.create(name="Club", engaged_party=RelatedParty(id="500"), extra={"shoeSize": 43})
    for one in tmf.customers.list(where={"validFor.startDateTime.gt": datetime.now(UTC)}, sort=["-name"], limit=10):
        assert_type(one, Customer)
    made = tmf.customers.update(
        made, status_reason=None, status=name or UNSET, valid_for=TimePeriod(end_date_time=None)
    )
    made = tmf.customers.patch(made.id, JsonPatch().remove("/name"), if_match=None)
    made = tmf.customers.patch(made, QueryPatch().remove("/note"), options=Options(timeout=3))
    made = tmf.customers.update("42", name="B", options={"timeout": 5, "headers": {"X-A": "b"}})
    try:
        tmf.customers.delete(made, if_match='"1"')
    except NotFound:
        pass
    except TmfError:
        raise
    with tmf.hub.subscription("https://listener.example") as subscription:
        assert_type(subscription.callback, str)
    return tmf.customers.find("42") or made


def replaces(tmf: OlderCustomerManagement) -> None:
    found = tmf.customers.get("1")
    assert_type(tmf.customers.replace(found, name="B").id, str)
    assert_type(tmf.customers.replace(found).name, str | None)


async def sends(tmf: AsyncCommunication) -> None:
    sent = await tmf.messages.send(
        type="SMS",
        content="Hello",
        sender=Sender(id="1"),
        receiver=[Receiver(phone_number="+12025550123")],
    )
    assert_type(sent, CommunicationMessage | None)
    async for message in tmf.messages.list(fields=["status"]):
        assert_type(message.status, str | None)
    await tmf.messages.send_stored("1")


def hears(body: bytes) -> str:
    match events.parse(body):
        case events.UnknownEvent(event_type=kind):
            return kind or ""
        case event:
            assert_type(event.event_id, str | None)
            payload = event.event
            return payload.customer.id if payload is not None and payload.customer is not None else ""
