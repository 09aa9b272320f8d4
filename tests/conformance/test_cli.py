"""The commands that need no target."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conformance_golden import assert_golden
from library import library, report

from tmfkit_conformance.cli import COMMANDS, main
from tmfkit_conformance.commands import register
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


@pytest.mark.parametrize("command", ["", *sorted(COMMANDS)])
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
    monkeypatch.setattr(register.plan_command, "callback", lambda **_: print("“ü”"))  # noqa: T201
    assert main(["plan", "--api", "library-v1"]) == 0
    sys.stdout.flush()
    assert raw.getvalue() == b"\\u201c\\xfc\\u201d\n"


def test_a_command_loads_nothing_of_another() -> None:
    code = "import sys; from tmfkit_conformance.cli import main; main(['run', '--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "tmfkit_conformance.commands.run" in loaded
    assert not {f"tmfkit_conformance.selftest.{name}" for name in ("catalogue", "breaks", "hosting")} & {*loaded}


def test_a_name_that_is_nearly_that_of_a_command_is_answered_with_it(run: Run) -> None:
    status, _, err = run("veriffy")
    assert (status, "Did you mean" in err, "verify" in err) == (2, True, True)
