"""The folder that reports go to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from library import report

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.folder import ReportFolder


def test_folder_is_made_and_gets_all_files(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    written = ReportFolder(folder).write(report())
    assert [path.name for path in written] == ["report.html", "report.json", "junit.xml", "summary.md", "bundle.zip"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)


def test_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (ReportFolder(tmp_path / name).write(report()) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_files_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    folder.write(report(seconds=9.0))
    folder.write(report(seconds=2.0))
    assert json.loads((tmp_path / "report.json").read_bytes())["seconds"] == 2.0


def test_files_of_an_earlier_run_are_gone_before_the_next_one_begins(tmp_path: Path) -> None:
    ReportFolder(tmp_path).write(report())
    (tmp_path / "notes.txt").touch()
    ReportFolder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_report_names_the_digest_of_the_bundle_beside_it(tmp_path: Path) -> None:
    ReportFolder(tmp_path).write(report())
    digest = hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest()
    assert json.loads((tmp_path / "report.json").read_bytes())["bundle_sha256"] == digest
    assert digest in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_bundle_holds_the_verdicts(tmp_path: Path) -> None:
    ReportFolder(tmp_path).write(report())
    assert Bundle.read(tmp_path / "bundle.zip").verdicts == report().bundle.verdicts


def test_folder_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        ReportFolder(tmp_path / "file" / "reports")
    assert caught.value.problem == "reports cannot be written there (Not a directory)"


def test_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UsageError, match="the reports could not be written"):
        folder.write(report())
