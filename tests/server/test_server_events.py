"""Every notification of the five documents, held against what the documents say, not against the contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest
from server_bodies import customer, full, unique
from store_runner import Runner

from tmfkit_models import contracts
from tmfkit_server.services.hrefs import Hrefs
from tmfkit_server.services.notifications.events import Announcer
from tmfkit_server.services.notifications.vocabulary import hub_name
from tmfkit_server.storage.base import Record, Store, Subscription

# API → resource → hub, member of "event" that has the resource, and the type for each thing that can happen to it.
# Sources: "Notification Resource Models" of each document; TMF629 R14.5.1 has a hub for each resource.
DOCUMENTED: dict[str, dict[str, tuple[str, str, dict[str, str]]]] = {
    "tmf629-v4": {
        "customer": (
            "/hub",
            "customer",
            {
                "create": "CustomerCreateEvent",
                "change": "CustomerAttributeValueChangeEvent",
                "status": "CustomerStateChangeEvent",
                "delete": "CustomerDeleteEvent",
            },
        )
    },
    "tmf629-v1": {
        "customer": (
            "/customer/hub",
            "customer",
            {
                "create": "CustomerCreateNotification",
                "change": "CustomerUpdateNotification",
                "delete": "CustomerDeleteNotification",
            },
        ),
        "customerAccount": (
            "/customerAccount/hub",
            "customerAccount",
            {
                "create": "CustomerAccountCreateNotification",
                "change": "CustomerAccountUpdateNotification",
                "delete": "CustomerAccountDeleteNotification",
            },
        ),
        "paymentMean": (
            "/paymentMean/hub",
            "paymentMean",
            {
                "create": "PaymentMeanCreateNotification",
                "change": "PaymentMeanUpdateNotification",
                "delete": "PaymentMeanDeleteNotification",
            },
        ),
    },
    "tmf655-v1": {
        "changeRequest": (
            "/hub",
            "ChangeRequest",
            {
                "create": "ChangeRequestCreationNotification",
                "change": "ChangeRequestAttributeValueChangeNotification",
                "delete": "ChangeRequestRemoveNotification",
            },
        )
    },
    "tmf681-v1": {
        "communicationMessage": (
            "/hub",
            "CommunicationMessage",
            {
                "create": "CommunicationMessageCreationNotification",
                "change": "CommunicationMessageUpdateNotification",
                "delete": "CommunicationMessageDeletionNotification",
            },
        )
    },
    "tmf683-v4": {
        "partyInteraction": (
            "/hub",
            "partyInteraction",
            {
                "create": "PartyInteractionCreateEvent",
                "change": "PartyInteractionAttributeValueChangeEvent",
                "status": "PartyInteractionStatusChangeEvent",
                "delete": "PartyInteractionDeleteEvent",
            },
        )
    },
}
CASES = [(api, resource) for api, resources in DOCUMENTED.items() for resource in resources]


@contextmanager
def _registered(client: httpx.Client, hub: str, callback: str, query: str | None = None) -> Iterator[str]:
    answer = client.post(hub, json={"callback": callback, "query": query})
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    assert client.delete(answer.headers["Location"]).status_code == 204


def test_events_of_the_documents_are_those_of_the_contracts() -> None:
    for api in contracts.apis():
        documented = {kind for _, _, kinds in DOCUMENTED[api].values() for kind in kinds.values()}
        assert {event.type for event in contracts.load(api).events} == documented


@pytest.mark.parametrize(("api", "resource"), CASES)
def test_everything_that_happens_is_told_in_the_shape_of_the_document(
    root: httpx.Client, listener: Any, api: str, resource: str
) -> None:
    contract = contracts.load(api)
    hub, member, types = DOCUMENTED[api][resource]
    create = contract.action("create", resource)
    assert create
    told: list[dict[str, Any]] = []

    def tells(happened: str, body: dict[str, Any]) -> None:
        told.append(notification := listener.next())
        assert set(notification) == {"eventId", "eventTime", "eventType", "event"}
        assert notification["eventType"] == types[happened]
        assert notification["event"] == {member: body}
        assert datetime.fromisoformat(notification["eventTime"]).tzinfo

    with _registered(root, contract.base_path + hub, listener.url):
        made = root.post(contract.base_path + create.path, json=full(contract, create.request_schema)).json()
        tells("create", made)
        changed = root.patch(made["href"], json={"@type": "Other"}).json()
        tells("change", changed)
        if "status" in types:
            changed = root.patch(made["href"], json={"status": unique()}).json()
            tells("status", changed)
        if contract.action("replace", resource):
            changed = root.put(made["href"], json={**changed, "@type": "Third"}).json()
            tells("change", changed)
        assert root.delete(made["href"]).status_code == 204
        # The documents hold the whole resource in this notification too: as it was.
        tells("delete", changed)
    assert listener.is_silent()
    assert len({each["eventId"] for each in told}) == len(told)


def test_every_listener_is_told_the_same_event(customers: httpx.Client, listener: Any) -> None:
    with ExitStack() as stack:
        for name in ("one", "two", "three"):
            stack.enter_context(_registered(customers, "/hub", f"{listener.url}/{name}"))
        customers.post("/customer", json=customer())
        first, *others = [listener.next() for _ in range(3)]
        assert others == [first, first]


def test_listener_of_one_resource_hears_nothing_of_the_others(r14: httpx.Client, listener: Any) -> None:
    contract = contracts.load("tmf629-v1")
    resources = DOCUMENTED["tmf629-v1"]
    with ExitStack() as stack:
        for hub, member, _ in resources.values():
            stack.enter_context(_registered(r14, hub, f"{listener.url}/{member}"))
        for resource in resources:
            create = contract.action("create", resource)
            assert create
            r14.post(create.path, json=full(contract, create.request_schema))
        heard = [listener.next()["eventType"] for _ in resources]
    assert sorted(heard) == sorted(types["create"] for _, _, types in resources.values())
    assert listener.is_silent()


@pytest.mark.parametrize(
    ("query", "event"),
    [
        ("fields=eventType", None),
        ("fields=event", "whole"),
        ("fields=event.customer.name", {"customer": {"name": "A"}}),
        ("fields=event.customer.name,event.customer.engagedParty.id", {"customer": {"name": "A", "engagedParty": {"id": "7"}}}),
        ("eventType=CustomerCreateEvent&fields=event.customer.status", {"customer": {"status": "new"}}),
        ("event.customer.engagedParty.id=7&fields=none", None),
        ("event.customer.name.regex=^A$;event.customer.name=B&fields=event.customer.name", {"customer": {"name": "A"}}),
    ],
)  # fmt: skip
def test_registration_chooses_what_it_is_told_and_how_much(
    customers: httpx.Client, listener: Any, query: str, event: Any
) -> None:
    with _registered(customers, "/hub", listener.url, query):
        made = customers.post("/customer", json=customer(name="A", status="new", engagedParty={"id": "7"})).json()
        told = listener.next()
    event = {"customer": made} if event == "whole" else event
    assert set(told) == {"eventId", "eventTime", "eventType", *(["event"] if event else [])}
    assert told.get("event") == event


@pytest.mark.parametrize(
    "query", ["eventType=CustomerDeleteEvent", "event.customer.engagedParty.id=8", "event.customer.name!=A", "event.customer.nix=1"]
)  # fmt: skip
def test_registration_is_not_told_what_it_did_not_choose(customers: httpx.Client, listener: Any, query: str) -> None:
    with (
        _registered(customers, "/hub", listener.url, query),
        _registered(customers, "/hub", listener.url, "fields=none"),
    ):
        customers.post("/customer", json=customer(name="A", engagedParty={"id": "7"}))
        # Both would be on their way by now.
        assert "event" not in listener.next()
    assert listener.is_silent()


@pytest.mark.parametrize(
    "query",
    [
        "event.ChangeRequest.targetEntity.id={id}",
        "event.ChangeRequest.targetEntityRef.id={id}",
        "event.ChangeRequest.targetEntity.id.ne=other",
        "$.event.ChangeRequest.targetEntity[?(@.id=='{id}')]",
    ],
)
def test_query_and_fields_of_a_registration_take_either_name_of_an_attribute(
    changes: httpx.Client, listener: Any, query: str
) -> None:
    reference = {"id": unique(), "href": "http://host.example/1"}
    body = {"status": "New", "priority": "High", "changeRequestSpecification": reference}
    query = query.format(id=reference["id"])
    fields = "" if query.startswith("$") else "&fields=event.ChangeRequest.targetEntity"
    with _registered(changes, "/hub", listener.url, query + fields):
        for name in ("targetEntity", "targetEntityRef"):
            made = changes.post("/changeRequest", json={**body, name: [reference]}).json()
            told = listener.next()["event"]["ChangeRequest"]
            assert told == ({name: [reference]} if fields else made)


@pytest.mark.parametrize(("case", "heard"), [(str.lower, True), (str.upper, True), (lambda name: f"x{name}", False)])
def test_registration_compares_as_a_list_does(
    r14: httpx.Client, listener: Any, case: Callable[[str], str], heard: bool
) -> None:
    name = unique("Name")
    with (
        _registered(r14, "/customer/hub", listener.url, f'event.customer.name="{case(name)}"'),
        _registered(r14, "/customer/hub", listener.url, f"event.customer.name={name}&fields=none"),
    ):
        made = r14.post("/customer", json={"name": name}).json()
        found = r14.get("/customer", params={"name": f'"{case(name)}"'}).json()
        told = [listener.next() for _ in range(1 + heard)]
    assert found == ([made] if heard else [])
    assert sum("event" in each for each in told) == heard
    assert listener.is_silent()


def test_listener_whose_query_is_no_query_any_more_is_told_everything(run: Runner) -> None:
    """Such a query comes with an import, and must not fail the changes of others."""
    contract = contracts.load("tmf629-v4")
    announcer = Announcer(contract, contract.resource("customer"), Hrefs("/customer"), lambda record: record.body)

    async def scenario(store: Store) -> None:
        async with store.transaction() as transaction:
            await transaction.subscribe(Subscription("0", hub_name(contract, "/hub"), "http://host/", "name.regex=("))
        async with store.transaction() as transaction:
            await announcer.created(transaction, Record("1", {"id": "1"}), "")
        assert await store.outbox.lease("0")
        [told] = await store.outbox.deliveries("0", busy=(), limit=10)
        assert told.notification["event"] == {"customer": {"id": "1"}}

    run(scenario)
