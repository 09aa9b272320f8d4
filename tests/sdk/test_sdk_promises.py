"""Promises of the SDK where a server, an environment or a caller is odd: parts of objects, numbers, deadlines, options."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fault_server import Connection, FaultServer, Got, answer, document, fault_server

from tmfkit_sdk import JsonPatch, Retries, customer_v1
from tmfkit_sdk.auth import ApiKey, Basic, ClientCredentials
from tmfkit_sdk.customer_v4 import AsyncCustomerManagement, Customer, CustomerManagement, RelatedParty
from tmfkit_sdk.errors import ConnectionLost, NotSelected, Timeout, Uncertain, Unreadable

QUICK = Retries(attempts=2, pause_seconds=0.001)
WHOLE = {"id": "42", "href": "/42", "name": "Club", "engagedParty": {"id": "1", "name": "Kim"}}
ODD = ["12345678901234567890.123456789", "9007199254740993.0", "1e-400", "-0", "1e400", "1.10"]
"""Numbers that no float brings back."""


def numbers(text: str) -> bytes:
    return f'{{"id": "42", "name": "Club", "n": {text}, "o": {{"n": [{text}]}}}}'.encode()


def sent(faulty: FaultServer) -> str:
    return faulty.got[-1].body.decode()


# -- objects that came in part


@pytest.mark.parametrize("fields", [["relatedParty.id", "engagedParty.id"], "$.relatedParty[*].id,$.engagedParty.id"])
def test_what_was_not_asked_for_inside_is_not_taken_for_absent(faulty: FaultServer, fields: Any) -> None:
    part = {"id": "42", "href": "/42", "engagedParty": {"id": "1"}, "relatedParty": [{"id": "7"}]}
    faulty.replies(document(part))
    with CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42", fields=fields)
        for each in (one, pickle.loads(pickle.dumps(one))):
            assert each.related_party is not None
            party = pickle.loads(pickle.dumps(each.related_party[0]))
            with pytest.raises(NotSelected):
                _ = party.role
        assert one.related_party is not None
        faulty.replies(document(WHOLE))
        parts: list[dict[str, Any]] = [
            {"related_party": [*one.related_party, RelatedParty(id="9")]},
            {"engaged_party": one.engaged_party},
        ]
        for attributes in parts:
            with pytest.raises(ValueError, match="has come in part"):
                tmf.customers.update("42", **attributes)
    assert faulty.got == []


def test_a_part_does_not_replace_a_whole(faulty: FaultServer) -> None:
    faulty.replies(document({"id": "42", "name": "Club"}))
    with customer_v1.CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42", fields=["name"])
        with pytest.raises(ValueError, match="has come in part"):
            tmf.customers.replace(one)
    assert len(faulty.got) == 1


def test_an_object_that_was_asked_for_as_a_whole_is_whole(faulty: FaultServer) -> None:
    faulty.replies(document({"id": "42", "engagedParty": {"id": "1"}}))
    with CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42", fields=["engagedParty"])
        assert one.engaged_party is not None
        assert pickle.loads(pickle.dumps(one.engaged_party)).name is None
        with pytest.raises(NotSelected):
            _ = one.name
        tmf.customers.update("42", engaged_party=one.engaged_party)
    assert sent(faulty) == '{"engagedParty":{"id":"1"}}'


def test_fields_beside_a_call_count_too(faulty: FaultServer) -> None:
    faulty.replies(document({"id": "42", "name": "Club"}, headers={"ETag": '"a"'}))
    with CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42", options={"query": {"fields": "name"}})
        with pytest.raises(NotSelected):
            _ = one.status
        tmf.customers.update(one, name="X")
    assert "if-match" not in faulty.got[-1].headers


# -- numbers


@pytest.mark.parametrize("text", ODD)
def test_numbers_keep_their_text_wherever_they_pass(faulty: FaultServer, text: str) -> None:
    faulty.replies(answer(200, numbers(text)))
    with CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42")
        again = pickle.loads(pickle.dumps(one.raw))
        ways: list[Callable[[], object]] = [
            lambda: tmf.customers.update("42", extra=one.extra),
            lambda: tmf.customers.update("42", name="B", extra=one.extra),
            lambda: tmf.customers.patch("42", one.raw),
            lambda: tmf.customers.patch("42", again),
            lambda: tmf.customers.patch("42", {"n": one["n"], "o": one["o"]}),
            lambda: tmf.customers.patch("42", JsonPatch().add("/n", one["n"]).replace("/o", one["o"])),
            lambda: tmf.customers.update("42", engaged_party=RelatedParty(id="1", extra=one.extra)),
            lambda: tmf.request("PUT", "customer/42", json=one.raw),
        ]
        for way in ways:
            way()
            assert sent(faulty).count(text) == 2, sent(faulty)
    assert float(one["n"]) == float(text)


def test_what_has_no_end_is_refused_before_anything_is_sent(faulty: FaultServer) -> None:
    cycle: dict[str, Any] = {}
    cycle["again"] = cycle
    with CustomerManagement(faulty.url) as tmf:
        for call in (
            lambda: tmf.customers.update("42", extra=cycle),
            lambda: tmf.customers.patch("42", cycle),
            lambda: tmf.customers.patch("42", {"a": Decimal("NaN")}),
            lambda: tmf.request("POST", "customer", json=cycle),
        ):
            with pytest.raises(ValueError, match=r"nested|no number"):
                call()
    assert faulty.got == []


# -- deadlines


def dripping(connection: Connection, got: Got) -> None:
    connection.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(200):
        connection.write(f"X-Drop-{number}: x\r\n".encode())
        connection.wait(0.02)


def test_a_head_in_drops_ends_with_the_call(faulty: FaultServer) -> None:
    faulty.replies(dripping)

    async def awaited() -> None:
        async with AsyncCustomerManagement(faulty.url, timeout=0.3, retries=0) as tmf:
            await tmf.customers.get("42")

    began = time.monotonic()
    with CustomerManagement(faulty.url, timeout=0.3, retries=0) as tmf, pytest.raises(Timeout):
        tmf.customers.get("42")
    with pytest.raises(Timeout):
        asyncio.run(awaited())
    assert time.monotonic() - began < 4, "each answer would take four seconds"


def test_a_call_has_its_own_deadline_while_a_token_is_fetched(faulty: FaultServer) -> None:
    def silent(connection: Connection, got: Got) -> None:
        connection.stall()

    with fault_server() as tokens:
        tokens.replies(silent)
        auth = ClientCredentials(f"{tokens.url}/token", "me", "a-secret-of-mine")

        async def awaited() -> None:
            async with AsyncCustomerManagement(faulty.url, auth=auth, retries=0) as tmf:
                both = [tmf.customers.get("42", options={"timeout": 0.2}) for _ in range(2)]
                found = await asyncio.gather(*both, return_exceptions=True)
                assert [type(each) for each in found] == [Timeout, Timeout]

        with CustomerManagement(faulty.url, auth=auth, retries=0) as tmf:
            with pytest.raises(Timeout):
                tmf.customers.get("42", options={"timeout": 0.2})
            with auth.lock, pytest.raises(Timeout, match="no token in time"):
                tmf.customers.get("42", options={"timeout": 0.2})
        asyncio.run(awaited())
    assert faulty.got == []


# -- what a call is given


@pytest.mark.parametrize("tag", ['"q"', None])
def test_a_condition_among_the_options_counts_more_than_that_of_the_object(
    faulty: FaultServer, tag: str | None
) -> None:
    faulty.replies(document(WHOLE, headers={"ETag": '"a"'}))
    with CustomerManagement(faulty.url) as tmf:
        one = tmf.customers.get("42")
        for call in (
            lambda: tmf.customers.update(one, name="B", options={"if_match": tag}),
            lambda: tmf.customers.patch(one, JsonPatch().remove("/x"), options={"if_match": tag}),
            lambda: tmf.customers.delete(one, options={"if_match": tag}),
        ):
            call()
            assert faulty.got[-1].headers.get("if-match") == tag
        tmf.customers.update(one, name="B", if_match='"k"', options={"if_match": tag})
        assert faulty.got[-1].headers["if-match"] == '"k"'


def test_an_empty_condition_or_key_is_refused(faulty: FaultServer) -> None:
    with CustomerManagement(faulty.url) as tmf:
        with pytest.raises(ValueError, match="idempotency_key is empty"):
            tmf.customers.create(name="A", engaged_party=RelatedParty(id="1"), idempotency_key="")
        with pytest.raises(ValueError, match="if_match is empty"):
            tmf.customers.update("42", name="A", if_match="")
    assert faulty.got == []


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("name", "~x", "name.eq=~x"),
        ("name", "=x", "name.eq=%3Dx"),
        ("name", ["~x", "b"], "name.eq=~x,b"),
        ("name.ne", "=x", "name.ne=%3Dx"),
        ("name.regex", "~x", "name.regex=~x"),
        ("name", "x~", "name=x~"),
    ],
)
def test_a_value_is_never_read_as_an_operator(faulty: FaultServer, name: str, value: Any, asked: str) -> None:
    faulty.replies(document([]))
    with CustomerManagement(faulty.url) as tmf:
        tmf.customers.list(where={name: value}).all()
    assert faulty.got[0].target.endswith(f"?{asked}")


def test_a_condition_too_long_for_an_address_is_refused(faulty: FaultServer) -> None:
    async def awaited() -> None:
        async with AsyncCustomerManagement(faulty.url) as tmf:
            await tmf.customers.get("x" * 100_000)

    with CustomerManagement(faulty.url) as tmf, pytest.raises(ValueError, match="the address, of"):
        tmf.customers.list(where={"id": ["x" * 36] * 3_000}).all()
    with pytest.raises(ValueError, match="the address, of"):
        asyncio.run(awaited())
    assert faulty.got == []


def test_an_object_of_another_class_is_no_resource(faulty: FaultServer) -> None:
    with CustomerManagement(faulty.url) as tmf, pytest.raises(TypeError, match="a Customer or its id is wanted"):
        tmf.customers.delete(RelatedParty(id="1"))  # type: ignore[arg-type]
    assert faulty.got == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Retries(pause_seconds=-1),
        lambda: Retries(longest_pause_seconds=float("nan")),
        lambda: Retries(attempts=2.5),  # type: ignore[arg-type]
        lambda: ApiKey("k", header="X Key"),
        lambda: Basic("u", None),  # type: ignore[arg-type]
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make()


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "gopher://127.0.0.1:1"), ("SSL_CERT_FILE", "nothing-there.pem"), ("NO_PROXY", "[::1")],
)
def test_an_environment_that_cannot_be_used_is_said(
    faulty: FaultServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv(name, value)
    with CustomerManagement(faulty.url) as tmf, pytest.raises(ValueError, match="no connections can be made"):
        tmf.customers.get("42")


# -- lists


def test_links_are_followed_through_empty_pages(faulty: FaultServer) -> None:
    further = {"Link": '</tmf-api/customerManagement/v4/customer?page=2>; rel="next"'}
    faulty.replies(document([], headers=further), document([WHOLE]))
    with CustomerManagement(faulty.url) as tmf:
        assert [one.id for one in tmf.customers.list()] == ["42"]


def test_links_through_empty_pages_have_an_end(faulty: FaultServer) -> None:
    def further(connection: Connection, got: Got) -> None:
        count = len(connection.server.got)
        link = f'</tmf-api/customerManagement/v4/customer?page={count}>; rel="next"'
        document([], headers={"Link": link, "X-Total-Count": "5"})(connection, got)

    faulty.replies(further)
    with CustomerManagement(faulty.url) as tmf, pytest.raises(Unreadable, match="a page is empty"):
        tmf.customers.list().all()
    assert len(faulty.got) <= 101


def test_a_list_of_none_is_empty(faulty: FaultServer) -> None:
    faulty.replies(document([], headers={"X-Total-Count": "5"}))
    with CustomerManagement(faulty.url) as tmf:
        assert tmf.customers.list(limit=0).all() == []


def test_an_offset_beside_a_list_is_where_it_begins(faulty: FaultServer) -> None:
    faulty.replies(document([{**WHOLE, "id": "3"}], headers={"X-Total-Count": "4"}), document([{**WHOLE, "id": "4"}]))
    with CustomerManagement(faulty.url) as tmf:
        tmf.customers.list(options={"query": {"offset": "2"}}).all()
    assert [got.target.partition("?")[2] for got in faulty.got] == ["offset=2", "offset=3"]


# -- repetitions, listeners, secrets


def test_a_change_under_any_tag_is_not_repeated(faulty: FaultServer) -> None:
    faulty.replies(lambda connection, got: connection.reset())  # noqa: ARG005 - a reply takes both
    with CustomerManagement(faulty.url, retries=QUICK) as tmf, pytest.raises(ConnectionLost):
        tmf.customers.patch("42", JsonPatch().add("/list/-", 1), if_match="*")
    assert len(faulty.got) == 1


def test_a_conflict_of_a_repeated_create_is_uncertain(faulty: FaultServer) -> None:
    faulty.replies(answer(500), answer(409))
    with CustomerManagement(faulty.url, retries=QUICK) as tmf, pytest.raises(Uncertain):
        tmf.customers.create(name="A", engaged_party=RelatedParty(id="1"), idempotency_key="k")


@pytest.mark.parametrize("status", [429, 503])
def test_a_delete_that_was_repeated_and_finds_nothing_is_done(faulty: FaultServer, status: int) -> None:
    faulty.replies(answer(status, headers={"Retry-After": "0"}), answer(404))
    with CustomerManagement(faulty.url, retries=QUICK) as tmf:
        tmf.customers.delete("42")
    assert len(faulty.got) == 2


@pytest.mark.parametrize(
    ("body", "location"),
    [({"id": ".."}, None), ({}, "http://["), ({}, "/hub/.."), (None, "http://[")],
)
def test_a_listener_whose_id_is_none_is_registered_all_the_same(
    faulty: FaultServer, body: object, location: str | None
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    faulty.replies(answer(201, content, {"Location": location} if location else {}))
    with CustomerManagement(faulty.url) as tmf, tmf.hub.subscription("http://listener.example/") as made:
        assert made.id is None
    assert len(faulty.got) == 1


def test_what_goes_wrong_with_a_listener_at_the_end_hides_nothing(faulty: FaultServer) -> None:
    faulty.replies(document({"id": "7"}, 201), answer(500))

    async def awaited() -> None:
        async with AsyncCustomerManagement(faulty.url, retries=0) as tmf, tmf.hub.subscription("http://x.example/"):
            raise KeyError("what matters")

    with (
        pytest.raises(KeyError),
        CustomerManagement(faulty.url, retries=0) as tmf,
        tmf.hub.subscription("http://x.example/"),
    ):
        raise KeyError("what matters")
    faulty.replies(document({"id": "7"}, 201), answer(500))
    with pytest.raises(KeyError):
        asyncio.run(awaited())


def test_the_cause_of_an_error_has_no_credentials(faulty: FaultServer) -> None:
    faulty.replies(lambda connection, got: connection.reset())  # noqa: ARG005 - a reply takes both
    with (
        CustomerManagement(faulty.url, api_key="a-secret-of-mine", retries=0) as tmf,
        pytest.raises(ConnectionLost) as caught,
    ):
        tmf.customers.get("42")
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RequestError)
    with pytest.raises(RuntimeError):
        _ = cause.request


def test_a_token_that_cannot_be_sent_is_not_shown(faulty: FaultServer) -> None:
    with fault_server() as tokens:
        tokens.replies(document({"access_token": "a-secret-of-mine "}))
        auth = ClientCredentials(f"{tokens.url}/token", "me", "another-secret")
        with (
            CustomerManagement(faulty.url, auth=auth) as tmf,
            pytest.raises(Unreadable, match="no access_token") as caught,
        ):
            tmf.customers.get("42")
    assert "a-secret-of-mine" not in str(caught.value)


def test_a_hook_takes_the_place_of_a_header(faulty: FaultServer) -> None:
    class Other:
        def started(self, attempt: Any) -> None:
            attempt.headers["Authorization"] = "Bearer other"

        def ended(self, attempt: Any) -> None:
            pass

    faulty.replies(document(WHOLE))
    with CustomerManagement(faulty.url, token="mine", hooks=[Other()]) as tmf:
        assert isinstance(tmf.customers.get("42"), Customer)
    assert faulty.got[0].headers["authorization"] == "Bearer other"
