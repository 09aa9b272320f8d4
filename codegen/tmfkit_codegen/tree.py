"""The tree of generated files: writing it, and comparing it with what is committed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["MANIFEST", "Tree", "committed", "manifest", "write"]

MANIFEST = "MANIFEST.json"

Tree = Mapping[str, bytes]
"""Path below the output folder → content."""


def manifest(tree: Tree, *, inputs_sha256: str, version: str) -> bytes:
    """Return ``MANIFEST.json`` for *tree*: what it was made from, and a digest of every file."""
    record = {
        "generator": f"tmfkit-codegen {version}",
        "inputs_sha256": inputs_sha256,
        "files": {name: hashlib.sha256(tree[name]).hexdigest() for name in sorted(tree)},
    }
    return (json.dumps(record, indent=2) + "\n").encode()


def committed(root: Path) -> dict[str, bytes]:
    """Read the tree below *root*, byte-code and caches left out."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {name: path.read_bytes() for path in found if _counts(name := path.relative_to(root).as_posix())}


def write(tree: Tree, root: Path) -> Iterator[str]:
    """Make the files below *root* those of *tree* and nothing else.

    A file that is as it should be is not touched, so that tools which watch times stay quiet.

    Yields:
        Path below *root* of each file written or removed.
    """
    present = committed(root) if root.is_dir() else {}
    for name in sorted(present.keys() - tree.keys()):
        (root / name).unlink()
        _remove_empty(root, (root / name).parent)
        yield name
    for name in sorted(tree):
        if present.get(name) != tree[name]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(tree[name])
            yield name


def _remove_empty(root: Path, folder: Path) -> None:
    """Remove *folder*, and those above it up to *root*, that hold nothing but byte-code and caches."""
    while folder != root and not committed(folder):
        shutil.rmtree(folder)
        folder = folder.parent


def _counts(name: str) -> bool:
    return not any(part == "__pycache__" or part.startswith(".") for part in name.split("/"))
