"""Numbers of a body, of which every one is kept as exactly the value that was sent, or refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from tmfkit_server.errors import UnreadableBody

__all__ = ["are_plain", "exact_float", "exact_integer"]

# Sixteen digits in a row, once all digits look alike and signs and points are gone: several times as fast as a regular
# expression. Fifteen are always kept by the floating-point number next to them (IEEE 754, DBL_DIG).
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_SIGNS = b"+-."
_LONG_NUMBER = b"0" * 16
# So are exponents of two digits. Identifiers have what looks like longer ones, but no number stands there.
_LONG_EXPONENT = b"0e000"
_NUMBER_WITH_LONG_EXPONENT = re.compile(rb"[\s:,\[]-?[0-9][0-9.]*[eE][+-]?[0-9]{3}")
_LARGEST_INTEGER = 2**64 - 1
_SMALLEST_INTEGER = -(2**63)
# Nothing longer is the value of a floating-point number, and taking it apart would take a while.
_LONGEST_NUMBER = 800
# Up to fifteen digits, and an exponent that makes nothing of them too large or too small; zeros before it mean nothing.
_SHORT_NUMBER = re.compile(r"-?[0-9.]{1,15}(?:[eE][+-]?0{0,20}[0-9]{1,2})?")
_NOT_ZERO = re.compile(r"[-0.]*[1-9]")


def are_plain(content: bytes) -> bool:
    """Tell at a glance, for most JSON texts, that decoding them keeps the value of every number in them."""
    alike = content.translate(_ALIKE, _SIGNS)
    if _LONG_NUMBER in alike:
        return False
    return _LONG_EXPONENT not in alike or not _NUMBER_WITH_LONG_EXPONENT.search(content)


def exact_integer(digits: str) -> int | float:
    """Read a whole number of JSON without an exponent; UnreadableBody when no answer could have its value."""
    if len(digits) <= len(str(_SMALLEST_INTEGER)) and _SMALLEST_INTEGER <= int(digits) <= _LARGEST_INTEGER:
        return int(digits)
    return exact_float(digits)


def exact_float(text: str) -> float:
    """Read a number of JSON; UnreadableBody when no answer could have its value."""
    value = float(text)
    if not _SHORT_NUMBER.fullmatch(text) and not _is_kept(text, value):
        raise UnreadableBody("It has a number that cannot be kept as it is; send it with fewer digits, or as a text")
    return value


def _is_kept(text: str, value: float) -> bool:
    """Tell whether an answer that has *value* says what *text* does."""
    if value == 0:
        return not _NOT_ZERO.match(text)
    # What an answer says is the shortest text that is read as the same floating-point number.
    return len(text) <= _LONGEST_NUMBER and Decimal(text) == Decimal(json.dumps(value))
