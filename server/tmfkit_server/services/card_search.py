"""Finding card numbers in texts of which nobody says what they mean, in whatever way they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["crossed_out", "searched"]

_DIGITS_KEPT = 4
# Of what payment cards begin with and how long their numbers are: ISO/IEC 7812-1, and the ranges given out of the 2.
_BEGINNING = re.compile(r"2[2-7]|[3-6]")
_SHORTEST, _LONGEST = 13, 19
_MOST_SIGNS_BETWEEN = 2
# Identifiers of the form of RFC 9562 have runs of digits by chance.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_Group = tuple[int, int, str]
"""Digits that stand together: where they begin and end in a text, and what they are in ASCII."""


def searched(text: str) -> str:
    """Return a text with every card number in it crossed out but for its last digits.

    A number is one with up to two signs of any kind between its digits, letters beside it, zeros before it, and digits
    of any script (Unicode's NFKC).
    """
    if sum(map(_is_digit, text)) < _SHORTEST:
        return text
    groups = list(_groups(text))
    places, number = [], 0
    while number < len(groups):
        found = _card_at(text, groups, number)
        if found is None:
            number += 1
        else:
            places.append((groups[number][0], groups[found][1]))
            number = found + 1
    for start, end in reversed(places):
        text = text[:start] + crossed_out(text[start:end]) + text[end:]
    return text


def crossed_out(number: str) -> str:
    """Return *number* with its last four places only; what shows no more digits than that stays as it is."""
    if sum(map(_is_digit, number)) <= _DIGITS_KEPT:
        return number
    return "x" * (len(number) - _DIGITS_KEPT) + number[-_DIGITS_KEPT:]


def _is_digit(character: str) -> bool:
    return character.isdecimal() or (not character.isascii() and bool(_digits(character)))


def _digits(character: str) -> str:
    """Return the digits that a character stands for, in ASCII; nothing when it stands for something else as well."""
    if character.isascii():
        return character if character.isdecimal() else ""
    plain = [unicodedata.decimal(each, -1) for each in unicodedata.normalize("NFKC", character)]
    return "" if -1 in plain else "".join(map(str, plain))


def _groups(text: str) -> Iterator[_Group]:
    left_out = [found.span() for found in _UUID.finditer(text)]
    start, digits = 0, ""
    for place, character in enumerate(f"{text} "):
        new = "" if any(begin <= place < end for begin, end in left_out) else _digits(character)
        if new and not digits:
            start = place
        elif not new and digits:
            yield start, place, digits
            digits = ""
        digits += new


def _card_at(text: str, groups: list[_Group], first: int) -> int | None:
    """Return the last group of the longest card number that begins with group *first*, None when none does."""
    digits, found = "", None
    for last in range(first, len(groups)):
        between = text[groups[last - 1][1] : groups[last][0]] if last > first else ""
        if len(between) > _MOST_SIGNS_BETWEEN or any(map(str.isalnum, between)):
            break
        digits += groups[last][2]
        number = digits.lstrip("0")
        if len(number) > _LONGEST:
            break
        if len(number) >= _SHORTEST and _BEGINNING.match(number) and _has_check_digit(number):
            found = last
    return found


def _has_check_digit(number: str) -> bool:
    """Tell whether the last digit is the one that the others call for (ISO/IEC 7812-1, annex B)."""
    digits = [int(each) for each in reversed(number)]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
