"""The words of a target, and the one member that it lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tmfkit_conformance.judge.losses import losses
from tmfkit_conformance.judge.target_words import is_telling, normalised, target_words
from tmfkit_conformance.record.exchange import Response

JSON = (("Content-Type", "application/json"),)
TOMCAT = (
    b"<!doctype html><html><head><title>HTTP Status 400</title><style>h1{}</style></head><body><h1>No name</h1></body>"
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"code": "22", "reason": "Bad", "message": "name is missing"}, "name is missing", id="tmf630"),
        pytest.param({"code": "22", "reason": "name is missing"}, "name is missing", id="tmf630-without-message"),
        pytest.param({"type": "about:blank", "title": "Bad Request", "detail": "no name"}, "no name", id="problem"),
        pytest.param(
            {"timestamp": "x", "status": 400, "error": "Bad Request", "message": "no name", "path": "/customer"},
            "no name",
            id="spring",
        ),
        pytest.param({"detail": [{"loc": ["body", "name"], "msg": "required"}]}, "body.name: required", id="fastapi"),
        pytest.param({"errors": [{"field": "name", "message": "required"}]}, "name: required", id="list"),
        pytest.param({"error": {"code": 7, "message": "no name"}}, "no name", id="nested"),
        pytest.param({"faultcode": "soap:Client", "faultstring": "no type"}, "no type", id="soap"),
        pytest.param({"error": "invalid_token", "error_description": "it expired"}, "it expired", id="oauth"),
        pytest.param(["no", "name"], "no", id="texts"),
        pytest.param({"a": 1}, "", id="nothing-said"),
    ],
)
def test_words_are_found_in_every_common_form(body: Any, words: str) -> None:
    assert target_words(Response(400, JSON, json.dumps(body).encode())) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (TOMCAT, "HTTP Status 400 – No name"),
        (b"no name\nat line 3", "no name"),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
    ids=["page", "text", "nothing", "octets"],
)
def test_words_of_what_is_no_json(body: bytes, words: str) -> None:
    assert target_words(Response(500, (), body)) == words


def test_long_words_are_cut() -> None:
    assert len(target_words(Response(500, (), b"x" * 900))) == 200


def test_ids_and_numbers_do_not_tell_words_apart() -> None:
    one = "no customer 7 (request 3f2b8c1e-0000-4000-8000-123456789abc) tmfkit-ab12cd34-9"
    other = "No customer 81 (request 9a2b8c1e-1111-4000-8000-cba987654321) tmfkit-00aa11bb-12"
    assert normalised(one) == normalised(other)
    assert normalised("no name") != normalised("no status")


def test_phrase_of_a_status_tells_nothing() -> None:
    assert [is_telling(words) for words in ("Bad Request", "Not found.", "", "name is missing")] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("sent", "got", "said"),
    [
        ({"a": {"b": 1, "c": "x"}}, {"a": {"c": "x"}}, ["/a/b was sent and is not there"]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}]}, ["/a was sent with 2 members and reads back with 1"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": "1"}]}, ["/a/*/b was sent as 1 and reads back as '1'"]),
        ({"a": 1, "b": 2}, {}, ["/a was sent and is not there", "/b was sent and is not there"]),
        ({"a": "2026-01-01T00:00:00Z"}, {"a": "2026-01-01T00:00:00.000+00:00"}, []),
        ({"a": None}, {}, []),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["/a reads back with its members in another order"]),
        ({"a": [{"b": 1}, {"b": 2, "c": 3}]}, {"a": [{"b": 2}, {"b": 1}]}, ["/a/*/c was sent and is not there"]),
        ({"a": [1, 1]}, {"a": [1, 2]}, ["/a/* was sent as 1 and reads back as 2"]),
    ],
)
def test_loss_names_the_member_and_not_the_whole(sent: Any, got: Any, said: list[str]) -> None:
    assert [str(loss) for loss in losses(sent, got)] == said


def test_what_became_of_a_member_is_told_apart() -> None:
    sent = {"cut": "a long text", "ascii": "Zoë", "flag": False, "count": 3, "at": "2026-01-01T00:00:00Z", "gone": "x"}
    got = {"cut": "a long", "ascii": "Zo?", "count": "3", "at": "2026-01-01T08:00:00Z"}
    assert {loss.pointer: loss.how for loss in losses(sent, got)} == {
        "/cut": "cut",
        "/ascii": "garbled",
        "/flag": "falsy",
        "/count": "text",
        "/at": "instant",
        "/gone": "absent",
    }
