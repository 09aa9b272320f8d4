"""Can the smallest thing be made? Where it cannot, the attribute that is demanded is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.contact.complaints import complaint
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import SmallestBody
from tmfkit_models.contracts import Resource

__all__ = ["Demand", "find_demand"]

_MOST_DEMANDED: Final = 4


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

    Args:
        session: The session.
        resource: The resource.
        refused: The create with the smallest body.
    """
    said = complaint(refused)
    payloads = session.payloads_of(resource.name)
    smallest, full = payloads.minimal(), payloads.full()
    if named := _named(session, resource, refused, smallest, full):
        return Demand(said.words, named, is_proven=True, exchange=refused.sequence)
    more = [name for name in full if full[name] != smallest.get(name)]
    if more and _is_taken(session, resource, full):
        demanded = _halved(session, resource, smallest, {name: full[name] for name in more})
        return Demand(said.words, demanded, is_proven=bool(demanded), exchange=refused.sequence)
    known = set(session.contract.attributes(resource.schema))
    missing = [name for name in said.named if name not in smallest]
    missing += [name for name in said.places if name in full and name not in {*smallest, *missing}]
    meant = [name for name in missing if name in known] or missing[:1]
    guessed = {name: full.get(name, "...") for name in meant}
    return Demand(said.words, guessed, is_proven=False, exchange=refused.sequence)


def _named(
    session: Session, resource: Resource, refused: Exchange, smallest: dict[str, Any], full: dict[str, Any]
) -> dict[str, Any]:
    """Return the attributes that the target names, one refusal after the other, until it takes the body; else none."""
    demanded: dict[str, Any] = {}
    while refused.is_refusal and len(demanded) < _MOST_DEMANDED:
        said = complaint(refused)
        names = [name for name in (*said.named, *said.places) if name in full and name not in {*smallest, *demanded}]
        if not names:
            return {}
        demanded |= {name: full[name] for name in names}
        refused = _created(session, resource, {**smallest, **demanded})
    return demanded if refused.is_success else {}


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
