"""Starting, stopping and guarding the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from server_bodies import full
from server_processes import parent, workers

from patience import PATIENCE_SECONDS
from tmfkit_models import contracts
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def guarded(start_server: Starter) -> Iterator[str]:
    """A server with keys, a public address and another base path."""
    options = [
        "--api-key",
        "user:key-of-a-user-01",
        "--api-key",
        "admin:key-of-an-admin-1",
        "--public-url",
        "https://api.example",
    ]
    with start_server(*options, "--base-path", "tmf655-v1=/changes", "--max-body-bytes", "20000") as url:
        yield url


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nix"}, 401),
        ({"Authorization": "Basic dTE6"}, 401),
        ({"X-API-Key": "nix"}, 401),
        ({"Authorization": "Bearer key-of-a-user-01"}, 200),
        ({"Authorization": "bearer key-of-an-admin-1"}, 200),
        ({"X-API-Key": "key-of-a-user-01"}, 200),
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
    user, admin = {"X-API-Key": "key-of-a-user-01"}, {"X-API-Key": "key-of-an-admin-1"}
    body = full(contracts.load("tmf655-v1"), "ChangeRequest_Create")
    made = httpx.post(f"{guarded}/changes/changeRequest", json=body, headers=user)
    assert made.headers["Location"].startswith("https://api.example/changes/changeRequest/")
    item = f"{guarded}/changes/changeRequest/{made.json()['id']}"
    assert httpx.delete(item).status_code == 401
    refused = httpx.delete(item, headers=user)
    assert (refused.status_code, refused.json()["message"]) == (403, "It takes the role admin.")
    assert httpx.get(item, headers=user).status_code == 200
    assert httpx.delete(item, headers=admin).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/admin/dead-letters", 200),
        ("HEAD", "/admin/dead-letters", 200),
        ("POST", "/admin/dead-letters/resend", 202),
        ("POST", "/admin/dead-letters/1/resend", 404),
        ("DELETE", "/admin/dead-letters/1", 404),
    ],
)
def test_dead_letters_are_for_admins(guarded: str, method: str, path: str, status: int) -> None:
    assert httpx.request(method, guarded + path).status_code == 401
    assert httpx.request(method, guarded + path, headers={"X-API-Key": "key-of-a-user-01"}).status_code == 403
    assert httpx.request(method, guarded + path, headers={"X-API-Key": "key-of-an-admin-1"}).status_code == status


def test_body_limit_is_a_setting(guarded: str) -> None:
    url = f"{guarded}/tmf-api/customerManagement/v4/customer"
    assert httpx.post(url, json={"name": "x" * 20_000}, headers={"X-API-Key": "key-of-a-user-01"}).status_code == 413


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0: without an API key only this machine may connect."
            " Give at least one --api-key [NAME=]ROLE:KEY, or listen on 127.0.0.1.",
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
            ["--store", "host=host password=secret"],
            "--store: there is no such store. Use memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE.",
        ),
        (
            ["--store", "tinydb:"],
            "--store tinydb:: there is no such store. Use memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE.",
        ),
        (
            ["--store", "postgresql://host/database?user_name=x"],
            'PostgreSQL: invalid URI query parameter: "user_name".'
            " Write the address as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        ),
        (
            ["--api-key", "x:y"],
            "API key 1: it is not of the form [NAME=]ROLE:KEY."
            " Use a role of reader, user, admin, and a key that tmfkit-server key has made.",
        ),
        (["--public-url", "x"], "--public-url x: it is no HTTP address. Give it as https://HOST."),
        (
            ["--base-path", "tmf681-v1=/customerManagement/"],
            "--base-path tmf681-v1=/customerManagement: tmf629-v1 has the same path. Give each API a path of its own.",
        ),
        (
            ["--base-path", "tmf681-v1=/health/live"],
            "--base-path tmf681-v1=/health/live: /health is the server's own. Choose another path.",
        ),
        (
            ["--base-path", "tmf681-v1=/admin"],
            "--base-path tmf681-v1=/admin: /admin is the server's own. Choose another path.",
        ),
        (
            ["--base-path", "tmf681-v1=/{x}"],
            "--base-path tmf681-v1=/{x}: it is no plain path. Use letters, digits and . _ ~ - between the slashes.",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_starts(options: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", *options], env={"TMFKIT_API_KEYS": ""})
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: {message}\n")


def test_unknown_api_in_a_base_path_is_refused_with_the_known_ones() -> None:
    result = CliRunner().invoke(cli.main, ["run", "--base-path", "nix=/x"])
    assert result.exit_code == 2
    assert "tmf681-v1" in result.stderr


def test_store_that_is_a_folder_or_in_none_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["run", "--store", f"tinydb:{tmp_path}"])
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: {tmp_path}: it is a folder. Name a file in it.\n")
    path = tmp_path / "nix" / "a.db"
    result = CliRunner().invoke(cli.main, ["run", "--store", f"tinydb:{path}"])
    assert (result.exit_code, result.stderr) == (
        2,
        f"tmfkit-server: {path}: its lock {path}.lock cannot be opened: No such file or directory."
        " Name a file in a folder that exists and that the server may write to.\n",
    )


def test_store_in_a_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser may write to every folder, so the answer of the system is made up.
    monkeypatch.setattr(os, "access", lambda place, _mode: place != tmp_path)
    result = CliRunner().invoke(cli.main, ["run", "--store", f"tinydb:{tmp_path / 'a.db'}"])
    assert (result.exit_code, result.stderr) == (
        2,
        f"tmfkit-server: {tmp_path / 'a.db'}: {tmp_path} may not be written to."
        " Look at its permissions and its disk.\n",
    )


def test_store_that_another_server_has_is_refused(start_server: Starter, tmp_path: Path) -> None:
    store = f"tinydb:{tmp_path / 'a.db'}"
    with start_server("--store", store):
        result = CliRunner().invoke(cli.main, ["run", "--port", "0", "--store", store])
        assert result.exit_code == 3
        assert "has it open, and a store of this kind belongs to one process" in result.stderr


def test_signals_for_more_and_for_new_workers_leave_one_that_serves(start_server: Starter, tmp_path: Path) -> None:
    with start_server("--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        body = {"name": "kept", "engagedParty": {"id": "1"}}
        made = httpx.post(f"{url}/tmf-api/customerManagement/v4/customer", json=body)
        [worker] = workers(tmp_path)
        master = parent(worker)
        os.kill(master, signal.SIGTTIN)
        os.kill(master, signal.SIGHUP)
        until = time.monotonic() + PATIENCE_SECONDS
        while workers(tmp_path) in ([], [worker]) and time.monotonic() < until:
            time.sleep(0.05)
        assert httpx.get(made.headers["Location"]).json() == made.json()
        [successor] = workers(tmp_path)
        assert successor != worker
        assert parent(successor) == master


def test_damaged_store_ends_the_server_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"something else" * 100)
    result = CliRunner().invoke(cli.main, ["run", "--store", f"tinydb:{path}"])
    assert (result.exit_code, result.stderr) == (
        3,
        f"tmfkit-server: {path}: it is damaged, or no store of this server: file is not a database."
        " It was left as it is. Start from a backup, or look at it with sqlite3's .recover.\n",
    )


def test_program_does_without_the_colours_that_libraries_import_where_they_are_installed() -> None:
    assert find_spec("rich")
    script = """
import sys
sys.argv = ["tmfkit-server", "--help"]
from tmfkit_server.entry import main
try:
    main()
finally:
    assert "structlog" in sys.modules
    print([name for name, module in sys.modules.items() if module and name.split(".")[0] in ("rich", "pygments")])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
