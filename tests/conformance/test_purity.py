"""What importing the kit brings along: the contracts, and nothing else of the project."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tmfkit_conformance.cli import COMMANDS

COMMAND_LINE = ("tmfkit_conformance.cli", *(f"tmfkit_conformance.commands.{name}" for name in {*COMMANDS.values()}))


def loaded(*modules: str) -> set[str]:
    """Return the modules that a fresh interpreter has after importing *modules*."""
    script = f"import json, sys, {', '.join(modules)}; print(json.dumps(sorted(sys.modules)))"
    return set(json.loads(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout))


def test_command_line_loads_no_model_class_no_server_and_no_sdk() -> None:
    ours = {name for name in loaded(*COMMAND_LINE) if name.startswith("tmfkit_")}
    others = {name for name in ours if not name.startswith("tmfkit_conformance")}
    assert others == {"tmfkit_models", "tmfkit_models.contracts"}


@pytest.mark.parametrize("heavy", ["schemathesis", "hypothesis", "pydantic", "falcon"])
def test_command_line_loads_nothing_heavy_that_it_may_not_need(heavy: str) -> None:
    assert heavy not in loaded(*COMMAND_LINE)


def test_judging_needs_nothing_that_drives() -> None:
    modules = loaded("tmfkit_conformance.judge.engine")
    assert not {name for name in modules if name.startswith("tmfkit_conformance.drive")}
    assert not modules & {"httpx", "schemathesis", "http.server"}
