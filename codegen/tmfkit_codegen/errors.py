"""What can go wrong, by step.

================================  ==================  ====
step                              error               exit
================================  ==================  ====
reading, lint, agreement          `InputProblems`     1
comparing with the committed tree `TreeProblems`      1
generating, completeness          `GeneratorDefect`   4
================================  ==================  ====

Wrong usage (exit 2) is click's own business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["CodegenError", "GeneratorDefect", "InputProblems", "Problem", "TreeProblems"]


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing to mend.

    Attributes:
        file: Path as shown to the reader, for example ``specs/tmf629-v4/openapi.yaml``.
        line: Line in the file, from 1; 0 when the whole file is meant.
        message: What is wrong.
        remedy: What to do about it.
    """

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}. {self.remedy}."


class CodegenError(Exception):
    """Any failure that the generator foresees; ``str()`` is fit to be shown."""

    exit_status: ClassVar[int] = 4


class _ManyProblems(CodegenError):  # noqa: N818 - a base, never raised
    """Everything wrong that one pass found, sorted, each thing once."""

    exit_status: ClassVar[int] = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)  # the value, so that it pickles

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class InputProblems(_ManyProblems):
    """The files under ``specs/`` cannot be generated from."""


class TreeProblems(_ManyProblems):
    """The committed tree is not what the inputs give."""


class GeneratorDefect(CodegenError):  # noqa: N818 - a defect is what it is
    """A generator broke or lost a part of a contract that is valid: to be mended in ``tmfkit_codegen``."""

    def __init__(self, where: str, losses: Iterable[str]) -> None:
        self.where, self.losses = where, tuple(losses)
        super().__init__(where, self.losses)

    def __str__(self) -> str:
        return "\n".join(f"{self.where}: {loss}" for loss in self.losses)
