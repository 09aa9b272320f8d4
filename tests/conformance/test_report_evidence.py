"""Exchanges for reading, and the command that repeats one."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from library import BASE, exchange

from tmfkit_conformance.record.exchange import Notification
from tmfkit_conformance.report.evidence import BODY_LIMIT, ShownBody, curl, shown_exchange, shown_notification


def sent(body: bytes, **changed: Any) -> str:
    """Return the command for a request with this body."""
    made = exchange(7, "POST", "/book", 201, sent={})
    return curl(replace(made, request=replace(made.request, body=body, **changed)))


def answered(body: bytes) -> ShownBody:
    """Return how an answer with this body is shown."""
    made = exchange(7, "GET", "/book", 200)
    assert made.response is not None
    return shown_exchange(replace(made, response=replace(made.response, body=body))).response_body


def test_curl_line_repeats_the_request_without_its_credentials() -> None:
    assert curl(exchange(7, "POST", "/book", 201, sent={"title": "It's Emma"})) == (
        f"curl -i -X POST {BASE}/book \\\n"
        "  -H 'Accept: application/json' \\\n"
        "  -H 'Authorization: '\"$AUTHORIZATION\" \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        """  --data-binary '{"title":"It'"'"'s Emma"}'"""
    )


@pytest.mark.parametrize(
    ("method", "path", "begins"),
    [
        pytest.param("GET", "/book?filter=$[0]", f"curl --globoff -i -X GET '{BASE}/book?filter=$[0]'", id="brackets"),
        pytest.param("GET", "/book/../x", f"curl --path-as-is -i -X GET {BASE}/book/../x", id="dots"),
        pytest.param("HEAD", "/book", f"curl -I {BASE}/book", id="head"),
        pytest.param("GET", "/book?a=$(id);b", f"curl -i -X GET '{BASE}/book?a=$(id);b'", id="shell"),
    ],
)
def test_curl_line_keeps_the_address_as_it_was_sent(method: str, path: str, begins: str) -> None:
    assert curl(exchange(7, method, path, 200)).split(" \\\n")[0] == begins


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b'{"a":"\x00"}', id="control-character"),
        pytest.param(b"x" * (BODY_LIMIT + 1), id="too-long"),
        pytest.param(b"@/etc/passwd", id="name-of-a-file"),
    ],
)
def test_curl_line_reads_from_a_file_what_no_argument_can_hold(body: bytes) -> None:
    assert sent(body).endswith("--data-binary @request-7.bin")


def test_curl_line_sends_no_media_type_where_none_was_sent() -> None:
    assert shlex.split(sent(b"{}", headers=()).replace("\\\n", " "))[5:] == [
        "-H",
        "Content-Type:",
        "--data-binary",
        "{}",
    ]


def test_curl_line_leaves_out_what_curl_sets_and_keeps_empty_headers() -> None:
    headers = (("Host", "x"), ("Content-Length", "2"), ("X-Empty", ""))
    assert shlex.split(sent(b"", headers=headers).replace("\\\n", " "))[5:] == ["-H", "X-Empty;"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param(b'{"a":1}', ShownBody('{\n  "a": 1\n}', "indented for reading"), id="json"),
        pytest.param(b'{"a":1,"a":2}', ShownBody('{"a":1,"a":2}', ""), id="json-that-indenting-would-change"),
        pytest.param(b"<p>no</p>", ShownBody("<p>no</p>", ""), id="text"),
        pytest.param(b"", ShownBody("", ""), id="empty"),
        pytest.param(
            b"\xff\x00",
            ShownBody("ff 00", "not text: the first bytes of 2; the whole is in bundle.zip, exchange 7"),
            id="bytes",
        ),
        pytest.param(
            b"x" * 5000,
            ShownBody("x" * 4000 + "…", "the first 4,000 of 5,000 characters; the whole is in bundle.zip, exchange 7"),
            id="long",
        ),
    ],
)
def test_body_is_shown_legibly_and_says_what_was_done_to_it(body: bytes, shown: ShownBody) -> None:
    assert answered(body) == shown


def test_nesting_too_deep_to_read_is_shown_as_it_came() -> None:
    assert answered(b"[" * 3900).text == "[" * 3900


def test_exchange_without_an_answer_has_an_empty_answer() -> None:
    assert shown_exchange(exchange(7, "GET", "/book", 0, error="ReadTimeout")).response_body == ShownBody("", "")


def test_notification_says_where_its_whole_body_is() -> None:
    body = json.dumps({"text": "y" * 5000}).encode()
    shown = shown_notification(Notification(3, 0.5, "/cb", "POST", (), body))
    assert shown.body.note.endswith("the whole is in bundle.zip, notification 3")
