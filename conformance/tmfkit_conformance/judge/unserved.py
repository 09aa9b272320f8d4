"""Whether the target served anything at all; where it did not, every other finding has this one cause."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tmfkit_conformance.record.bundle import Bundle

__all__ = ["Unserved", "unserved"]

_CREDENTIALS = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Unserved:
    """A run in which nothing below the base URL was answered with success.

    Attributes:
        base_url: The base URL.
        answers: Status → how often it was the answer, the most frequent first; 0 stands for no answer.
    """

    base_url: str
    answers: dict[int, int]

    @property
    def wants_credentials(self) -> bool:
        """Whether an answer asked for credentials, or for others than those sent."""
        return bool(_CREDENTIALS & set(self.answers))

    @property
    def wants_only_credentials(self) -> bool:
        """Whether every answer did, so that nothing at all is known of what lies behind them."""
        return set(self.answers) <= _CREDENTIALS


def unserved(bundle: Bundle) -> Unserved | None:
    """Return how everything below the base URL was answered; None when something was served, or nothing was sent.

    A hub may lie elsewhere, and what it answers says nothing about the base URL.
    """
    base_url = str(bundle.run.get("base_url", ""))
    below = [exchange for exchange in bundle.exchanges if exchange.request.url.startswith(base_url)]
    if not below or any(exchange.is_success for exchange in below):
        return None
    return Unserved(base_url, dict(Counter(exchange.status for exchange in below).most_common()))
