"""Can the smallest thing be made? Where it cannot, the attribute that is demanded is looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.contact.complaints import complaint
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import SmallestBody
from tmfkit_models.contracts import Resource

__all__ = ["Demand", "find_demand"]

_MOST_DEMANDED: Final = 4
_UNKNOWN: Final = "..."
"""Stands for a value that only the target's operator knows."""


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
    """Find out what is missing in the smallest body: in the words, else by halving what the full one has more.

    Where no body is taken that the kit can make, the words alone tell: of what is missing, or of a configured value.

    Args:
        session: The session.
        resource: The resource.
        refused: The create with the smallest body.
    """
    words = complaint(refused).words
    payloads = session.payloads_of(resource.name)
    smallest, full = payloads.minimal(), payloads.full()
    named, last = _named(session, resource, refused, smallest, full)
    if last.is_success:
        return Demand(words, named, is_proven=True, exchange=refused.sequence)
    more = [name for name in full if full[name] != smallest.get(name)]
    if more and _is_taken(session, resource, full):
        demanded = _halved(session, resource, smallest, {name: full[name] for name in more})
        return Demand(words, demanded, is_proven=bool(demanded), exchange=refused.sequence)
    lacking = _lacking(session, resource, last, {**smallest, **named})
    guessed = named | {name: _UNKNOWN if name in smallest else full.get(name, _UNKNOWN) for name in lacking}
    return Demand(words, guessed, is_proven=False, exchange=refused.sequence)


def _named(
    session: Session, resource: Resource, refused: Exchange, smallest: dict[str, Any], full: dict[str, Any]
) -> tuple[dict[str, Any], Exchange]:
    """Return the attributes that the target names, one refusal after the other, and how it answered them together.

    It goes on until the body is taken, or a refusal names none that the kit has a value for.
    """
    demanded: dict[str, Any] = {}
    while refused.is_refusal and len(demanded) < _MOST_DEMANDED:
        said = complaint(refused)
        names = [name for name in (*said.named, *said.places) if name in full and name not in {*smallest, *demanded}]
        if not names:
            break
        demanded |= {name: full[name] for name in names}
        refused = _created(session, resource, {**smallest, **demanded})
    return demanded, refused


def _lacking(session: Session, resource: Resource, refused: Exchange, sent: dict[str, Any]) -> list[str]:
    """Return the attributes that a refusal names and the body lacks: those of the contract, else the first other.

    Where it lacks none they are those that are configured, and with a value that is not taken.
    """
    said, known = complaint(refused), session.contract.attributes(resource.schema)
    placed = (name for name in said.places if name in known)
    lacking = list(dict.fromkeys(name for name in (*said.named, *placed) if name not in sent))
    configured = session.settings.payloads.get(resource.name, {})
    mentioned = [name for name in configured if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said.words)]
    return [name for name in lacking if name in known] or lacking[:1] or mentioned


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
    return _created(session, resource, body).is_success


def _created(session: Session, resource: Resource, body: dict[str, Any]) -> Exchange:
    step = SmallestBody.CREATE.of(f"{resource.name} with {', '.join(body)}")
    return session.call("create", step, body=body, resource=resource.name)
