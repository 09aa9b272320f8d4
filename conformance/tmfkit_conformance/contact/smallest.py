"""Can the smallest thing be made? Where it cannot, the attribute that is demanded is looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import SmallestBody
from tmfkit_models.contracts import Resource

__all__ = ["Demand", "find_demand"]

_MOST_DEMANDED: Final = 4
_LONGEST_WORDS: Final = 300
_NAMED: Final = re.compile(
    r"(?:missing|required|mandatory|need\w*|without)\W+(?:(?:attribute|field|property|member|parameter|is|are|a|an|the)\W+)*"
    r"['\"`]?([A-Za-z@_][\w.@]*)"
    r"|['\"`]?([A-Za-z@_][\w.@]*)['\"`]?\s+(?:is|are|must|was|may|cannot|field|attribute|:)?\W*(?:\w+\W+){0,3}?"
    r"(?:missing|required|mandatory|needed|provided|present|null|blank|empty)",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    {"attribute", "field", "property", "member", "parameter", "value", "body", "request", "it", "this", "is", "are",
     "a", "an", "the", "not", "be", "must", "mandatory", "required", "missing", "attributes", "fields", "for", "in"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demand:
    """What a target demands beyond the smallest body.

    Attributes:
        words: What the target said of the smallest body.
        attributes: Attribute → a value for it; empty when none was found.
        is_proven: Whether a create with these attributes was taken.
        exchange: The create that was refused.
    """

    words: str
    attributes: dict[str, Any]
    is_proven: bool
    exchange: int

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in a bundle."""
        return {
            "words": self.words,
            "attributes": self.attributes,
            "is_proven": self.is_proven,
            "exchange": self.exchange,
        }


def find_demand(session: Session, resource: Resource, refused: Exchange) -> Demand:
    """Find out what is missing in the smallest body: by halving what the full one has more, else in the words.

    Args:
        session: The session.
        resource: The resource.
        refused: The create with the smallest body.
    """
    words = _words(refused)
    payloads = session.payloads_of(resource.name)
    smallest, full = payloads.minimal(), payloads.full()
    more = [name for name in full if full[name] != smallest.get(name)]
    if more and _is_taken(session, resource, full):
        demanded = _halved(session, resource, smallest, {name: full[name] for name in more})
        return Demand(words, demanded, is_proven=bool(demanded), exchange=refused.sequence)
    known = set(session.contract.attributes(resource.schema))
    named = next((name for name in _names_in(words) if name not in smallest), "")
    value = full.get(named, "...") if named in known else "..."
    return Demand(words, {named: value} if named else {}, is_proven=False, exchange=refused.sequence)


def _halved(session: Session, resource: Resource, smallest: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of *more* without which the smallest body is refused.

    The shortest beginning of *more* that is enough ends in one that is demanded; what comes before it is halved again.
    """
    demanded: dict[str, Any] = {}
    left = list(more)
    while len(demanded) < _MOST_DEMANDED:
        low, high = 0, len(left)  # `high` of them are known to be enough
        while low + 1 < high:
            middle = (low + high) // 2
            tried = {**smallest, **demanded, **{name: more[name] for name in left[:middle]}}
            low, high = (low, middle) if _is_taken(session, resource, tried) else (middle, high)
        if not left:
            return demanded
        last = left[high - 1]
        demanded, left = {**demanded, last: more[last]}, left[: high - 1]
        if _is_taken(session, resource, {**smallest, **demanded}):
            return demanded
    return {}


def _is_taken(session: Session, resource: Resource, body: dict[str, Any]) -> bool:
    step = SmallestBody.CREATE.of(f"{resource.name} with {', '.join(body)}")
    return session.call("create", step, body=body, resource=resource.name).is_success


def _words(refused: Exchange) -> str:
    """Return the target's own words."""
    said = refused.answer
    if isinstance(said, list) and said:
        said = said[0]
    if isinstance(said, dict):
        told = [said[name] for name in ("reason", "message", "detail", "description", "error", "title") if name in said]
        texts = list(dict.fromkeys(text for text in told if isinstance(text, str) and text))
        if texts:
            return ": ".join(texts)[:_LONGEST_WORDS]
    body = refused.response.body if refused.response else b""
    return " ".join(body[:_LONGEST_WORDS].decode("utf-8", "replace").split())


def _names_in(words: str) -> list[str]:
    """Return what the words say is missing, as far as they can be read."""
    found = [name.rstrip(".").removeprefix("$.") for pair in _NAMED.findall(words) for name in pair if name]
    return [name for name in found if name.lower() not in _NO_NAMES]
