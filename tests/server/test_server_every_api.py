"""What holds for every resource of every API, whatever APIs there are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_bodies import creates, full

from tmfkit_models.contracts import Contract, Operation

CASES = [pytest.param(contract, create, id=f"{contract.id}-{create.resource}") for contract, create in creates()]
DEMANDING = [
    pytest.param(contract, create, id=f"{contract.id}-{create.resource}")
    for contract, create in creates()
    if contract.required(create.request_schema)
]


def _sent(contract: Contract, create: Operation) -> dict[str, Any]:
    body: dict[str, Any] = full(contract, create.request_schema)
    return body


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_resource_lives_from_create_to_delete(root: httpx.Client, contract: Contract, create: Operation) -> None:
    collection = contract.base_path + create.path
    made = root.post(collection, json=_sent(contract, create))
    assert made.status_code == create.success, made.text
    body = made.json()
    assert made.headers["Location"] == body["href"]
    assert body["href"].endswith(f"{collection}/{body['id']}")
    assert httpx.get(body["href"]).json() == body
    found = root.get(collection, params={"id": body["id"]})
    assert (found.json(), found.headers["X-Total-Count"]) == ([body], "1")
    assert root.delete(body["href"]).status_code == 204
    gone = root.get(body["href"])
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_patch_changes_one_attribute_and_keeps_the_others(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    patch = contract.action("patch", create.resource)
    assert patch
    made = root.post(contract.base_path + create.path, json=_sent(contract, create)).json()
    changed = root.patch(made["href"], json={"@type": "Other"})
    assert changed.status_code == patch.success
    after = changed.json()
    assert after["@type"] == "Other"
    times = {"lastModified"}
    assert {name: after[name] for name in made if name not in {"@type", *times}} == {
        name: made[name] for name in made if name not in {"@type", *times}
    }


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_unknown_attributes_are_kept(root: httpx.Client, contract: Contract, create: Operation) -> None:
    sent = {**_sent(contract, create), "extension": {"deep": [1, None, "x"]}}
    assert root.post(contract.base_path + create.path, json=sent).json()["extension"] == {"deep": [1, None, "x"]}


@pytest.mark.parametrize(("contract", "create"), DEMANDING)
def test_missing_mandatory_attributes_are_named_with_their_rule(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    collection = contract.base_path + create.path
    for name in contract.required(create.request_schema):
        sent = {each: value for each, value in _sent(contract, create).items() if each != name}
        refused = root.post(collection, json=sent)
        assert refused.status_code == 400
        error = refused.json()
        assert (error["code"], error["status"]) == ("invalid-body", "400")
        assert error["message"].startswith(f"/{name} is required [TMF")


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_non_patchable_attribute_is_refused_another_value_only(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    made = root.post(contract.base_path + create.path, json=_sent(contract, create)).json()
    patch = contract.action("patch", create.resource)
    assert patch
    for pointer in patch.non_patchable:
        name = pointer[1:]
        if name in made:
            assert root.patch(made["href"], json={name: made[name]}).status_code == patch.success
        refused = root.patch(made["href"], json={name: "2031-01-01T00:00:00Z"})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
        assert pointer in refused.json()["message"]
    assert root.get(made["href"]).json()["id"] == made["id"]


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_methods_that_are_not_offered_get_405_with_allow(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    item = f"{contract.base_path}{create.path}/x"
    offered = {each.method for each in contract.operations if each.path == f"{create.path}/{{id}}"}
    refused = root.request("PUT" if "PUT" not in offered else "POST", item)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {*offered, "HEAD", "OPTIONS"}
    assert refused.json()["code"] == "method-not-allowed"


def test_path_without_a_resource_is_404_with_a_tmf_error(root: httpx.Client) -> None:
    answer = root.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.json() == {
        "@type": "Error",
        "code": "not-found",
        "reason": "Nothing is served at this path.",
        "message": "See the contract for the paths.",
        "status": "404",
    }
