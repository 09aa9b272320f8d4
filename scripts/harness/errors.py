"""What keeps a script from doing its work."""

from __future__ import annotations

__all__ = ["HarnessError"]


class HarnessError(Exception):
    """A process could not be started or a tool is missing; ``str()`` says where, what and what to do."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(where, problem, remedy)
        self.where, self.problem, self.remedy = where, problem, remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}. {self.remedy}."
