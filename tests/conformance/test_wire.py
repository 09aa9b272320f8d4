"""What is read from bytes, headers and addresses, and what a bundle keeps of an exchange."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_builder import CALLBACK, note, post
from hypothesis import given
from hypothesis import strategies as st

from tmfkit_conformance.record import wire
from tmfkit_conformance.record.exchange import Exchange, Notification


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a": [1, null]}', ({"a": [1, None]}, True), id="object"),
        pytest.param(b"null", (None, True), id="null"),
        pytest.param(b"", (None, False), id="empty"),
        pytest.param(b"{}{}", (None, False), id="two-values"),
        pytest.param(b"[NaN]", (None, False), id="not-a-number"),
        pytest.param(b"[-Infinity]", (None, False), id="infinity"),
        pytest.param(b"\xff\xfe\x00", (None, False), id="octets"),
        pytest.param(b'"\xc3\xa4"', ("ä", True), id="utf-8"),
        pytest.param(b"[" * 101 + b"]" * 101, (None, False), id="too-deep"),
        pytest.param(b"[" * 1_000_000, (None, False), id="bottomless"),
        pytest.param(b'{"\\ud800": 1}', ({"\ufffd": 1}, True), id="half-a-pair-in-a-name"),
    ],
)
def test_body_is_read_as_json(body: bytes, value: tuple[Any, bool]) -> None:
    assert wire.parsed(body) == value


def test_body_of_many_brackets_and_few_levels_is_json() -> None:
    assert wire.parsed(b"[" + b",".join([b"{}"] * 500) + b"]") == ([{}] * 500, True)


@given(st.binary(max_size=200))
def test_any_body_is_kept_byte_by_byte(body: bytes) -> None:
    assert wire.octets(wire.plain(body)) == body


@pytest.mark.parametrize(
    ("address", "segment"),
    [
        ("http://h/customer/7", "7"),
        ("/customer/7/?x=1#y", "7"),
        ("7", "7"),
        ("/customer/urn%3Ax%2F7", "urn:x/7"),
        ("http://[::1", ""),
        ("", ""),
        ("/", ""),
    ],
)
def test_last_segment_of_an_address(address: str, segment: str) -> None:
    assert wire.last_segment(address) == segment


@pytest.mark.parametrize(
    ("links", "address"),
    [
        pytest.param(['<http://h/c?fields=a,b&offset=1>; rel="next"'], "http://h/c?fields=a,b&offset=1", id="comma"),
        pytest.param(["</c?o=0>; rel=prev, </c?o=2>; rel=next"], "/c?o=2", id="second-of-one-header"),
        pytest.param(["</c?o=0>; rel=prev", "</c?o=2>; rel=next"], "/c?o=2", id="second-header"),
        pytest.param(['</c>; title="a, b"; REL="last next"'], "/c", id="among-others"),
        pytest.param(["</next>; rel=prev"], "", id="next-in-the-address"),
        pytest.param(["</c>; rel=nextish"], "", id="longer-word"),
        pytest.param(["no link"], "", id="none"),
        pytest.param([], "", id="no-header"),
    ],
)
def test_next_page_is_found_in_link_headers(links: list[str], address: str) -> None:
    assert wire.next_page(tuple(("Link", link) for link in links)) == address


@pytest.mark.parametrize(
    ("answer", "headers", "identifier"),
    [
        ({"id": "7"}, {"Location": "/x/8"}, "7"),
        ({"id": 7}, {}, "7"),
        ({"id": 0}, {}, "0"),
        ({"id": ""}, {"Location": "/x/8"}, "8"),
        ({"id": True}, {}, ""),
        ({"id": {"a": 1}}, {"Content-Location": "/x/a%20b/"}, "a b"),
        ([{"id": "7"}], {"Location": "http://["}, ""),
        (None, {}, ""),
    ],
)
def test_identifier_of_what_was_made(answer: Any, headers: dict[str, str], identifier: str) -> None:
    assert exchange(answer, **headers).identifier == identifier


@pytest.mark.parametrize(
    ("path", "is_it"),
    [
        ("/kit/cb-1", True),
        ("/kit/cb-1/", True),
        ("/kit/cb-1?x=1", True),
        ("/kit/cb-1/listener/created", True),
        ("/behind/a/proxy/kit/cb-1", True),
        ("/kit/cb-12", False),
        ("/other/cb-1", False),
        ("/", False),
    ],
)
def test_notification_came_to_a_callback(path: str, *, is_it: bool) -> None:
    assert note("X", {}, path=path).came_to(CALLBACK) is is_it


@pytest.mark.parametrize(
    ("body", "is_it"),
    [
        ({"event": {"customer": {"id": "7"}}}, True),
        ({"event": {"customer": [{"ID": 7}]}}, True),
        ({"event": {"href": "http://h/customer/7"}}, True),
        ({"event": {"customer": {"id": "77"}}}, False),
        ({"event": {"customer": {"name": "7"}}, "version": 7}, False),
        ({"event": [[["7"]]]}, False),
    ],
)
def test_notification_mentions_an_id(body: dict[str, Any], *, is_it: bool) -> None:
    assert note("X", body).mentions("7") is is_it
    assert not note("X", body).mentions("")


@given(st.binary(max_size=60), st.integers(100, 599))
def test_exchange_survives_the_bundle(body: bytes, status: int) -> None:
    made = post("create", status, body, sent=body).exchange(1, "probe", "createCustomer", "http://h")
    assert Exchange.from_json(made.to_json()) == made


@given(st.binary(max_size=60))
def test_notification_survives_the_bundle(body: bytes) -> None:
    made = Notification(1, 0.5, "/cb", "POST", (("A", "b"),), body)
    assert Notification.from_json(made.to_json()) == made


def exchange(answer: Any, **headers: str) -> Exchange:
    return post("create", 201, answer, headers=headers).exchange(1, "probe", "createCustomer", "http://h")
