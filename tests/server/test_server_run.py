"""Starting, stopping and guarding the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from click.testing import CliRunner
from server_bodies import full

from tmfkit_models import contracts
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def guarded(start_server: Starter) -> Iterator[str]:
    """A server with keys, a public address and another base path."""
    options = ["--api-key", "user:u1", "--api-key", "admin:a1", "--public-url", "https://api.example"]
    with start_server(*options, "--base-path", "tmf655-v1=/changes", "--max-body-bytes", "20000") as url:
        yield url


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nix"}, 401),
        ({"Authorization": "Basic dTE6"}, 401),
        ({"X-API-Key": "nix"}, 401),
        ({"Authorization": "Bearer u1"}, 200),
        ({"Authorization": "bearer a1"}, 200),
        ({"X-API-Key": "u1"}, 200),
    ],
)
def test_key_is_asked_for_everywhere(guarded: str, headers: dict[str, str], status: int) -> None:
    for path in ("/changes/changeRequest", "/tmf-api/customerManagement/v4/customer"):
        answer = httpx.get(guarded + path, headers=headers)
        assert answer.status_code == status
        if status == 401:
            assert (answer.headers["WWW-Authenticate"], answer.json()["code"]) == ("Bearer", "unauthenticated")


def test_unknown_paths_need_a_key_and_health_does_not(guarded: str) -> None:
    assert httpx.get(f"{guarded}/nix").status_code == 401
    assert httpx.get(f"{guarded}/health/live").json() == {"status": "up"}


def test_delete_of_a_change_request_is_for_admins(guarded: str) -> None:
    user, admin = {"X-API-Key": "u1"}, {"X-API-Key": "a1"}
    body = full(contracts.load("tmf655-v1"), "ChangeRequest_Create")
    made = httpx.post(f"{guarded}/changes/changeRequest", json=body, headers=user)
    assert made.headers["Location"].startswith("https://api.example/changes/changeRequest/")
    item = f"{guarded}/changes/changeRequest/{made.json()['id']}"
    assert httpx.delete(item).status_code == 401
    refused = httpx.delete(item, headers=user)
    assert (refused.status_code, refused.json()["message"]) == (403, "It takes the role admin.")
    assert httpx.get(item, headers=user).status_code == 200
    assert httpx.delete(item, headers=admin).status_code == 204


def test_body_limit_is_a_setting(guarded: str) -> None:
    url = f"{guarded}/tmf-api/customerManagement/v4/customer"
    assert httpx.post(url, json={"name": "x" * 20_000}, headers={"X-API-Key": "u1"}).status_code == 413


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0: without an API key only this machine may connect."
            " Give at least one --api-key ROLE:KEY, or listen on 127.0.0.1.",
        ),
        (
            ["--workers", "2"],
            "--workers 2: the store 'memory:' belongs to one process. Use --workers 1, or a store on PostgreSQL.",
        ),
        (
            ["--store", "mongodb://user:secret@host"],
            "--store mongodb:: there is no such store. Use memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE.",
        ),
        (
            ["--store", "tinydb:"],
            "--store tinydb:: there is no such store. Use memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE.",
        ),
        (["--api-key", "x:y"], "API key with role 'x': it is not of the form ROLE:KEY. Use a role of user, admin."),
        (["--public-url", "x"], "--public-url x: it is no HTTP address. Give it as https://HOST."),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_starts(options: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", *options], env={"TMFKIT_API_KEYS": ""})
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: {message}\n")


def test_unknown_api_in_a_base_path_is_refused_with_the_known_ones() -> None:
    result = CliRunner().invoke(cli.main, ["run", "--base-path", "nix=/x"])
    assert result.exit_code == 2
    assert "tmf681-v1" in result.stderr
