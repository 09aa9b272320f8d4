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
        ('W/"nix", {tag}', 200),
        ('W/{tag}, "nix"', 412),
        ('"a,b" , {tag} ,', 200),
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
            "reason": "The resource is not what If-Match or If-None-Match asks for.",
            "status": "412",
            "message": "Read it again and decide anew; the answer's ETag is the one to send in If-Match.",
            "referenceError": "https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1",
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


@pytest.mark.parametrize(
    ("header", "is_made"),
    [("*", False), ("{tag}", False), ("W/{tag}", False), ('"nix", {tag}', False), ('"nix"', True), ("nix", True)],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_change_is_not_made_on_a_state_that_is_ruled_out(
    r14: httpx.Client, method: str, header: str, *, is_made: bool
) -> None:
    made = r14.post("/customer", json={"name": "before"})
    item, tag = made.headers["Location"], made.headers["ETag"]
    body = None if method == "DELETE" else {"name": "after"}
    answer = r14.request(method, item, headers={"If-None-Match": header.format(tag=tag)}, json=body)
    assert answer.status_code == (412 if not is_made else 204 if method == "DELETE" else 200), answer.text
    after = r14.get(item)
    if is_made:
        assert after.status_code == 404 if method == "DELETE" else after.json()["name"] == "after"
    else:
        assert (answer.json()["code"], after.headers["ETag"]) == ("precondition-failed", tag)


def test_if_match_comes_before_if_none_match(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())
    item, tag = made.headers["Location"], made.headers["ETag"]
    both = {"If-Match": tag, "If-None-Match": '"nix"'}
    assert customers.get(item, headers=both).status_code == 200
    assert customers.get(item, headers={**both, "If-None-Match": tag}).status_code == 304
    assert customers.get(item, headers={"If-Match": '"nix"', "If-None-Match": tag}).status_code == 412
    assert customers.patch(item, json={"name": "a"}, headers={**both, "If-None-Match": tag}).status_code == 412
    assert customers.patch(item, json={"name": "a"}, headers=both).status_code == 200


@pytest.mark.parametrize(
    ("header", "status"), [("{tag}", 200), ("*", 200), ('"nix", {tag}', 200), ("W/{tag}", 412), ('"nix"', 412)]
)
def test_read_of_another_state_than_the_one_named_is_412(customers: httpx.Client, header: str, status: int) -> None:
    made = customers.post("/customer", json=customer())
    condition = {"If-Match": header.format(tag=made.headers["ETag"])}
    assert customers.get(made.headers["Location"], headers=condition).status_code == status
    assert customers.head(made.headers["Location"], headers=condition).status_code == status
    assert customers.get("/customer/nix", headers=condition).status_code == 404


def test_dates_are_no_condition(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())
    item, past = made.headers["Location"], "Mon, 01 Jan 2001 00:00:00 GMT"
    assert "Last-Modified" not in made.headers
    assert customers.get(item, headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}).status_code == 200
    assert customers.patch(item, json={"name": "a"}, headers={"If-Unmodified-Since": past}).status_code == 200


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


def test_no_update_is_lost_when_everybody_names_what_it_has_read(customers: httpx.Client) -> None:
    item = customers.post("/customer", json=customer(count=0)).headers["Location"]

    async def count_up(client: httpx.AsyncClient) -> None:
        status = 412
        while status == 412:
            read = await client.get(item)
            changed = {"count": read.json()["count"] + 1}
            status = (await client.patch(item, json=changed, headers={"If-Match": read.headers["ETag"]})).status_code
        assert status == 200

    async def all_at_once() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await asyncio.gather(*(count_up(client) for _ in range(8)))

    asyncio.run(all_at_once())
    assert customers.get(item).json()["count"] == 8


def test_simultaneous_patches_of_different_attributes_are_all_kept(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer())

    async def all_at_once() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            patches = (client.patch(made.headers["Location"], json={f"a{n}": n}) for n in range(20))
            assert {answer.status_code for answer in await asyncio.gather(*patches)} == {200}

    asyncio.run(all_at_once())
    body = customers.get(made.headers["Location"]).json()
    assert [body[f"a{number}"] for number in range(20)] == list(range(20))
