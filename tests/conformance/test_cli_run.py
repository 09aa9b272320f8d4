"""``run`` against a real server, and what it refuses before it begins."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from library import library
from library_server import ADMIN, serving

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main
from tmfkit_conformance.commands.options import given_settings, settings_for
from tmfkit_conformance.errors import UsageError
from tmfkit_models import contracts


@pytest.fixture(autouse=True)
def _one_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", lambda *_: library())
    monkeypatch.delenv("TMFKIT_BEARER", raising=False)


def run(url: str, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Run the register phase; return the exit status and the report."""
    status = main(
        [
            "run",
            "--api",
            "library-v1",
            "--base-url",
            url,
            "--report",
            str(folder),
            "--phase",
            "register",
            "--event-timeout",
            str(PATIENCE_SECONDS),
            *more,
        ]
    )
    return status, json.loads((folder / "report.json").read_bytes())


def test_right_server_is_conformant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as url:
        status, report = run(url, tmp_path, "--admin-header", f"Authorization: {ADMIN}")
    printed = capsys.readouterr()
    assert (status, report["verdict"], report["base_url"]) == (0, "conformant", url)
    assert re.match("CONFORMANT  library-v1 at http://127", printed.out)
    files = ", ".join(
        str(tmp_path / name) for name in ("report.html", "report.json", "junit.xml", "summary.md", "bundle.zip")
    )
    assert printed.out.splitlines()[-1] == f"Written: {files}"
    assert re.fullmatch(r"phase register: \d+ steps\n", printed.err)
    assert main(["verify", str(tmp_path / "bundle.zip")]) == 0


def test_broken_server_is_not_conformant_and_the_failure_is_named(tmp_path: Path) -> None:
    with serving(demands_title=False) as url:
        status, report = run(url, tmp_path, "--admin-header", f"Authorization: {ADMIN}")
    failed = [row["id"] for row in report["requirements"] if row["verdict"] == "fail"]
    assert (status, report["verdict"], failed) == (1, "not-conformant", ["LIB1-POST-002"])


def test_run_without_a_listener_is_incomplete(tmp_path: Path) -> None:
    with serving() as url:
        status, report = run(url, tmp_path, "--admin-header", f"Authorization: {ADMIN}", "--no-listener")
    skipped = [row["id"] for row in report["requirements"] if row["verdict"] == "skip"]
    assert (status, report["verdict"], skipped) == (1, "incomplete", ["LIB1-EVENT-001"])


def test_credentials_are_in_no_file_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMFKIT_BEARER", "s3cret-of-user")
    with serving() as url:
        run(url, tmp_path, "--admin-header", f"Authorization: {ADMIN}", "--header", "X-Key: s3cret-key")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        kept = b"".join(bundle.read(name) for name in bundle.namelist())
    written = kept + b"".join((tmp_path / name).read_bytes() for name in ("report.html", "report.json", "junit.xml"))
    assert [secret in written for secret in (b"s3cret", ADMIN.encode())] == [False, False]


def test_target_that_does_not_answer_is_exit_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/library/v1"
    status = main(["run", "--api", "library-v1", "--base-url", url, "--report", str(tmp_path)])
    assert (status, "[target-unreachable]" in capsys.readouterr().err) == (3, True)


def test_folder_is_checked_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    status = main(
        ["run", "--api", "library-v1", "--base-url", "http://127.0.0.1:1", "--report", str(tmp_path / "file")]
    )
    assert (status, "reports cannot be written there" in capsys.readouterr().err) == (2, True)


def test_options_win_over_the_configuration_and_headers_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "kit.yaml"
    path.write_text(
        "{base_url: http://config/, timeout_seconds: 3, max_examples: 7,"
        " headers: {A: from file, B: from file}, phases: [fuzzing]}",
        encoding="utf-8",
    )
    given = {
        "base_url": "http://localhost/v1/",
        "headers": ("B: from option", "C:  spaced: out "),
        "hub_urls": ("http://hub/a", "book=http://hub/b"),
        "timeout_seconds": 5.0,
        "phases": ("register",),
        "bearer": None,
        "admin_headers": (),
    }
    settings = settings_for(library(), config=path, given=given_settings(given))
    assert settings.base_url == "http://localhost/v1"
    assert settings.headers == {"A": "from file", "B": "from option", "C": "spaced: out"}
    assert settings.hub_urls == {"": "http://hub/a", "book": "http://hub/b"}
    assert (settings.timeout_seconds, settings.max_examples, settings.phases) == (5.0, 7, ("register",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {},
            "--base-url: the address of the API under test is missing."
            " Give --base-url URL, or base_url in the configuration. [usage]",
            id="no-address",
        ),
        pytest.param(
            {"base_url": "library:80"},
            "base_url: 'library:80' is not a base URL. Give http://HOST:PORT/PATH with no query. [usage]",
            id="no-url",
        ),
        pytest.param(
            {"base_url": "http://x", "headers": ("s3cret",)},
            "--header: there is no colon in it. Write it as 'Name: value'. [usage]",
            id="header-without-colon",
        ),
        pytest.param(
            {"base_url": "http://x", "admin_headers": ("A b: c",)},
            "admin_headers: 'A b' is not the name of a header. Write it as 'Name: value'. [usage]",
            id="header-name",
        ),
        pytest.param(
            {"base_url": "http://x", "headers": ("A: ü",)},
            "headers, A: the value has characters that no header can carry. Use printable ASCII characters. [usage]",
            id="header-value",
        ),
        pytest.param(
            {"base_url": "http://x", "bearer": "a\nb"},
            "bearer, Authorization: the value has characters that no header can carry."
            " Use printable ASCII characters. [usage]",
            id="bearer",
        ),
        pytest.param(
            {"base_url": "http://x", "hub_urls": ("shelf=http://hub",)},
            "hub_urls: library-v1 has no resource 'shelf'. Names that can stand there: book. [usage]",
            id="hub-of-no-resource",
        ),
        pytest.param(
            {"base_url": "http://x", "listener_bind": "8099"},
            "listener_bind: '8099' is not HOST:PORT. Write for example 127.0.0.1:8099. [usage]",
            id="listener",
        ),
    ],
)
def test_settings_that_no_run_can_be_made_with_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_for(library(), config=None, given=given_settings(given))
    assert str(caught.value) == message


@pytest.mark.parametrize("setting", ["payloads", "values"])
def test_configuration_about_a_resource_that_is_none_is_refused(tmp_path: Path, setting: str) -> None:
    path = tmp_path / "kit.json"
    path.write_text(json.dumps({"base_url": "http://x", setting: {"shelf": {}}}), encoding="utf-8")
    with pytest.raises(UsageError, match=f"{setting}: library-v1 has no resource 'shelf'"):
        settings_for(library(), config=path, given={})
