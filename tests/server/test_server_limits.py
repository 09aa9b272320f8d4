"""Limits of requests, pages of other origins, refused credentials, and what browsers are told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from click.testing import CliRunner
from falcon.testing import create_asgi_req
from server_bodies import customer

from patience import PATIENCE_SECONDS
from tmfkit_server import cli
from tmfkit_server.middleware.refusals import Refusals
from tmfkit_server.network import network_of
from tmfkit_server.rates import Rates
from tmfkit_server.request_ids import REQUEST_ID
from tmfkit_server.resources.endpoint import asker_of
from tmfkit_server.setting_values import origins

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
KEYS = ("key-of-one-client", "key-of-other-client")
ORIGIN = {"Origin": "https://app.example"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "PATCH"}


def test_rate_lets_a_second_s_worth_through_at_once_and_then_one_by_one() -> None:
    now = 100.0
    rates = Rates(4, clock=lambda: now)
    assert [rates.wait_seconds("a") for _ in range(5)] == pytest.approx([0, 0, 0, 0, 0.25])
    assert rates.wait_seconds("b") == 0
    now += 0.125
    assert rates.wait_seconds("a") == pytest.approx(0.125)
    now += 0.125
    assert [rates.wait_seconds("a"), rates.wait_seconds("a")] == pytest.approx([0, 0.25])
    now += 100
    assert [rates.wait_seconds("a") for _ in range(5)] == pytest.approx([0, 0, 0, 0, 0.25])


def test_rate_below_one_a_second_lets_one_through() -> None:
    now = 0.0
    rates = Rates(0.1, clock=lambda: now)
    assert [rates.wait_seconds("a"), rates.wait_seconds("a")] == pytest.approx([0, 10])
    now += 10
    assert rates.wait_seconds("a") == 0


def test_rate_knows_a_bounded_number() -> None:
    rates = Rates(1)
    for number in range(30_000):
        rates.wait_seconds(str(number))
    assert len(rates._over_at) == 10_000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix:", "unix:"),
    ],
)
def test_addresses_of_one_customer_count_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_slots_are_shared_out_among_credentials_or_else_among_networks() -> None:
    requests = [create_asgi_req(remote_addr=address) for address in ("2001:db8::1", "2001:db8::2", "192.0.2.1")]
    assert [asker_of(each) for each in requests] == ["2001:db8::/64", "2001:db8::/64", "192.0.2.1"]
    requests[0].context.caller = "digest-of-a-key"
    assert asker_of(requests[0]) == "digest-of-a-key"


def options(*more: str) -> list[str]:
    return [*(part for key in KEYS for part in ("--api-key", f"user:{key}")), *more]


def statuses(url: str, key: str, times: int) -> list[int]:
    return [httpx.get(url + CUSTOMER, headers={"X-API-Key": key}).status_code for _ in range(times)]


def test_credential_has_a_limit_of_its_own(start_server: Starter) -> None:
    with start_server(*options("--rate-limit", "0.02")) as url:
        assert statuses(url, KEYS[0], 2) == [200, 429]
        refused = httpx.post(url + CUSTOMER, json=customer(), headers={"X-API-Key": KEYS[0]})
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 50
        assert statuses(url, KEYS[1], 2) == [200, 429]
        assert statuses(url, "unknown", 3) == [401, 401, 401]


def test_address_has_a_limit_before_credentials_and_none_on_health(start_server: Starter) -> None:
    with start_server(*options("--address-rate-limit", "0.02")) as url:
        assert statuses(url, "unknown", 2) == [401, 429]
        assert statuses(url, KEYS[0], 1) == [429]
        assert {httpx.get(f"{url}/health/live").status_code for _ in range(5)} == {200}


def test_there_is_no_limit_unless_it_is_set(start_server: Starter) -> None:
    with start_server(*options()) as url:
        assert set(statuses(url, KEYS[0], 100)) == {200}


@pytest.fixture(scope="module")
def open_to_pages(start_server: Starter) -> Iterator[str]:
    """A server that pages of one origin may call."""
    with start_server(*options("--allow-origin", "https://app.example")) as url:
        yield url


def test_preflight_needs_no_key(open_to_pages: str) -> None:
    answer = httpx.options(open_to_pages + CUSTOMER, headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_page_reads_answers_and_refusals(open_to_pages: str) -> None:
    for key, status in ((KEYS[0], 200), ("unknown", 401)):
        answer = httpx.get(open_to_pages + CUSTOMER, headers={**ORIGIN, "X-API-Key": key})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "https://app.example")
        assert "X-Total-Count" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil.example", "null"])
def test_page_of_another_origin_reads_nothing(open_to_pages: str, origin: str) -> None:
    for method, headers in (("OPTIONS", PREFLIGHT), ("GET", {"X-API-Key": KEYS[0]})):
        answer = httpx.request(method, open_to_pages + CUSTOMER, headers={**headers, "Origin": origin})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["Vary"]


def test_every_origin_may_be_allowed(start_server: Starter) -> None:
    with start_server("--allow-origin", "*") as url:
        answer = httpx.get(url + CUSTOMER, headers=ORIGIN)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_without_the_setting_no_page_calls(server_url: str) -> None:
    for answer in (httpx.options(server_url + CUSTOMER, headers=PREFLIGHT), httpx.get(server_url + CUSTOMER)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", [CUSTOMER, "/nix", "/health/live"])
def test_answers_are_no_pages(server_url: str, path: str) -> None:
    headers = httpx.get(server_url + path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/json"


def test_refused_credentials_are_one_line_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        refusals = Refusals(every_seconds=0.05)
        for round_ in range(2):
            for _ in range(3):
                refusals.take("192.0.2.1")
            refusals.take(f"192.0.2.{7 + round_}")
            await asyncio.sleep(0.2)

    caplog.set_level(logging.WARNING)
    asyncio.run(scenario())
    line = "4 requests without a known credential within a minute, from 192.0.2.1 (3), 192.0.2."
    assert caplog.messages == [f"{line}7 (1)", f"{line}8 (1)"]


def test_refusals_are_of_no_request_and_told_of_at_the_end(
    start_server: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*options("--log-format", "json", "--audit-log", "--address-rate-limit", "0.01")) as url:
        asked = [("POST", CUSTOMER), ("PATCH", f"{CUSTOMER}/x"), ("GET", "/nix")]
        assert [httpx.request(method, url + path).status_code for method, path in asked] == [401, 429, 429]
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [told] = [each for each in said if "without a known credential" in each["event"]]
    assert "request_id" not in told
    assert [(each["api"], each["operation"], each["status"]) for each in said if each["event"] == "audit"] == [
        ("tmf629-v4", "createCustomer", 401),
        ("tmf629-v4", "patchCustomer", 429),
        ("", "", 429),
    ]


def test_context_of_a_request_is_not_that_of_refusals() -> None:
    seen: list[str] = []

    class Reader(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            seen.append(REQUEST_ID.get())

    async def scenario() -> None:
        REQUEST_ID.set("of-the-first")
        Refusals(every_seconds=0.01).take("192.0.2.1")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not seen:  # noqa: ASYNC110 - it is told in a call of the loop
                await asyncio.sleep(0.01)

    logger = logging.getLogger("tmfkit_server.middleware.refusals")
    handler = Reader()
    logger.addHandler(handler)
    try:
        asyncio.run(scenario())
    finally:
        logger.removeHandler(handler)
    assert seen == [""]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://App.Example:443", "https://app.example"),
        ("HTTP://app.example:80", "http://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("*", "*"),
    ],
)
def test_origin_is_compared_as_browsers_send_it(given: str, sent: str) -> None:
    assert origins([given]) == (sent,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--allow-origin", "app.example"], "--allow-origin app.example: it is no origin."),
        (["--allow-origin", "https://[::1"], "--allow-origin https://[::1: it is no origin."),
        (["--allow-origin", "https://a:b@c"], "--allow-origin https://a:b@c: it is no origin."),
        (["--allow-origin", "https://app.example/"], "--allow-origin https://app.example/: it is no origin."),
    ],
)
def test_origin_of_another_form_is_refused(given: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", *given])
    assert (result.exit_code, result.stderr[: len(message) + 15]) == (2, f"tmfkit-server: {message}")
