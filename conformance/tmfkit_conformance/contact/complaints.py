"""What a target says of a body that it refuses: its words, and the attributes that they name.

Errors come as TMF630 has them, and as frameworks do: with a list of errors beside or in place of the message, each with
the place that it is about, or with an object that has the places as its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Complaint", "complaint"]

_LONGEST_WORDS: Final = 300
_DEEPEST: Final = 4
_TELLING: Final = (
    "reason",
    "message",
    "detail",
    "description",
    "faultstring",
    "msg",
    "defaultMessage",
    "error",
    "title",
)
_PLACES: Final = (
    "field", "path", "pointer", "property", "propertyPath", "attribute", "param", "parameter", "loc", "location",
    "instancePath", "dataPath", "missingProperty", "source", "params", "name",
)  # fmt: skip
_LISTS: Final = ("errors", "details", "violations", "fieldErrors", "validationErrors", "invalidParams", "fault")
_AROUND: Final = frozenset({"", "body", "$", "#", "data", "attributes", "request", "payload"})
"""What may stand before the name of an attribute in a place."""

_NAMED: Final = re.compile(
    r"(?:missing|required|mandatory|need\w*|without)\W+(?:(?:attributes?|fields?|property|properties|members?|parameters?|missing|required|mandatory|is|are|a|an|the)\W+)*"
    r"['\"`]?([A-Za-z@_][\w.@]*)"
    r"|['\"`]?([A-Za-z@_][\w.@]*)['\"`]?\s+(?:is|are|must|was|may|cannot|field|attribute|:)?\W*(?:\w+\W+){0,3}?"
    r"(?:missing|required|mandatory|obligatory|needed|provided|supplied|specified|given|omitted|present|null|blank|empty)",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    {"attribute", "field", "property", "member", "parameter", "value", "body", "request", "it", "this", "is", "are",
     "a", "an", "the", "not", "be", "must", "mandatory", "required", "missing", "attributes", "fields",
     "properties", "members", "parameters", "for", "in", "at", "least", "most", "one", "more", "of", "to"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a target says of a body.

    Attributes:
        words: Its words, on one line.
        places: First-level names of the attributes that its errors are placed at.
        named: Names that its words say are missing.
    """

    words: str
    places: tuple[str, ...]
    named: tuple[str, ...]


def complaint(refused: Exchange) -> Complaint:
    """Return what a target says of a body that it refused."""
    said = refused.answer
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    errors = list(_errors(said, _DEEPEST))
    texts = list(dict.fromkeys([*_texts(said), *(f"{place} {text}".strip() for place, text in errors)]))
    words = ": ".join(texts)
    if not words:
        body = refused.response.body if refused.response else b""
        words = " ".join(body[:_LONGEST_WORDS].decode("utf-8", "replace").split())
    return Complaint(
        words[:_LONGEST_WORDS], tuple(dict.fromkeys(place for place, _ in errors if place)), _names_in(words)
    )


def _texts(said: Any) -> list[str]:
    """Return the texts that an error body has itself, in the order in which they tell most."""
    found = [said[name] for name in _TELLING if name in said] if isinstance(said, dict) else []
    return [text for text in found if isinstance(text, str) and text]


def _errors(said: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the place and the words of every single error in an error body."""
    if not depth or not isinstance(said, (dict, list)):
        return
    lists = [said] if isinstance(said, list) else [said[name] for name in (*_LISTS, *_TELLING) if name in said]
    for errors in lists:
        if isinstance(errors, dict):
            yield from _by_place(errors, depth)
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict):
                yield _place(error), next(iter(_texts(error)), "")
                yield from _errors(error, depth - 1)
            elif isinstance(error, str):
                yield "", error


def _by_place(errors: dict[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    """Yield the errors of an object that has the places as its names, or more errors inside."""
    if any(name in errors for name in (*_LISTS, *_TELLING)):
        yield from _errors(errors, depth - 1)
        return
    for name, texts in errors.items():
        told = [text for text in (texts if isinstance(texts, list) else [texts]) if isinstance(text, str)]
        if told:
            yield _first_level(name), told[0]


def _place(error: dict[str, Any]) -> str:
    """Return the first-level name that an error is placed at; empty where it says none."""
    for name in _PLACES:
        value = error.get(name)
        found = _place(value) if isinstance(value, dict) else _first_level(value)
        if found:
            return found
    return ""


def _first_level(place: Any) -> str:
    """Return the first name of a place, in whatever form: a pointer, a path with dots, a list of names."""
    parts = place if isinstance(place, list) else re.split(r"[/.\[\]]", place) if isinstance(place, str) else []
    names = [part for part in map(str, parts) if part not in _AROUND]
    return names[0] if names and re.fullmatch(r"@?[A-Za-z_][\w@]*", names[0]) else ""


def _names_in(words: str) -> tuple[str, ...]:
    """Return what the words say is missing, as far as they can be read."""
    found = [name.rstrip(".").removeprefix("$.") for pair in _NAMED.findall(words) for name in pair if name]
    return tuple(dict.fromkeys(name for name in found if name.lower() not in _NO_NAMES))
