"""Servers that lose notifications or send them in the wrong form."""

from __future__ import annotations

import copy
from collections import ChainMap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.rules.hubs import (
    EVENT,
    EVENT_ANY_2XX,
    EVENT_BY_POST,
    EVENT_CARRIES_WHOLE,
    EVENT_HEADER,
    EVENT_MEMBER,
    EVENT_SET_COMPLETE,
)
from tmfkit_conformance.selftest.breaks.bodies import with_fault
from tmfkit_conformance.selftest.breaks.registry import Break, Note, breaks, notifying
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target
from tmfkit_models.contracts import Event

__all__: list[str] = []


def _told_once(target: Target) -> Event:
    """Return one type that the row speaks of, of those heard through the same hub one that a run triggers once."""
    resource = target.contract.resource(target.events[0].resource)
    same_hub = [event for event in target.events if target.contract.resource(event.resource).hub == resource.hub]
    return next((event for event in same_hub if event.on == "delete"), same_hub[-1])


@breaks(EVENT)
def lost(target: Target) -> Break:
    """The notifications of the type lost."""
    return notifying(
        f"sends no {target.row.operation}",
        lambda note, _history: [] if note.event_type == target.row.operation else [note],
    )


@breaks(EVENT)
def lost_of_other_attributes(target: Target) -> Break | None:
    """No notification of a change where another attribute is changed than the one that is changed first."""
    if target.events[0].on != "change":
        return None

    def change(note: Note, history: History) -> list[Note]:
        changed = [made.changed for made in history.made.values() if made.changes]
        is_other = bool(changed) and changed[-1][-1] != changed[-1][0]
        return [] if note.event_type == target.row.operation and is_other else [note]

    return notifying(
        f"sends no {target.row.operation} when an attribute is changed that was not changed before", change
    )


@breaks(EVENT)
def told_again_instead(target: Target) -> Break | None:
    """The first notification of a change delivered once more in the place of the one of another attribute's change."""
    if target.events[0].on != "change":
        return None

    def change(note: Note, history: History) -> list[Note]:
        if note.event_type != target.row.operation:
            return [note]
        return [note.with_body(history.kept.setdefault(note.callback, note.body))]

    return notifying(f"sends the first {target.row.operation} again where the next one is to come", change)


@breaks(EVENT_SET_COMPLETE)
def one_type_lost(target: Target) -> Break:
    """The notifications of one type lost."""
    missing = [event.type for event in target.contract.events if event.resource == target.resource.name][-1]
    return notifying(
        f"sends no {missing}",
        lambda note, _history: [] if note.event_type == missing else [note],
    )


@breaks(EVENT_MEMBER)
def member(target: Target) -> Break:
    """The member missing or of another form in notifications of one type; the same in all where it is to be unique."""
    form = EVENT_MEMBER.expect_of(target.row).form
    types = {event.type for event in target.events} if form == "unique" else {_told_once(target).type}

    def change(note: Note, _history: History) -> list[Note]:
        return [note.with_body(_spoilt(target, note.body))] if note.event_type in types else [note]

    words = _WORDS.get(form, "without")
    return notifying(f"sends {' and '.join(sorted(types))} {words} {target.subject}", change)


_SPOILT: dict[str, Any] = {"unique": "1", "date-time": "soon", "object": "text"}
"""Form → a value that has another form."""
_WORDS = {"unique": "with the same", "date-time": "with a wrong", "object": "with a wrong", "resource": "with a wrong"}


def _spoilt(target: Target, body: Any) -> Any:
    form = EVENT_MEMBER.expect_of(target.row).form
    if form == "resource":
        return _with_resource(body, target.subject, lambda value: with_fault(target, target.resource.schema, value))
    if form in _SPOILT:
        return pointers.with_value(body, target.subject, _SPOILT[form])
    return pointers.without(body, target.subject)


def _with_resource(body: Any, pointer: str, change: Any) -> Any:
    """Change the resource in a notification, also where it stands in a list of one."""
    found = pointers.get(body, pointer)
    if isinstance(found, list):
        return pointers.with_value(body, pointer, [change(value) for value in found])
    return pointers.with_value(body, pointer, change(copy.deepcopy(found))) if isinstance(found, dict) else body


def _carrying(target: Target, words: str, shown: Callable[[dict[str, Any], History], dict[str, Any]]) -> Break:
    """Return a server whose notifications of the row's type carry the resource otherwise."""

    def change(note: Note, history: History) -> list[Note]:
        if note.event_type != target.row.operation:
            return [note]
        return [note.with_body(_with_resource(note.body, target.subject, lambda resource: shown(resource, history)))]

    return notifying(f"sends {target.row.operation} with {words}", change)


@breaks(EVENT_CARRIES_WHOLE)
def part_carried(target: Target) -> Break:
    """A part of the resource in the notification."""

    def part(resource: dict[str, Any], _history: History) -> dict[str, Any]:
        left_out = [name for name in resource if name != "id"][-1]
        return {name: value for name, value in resource.items() if name != left_out}

    return _carrying(target, "a part of the resource", part)


@breaks(EVENT_CARRIES_WHOLE)
def carried_from_before(target: Target) -> Break | None:
    """The resource as it was created in the notification of a change."""
    if target.events[0].on not in ("change", "state-change"):
        return None

    def created(resource: dict[str, Any], history: History) -> dict[str, Any]:
        made = history.made.get(str(resource.get("id")))
        return dict(made.shown) if made else resource

    return _carrying(target, "the resource as it was created", created)


@breaks(EVENT_CARRIES_WHOLE)
def carried_a_change_late(target: Target) -> Break | None:
    """The resource as it was before the change in the notification of it, and so the change before that."""
    if target.events[0].on not in ("change", "state-change"):
        return None

    def before(resource: dict[str, Any], history: History) -> dict[str, Any]:
        made = history.made.get(str(resource.get("id")))
        earlier = [each.json for each in made.changes[:-1] if isinstance(each.json, dict)] if made else []
        return dict(ChainMap(*reversed(earlier), made.shown)) if made else resource

    return _carrying(target, "the resource as it was before the change", before)


@breaks(EVENT_BY_POST)
def by_put(_target: Target) -> Break:
    """Notifications sent by PUT."""
    return notifying("sends notifications by PUT", lambda note, _history: [replace(note, method="PUT")])


@breaks(EVENT_HEADER)
def other_header(target: Target) -> Break:
    """Another value in the header of notifications."""
    name = target.subject.partition(":")[0].strip()

    def change(note: Note, _history: History) -> list[Note]:
        others = tuple(pair for pair in note.headers if pair[0].lower() != name.lower())
        return [replace(note, headers=(*others, (name, "text/plain")))]

    return notifying(f"sends notifications with another {name}", change)


@breaks(EVENT_ANY_2XX)
def once_only(_target: Target) -> Break:
    """No listener told a second time."""

    def change(note: Note, history: History) -> list[Note]:
        return [note] if note.is_first(history) else []

    return notifying("tells no listener anything after the first notification", change)
