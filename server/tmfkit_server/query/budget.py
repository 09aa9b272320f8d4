"""What the JSONPath expressions of one request may cost."""

from __future__ import annotations

import math

from tmfkit_server.errors import InvalidQuery

__all__ = ["Budget"]

MOST_STEPS_A_RESOURCE = 100_000
"""About 50 ms, during which nobody else is served."""


class Budget:
    """Counts steps; one is a node looked at, a member of two arrays compared, or 64 characters.

    Attributes:
        left: Steps left for the resource that is being looked at.
    """

    __slots__ = ("_parameter", "_reserve", "left")

    def __init__(self, altogether: float) -> None:
        """Begin to count; *altogether* bounds the steps for all resources, ``Budget.unending`` has no such bound."""
        self._reserve = altogether
        self._parameter = ""
        self.left: float = 0

    @classmethod
    def unending(cls) -> Budget:
        """Return a budget that bounds the steps for each resource only."""
        return cls(math.inf)

    def renew(self, parameter: str) -> None:
        """Begin with an expression of *parameter* and another resource."""
        self._parameter = parameter
        self._reserve += self.left
        self.left = min(MOST_STEPS_A_RESOURCE, self._reserve)
        self._reserve -= self.left

    def take(self, steps: int) -> None:
        """Use *steps* up; InvalidQuery when there are not as many left."""
        self.left -= steps
        if self.left < 0:
            raise InvalidQuery(self._parameter, "it takes too many steps; name attributes instead of '..' and '*'")
