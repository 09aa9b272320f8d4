"""What the generated client sends and reads, on the contract of TMF629 release 4.0."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tmfkit_sdk.customer_v4 import AuthenticatedClient, Client
from tmfkit_sdk.customer_v4.api.customer import create_customer, list_customer, patch_customer, retrieve_customer
from tmfkit_sdk.customer_v4.models import (
    Customer,
    CustomerCreate,
    CustomerUpdate,
    Error,
    JsonPatchOperation,
    ListCustomerAttributes,
    RelatedParty,
    TimePeriod,
)
from tmfkit_sdk.party_interaction_v4 import Client as OtherClient

BASE = "http://server.example/tmf-api/customerManagement/v4"


class Server:
    """Answers every request the same way and remembers the last one."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, {"id": "1"}, {}
        self.seen: httpx.Request

    status: int
    body: Any
    headers: dict[str, str]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen = request
        return httpx.Response(self.status, json=self.body, headers=self.headers)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(BASE, httpx_args={"transport": httpx.MockTransport(server)}) as made:
        yield made


def test_a_create_sends_what_was_given_and_dates_with_z(server: Server, client: Client) -> None:
    server.status = 201
    body = CustomerCreate(
        name="Club",
        engaged_party=RelatedParty(id="500"),
        valid_for=TimePeriod(start_date_time=datetime(2026, 1, 15)),  # noqa: DTZ001 - the case at hand
    )
    assert create_customer.sync(client=client, body=body) == Customer(id="1")
    assert (server.seen.method, str(server.seen.url)) == ("POST", f"{BASE}/customer")
    sent = {"name": "Club", "engagedParty": {"id": "500"}, "validFor": {"startDateTime": "2026-01-15T00:00:00Z"}}
    assert json.loads(server.seen.content) == sent


def test_free_filters_become_parameters_and_the_total_is_read(server: Server, client: Client) -> None:
    server.body, server.headers = [{"id": "1"}], {"X-Total-Count": "9"}
    wanted = ListCustomerAttributes.from_dict({"validFor.startDateTime.gt": "2013-05-05", "status": "Approved"})
    answer = list_customer.sync_detailed(client=client, attributes=wanted, limit=1)
    assert dict(server.seen.url.params) == {
        "validFor.startDateTime.gt": "2013-05-05",
        "status": "Approved",
        "limit": "1",
    }
    assert (answer.parsed, answer.total_count) == ([Customer(id="1")], 9)


def test_an_answer_may_lack_what_a_writer_has_to_give(server: Server, client: Client) -> None:
    server.body = {"id": "1", "account": [{"id": "2"}], "shoeSize": 43}
    found = retrieve_customer.sync("1", client=client)
    assert isinstance(found, Customer)
    assert found.to_dict() == server.body


@pytest.mark.parametrize(
    ("body", "content_type", "sent", "text"),
    [
        pytest.param({"name": None}, None, "application/merge-patch+json", {"name": None}, id="merge-patch-by-default"),
        pytest.param({"name": "A"}, "application/json", "application/json", {"name": "A"}, id="plain-json-on-demand"),
        pytest.param(
            [JsonPatchOperation(op="remove", path="/name")],
            None,
            "application/json-patch+json",
            [{"op": "remove", "path": "/name"}],
            id="json-patch-by-its-body",
        ),
    ],
)
def test_a_patch_is_sent_in_its_media_type(
    server: Server, client: Client, body: Any, content_type: Any, sent: str, text: Any
) -> None:
    made = body
    if isinstance(body, dict):
        made = CustomerUpdate()
        made.additional_properties.update(body)
    options = {} if content_type is None else {"content_type": content_type}
    patch_customer.sync("1/2", client=client, body=made, **options)
    assert (server.seen.headers["Content-Type"], json.loads(server.seen.content)) == (sent, text)
    assert server.seen.url.raw_path.endswith(b"/customer/1%2F2")


def test_an_error_is_read_as_one(server: Server, client: Client) -> None:
    server.status, server.body = 404, {"code": "404", "reason": "no such customer"}
    assert retrieve_customer.sync("1", client=client) == Error(code="404", reason="no such customer")


def test_the_same_call_works_in_async_code(server: Server, client: Client) -> None:
    assert asyncio.run(retrieve_customer.asyncio("1", client=client)) == Customer(id="1")


def test_a_token_is_sent(server: Server) -> None:
    made = AuthenticatedClient(BASE, token="secret", httpx_args={"transport": httpx.MockTransport(server)})
    retrieve_customer.sync("1", client=made)
    assert server.seen.headers["Authorization"] == "Bearer secret"
    assert "secret" not in repr(made)


def test_all_packages_share_one_client_class() -> None:
    assert Client is OtherClient
