"""Contents that nobody can guess: plain texts, long texts and numbers drawn from the seed of a run.

The same seed gives the same contents, so that a run can be repeated. No content says where it comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, TypeVar

__all__ = ["Contents"]

T = TypeVar("T")

_BEGINNINGS: Final = (
    "b", "br", "c", "d", "f", "fl", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v",
)  # fmt: skip
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ea", "io")
_ADJECTIVES: Final = (
    "amber", "brisk", "calm", "distant", "early", "eastern", "faithful", "gentle", "golden", "hidden", "lower",
    "narrow", "northern", "patient", "quiet", "rapid", "silver", "southern", "steady", "upper", "western",
    "wooden",
)  # fmt: skip
_NOUNS: Final = (
    "anchor", "bakery", "bridge", "chapel", "corner", "ferry", "garden", "harbour", "island", "lantern",
    "market", "meadow", "mill", "orchard", "quarry", "river", "station", "tower", "valley", "vineyard",
    "window", "workshop",
)  # fmt: skip
_CLASSES: Final = ("Regional", "Seasonal", "Shared", "Simple", "Special", "Standard", "Temporary", "Wholesale")

_PASSAGES: Final = (
    "La señora Núñez llegó después del almuerzo",
    "Größere Änderungen übernimmt das Büro in Köln",
    "Příliš žluťoučký kůň přešel řeku",
    "Η θάλασσα ήταν ήσυχη το πρωί",
    "Поезд прибудет к полудню",
    "الرسالة وصلت في الصباح",
    "המכתב הגיע אתמול בערב",
    "सुबह की गाड़ी समय पर आई",
    "東京の天気は晴れです",
    "早上的火车准时到达",
    "기차는 정오에 도착합니다",
    "เรือออกจากท่าตอนเช้า",
)
"""Sentences of ours in several scripts, all of the basic plane."""

_COMBINED: Final = ("e\u0301", "a\u0308", "o\u0302", "n\u0303", "s\u030c", "u\u0328\u0301")
"""Letters with combining marks, some of which have a single character of their own."""

_BEYOND: Final = ("🚂", "🧭", "🌻", "🦊", "𝒜𝓃𝓃𝒶", "𠮷野", "𐍅𐌿𐌻𐍆𐍃")
"""Characters beyond the basic plane."""

_SYLLABLES: Final = 4
_LONG_CHARACTERS: Final = 240
_GREATEST: Final = 2**31 - 1


class Contents:
    """Draws contents from a seed; what is drawn depends on the seed and on what it is drawn for, and on nothing else.

    Args:
        seed: The seed.
    """

    def __init__(self, seed: str = "") -> None:
        self._seed = seed

    def number(self, purpose: str, least: int, most: int) -> int:
        """Return a number from *least* to *most*."""
        digest = hashlib.sha256(f"{self._seed}\0{purpose}".encode()).digest()
        return least + int.from_bytes(digest) % (most - least + 1)

    def digits(self, purpose: str, count: int) -> str:
        """Return hexadecimal digits."""
        return f"{self.number(purpose, 0, 16**count - 1):0{count}x}"

    def name(self, purpose: str) -> str:
        """Return a word that no dictionary has, as the name of a place or a firm may be."""
        return "".join(
            self._one(_BEGINNINGS, f"{purpose} {place} b") + self._one(_VOWELS, f"{purpose} {place} v")
            for place in range(_SYLLABLES)
        )

    def adjective(self, purpose: str) -> str:
        """Return an ordinary word."""
        return self._one(_ADJECTIVES, f"adjective {purpose}")

    def text(self, purpose: str, variant: int) -> str:
        """Return a short plain text; the two variants differ."""
        about = f"text {purpose}"
        number = 2 * self.number(about, 50, 4_000) + variant
        return f"{self.adjective(about)} {self._one(_NOUNS, about)} {self.name(about).capitalize()[:8]} {number}"

    def day(self, purpose: str, *, years: tuple[int, int]) -> date:
        """Return a day of one of the years from the first to the last."""
        first, last = (date(year, 1, 1).toordinal() for year in (years[0], years[1] + 1))
        return date.fromordinal(self.number(f"day {purpose}", first, last - 1))

    def host(self, purpose: str) -> str:
        """Return the address of a host that nobody can have.

        Source: RFC 2606 §2.
        """
        return f"https://{self.name(f'host {purpose}')}.example"

    def class_name(self, purpose: str, parent: str) -> str:
        """Return the name of a sub-class."""
        return f"{self._one(_CLASSES, f'class {purpose}')}{parent}"

    def long_text(self, purpose: str) -> str:
        """Return a long text in several scripts, with combining marks and with characters beyond the basic plane."""
        about = f"long {purpose}"
        parts: list[str] = []
        while len(text := ". ".join(parts)) < _LONG_CHARACTERS:
            place = f"{about} {len(parts)}"
            # Neighbours in the list have other scripts, so that two of any three are not Latin.
            passage = _PASSAGES[(self.number(about, 0, len(_PASSAGES) - 1) + 5 * len(parts)) % len(_PASSAGES)]
            marked = f"{self.name(place)}{self._one(_COMBINED, f'{place} c')}{self._one(_VOWELS, f'{place} v')}"
            parts.append(f"{passage} {marked} {self._one(_BEYOND, f'{place} p')} {self.number(place, 100, 999)}")
        return f"{text}. {self.name(about).capitalize()}"

    def large_integer(self, purpose: str) -> int:
        """Return an odd number, near the ends of 32 bits, positive or negative."""
        about = f"integer {purpose}"
        number = self.number(about, 2**30, _GREATEST) | 1
        return number if self.number(f"{about} sign", 0, 1) else -number

    def _one(self, of: Sequence[T], purpose: str) -> T:
        return of[self.number(purpose, 0, len(of) - 1)]
