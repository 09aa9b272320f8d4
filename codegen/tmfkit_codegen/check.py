"""Compares the committed tree with what the inputs give, and tells why it differs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tmfkit_codegen.errors import GeneratorDefect, Problem, TreeProblems
from tmfkit_codegen.tree import MANIFEST, Tree, committed
from tmfkit_codegen.verified import verified

__all__ = ["check", "differences"]

_REWRITE = "Run `nox -s generate`"


def check(specs: Path, output: Path) -> None:
    """Generate twice, with different hash seeds, and compare both trees with the one at *output*.

    Raises:
        InputProblems: The inputs cannot be generated from.
        TreeProblems: The committed tree is not what they give.
        GeneratorDefect: The two trees differ.
    """
    verified(specs)
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        made, again = (_generated(specs, Path(folder), seed) for folder, seed in ((first, "0"), (second, "4711")))
    if unstable := sorted(name for name in made.keys() | again.keys() if made.get(name) != again.get(name)):
        raise GeneratorDefect("not deterministic", [f"{name} differs from run to run" for name in unstable])
    if found := list(differences(made, committed(output), output.name)):
        raise TreeProblems(found)


def differences(made: Tree, present: Tree, root: str) -> Iterator[Problem]:
    """Yield what is wrong with the tree *present* when *made* is what it should be.

    The manifest of *present* tells a file edited by hand (it has not the digest written down for it) from a stale one.
    """
    recorded = json.loads(present.get(MANIFEST, b'{"inputs_sha256": "", "files": {}}'))
    inputs = json.loads(made[MANIFEST])["inputs_sha256"]
    if recorded["inputs_sha256"] != inputs:
        yield Problem(
            f"{root}/{MANIFEST}", 0, "stale: contracts or registers have changed since it was written", _REWRITE
        )
    for name in sorted((made.keys() | present.keys()) - {MANIFEST}):
        if message := _difference(name, made, present, recorded["files"]):
            yield Problem(f"{root}/{name}", 0, message, _REWRITE)
    if made[MANIFEST] != present.get(MANIFEST) and recorded["inputs_sha256"] == inputs:
        yield Problem(f"{root}/{MANIFEST}", 0, "stale: another version of the generator wrote it, or a hand", _REWRITE)


def _difference(name: str, made: Tree, present: Tree, recorded: dict[str, str]) -> str:
    """Return why *name* is not as it should be; empty when it is."""
    if made.get(name) == present.get(name):
        return ""
    if name not in present:
        return "missing"
    if name not in made and name not in recorded:
        return "unexpected: no contract gives this file"
    if hashlib.sha256(present[name]).hexdigest() != recorded.get(name):
        return "edited by hand; the change belongs in the contract or the generator"
    return "stale"


def _generated(specs: Path, output: Path, seed: str) -> dict[str, bytes]:
    """Generate into *output* in a fresh interpreter with the hash seed *seed*."""
    command = [sys.executable, "-m", "tmfkit_codegen.cli", "write", "--specs", str(specs), "--output", str(output)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GeneratorDefect("generating into a temporary folder", [done.stderr.strip()])
    return committed(output)
