"""The server's pages: what they are, what they hold, and who may see what."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate
from server_bodies import customer

from patience import PATIENCE_SECONDS
from tmfkit_models import contracts
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]
USER, ADMIN = {"X-API-Key": "key-of-a-user-01"}, {"X-API-Key": "key-of-an-admin-1"}
CUSTOMERS = "/tmf-api/customerManagement/v4"
PAGES = ["/", "/admin", *(f"/docs/{api}" for api in contracts.apis())]


@pytest.fixture(scope="module", params=["memory", "postgres"])
def guarded(request: pytest.FixtureRequest, start_server: Starter, empty_store: Callable[[str], str]) -> Iterator[str]:
    """A server with keys and one base path of its own, on each store."""
    keys = [
        "--api-key",
        f"user:{USER['X-API-Key']}",
        "--api-key",
        f"admin:{ADMIN['X-API-Key']}",
        "--allow-callbacks",
        "127.0.0.1",
    ]
    with start_server("--store", empty_store(request.param), *keys, "--base-path", "tmf655-v1=/changes") as url:
        yield url


@pytest.mark.parametrize("path", PAGES)
def test_page_needs_no_key_and_runs_nothing_but_the_server_s_own(guarded: str, path: str) -> None:
    answer = httpx.get(guarded + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", answer.text)
    for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
        assert link.startswith("data:") or not re.match(r"[a-z]+:|/", link), "it would be wrong behind a prefix"
        if not link.startswith("data:"):
            assert httpx.get(httpx.URL(guarded + path).join(link)).status_code == 200, link


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/docs", 302),
        ("/docs/", 302),
        ("/openapi", 302),
        ("/docs/nix", 404),
        ("/docs/files/nix.js", 404),
        ("/openapi/nix.json", 404),
        ("/documents", 401),
        ("/openapi.json", 401),
        ("/admin/nix", 401),
    ],
)
def test_what_is_not_among_the_pages_is_said_without_a_key(guarded: str, path: str, status: int) -> None:
    answer = httpx.get(guarded + path)
    assert (answer.status_code, answer.headers.get("Location")) == (status, f"{guarded}/" if status == 302 else None)


def test_start_page_names_every_api_with_its_base_path(guarded: str) -> None:
    text = httpx.get(guarded).text
    for api in contracts.apis():
        base = "/changes" if api == "tmf655-v1" else contracts.load(api).base_path
        assert f'href="docs/{api}"' in text
        assert f"<code>{base}</code>" in text


@pytest.mark.parametrize("api", contracts.apis())
def test_document_is_valid_and_says_where_and_with_what(guarded: str, api: str) -> None:
    document = httpx.get(f"{guarded}/openapi/{api}.json").json()
    base = "/changes" if api == "tmf655-v1" else contracts.load(api).base_path
    assert document["servers"] == [{"url": f"..{base}"}]
    assert document["security"] == [{"key": []}, {"token": []}]
    validate(document)


def test_document_of_a_server_without_credentials_asks_for_none(server_url: str) -> None:
    document = httpx.get(f"{server_url}/openapi/tmf629-v4.json").json()
    assert document == {
        **contracts.load("tmf629-v4").openapi,
        "servers": [{"url": f"..{contracts.load('tmf629-v4').base_path}"}],
    }


def test_listeners_are_for_admins(guarded: str, listener: Any) -> None:
    path = f"{guarded}/admin/listeners"
    assert [httpx.get(path, headers=each).status_code for each in ({}, USER, ADMIN)] == [401, 403, 200]
    listener.status = 500
    made = httpx.post(f"{guarded}{CUSTOMERS}/hub", json={"callback": listener.url, "query": ""}, headers=USER).json()
    for _ in range(2):
        httpx.post(f"{guarded}{CUSTOMERS}/customer", json=customer(), headers=USER).raise_for_status()
    until, shown = time.monotonic() + PATIENCE_SECONDS, dict[str, Any]()
    while not shown.get("lastFailure") and time.monotonic() < until:
        answer = httpx.get(path, headers=ADMIN)
        assert answer.headers["X-Total-Count"] == str(len(answer.json()))
        [shown] = [each for each in answer.json() if each["id"] == made["id"]]
    expected = {"id": made["id"], "hub": "tmf629-v4:/hub", "callback": listener.url, "query": "", "waiting": 2}
    assert shown.pop("oldestQueuedAt").endswith("Z")
    # Whether what came of the first attempt is written down is chance.
    assert bool(shown.pop("attempts")) == bool(shown.pop("nextAttemptAt"))
    assert shown.pop("lastFailure") == "the listener answered 500 Internal Server Error"
    assert shown.pop("lastStatus") == 500
    assert shown.pop("lastFailedAt").endswith("Z")
    assert shown == expected
    assert httpx.delete(f"{guarded}{CUSTOMERS}/hub/{made['id']}", headers=USER).status_code == 204


@pytest.mark.parametrize("own", ["/docs", "/openapi/x"])
def test_base_path_hides_no_page(own: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", "--base-path", f"tmf681-v1={own}"])
    assert result.exit_code == 2
    assert "is the server's own. Choose another path." in result.stderr
