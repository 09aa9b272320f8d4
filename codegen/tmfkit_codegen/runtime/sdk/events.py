"""What tells a notification of no known type from the others."""

from __future__ import annotations

__all__ = ["Unknown"]


class Unknown:
    """Marks the class of events whose type an API does not know."""

    __slots__ = ()
