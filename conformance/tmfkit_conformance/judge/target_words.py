"""What a target itself says when it refuses: the words of an error body, whatever its form."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from tmfkit_conformance.record.exchange import Response

__all__ = ["is_telling", "normalised", "target_words"]

_LIMIT: Final = 200

# In the order in which they say most: TMF630, RFC 9457, Spring and its like, OAuth 2.0, JSON:API.
_TELLING: Final = (
    "message",
    "detail",
    "error_description",
    "description",
    "faultstring",
    "reason",
    "msg",
    "title",
    "error",
    "code",
)
_AROUND: Final = ("error", "errors", "fault", "detail", "details", "violations")
_DEPTH: Final = 3

_PHRASES: Final = frozenset({"", "error", *(status.phrase.casefold() for status in HTTPStatus)})

_HEADING: Final = re.compile(r"<(title|h1|h2)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_UNSEEN: Final = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]*>")
_VARYING: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|tmfkit-[\w-]+|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+", re.IGNORECASE
)


def target_words(response: Response | None) -> str:
    """Return the words of an answer on one line, cut where they are long; empty when it has none.

    Args:
        response: The answer: an error of TMF630, one of the forms that frameworks have, a page or plain text.
    """
    if response is None or not response.body:
        return ""
    text = (
        next(_telling(response.json, _DEPTH), "") if response.is_json else _page(response.body.decode(errors="replace"))
    )
    line = " ".join(text.split())
    return line if len(line) <= _LIMIT else line[: _LIMIT - 1] + "…"


def is_telling(words: str) -> bool:
    """Say whether words tell more than a status does by itself."""
    return words.casefold().strip(" .!") not in _PHRASES


def normalised(words: str) -> str:
    """Return words without what differs from one request of a run to the next: ids and numbers."""
    return _VARYING.sub("#", words).casefold()


def _telling(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts that tell most, the best first."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list) and depth:
        for member in value:
            yield from _telling(member, depth - 1)
    elif isinstance(value, dict) and depth:
        for name in _TELLING:
            if isinstance(value.get(name), str) and value[name].strip():
                yield _placed(value, value[name])
        for name in _AROUND:
            if isinstance(value.get(name), (dict, list)):
                yield from _telling(value[name], depth - 1)


def _placed(error: dict[str, Any], words: str) -> str:
    """Return the words of one error, after the place that it names beside them."""
    place = next((error[name] for name in ("field", "path", "pointer", "loc") if error.get(name)), "")
    if isinstance(place, list):
        place = ".".join(map(str, place))
    # The path of the request is no place in its body, and every framework gives it.
    return f"{place}: {words}" if isinstance(place, str) and place and "status" not in error else words


def _page(text: str) -> str:
    """Return the headings of a page, or its text; of plain text the first line."""
    if "<" not in text:
        return next((line for line in text.splitlines() if line.strip()), "")
    seen = _UNSEEN.sub(" ", text)
    headings = [" ".join(_TAG.sub(" ", found[1]).split()) for found in _HEADING.findall(seen)]
    return html.unescape(" – ".join(dict.fromkeys(filter(None, headings))) or _TAG.sub(" ", seen))
