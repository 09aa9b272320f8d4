"""What can go wrong in a run, and the exit status each has.

KitError                 3  anything the kit foresees
├── UsageError           2  a wrong option, configuration or file
├── TargetUnreachable    3  the implementation did not answer
├── NoApi                3  what answers at the address is no API
├── NoCredential         3  a token could not be fetched
└── KitDefect            4  the kit itself failed
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["KitDefect", "KitError", "NoApi", "NoCredential", "TargetUnreachable", "UsageError"]


class KitError(Exception):
    """Any failure the kit foresees; ``str()`` gives where, what and what to do next.

    Args:
        where: The address, file, option or row concerned.
        problem: What is wrong there.
        remedy: What to do about it.
    """

    code: ClassVar[str] = "kit-error"
    exit_status: ClassVar[int] = 3

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(where, problem, remedy)
        self.where, self.problem, self.remedy = where, problem, remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}. {self.remedy}. [{self.code}]"


class UsageError(KitError):
    """An option, a configuration or an input file cannot be used as it is."""

    code = "usage"
    exit_status = 2


class TargetUnreachable(KitError):  # noqa: N818 - named for what happened, as in the exit status
    """The implementation under test did not answer the first request."""

    code = "target-unreachable"
    exit_status = 3


class NoApi(KitError):  # noqa: N818 - named for what was found
    """Something answers at the address, and it is not the API; there is nothing to give a verdict on."""

    code = "no-api"
    exit_status = 3


class NoCredential(KitError):  # noqa: N818 - named for what is missing
    """A token could not be fetched."""

    code = "no-credential"
    exit_status = 3


class KitDefect(KitError):  # noqa: N818 - named for what happened
    """The kit failed where it must not; the verdict of the run is worth nothing."""

    code = "kit-defect"
    exit_status = 4
