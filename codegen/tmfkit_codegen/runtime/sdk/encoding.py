"""JSON text in and out, so that what was read is written as it came.

``json`` of the standard library reads ``1.50`` as a float and cannot write it back. It reads here as always; only when
something received is written, its text is read once more, and numbers that a float does not bring back are set aside as
`Number`, which the fast encoder refuses and a slower one writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from .times import written

__all__ = ["BadJson", "ExactNumber", "Number", "dumps", "exact_parts", "loads"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_quoted = json.encoder.encode_basestring


class BadJson(ValueError):  # noqa: N818 - the name says it
    """The text is no JSON."""


class Number:
    """A number by its text, where no ``int`` or ``float`` has the same."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __float__(self) -> float:
        return float(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Number, int, float)) and float(self) == float(other)

    def __hash__(self) -> int:
        return hash(float(self))

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


class ExactNumber(float):
    """A float that is written by its text, which no float brings back."""

    text: str

    def __new__(cls, text: str) -> ExactNumber:
        """Read *text*, a number of JSON."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # what pickle makes it of again
        return (self.text,)


class _SlowOnly(Exception):  # noqa: N818 - a signal, no error
    """There is a number that the fast encoder cannot write."""


def loads(text: bytes | str) -> Any:
    """Read JSON.

    Raises:
        BadJson: It is none; what the JSON of Python takes beside JSON (``NaN``) is none either.
    """
    return _loaded(_READ, text)


def dumps(value: object) -> bytes:
    """Write JSON: compact, in UTF-8; views as they came, date-times by RFC 3339, numbers by their text.

    Raises:
        ValueError: A date-time is naive, or a number is infinite or none at all.
        TypeError: JSON has nothing for a value.
    """
    try:
        text = _written(value)
    except RecursionError:
        raise ValueError("the value is nested too deeply for JSON") from None
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which came as an escape and goes as one
        return "".join(_escaped(sign) for sign in text).encode()


def exact_parts(text: bytes | str, root: Any) -> dict[int, Any]:
    """Find the parts of a JSON document that hold numbers no float brings back.

    Args:
        text: The document.
        root: What `loads` made of it.

    Returns:
        ``id`` of each object and array of *root* → the same with `Number` for such numbers; nothing without any.
    """
    found = _Aside()
    exact = _loaded(found.decoder, text)
    return dict(_paired(root, exact)) if found.any else {}


class _Aside:
    """Decodes and notes whether there was a number to set aside."""

    def __init__(self) -> None:
        self.any = False
        self.decoder = json.JSONDecoder(parse_float=self._float, parse_int=self._int, parse_constant=_no_constant)

    def _float(self, text: str) -> object:
        return self._same(text, float(text))

    def _int(self, text: str) -> object:
        return self._same(text, int(text))

    def _same(self, text: str, value: float) -> object:
        if repr(value) == text:
            return value
        self.any = True
        return Number(text)


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is no JSON")


def _loaded(decoder: json.JSONDecoder, text: bytes | str) -> Any:
    try:
        if isinstance(text, bytes):
            text = text.removeprefix(_BYTE_ORDER_MARK).decode()
        return decoder.decode(text)
    except BadJson:
        raise
    except (ValueError, RecursionError) as exc:
        raise BadJson(str(exc)) from None


def _paired(plain: Any, exact: Any) -> Iterator[tuple[int, Any]]:
    waiting = [(plain, exact)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict):
            waiting.extend((value, other[name]) for name, value in one.items())
        elif isinstance(one, list):
            waiting.extend(zip(one, other, strict=True))
        else:
            continue
        yield id(one), other


def _written(value: object) -> str:
    try:
        return _WRITE.encode(value)
    except _SlowOnly:
        return "".join(_slowly(value))


def _json(value: object) -> Any:
    """Return *value*, which JSON does not know, as something that it knows."""
    if isinstance(value, Number):
        raise _SlowOnly
    known = _known(value)
    if isinstance(known, Number):
        raise _SlowOnly
    return known


def _known(value: object) -> Any:
    # A view has its data in this form; asked by name, for views know this module and not the other way round.
    if (exact := getattr(value, "_exact", None)) is not None:
        return exact()
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, Decimal) and value.is_finite():
        return Number(str(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)) or not hasattr(value, "__iter__"):
        raise TypeError(f"JSON has nothing for {value!r} of type {type(value).__name__}")
    return list(value)


def _slowly(value: object) -> Iterator[str]:
    if isinstance(value, Number):
        yield value.text
    elif isinstance(value, dict):
        yield "{"
        for index, (name, member) in enumerate(value.items()):
            yield ("," if index else "") + _quoted(name) + ":"
            yield from _slowly(member)
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        for index, member in enumerate(value):
            if index:
                yield ","
            yield from _slowly(member)
        yield "]"
    elif value is None or isinstance(value, (str, int, float)):
        yield _WRITE.encode(value)
    else:
        yield from _slowly(_known(value))


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if "\ud800" <= sign <= "\udfff" else sign


_READ = json.JSONDecoder(parse_constant=_no_constant)
_WRITE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_json)
