# pyright: strict
"""Calls that both type checkers have to refuse, each on a line that says so; nothing else may be refused."""

from __future__ import annotations

from collections.abc import Iterator

from tmfkit_sdk import JsonPatch
from tmfkit_sdk.customer_v1 import CustomerManagement as OlderCustomerManagement
from tmfkit_sdk.customer_v1 import RelatedParty as OlderParty
from tmfkit_sdk.customer_v4 import (
    AccountRef,
    AsyncCustomerManagement,
    Customer,
    CustomerManagement,
    RelatedParty,
    TimePeriod,
    events,
)
from tmfkit_sdk.events import Receiver


def wrong(tmf: CustomerManagement, customer: Customer, party: RelatedParty) -> None:
    tmf.customers.create(names="Club", engaged_party=party)  # wrong: no such name, and name is missing
    tmf.customers.create(name="Club", engaged_party=party, state="New")  # wrong: misspelt
    tmf.customers.create(name="Club")  # wrong: engaged_party is missing
    tmf.customers.create("Club", engaged_party=party)  # wrong: positional
    tmf.customers.create(name=None, engaged_party=party)  # wrong: null for what has to be there
    tmf.customers.create(name="Club", engaged_party="500")  # wrong: another type
    tmf.customers.create(name="Club", engaged_party=OlderParty(id="5"))  # wrong: class of another API
    tmf.customers.create(name="Club", engaged_party=party, related_party=party)  # wrong: one for many
    tmf.customers.create(name="Club", engaged_party=party, valid_for=AccountRef(name="a"))  # wrong: another class
    tmf.customers.update(customer, name=None)  # wrong: null for what has to stay
    tmf.customers.update(customer, engaged_party=None)  # wrong: null for what has to stay
    tmf.customers.update(customer, id="43")  # wrong: cannot be changed
    tmf.customers.update(customer, "Club")  # wrong: positional
    tmf.customers.update(43, name="Club")  # wrong: an identifier is a text
    tmf.customers.patch(customer, "/name")  # wrong: no patch
    tmf.customers.delete(None)  # wrong: no identifier
    tmf.customers.get(43)  # wrong: an identifier is a text
    tmf.customers.list(where={"name": None})  # wrong: null as a condition
    tmf.customers.list(were={"name": "a"})  # wrong: misspelt
    tmf.customer.get("42")  # wrong: no such collection
    tmf.customers.replace(customer, name="Club", engaged_party=party)  # wrong: the document has no PUT
    RelatedParty("500")  # wrong: positional
    RelatedParty(ident="500")  # wrong: misspelt
    AccountRef(id="5")  # wrong: name is missing
    AccountRef(name=None)  # wrong: null for what has to be there
    TimePeriod(start_date_time=5)  # wrong: another type
    print(customer.names)  # wrong: misspelt
    print(customer.name.upper())  # wrong: may be missing
    JsonPatch().remove(1)  # wrong: another type


async def wrong_as_well(tmf: AsyncCustomerManagement, older: OlderCustomerManagement, customer: Customer) -> None:
    print(tmf.customers.get("42").name)  # wrong: not awaited
    await tmf.customers.update(customer, name=None)  # wrong: null for what has to stay
    older.customers.replace("42", description="without a name")  # wrong: name is missing
    older.customers.update(customer, name="Club")  # wrong: an object of another API
    for _ in tmf.customers.list():  # wrong: not async
        pass


async def handled(event: events.Event) -> None:
    print(event.event_type)


def yielding(event: events.Event) -> Iterator[None]:
    yield print(event.event_type)


Receiver(events.parse, secrets=None).wsgi(handled)  # wrong: async
Receiver(events.parse, secrets=None).asgi(yielding)  # wrong: never runs
