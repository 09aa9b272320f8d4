"""Why a channel did not take a message."""

from __future__ import annotations

__all__ = ["Misread", "NotTaken", "Refused"]


class NotTaken(Exception):  # noqa: N818 - most often no error, but a network that is away
    """A channel did not take a dispatch, and may take it another time; ``str()`` says why, without any address."""


class Refused(NotTaken):
    """A channel will never take this dispatch."""


class Misread(Refused):
    """A channel would read an address as another one."""
