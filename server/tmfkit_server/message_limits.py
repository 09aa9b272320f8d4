"""How much one message may make of what was sent."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MessageLimits"]


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What a message is refused beyond, when it is sent.

    Attributes:
        receivers: Entries in its list of receivers.
        text_bytes: Its title and its text together, before and after the values of parameters took their places.
        total_bytes: Titles, texts and attachments of all receivers together.
        parameters: Its parameters.
        crashes: Server processes that ended while they were sending it; then it has failed.
    """

    receivers: int = 1000
    text_bytes: int = 128 * 1024
    total_bytes: int = 64 * 1024 * 1024
    parameters: int = 1000
    crashes: int = 3
