"""Settings: where they come from, what is said of them, and what keeps a server from starting."""

from __future__ import annotations

import base64
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tmfkit_server import cli
from tmfkit_server.settings import run_options


def run(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(cli.main, [str(each) for each in arguments], env={"TMFKIT_API_KEYS": "", **environment})


def shown(result: Result) -> dict[str, tuple[str, str]]:
    """Return key → value and origin."""
    assert result.exit_code == 0, result.stderr
    found = re.findall(r"^(?:# )?(\S+) = (.*)  # (.*)$", result.stdout, re.MULTILINE)
    return {key: (value, origin) for key, value, origin in found}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(
        'port = 81\nmax-body-bytes = 82\npage-limit = 83\nallow-callbacks = ["10.0.0.0/8", "10.1.0.0/16"]\n'
    )
    return path


def test_flag_overrules_environment_overrules_file_overrules_default(file: Path) -> None:
    result = shown(run("settings", "--config", file, "--port", 91, TMFKIT_PORT="92", TMFKIT_MAX_BODY_BYTES="93"))
    assert result["port"] == ("91", "flag")
    assert result["max-body-bytes"] == ("93", "TMFKIT_MAX_BODY_BYTES")
    assert result["page-limit"] == ("83", str(file))
    assert result["allow-callbacks"] == ('["10.0.0.0/8", "10.1.0.0/16"]', str(file))
    assert result["host"] == ('"127.0.0.1"', "default")


def test_file_may_be_named_in_the_environment(file: Path) -> None:
    assert shown(run("settings", TMFKIT_CONFIG=str(file)))["port"] == ("81", str(file))


def test_every_setting_is_shown_and_no_secret(tmp_path: Path) -> None:
    secret = "whsec_" + base64.b64encode(b"hidden" * 5).decode()
    secrets = ["--api-key", "user:hidden-hidden-hidden", "--callback-secret", secret]
    store = "postgresql://me:hidden@db.example/x"
    result = run("settings", *secrets, "--store", store)
    assert shown(result).keys() == {each.key for each in run_options()}
    assert "hidden" not in result.stdout
    assert secret not in result.stdout
    assert shown(result)["store"] == ("postgresql://db.example/x", "flag")
    assert "# store = " in result.stdout


def test_what_is_shown_is_a_file_of_the_same_settings(file: Path, tmp_path: Path) -> None:
    quoted = [
        "--outbox",
        str(tmp_path / 'a "b" ü'),
        "--access-log",
        "--allow-callback-port",
        "25",
        "--rate-limit",
        "1.5",
    ]
    first = run("settings", "--config", file, *quoted)
    again = tmp_path / "again.toml"
    again.write_text(first.stdout, encoding="utf-8")
    second = run("settings", "--config", again)
    assert {key: value for key, (value, _) in shown(second).items()} == {
        key: value for key, (value, _) in shown(first).items()
    }
    assert shown(second)["allow-callback-port"] == ("[25]", str(again))


def test_everything_that_cannot_be_is_shown_beside_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('page-limit = true\nprot = 1\nhost = "127.0.0.2"\n')
    bad = ["--port", "70000", "--store", "mongodb://me:hidden@x", "--allow-origin", "b", "--oidc-issuer", "https://x"]
    result = run("settings", "--config", path, *bad, "--api-key", "hidden")
    said = result.stdout.splitlines()
    assert result.exit_code == 2
    assert f"# {path}: prot: there is no such setting. tmfkit-server settings lists them all." in said
    for line in (
        f"# page-limit: {path}: page-limit: its value is of the wrong type. Give it one text or number.  # default",
        "# port: 70000 is not in the range 0<=x<=65535.  # flag",
        "# store: --store mongodb:: there is no such store. Use ",
        "# allow-origin: --allow-origin b: it is no origin. Give it as https://HOST, without a path.  # flag",
        "# oidc-audience: --oidc-audience: without one, tokens for other services would be taken. ",
        "# api-key: API key 1: it is not of the form [NAME=]ROLE:KEY. ",
        f'host = "127.0.0.2"  # {path}',
        "max-body-bytes = 1048576  # default",
    ):
        assert any(each.startswith(line) for each in said), line
    wrong = ["allow-origin", "api-key", "oidc-audience", "page-limit", "port", "prot", "store"]
    told = re.fullmatch(r"tmfkit-server: settings: these cannot be honoured: (.*)\. See .*\n", result.stderr)
    assert told is not None
    assert sorted(told[1].split(", ")) == wrong
    assert "hidden" not in result.stdout + result.stderr


def test_what_a_file_turned_on_can_be_turned_off(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text("access-log = true\naudit-log = true\n")
    result = shown(run("settings", "--config", path, "--no-access-log"))
    assert (result["access-log"], result["audit-log"]) == (("false", "flag"), ("true", str(path)))


def test_every_setting_has_a_flag_a_variable_and_a_heading() -> None:
    for option in run_options():
        assert option.opts == [f"--{option.key}"]
        assert str(option.envvar).startswith("TMFKIT_")
        assert option.group != "Others", option.key
    text = run("run", "--help").stdout
    for option in run_options():
        assert f"--{option.key}" in text
        assert (str(option.help).split()[0] in text) or option.is_rare
    assert "Longest text of a message" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prot = 1", "prot: there is no such setting. tmfkit-server settings lists them all."),
        ("port = true", "port: its value is of the wrong type. Give it one text or number."),
        ("keep-card-numbers = 1", "keep-card-numbers: its value is of the wrong type. Give it true or false."),
        (
            'allow-callbacks = "10.0.0.0/8"',
            "allow-callbacks: its value is of the wrong type. Give it a list of texts or numbers.",
        ),
    ],
)
def test_file_with_what_cannot_be_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(content)
    result = run("run", "--config", path)
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: {path}: {message}\n")


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    result = run("check", "--config", tmp_path / "nix")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tmfkit-server: --config {tmp_path / 'nix'}: it cannot be read")
    (tmp_path / "bad").write_text("port 80")
    assert "it is no TOML" in run("check", "--config", tmp_path / "bad").stderr


def test_value_of_a_file_is_held_against_the_bounds_of_its_setting(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text("port = 70000")
    result = run("run", "--config", path)
    assert result.exit_code == 2
    assert "'--port'" in result.stderr


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_number_without_an_end_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(f"rate-limit = {value}\nkeep-alive-seconds = {value}")
    result = run("check", "--config", path)
    assert result.exit_code == 2
    assert "is no finite number" in result.stderr or "is not in the range" in result.stderr


def test_check_tries_settings_and_store_and_changes_nothing(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "a.db"
    result = run("check", "--store", f"tinydb:{path}")
    assert result.stdout == "settings: as they should be\nstore: there is none yet, and one can be made\n"
    assert not path.exists()
    for _ in range(2):
        result = run("check", "--store", postgres_url)
        assert re.search(
            r"^store: it answers; a start will make [1-9]\d* steps of its schema$", result.stdout, re.MULTILINE
        )
    assert run("check", "--store", f"tinydb:{tmp_path}").exit_code == 2
    away = run("check", "--store", "postgresql://127.0.0.1:1/x")
    assert (away.exit_code, away.stderr[:27]) == (3, "tmfkit-server: PostgreSQL: ")


def test_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("run", "--port", port)
    message = "another process listens there. End it, or choose another port."
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: 127.0.0.1:{port}: {message}\n")


def test_address_of_another_machine_is_one_line() -> None:
    result = run("run", "--host", "192.0.2.1", "--api-key", "user:0123456789abcdef")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "the server cannot listen there" in result.stderr


def test_everything_that_is_wrong_with_settings_is_told_at_once() -> None:
    wrong = ["--callback-secret", "x", "--store", "bogus:"]
    between = ["--host", "0.0.0.0", "--workers", "2", "--public-url", "x", "--management", "127.0.0.1:8080"]
    for arguments, told in ((wrong, ["--callback-secret", "--store bogus:"]), (between, between[::2])):
        for command in ("run", "check"):
            result = run(command, *arguments)
            assert result.exit_code == 2
            lines = result.stderr.splitlines()
            assert len(lines) >= len(told)
            assert all(any(line.startswith(f"tmfkit-server: {each}") for line in lines) for each in told), lines
            assert all(line.startswith("tmfkit-server: --") for line in lines)
