"""Checks of notifications."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Never

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import instant, is_equal
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, pass_with_remark, passed, skip
from tmfkit_conformance.rules.hubs import EVENT, EVENT_MEMBER
from tmfkit_conformance.rules.operations import Events, HeardAt, HeardOfAnother, Triggers

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange, Notification
    from tmfkit_conformance.rules.probes import Step
    from tmfkit_models.contracts import Event

__all__ = ["at_callback", "carried", "from_before", "is_one_event", "need_trigger", "of_event", "own_names"]


def at_callback(evidence: Evidence) -> list[Notification]:
    """Return the notifications that came to the callback of the probe."""
    heard_at = evidence.facts(HeardAt)
    return [note for note in evidence.notifications if heard_at and note.came_to(heard_at.callback)]


def of_event(evidence: Evidence, event: Event) -> list[Notification]:
    """Return the notifications of one event type that came to the callback of the probe."""
    found = [note for note in at_callback(evidence) if note.event_type == event.type]
    evidence.heard += [note.sequence for note in found if note.sequence not in evidence.heard]
    return found


def payload(note: Notification, event: Event) -> Any:
    """Return the resource in a notification, where the contract has it; ``ABSENT`` when it is not there.

    A list of one is opened, and the other initial case of the resource's name is taken, since the documents have both.
    """
    names = pointers.parts(event.payload)
    here: Any = note.json
    for name in names:
        here = next(
            (
                here[spelt]
                for spelt in (name, name[0].swapcase() + name[1:])
                if isinstance(here, dict) and spelt in here
            ),
            pointers.ABSENT,
        )
    if here is pointers.ABSENT and len(names) > 1 and isinstance(note.json, dict):
        last = names[-1]
        here = next(
            (note.json[spelt] for spelt in (last, last[0].swapcase() + last[1:]) if spelt in note.json), pointers.ABSENT
        )
    return here[0] if isinstance(here, list) and len(here) == 1 else here


def carried(evidence: Evidence, note: Notification, event: Event) -> dict[str, Any]:
    """Return the resource in a notification in the contract's own names; nothing where no object is there."""
    resource = own_names(evidence, event, payload(note, event))
    if not isinstance(resource, dict):
        return {}
    return {"id" if name == event.id_alias else name: value for name, value in resource.items()}


def own_names(evidence: Evidence, event: Event, resource: Any) -> Any:
    """Return a resource that an event is about, or a body about it, in the contract's own names."""
    return round_trip.canonical(evidence.contract, evidence.contract.resource(event.resource).schema, resource)


def _untriggered(evidence: Evidence, event: Event, step: Step) -> Never:
    tried = next(iter(evidence.all(step)), None) or next(iter(evidence.exchanges[-1:]), None)
    if tried is None or tried.is_success:
        skip(evidence.record.ended or f"what triggers {event.type} was not done")
    blocked(f"What triggers {event.type} failed: {evidence.answered(tried)}", tried)


def need_trigger(evidence: Evidence, event: Event) -> None:
    """Nothing is proven by an event that did not arrive when what triggers it did not succeed."""
    step = Events.TRIGGER.of(event.on)
    done = [exchange for exchange in evidence.all(step) if exchange.is_success]
    if not done:
        _untriggered(evidence, event, step)


@check(EVENT)
def event(evidence: Evidence) -> None:
    """The trigger makes the notification arrive at the registered callback."""
    wanted = evidence.contract.event(evidence.row.operation)
    evidence.succeeded(Events.REGISTER)
    need_trigger(evidence, wanted)
    arrived = of_event(evidence, wanted)
    ids = {exchange.identifier for exchange in evidence.all(Events.TRIGGER.of("create"))}
    if not any(_id_of(note, wanted) in ids for note in arrived):
        failed(_missing(evidence, wanted, arrived, sorted(filter(None, ids))))
    told = [note for note in arrived if _id_of(note, wanted) in ids]
    another = _another(evidence, wanted)
    if another is not None and not _is_told_after(evidence, wanted, told, another):
        _untold(evidence, wanted, another)
    if _is_told_twice([note for note in told if another is None or note.started < another.started], wanted):
        pass_with_remark(f"{wanted.type} arrived more than once for one trigger and state, with different eventIds")
    if stale := from_before(evidence, wanted):
        pass_with_remark(stale)
    passed()


def _another(evidence: Evidence, wanted: Event) -> Exchange | None:
    """Return the patch of another attribute than the usual one; None where it was not sent, or shows no effect."""
    facts = evidence.facts(HeardOfAnother)  # a bundle of an earlier kit has none
    if wanted.on != "change" or facts is None or facts.another != wanted.resource:
        return None
    patched = evidence.succeeded(Events.ANOTHER)
    before = next((one.answer for one in evidence.exchanges if one.step == Events.READ.of("create").name), None)
    after = evidence.object(Events.READ.of("change"))
    is_changed = isinstance(before, dict) and bool(evidence.lost(patched.request.json, before))
    return patched if is_changed and not evidence.lost(patched.request.json, after) else None


def _is_told_after(evidence: Evidence, wanted: Event, told: list[Notification], another: Exchange) -> bool:
    """Say whether a notification came after a change that is not an earlier one, delivered again."""
    earlier = [note for note in told if note.started <= another.started]
    later = [note for note in told if note.started > another.started]
    return any(
        not any(
            note.event_id == one.event_id != "" and is_one_event(evidence, one, wanted, note, wanted) for one in earlier
        )
        for note in later
    )


def _untold(evidence: Evidence, wanted: Event, another: Exchange) -> Never:
    """Fail a change that nothing was told of; remark one that something else was told of."""
    name = ", ".join(another.request.json)
    arrived = at_callback(evidence)
    before = {note.event_id for note in arrived if note.started <= another.started} - {""}
    later = [note for note in arrived if note.started > another.started and note.event_id not in before]
    deleted = {event.type for event in evidence.contract.events if event.on in ("delete", "state-change")}
    others = sorted({note.event_type for note in later} - deleted)
    if others:
        pass_with_remark(f"A change of {name} was told as {', '.join(others)}, and not as {wanted.type}")
    failed(f"No {wanted.type} arrived after {name} was changed; one did after another attribute was changed")


def _is_told_twice(arrived: list[Notification], wanted: Event) -> bool:
    """Say whether one event came with two ids: it is two for a listener, which tells them apart by these."""
    told: dict[str, set[str]] = defaultdict(set)
    for note in arrived:
        told[_state(note, wanted)].add(str(pointers.get(note.json, "/eventId")))
    return any(len(names) > 1 for names in told.values())


def from_before(evidence: Evidence, wanted: Event) -> str:
    """Say that every notification of a change shows what was changed as it was before; nothing where one does not.

    Each is held against the latest change before it came: one that is a state behind shows the change before that.
    """
    # They show nothing by themselves, so that no verdict names them.
    steps = [Triggers.READ.of("create").name, Triggers.TRIGGER.of(wanted.on).name]
    steps += [Events.ANOTHER.name] if wanted.on == "change" else []
    seen = [one for one in evidence.exchanges if one.step in steps and one.is_success]
    read = next((one.answer for one in seen if isinstance(one.answer, dict) and one.request.method == "GET"), None)
    before = own_names(evidence, wanted, read)
    if wanted.on not in ("change", "state-change") or before is None:
        return ""
    changes: list[tuple[float, list[str]]] = []
    for one in seen:
        if isinstance(one.request.json, dict):
            body = own_names(evidence, wanted, one.request.json)
            changes.append((one.started, [name for name in body if not is_equal(before.get(name), body[name])]))
    arrived = [note for note in of_event(evidence, wanted) if _id_of(note, wanted) == str(before.get("id"))]
    told: list[str] = []
    for note in arrived:
        names = next((names for started, names in reversed(changes) if started <= note.started), None)
        if names is None:
            continue
        if not _shows(carried(evidence, note, wanted), before, names):
            return ""
        told += names
    return f"{wanted.type} shows {', '.join(dict.fromkeys(told))} as before the change" if told else ""


def _shows(resource: dict[str, Any], state: dict[str, Any], names: list[str]) -> bool:
    """Say whether a resource shows attributes, those of them that it has, as they are in a state."""
    there = [name for name in names if name in resource]
    return bool(there) and all(is_equal(state.get(name), resource[name]) for name in there)


def _missing(evidence: Evidence, wanted: Event, arrived: list[Notification], made: list[str]) -> str:
    """Say what arrived instead of a notification about the resource that was made."""
    about = ", ".join(made) or "(nothing)"
    if not arrived:
        others = sorted({note.event_type or _unnamed(note) for note in at_callback(evidence)})
        return f"No {wanted.type} arrived; what arrived was: {', '.join(others) or 'nothing'}"
    told = sorted({_id_of(note, wanted) for note in arrived} - {""})
    if not told:
        return f"{wanted.type} arrived, and no id was in it at {wanted.payload}; {about} was made"
    return f"{wanted.type} arrived about {', '.join(told)}, and {about} was made"


def _unnamed(note: Notification) -> str:
    """Say what a notification without an event type is."""
    return f"a body in the content coding {note.coding!r}, answered 415" if note.coding else "(none)"


def _id_of(note: Notification, wanted: Event) -> str:
    resource = payload(note, wanted)
    if isinstance(resource, dict):
        return str(next((resource[name] for name in ("id", "Id") if name in resource), "")).strip()
    return ""


def _is_foreign(evidence: Evidence, note: Notification, wanted: Event) -> bool:
    """Say whether a notification is about a resource that somebody else made, and not wrongly about one of ours."""
    ours = [exchange.identifier for exchange in evidence.all(Events.TRIGGER.of("create"))]
    return _id_of(note, wanted) not in ("", *ours) and not any(note.mentions(own) for own in ours)


@check(EVENT_MEMBER)
def event_member(evidence: Evidence) -> None:
    """Every notification of the type has the member in the form of the row."""
    row = evidence.row
    wanted = [one for one in evidence.contract.events if row.operation in ("*", one.type)]
    evidence.succeeded(Events.REGISTER)
    if row.subject == "/eventType":
        _every_type(evidence)
    found = [(note, one) for one in wanted for note in of_event(evidence, one) if not _is_foreign(evidence, note, one)]
    if not found:
        for one in wanted if len(wanted) == 1 else ():
            need_trigger(evidence, one)
        blocked(f"No {' and no '.join(one.type for one in wanted)} arrived")
    form = EVENT_MEMBER.expect_of(row).form
    for note, one in found:
        _member(evidence, note, one, form)
    if form == "unique" and (_repeated(evidence, found, row.subject) or _repeated_elsewhere(evidence, found)):
        failed(f"Notifications of different events have the same {row.subject}")
    if form == "date-time" and (remark := _times(evidence, found)):
        pass_with_remark(remark)
    passed()


def _repeated(evidence: Evidence, found: list[tuple[Notification, Event]], pointer: str) -> bool:
    """Say whether two events have one value; one that is delivered again is the same event each time."""
    told: dict[str, list[tuple[Notification, Event]]] = defaultdict(list)
    for note, one in found:
        told[str(pointers.get(note.json, pointer))].append((note, one))
    return any(
        not is_one_event(evidence, first, one, note, other)
        for (first, one), *others in told.values()
        for note, other in others
    )


def _repeated_elsewhere(evidence: Evidence, found: list[tuple[Notification, Event]]) -> bool:
    """Say whether an event about another resource, told at any time of the run, has the value that one of these has."""
    pointer = evidence.row.subject
    told = {str(pointers.get(note.json, pointer)): _id_of(note, one) for note, one in found}
    for note in evidence.notifications:
        event = next((one for _, one in found if one.type == note.event_type), None)
        other = _id_of(note, event) if event else ""
        if other and told.get(str(pointers.get(note.json, pointer)), other) not in ("", other):
            evidence.heard.append(note.sequence)
            return True
    return False


def is_one_event(evidence: Evidence, first: Notification, one: Event, second: Notification, other: Event) -> bool:
    """Say whether two notifications may be of one event: of one type, about one resource in one state.

    A target may show the resource anew whenever it delivers, with another address or time. Two states are those that
    differ in what the triggers of this probe changed.
    """
    ids = {_id_of(first, one), _id_of(second, other)}
    if one.type != other.type or len(ids) > 1:
        return False
    resources = [payload(first, one), payload(second, other)]
    if ids == {""} or not all(isinstance(resource, dict) for resource in resources):
        return _state(first, one) == _state(second, other)
    schema = evidence.contract.resource(one.resource).schema
    for name in _changed(evidence):
        before, after = (
            pointers.get(resource, round_trip.spelt(evidence.contract, schema, resource, f"/{pointers.escaped(name)}"))
            for resource in resources
        )
        if pointers.ABSENT not in (before, after) and not is_equal(before, after):
            return False
    return True


def _changed(evidence: Evidence) -> list[str]:
    """Return the attributes that the triggers of the probe changed."""
    # They show nothing by themselves, so that no verdict names them.
    steps = {Events.ANOTHER.name, *(Triggers.TRIGGER.of(on).name for on in ("change", "state-change"))}
    bodies = [one.request.json for one in evidence.exchanges if one.step in steps and one.is_success]
    return list(dict.fromkeys(name for body in bodies if isinstance(body, dict) for name in body))


def _state(note: Notification, one: Event) -> str:
    """Return what an event is told of: its type, and the resource as it is shown."""
    return json.dumps([note.event_type, payload(note, one)], sort_keys=True, default=str)


def _times(evidence: Evidence, found: list[tuple[Notification, Event]]) -> str:
    """Hold the times of notifications against the time of their arrival; return a remark on the first that is off."""
    pointer = evidence.row.subject
    remarks = (
        evidence.need_time(f"{pointer} of {one.type}", str(pointers.get(note.json, pointer)), note.started)
        for note, one in found
    )
    return next((remark for remark in remarks if remark), "")


def _every_type(evidence: Evidence) -> Never:
    """Hold every notification against the types of the contract: one without a type belongs to none of them."""
    came = at_callback(evidence)
    evidence.heard += [note.sequence for note in came]
    arrived = [note for note in came if not _is_trial(evidence, note)]
    if not arrived:
        blocked("Nothing arrived at the registered callback")
    if coded := next((note for note in arrived if note.coding), None):
        failed(f"What came is {_unnamed(coded)}")
    if not all(note.event_type for note in arrived):
        failed("A notification has no /eventType")
    known = {one.type for one in evidence.contract.events}
    others = sorted({note.event_type for note in arrived} - known)
    if others and EVENT_MEMBER.expect_of(evidence.row).form == "event-type":
        named = ", ".join(map(repr, others))
        if not any(note.event_type in known for note in arrived):
            failed(f"/eventType is {named}, which is no type of the document")
        pass_with_remark(f"Further notifications came, of types that the document does not have: {named}")
    if len(arrived) < len(came):
        pass_with_remark("Something came without /eventType while the callback was registered, before any notification")
    passed()


def _is_trial(evidence: Evidence, note: Notification) -> bool:
    """Say whether a target may only have tried whether anybody is at a callback, as it was registered.

    What it sends meanwhile may arrive a little later than its answer: it names no type, and nothing that was made.
    """
    if note.event_type:
        return False
    first = next(iter(evidence.all(Events.TRIGGER.of("create"))), None)
    if first is None or note.started > first.started + first.elapsed_ms / 1000:
        return False
    return not (first.identifier and note.mentions(first.identifier))


def _member(evidence: Evidence, note: Notification, one: Event, form: str) -> None:
    pointer = evidence.row.subject
    if form == "resource":
        _resource(evidence, note, one)
        return
    value = pointers.get(note.json, pointer)
    if (
        form == "object"
        and value is pointers.ABSENT
        and payload(note, one) is not pointers.ABSENT
        and pointer == "/event"
    ):
        pass_with_remark(f"The resource stands beside `event` in {one.type}, as in the document's own sample")
    if value in (pointers.ABSENT, None, "") or isinstance(value, bool):
        failed(f"{one.type} has no {pointer}")
    if form == "date-time" and instant(value) is None:
        failed(f"{pointer} of {one.type} is {value!r}, which is no date-time")
    if form == "object" and not isinstance(value, dict):
        failed(f"{pointer} of {one.type} is no JSON object")


def _resource(evidence: Evidence, note: Notification, one: Event) -> None:
    resource = payload(note, one)
    if not isinstance(resource, dict):
        failed(f"{one.type} has no resource at {one.payload}")
    ids = {exchange.identifier for exchange in evidence.all(Events.TRIGGER.of("create"))}
    if _id_of(note, one) not in ids:
        own = ", ".join(sorted(filter(None, ids)))
        told = _id_of(note, one)
        failed(f"{one.type} has {f'the id {told!r}' if told else 'no id'} at {one.payload}, and {own!r} was made")
    faults, _ = evidence.shape.faults(resource, evidence.contract.resource(one.resource).schema)
    if faults:
        failed(f"The resource in {one.type} is not as the tables have it: {'; '.join(faults)}")
