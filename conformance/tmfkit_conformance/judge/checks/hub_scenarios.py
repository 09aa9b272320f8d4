"""Scenarios on hubs and notifications; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.attributes import shown
from tmfkit_conformance.judge.checks.events import (
    at_callback,
    carried,
    from_before,
    is_one_event,
    need_trigger,
    of_event,
    own_names,
)
from tmfkit_conformance.judge.checks.scenarios import accepted, scenario
from tmfkit_conformance.judge.compare import is_there
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, skip
from tmfkit_conformance.rules.hubs import (
    EVENT_ANY_2XX,
    EVENT_BY_POST,
    EVENT_CARRIES_WHOLE,
    EVENT_HEADER,
    EVENT_SET_COMPLETE,
    HUB_CALLBACK_ONLY,
    HUB_DELIVERS,
    HUB_FREES_THE_PLACE,
    HUB_ONE_LISTENER,
    HUB_OWN_RESOURCE_ONLY,
    HUB_REGISTERS_AGAIN,
    HUB_REMOVED_IS_SILENT,
    HUB_REPEATS_CALLBACK,
    HeardByBoth,
    HubCallbackOnly,
    HubDelivers,
    HubOneListener,
    HubOwnResourceOnly,
    HubRegistersAgain,
    HubRemovedIsSilent,
    HubRepeatsCallback,
    RemovedFrom,
)
from tmfkit_conformance.rules.operations import Events, Triggers

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Notification

__all__: list[str] = []


@scenario(HUB_DELIVERS, EVENT_ANY_2XX)
def _hub_delivers(evidence: Evidence) -> None:
    evidence.succeeded(HubDelivers.REGISTER)
    made = evidence.succeeded(Triggers.TRIGGER.of("create"))
    arrived = [note for note in at_callback(evidence) if note.mentions(made.identifier)]
    evidence.heard += [note.sequence for note in arrived]
    if evidence.row.scenario == EVENT_ANY_2XX.name:
        _keep_coming(evidence, arrived)
        return
    both = evidence.facts(HeardByBoth)
    at_second = [note for note in evidence.notifications if both and both.second and note.came_to(both.second)]
    heard = [note for note in at_second if note.mentions(made.identifier)]
    evidence.heard += [note.sequence for note in heard]
    if not arrived and not heard:
        failed("Nothing arrived at the registered callback")
    if both and both.second:
        _told_alike(evidence, made.identifier, both, first=bool(arrived), second=bool(heard))


def _told_alike(evidence: Evidence, identifier: str, both: HeardByBoth, *, first: bool, second: bool) -> None:
    """Fail where one of two listeners was not told what the other was, of all that was done to a record."""
    if not (first and second):
        lost, told = ("second", "first") if first else ("first", "second")
        failed(f"Two listeners were accepted, and of what was created the {told} was told and the {lost} was not")
    in_time = [note for note in evidence.notifications if note.sequence <= both.heard and note.mentions(identifier)]
    at_first, at_second = (
        [note for note in in_time if note.came_to(callback)] for callback in (both.callback, both.second)
    )
    for lost, there, here in (("second", at_first, at_second), ("first", at_second, at_first)):
        missing = {note.event_type for note in there if not _is_among(evidence, note, here)}
        if missing:
            failed(f"Two listeners were accepted, and {', '.join(sorted(missing))} did not arrive at the {lost}")


def _is_among(evidence: Evidence, note: Notification, heard: list[Notification]) -> bool:
    """Say whether a notification of a type of the document was heard: under its eventId, or of the same state."""
    event = next((one for one in evidence.contract.events if one.type == note.event_type), None)
    if event is None:
        return True
    told = pointers.get(note.json, "/eventId")
    alike = [other for other in heard if other.event_type == note.event_type]
    return any(
        (told not in (None, pointers.ABSENT) and pointers.get(other.json, "/eventId") == told)
        or is_one_event(evidence, note, event, other, event)
        for other in alike
    )


def _keep_coming(evidence: Evidence, arrived: list[Notification]) -> None:
    """Hold against the row what came after the first notification, which the kit's listener had answered 201."""
    if not arrived:
        blocked("No notification arrived that the listener could have answered 201")
    kinds = {note.event_type for note in arrived}
    resource = evidence.contract.event(evidence.row.operation).resource
    own = (event for event in evidence.contract.events if event.resource == resource)
    others = {event.on for event in own if event.type not in kinds}
    if len(kinds) < 2 and not any(
        exchange.is_success for on in sorted(others) for exchange in evidence.all(Events.TRIGGER.of(on))
    ):
        skip("nothing succeeded that a further notification could be about")
    if len(kinds) < 2:
        failed("After the first notification was answered 201, no other kind arrived")


@scenario(HUB_CALLBACK_ONLY)
def _hub_callback_only(evidence: Evidence) -> None:
    accepted(evidence, HubCallbackOnly.REGISTER)


@scenario(HUB_REPEATS_CALLBACK)
def _hub_repeats_callback(evidence: Evidence) -> None:
    plain = accepted(evidence, HubRepeatsCallback.REGISTER)
    if plain.status == 204:
        not_applicable("The registration was answered 204, which the document allows as well and which has no body")
    if not isinstance(plain.answer, dict) or plain.answer.get("callback") != plain.request.json["callback"]:
        failed("The answer does not repeat the callback")
    if plain.answer.get("query") not in (None, ""):
        failed(f"The answer has the query {plain.answer['query']!r}, and none was sent")
    if evidence.row.subject == "/callback":
        return
    queried = evidence.succeeded(HubRepeatsCallback.REGISTER_QUERY)
    sent, got = (pointers.get(body, "/query") for body in (queried.request.json, queried.answer))
    if got != sent:
        failed(f"The answer has the query {shown(got)}, and {shown(sent)} was sent")


@scenario(HUB_REGISTERS_AGAIN)
def _hub_registers_again(evidence: Evidence) -> None:
    evidence.succeeded(HubRegistersAgain.REGISTER)
    evidence.succeeded(HubRegistersAgain.UNREGISTER)
    accepted(evidence, HubRegistersAgain.AGAIN)


@scenario(HUB_ONE_LISTENER)
def _hub_one_listener(evidence: Evidence) -> None:
    evidence.succeeded(HubOneListener.FIRST)
    second = evidence.step(HubOneListener.SECOND)
    if not second.is_success and second.status != 409:
        failed(f"The second registration was answered {second.status}, neither accepted nor 409")


@scenario(HUB_FREES_THE_PLACE)
def _hub_frees_the_place(evidence: Evidence) -> None:
    evidence.succeeded(HubOneListener.FIRST)
    if evidence.step(HubOneListener.SECOND).is_success:
        not_applicable("The target takes several listeners")
    evidence.succeeded(HubOneListener.UNREGISTER)
    accepted(evidence, HubOneListener.THIRD)


@scenario(HUB_REMOVED_IS_SILENT)
def _hub_removed_is_silent(evidence: Evidence) -> None:
    made = evidence.succeeded(HubRemovedIsSilent.CREATE)
    accepted(evidence, HubRemovedIsSilent.UNREGISTER)
    if not any(note.mentions(made.identifier) for note in at_callback(evidence)):
        blocked("The listener that was not removed heard nothing either", made)
    told = [note for note in _at_removed(evidence) if note.mentions(made.identifier)]
    evidence.heard += [note.sequence for note in told]
    if told:
        failed("The callback that was removed still received a notification")


def _at_removed(evidence: Evidence) -> list[Notification]:
    """Return the notifications that came to the callback that was taken back."""
    was_at = evidence.facts(RemovedFrom)
    return [note for note in evidence.notifications if was_at and note.came_to(was_at.removed)]


@scenario(HUB_OWN_RESOURCE_ONLY)
def _hub_own_resource_only(evidence: Evidence) -> None:
    evidence.succeeded(HubOwnResourceOnly.REGISTER)
    evidence.succeeded(HubOwnResourceOnly.CREATE_OTHER)
    own = {event.type for event in evidence.contract.events if event.resource == evidence.operation.resource}
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        blocked("Nothing arrived at the registered callback")
    foreign = sorted({note.event_type for note in arrived} - own)
    if foreign:
        failed(f"The hub of {evidence.operation.resource} gave {', '.join(foreign)}")


@scenario(EVENT_SET_COMPLETE)
def _event_set_complete(evidence: Evidence) -> None:
    evidence.succeeded(Events.REGISTER)
    own = {event.type for event in evidence.contract.events if evidence.operation.resource in ("", event.resource)}
    missing = sorted(own - {note.event_type for note in at_callback(evidence)})
    for name in missing:
        need_trigger(evidence, evidence.contract.event(name))
    if missing:
        failed(f"Did not arrive: {', '.join(missing)}")


@scenario(EVENT_BY_POST)
def _event_by_post(evidence: Evidence) -> None:
    evidence.succeeded(Events.REGISTER)
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        blocked("Nothing arrived at the registered callback")
    for note in arrived:
        if note.method != "POST" or not isinstance(note.json, dict):
            failed(
                f"A notification came as {note.method} with {'a' if isinstance(note.json, dict) else 'no'} JSON object"
            )


@scenario(EVENT_HEADER)
def _event_header(evidence: Evidence) -> None:
    evidence.succeeded(Events.REGISTER)
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        blocked("Nothing arrived at the registered callback")
    name, _, wanted = evidence.row.subject.partition(":")
    for note in arrived:
        value = next((value for key, value in note.headers if key.lower() == name.strip().lower()), "")
        if wanted.strip().lower() not in (
            value.partition(";")[0].strip().lower(),
            *(part.partition(";")[0].strip().lower() for part in value.split(",")),
        ):
            failed(f"A notification came with {name} {value!r}")


@scenario(EVENT_CARRIES_WHOLE)
def _event_carries_whole(evidence: Evidence) -> None:
    evidence.succeeded(Events.REGISTER)
    event = evidence.contract.event(evidence.row.operation)
    need_trigger(evidence, event)
    read = evidence.object(Triggers.READ.of(event.on))
    about = [note for note in of_event(evidence, event) if note.mentions(str(read.get("id")))]
    if not about:
        blocked(f"No {event.type} arrived")
    whole = own_names(evidence, event, read)
    for note in about:
        there = carried(evidence, note, event)
        missing = sorted(
            name for name in whole if whole[name] is not None and not is_there(there.get(name), whole[name])
        )
        if missing:
            failed(f"The notification lacks {', '.join(missing)}")
    if stale := from_before(evidence, event):
        failed(stale)
