"""Settings: every wrong one is refused with where, what and a remedy, and none gives a secret away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.commands.options import given_settings, settings_for
from tmfkit_conformance.drive.client import Client, Recorder
from tmfkit_conformance.drive.tls import tls_context
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.settings import CONFIG_SCHEMA, OAUTH_SECRET, Settings, read_config
from tmfkit_models import contracts

URL = "http://127.0.0.1:8080/api"
SECRET = "s3cret-t0ken"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "kit.yaml"


@pytest.mark.parametrize(
    ("wrong", "where", "problem"),
    [
        ({"base_url": ""}, "base_url", "'' is not a base URL"),
        ({"base_url": "host/path"}, "base_url", "'host/path' is not a base URL"),
        ({"base_url": "ftp://h/"}, "base_url", "'ftp://h/' is not a base URL"),
        ({"base_url": "http://"}, "base_url", "'http://' is not a base URL"),
        ({"base_url": "http://h:0/"}, "base_url", "'http://h:0/' is not a base URL"),
        ({"base_url": "http://h:x/"}, "base_url", "'http://h:x/' is not a base URL"),
        ({"base_url": "http://[::1/"}, "base_url", "'http://[::1/' is not a base URL"),
        ({"base_url": "http://h/a b"}, "base_url", "'http://h/a b' is not a base URL"),
        ({"base_url": "http://h/\n"}, "base_url", r"'http://h/\n' is not a base URL"),
        ({"base_url": "http://h/#x"}, "base_url", "'http://h/#x' is not a base URL"),
        ({"base_url": f"http://h/?key={SECRET}"}, "base_url", "'http://h/' is not a base URL"),
        ({"base_url": f"http://me:{SECRET}@h/"}, "base_url", "there are credentials in the URL"),
        ({"base_url": f"http://me:{SECRET}@[h/"}, "base_url", "there are credentials in the URL"),
        ({"base_url": f"me:{SECRET}@h?x=1"}, "base_url", "there are credentials in the URL"),
        ({"hub_urls": {"": "hub"}}, "hub_urls", "'hub' is not a base URL"),
        ({"hub_urls": {"customer": "hub"}}, "hub_urls.customer", "'hub' is not a base URL"),
        ({"listener_url": "kit"}, "listener_url", "'kit' is not a base URL"),
        ({"listener_bind": "8099"}, "listener_bind", "'8099' is not HOST:PORT"),
        ({"listener_bind": "h:70000"}, "listener_bind", "'h:70000' is not HOST:PORT"),
        (
            {"listener_bind": "0.0.0.0:8099"},
            "listener_bind",
            "0.0.0.0 is every address of this machine, and the target needs one that it can call",
        ),
        ({"timeout_seconds": 0}, "timeout_seconds", "0 is no wait between 0 and 3600 seconds"),
        ({"timeout_seconds": float("inf")}, "timeout_seconds", "inf is no wait between 0 and 3600 seconds"),
        ({"event_seconds": float("nan")}, "event_seconds", "nan is no wait between 0 and 3600 seconds"),
        ({"event_seconds": 1e300}, "event_seconds", "1e+300 is no wait between 0 and 3600 seconds"),
        ({"ca_file": "no.pem"}, "ca_file", "there is no file 'no.pem'"),
        ({"client_certificate": "."}, "client_certificate", "there is no file '.'"),
        ({"client_key": "no.pem"}, "client_key", "there is no certificate that it is the key of"),
        ({"headers": {"a b": "c"}}, "headers", "'a b' is not the name of a header"),
        ({"headers": {"A": f"{SECRET}\r\nB: c"}}, "headers, A", "the value has characters that no header can carry"),
        ({"admin_headers": {"A": f"{SECRET}ä"}}, "admin_headers, A", "the value has characters that no header can carry"),
        ({"bearer": f"{SECRET}\n"}, "bearer, Authorization", "the value has characters that no header can carry"),
    ],
)  # fmt: skip
def test_wrong_setting_is_refused(wrong: dict[str, Any], where: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        Settings(**{"api": "tmf629-v4", "base_url": URL, **wrong})
    assert (raised.value.where, raised.value.problem) == (where, problem)
    assert raised.value.remedy
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "right",
    [
        {"base_url": "https://[::1]:8443/a/b"},
        {"base_url": "http://h"},
        {"listener_bind": "0.0.0.0:8099", "listener_url": "http://kit.example:8099"},
        {"listener_bind": "localhost:0"},
        {"timeout_seconds": 0.001, "event_seconds": 3600},
        {"headers": {"X-Empty": ""}},
    ],
)
def test_right_setting_is_taken(right: dict[str, Any]) -> None:
    settings = Settings(**{"api": "tmf629-v4", "base_url": URL, **right})
    assert all(getattr(settings, name) == value for name, value in right.items())


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        pytest.param("[]: x: y", "", "is no YAML (line 1, column 6)", id="no-yaml"),
        pytest.param(f"bearer: {SECRET}: x", "", "is no YAML (line 1, column 21)", id="quotes-nothing"),
        pytest.param(f"bearer: {SECRET}\x00", "", "is no YAML (ReaderError)", id="control-character"),
        pytest.param("a: !!python/object/apply:os.getcwd []", "", "is no YAML (line 1, column 4)", id="python-object"),
        pytest.param("[" * 3000, "", "is no YAML (RecursionError)", id="bottomless"),
        pytest.param("headers: &a {x: *a}", "", "has names that are no texts, or a part that holds itself", id="recursive"),
        pytest.param("payloads: {customer: {1: x}}", "", "has names that are no texts, or a part that holds itself", id="number-for-a-name"),
        pytest.param("event_seconds: .nan", "", "has names that are no texts, or a part that holds itself", id="not-a-number"),
        pytest.param("- a", ", the whole file", 'a value is not of type "object"', id="list"),
        pytest.param(f"headers: {SECRET}", ", headers", 'a value is not of type "object"', id="text-for-headers"),
        pytest.param("headers:", ", headers", 'a value is not of type "object"', id="null-for-headers"),
        pytest.param(f"headers: {{A: [{SECRET}]}}", ", headers/A", 'a value is not of type "string"', id="list-for-a-header"),
        pytest.param("bearer: 12345", ", bearer", 'a value is not of type "string"', id="number-for-a-token"),
        pytest.param("timeout_seconds: 0", ", timeout_seconds", "a value is less than or equal to the minimum of 0", id="no-time"),
        pytest.param("timeout_seconds: 9999", ", timeout_seconds", "a value is greater than the maximum of 3600.0", id="too-much-time"),
        pytest.param("phases: []", ", phases", "a value has less than 1 item", id="no-phase"),
        pytest.param("values: {customer: {/name: []}}", ", values/customer//name", "a value has less than 1 item", id="no-value"),
        pytest.param("colour: red", ", the whole file", "Additional properties are not allowed ('colour' was unexpected)", id="unknown-name"),
    ],
)  # fmt: skip
def test_wrong_configuration_is_refused(config: Path, text: str, where: str, problem: str) -> None:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_config(config)
    assert (raised.value.where, raised.value.problem) == (f"{config}{where}", problem)
    assert raised.value.remedy
    assert SECRET not in str(raised.value)


def test_file_that_is_not_there_or_no_text_is_refused(config: Path) -> None:
    for path in (config, config.parent):
        with pytest.raises(UsageError, match="cannot be read"):
            read_config(path)
    config.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(UsageError, match="cannot be read"):
        read_config(config)


def test_date_in_a_configuration_is_the_text_that_is_sent(config: Path) -> None:
    config.write_text("payloads: {customer: {day: 2020-05-01, instant: 2020-05-01T10:00:00Z, wrong: 2020-13-45}}")
    assert read_config(config)["payloads"]["customer"] == {
        "day": "2020-05-01",
        "instant": "2020-05-01T10:00:00Z",
        "wrong": "2020-13-45",
    }


def test_empty_configuration_says_nothing(config: Path) -> None:
    config.write_text("# nothing\n")
    assert read_config(config) == {}


def test_configuration_takes_every_setting_and_no_other() -> None:
    assert set(CONFIG_SCHEMA["properties"]) == set(Settings.__dataclass_fields__) - {"api"}


def test_options_win_over_the_configuration_and_headers_are_merged(config: Path) -> None:
    config.write_text(
        yaml.safe_dump({"base_url": URL, "headers": {"A": "1", "B": "1"}, "phases": ["register"], "bearer": SECRET})
    )
    given = given_settings({"headers": ("B: 2",), "base_url": "http://localhost:1/", "phases": (), "bearer": None})
    settings = settings_for(contracts.load("tmf629-v4"), config=config, given=given)
    assert settings.base_url == "http://localhost:1"
    assert settings.headers == {"A": "1", "B": "2"}
    assert settings.phases == ("register",)
    assert settings.bearer == SECRET


def test_what_is_recorded_of_settings_holds_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OAUTH_SECRET, SECRET)
    hidden = "wZ-hidden-9"
    settings = Settings(
        "tmf629-v4",
        "http://h",
        oauth_client_id="kit",
        oauth_token_url=f"https://login.example/token?client_key={hidden}",
        payloads={
            "customer": {"apiKey": hidden, "extension": [{"clientSecret": hidden, "colour": "blue"}], "tenant": "acme"}
        },
        values={"customer": {"/extension/*/password": [hidden], "/accessToken": [hidden], "/name": ["Ada", "Bob"]}},
    )
    plain = settings.to_json()
    assert hidden not in json.dumps(plain)
    assert plain["oauth_token_url"] == "https://login.example/token?(not recorded)"
    assert plain["payloads"]["customer"] == {
        "apiKey": BLOTTED,
        "extension": [{"clientSecret": BLOTTED, "colour": "blue"}],
        "tenant": "acme",
    }
    assert plain["values"]["customer"]["/name"] == ["Ada", "Bob"]
    assert hidden not in json.dumps([settings.shown_payloads, settings.shown_values])
    assert replace(settings, oauth_token_url="https://h/t").to_json()["oauth_token_url"] == "https://h/t"


def test_secrets_are_the_credentials_and_nothing_else() -> None:
    settings = Settings(
        "tmf629-v4",
        URL,
        headers={"Authorization": f"Basic {SECRET}", "Accept": "application/json", "X-Tenant": "north"},
        admin_headers={"X-Admin": "admin-key"},
        bearer="bearer-token",
    )
    assert settings.secrets == {SECRET, "admin-key", "bearer-token"}
    assert settings.secret_headers >= {"authorization", "x-tenant", "x-admin", "x-api-key", "cookie"}
    assert "accept" not in settings.secret_headers


@pytest.mark.parametrize(
    ("given", "admin", "sent"),
    [
        pytest.param({"bearer": "t"}, False, {"Authorization": "Bearer t"}, id="bearer"),
        pytest.param(
            {"bearer": "t", "headers": {"authorization": "x"}}, False, {"authorization": "x"}, id="header-wins"
        ),
        pytest.param(
            {"headers": {"Authorization": "user", "X-T": "1"}, "admin_headers": {"AUTHORIZATION": "admin"}},
            True,
            {"AUTHORIZATION": "admin", "X-T": "1"},
            id="admin-wins",
        ),
        pytest.param({"headers": {"A": "user"}, "admin_headers": {"A": "admin"}}, False, {"A": "user"}, id="user"),
    ],
)
def test_one_credential_is_sent_and_never_two(given: dict[str, Any], admin: bool, sent: dict[str, str]) -> None:
    settings = Settings("tmf629-v4", URL, **given)
    client = Client(settings, Recorder(frozenset(), lambda: 0.0))
    assert client.credentials(admin=admin) == sent
    client.close()


def test_files_that_are_no_certificates_are_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    cases: tuple[dict[str, Any], ...] = ({"ca_file": str(junk)}, {"client_certificate": str(junk)})
    for wrong in cases:
        with pytest.raises(UsageError) as raised:
            tls_context(Settings("tmf629-v4", URL, **wrong))
        assert raised.value.where == "the TLS files"
