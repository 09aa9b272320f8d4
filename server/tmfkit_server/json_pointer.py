"""JSON pointers (RFC 6901): names in pointers, and back."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["escaped", "pointer_of", "unescaped"]


def escaped(name: str) -> str:
    """Return *name* as a part of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name that a part of a pointer stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer_of(names: Iterable[str]) -> str:
    """Return the pointer with these parts."""
    return "".join(f"/{escaped(name)}" for name in names)
