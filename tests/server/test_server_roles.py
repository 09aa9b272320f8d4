"""Credentials: where they come from, and what each role may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from server_bodies import customer, full

from tmfkit_models import contracts
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]

READER, USER, ADMIN = ({"X-API-Key": key} for key in ("key-of-a-reader-1", "key-of-a-user-01", "key-of-an-admin-1"))
CUSTOMERS = "/tmf-api/customerManagement/v4"
CHANGES = "/changeManagement/changeRequest"
KEYS = "# who may read\nreader:key-of-a-reader-1\n\n  user:key-of-a-user-01  \n"


@pytest.fixture(scope="module", params=["memory", "postgres"])
def guarded(
    request: pytest.FixtureRequest,
    start_server: Starter,
    empty_store: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A server with a reader and a user from a file, and an admin from the command line, on each store."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(KEYS)
    file.chmod(0o600)
    options = ["--api-key-file", str(file), "--api-key", "admin:key-of-an-admin-1"]
    with start_server("--store", empty_store(request.param), *options) as url:
        yield url


def test_reader_reads_and_changes_nothing(guarded: str) -> None:
    collection = f"{guarded}{CUSTOMERS}/customer"
    made = httpx.post(collection, json=customer(), headers=USER).json()
    for url in (collection, made["href"]):
        assert httpx.get(url, headers=READER).status_code == 200
        assert httpx.head(url, headers=READER).status_code == 200
        assert httpx.options(url, headers=READER).status_code == 200
    hub = {"callback": "http://listener.example/"}
    for method, url, body in (
        ("POST", collection, customer()),
        ("PATCH", made["href"], {"name": "b"}),
        ("DELETE", made["href"], None),
        ("POST", f"{guarded}{CUSTOMERS}/hub", hub),
        ("DELETE", f"{guarded}{CUSTOMERS}/hub/x", None),
        ("PUT", f"{guarded}/customerManagement/customer/x", {"name": "b"}),
        ("POST", f"{guarded}/communicationMessage/v1/communicationMessage/send", {}),
    ):
        refused = httpx.request(method, url, json=body, headers=READER)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), url
        assert refused.json()["message"] == "It takes the role user or admin."
    assert httpx.get(made["href"], headers=USER).json() == made
    assert httpx.delete(f"{guarded}{CUSTOMERS}/hub/x", headers=USER).status_code == 404


def test_what_no_role_could_do_is_answered_as_ever(guarded: str) -> None:
    assert httpx.put(f"{guarded}{CUSTOMERS}/customer/x", json={}, headers=READER).status_code == 405
    assert httpx.get(f"{guarded}/nix", headers=READER).status_code == 404


@pytest.mark.parametrize("spelling", ["changeRequest", "ChangeRequest"])
def test_change_request_is_deleted_by_admins_only(guarded: str, spelling: str) -> None:
    body = full(contracts.load("tmf655-v1"), "ChangeRequest_Create")
    made = httpx.post(f"{guarded}{CHANGES}", json=body, headers=USER).json()
    item = f"{guarded}/changeManagement/{spelling}/{made['id']}"
    for headers in (READER, USER):
        refused = httpx.delete(item, headers=headers)
        assert (refused.status_code, refused.json()["message"]) == (403, "It takes the role admin.")
    assert httpx.get(item, headers=READER).json() == made
    assert httpx.delete(item, headers=ADMIN).status_code == 204
    assert httpx.get(item, headers=READER).status_code == 404


def _run(*options: object) -> tuple[int, str]:
    """Have the settings checked; a store that cannot be keeps the server from starting."""
    arguments = ["run", "--store", "tinydb:/", *map(str, options)]
    result = CliRunner().invoke(cli.main, arguments, env={"TMFKIT_API_KEYS": ""})
    return result.exit_code, result.stderr


def test_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEYS)
    file.chmod(0o640)
    warning = f" WARNING --api-key-file {file}: others can get at it. Set its mode to 600.\n"
    assert warning in _run("--api-key-file", file)[1]
    file.chmod(0o600)
    assert warning not in _run("--api-key-file", file)[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it cannot be read (FileNotFoundError). Name a text file."),
        (b"\xff", "it cannot be read (UnicodeDecodeError). Name a text file."),
        (b"# nobody\n", "there is no key in it. Write one [NAME=]ROLE:KEY a line."),
    ],
)
def test_file_without_keys_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    assert _run("--api-key-file", file) == (2, f"tmfkit-server: --api-key-file {file}: {message}\n")


def test_malformed_keys_are_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("secret\n")
    file.chmod(0o600)
    remedy = "Use a role of reader, user, admin, and a key that tmfkit-server key has made"
    assert _run("--api-key-file", file) == (
        2,
        f"tmfkit-server: API key 1: it is not of the form [NAME=]ROLE:KEY. {remedy}.\n",
    )
    both = _run("--api-key", "user:secret-secret-secret", "--api-key", "admin:secret-secret-secret")
    assert both == (
        2,
        "tmfkit-server: API keys with roles user and admin: they are the same key. Give each role a key of its own.\n",
    )
