"""The commands that need no target."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from conformance_golden import assert_golden
from library import library, report

from tmfkit_conformance import cli as command_line
from tmfkit_conformance.cli import cli, main
from tmfkit_conformance.commands import evidence
from tmfkit_conformance.errors import TargetUnreachable
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.settings import CONFIG_SCHEMA, Settings, read_config
from tmfkit_models import contracts

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _one_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the made-up API be the only one, and the terminal always as wide."""

    def load(api: str) -> contracts.Contract:
        if api != "library-v1":
            raise contracts.ContractError(f"no API {api!r}; there are: library-v1")
        return library()

    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", load)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("TMFKIT_BEARER", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line; return its exit status, output and error output."""

    def run_it(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_it


@pytest.mark.parametrize("command", ["", *sorted(cli.commands)])
def test_help_is_as_agreed(run: Run, command: str) -> None:
    status, out, _ = run(*command.split(), "--help")
    assert status == 0
    assert_golden(f"help/{command or 'tmfkit-conformance'}.txt", out)


def test_version_is_that_of_the_distribution(run: Run) -> None:
    status, out, _ = run("--version")
    assert (status, out.startswith("tmfkit-conformance, version ")) == (0, True)


def test_list_names_the_apis(run: Run) -> None:
    assert run("list") == (
        0,
        "library-v1  LIB1 Library API Specification, release 1.0  11 must, 1 should, 1 may  /library/v1\n",
        "",
    )


def test_list_names_the_requirements_of_an_api(run: Run) -> None:
    status, out, _ = run(
        "list", "--api", "library-v1", "--kind", "status", "--kind", "header", "--level", "should", "--level", "must"
    )
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "LIB1-POST-001",
        "LIB1-POST-004",
        "LIB1-GET-001",
        "LIB1-GET-002",
        "LIB1-PATCH-002",
        "LIB1-DELETE-001",
    ]
    assert out.splitlines()[0] == "LIB1-POST-001    must    status  createBook    A create is answered with 201."


def test_list_by_level_needs_an_api(run: Run) -> None:
    status, _, err = run("list", "--level", "must")
    assert status == 2
    assert err.endswith("--level and --kind choose among the requirements of an API: give --api as well\n")


def test_plan_names_the_probe_of_every_row(run: Run) -> None:
    status, out, _ = run("plan", "--api", "library-v1")
    assert status == 0
    assert_golden("plan.txt", out)


@pytest.mark.parametrize("row", ["LIB1-PATCH-002", "LIB1-POST-003", "LIB1-EVENT-001", "LIB1-GEN-001", "LIB1-GET-002"])
def test_explain_says_everything_about_a_requirement(run: Run, row: str) -> None:
    status, out, _ = run("explain", row)
    assert status == 0
    assert_golden(f"explain/{row}.txt", out)


def test_explain_of_an_unknown_requirement_says_where_to_look(run: Run) -> None:
    assert run("explain", "X-1") == (
        2,
        "",
        "Error: X-1: no API has this requirement. `list --api ID` names those there are. [usage]\n",
    )


def test_unknown_api_is_wrong_usage_and_lists_those_there_are(run: Run) -> None:
    status, _, err = run("plan", "--api", "x")
    assert status == 2
    assert err.endswith("Error: Invalid value for '--api': no API 'x'; there are: library-v1\n")


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("run",), ("compare",), ("compare", "a"), ("list", "--kind", "x")]
)
def test_wrong_usage_is_exit_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_init_writes_a_configuration_and_never_overwrites_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kit.yaml"
    arguments = ("init", "--api", "library-v1", "--output", str(path))
    assert run(*arguments) == (0, f"Written: {path}\n", "")
    path.write_text("mine", encoding="utf-8")
    assert run(*arguments) == (
        2,
        "",
        f"Error: {path}: the file is there already. Give another --output, or --force. [usage]\n",
    )
    assert path.read_text(encoding="utf-8") == "mine"
    assert run(*arguments, "--force")[0] == 0
    assert path.read_text(encoding="utf-8") != "mine"


def test_init_says_that_every_phase_counts(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kit.yaml"
    run("init", "--api", "library-v1", "--output", str(path))
    assert "violates has failed as well: all of them count." in path.read_text().replace("\n# them", " them")


def test_init_names_its_file_after_the_api(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "--api", "library-v1") == (0, "Written: library-v1.yaml\n", "")
    assert read_config(tmp_path / "library-v1.yaml") == {"base_url": "http://localhost:8080/library/v1"}


def test_init_says_when_the_file_cannot_be_written(run: Run, tmp_path: Path) -> None:
    status, _, err = run("init", "--api", "library-v1", "--output", str(tmp_path / "no" / "kit.yaml"))
    assert (status, "cannot be written (No such file or directory)" in err) == (2, True)


def test_configuration_to_start_from_explains_every_setting(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kit.yaml"
    run("init", "--api", "library-v1", "--output", str(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    # Prose begins with "#" and one blank, a setting that is commented out with none (or with its indentation).
    uncommented = ("" if re.match(r"# \S", line) else line.removeprefix("#") for line in lines)
    path.write_text("\n".join(uncommented), encoding="utf-8")
    config = read_config(path)
    assert set(config) == set(CONFIG_SCHEMA["properties"])
    defaults = Settings("library-v1", base_url="http://localhost")
    assert [config[name] for name in ("timeout_seconds", "max_examples", "listener", "verify_tls", "allow_send")] == [
        defaults.timeout_seconds,
        defaults.max_examples,
        True,
        True,
        False,
    ]
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == config


def test_verify_says_when_verdicts_come_out_again(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = report()
    monkeypatch.setattr(evidence, "judge", lambda *_: made.judgement)
    made.bundle.write(tmp_path / "bundle.zip")
    assert run("verify", str(tmp_path / "bundle.zip")) == (
        0,
        "There is no report.json beside the bundle to compare its digest with, "
        f"sha256 {made.bundle.sha256}.\n"
        "13 recorded verdicts of library-v1 at http://library.example/library/v1: all computed again, none differs.\n",
        "",
    )


def test_verify_of_an_older_bundle_names_both_kits_and_what_that_one_could_not_say(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = report({"LIB1-POST-001": Outcome.SKIP}, kit_version="0.0.9", outcomes=["pass", "skip", "fail"])
    monkeypatch.setattr(evidence, "judge", lambda *_: report({"LIB1-POST-001": Outcome.BLOCKED}).judgement)
    older.bundle.write(tmp_path / "bundle.zip")
    status, out, _ = run("verify", str(tmp_path / "bundle.zip"))
    assert status == 0
    assert out.splitlines()[1:] == [
        f"The bundle was made with tmfkit 0.0.9; this is tmfkit {metadata.version('tmfkit')}.",
        "That kit had fewer outcomes, so that outcomes are compared and words are not.",
        "1 requirement blocked now, which that kit could not say: LIB1-POST-001.",
        "13 recorded verdicts of library-v1 at http://library.example/library/v1: all computed again, none differs.",
    ]


def test_verify_lists_what_differs_and_names_another_contract(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = report({"LIB1-POST-001": Outcome.FAIL}, contract_sha256="old")
    monkeypatch.setattr(evidence, "judge", lambda *_: report().judgement)
    changed.bundle.write(tmp_path / "bundle.zip")
    status, out, _ = run("verify", str(tmp_path / "bundle.zip"))
    assert status == 1
    assert out.splitlines()[1:] == [
        f"The bundle was made with contract old; this kit has {'5f' * 32}.",
        "LIB1-POST-001  fail -> pass",
        "13 recorded verdicts of library-v1 at http://library.example/library/v1: 1 differ.",
    ]


@pytest.mark.parametrize("option", [True, False], ids=["named", "beside"])
def test_verify_tells_another_bundle_from_the_one_that_the_report_was_made_with(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, option: bool
) -> None:
    made, edited = report(), report(seconds=9.0)
    monkeypatch.setattr(evidence, "judge", lambda *_: made.judgement)
    saved = tmp_path / ("saved.json" if option else "report.json")
    saved.write_text(json.dumps(made.to_json()), encoding="utf-8")
    arguments = ("verify", str(tmp_path / "bundle.zip"), *(("--report", str(saved)) if option else ()))
    made.bundle.write(tmp_path / "bundle.zip")
    status, out, _ = run(*arguments)
    digest = made.bundle.sha256
    assert (status, out.splitlines()[0]) == (0, f"The bundle is the one that {saved} was made with, sha256 {digest}.")
    edited.bundle.write(tmp_path / "bundle.zip")
    status, out, _ = run(*arguments)
    assert (status, out.splitlines()[0]) == (
        1,
        f"The bundle is not the one that {saved} was made with: sha256 {edited.bundle.sha256}, there {digest}.",
    )


def test_verify_refuses_what_is_no_bundle(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_text("no", encoding="utf-8")
    status, _, err = run("verify", str(tmp_path / "bundle.zip"))
    assert (status, "cannot be read as a bundle" in err) == (2, True)


def test_verify_refuses_a_bundle_of_an_api_that_this_kit_has_not(run: Run, tmp_path: Path) -> None:
    report(api="other-v1").bundle.write(tmp_path / "bundle.zip")
    status, _, err = run("verify", str(tmp_path / "bundle.zip"))
    assert (status, "no API 'other-v1'; there are: library-v1. Verify it with the kit that made it" in err) == (2, True)


def test_compare_shows_changes_side_by_side(run: Run, tmp_path: Path) -> None:
    for name, made in (("a", report()), ("b", report({"LIB1-POST-002": Outcome.PASS}))):
        (tmp_path / name).write_text(json.dumps(made.to_json()), encoding="utf-8")
    status, out, _ = run("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert status == 0
    assert out.splitlines() == [
        f"[1]  {tmp_path / 'a'}  not-conformant  5 causes  tmfkit 0.1.0  contract 5f5f5f5f5f5f",
        f"[2]  {tmp_path / 'b'}  not-conformant  4 causes  tmfkit 0.1.0  contract 5f5f5f5f5f5f",
        "",
        "               [1]   [2]",
        "LIB1-POST-002  fail  pass",
        "1 requirement with different verdicts.",
    ]
    assert run("compare", str(tmp_path / "a"), str(tmp_path / "a"))[1].endswith("\n\nNo verdict differs.\n")


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        pytest.param(
            TargetUnreachable("http://x", "no answer", "Start the server"),
            3,
            "Error: http://x: no answer. Start the server. [target-unreachable]\n",
            id="unreachable",
        ),
        pytest.param(KeyboardInterrupt(), 3, "\nInterrupted: no report was written.\n", id="interrupted"),
        pytest.param(
            RuntimeError("boom"),
            4,
            "RuntimeError: boom\nError: tmfkit-conformance: failed with RuntimeError. "
            "Report it with the lines above, the command and `--version`. [kit-defect]\n",
            id="defect",
        ),
    ],
)
def test_what_ends_a_command_early_has_its_exit_status(
    run: Run, monkeypatch: pytest.MonkeyPatch, raised: BaseException, status: int, message: str
) -> None:
    def fail(*_: object) -> contracts.Contract:
        raise raised

    monkeypatch.setattr(contracts, "load", fail)
    ended, _, err = run("plan", "--api", "library-v1")
    assert (ended, err.endswith(message)) == (status, True)


def test_module_can_be_run_and_ends_with_the_status() -> None:
    command = [sys.executable, "-m", "tmfkit_conformance.cli", "nonsense"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 2


def test_output_without_utf8_is_escaped_and_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(command_line.cli.commands["plan"], "callback", lambda **_: print("“ü”"))  # noqa: T201
    assert main(["plan", "--api", "library-v1"]) == 0
    sys.stdout.flush()
    assert raw.getvalue() == b"\\u201c\\xfc\\u201d\n"
