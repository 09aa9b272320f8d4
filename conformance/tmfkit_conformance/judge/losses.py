"""Where what came back departs from what was sent: the one member, not two whole values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant, is_kept

__all__ = ["How", "Loss", "losses"]

How = Literal["absent", "falsy", "shorter", "longer", "order", "cut", "garbled", "text", "instant", "other"]
"""What became of a member: gone; gone, and was false or 0; a list that lost or gained members, or has them in
another order; a text cut short, or with other characters; a number or truth that became a text; another instant;
another value."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One member that did not come back as it was sent.

    Attributes:
        pointer: Where it stands; ``*`` for a member of a list.
        how: What became of it.
        sent: What was sent.
        got: What came back, ``ABSENT`` for nothing.
    """

    pointer: str
    how: How
    sent: Any
    got: Any

    def __str__(self) -> str:
        if self.got is pointers.ABSENT:
            return f"{self.pointer} was sent and is not there"
        if self.how in ("shorter", "longer"):
            return f"{self.pointer} was sent with {len(self.sent)} members and reads back with {len(self.got)}"
        if self.how == "order":
            return f"{self.pointer} reads back with its members in another order"
        return f"{self.pointer} was sent as {_short(self.sent)} and reads back as {_short(self.got)}"


def losses(sent: Any, got: Any, pointer: str = "") -> Iterator[Loss]:
    """Yield every member of *sent* that is not in *got* as it was sent; nothing below one that is lost whole.

    Args:
        sent: What was sent.
        got: What came back.
        pointer: Where both stand.
    """
    if sent is None or is_kept(sent, got):
        return
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, value in sent.items():
            yield from losses(value, got.get(name, pointers.ABSENT), f"{pointer}/{pointers.escaped(name)}")
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        yield from _losses_of_members(sent, got, pointer)
    else:
        yield Loss(pointer, _how(sent, got), sent, got)


def _losses_of_members(sent: list[Any], got: list[Any], pointer: str) -> Iterator[Loss]:
    """Yield what was lost of the members of a list; one that came back at another place is not held against others."""
    left, lost = list(got), []
    for member in sent:
        place = next((place for place, other in enumerate(left) if is_kept(member, other)), None)
        if place is None:
            lost.append(member)
        else:
            left.pop(place)
    if not lost:
        yield Loss(pointer, "order", sent, got)
    for member, other in zip(lost, left, strict=True):
        yield from losses(member, other, f"{pointer}/*")


def _how(sent: Any, got: Any) -> How:
    if got is pointers.ABSENT:
        return "falsy" if sent is False or (sent == 0 and not isinstance(sent, str)) else "absent"
    if isinstance(sent, list) and isinstance(got, list):
        return "shorter" if len(got) < len(sent) else "longer"
    if isinstance(sent, str) and isinstance(got, str):
        return _how_text(sent, got)
    if isinstance(sent, (bool, int, float)) and isinstance(got, str) and got.lower() == str(sent).lower():
        return "text"
    return "other"


def _how_text(sent: str, got: str) -> How:
    if instant(sent) is not None:
        return "instant" if instant(got) is not None else "other"
    if got and sent.startswith(got):
        return "cut"
    return "garbled" if not sent.isascii() and sent != got else "other"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
