"""The patches that TMF629 R14.5 prints, as its errata settle them, and what is between them and RFC 6902."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_bodies import full, unique

from tmfkit_models import contracts

SAMPLES = Path(__file__).parents[2] / "specs" / "tmf629-v1" / "samples"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}

TAX = "customerAccountTaxExemption"


def _sample(name: str) -> dict[str, Any]:
    [path] = SAMPLES.glob(f"{name}*.json")
    sample: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return sample


@pytest.mark.parametrize(
    ("request_name", "answer_name", "before", "expected"),
    [
        pytest.param(
            "18", "19", {"name": "DisplayName", "customerRank": "3"}, {"customerRank": 780}, id="customer-attributes"
        ),
        # E62: the printed answer lacks what was added.
        pytest.param("20", "21", {}, {"contactMedium": 5}, id="customer-array"),
        pytest.param("30", "31", {TAX: 2}, {TAX: 3}, id="account-array"),
        pytest.param("32", "33", {"accountType": "Residential"}, {}, id="account-attribute"),
        # E55: the pointer is that of an account; what is meant is the payment mean itself.
        pytest.param("37", "38", {"name": "my credit card"}, {}, id="payment-mean"),
    ],
)
def test_sample_gives_the_answer_that_is_printed(
    r14: httpx.Client, request_name: str, answer_name: str, before: dict[str, Any], expected: dict[str, Any]
) -> None:
    sent, shown = _sample(request_name), _sample(answer_name)["body"]
    collection = {"patchCustomer": "customer", "patchCustomerAccount": "customerAccount"}
    path = collection.get(sent["operation"], "paymentMean")
    body = {**shown, "id": unique(), **{name: _as_many(shown, name, value) for name, value in before.items()}}
    made = r14.post(f"/{path}", json=body)
    assert made.status_code == 201, made.text
    headers = {"Content-Type": sent["mediaType"]}
    answer = r14.patch(f"/{path}/{body['id']}", content=json.dumps(sent["body"]), headers=headers)
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert r14.get(f"/{path}/{body['id']}").json() == after
    the_servers_own = {"id", "href", "lastModified"}
    wanted = {name: shown[name] for name in made.json() if name not in the_servers_own}
    for name, value in expected.items():
        if isinstance(value, int) and isinstance(wanted[name], list):
            assert len(after[name]) == value
            assert after[name][: len(made.json()[name])] == made.json()[name]
            wanted[name] = after[name]
        else:
            wanted[name] = value
    assert {name: value for name, value in after.items() if name not in the_servers_own} == wanted


def _as_many(shown: dict[str, Any], name: str, value: Any) -> Any:
    return shown[name][:value] if isinstance(value, int) else value


MEDIA = [{"type": "Email", "medium": {"emailAddress": address}} for address in ("a@example.com", "b@example.com")]
POST = {"type": "PostalAddress", "medium": {"city": "Wien"}}
PHONE = {"type": "TelephoneNumber", "medium": {"number": "1"}}


@pytest.fixture
def made(r14: httpx.Client) -> dict[str, Any]:
    period = {"startDateTime": "2020-01-01T00:00:00Z"}
    sent = {"name": "a", "status": "New", "contactMedium": MEDIA, "validFor": period, "description": "d"}
    body: dict[str, Any] = r14.post("/customer", json=sent).json()
    return body


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        pytest.param(
            {"op": "add", "path": "/customer/contactMedium", "value": {"contactMedium": [POST, PHONE]}},
            {"contactMedium": [*MEDIA, POST, PHONE]},
            id="wrapped-members-are-added",
        ),
        pytest.param(
            {"op": "add", "path": "/customer/contactMedium", "value": [POST]},
            {"contactMedium": [*MEDIA, POST]},
            id="members-are-added",
        ),
        pytest.param(
            {"op": "add", "path": "/customer/contactMedium", "value": POST},
            {"contactMedium": [*MEDIA, POST]},
            id="member-is-added",
        ),
        pytest.param(
            [{"op": "add", "path": "/contactMedium", "value": POST}],
            {"contactMedium": [*MEDIA, POST]},
            id="member-is-added-where-rfc6902-could-only-spoil-the-array",
        ),
        pytest.param(
            [{"op": "add", "path": "/contactMedium", "value": [POST]}],
            {"contactMedium": [POST]},
            id="rfc6902-puts-an-array-in-the-place-of-an-array",
        ),
        pytest.param(
            [
                {"op": "add", "path": "/customer/contactMedium", "value": POST},
                {"op": "add", "path": "/customer/contactMedium", "value": [PHONE]},
                {"op": "remove", "path": "/customer/contactMedium/0"},
            ],
            {"contactMedium": [MEDIA[1], POST, PHONE]},
            id="each-sees-what-those-before-it-have-made",
        ),
        pytest.param(
            [
                {"op": "update", "path": "/validFor", "value": {"endDateTime": "2021-01-01T00:00:00Z"}},
                {"op": "update", "path": "/customer/validFor", "value": {"validFor": {"note": "n"}}},
            ],
            {
                "validFor": {
                    "startDateTime": "2020-01-01T00:00:00Z",
                    "endDateTime": "2021-01-01T00:00:00Z",
                    "note": "n",
                }
            },
            id="update-keeps-what-it-does-not-name",
        ),
        pytest.param({"op": "update", "path": "/customer", "value": {"name": "b"}}, {"name": "b"}, id="update-of-all"),
        pytest.param({"op": "update", "path": "/customerRank", "value": "7"}, {"customerRank": "7"}, id="update-adds"),
        pytest.param(
            {"op": "update", "path": "/contactMedium/1/medium", "value": {"emailAddress": "c@example.com"}},
            {"contactMedium": [MEDIA[0], {"type": "Email", "medium": {"emailAddress": "c@example.com"}}]},
            id="update-below",
        ),
        pytest.param(
            {"op": "copy", "from": "/customer/name", "path": "/customer/description"},
            {"description": "a"},
            id="copy-with-the-resource-in-both-pointers",
        ),
        pytest.param(
            [{"op": "add", "path": "/x", "value": {"x": 1}}, {"op": "add", "path": "/customer/y", "value": {"y": 1}}],
            {"x": {"x": 1}, "y": 1},
            id="value-of-rfc6902-is-not-unwrapped",
        ),
        pytest.param(
            [
                {"op": "add", "path": "/customer", "value": {"name": "b"}},
                {"op": "replace", "path": "/customer/name", "value": "c"},
            ],
            None,
            id="resource-cannot-be-replaced-by-its-own-name",
        ),
    ],
)
def test_forms(r14: httpx.Client, made: dict[str, Any], patch: Any, changed: dict[str, Any] | None) -> None:
    answer = r14.patch(made["href"], json=patch, headers=JSON_PATCH)
    if changed is None:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body")
        assert r14.get(made["href"]).json() == made
    else:
        assert (answer.status_code, answer.json()) == (200, {**made, **changed}), answer.text


@pytest.mark.parametrize(
    ("patch", "where"),
    [
        ({"op": "update", "path": "/customer/nix/name", "value": 1}, "/0/path"),
        ([{"op": "remove", "path": "/status"}, {"op": "update", "path": "status", "value": 1}], "/1/path"),
        ([{"op": "replace", "path": "", "value": 7}, {"op": "add", "path": "/customer/name", "value": 7}], "/1/path"),
        ({"op": "update", "path": "/customer/contactMedium", "value": {"type": "x"}}, "/contactMedium"),
        ({"op": "update", "path": "/customer/id", "value": "x"}, "/id"),
        ({"op": "update", "path": "/name"}, "/0/value"),
        ({"op": "add", "path": "/customer/contactMedium"}, "/0/value"),
        ({"op": "add", "path": "/customer/contactMedium", "value": {"contactMedium": [{"type": "x"}]}}, "/contactMedium/2/medium"),
        ({"op": "copy", "from": 7, "path": "/customer/description"}, "/0/from"),
        ("update", "the"),
    ],
)  # fmt: skip
def test_refused_patch_changes_nothing(r14: httpx.Client, made: dict[str, Any], patch: Any, where: str) -> None:
    answer = r14.patch(made["href"], json=patch, headers=JSON_PATCH)
    assert (answer.status_code, answer.json()["message"].split()[0]) == (400, where), answer.text
    assert r14.get(made["href"]).json() == made


def test_forms_go_with_queries(r14: httpx.Client, made: dict[str, Any]) -> None:
    path = "/contactMedium?contactMedium.medium.emailAddress=b@example.com"
    patch = {"op": "update", "path": path, "value": {"preferred": True}}
    headers = {"Content-Type": "application/json-patch-query+json"}
    changed = r14.patch(made["href"], json=patch, headers=headers)
    expected = [MEDIA[0], {**MEDIA[1], "preferred": True}]
    assert (changed.status_code, changed.json()) == (200, {**made, "contactMedium": expected})


def test_attribute_with_the_name_of_the_resource_is_an_attribute(r14: httpx.Client) -> None:
    made = r14.post("/customer", json={"name": "a", "customer": {"name": "inner"}}).json()
    patch = [{"op": "replace", "path": "/customer/name", "value": "b"}]
    changed = r14.patch(made["href"], json=patch, headers=JSON_PATCH).json()
    assert changed == {**made, "customer": {"name": "b"}}


def test_pointer_that_is_deeper_than_any_resource_is_refused(r14: httpx.Client) -> None:
    made = r14.post("/customer", json={"name": unique()}).json()
    patch = [{"op": "add", "path": "/a" * 300, "value": {}}]
    refused = r14.patch(f"/customer/{made['id']}", json=patch, headers=JSON_PATCH)
    assert (refused.status_code, "more than 64 parts" in refused.text) == (400, True)


def test_update_costs_what_it_names_however_much_stands_beside_it(r14: httpx.Client) -> None:
    beside = {f"4111 1111 1111 {number:04}": "a" for number in range(20_000)}
    contract = contracts.load("tmf629-v1")
    body = full(contract, contract.resource("paymentMean").create)
    made = r14.post("/paymentMean", json={**body, "zzz": beside}).json()
    # Each of these once looked at everything that stands beside, for minutes altogether.
    patch = [{"op": "update", "path": "/zzz", "value": {"a": number, "b": {"c": 1}}} for number in range(500)]
    changed = r14.patch(f"/paymentMean/{made['id']}", json=patch, headers=JSON_PATCH)
    assert changed.status_code == 200, changed.text[:500]
    assert changed.json()["zzz"] == {**made["zzz"], "a": 499, "b": {"c": 1}}
    r14.delete(f"/paymentMean/{made['id']}")
