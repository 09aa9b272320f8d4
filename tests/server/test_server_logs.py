"""What an operator reads: identifiers, access and audit lines, values that forge nothing."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import falcon.testing
import httpx
import pytest
import trustme
from server_bodies import customer

from patience import PATIENCE_SECONDS
from tmfkit_server.logs import LogFormat, event_log, log_handler
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.setting_values import proxy_networks

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
READER, USER = "key-of-a-reader-1", "key-of-a-user-001"


@pytest.fixture
def keys() -> list[str]:
    return ["--api-key", f"looker=reader:{READER}", "--api-key", f"billing=user:{USER}"]


def lines(capfd: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    read = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    return [each for each in read if each["event"] == event]


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        ({"X-Request-ID": "abc-123/x:4"}, "abc-123/x:4"),
        ({"X-Request-ID": "abc", "traceparent": PARENT}, "abc"),
        ({"traceparent": PARENT}, TRACE),
        ({"X-Request-ID": "a b", "traceparent": PARENT}, TRACE),
        ({"traceparent": f"01-{TRACE}-00f067aa0ba902b7-01-more"}, TRACE),
    ],
)
def test_identifier_is_taken_and_given_back(server_url: str, sent: dict[str, str], given: str) -> None:
    for path, status in ((CUSTOMER, 200), ("/nix", 404), (f"{CUSTOMER}/nix", 404)):
        answer = httpx.get(server_url + path, headers=sent)
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, given)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"X-Request-ID": "a" * 129},
        {"X-Request-ID": 'a"b'},
        {"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"},
        {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"},
    ],
)
def test_identifier_is_made_where_none_can_be_taken(server_url: str, sent: dict[str, str]) -> None:
    made = [httpx.get(server_url + CUSTOMER, headers=sent).headers["X-Request-ID"] for _ in range(2)]
    assert made[0] != made[1]
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in made)


def test_access_line_has_operation_status_time_and_name_of_the_key(
    start_server: Starter, keys: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*keys, "--access-log", "--log-format", "json") as url:
        answer = httpx.get(url + CUSTOMER, headers={"X-API-Key": READER})
    [line] = [each for each in lines(capfd, "access") if each["operation"]]
    assert 0 < line.pop("ms") < 60_000
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "access",
        "api": "tmf629-v4",
        "operation": "listCustomer",
        "method": "GET",
        "path": CUSTOMER,
        "status": 200,
        "key": "looker",
        "client": "127.0.0.1",
        "request_id": answer.headers["X-Request-ID"],
    }


def test_audit_has_writes_and_refusals_only(
    start_server: Starter, keys: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*keys, "--audit-log", "--log-format", "json") as url:
        made = httpx.post(url + CUSTOMER, json=customer(), headers={"X-API-Key": USER})
        httpx.get(url + CUSTOMER, headers={"X-API-Key": USER})
        httpx.post(url + CUSTOMER, json={}, headers={"X-API-Key": USER})
        httpx.post(url + CUSTOMER, json=customer(), headers={"X-API-Key": READER})
        httpx.get(url + CUSTOMER, headers={"X-API-Key": "unknown"})
    told = [
        (each["outcome"], each["operation"], each["status"], each["key"], each["made"])
        for each in lines(capfd, "audit")
    ]
    assert told == [
        ("done", "createCustomer", 201, "billing", made.headers["Location"]),
        ("failed", "createCustomer", 400, "billing", ""),
        ("refused", "createCustomer", 403, "looker", ""),
        ("refused", "listCustomer", 401, "", ""),
    ]


def test_neither_line_is_written_unless_asked_for(
    start_server: Starter, keys: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*keys, "--log-format", "json") as url:
        httpx.post(url + CUSTOMER, json=customer(), headers={"X-API-Key": USER})
    assert lines(capfd, "audit") == []


@pytest.mark.parametrize(
    ("proxies", "headers", "client"),
    [
        ([], {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1"),
        (["127.0.0.1"], {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, "203.0.113.9"),
        (["127.0.0.1", "10.0.0.0/8"], {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.7"}, "203.0.113.9"),
        (["127.0.0.1"], {"Forwarded": 'for="[2001:db8::7]:4711";proto=https'}, "2001:db8::7"),
        (["127.0.0.1"], {"X-Forwarded-For": "unknown"}, "127.0.0.1"),
        (["127.0.0.1"], {"Forwarded": 'for="1 status=200'}, "127.0.0.1"),
        (["127.0.0.1"], {"Forwarded": "for=10.9.9.9", "X-Forwarded-For": "203.0.113.9"}, "127.0.0.1"),
        (["127.0.0.1"], {}, "127.0.0.1"),
        (["10.0.0.0/8"], {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1"),
    ],
)
def test_client_is_the_one_behind_trusted_proxies(proxies: list[str], headers: dict[str, str], client: str) -> None:
    addresses = Addresses("", proxy_networks(proxies))
    req = falcon.testing.create_asgi_req(headers=headers, remote_addr="127.0.0.1")
    assert addresses.client_of(req) == client


def test_client_behind_a_proxy_is_named_and_has_a_limit_of_its_own(
    start_server: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--trusted-proxy", "127.0.0.1", "--address-rate-limit", "0.01", "--access-log", "--log-format", "json"]
    with start_server(*options) as url:
        clients = ["203.0.113.1", "203.0.113.2", "203.0.113.1"]
        answers = [httpx.get(url + CUSTOMER, headers={"X-Forwarded-For": each}).status_code for each in clients]
    assert answers == [200, 200, 429]
    assert [each["client"] for each in lines(capfd, "access") if each["path"] == CUSTOMER] == clients


def test_client_is_the_same_on_a_socket_for_both_kinds_of_addresses(
    start_server: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--host", "::", "--address-rate-limit", "0.01", "--access-log", "--log-format", "json"]
    with start_server(*options, "--api-key", f"user:{USER}") as url:
        for number in (1, 2):
            transport = httpx.HTTPTransport(local_address=f"127.0.0.{number}")
            with httpx.Client(transport=transport, headers={"X-API-Key": USER}) as client:
                there = url.replace("[::]", "127.0.0.1") + CUSTOMER
                assert [client.get(there).status_code for _ in range(2)] == [200, 429]
    told = [each["client"] for each in lines(capfd, "access") if each["path"] == CUSTOMER]
    assert told == ["127.0.0.1"] * 2 + ["127.0.0.2"] * 2


def test_what_an_admin_does_is_audited(start_server: Starter, capfd: pytest.CaptureFixture[str]) -> None:
    key = "key-of-an-admin-1"
    with start_server("--api-key", f"boss=admin:{key}", "--audit-log", "--log-format", "json") as url:
        httpx.post(f"{url}/admin/dead-letters/resend", headers={"X-API-Key": key}).raise_for_status()
        httpx.delete(f"{url}/admin/dead-letters/7", headers={"X-API-Key": key})
        httpx.get(f"{url}/admin/dead-letters", headers={"X-API-Key": key}).raise_for_status()
    told = [(each["outcome"], each["operation"], each["key"]) for each in lines(capfd, "audit")]
    assert told == [("done", "resendDeadLetters", "boss"), ("failed", "deleteDeadLetter", "boss")]


@pytest.mark.parametrize("form", ["text", "json"])
def test_value_that_no_text_can_have_is_written_all_the_same(form: LogFormat, capfdbinary: Any) -> None:
    event_log(form).info("access", key="\ud800\x9b31m\n", path="ü")
    [line] = capfdbinary.readouterr().err.splitlines()
    assert line.isascii()
    if form == "json":
        assert json.loads(line)["key"] == "\ud800\x9b31m\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_path_forges_no_line(start_server: Starter, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    forged = "2026-01-01T00:00:00Z ERROR forged"
    path = f"/a%0A{forged}%0D%1B[31m%E2%80%A8%22%20status=200".replace(" ", "%20")
    with start_server("--access-log", "--log-format", form) as url:
        capfd.readouterr()
        assert httpx.get(url + path).status_code == 404
    said = [line for line in capfd.readouterr().err.splitlines() if "forged" in line]
    assert len(said) == 1
    assert not said[0].startswith("2026-01-01")
    assert said[0].isprintable()
    if form == "text":
        assert said[0].count(" status=") == 2
        assert r'path="/a\n' in said[0]


def test_every_line_is_of_the_form_that_was_asked_for(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, authority, certificate, key = (tmp_path / name for name in ("keys", "ca.pem", "cert.pem", "key.pem"))
    keys.write_text(f"user:{USER}\n")
    keys.chmod(0o644)
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(str(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    issued = issuer.issue_cert("127.0.0.1", "0.0.0.0")
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    options = ["--api-key-file", str(keys), "--host", "0.0.0.0", "--tls-cert", str(certificate), "--tls-key", str(key)]
    context = ssl.create_default_context(cafile=authority)
    with (
        start_server(*options, "--access-log", "--log-format", "json") as url,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        head = f"POST {CUSTOMER} HTTP/1.1\r\nHost: a\r\nX-API-Key: {USER}\r\nContent-Length: 9\r\n"
        secured.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
        with suppress(OSError):
            secured.unwrap()
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [each["event"].partition(":")[0] for each in said if each["level"] == "warning"] == [
        f"--api-key-file {keys}",
        "--host 0.0.0.0 without --public-url",
    ]


def test_reason_why_the_application_cannot_be_made_is_one_event(tmp_path: Path) -> None:
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}
    environment["TMFKIT_OUTBOX"] = str(tmp_path)
    command = [sys.executable, "-m", "tmfkit_server.cli", "run", "--port", "0", "--log-format", "json"]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    said = [json.loads(line) for line in ended.stderr.splitlines()]
    [told] = [each for each in said if "exception" in each]
    assert (ended.returncode, told["event"]) == (3, "the application cannot be made")
    assert "max_queue_size" in told["exception"]


@pytest.fixture
def log() -> Iterator[Callable[[str], logging.Logger]]:
    logger = logging.getLogger("a log of these tests")

    def of(form: str) -> logging.Logger:
        logger.handlers = [log_handler(form)]  # type: ignore[arg-type]
        return logger

    yield of
    logger.handlers = []


def raising(text: str) -> None:
    raise ValueError(text)


def test_trace_is_set_in_below_its_line(
    log: Callable[[str], logging.Logger], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raising("one\n2026-01-01T00:00:00Z ERROR forged")
    except ValueError:
        log("text").exception("it failed at %s", "/a\nb")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith(r" ERROR it failed at /a\nb")
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_trace_is_a_value_in_json(log: Callable[[str], logging.Logger], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        int("one")
    except ValueError:
        log("json").exception("it failed")
    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]
