"""``Idempotency-Key`` on creates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_bodies import creates, customer, full, message, unique

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Operation
from tmfkit_server.query.expression import Search
from tmfkit_server.services.idempotency import COLLECTION, KEPT, Cleaner, first_outcome, keep_outcome, once
from tmfkit_server.storage.base import Record, Store
from tmfkit_server.storage.embedded.store import EmbeddedStore
from tmfkit_server.storage.stores import kind_of

Starter = Callable[..., AbstractContextManager[str]]

CUSTOMER = "/tmf-api/customerManagement/v4/customer"


def _key(text: str = "") -> dict[str, str]:
    return {"Idempotency-Key": f'"{text or unique()}"'}


def _answer(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    told = ("location", "content-location", "etag", "content-type")
    return answer.status_code, answer.content, {name: answer.headers[name] for name in told if name in answer.headers}


@pytest.mark.parametrize(
    ("contract", "create"), [pytest.param(*each, id=f"{each[0].id}-{each[1].resource}") for each in creates()]
)
def test_repetition_is_answered_as_the_first_request_was(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    collection, key = contract.base_path + create.path, _key()
    body = {**full(contract, create.request_schema), "marker": unique()}
    first = root.post(collection, json=body, headers=key)
    assert first.status_code == create.success, first.text
    assert "Idempotent-Replayed" not in first.headers
    item = first.headers["Location"]
    assert root.patch(item, json={"@type": "Other"}).is_success
    # The same JSON in another layout is the same body.
    content = json.dumps(dict(reversed(body.items())), indent=1)
    again = root.post(collection, content=content, headers={**key, "Content-Type": "application/json"})
    assert _answer(again) == _answer(first)
    assert again.headers["Idempotent-Replayed"] == "true"
    found = root.get(collection, params={"marker": body["marker"]})
    assert (len(found.json()), found.json()[0]["@type"]) == (1, "Other")
    assert root.delete(item).status_code == 204
    assert _answer(root.post(collection, json=body, headers=key)) == _answer(first)
    assert root.get(item).status_code == 404


def test_names_come_back_as_they_were_sent(r14: httpx.Client) -> None:
    body = full(contracts.load("tmf629-v1"), "CustomerAccount_Create")
    body["accountStatus"] = body.pop("status")
    key = _key()
    first, again = (r14.post("/customerAccount", json=body, headers=key) for _ in "ab")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert _answer(again) == _answer(first)
    assert "accountStatus" in again.json()


def test_key_with_another_body_is_refused(customers: httpx.Client) -> None:
    key, marker = _key(), unique()
    first = customers.post("/customer", json=customer(marker=marker), headers=key)
    refused = customers.post("/customer", json=customer(marker=marker, name="Other"), headers=key)
    assert (first.status_code, refused.status_code) == (201, 422)
    assert refused.json() == {
        "@type": "Error",
        "code": "key-reused",
        "reason": "The Idempotency-Key came with another body before.",
        "message": "Repeat a request exactly as it was, or send a new one with a new key.",
        "status": "422",
    }
    assert len(customers.get("/customer", params={"marker": marker}).json()) == 1


def test_refused_create_leaves_its_key_free(customers: httpx.Client, r14: httpx.Client) -> None:
    key = _key()
    assert customers.post("/customer", json={"name": "a"}, headers=key).status_code == 400
    made = customers.post("/customer", json=customer(), headers=key)
    assert (made.status_code, "Idempotent-Replayed" in made.headers) == (201, False)
    # Refused inside the transaction, too.
    identifier = unique()
    assert r14.post("/customer", json={"name": "a", "id": identifier}).status_code == 201
    assert r14.post("/customer", json={"name": "a", "id": identifier}, headers=key).status_code == 400
    assert r14.post("/customer", json={"name": "a", "id": unique()}, headers=key).status_code == 201


def test_own_id_is_not_taken_by_its_own_repetition(r14: httpx.Client) -> None:
    key, body = _key(), {"name": "a", "id": unique()}
    first, again = (r14.post("/customer", json=body, headers=key) for _ in "ab")
    assert (again.status_code, again.json()) == (201, first.json())


def test_keys_of_different_operations_and_apis_are_different(customers: httpx.Client, r14: httpx.Client) -> None:
    key = _key()
    body = customer(paymentMeanType="x")
    answers = [
        customers.post("/customer", json=body, headers=key),
        r14.post("/customer", json={"name": "a"}, headers=key),
        r14.post("/customerAccount", json=full(contracts.load("tmf629-v1"), "CustomerAccount_Create"), headers=key),
    ]
    assert [(answer.status_code, "Idempotent-Replayed" in answer.headers) for answer in answers] == [(201, False)] * 3


@pytest.mark.parametrize(
    ("one", "other"),
    [('"{key}"', "{key}"), ('"a\\"{key}\\\\"', '"a\\"{key}\\\\"')],
    ids=["without-quotes", "escapes"],
)
def test_key_is_read_with_and_without_quotes(customers: httpx.Client, one: str, other: str) -> None:
    key, body = unique(), customer()
    headers = [{"Idempotency-Key": form.replace("{key}", key)} for form in (one, other)]
    first, again = (customers.post("/customer", json=body, headers=each) for each in headers)
    assert (again.status_code, again.headers.get("Idempotent-Replayed"), again.json()) == (201, "true", first.json())


@pytest.mark.parametrize(
    "header",
    [
        *("", '""', '"a', 'a"b', '"a" "b"', '"a","b"', "a,b", "a b", "a;b=1", '"a\\b"', "ä".encode(), b'"\xff"'),
        *("a" * 256, f'"{"a" * 256}"'),
    ],
    ids=repr,
)
def test_what_is_no_key_is_400_and_makes_nothing(customers: httpx.Client, header: str | bytes) -> None:
    marker = unique()
    key: Any = [(b"Idempotency-Key", header if isinstance(header, bytes) else header.encode())]
    refused = customers.post("/customer", json=customer(marker=marker), headers=key)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-header")
    assert "Idempotency-Key" in refused.json()["reason"]
    assert customers.get("/customer", params={"marker": marker}).json() == []


def test_longest_key(customers: httpx.Client) -> None:
    key = (unique() + "a" * 255)[:255]
    assert customers.post("/customer", json=customer(), headers=_key(key)).status_code == 201


def test_simultaneous_repetitions_make_one_resource_and_tell_of_it_once(
    server_url: str, customers: httpx.Client, listener: Any
) -> None:
    hub = customers.post("/hub", json={"callback": listener.url})
    key, marker = _key(), unique()
    body = customer(marker=marker)

    async def all_at_once() -> list[httpx.Response]:
        # As many at a time as one worker has connections: none has to wait for one.
        async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=8)) as client:
            posts = (client.post(f"{server_url}{CUSTOMER}", json=body, headers=key) for _ in range(20))
            return await asyncio.gather(*posts)

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {201}
    assert len({_answer(answer)[1] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(customers.get("/customer", params={"marker": marker}).json()) == 1
    assert listener.next()["event"]["customer"]["marker"] == marker
    # What comes last shows that nothing came in between.
    customers.post("/customer", json=customer(marker="last"))
    assert listener.next()["event"]["customer"]["marker"] == "last"
    assert customers.delete(hub.headers["Location"]).status_code == 204


def test_message_is_not_sent_again(messages: httpx.Client) -> None:
    key, marker = _key(), unique()
    body = message(description=marker)
    first, again = (messages.post("/communicationMessage/send", json=body, headers=key) for _ in "ab")
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert messages.post("/communicationMessage/send", json=message(), headers=key).status_code == 422
    assert len(messages.get("/communicationMessage", params={"description": marker}).json()) == 1
    # A create is another operation.
    made = messages.post("/communicationMessage", json=body, headers=key)
    assert (made.status_code, made.json()["id"] != first.json()["id"]) == (201, True)
    wrong = messages.post("/communicationMessage/send", json=body, headers={"Idempotency-Key": "a b"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid-header")


def test_simultaneous_repetitions_send_once_and_wait_for_it(messages: httpx.Client) -> None:
    key, marker = _key(), unique()
    body = message(description=marker)

    def send(_: int) -> httpx.Response:
        return messages.post("/communicationMessage/send", json=body, headers=key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "Completed")}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_keys_are_known_after_a_restart_and_to_their_caller_only(
    start_server: Starter, empty_store: Callable[[str], str], kind: str
) -> None:
    keys = ("user:first-user-with-a-key", "user:other-user-with-a-key")
    options = ["--store", empty_store(kind), "--api-key", keys[0], "--api-key", keys[1]]
    options += ["--public-url", "https://one.example"]
    key, body = _key(), customer()

    def post(url: str, credential: str) -> httpx.Response:
        return httpx.post(url + CUSTOMER, json=body, headers={**key, "Authorization": f"Bearer {credential}"})

    with start_server(*options) as url:
        first = post(url, "first-user-with-a-key")
        other = post(url, "other-user-with-a-key")
        assert (first.status_code, other.status_code) == (201, 201)
        assert other.json()["id"] != first.json()["id"]
    with start_server(*options) as url:
        again = post(url, "first-user-with-a-key")
        assert _answer(again) == _answer(first)
        assert again.headers["Idempotent-Replayed"] == "true"
        told = httpx.get(url + CUSTOMER, headers={"X-API-Key": "first-user-with-a-key"})
        assert (len(told.json()), told.headers["X-Total-Count"]) == (2, "2")


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> Store:
    address = empty_store(request.param)
    return kind_of(address).new(address, {})


def test_what_is_over_is_forgotten_and_removed(store: Store) -> None:
    made = Record("1", {"id": "1", "name": "é"}, {"/name": "label"})

    async def scenario() -> None:
        await store.open()
        old = (datetime.now(UTC) - KEPT - timedelta(seconds=1)).isoformat()
        requests = [once(f"key{number}", "scope", sent={}) for number in range(250)]
        for request in requests:
            async with store.transaction() as transaction:
                assert await first_outcome(transaction, request) is None
                await keep_outcome(transaction, request, made)
        for request in requests[1:]:
            async with store.transaction() as transaction:
                kept = await transaction.get(COLLECTION, request.id)
                assert kept
                await transaction.replace(COLLECTION, kept.with_body({**kept.body, "at": old}))
        # A key that is over can be used anew, though nobody has removed it.
        async with store.transaction() as transaction:
            assert await first_outcome(transaction, requests[1]) is None
            await keep_outcome(transaction, requests[1], made)
        assert await Cleaner(store).clean() == 248
        assert await Cleaner(store).clean() == 0
        left = await store.search(COLLECTION, Search())
        assert {record.id for record in left.records} == {requests[0].id, requests[1].id}
        for request in requests[:2]:
            async with store.transaction() as transaction:
                assert await first_outcome(transaction, request) == made
        await store.close()

    asyncio.run(scenario())


def test_file_keeps_neither_what_is_over_nor_keys_nor_card_numbers(start_server: Starter, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    path, key, number = folder / "a.db", unique(), "4111111111111111"
    body = full(contracts.load("tmf629-v1"), "PaymentMean_Create")
    body["creditCard"]["number"] = number

    async def prepare() -> None:
        store = EmbeddedStore(str(path))
        await store.open()
        async with store.transaction() as transaction:
            await transaction.insert(COLLECTION, Record("old", {"at": "2020-01-01T00:00:00Z"}))
        await store.close()

    async def kept() -> list[str]:
        store = EmbeddedStore(str(path))
        await store.open()
        page = await store.search(COLLECTION, Search())
        await store.close()
        return [record.id for record in page.records]

    asyncio.run(prepare())
    with start_server("--store", f"tinydb:{path}") as url:
        first, again = (httpx.post(f"{url}/customerManagement/paymentMean", json=body, headers=_key(key)) for _ in "ab")
        assert again.headers["Idempotent-Replayed"] == "true"
        assert _answer(again) == _answer(first)
        written = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"xxxxxxxxxxxx1111" in written
    assert number.encode() not in written
    assert key.encode() not in written
    [identifier] = asyncio.run(kept())
    assert identifier != "old"
