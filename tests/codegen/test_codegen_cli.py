"""Exit statuses and last lines of ``tmfkit-codegen``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from tmfkit_codegen.cli import main


def test_lint_says_what_it_looked_at(specs: Path) -> None:
    done = CliRunner().invoke(main, ["lint", "--specs", str(specs)])
    assert (done.exit_code, done.output) == (0, "1 contracts and 76 requirements, no problem\n")


def test_problems_end_with_status_1(specs: Path, edit: Callable[[str, str, str], None]) -> None:
    edit("openapi.yaml", "examples: [2, 4]", "examples: [2, 9]")
    done = CliRunner().invoke(main, ["lint", "--specs", str(specs)])
    assert done.exit_code == 1
    assert "9 is greater than the maximum of 5" in done.stderr


def test_wrong_usage_ends_with_status_2() -> None:
    assert CliRunner().invoke(main, ["lint", "--specs", "/nowhere"]).exit_code == 2


def test_a_write_names_its_files_and_refuses_nothing_the_second_time(specs: Path, tmp_path: Path) -> None:
    arguments = ["write", "--specs", str(specs), "--output", str(tmp_path / "out")]
    first, second = (CliRunner().invoke(main, arguments) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert str(tmp_path / "out" / "MANIFEST.json") in first.output.splitlines()
    assert second.output == f"0 files written or removed below {tmp_path / 'out'}\n"
