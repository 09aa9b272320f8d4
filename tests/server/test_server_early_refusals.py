"""Requests that the worker refuses before the application has them: named, seen and answered as all others."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from message_services import http_gateway
from server_bodies import message
from wire import BODY, CUSTOMER, HOST, connected, exchanged, post, told

from harness.process import free_port
from patience import PATIENCE_SECONDS

Starter = Callable[..., AbstractContextManager[str]]
ID = b"X-Request-ID: %s\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# Name → request, status, method, path.
REFUSED = {
    "host": (post(b"Host: a/b\r\n" + ID % b"host"), 400, "POST", CUSTOMER),
    "target": (post(HOST + ID % b"target", target="ftp://a/x"), 400, "POST", "ftp://a/x"),
    "field": (post(ID % b"field" + HOST + b"X: %s\r\n" % (b"x" * 9000)), 431, "POST", CUSTOMER),
    "coding": (post(HOST + ID % b"coding" + b"Transfer-Encoding: smoke\r\n"), 501, "POST", CUSTOMER),
    "chunk": (post(HOST + ID % b"chunk" + CHUNKED, b"zz\r\n"), 400, "POST", CUSTOMER),
    "late": (b"GET /a%20b?c HTTP/1.1\r\n" + ID % b"late", 408, "GET", "/a b"),
    "socket": (
        b"GET /x HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + HOST + ID % b"socket" + b"\r\n",
        400,
        "GET",
        "/x",
    ),
    "no-name": (post(b"Host: a/b\r\n" + ID % b'"'), 400, "POST", CUSTOMER),
    "no-path": (post(HOST + ID % b"no-path", target="/" + "x" * 9000), 414, "", ""),
    "no-byte": (b"", 408, "", ""),
    # The application has it, and says so itself.
    "later-chunk": (
        post(HOST + ID % b"later-chunk" + CHUNKED, b"%x\r\n%s" % (len(BODY) + 5, BODY)),
        408,
        "POST",
        CUSTOMER,
    ),
}


def test_refusal_of_the_worker_is_named_and_seen_once(start_server: Starter, capfd: pytest.CaptureFixture[str]) -> None:
    place = f"127.0.0.1:{free_port()}"
    options = ["--management", place, "--access-log", "--log-format", "json", "--header-timeout-seconds", "1"]
    with start_server(*options, "--body-timeout-seconds", "1") as url:
        given = {}
        for name, (request, status, _, _) in REFUSED.items():
            answered, headers, body = exchanged(url, request)
            assert (answered, json.loads(body)["status"]) == (status, str(status)), name
            assert headers["x-content-type-options"] == "nosniff"
            given[name] = headers["x-request-id"]
        assert exchanged(f"http://{place}", REFUSED["host"][0])[1]["x-request-id"] == "host"
        metrics = httpx.get(f"http://{place}/metrics")
    made = {"no-name", "no-path", "no-byte"}
    assert {name: given[name] for name in REFUSED.keys() - made} == {name: name for name in REFUSED.keys() - made}
    assert all(re.fullmatch(r"[0-9a-f]{32}", given[name]) for name in made)
    read = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    lines = [each for each in read if each["event"] == "access"]
    for name, (_, status, method, path) in REFUSED.items():
        found = [each for each in lines if each["request_id"] == given[name]]
        # One came to both addresses.
        assert len(found) == (2 if name == "host" else 1), name
        assert (found[0]["status"], found[0]["method"], found[0]["path"]) == (status, method, path)
        assert (found[0]["client"], 0 <= found[0]["ms"] < 60_000) == ("127.0.0.1", True)
    for status in {status for _, status, _, _ in REFUSED.values()} - {408}:
        count = sum(each["status"] == status for each in lines)
        assert (
            f'tmfkit_request_duration_seconds_count{{api="",operation="",status="{status}"}} {count:.1f}'
            in metrics.text
        )


def test_connection_for_which_there_is_no_room_is_seen(
    start_server: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    with http_gateway() as gateway:
        gateway.is_open.clear()
        options = ["--channel", f"SMS={gateway.url}", "--send-timeout-seconds", str(PATIENCE_SECONDS)]
        with start_server(*options, "--max-connections", "1", "--access-log", "--log-format", "json") as url:
            sends = f"{url}/communicationMessage/v1/communicationMessage/send"
            sending = threading.Thread(target=lambda: httpx.post(sends, json=message()))
            sending.start()
            while sending.is_alive() and not gateway.arrived:
                time.sleep(0.01)
            with connected(url) as connection:
                status, headers, _ = told(connection)
            gateway.is_open.set()
            sending.join()
    assert (status, headers["retry-after"], headers["x-content-type-options"]) == (503, "1", "nosniff")
    read = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [line] = [each for each in read if each.get("request_id") == headers["x-request-id"]]
    assert (line["event"], line["status"], line["method"], line["path"]) == ("access", 503, "", "")


def test_management_names_its_answers(start_server: Starter) -> None:
    place = f"127.0.0.1:{free_port()}"
    with start_server("--management", place):
        for path in ("/metrics", "/health/live", "/nix"):
            answer = httpx.get(f"http://{place}{path}", headers={"X-Request-ID": "mine"})
            assert (answer.headers["X-Request-ID"], answer.headers["X-Content-Type-Options"]) == ("mine", "nosniff")
