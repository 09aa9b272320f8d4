"""Inputs that nothing is known against: what may be generated from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tmfkit_codegen import agreement, lint
from tmfkit_codegen.errors import InputProblems, Problem
from tmfkit_codegen.inputs import Inputs, read_inputs

__all__ = ["problems", "verified"]


def verified(specs: Path) -> Inputs:
    """Read the folder *specs*, lint it, and compare contracts and registers.

    Raises:
        InputProblems: Anything is wrong; every problem of the pass is in it.
    """
    inputs = read_inputs(specs)
    if found := list(problems(inputs)):
        raise InputProblems(found)
    return inputs


def problems(inputs: Inputs) -> Iterator[Problem]:
    """Yield everything wrong with *inputs*; the two sides of an API are compared only when each is sound."""
    for api in inputs.apis:
        found = list(lint.problems(api, inputs))
        yield from found
        if not found:
            yield from agreement.problems(api)
