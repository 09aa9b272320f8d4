"""Finding card numbers in texts of which nobody says what they mean, in whatever way they are written."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator

__all__ = ["crossed_out", "has_none", "is_short", "searched"]

_DIGITS_KEPT = 4
# Beyond ASCII any character may stand for digits.
_MAY_BE_DIGITS = re.compile(r"[0-9]+|[^\x00-\x7f]")
# Of what payment cards begin with and how long their numbers are: ISO/IEC 7812-1, and the ranges given out of the 2.
_BEGINNING = re.compile(r"2[2-7]|[3-6]")
_ZEROS = re.compile("0*")
# What every card number in ASCII looks like, and few other texts.
_AT_A_GLANCE = re.compile(r"(?<![0-9])0*[2-6](?:[^0-9A-Za-z]{0,2}[0-9]){12}")
_SHORTEST, _LONGEST = 13, 19
# In a text as long as this the check digits of all that looks like a number would hold everybody up.
_LONG_TEXT = 64 * 1024
_NUMBER = r"0*[2-6](?:[^0-9A-Za-z]{0,2}[0-9]){12,18}"
_WHOLLY_ONE = re.compile(_NUMBER)
_LOOKS_LIKE_ONE = re.compile(rf"(?<![0-9]){_NUMBER}(?![0-9])")
_MOST_SIGNS_BETWEEN = 2
_VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes(sum(divmod(2 * digit, 10)) for digit in range(10)))
_NO_NUMBER = "x" * 36
_NO_DIGITS = re.compile("[^0-9]+")
# In a JSON text: as many characters without a letter as the shortest number has digits, and what stands for one sign.
_WITHOUT_LETTERS = re.compile(rb"[0-9][^A-Za-z]{12,}")
# The backslash comes first: what follows an escaped one stands for itself.
_ESCAPED_SIGNS = [b"\\\\", b"\\b", b"\\f", b"\\n", b"\\r", b"\\t"]
_ESCAPED_NUMBER = re.compile(rb"\\u00[0-9a-f]{2}")
_NO_DIGIT_BYTES = bytes(byte for byte in range(256) if byte not in b"0123456789")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def searched(text: str) -> str:
    """Return a text with every card number in it crossed out but for its last digits.

    A number is one with up to two signs of any kind between its digits, letters beside it, zeros before it, and digits
    of any script (Unicode's NFKC). In a long text in ASCII the check digit is not asked for.
    """
    if is_short(text) or (text.isascii() and not _AT_A_GLANCE.search(text)):
        return text
    if text.isascii() and text.isdecimal():
        return crossed_out(text) if _is_card(text.lstrip("0")) else text
    if text.isascii() and _WHOLLY_ONE.fullmatch(text) and _is_card(_NO_DIGITS.sub("", text).lstrip("0")):
        return crossed_out(text)
    if len(text) > _LONG_TEXT and text.isascii():
        return _LOOKS_LIKE_ONE.sub(lambda found: crossed_out(found[0]), text)
    groups = _Groups(text)
    if groups.starts[-1] < _SHORTEST:
        return text
    parts: list[str] = []
    here = 0
    for start, end in groups.cards():
        parts += (text[here:start], crossed_out(text[start:end]))
        here = end
    return "".join([*parts, text[here:]])


def is_short(text: str) -> bool:
    """Tell at a glance whether a text is too short for the number of a card."""
    return len(text) < _SHORTEST and text.isascii()


def has_none(json_text: bytes) -> bool:
    """Tell at a glance whether no number of a card can be in a JSON text; False where it takes a closer look."""
    if not json_text.isascii():
        return False
    if b"\\" in json_text:
        for escaped in _ESCAPED_SIGNS:
            json_text = json_text.replace(escaped, b" ")
        json_text = _ESCAPED_NUMBER.sub(b" ", json_text)
    runs = _WITHOUT_LETTERS.findall(json_text)
    return not any(len(run.translate(None, _NO_DIGIT_BYTES)) >= _SHORTEST for run in runs)


def crossed_out(number: str) -> str:
    """Return *number* with its last four places only; what shows no more digits than that stays as it is."""
    is_plain = number.isascii() and number.isdecimal()
    if (len(number) if is_plain else sum(bool(_digits(each)) for each in number)) <= _DIGITS_KEPT:
        return number
    return "x" * (len(number) - _DIGITS_KEPT) + number[-_DIGITS_KEPT:]


def _is_card(digits: str) -> bool:
    if not _SHORTEST <= len(digits) <= _LONGEST or not _BEGINNING.match(digits):
        return False
    backwards = digits.encode()[::-1]
    return (sum(backwards[::2].translate(_VALUES)) + sum(backwards[1::2].translate(_DOUBLED))) % 10 == 0


@functools.lru_cache(maxsize=4096)
def _digits(character: str) -> str:
    """Return the digits that a character stands for, in ASCII; nothing when it stands for something else as well."""
    if character.isascii():
        return character if character.isdecimal() else ""
    plain = [unicodedata.decimal(each, -1) for each in unicodedata.normalize("NFKC", character)]
    return "" if -1 in plain else "".join(map(str, plain))


@functools.lru_cache(maxsize=4096)
def _may_join(signs: str) -> bool:
    """Tell whether *signs* may stand between the digits of one number."""
    return not any(map(str.isalnum, signs))


class _Groups:
    """The digits of a text in groups that stand together, and one after the other.

    Attributes:
        spans: Where each group stands in the text.
        starts: How many digits there are before each group, and altogether.
    """

    def __init__(self, text: str) -> None:
        self.spans: list[tuple[int, int]] = []
        pieces: list[str] = []
        self._read(_UUID.sub(_NO_NUMBER, text), pieces)
        self.starts = [0, *itertools.accumulate(map(len, pieces))]
        self._all = "".join(pieces)
        # Whether a group may belong to the one before it.
        self._is_joined = [
            start - end <= _MOST_SIGNS_BETWEEN and _may_join(text[end:start])
            for (_, end), (start, _) in itertools.pairwise([(0, -_LONGEST), *self.spans])
        ]
        self._sums = self._check_sums(0), self._check_sums(1)

    def cards(self) -> Iterator[tuple[int, int]]:
        """Yield where card numbers begin and end in the text, each as long as it can be, with the zeros before it."""
        group = left = 0
        while group < len(self.spans):
            last = self._card_at(group)
            if last is None:
                group += 1
                continue
            while group > left and self._is_joined[group] and self._is_zero(group - 1):
                group -= 1
            yield self.spans[group][0], self.spans[last][1]
            group = left = last + 1

    def _read(self, text: str, pieces: list[str]) -> None:
        for found in _MAY_BE_DIGITS.finditer(text):
            piece = found[0] if found[0].isascii() else _digits(found[0])
            if not piece:
                continue
            start, end = found.span()
            if self.spans and self.spans[-1][1] == start:
                self.spans[-1] = self.spans[-1][0], end
                pieces[-1] += piece
            else:
                self.spans.append((start, end))
                pieces.append(piece)

    def _card_at(self, group: int) -> int | None:
        """Return the last group of the longest card number that begins with *group*, None when none does."""
        starts = self.starts
        zeros = _ZEROS.match(self._all, starts[group], starts[group + 1])
        begin = zeros.end() if zeros else starts[group]
        if begin == starts[group + 1] or not _BEGINNING.match(self._all, begin):
            return None
        found = None
        for last in range(group, len(self.spans)):
            end = starts[last + 1]
            if end - begin > _LONGEST or (last > group and not self._is_joined[last]):
                break
            if end - begin >= _SHORTEST and self._has_check_digit(begin, end):
                found = last
        return found

    def _is_zero(self, group: int) -> bool:
        return not self._all[self.starts[group] : self.starts[group + 1]].strip("0")

    def _check_sums(self, parity: int) -> list[int]:
        """Return sums of all digits before a place, those at places of *parity* doubled (ISO/IEC 7812-1, annex B)."""
        values = [*self._all.encode().translate(_VALUES)]
        values[parity::2] = self._all[parity::2].encode().translate(_DOUBLED)
        return [0, *itertools.accumulate(values)]

    def _has_check_digit(self, begin: int, end: int) -> bool:
        """Tell whether the last digit is the one that the others call for: counted from it, every other is doubled."""
        sums = self._sums[end % 2]
        return (sums[end] - sums[begin]) % 10 == 0
