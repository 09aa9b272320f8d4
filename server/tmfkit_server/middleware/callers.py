"""Who calls."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Caller"]


class Caller(NamedTuple):
    """Who a credential belongs to.

    Attributes:
        id: A digest, which tells nothing to who reads it in a store.
        name: What logs have.
        role: What the caller may do; empty for nothing.
    """

    id: str
    name: str
    role: str
