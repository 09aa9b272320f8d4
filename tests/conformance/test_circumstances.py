"""Under what circumstances a run was made: written into its bundle, shown on page one."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from library import library, report
from library_server import ADMIN, serving

from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof.provenance import differences, digests
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.circumstances import Circumstances
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

ABOUT: dict[str, Any] = {
    "started": "2026-05-01T23:58:07.120Z",
    "ended": "2026-05-02T00:01:00.000Z",
    "subject": "Shelf/Pro/2.1",
    "operator": "Ada",
    "settings": {
        **Settings("library-v1", base_url="http://x").to_json(),
        "verify_tls": False,
        "rate": 5.0,
        "credentials": ["bearer", "admin_headers X-Key"],
    },
    "digests": {"kit": "ab" * 32, "contract": "5f" * 32, "self_test": "cd" * 32, "jinja2": "3.1.6"},
}


def test_circumstances_stand_on_page_one() -> None:
    page = html_page(report(**ABOUT))
    first = page[: page.index('id="causes"')]
    for said in (
        "Shelf/Pro, version 2.1",
        "<dd>Ada</dd>",
        "2026-05-01 23:58:07 to 2026-05-02 00:01:00 UTC",
        "<code>verify_tls: false</code>",
        "<code>rate: 5.0</code>",
        "bearer, admin_headers X-Key",
        "ab" * 32,
        "cd" * 32,
    ):
        assert said in first
    assert "event_seconds" not in first


def test_run_that_was_told_nothing_shows_no_setting() -> None:
    told = {**ABOUT, "settings": Settings("library-v1", base_url="http://x").to_json()}
    it = report(**told).circumstances
    assert (it.settings, it.credentials) == ((), ())


def test_bundle_that_says_nothing_has_no_circumstances() -> None:
    it = Circumstances.of(report().bundle)
    assert (it.product, it.version, it.period, it.settings, it.digests) == ("", "", "", (), {})


def test_every_setting_is_recorded_and_credentials_by_name_only() -> None:
    secret = {"bearer": "s3cret-token", "headers": {"X-Tenant": "s3cret-tenant"}, "admin_headers": {"X-Key": "s3cret"}}
    settings = Settings("library-v1", base_url="http://x", bearer_command="").merged(secret)
    recorded = settings.to_json()
    assert "s3cret" not in json.dumps(recorded)
    assert recorded["credentials"] == ["bearer", "headers X-Tenant", "admin_headers X-Key"]
    shaping = {"verify_tls", "timeout_seconds", "event_seconds", "payloads", "values", "phases", "parallel", "subject"}
    assert shaping <= recorded.keys()


@pytest.mark.parametrize("subject", ["Shelf", "/2.1", "Shelf/", "Shelf/2\n"])
def test_subject_that_names_no_version_is_refused(subject: str) -> None:
    with pytest.raises(UsageError, match="subject"):
        Settings("library-v1", base_url="http://x", subject=subject)


def test_run_writes_down_when_it_was_made_and_with_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", lambda *_: library())
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    with serving() as url:
        arguments = ["run", "--api", "library-v1", "--base-url", url, "--report", str(tmp_path), "--phase", "register"]
        arguments += ["--event-timeout", str(PATIENCE_SECONDS), "--admin-header", f"Authorization: {ADMIN}"]
        assert main([*arguments, "--subject", "Shelf/2.1", "--operator", "Ada", "--bearer", "s3cret-token"]) == 0
    run = Bundle.read(tmp_path / "bundle.zip").run
    started, ended = (datetime.fromisoformat(run[name]) for name in ("started", "ended"))
    assert before <= started <= ended <= datetime.now(UTC)
    assert (run["subject"], run["operator"]) == ("Shelf/2.1", "Ada")
    assert run["settings"]["credentials"] == ["bearer", "admin_headers Authorization"]
    assert run["digests"] == digests(library())
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert b"s3cret" not in b"".join(archive.read(name) for name in archive.namelist())


def test_what_is_judged_with_otherwise_is_named() -> None:
    now = digests(library())
    assert differences(now, library()) == []
    assert differences({**now, "kit": "ab" * 32}, library()) == [f"kit {'ab' * 6} there, {now['kit'][:12]} here"]
    assert len(differences({}, library())) == len(now)
