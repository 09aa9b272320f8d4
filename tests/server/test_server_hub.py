"""Listeners and the notifications that reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Any

import httpx
import pytest
from server_bodies import creates, customer, full, unique

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Operation

CASES = [pytest.param(contract, create, id=f"{contract.id}-{create.resource}") for contract, create in creates()]


@pytest.fixture
def registered(customers: httpx.Client, listener: Any) -> Iterator[dict[str, Any]]:
    body = customers.post("/hub", json={"callback": listener.url}).json()
    yield body
    customers.delete(f"/hub/{body['id']}")


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_every_event_of_a_resource_arrives(
    root: httpx.Client, listener: Any, contract: Contract, create: Operation
) -> None:
    resource = contract.resource(create.resource)
    events = {event.on: event for event in contract.events if event.resource == resource.name}
    hub = contract.base_path + resource.hub
    subscription = root.post(hub, json={"callback": listener.url})
    assert subscription.status_code == 201
    made = root.post(contract.base_path + create.path, json=full(contract, create.request_schema)).json()
    _is_event(listener.next(), events["create"], made)
    changed = root.patch(made["href"], json={"@type": "Other"}).json()
    _is_event(listener.next(), events["change"], changed)
    if "state-change" in events:
        name = events["state-change"].attributes[0][1:]
        changed = root.patch(made["href"], json={name: unique()}).json()
        _is_event(listener.next(), events["state-change"], changed)
    root.delete(made["href"])
    _is_event(listener.next(), events["delete"], changed)
    assert root.delete(subscription.headers["Location"]).status_code == 204
    assert listener.is_silent()


def _is_event(notification: dict[str, Any], event: Any, body: dict[str, Any]) -> None:
    assert notification["eventType"] == event.type
    assert notification["eventId"]
    assert notification["eventTime"].endswith("Z")
    found: Any = notification
    for name in event.payload.split("/")[1:]:
        found = found[name]
    assert found == ([body] if event.array else body)


def test_registration_is_repeated_with_its_address(customers: httpx.Client, listener: Any) -> None:
    answer = customers.post("/hub", json={"callback": listener.url})
    assert answer.json() == {"id": answer.json()["id"], "callback": listener.url, "query": None}
    assert answer.headers["Location"] == f"{customers.base_url}hub/{answer.json()['id']}"
    assert "Content-Location" not in answer.headers
    for query in (None, ""):
        again = customers.post("/hub", json={"callback": listener.url, "query": query})
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert customers.delete(answer.headers["Location"]).status_code == 204
    gone = customers.delete(answer.headers["Location"])
    assert (gone.status_code, gone.json()["reason"]) == (404, f"There is no listener '{answer.json()['id']}'.")
    assert gone.json()["message"] == "Use the id that its registration was answered with."


def test_r14_registration_has_a_content_location_and_hears_its_own_resource_only(
    r14: httpx.Client, listener: Any
) -> None:
    answer = r14.post("/customer/hub", json={"callback": listener.url})
    assert answer.headers["Content-Location"] == answer.headers["Location"]
    identifier = answer.json()["id"]
    assert r14.delete(f"/paymentMean/hub/{identifier}").status_code == 404
    assert r14.delete(f"/customer/hub/{identifier}").status_code == 204


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "/callback is required [TMF629V4-"),
        ([], "the body has to be an object"),
        ({"callback": 5}, "/callback has to be an http or https address"),
        ({"callback": "ftp://host/"}, "/callback has to be an http or https address"),
        ({"callback": "http://"}, "/callback has to be an http or https address"),
        ({"callback": "http://host:99999/"}, "/callback has to be an http or https address"),
        ({"callback": "http://[bad/"}, "/callback has to be an http or https address"),
        ({"callback": "http://host/a b"}, "/callback has to be an http or https address"),
        ({"callback": "http://host/", "query": 5}, "/query has to be a text or null"),
        ({"callback": "http://xn--/"}, "/callback has to be an http or https address"),
        ({"callback": "http://1.2.3.999/"}, "/callback has to be an http or https address"),
        ({"callback": "http://2130706433/"}, "/callback has to be an http or https address"),
        ({"callback": "http://127.1/"}, "/callback has to be an http or https address"),
        ({"callback": "http://host/", "query": "status.regex=("}, "it is not a regular expression"),
        *(
            (
                {"callback": "http://host/", "query": f"status=a&{name}=1"},
                "a subscription takes conditions and fields only; leave it out",
            )
            for name in ("sort", "limit", "offset", "expand")
        ),
    ],
)
def test_malformed_registration_is_400(customers: httpx.Client, body: object, message: str) -> None:
    answer = customers.post("/hub", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_registration_with_a_jsonpath_filter_is_refused_as_a_list_is(customers: httpx.Client) -> None:
    refused = customers.post("/hub", json={"callback": "http://host/", "query": "filter=$.x["})
    assert (refused.status_code, refused.json()) == (400, customers.get("/customer?filter=$.x[").json())


def test_query_of_a_registration_has_a_length(customers: httpx.Client) -> None:
    longest, callback = "event.customer.a=" + "b" * 7983, "http://127.0.0.1:9/long"
    refused = customers.post("/hub", json={"callback": callback, "query": longest + "b"})
    assert refused.status_code == 400
    assert "more than 8000 characters" in refused.json()["message"] + refused.json()["reason"]
    made = customers.post("/hub", json={"callback": callback, "query": longest})
    assert made.status_code == 201
    assert customers.delete(f"/hub/{made.json()['id']}").status_code == 204


@pytest.mark.parametrize(
    ("query", "heard"),
    [
        ("eventType=CustomerDeleteEvent", ["CustomerDeleteEvent"]),
        ("eventType=CustomerCreateEvent,CustomerDeleteEvent", ["CustomerCreateEvent", "CustomerDeleteEvent"]),
        ("event.customer.status=B", ["CustomerStateChangeEvent", "CustomerDeleteEvent"]),
        ("?eventType=CustomerCreateEvent&event.customer.status=A", ["CustomerCreateEvent"]),
        ("eventType=CustomerCreateEvent&event.customer.status=B", []),
        ("filter=$.event[?(@.status=='B')]", ["CustomerStateChangeEvent", "CustomerDeleteEvent"]),
        ("$[?@.eventType =~ /.*DeleteEvent/ && @.event.customer.name]", ["CustomerDeleteEvent"]),
        ("$.event.customer.nix", []),
    ],
)
def test_query_of_a_registration_narrows(customers: httpx.Client, listener: Any, query: str, heard: list[str]) -> None:
    hub = customers.post("/hub", json={"callback": listener.url, "query": query}).headers["Location"]
    marker = customers.post(
        "/hub", json={"callback": listener.url, "query": "eventType=CustomerDeleteEvent&fields=eventId"}
    )
    made = customers.post("/customer", json=customer(status="A")).json()
    customers.patch(made["href"], json={"status": "B"})
    customers.delete(made["href"])
    arrived = [listener.next() for _ in [*heard, "the marker"]]
    customers.delete(hub)
    customers.delete(marker.headers["Location"])
    assert [each["eventType"] for each in arrived if "event" in each] == heard
    [reduced] = [each for each in arrived if "event" not in each]
    assert set(reduced) == {"eventId", "eventTime", "eventType"}


@pytest.mark.usefixtures("registered")
def test_refused_or_idle_requests_tell_nothing(customers: httpx.Client, listener: Any) -> None:
    made = customers.post("/customer", json=customer()).json()
    customers.patch(made["href"], json={"name": None})
    customers.patch(made["href"], json={"name": made["name"]})
    customers.post("/customer", json={})
    customers.delete(made["href"])
    assert [listener.next()["eventType"], listener.next()["eventType"]] == [
        "CustomerCreateEvent",
        "CustomerDeleteEvent",
    ]


@pytest.mark.usefixtures("registered")
def test_change_of_status_and_name_tells_both(customers: httpx.Client, listener: Any) -> None:
    made = customers.post("/customer", json=customer()).json()
    customers.patch(made["href"], json={"name": "x", "status": "y"})
    arrived = [listener.next()["eventType"] for _ in range(3)]
    assert set(arrived) == {"CustomerCreateEvent", "CustomerAttributeValueChangeEvent", "CustomerStateChangeEvent"}


@pytest.mark.usefixtures("registered")
def test_change_from_1_to_true_is_told(customers: httpx.Client, listener: Any) -> None:
    made = customers.post("/customer", json=customer(x=1)).json()
    changed = customers.patch(made["href"], json={"x": True}).json()
    told = [listener.next(), listener.next()]
    assert [each["eventType"] for each in told] == ["CustomerCreateEvent", "CustomerAttributeValueChangeEvent"]
    assert told[1]["event"]["customer"] == changed


def test_patch_of_a_time_by_the_client_is_told(interactions: httpx.Client, listener: Any) -> None:
    hub = interactions.post("/hub", json={"callback": listener.url}).headers["Location"]
    contract = contracts.load("tmf683-v4")
    made = interactions.post("/partyInteraction", json=full(contract, "PartyInteraction_Create")).json()
    assert listener.next()["eventType"] == "PartyInteractionCreateEvent"
    changed = interactions.patch(made["href"], json={"creationDate": "2001-01-01T00:00:00Z"}).json()
    told = listener.next()
    interactions.delete(hub)
    assert changed["creationDate"] == "2001-01-01T00:00:00Z"
    assert told["eventType"] == "PartyInteractionAttributeValueChangeEvent"
    assert told["event"]["partyInteraction"] == changed


@pytest.mark.usefixtures("registered")
def test_notification_that_is_not_taken_is_tried_again(customers: httpx.Client, listener: Any) -> None:
    listener.status = 500
    customers.post("/customer", json=customer())
    first = listener.next()
    listener.status = 204
    assert listener.next() == first


def test_silent_listener_holds_up_nobody(customers: httpx.Client, listener: Any, registered: dict[str, Any]) -> None:
    # Nothing listens on port 9 (discard), so that each delivery there fails.
    dead = customers.post("/hub", json={"callback": "http://127.0.0.1:9/"}).headers["Location"]
    made = [customers.post("/customer", json=customer(name=unique())).json() for _ in range(5)]
    told = [listener.next()["event"]["customer"] for _ in made]
    customers.delete(dead)
    # Only what is told of one resource has an order.
    assert sorted(told, key=itemgetter("id")) == sorted(made, key=itemgetter("id"))


def test_outbox_survives_a_restart(
    start_server: Callable[..., AbstractContextManager[str]], listener: Any, tmp_path: Any
) -> None:
    store = f"tinydb:{tmp_path / 'db.json'}"
    listener.status = 503
    with start_server("--store", store) as url:
        base = f"{url}/tmf-api/customerManagement/v4"
        httpx.post(f"{base}/hub", json={"callback": listener.url})
        made = httpx.post(f"{base}/customer", json=customer()).json()
        notification = listener.next()
    listener.status = 200
    with start_server("--store", store) as url:
        again = listener.next()
        while again != notification:  # attempts of the first server
            again = listener.next()
        path = f"/tmf-api/customerManagement/v4/customer/{made['id']}"
        assert httpx.get(f"{url}{path}").json() == {**made, "href": f"{url}{path}"}
