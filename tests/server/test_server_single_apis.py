"""What only one API has."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from server_bodies import customer, full, message, unique

from tmfkit_models import contracts
from tmfkit_server.apis import communication
from tmfkit_server.apis.communication import Dispatch, StoreChannel, dispatches, text_of
from tmfkit_server.query.expression import Search
from tmfkit_server.storage.embedded import EmbeddedStore

JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
def account(r14: httpx.Client) -> dict[str, Any]:
    contract = contracts.load("tmf629-v1")
    body: dict[str, Any] = r14.post("/customerAccount", json=full(contract, "CustomerAccount_Create")).json()
    return body


def test_r14_put_replaces_a_customer_and_keeps_what_the_server_made(r14: httpx.Client) -> None:
    made = r14.post("/customer", json={"name": "a", "status": "Active", "description": "d"}).json()
    sent = {"name": "b", "status": "former"}
    replaced = r14.put(made["href"], json=sent)
    assert (replaced.status_code, replaced.json()) == (200, {"id": made["id"], "href": made["href"], **sent})
    assert r14.get(made["href"]).json() == replaced.json()
    assert r14.put(made["href"], json={"status": "former"}).status_code == 400
    assert r14.put("/customer/nix", json=sent).status_code == 404


@pytest.mark.parametrize("collection", ["customerAccount", "paymentMean"])
def test_r14_put_is_405_elsewhere(r14: httpx.Client, collection: str) -> None:
    refused = r14.put(f"/{collection}/x", json={})
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}


def test_r14_last_modified_moves_on_with_a_change_only(r14: httpx.Client, account: dict[str, Any]) -> None:
    changed = r14.patch(account["href"], json={"name": unique()}).json()
    assert changed["lastModified"] > account["lastModified"]
    assert r14.patch(account["href"], json={"name": changed["name"]}).json() == changed


def test_r14_payment_plan_needs_its_payment_mean_in_a_patch_only(r14: httpx.Client, account: dict[str, Any]) -> None:
    [plan] = account["paymentPlan"]
    plan = {name: value for name, value in plan.items() if name != "paymentMean"}
    body = {name: value for name, value in account.items() if name not in ("id", "href", "lastModified")}
    assert r14.post("/customerAccount", json={**body, "paymentPlan": [plan]}).status_code == 201
    refused = r14.patch(account["href"], json={"paymentPlan": [plan]})
    assert (refused.status_code, "TMF629V1-CUSTOMERACCOUNT-PATCH-055" in refused.text) == (400, True)
    assert r14.get(account["href"]).json() == account


def test_r14_status_has_the_documents_default(r14: httpx.Client) -> None:
    assert r14.post("/customer", json={"name": "a"}).json()["status"] == "New"


def test_alias_is_returned_as_it_was_sent_and_filters_take_either(r14: httpx.Client) -> None:
    body = full(contracts.load("tmf629-v1"), "CustomerAccount_Create")
    value = unique()
    body["accountStatus"] = value
    both = r14.post("/customerAccount", json=body)
    message = "/accountStatus is another name of /status; send one of the two"
    assert (both.status_code, both.json()["message"]) == (400, message)
    del body["status"]
    made = r14.post("/customerAccount", json=body).json()
    assert made["accountStatus"] == value
    assert "status" not in made
    for name in ("status", "accountStatus"):
        [found] = r14.get("/customerAccount", params={name: value, "fields": name}).json()
        assert found == {"id": made["id"], "href": made["href"], "accountStatus": value}
    turned = r14.patch(made["href"], json={"accountStatus": "a", "status": "b"})
    message = "/status is another name of /accountStatus; send one of the two"
    assert (turned.status_code, turned.json()["message"]) == (400, message)
    changed = r14.patch(made["href"], json={"status": f"{value}2"}).json()
    assert changed["accountStatus"] == f"{value}2"


def test_r14_keeps_the_last_four_digits_of_a_card_number(r14: httpx.Client) -> None:
    body = full(contracts.load("tmf629-v1"), "PaymentMean_Create")
    body["creditCard"]["number"] = "4111111111111111"
    made = r14.post("/paymentMean", json=body).json()
    assert made["creditCard"]["number"] == "xxxxxxxxxxxx1111"
    again = r14.patch(made["href"], json={"creditCard": {"number": "xxxxx1234"}}).json()
    assert again["creditCard"]["number"] == "xxxxx1234"


def test_r14_empty_end_of_a_period_is_an_open_period(r14: httpx.Client) -> None:
    begins = {"startDateTime": "2020-01-01T00:00:00Z"}
    ended = {**begins, "endDateTime": "2021-01-01T00:00:00Z"}
    empty = {**begins, "endDateTime": ""}
    profile = {"creditProfileDate": "2010-01-01T00:00Z", "validFor": empty}
    sent = {"name": "a", "status": "New", "validFor": empty, "customerCreditProfile": [profile]}
    made = r14.post("/customer", json=sent)
    assert made.status_code == 201, made.text
    item = made.json()["href"]
    assert made.json()["validFor"] == begins
    assert made.json()["customerCreditProfile"][0]["validFor"] == begins
    assert r14.patch(item, json={"validFor": ended}).json()["validFor"] == ended
    assert r14.patch(item, json={"validFor": {"endDateTime": ""}}).json()["validFor"] == begins
    replace = [{"op": "replace", "path": "/validFor", "value": empty}]
    assert r14.patch(item, json=replace, headers=JSON_PATCH).json()["validFor"] == begins
    assert r14.put(item, json=sent).json()["validFor"] == begins
    assert r14.patch(item, json={"validFor": {"startDateTime": ""}}).status_code == 400


def test_change_request_has_a_second_path(changes: httpx.Client) -> None:
    body = full(contracts.load("tmf655-v1"), "ChangeRequest_Create")
    made = changes.post("/ChangeRequest", json=body)
    assert made.status_code == 201
    assert "/changeRequest/" in made.headers["Location"]
    assert changes.get(f"/ChangeRequest/{made.json()['id']}").json() == made.json()


def test_credit_profile_in_force_comes_first(customers: httpx.Client) -> None:
    old = {"creditProfileDate": "2010-01-01T00:00Z", "validFor": {"endDateTime": "2011-01-01T00:00Z"}}
    present = {"creditProfileDate": "2020-01-01T00:00Z", "validFor": {"startDateTime": "2020-01-01T00:00Z"}}
    made = customers.post("/customer", json=customer(creditProfile=[old, present])).json()
    assert made["creditProfile"] == [present, old]


def test_r14_credit_profile_in_force_comes_first(r14: httpx.Client) -> None:
    old = {"creditProfileDate": "2010-01-01T00:00Z", "validFor": {"endDateTime": "2011-01-01T00:00Z"}}
    present = {"creditProfileDate": "2020-01-01T00:00Z", "validFor": {"startDateTime": "2020-01-01T00:00Z"}}
    made = r14.post("/customer", json={"name": "a", "customerCreditProfile": [old, present]}).json()
    assert made["customerCreditProfile"] == [present, old]


def test_send_new_stores_and_completes(messages: httpx.Client) -> None:
    sent = messages.post("/communicationMessage/send", json=message())
    assert sent.status_code == 200
    body = sent.json()
    assert (body["status"], body["content"]) == ("Completed", message()["content"])
    assert body["sendTime"] <= body["sendTimeComplete"]
    assert messages.get(body["href"]).json() == body


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}], ids=["bare", "content-type"])
def test_send_stored_needs_no_body(messages: httpx.Client, headers: dict[str, str]) -> None:
    made = messages.post(
        "/communicationMessage", json=message(status="Completed", sendTimeComplete="2020-01-01T00:00Z")
    )
    assert not {"status", "sendTimeComplete"} & set(made.json())
    sent = messages.post(f"/communicationMessage/{made.json()['id']}/send", headers=headers)
    assert (sent.status_code, sent.json()["status"]) == (200, "Completed")


@pytest.mark.parametrize(
    "receiver",
    [[], [{"id": "1"}], [{"email": "a@example.com"}], 5, None, [7]],
    ids=["none", "no-address", "other-channel", "number", "null", "no-object"],
)
def test_send_without_usable_receiver_is_400_and_stores_nothing(messages: httpx.Client, receiver: object) -> None:
    marker = unique()
    refused = messages.post("/communicationMessage/send", json=message(receiver=receiver, description=marker))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
    assert messages.get("/communicationMessage", params={"description": marker}).json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"CommunicationRequestCharacteristic": None},
        {"CommunicationRequestCharacteristic": 5},
        {"CommunicationRequestCharacteristic": ["x"]},
        {"CommunicationRequestCharacteristic": [{"name": "N", "value": 5}]},
        {"CommunicationRequestCharacteristic": [{"name": ["a"]}]},
        {"type": ["SMS"]},
        {"type": {"a": 1}},
        {"receiver": [{"phoneNumber": 5}]},
    ],
    ids=str,
)
def test_send_of_a_malformed_message_is_400_and_stores_nothing(messages: httpx.Client, wrong: dict[str, Any]) -> None:
    marker = unique()
    refused = messages.post("/communicationMessage/send", json=message(description=marker, **wrong))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
    assert next(iter(wrong)) in refused.json()["message"]
    assert messages.get("/communicationMessage", params={"description": marker}).json() == []


def test_send_of_nothing_or_of_an_unknown_id(messages: httpx.Client) -> None:
    assert messages.post("/communicationMessage/send", json={}).status_code == 400
    assert messages.post("/communicationMessage/send", content=b"").status_code == 400
    assert messages.post("/communicationMessage/nix/send").status_code == 404
    assert messages.get("/communicationMessage/send").status_code == 405


def test_placeholders_are_filled_longest_name_first() -> None:
    values = [{"name": "$Name", "value": "Kim $Name10"}, {"name": "Name10", "value": "ten"}, {"name": "$Gone"}, {}]
    filled = text_of(message(CommunicationRequestCharacteristic=values))
    assert filled == "Dear Kim $Name10, ten Kim $Name10"


def test_every_reachable_receiver_gets_the_message_by_its_channel() -> None:
    receivers = [{"phoneNumber": "1"}, {"email": "e"}, {"phoneNumber": "2", "appUserId": "a"}]
    assert [each.address for each in dispatches(message(receiver=receivers))] == ["1", "2"]
    untyped = {"content": "x", "receiver": receivers}
    assert [(each.type, each.address) for each in dispatches(untyped)] == [("SMS", "1"), ("Email", "e"), ("SMS", "2")]


def test_store_channel_keeps_what_it_takes() -> None:
    async def scenario() -> object:
        store = EmbeddedStore()
        await store.open()
        await StoreChannel(store).hand_over(Dispatch("SMS", "1", "s", "t"))
        page = await store.search(communication.StoreChannel.collection, Search())
        return page.records[0].body

    assert asyncio.run(scenario()) == {"type": "SMS", "address": "1", "subject": "s", "text": "t"}
