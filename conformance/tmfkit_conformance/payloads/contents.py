"""Contents that nobody can guess: plain texts, long texts and numbers drawn from the seed of a run.

The same seed gives the same contents, so that a run can be repeated. No content says where it comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, TypeVar

from tmfkit_conformance.payloads.words import PLACES, QUALITIES, THINGS, TITLES

__all__ = ["Contents"]

T = TypeVar("T")

_BEGINNINGS: Final = (
    "b", "bl", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "fr", "g", "gl", "gr", "h", "k", "l", "m", "n", "p", "pl",
    "pr", "r", "s", "sh", "sl", "st", "t", "th", "tr", "v", "w", "z",
)  # fmt: skip
_VOWELS: Final = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "ia", "io", "oa", "oo", "ou")
_ENDINGS: Final = ("", "", "l", "m", "n", "nk", "r", "rk", "s", "st", "t")

_FORMS: Final = (
    "{quality} {thing} for {title} {name} {number}",
    "{thing} {number} from {name} {place}",
    "{name} {place} {number} by the {quality} {thing}",
    "{number} {name} {place} near the {thing}",
    "{title} {name} on {thing} {number}",
    "{thing} and {other} of {name} {number}",
    "{name} {thing} {number} is {quality}",
    "{number} {quality} {thing} with {title} {name}",
)
"""Forms of a short text; none has a comma, which means "or" in a filter."""

_SCRIPTS: Final = (
    "aáäbcčdďeéěfghiíjklmnňoóöøprřsšßtťuúüůvyýzžñçå",
    "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ",
    "абвгдежзиклмнопрстуфхцчшщыэюя",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "אבגדהוזחטיכלמנסעפצקרשת",
    ("क", "ख", "ग", "च", "ज", "ट", "त", "द", "न", "प", "ब", "म", "र", "ल", "स", "का", "कि", "के", "मो", "नी", "री", "सु"),
    ("ก", "ข", "ค", "ง", "จ", "ต", "น", "บ", "ป", "ม", "ร", "ล", "ว", "ส", "กา", "ดี", "มู", "เร", "นั้"),
    tuple(map(chr, range(0x4E00, 0x9FA6))),
    tuple(map(chr, range(0xAC00, 0xD7A4))),
    tuple(map(chr, range(0x3041, 0x3094))),
)  # fmt: skip
"""Letters of scripts of the basic plane."""

_COMBINED: Final = (
    "e\u0301",
    "a\u0308",
    "o\u0302",
    "n\u0303",
    "s\u030c",
    "u\u0328\u0301",
    "i\u0300",
    "c\u0327",
    "y\u0308",
)
"""Letters with combining marks, some of which have a single character of their own."""

_BEYOND: Final = ((0x1F300, 0x1F5FF), (0x1F600, 0x1F64F), (0x20000, 0x2A6D6), (0x1D400, 0x1D433), (0x10330, 0x1034A))
"""Characters beyond the basic plane, from the first to the last of each kind."""

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
        return self._word(purpose, self.number(f"{purpose} length", 4, 5))

    def word(self, purpose: str) -> str:
        """Return a short ordinary word."""
        return self._one(THINGS, f"word {purpose}")

    def text(self, purpose: str, variant: int) -> str:
        """Return a short plain text, as somebody in an office might write it; the two variants differ."""
        about = f"text {purpose}"
        return self._one(_FORMS, about).format(
            quality=self._one(QUALITIES, f"{about} quality"),
            thing=self.word(f"{about} thing"),
            other=self.word(f"{about} other"),
            title=self._one(TITLES, f"{about} title"),
            name=self._word(about, self.number(about, 2, 3)).capitalize()[:9],
            place=self._one(PLACES, f"{about} place"),
            number=2 * self.number(about, 50, 4_000) + variant,
        )

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
        return f"{self._word(f'class {purpose}', 2).capitalize()}{parent}"

    def long_text(self, purpose: str, least: int) -> str:
        """Return a long text in several scripts, with combining marks and with characters beyond the basic plane.

        Args:
            purpose: What it is for.
            least: How many characters it has at the least; it has a few dozen more.
        """
        about = f"long {purpose}"
        parts: list[str] = []
        while len(text := ". ".join(parts)) < least:
            place = f"{about} {len(parts)}"
            # Neighbours in the list have other scripts, so that two of any three are not Latin.
            script = _SCRIPTS[(self.number(about, 0, len(_SCRIPTS) - 1) + 3 * len(parts)) % len(_SCRIPTS)]
            passage = " ".join(self._letters(script, f"{place} {number}") for number in range(4))
            word = self._word(place, self.number(place, 1, 2))
            marked = f"{word}{self._one(_COMBINED, f'{place} c')}{self._one(_VOWELS, f'{place} v')}"
            beyond = chr(self.number(f"{place} p", *self._one(_BEYOND, f"{place} kind")))
            parts.append(f"{passage} {marked} {beyond} {self.number(place, 100, 999)}")
        return f"{text}. {self.name(about).capitalize()}"

    def large_integer(self, purpose: str) -> int:
        """Return an odd number, near the ends of 32 bits, positive or negative."""
        about = f"integer {purpose}"
        number = self.number(about, 2**30, _GREATEST) | 1
        return number if self.number(f"{about} sign", 0, 1) else -number

    def _word(self, purpose: str, syllables: int) -> str:
        return "".join(
            self._one(part, f"{purpose} {place} {number}")
            for place in range(syllables)
            for number, part in enumerate((_BEGINNINGS, _VOWELS, _ENDINGS if place + 1 == syllables else ("",)))
        )

    def _letters(self, script: Sequence[str], purpose: str) -> str:
        """Return a word of letters of a script, all of one number: a long text has hundreds of them."""
        rest, more = divmod(self.number(purpose, 0, 2**200), 5)
        word = ""
        for _ in range(2 + more):
            rest, place = divmod(rest, len(script))
            word += script[place]
        return word

    def _one(self, of: Sequence[T], purpose: str) -> T:
        return of[self.number(purpose, 0, len(of) - 1)]
