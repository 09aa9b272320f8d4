"""Quoting what a client sent, of which an error repeats no more than a little."""

from __future__ import annotations

__all__ = ["quoted", "shortened"]

_LONGEST_QUOTE = 90
"""In characters. An error quotes two things at most, which are 200 together even where quotes and signs come along."""


def shortened(text: str) -> str:
    """Return the beginning of a text, with a sign where more of it is left out."""
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def quoted(text: str) -> str:
    """Return the beginning of a text in quotes."""
    return repr(shortened(text))
