"""The committed tree against what the contracts give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tmfkit_codegen.check import check, differences
from tmfkit_codegen.errors import TreeProblems
from tmfkit_codegen.generate import generate
from tmfkit_codegen.tree import MANIFEST, Tree, committed, manifest, write
from tmfkit_codegen.verified import verified

Edit = Callable[[str, str, str], None]


def tree(inputs: str = "1", **files: str) -> dict[str, bytes]:
    made = {f"{name}.py": text.encode() for name, text in files.items()}
    return {**made, MANIFEST: manifest(made, inputs_sha256=inputs, version="0")}


@pytest.mark.parametrize(
    ("present", "problems"),
    [
        pytest.param(tree(a="1", b="2"), [], id="as-it-should-be"),
        pytest.param(
            tree("0", a="0", b="2"),
            [
                "generated/MANIFEST.json: stale: contracts or registers have changed since it was written",
                "generated/a.py: stale",
            ],
            id="stale",
        ),
        pytest.param(
            {**tree(a="1", b="2"), "a.py": b"mine"},
            ["generated/a.py: edited by hand; the change belongs in the contract or the generator"],
            id="edited-by-hand",
        ),
        pytest.param(
            {name: text for name, text in tree(a="1", b="2").items() if name != "b.py"},
            ["generated/b.py: missing"],
            id="missing",
        ),
        pytest.param(
            {**tree(a="1", b="2"), "c.py": b"x"},
            ["generated/c.py: unexpected: no contract gives this file"],
            id="unexpected",
        ),
        pytest.param(
            {**tree(a="1", b="2"), MANIFEST: manifest({}, inputs_sha256="1", version="9")},
            ["generated/MANIFEST.json: stale: another version of the generator wrote it, or a hand"],
            id="manifest-of-another-version",
        ),
    ],
)
def test_a_difference_is_named_by_its_cause(present: dict[str, bytes], problems: list[str]) -> None:
    found = differences(tree(a="1", b="2"), present, "generated")
    assert [str(problem) for problem in found] == [f"{problem}. Run `nox -s generate`." for problem in problems]


def test_writing_leaves_exactly_the_tree_and_touches_nothing_that_is_right(tmp_path: Path) -> None:
    for name in ("old/left.py", "old/api/__pycache__/left.pyc", "new/kept/__pycache__/c.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "a.py").write_text("1")
    before = (tmp_path / "a.py").stat().st_mtime_ns
    assert list(write({"a.py": b"1", "new/b.py": b"2"}, tmp_path)) == ["old/left.py", "new/b.py"]
    assert committed(tmp_path) == {"a.py": b"1", "new/b.py": b"2"}
    assert (tmp_path / "a.py").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "new"]


def test_two_runs_with_different_hash_seeds_give_the_tree_of_the_sixth_api(
    sixth_specs: Path, sixth_tree: dict[str, bytes], tmp_path: Path
) -> None:
    list(write(sixth_tree, tmp_path))
    check(sixth_specs, tmp_path)
    (tmp_path / "tmfkit_models" / "types.py").write_text("mine")
    made = json.loads(sixth_tree[MANIFEST])
    assert made["files"].keys() == sixth_tree.keys() - {MANIFEST}
    with pytest.raises(TreeProblems, match=r"types\.py: edited by hand"):
        check(sixth_specs, tmp_path)


def test_a_further_attribute_changes_no_file_that_does_not_say_it(specs: Path, edit: Edit, sixth_tree: Tree) -> None:
    attribute = "        floor:\n          type: string\n          description: Floor that it is on.\n"
    name = "        name:\n          type: string\n          description: Name of the queue.\n"
    edit("openapi.yaml", name, attribute + name)
    row = "    - {name: name, type: string, line: 88}\n"
    edit("requirements.yaml", row, row + "    - {name: floor, type: string, line: 89}\n")
    tree = generate(verified(specs))
    assert tree.keys() == sixth_tree.keys()
    sdk = [f"tmfkit_sdk/ticket_v1/{module}.py" for module in ("objects", "resources")]
    assert sorted(name for name in tree if tree[name] != sixth_tree[name]) == [
        MANIFEST,
        "tmfkit_models/contracts/sixth-v1.json",
        "tmfkit_models/ticket_v1/__init__.py",
        *sdk,
    ]
