"""Where the body of an answer stops being JSON."""

from __future__ import annotations

import json
import re
from typing import Final

from tmfkit_conformance.record.exchange import Response

__all__ = ["broken_token", "not_json"]

_AROUND: Final = 24
_TOKEN: Final = re.compile(r"[-+]?[\w.]+|.", re.DOTALL)
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>-?(?:NaN|Infinity))')
"""A string, or what Python's reader takes for a number and RFC 8259 §6 does not."""


def not_json(response: Response, what: str = "The answer") -> str:
    """Return that an answer is not JSON, and where it breaks, with a few characters around it."""
    text, place = _broken(response)
    if not text.strip():
        return f"{what} is not JSON: it is empty"
    if place is None:
        return f"{what} is not JSON: it is nested too deep"
    around = " ".join(text[max(0, place - _AROUND) : place + _AROUND].split())
    return f"{what} is not JSON, from character {place + 1} on: …{around}…"


def broken_token(response: Response) -> str:
    """Return the word or character at which an answer stops being JSON, without a sign; empty where none is."""
    text, place = _broken(response)
    found = _TOKEN.match(text, place) if place is not None else None
    return found[0].lstrip("+-") if found else ""


def _broken(response: Response) -> tuple[str, int | None]:
    """Return the text of an answer, and where it breaks, counted from 0; None where no place is to blame."""
    text = response.body.decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as exc:
        earlier = [one for one in _constants(text) if one < exc.pos]
        return text, earlier[0] if earlier else exc.pos
    except RecursionError:
        return text, None
    return text, next(iter(_constants(text)), None)


def _constants(text: str) -> list[int]:
    return [found.start() for found in _CONSTANT.finditer(text) if found["constant"]]
