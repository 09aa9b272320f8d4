"""Bodies that cannot be taken: the right 4xx, a TMF error, and nothing changed."""

from __future__ import annotations

import json

import httpx
import pytest
from server_bodies import JSON, customer, unique


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b'{"name":NaN}', id="nan"),
        pytest.param(b'{"name":1e999}', id="infinite"),
        pytest.param(b'{"name":"\xff"}', id="not-utf8"),
        pytest.param(b'{"name":"\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"name":"a","name":"b"}', id="name-twice"),
        pytest.param(b'{"n":' + b"9" * 30 + b"}", id="integer-beyond-64-bits"),
        pytest.param(b"[" * 100 + b"]" * 100, id="nested-100"),
        pytest.param(b"[" * 100_000, id="nested-100000"),
    ],
)
def test_unreadable_body_is_400(customers: httpx.Client, content: bytes) -> None:
    before = customers.get("/customer").headers["X-Total-Count"]
    answer = customers.post("/customer", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable-body")
    assert customers.get("/customer").headers["X-Total-Count"] == before


@pytest.mark.parametrize(
    "sent", [[], "text", 3, None, [customer()]], ids=["array", "text", "number", "null", "array-of-one"]
)
def test_body_that_is_no_object_is_400(customers: httpx.Client, sent: object) -> None:
    answer = customers.post("/customer", content=json.dumps(sent), headers=JSON)
    assert (answer.status_code, answer.json()["message"]) == (400, "the body has to be an object")


def test_wrong_types_are_listed_with_pointer_and_rule(customers: httpx.Client) -> None:
    message = customers.post("/customer", json=customer(name=3, creditProfile=[{"creditScore": "x"}])).json()["message"]
    assert "/creditProfile/0/creditProfileDate is required [TMF629V4-POST-" in message
    assert "/name is wrong: Input should be a valid string [TMF629V4-" in message


@pytest.mark.parametrize("written", ["5.0", "7e2", "3000000000"])
def test_whole_number_is_an_integer_however_it_is_written(customers: httpx.Client, written: str) -> None:
    profile = {"creditProfileDate": "2026-01-15T08:00:00Z", "validFor": {}, "creditScore": 0}
    body = json.dumps(customer(creditProfile=[profile])).replace('"creditScore": 0', f'"creditScore": {written}')
    made = customers.post("/customer", content=body, headers=JSON)
    assert made.status_code == 201, made.text
    [kept] = customers.get(f"/customer/{made.json()['id']}").json()["creditProfile"]
    assert kept["creditScore"] == json.loads(written)


def test_python_names_are_no_names_on_the_wire(customers: httpx.Client) -> None:
    answer = customers.post("/customer", json={"name": "a", "engaged_party": {"id": "1"}})
    assert answer.json()["message"].startswith("/engagedParty is required")


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/json; charset=latin-1", 415),
        ("application/merge-patch+json", 415),
    ],
)
def test_media_type_of_a_create(customers: httpx.Client, media_type: str, status: int) -> None:
    content = b'{"name":"a","engagedParty":{"id":"1"}}'
    assert customers.post("/customer", content=content, headers={"Content-Type": media_type}).status_code == status


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.5", 200),
        ("APPLICATION/JSON", 200),
        ("Application/*", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ],
)
def test_accept_decides_whether_json_may_be_answered(customers: httpx.Client, accept: str, status: int) -> None:
    assert customers.get("/customer", headers={"Accept": accept}).status_code == status


def test_body_above_the_limit_is_413_announced_or_not(customers: httpx.Client) -> None:
    content = b'{"name":"' + b"x" * 1_100_000 + b'"}'
    assert customers.post("/customer", content=content, headers=JSON).status_code == 413

    def pieces() -> object:
        yield content

    assert customers.post("/customer", content=pieces(), headers=JSON).status_code == 413  # type: ignore[arg-type]


def test_dates_are_returned_as_they_were_written(customers: httpx.Client) -> None:
    period = {"startDateTime": "2018-06-12T00:00Z", "endDateTime": "2020-06-12T00:00:00.5+0800"}
    assert customers.post("/customer", json=customer(validFor=period)).json()["validFor"] == period


@pytest.mark.parametrize("date", ["2018-06-12", "yesterday", "2018-13-12T00:00Z", "", 5])
def test_what_is_no_date_is_refused(customers: httpx.Client, date: object) -> None:
    assert customers.post("/customer", json=customer(validFor={"startDateTime": date})).status_code == 400


def test_id_and_href_of_a_create_are_ignored_where_the_document_does_not_allow_them(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer(id="mine", href="http://x")).json()
    assert made["id"] != "mine"
    assert made["href"].endswith(made["id"])


def test_client_id_is_used_once(messages: httpx.Client) -> None:
    sent = {"id": unique(), "content": "x"}
    assert messages.post("/communicationMessage", json=sent).json()["id"] == sent["id"]
    again = messages.post("/communicationMessage", json=sent)
    assert (again.status_code, again.json()["message"][:12]) == (400, "/id is taken")


@pytest.mark.parametrize("identifier", ["send", "a/b", "..", "", "x" * 300, "%41", 7])
def test_client_id_that_no_path_can_hold_is_refused(messages: httpx.Client, identifier: object) -> None:
    assert messages.post("/communicationMessage", json={"id": identifier, "content": "x"}).status_code == 400


def test_conditional_rule_is_enforced_on_create_and_patch(messages: httpx.Client) -> None:
    refused = messages.post("/communicationMessage", json={"type": "Email", "content": "x"})
    assert refused.json()["message"] == "/subject is required when type is Email or MobileApp [TMF681-RES-006]"
    made = messages.post("/communicationMessage", json={"type": "Email", "subject": "s", "content": "x"}).json()
    assert messages.patch(made["href"], json={"subject": None}).status_code == 400
    assert messages.get(made["href"]).json() == made


@pytest.mark.parametrize(
    ("method", "content", "headers", "code", "reference"),
    [
        ("POST", b"{", JSON, "unreadable-body", "rfc7493.html#section-2"),
        ("POST", b"x", {"Content-Type": "text/plain"}, "wrong-media-type", "rfc9110.html#section-8.3"),
        ("GET", b"", {"Accept": "text/plain"}, "not-acceptable", "rfc9110.html#section-12.5.1"),
        ("PUT", b"", {}, "method-not-allowed", "rfc9110.html#section-15.5.6"),
        ("POST", b"{}", JSON, "invalid-body", None),
    ],
)
def test_error_refers_to_the_one_place_that_says_more(
    customers: httpx.Client, method: str, content: bytes, headers: dict[str, str], code: str, reference: str | None
) -> None:
    error = customers.request(method, "/customer", content=content, headers=headers).json()
    assert error["code"] == code
    expected = f"https://www.rfc-editor.org/rfc/{reference}" if reference else None
    assert error.get("referenceError") == expected
