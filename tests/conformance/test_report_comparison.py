"""Reports beside each other, as one page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from library import HOSTILE, report

from tmfkit_conformance.cli import main
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.comparison import comparison_page, development
from tmfkit_conformance.report.differences import SavedReport


def saved(folder: Path, changed: dict[str, Outcome] | None = None, **run: Any) -> SavedReport:
    folder.mkdir()
    path = folder / "report.json"
    path.write_text(json.dumps(report(changed, **run).to_json()), encoding="utf-8")
    return SavedReport.read(path)


def section(page: str, name: str) -> str:
    found = re.search(rf'<details id="{name}".*?</details>', page, re.DOTALL)
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("pass", "fail"), "broken"),
        (("pass", "pass-with-remark", "fail"), "broken"),
        (("fail", "pass"), "fixed"),
        (("skip", "pass", "pass-with-remark"), "fixed"),
        (("fail", "pass", "fail"), "changed"),
        (("pass", "skip"), "changed"),
        (("(none)", "pass"), "changed"),
        (("fail", "fail"), "unchanged"),
    ],
)
def test_row_is_fixed_broken_changed_or_unchanged(verdicts: tuple[str, ...], said: str) -> None:
    assert development(verdicts) == said


def test_page_shows_what_was_fixed_and_what_broke(tmp_path: Path) -> None:
    before = saved(tmp_path / "a", subject="Shelf/2.0", started="2026-05-01T10:00:00Z")
    after = saved(tmp_path / "b", {"LIB1-POST-002": Outcome.PASS, "LIB1-GET-001": Outcome.FAIL}, subject="Shelf/2.1")
    page = comparison_page([before, after])
    assert "1. Shelf 2.0, 2026-05-01" in page
    assert "2. Shelf 2.1" in page
    assert ["LIB1-POST-002" in section(page, name) for name in ("fixed", "broken", "unchanged")] == [True, False, False]
    assert ["LIB1-GET-001" in section(page, name) for name in ("fixed", "broken", "unchanged")] == [False, True, False]
    assert section(page, "unchanged").count("<code>") == 11
    assert "%" not in page[page.index("<body>") :]


def test_page_is_safe_whatever_a_report_says(tmp_path: Path) -> None:
    page = comparison_page([saved(tmp_path / "a", base_url=HOSTILE), saved(tmp_path / "b")])
    assert [part in page for part in ("<script", "\x1b", "\x00", "\u202e")] == [False] * 4


def test_command_takes_folders_and_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "a")
    saved(tmp_path / "b", {"LIB1-POST-002": Outcome.PASS})
    page = tmp_path / "page.html"
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--html", str(page)]) == 0
    assert capsys.readouterr().out.endswith(f"1 requirement with different verdicts.\nWritten: {page}\n")
    assert "LIB1-POST-002" in page.read_text(encoding="utf-8")
