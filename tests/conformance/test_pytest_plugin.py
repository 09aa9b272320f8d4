"""The pytest plugin, as somebody uses it: another pytest, against a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from library import report
from library_server import ADMIN, serving

from patience import PATIENCE_SECONDS
from tmfkit_conformance.judge.verdict import Cause
from tmfkit_conformance.pytest_plugin.items import standings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# The made-up API stands in for those that the kit has.
CONFTEST = """\
import sys
sys.path[:0] = {paths!r}
from library import library
from tmfkit_models import contracts
contracts.load = lambda *_: library()
"""


def run(folder: Path, url: str, *more: str, admin: bool = True) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin in a folder without tests."""
    (folder / "conftest.py").write_text(CONFTEST.format(paths=[str(HERE), str(ROOT / "tests")]), encoding="utf-8")
    config = {"event_seconds": PATIENCE_SECONDS, "timeout_seconds": PATIENCE_SECONDS}
    told = {**config, **({"admin_headers": {"Authorization": ADMIN}} if admin else {})}
    (folder / "kit.json").write_text(json.dumps(told), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tmfkit_conformance.pytest_plugin", "-p", "no:cacheprovider", "-v"]
    command += ["--tmfkit-api", "library-v1", "--tmfkit-config", "kit.json", "--tmfkit-phase", "register", "-rs"]
    command += ["--tmfkit-base-url", url] if url else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TMFKIT_"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run([*command, *more], check=False, capture_output=True, text=True, cwd=folder, env=environment)


def counted(ended: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|skipped)", ended.stdout.splitlines()[-1])}  # fmt: skip


def test_every_row_is_a_test_and_so_is_the_verdict(tmp_path: Path) -> None:
    with serving() as url:
        ended = run(tmp_path, url, "--tmfkit-report", "report")
    assert ended.returncode == 0, ended.stdout
    assert counted(ended) == {"passed": 13, "skipped": 1}
    assert "LIB1-POST-002 PASSED" in ended.stdout
    assert "CONFORMANT  library-v1 at http://127.0.0.1:" in ended.stdout
    assert json.loads((tmp_path / "report" / "report.json").read_bytes())["verdict"] == "conformant"


def test_cause_is_one_failure_with_everything_that_it_brought_about(tmp_path: Path) -> None:
    with serving(demands_title=False) as url:
        ended = run(tmp_path, url, "--junit-xml", "out.xml")
    assert (ended.returncode, counted(ended)["failed"]) == (1, 1)
    assert "1 row, 1 must: A body without a mandatory attribute is answered 201" in ended.stdout
    assert "Traceback" not in ended.stdout
    suite = ET.parse(tmp_path / "out.xml").find("testsuite")
    assert suite is not None
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0")


def test_of_several_musts_that_one_cause_has_failed_one_fails_and_names_the_others() -> None:
    made = report()
    rows = ("LIB1-GET-002", "LIB1-POST-002", "LIB1-POST-004")
    cause = Cause("Nothing is refused", "target", "Look at exchange 3", rows[0], rows, "must", is_failure=True)
    found = standings(replace(made, judgement=replace(made.judgement, causes=(cause,))))
    assert [found[row].outcome for row in rows] == ["fail", "skip", "skip"]
    assert found[rows[0]].words.startswith("3 rows, 2 musts: Nothing is refused\n")
    assert found[rows[0]].words.endswith("The same cause: LIB1-POST-002, LIB1-POST-004")
    assert found[rows[1]].words == "failed by the cause that LIB1-GET-002 tells"
    assert found["LIB1-EVENT-001"].outcome == "fail"


def test_run_that_could_not_check_everything_is_not_green(tmp_path: Path) -> None:
    with serving() as url:
        ended = run(tmp_path, url, admin=False)
    assert ended.returncode == 1
    assert "Incomplete. No must failed, and " in ended.stdout


def test_rows_can_be_chosen_like_any_test(tmp_path: Path) -> None:
    with serving() as url:
        ended = run(tmp_path, url, "-k", "POST")
    assert (ended.returncode, counted(ended)["passed"]) == (0, 4)


def test_nothing_is_sent_where_tests_are_only_collected(tmp_path: Path) -> None:
    ended = run(tmp_path, "http://127.0.0.1:1/library/v1", "--collect-only")
    assert (ended.returncode, "LIB1-POST-001" in ended.stdout) == (0, True)


@pytest.mark.parametrize(
    ("url", "more", "status", "said"),
    [
        pytest.param("", (), 4, "--base-url: the address of the API under test is missing", id="no-address"),
        pytest.param("http://127.0.0.1:1/x", ("--tmfkit-phase", "x"), 4, "there is no phase 'x'", id="phase"),
        pytest.param("http://127.0.0.1:1/x", (), 3, "[target-unreachable]", id="nobody-there"),
    ],
)
def test_what_no_run_can_be_made_with_is_said(
    tmp_path: Path, url: str, more: tuple[str, ...], status: int, said: str
) -> None:
    ended = run(tmp_path, url, *more)
    assert (ended.returncode, said in ended.stdout + ended.stderr) == (status, True)


def test_plugin_is_an_entry_point_and_imports_nothing_of_the_kit_before_it_is_asked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"tmfkit": "tmfkit_conformance.pytest_plugin"}
    code = "import sys, tmfkit_conformance.pytest_plugin; print(sorted(m for m in sys.modules if 'tmfkit' in m))"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "['tmfkit_conformance', 'tmfkit_conformance.pytest_plugin']"
