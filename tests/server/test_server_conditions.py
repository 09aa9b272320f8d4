"""``ETag``, ``If-Match`` and ``If-None-Match`` over HTTP."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from server_bodies import creates, customer, full, message, unique

from tmfkit_models.contracts import Contract, Operation


@pytest.mark.parametrize(
    ("contract", "operation"),
    [pytest.param(contract, create, id=f"{contract.id}-{create.id}") for contract, create in creates()],
)
def test_every_answer_with_a_resource_has_its_tag(root: httpx.Client, contract: Contract, operation: Operation) -> None:
    body = full(contract, operation.request_schema)
    made = root.post(contract.base_path + operation.path, json=body)
    assert made.status_code == operation.success, made.text
    tag = made.headers["ETag"]
    assert tag.startswith('"')
    for path in (made.headers["Location"], f"{made.headers['Location']}?fields=none"):
        read = root.get(path)
        assert (read.status_code, read.headers["ETag"]) == (200, tag)
        assert root.head(path).headers["ETag"] == tag


def test_change_moves_the_tag_and_no_change_does_not(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())
    item, tag = made.headers["Location"], made.headers["ETag"]
    same = customers.patch(item, json={"name": made.json()["name"]})
    assert (same.status_code, same.headers["ETag"]) == (200, tag)
    changed = customers.patch(item, json={"name": "other"})
    assert changed.headers["ETag"] != tag
    assert customers.get(item).headers["ETag"] == changed.headers["ETag"]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{tag}", 200),
        ("*", 200),
        ('"nix", {tag}', 200),
        ('"nix",{tag}', 200),
        ('"nix"', 412),
        ("W/{tag}", 412),
        ("{bare}", 412),
        ("", 412),
    ],
)
def test_patch_is_made_only_on_the_state_that_is_named(customers: httpx.Client, condition: str, status: int) -> None:
    made = customers.post("/customer", json=customer(name="before"))
    tag = made.headers["ETag"]
    header = condition.format(tag=tag, bare=tag.strip('"'))
    answer = customers.patch(made.headers["Location"], json={"name": "after"}, headers={"If-Match": header})
    assert answer.status_code == status, answer.text
    assert customers.get(made.headers["Location"]).json()["name"] == ("after" if status == 200 else "before")
    if status == 412:
        assert answer.json() == {
            "@type": "Error",
            "code": "precondition-failed",
            "reason": "The resource is no longer what If-Match names.",
            "status": "412",
            "message": "Read it again and decide anew; the answer's ETag is the one to send in If-Match.",
        }


def test_put_and_delete_are_conditional_too(r14: httpx.Client) -> None:
    made = r14.post("/customer", json={"name": unique()})
    item, old = made.headers["Location"], made.headers["ETag"]
    put = r14.put(item, json={"name": "other"}, headers={"If-Match": old})
    assert put.status_code in (200, 201)
    new = put.headers["ETag"]
    assert r14.put(item, json={"name": "third"}, headers={"If-Match": old}).status_code == 412
    assert r14.get(item).json()["name"] == "other"
    assert r14.delete(item, headers={"If-Match": old}).status_code == 412
    assert r14.delete(item, headers={"If-Match": new}).status_code == 204


def test_condition_on_what_does_not_exist_is_not_found(customers: httpx.Client) -> None:
    assert customers.patch("/customer/nix", json={}, headers={"If-Match": "*"}).status_code == 404
    assert customers.delete("/customer/nix", headers={"If-Match": '"x"'}).status_code == 404


@pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", "*", '"nix", {tag}'])
def test_client_that_has_the_state_is_told_so(customers: httpx.Client, condition: str) -> None:
    made = customers.post("/customer", json=customer())
    item, tag = made.headers["Location"], made.headers["ETag"]
    header = {"If-None-Match": condition.format(tag=tag)}
    answer = customers.get(item, headers=header)
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    customers.patch(item, json={"name": "other"})
    assert customers.get(item, headers={"If-None-Match": tag}).status_code == 200


def test_what_is_shown_differently_in_time_is_never_unchanged(customers: httpx.Client) -> None:
    profiles = [{"creditProfileDate": "2020-01-01T00:00:00Z", "validFor": {"startDateTime": "2020-01-01T00:00:00Z"}}]
    made = customers.post("/customer", json=customer(creditProfile=profiles))
    assert made.status_code == 201, made.text
    answer = customers.get(made.headers["Location"], headers={"If-None-Match": made.headers["ETag"]})
    assert answer.status_code == 200


def test_sending_gives_the_tag_of_what_is_stored(messages: httpx.Client) -> None:
    sent = messages.post("/communicationMessage/send", json=message())
    assert messages.get(sent.json()["href"]).headers["ETag"] == sent.headers["ETag"]


def test_simultaneous_conditional_patches_are_made_once(server_url: str, customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())

    async def patch(client: httpx.AsyncClient, name: str) -> int:
        headers = {"If-Match": made.headers["ETag"]}
        return (await client.patch(made.headers["Location"], json={"name": name}, headers=headers)).status_code

    async def all_at_once() -> list[int]:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await asyncio.gather(*(patch(client, str(number)) for number in range(20)))

    assert sorted(asyncio.run(all_at_once())) == [200] + [412] * 19


def test_simultaneous_patches_of_different_attributes_are_all_kept(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())

    async def all_at_once() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            patches = (client.patch(made.headers["Location"], json={f"a{n}": n}) for n in range(20))
            assert {answer.status_code for answer in await asyncio.gather(*patches)} == {200}

    asyncio.run(all_at_once())
    body = customers.get(made.headers["Location"]).json()
    assert [body[f"a{number}"] for number in range(20)] == list(range(20))
