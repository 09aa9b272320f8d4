"""The recipes for pipelines: every command of the kit in them is executed, against the reference server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from patience import PATIENCE_SECONDS
from tmfkit_models import contracts

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
GIVEN = {
    "GITHUB_SHA": "0f1e2d3",
    "GITHUB_ACTOR": "ada",
    "CI_COMMIT_SHORT_SHA": "0f1e2d3",
    "GITLAB_USER_LOGIN": "ada",
}
"""What the pipelines themselves set."""

NOT_OURS = ("pip install ", "./start-it.sh")
"""Commands that stand for the reader's own means; every other one is executed."""


def recipe(name: str) -> Any:
    return yaml.safe_load((RECIPES / name).read_text(encoding="utf-8"))


def github() -> list[str]:
    [job] = recipe("github-actions.yml")["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def gitlab() -> list[str]:
    job = recipe("gitlab-ci.yml")["conformance"]
    return [*job["before_script"], *job["script"], *job["after_script"]]


@pytest.fixture
def pipeline(tmp_path: Path, server_url: str) -> dict[str, str]:
    """A folder with what the recipes expect in it, and their environment."""
    (tmp_path / "conformance.yaml").write_text(
        yaml.safe_dump(
            {"phases": ["register"], "event_seconds": PATIENCE_SECONDS, "timeout_seconds": PATIENCE_SECONDS}
        ),
        encoding="utf-8",
    )
    (tmp_path / "waivers.yaml").write_text("[]\n", encoding="utf-8")
    command = tmp_path / "bin" / "tmfkit-conformance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tmfkit_conformance.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    base_url = server_url + contracts.load("tmf629-v4").base_path
    path = f"{command.parent}:{os.environ['PATH']}"
    return {**os.environ, **GIVEN, "PATH": path, "BASE_URL": base_url, "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}


@pytest.mark.parametrize("commands", [github, gitlab])
def test_commands_of_a_recipe_do_what_it_says(commands: Any, pipeline: dict[str, str], tmp_path: Path) -> None:
    ours = [command for command in commands() if not command.startswith(NOT_OURS)]
    assert len(ours) == (3 if commands is github else 2)
    printed = ""
    for command in ours:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            check=False, capture_output=True, text=True, cwd=tmp_path, env=pipeline,
        )  # fmt: skip
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        printed += ended.stdout
    report = json.loads((tmp_path / "report" / "report.json").read_bytes())
    assert report["subject"] == {"product": "Acme CRM", "version": "0f1e2d3"}
    shown = (tmp_path / "page.md").read_text(encoding="utf-8") if commands is github else printed
    assert "## Conformant: TMF629 " in shown
    assert "Made anew, the same to the byte" in printed


def test_artifacts_of_the_recipes_are_files_of_a_report() -> None:
    job = recipe("gitlab-ci.yml")["conformance"]
    assert job["artifacts"]["reports"]["junit"] == "report/junit.xml"
    [uploads] = [
        step for step in recipe("github-actions.yml")["jobs"]["tmf629"]["steps"] if "upload" in step.get("uses", "")
    ]
    assert uploads["with"]["path"] == "report"
