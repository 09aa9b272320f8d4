"""API keys: their forms, the command that makes one, and their revocation while the server runs."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from joserfc.jwk import RSAKey
from server_bodies import customer
from server_processes import parent, workers

from patience import PATIENCE_SECONDS
from tmfkit_server import cli
from tmfkit_server.api_keys import ApiKey, KeyFormError

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
KEY = "0123456789abcdef"
DIGEST = hashlib.sha256(KEY.encode())


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        (f"user:{KEY}", f"user-{DIGEST.hexdigest()[:8]}", "user"),
        (f"billing=user:{KEY}", "billing", "user"),
        (f"reader:sha256:{DIGEST.hexdigest()}", f"reader-{DIGEST.hexdigest()[:8]}", "reader"),
        (f"a.b@c-d_e=admin:sha256:{DIGEST.hexdigest().upper()}", "a.b@c-d_e", "admin"),
    ],
)
def test_key_is_read_as_such_or_as_its_digest(text: str, name: str, role: str) -> None:
    assert ApiKey.parse(text) == ApiKey(role, DIGEST.digest(), name)


def test_what_follows_the_first_colon_is_the_key() -> None:
    assert ApiKey.parse("user:ab=cd:ef=ghijklmn==") == ApiKey.of("user", "ab=cd:ef=ghijklmn==")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("user", "it is not of the form [NAME=]ROLE:KEY"),
        ("user:", "it is not of the form [NAME=]ROLE:KEY"),
        (f"root:{KEY}", "it is not of the form [NAME=]ROLE:KEY"),
        (f"a b=user:{KEY}", "it is not of the form [NAME=]ROLE:KEY"),
        (f"=user:{KEY}", "it is not of the form [NAME=]ROLE:KEY"),
        (f"user:{KEY[1:]}", "the key has fewer than 16 characters"),
        (f"user:{KEY}ü", "the key has blanks, or other characters than those of printable ASCII"),
        (f"user:{KEY} {KEY}", "the key has blanks, or other characters than those of printable ASCII"),
        (f"user:{KEY}\t", "the key has blanks, or other characters than those of printable ASCII"),
        ("user:sha256:abc", "what follows sha256: is not 64 hexadecimal digits"),
    ],
)
def test_other_texts_are_refused_and_not_quoted(text: str, why: str) -> None:
    with pytest.raises(KeyFormError) as caught:
        ApiKey.parse(text)
    assert str(caught.value) == why


def test_short_key_ends_the_start() -> None:
    result = CliRunner().invoke(cli.main, ["run", "--api-key", "user:short"])
    remedy = "Use a role of reader, user, admin, and a key that tmfkit-server key has made"
    assert result.exit_code == 2
    assert result.stderr == f"tmfkit-server: API key 1: the key has fewer than 16 characters. {remedy}.\n"


def test_command_makes_a_key_and_a_line_that_does_not_tell_it(start_server: Starter, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["key", "--role", "reader", "--name", "reports"])
    key, line = (each.split(maxsplit=1)[1] for each in result.stdout.splitlines())
    assert line.startswith("reports=reader:sha256:")
    assert key not in line
    file = tmp_path / "keys"
    file.write_text(f"# Of everybody.\n{line} # for reports\n")
    file.chmod(0o600)
    with start_server("--api-key-file", str(file)) as url:
        assert httpx.get(url + CUSTOMER, headers={"Authorization": f"Bearer {key}"}).status_code == 200
        assert httpx.get(url + CUSTOMER, headers={"X-API-Key": line.rpartition(":")[2]}).status_code == 401
        assert httpx.post(url + CUSTOMER, json=customer(), headers={"X-API-Key": key}).status_code == 403


def test_name_that_cannot_be_one_is_refused() -> None:
    assert CliRunner().invoke(cli.main, ["key", "--name", "a b"]).exit_code == 2


def await_worker_after(old: int, folder: Path) -> None:
    """Wait until another worker than *old* has the store."""
    until = time.monotonic() + PATIENCE_SECONDS
    while workers(folder) in ([], [old]) and time.monotonic() < until:
        time.sleep(0.05)


def said_after_hup(master: int, awaited: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Send HUP, and return what a server says until *awaited* is in it."""
    capfd.readouterr()
    os.kill(master, signal.SIGHUP)
    said, until = "", time.monotonic() + PATIENCE_SECONDS
    while awaited not in said and time.monotonic() < until:
        time.sleep(0.05)
        said += capfd.readouterr().err
    return said


def test_file_is_read_again_on_hup(start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys"

    def write(*names: str) -> None:
        file.write_text("".join(f"{name}=user:key-of-{name}-0123456789\n" for name in names))
        file.chmod(0o600)

    def status(name: str) -> int:
        return httpx.get(url + CUSTOMER, headers={"X-API-Key": f"key-of-{name}-0123456789"}).status_code

    write("old", "kept")
    with start_server("--api-key-file", str(file), "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        assert [status("old"), status("kept"), status("new")] == [200, 200, 401]
        [worker] = workers(tmp_path)
        write("new", "kept")
        os.kill(parent(worker), signal.SIGHUP)
        await_worker_after(worker, tmp_path)
        assert [status("old"), status("kept"), status("new")] == [401, 200, 200]
        [worker] = workers(tmp_path)
        file.write_text("nonsense\n" + file.read_text())
        said = said_after_hup(parent(worker), "stays as it was", capfd)
        assert [status("old"), status("kept"), status("new")] == [401, 200, 200]
        assert workers(tmp_path) == [worker]
    assert "everything stays as it was: API key 1: it is not of the form" in said


def test_last_key_of_a_file_can_be_taken_back(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"last=user:{KEY}\n")
    with start_server("--api-key-file", str(file), "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        for content in ("nonsense\n", "# nobody\n", ""):
            [worker] = workers(tmp_path)
            file.write_text(content)
            os.kill(parent(worker), signal.SIGHUP)
            await_worker_after(worker, tmp_path)
            assert [httpx.get(url + CUSTOMER, headers=headers).status_code for headers in ({"X-API-Key": KEY}, {})] == [
                401,
                401,
            ]
    said = capfd.readouterr().err
    assert "keys taken back: last; everything else stays as it was: API key 1: it is not of the form" in said
    assert KEY not in said


def test_key_that_was_taken_out_goes_although_another_file_cannot_be_used(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys, channels = tmp_path / "keys", tmp_path / "channels"
    keys.write_text(f"old=user:{KEY}\nless=admin:{KEY}-less\n")
    channels.write_text("")
    options = ["--api-key-file", str(keys), "--channel-file", str(channels)]
    with start_server(*options, "--store", f"tinydb:{tmp_path / 'a.db'}", "--api-key", f"user:{KEY}-kept") as url:
        [worker] = workers(tmp_path)
        keys.write_text(f"new=user:{KEY}-new\nless=reader:{KEY}-less\n")
        channels.write_text("nonsense\n")
        os.kill(parent(worker), signal.SIGHUP)
        await_worker_after(worker, tmp_path)
        sent = [KEY, f"{KEY}-less", f"{KEY}-new", f"{KEY}-kept"]
        assert [httpx.get(url + CUSTOMER, headers={"X-API-Key": key}).status_code for key in sent] == [
            401,
            401,
            401,
            200,
        ]
    assert "keys taken back: old, less; everything else stays as it was: " in capfd.readouterr().err


def test_file_without_keys_is_enough_where_there_are_other_credentials(start_server: Starter, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# nobody yet\n")
    with start_server("--api-key-file", str(file), "--api-key", f"user:{KEY}") as url:
        assert httpx.get(url + CUSTOMER, headers={"X-API-Key": KEY}).status_code == 200
        assert httpx.get(url + CUSTOMER).status_code == 401


def test_key_set_without_a_key_leaves_everything_as_it_was(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)]}))
    options = ["--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-jwks", f"file:{file}"]
    with start_server(*options, "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        [worker] = workers(tmp_path)
        file.write_text('{"keys":[]}')
        assert "stays as it was: --oidc-jwks" in said_after_hup(parent(worker), "stays as it was", capfd)
        assert (workers(tmp_path), httpx.get(url + CUSTOMER).status_code) == ([worker], 401)


def test_channels_that_cannot_be_leave_everything_as_it_was(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "channels"
    file.write_text("Email=json://127.0.0.1:9/?to={receiver}\n")
    with start_server("--channel-file", str(file), "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        [worker] = workers(tmp_path)
        file.write_text("Email=nonsense\n")
        said = said_after_hup(parent(worker), "stays as it was", capfd)
        assert "everything stays as it was: --channel Email" in said
        assert (workers(tmp_path), httpx.get(url + CUSTOMER).status_code) == ([worker], 200)
