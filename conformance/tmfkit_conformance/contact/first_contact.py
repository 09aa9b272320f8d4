"""First contact: the questions, one after the other, and what was learned."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tmfkit_conformance.contact.consistency import measure
from tmfkit_conformance.contact.media import find_media
from tmfkit_conformance.contact.names import configured_names, find_names, find_names_beside, find_path
from tmfkit_conformance.contact.refused import find_refused
from tmfkit_conformance.contact.smallest import Demand, find_demand
from tmfkit_conformance.contact.there import first_create, first_look, second_look
from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.drive.whose import look_around, try_marks
from tmfkit_conformance.payloads.forms import how
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import ApiThere, Consistency, Dialect, Everything, SmallestBody
from tmfkit_conformance.rules.probes import Probe
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models.contracts import Resource

__all__ = ["Acquaintance", "acquaint"]


@dataclass
class Acquaintance:
    """What first contact found out.

    Attributes:
        sentences: What is said of it, one line each.
        demands: Resource → what is demanded beyond the smallest body.
        unseen: Operation that did not show a write as long as it was waited for → a sentence that says so.
    """

    sentences: list[str] = field(default_factory=list)
    demands: dict[str, Demand] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)


def acquaint(session: Session, resources: Sequence[Resource], known: Acquaintance) -> None:
    """Get acquainted with the target, at once with each resource where the run sends several requests at a time.

    Args:
        session: The session; what it is to do differently from now on, it keeps.
        resources: The resources that the run is about.
        known: Takes up what is found out.

    Raises:
        TargetUnreachable: The target does not answer.
        NoApi: What answers is no API.
    """
    made: dict[str, Exchange] = {}
    with _asking(session, ApiThere):
        listed = first_look(session, resources)
        for resource in resources:
            configured_names(session, resource)
        if session.watch.ended:
            return
    with _asking(session, Dialect):
        for resource in resources:
            find_path(session, resource)
    look_around(session, [resource.name for resource in resources])  # before anything is made
    parallel = session.settings.parallel
    with _asking(session, ApiThere):
        at_once([functools.partial(_create, session, resource, made) for resource in resources], parallel=parallel)
        second_look(session, listed, made.values())
    there = [resource for resource in resources if resource.name in made]
    at_once([functools.partial(_find_body, session.beside(), each, made, known) for each in there], parallel=parallel)
    taken = [resource for resource in there if made[resource.name].is_success]
    lagging = taken if session.settings.settle_seconds else ()  # else nothing would be waited for
    marks = [functools.partial(try_marks, session.beside(), [resource.name]) for resource in taken]
    lags = [functools.partial(_measure, session.beside(), resource, known) for resource in lagging]
    at_once([*marks, *lags], parallel=parallel)
    known.sentences += [
        *_sentences(session, resources, made, known.demands),
        *_left(session, taken),
        *_visibility(session, known.unseen),
    ]


def _create(session: Session, resource: Resource, made: dict[str, Exchange]) -> None:
    made[resource.name] = first_create(session, resource)


def _find_body(session: Session, resource: Resource, made: dict[str, Exchange], known: Acquaintance) -> None:
    """Find the names and the attributes with which the smallest body of a resource is taken, and how patches are.

    What the smallest body was answered is kept in *made*.
    """
    with _asking(session, Dialect):
        made[resource.name] = find_names(session, resource, made[resource.name])
    if made[resource.name].is_refusal:
        known.demands[resource.name] = _demand(session, resource, made[resource.name])
        session.demanded[resource.name] = tuple(known.demands[resource.name].attributes)
    if made[resource.name].is_success:
        with _asking(session, Everything):
            find_refused(session, resource)
        with _asking(session, Dialect):
            find_media(session, resource)


def _measure(session: Session, resource: Resource, known: Acquaintance) -> None:
    with _asking(session, Consistency):
        known.unseen.update(measure(session, resource))


def _demand(session: Session, resource: Resource, refused: Exchange) -> Demand:
    """Find what is demanded beyond the smallest body, in the names of the contract or else in others."""
    found = Demand("", {}, is_proven=False, exchange=refused.sequence)
    is_said_otherwise = False
    with _asking(session, SmallestBody):
        found = find_demand(session, resource, refused)
    if not found.is_proven:
        with _asking(session, Dialect):
            is_said_otherwise = find_names_beside(session, resource, refused)
    if is_said_otherwise:
        with _asking(session, SmallestBody):
            found = find_demand(session, resource, refused)
    return found


def _asking(session: Session, probe: type[Probe]) -> AbstractContextManager[None]:
    """Ask one question; a target that stops serving meanwhile ends it."""
    return session.probing(PlannedProbe(probe, ""))


def _sentences(
    session: Session, resources: Sequence[Resource], made: dict[str, Exchange], demands: dict[str, Demand]
) -> Iterator[str]:
    for resource in resources:
        answer = made.get(resource.name)
        demand = demands.get(resource.name)
        if answer is None:
            continue
        if answer.response is None:
            yield f"{resource.name}: the smallest body got no answer."
        elif demand is not None:
            refused = f"the smallest body is refused, {answer.status} '{demand.words}'."
            yield f"{resource.name}: {refused}{_entry(resource, demand)}"
        else:
            yield f"{resource.name}: the smallest body is answered {answer.status}."
        for key, spoken in session.dialect[resource.name].items():
            yield f"{resource.name}: the target takes {key} {how(spoken)}."
        for pointer in session.refused.get(resource.name, ()):
            yield f"{resource.name}: the target refuses {pointer[1:]}, and may; it is sent where a row speaks of it."
        patched, usual = session.media.get(resource.name), session.contract.action("patch", resource.name)
        if patched and usual and patched != usual.consumes[0]:
            yield f"{resource.name}: the target takes patches as {patched}, and not as {usual.consumes[0]}."


def _left(session: Session, taken: Sequence[Resource]) -> Iterator[str]:
    """Yield that records of the run stay at the target, where none of a resource could be deleted."""
    receipt = session.ledger.receipt
    for resource in taken:
        place = session.item_url("", resource.name)
        left = [entry for entry in receipt.left() if entry.state == "left" and entry.address.startswith(place)]
        if left and not any(entry.address.startswith(place) for entry in receipt.deleted()):
            role = " (the role admin: --admin-header)" if left[0].is_admin else ""
            yield f"{resource.name}: what the run makes stays there, {left[0].why}{role}; the receipt names it."


def _visibility(session: Session, unseen: Mapping[str, str]) -> Iterator[str]:
    """Yield how soon writes are seen, and by what they were not."""
    yield from unseen.values()
    lag = session.settling.lag_seconds
    if lag or not unseen:
        yield f"What is written is visible {f'after {lag * 1000:.0f} ms' if lag else 'at once'}."


def _entry(resource: Resource, demand: Demand) -> str:
    """Return what is to be configured, ready to be pasted."""
    if not demand.attributes:
        return ""
    entry = json.dumps({resource.name: demand.attributes}, ensure_ascii=False)  # YAML as well
    how = "It is taken with" if demand.is_proven else "Try it with"
    return f" {how} `payloads: {entry}` in the configuration."
