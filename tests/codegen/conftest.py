"""The made-up sixth API as the only folder of a project of its own, to be broken by tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tmfkit_codegen.generate import generate
from tmfkit_codegen.inputs import Inputs, read_inputs
from tmfkit_codegen.tree import Tree

ROOT = Path(__file__).parents[2]
SIXTH = ROOT / "tests" / "data" / "specs" / "sixth-v1"

Edit = Callable[[str, str, str], None]


def laid_out(folder: Path) -> Path:
    """Copy the sixth API and what all APIs share to ``specs`` below *folder*."""
    specs = folder / "specs"
    shutil.copytree(SIXTH, specs / "sixth-v1")
    shutil.copytree(ROOT / "specs" / "common", specs / "common")
    for shared in [*(ROOT / "specs").glob("*.schema.json"), ROOT / "specs" / "scenarios.yaml"]:
        shutil.copy(shared, specs)
    return specs


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return laid_out(tmp_path)


@pytest.fixture
def edit(specs: Path) -> Edit:
    """Replace a text that stands exactly once in a file of the sixth API."""

    def replace(name: str, old: str, new: str) -> None:
        path = specs / "sixth-v1" / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))

    return replace


@pytest.fixture(scope="session")
def sixth_specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_out(tmp_path_factory.mktemp("sixth"))


@pytest.fixture(scope="session")
def sixth(sixth_specs: Path) -> Inputs:
    return read_inputs(sixth_specs)


@pytest.fixture(scope="session")
def sixth_tree(sixth: Inputs) -> Tree:
    return generate(sixth)
