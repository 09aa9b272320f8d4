"""What only one API has."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_bodies import customer, full, unique

from tmfkit_models import contracts

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


def test_r14_last_modified_is_the_servers_own(r14: httpx.Client, account: dict[str, Any]) -> None:
    sent = {"name": unique(), "accountType": "Residential", "lastModified": "2001-01-01T00:00:00Z"}
    made = r14.post("/customerAccount", json=sent).json()
    assert made["lastModified"] > "2026"
    assert r14.patch(made["href"], json={"lastModified": made["lastModified"]}).json() == made
    refused = r14.patch(made["href"], json={"name": "b", "lastModified": sent["lastModified"]})
    assert (refused.status_code, "/lastModified cannot be changed [TMF629V1-" in refused.text) == (400, True)
    assert r14.get(made["href"]).json() == made
    since = {"lastModified.gt": f'"{account["lastModified"]}"', "name": made["name"]}
    assert r14.get("/customerAccount", params=since).json() == [made]
    assert r14.get("/customerAccount", params={**since, "lastModified.gt": made["lastModified"]}).json() == []


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


PROFILES = [
    {"creditProfileDate": "2010-01-01T00:00Z", "validFor": {"endDateTime": "2011-01-01T00:00Z"}},
    {"creditProfileDate": "2020-01-01T00:00Z", "validFor": {"startDateTime": "2999-01-01T00:00Z"}},
    {"creditProfileDate": "2020-01-01T00:00Z", "validFor": {"startDateTime": "2020-01-01T00:00+0100"}},
]


@pytest.mark.parametrize(
    ("collection", "hub", "name"),
    [
        ("/tmf-api/customerManagement/v4/customer", "/tmf-api/customerManagement/v4/hub", "creditProfile"),
        ("/customerManagement/customer", "/customerManagement/customer/hub", "customerCreditProfile"),
    ],
    ids=["v4", "r14"],
)
def test_credit_profile_in_force_comes_first_wherever_it_is_shown(
    root: httpx.Client, listener: Any, collection: str, hub: str, name: str
) -> None:
    old, future, present = PROFILES
    subscription = root.post(hub, json={"callback": listener.url})
    made = root.post(collection, json=customer(**{name: PROFILES})).json()
    told = listener.next()
    root.delete(subscription.headers["Location"])
    assert made[name] == told["event"]["customer"][name] == [present, old, future]
    assert root.get(collection, params={"id": made["id"], "fields": name}).json()[0][name] == made[name]
    tag = root.get(made["href"]).headers["ETag"]
    assert root.patch(made["href"], json={"name": made["name"]}).headers["ETag"] == tag
    remove = [{"op": "remove", "path": f"/{name}/0"}]
    assert root.patch(made["href"], json=remove, headers=JSON_PATCH).json()[name] == [old, future]
    turned = root.patch(made["href"], json={name: [future, present]}).json()
    assert turned[name] == root.get(made["href"]).json()[name] == [present, future]
