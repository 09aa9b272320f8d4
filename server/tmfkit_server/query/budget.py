"""What the questions of one request may cost, whether they are conditions, JSONPath, an order or a selection."""

from __future__ import annotations

import math

from tmfkit_server.errors import InvalidQuery

__all__ = ["Budget", "LongWork"]


class LongWork(Exception):  # noqa: N818 - nothing is wrong
    """More work than was to be done at once."""


class Budget:
    """Counts steps of about half a microsecond: one is a node that an expression looks at, or 64 characters compared.

    Attributes:
        left: Steps left.
        parameter: Parameter of the JSONPath that is being evaluated; nothing for conditions.
    """

    A_COMPARISON = 0.6
    """Telling whether a value compares as wanted."""
    AN_ARRAY = 0.8
    A_MEMBER = 0.2
    """Going through an array, and for each of its members."""
    A_MEMBER_KEPT = 2
    """Keeping what is wanted of a member."""
    A_LOOK_INSIDE = 0.5
    """Going through an object or an array as JSONPath does, beside one for each of its members."""
    A_DESCENDANT = 0.5
    """Handing on what ``..`` came upon."""
    A_PLACE = 10
    """Keeping the way to a node, which takes 300 bytes."""

    __slots__ = ("_held_back", "left", "parameter")

    def __init__(self, steps: float = math.inf) -> None:
        """Begin to count *steps* down."""
        self.left = steps
        self.parameter = ""
        self._held_back: float = 0

    def take(self, steps: float) -> None:
        """Use *steps* up.

        Raises:
            InvalidQuery: There are not as many left.
            LongWork: There are, but they are held back.
        """
        self.left -= steps
        if self.left < 0:
            self._refuse()

    def hold_back(self, *, beyond: float) -> None:
        """Let no more than *beyond* steps be taken until ``release``."""
        held_back = self.left - beyond
        if held_back > 0:
            self.left, self._held_back = beyond, held_back

    def release(self) -> None:
        """Let all steps be taken that there are."""
        self.left += self._held_back
        self._held_back = 0

    def _refuse(self) -> None:
        if self._held_back:
            raise LongWork
        if self.parameter:
            raise InvalidQuery(self.parameter, "it takes too many steps; use less of '..', '*' and regular expressions")
        raise InvalidQuery("conditions", "comparing takes too long with so many values; ask for fewer, or for equality")
