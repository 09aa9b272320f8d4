"""Payment means (TMF629 R14.5.1): what a card and an account call for, and how much of a card's number is kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tmfkit_server.storage.stores import kind_of

Starter = Callable[..., AbstractContextManager[str]]

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
NUMBER = "4111111111111111"
MASKED = "xxxxxxxxxxxx1111"
# Each is of the numbers that payment processors give away for tests.
OTHERS = ("5555555555554444", "378282246310005", "6011 1111 1111 1117", "3056-930902-5904", "3530111333300000")


def mean(**attributes: Any) -> dict[str, Any]:
    return {"name": "My card", "paymentMeanType": "CreditCard", "relatedParty": {"id": "1"}, **attributes}


def card(number: str = NUMBER, **attributes: Any) -> dict[str, Any]:
    return mean(creditCard={"creditCardHolder": "Ada Byron", "type": "Visa", "number": number, **attributes})


@pytest.fixture
def made(r14: httpx.Client) -> dict[str, Any]:
    body: dict[str, Any] = r14.post("/paymentMean", json=card()).json()
    return body


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (mean(), ("/creditCard", "POST-008")),
        (mean(bankAccount={"IBAN": "AT611904300234573201"}), ("/creditCard", "POST-008")),
        (mean(paymentMeanType="Credit card"), ("/creditCard", "POST-008")),
        (mean(paymentMeanType="BankAccountDebit"), ("/bankAccount", "POST-007")),
        (mean(paymentMeanType="Cheque", creditCard={"number": "xxxxx1234"}), ("/bankAccount", "POST-007")),
    ],
    ids=["card", "card-with-account", "card-as-the-rule-spells-it", "debit", "anything-else"],
)
def test_details_are_needed_that_the_type_calls_for(
    r14: httpx.Client, body: dict[str, Any], missing: tuple[str, str]
) -> None:
    refused = r14.post("/paymentMean", json=body)
    attribute, row = missing
    assert refused.status_code == 400
    assert refused.json()["message"].startswith(f"{attribute} is required when paymentMeanType is ")
    assert f"[TMF629V1-PAYMENTMEAN-{row}]" in refused.json()["message"]
    told = r14.post("/paymentMean", json={**body, attribute[1:]: {"accountHolder": "Ada Byron"}})
    assert told.status_code == 201


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        ("application/merge-patch+json", {"paymentMeanType": "BankAccountDebit"}),
        ("application/merge-patch+json", {"creditCard": None}),
        ("application/merge-patch+json", {"type": "BankAccountDebit"}),
        ("application/json-patch+json", [{"op": "remove", "path": "/creditCard"}]),
    ],
)
def test_patch_leaves_what_could_have_been_created(
    r14: httpx.Client, made: dict[str, Any], media_type: str, patch: object
) -> None:
    refused = r14.patch(made["href"], json=patch, headers={"Content-Type": media_type})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
    assert r14.get(made["href"]).json() == made
    turned = {"paymentMeanType": "BankAccountDebit", "creditCard": None, "bankAccount": {"iban": "AT61"}}
    after = r14.patch(made["href"], json=turned).json()
    assert (after["bankAccount"], "creditCard" in after) == ({"iban": "AT61"}, False)


def _patched(operations: list[dict[str, Any]]) -> Callable[[httpx.Client, str], httpx.Response]:
    return lambda client, item: client.patch(item, json=operations, headers=JSON_PATCH)


NEW = OTHERS[0]
WAYS_IN = {
    "merge-patch": lambda client, item: client.patch(item, json={"creditCard": {"number": NEW}}),
    "unknown-attribute": lambda client, item: client.patch(item, json={"cardNumber": NEW, "pan": int(NEW)}),
    "unknown-depth": lambda client, item: client.patch(item, json={"other": [{"creditCard": {"number": NEW}}]}),
    "unknown-in-the-card": lambda client, item: client.patch(item, json={"creditCard": {"full": [f"no. {NEW}"]}}),
    "replace": _patched([{"op": "replace", "path": "/creditCard/number", "value": NEW}]),
    "replace-the-card": _patched([{"op": "replace", "path": "/creditCard", "value": {"number": NEW}}]),
    "replace-everything": lambda client, item: _patched(
        [{"op": "replace", "path": "", "value": {**client.get(item).json(), "creditCard": {"number": NEW}}}]
    )(client, item),
    "copy": _patched(
        [
            {"op": "add", "path": "/creditCard/number", "value": NEW},
            {"op": "copy", "from": "/creditCard/number", "path": "/name"},
        ]
    ),
    "move": _patched(
        [
            {"op": "add", "path": "/creditCard/number", "value": NEW},
            {"op": "move", "from": "/creditCard/number", "path": "/name"},
        ]
    ),
    "move-from-an-unknown-attribute": _patched(
        [{"op": "add", "path": "/new", "value": NEW}, {"op": "move", "from": "/new", "path": "/name"}]
    ),
    "the-documents-update": _patched([{"op": "update", "path": "/paymentMean/creditCard", "value": {"number": NEW}}]),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_number_of_a_card_comes_in_masked_whatever_the_way(
    r14: httpx.Client, made: dict[str, Any], listener: Any, way: str
) -> None:
    hub = r14.post("/paymentMean/hub", json={"callback": listener.url})
    changed = WAYS_IN[way](r14, made["href"])
    told = listener.next()
    r14.delete(hub.headers["Location"])
    assert changed.status_code == 200, changed.text
    for text in (changed.text, r14.get(made["href"]).text, str(told)):
        assert NEW not in text
        assert f"xxxxxxxx{NEW[-4:]}" in text


def test_number_is_masked_from_the_first_answer_on(r14: httpx.Client, listener: Any) -> None:
    hub = r14.post("/paymentMean/hub", json={"callback": listener.url})
    made = r14.post("/paymentMean", json=card()).json()
    told = listener.next()
    r14.delete(hub.headers["Location"])
    assert (made["creditCard"]["number"], told["event"]["paymentMean"]) == (MASKED, made)
    assert r14.get("/paymentMean", params={"creditCard.number": MASKED, "id": made["id"]}).json() == [made]
    same = r14.patch(made["href"], json={"creditCard": {"number": NUMBER}})
    assert same.headers["ETag"] == r14.get(made["href"]).headers["ETag"]
    test = [{"op": "test", "path": "/creditCard/number", "value": NUMBER}]
    assert r14.patch(made["href"], json=test, headers=JSON_PATCH).status_code == 200
    failed = r14.patch(made["href"], json=[{**test[0], "value": NEW}], headers=JSON_PATCH)
    assert (failed.status_code, NEW in failed.text) == (409, False)


@pytest.mark.parametrize("number", ["xxxxx1234", "1234", ""])
def test_number_that_is_masked_already_stays(r14: httpx.Client, number: str) -> None:
    assert r14.post("/paymentMean", json=card(number)).json()["creditCard"]["number"] == number


def test_card_of_a_mean_inside_another_resource_is_masked(r14: httpx.Client) -> None:
    means = [{"id": "45", "href": "http://host/45", "creditCard": {"number": NUMBER}, "pan": NUMBER}]
    made = r14.post("/customer", json={"name": "a", "paymentMean": means}).json()
    [kept] = made["paymentMean"]
    assert (kept["creditCard"]["number"], kept["pan"]) == (MASKED, MASKED)
    replaced = r14.put(made["href"], json={"name": "b", "paymentMean": means}).json()
    assert replaced["paymentMean"] == made["paymentMean"]


def test_what_is_no_card_number_is_left_alone(r14: httpx.Client) -> None:
    kept = {
        "name": NUMBER,  # the document says what it is
        "order": "4111111111111112",  # no check digit
        "key": "k4111111111111112",
        "short": 411111111111,
        "flag": True,
        "share": 0.5,
        "nothing": None,
    }
    body = {**card(), **kept, "bankAccount": {"IBAN": "FR4620061009010835927F33098", "iban2": "FR4620061009010835927"}}
    made = r14.post("/paymentMean", json=body).json()
    assert {name: made[name] for name in (*kept, "bankAccount")} == {
        name: body[name] for name in (*kept, "bankAccount")
    }
    phone = {"type": "mobile", "number": "4366412345679"}
    medium = [{"type": "TelephoneNumber", "medium": phone}]
    customer = r14.post("/customer", json={"name": "a", "contactMedium": medium, "crm": NUMBER}).json()
    assert (customer["contactMedium"], customer["crm"]) == (medium, NUMBER)


@pytest.fixture(params=["tinydb", "postgres"])
def store(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> tuple[str, Callable[[], bytes]]:
    """A store, and everything that is in it."""
    address = empty_store(request.param)
    if file := kind_of(address).file_of(address):
        return address, lambda: b"".join(each.read_bytes() for each in sorted(Path(file).parent.iterdir()))
    return address, lambda: _rows(address)


def _rows(url: str) -> bytes:
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = (connection.execute(f"SELECT t::text FROM {table} t".encode()) for (table,) in tables)
        return "\n".join(text for found in rows for (text,) in found).encode()


@pytest.fixture
def errors(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What the servers of a test have written to stdout and stderr."""
    return lambda: "".join(capfd.readouterr())


def test_no_whole_number_reaches_the_disk_or_a_log(
    start_server: Starter, store: tuple[str, Callable[[], bytes]], errors: Callable[[], str]
) -> None:
    url, contents = store
    with start_server("--store", url) as server:
        means = f"{server}/customerManagement/paymentMean"
        for number in (NUMBER, *OTHERS):
            made = httpx.post(means, json={**card(number), "copy": number}).json()
            httpx.patch(made["href"], json={"creditCard": {"number": number, "copy": number}})
            refused = httpx.post(means, json=card(number, expirationDate=number, type=[number]))
            assert (refused.status_code, number in refused.text) == (400, False)
            twice = f'{{"creditCard": {{"number": "{number}", "number": "{number}"}}}}'
            unreadable = httpx.post(means, content=twice)
            assert (unreadable.status_code, number in unreadable.text) == (400, False)
        running = contents()
    kept = running + contents()
    for number in (NUMBER, *OTHERS):
        assert number[-4:].encode() in kept
        assert number.encode() not in kept
    said = errors()
    assert not any(number in said for number in (NUMBER, *OTHERS))


def test_numbers_are_kept_whole_where_an_operator_wants_them(
    start_server: Starter, store: tuple[str, Callable[[], bytes]]
) -> None:
    url, contents = store
    with start_server("--store", url, "--keep-card-numbers") as server:
        made = httpx.post(f"{server}/customerManagement/paymentMean", json=card()).json()
        assert made["creditCard"]["number"] == NUMBER
        replace = [{"op": "replace", "path": "/creditCard/number", "value": NEW}]
        changed = httpx.patch(made["href"], json=replace, headers=JSON_PATCH).json()
        assert changed["creditCard"]["number"] == NEW
    assert NEW.encode() in contents()


def test_number_that_a_sample_wraps_is_masked_before_it_is_copied(r14: httpx.Client) -> None:
    made = r14.post("/paymentMean", json=card()).json()
    # No check digit gives it away: it is a number because of where it stands.
    number = "4111111111111112"
    patch = [
        {"op": "update", "path": "/creditCard/number", "value": {"number": number}},
        {"op": "copy", "from": "/creditCard/number", "path": "/name"},
    ]
    changed = r14.patch(f"/paymentMean/{made['id']}", json=patch, headers=JSON_PATCH)
    assert (changed.status_code, changed.json()["name"]) == (200, "xxxxxxxxxxxx1112")
