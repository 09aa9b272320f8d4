"""Servers that only seem to do their work: they cut, round, forget, or serve whom they take for a conformance kit."""

from __future__ import annotations

import re
import struct
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.payloads.attributes import is_prose
from tmfkit_conformance.rules.attributes import ATTRIBUTE, GENERATED
from tmfkit_conformance.rules.hubs import EVENT_MEMBER, HUB_DELIVERS
from tmfkit_conformance.rules.lifecycle import CREATED_IS_READABLE
from tmfkit_conformance.rules.queries import CREATED_IS_LISTED, CREATED_ONCE, READ_IS_SAFE
from tmfkit_conformance.selftest.breaks.registry import (
    Break,
    Note,
    answering,
    asking,
    breaks,
    instead,
    notifying,
    showing,
)
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target
from tmfkit_models.contracts import Schema

__all__: list[str] = []

Thing = dict[str, Any]

_SHORT_SECONDS: Final = 0.1
_HOLD_SECONDS: Final = 0.4
"""For how long records of the run are held against a server that forgets."""

_LONGER_SECONDS: Final = 0.4
"""For how long a server keeps what is looked at for the first time later in a run, on a slow machine as well."""

_SHOWN_TIMES: Final = 3
_FEW: Final = 4

_OFFSET: Final = re.compile(r"[+-]\d\d:?\d\d$")

_NOT_FOUND: Final = answered(404, {"code": "60", "reason": "unknown"})
_BROKEN: Final = answered(500, {"code": "1", "reason": "internal error"})
_SINGLE_PRECISION: Final = 2**24


# What is forgotten


def _forgets(
    words: str,
    is_forgotten: Callable[[Target, Call, str, History], bool],
    *,
    hold: float = 0.0,
    said: Answer = _NOT_FOUND,
) -> Any:
    """Return a breaker: what is forgotten is neither found by its id nor listed; a read of it is answered *said*."""

    def breaker(target: Target) -> Break:
        def changed(call: Call, answer: Answer, history: History) -> Answer:
            if target.does(call, "create") and answer.is_success:
                history.kept["born", answer.identifier] = (time.monotonic(), call)
            if call.identifier in history.made and call.action != "delete":
                return said if is_forgotten(target, call, call.identifier, history) else answer
            if call.action != "list" or not isinstance(answer.json, list):
                return answer
            kept = [one for one in answer.json if not is_forgotten(target, call, str(one.get("id")), history)]
            return _listed(answer, kept)

        return replace(answering(words, changed), hold_seconds=hold)

    return breaks(CREATED_IS_READABLE)(breaker)


def _listed(answer: Answer, kept: list[Thing]) -> Answer:
    """Return a list with some of its members, as if these were all."""
    if len(kept) == len(answer.json):
        return answer
    return answer.with_json(kept).with_header("X-Total-Count", str(len(kept))).with_header("Link", "")


def _born(history: History, identifier: str) -> tuple[float, Call] | None:
    found: tuple[float, Call] | None = history.kept.get(("born", identifier))
    return found


def _is_older(history: History, identifier: str, seconds: float) -> bool:
    born = _born(history, identifier)
    return born is not None and time.monotonic() - born[0] > seconds


def _is_old(_target: Target, _call: Call, identifier: str, history: History) -> bool:
    return _is_older(history, identifier, _SHORT_SECONDS)


def _is_of_another_connection(_target: Target, call: Call, identifier: str, history: History) -> bool:
    born = _born(history, identifier)
    return born is not None and born[1].connection != call.connection


def _has_no_mark(_target: Target, _call: Call, identifier: str, history: History) -> bool:
    born = _born(history, identifier)
    if born is None:
        return False
    said = f"{born[1].body.decode('utf-8', 'replace')} {born[1].headers}".lower()
    return "tmfkit" not in said and "conformance" not in said


def _is_older_than_three(target: Target, _call: Call, identifier: str, history: History) -> bool:
    own = [name for name, made in history.made.items() if made.resource == target.resource.name]
    return identifier in own[:-3]


def _is_old_and_no_early_one(_target: Target, _call: Call, identifier: str, history: History) -> bool:
    return identifier not in list(history.made)[:5] and _is_older(history, identifier, _LONGER_SECONDS)


forgets_soon = _forgets(f"forgets everything after {_SHORT_SECONDS:g} s", _is_old, hold=_HOLD_SECONDS)
forgets_with_the_connection = _forgets("forgets what was made over another connection", _is_of_another_connection)
keeps_what_has_a_mark = _forgets("keeps only what has the mark of a conformance kit", _has_no_mark)
keeps_three = _forgets("keeps the three latest records", _is_older_than_three)
keeps_the_first_five = _forgets(
    f"keeps its first five records, and every other for {_LONGER_SECONDS:g} s",
    _is_old_and_no_early_one,
    hold=3 * _LONGER_SECONDS,
)
breaks_down_over_old_records = _forgets(
    f"breaks down over every record after {_SHORT_SECONDS:g} s", _is_old, hold=_HOLD_SECONDS, said=_BROKEN
)


@breaks(CREATED_IS_READABLE)
def forgets_texts_soon(target: Target) -> Break:
    """The texts of a record lost after a short time, and not the record."""
    names = {pointers.parts(pointer)[0] for pointer, _ in _prose(target) if pointer.count("/") == 1}

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if target.does(call, "create") and answer.is_success:
            history.kept["born", answer.identifier] = (time.monotonic(), call)
        if (
            target.reads(call, history) is None
            or not answer.is_success
            or not _is_old(target, call, call.identifier, history)
        ):
            return answer
        return answer.with_json({name: value for name, value in answer.json.items() if name not in names})

    return replace(answering("forgets the texts of a record after a while", changed), hold_seconds=_HOLD_SECONDS)


@breaks(CREATED_IS_READABLE)
def unlists_soon(target: Target) -> Break:
    """A record left out of lists after a short time, and still found by its id."""

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if target.does(call, "create") and answer.is_success:
            history.kept["born", answer.identifier] = (time.monotonic(), call)
        if not target.does(call, "list") or not isinstance(answer.json, list):
            return answer
        kept = [one for one in answer.json if not _is_old(target, call, str(one.get("id")), history)]
        return _listed(answer, kept)

    return replace(answering("lists records for a short time only", changed), hold_seconds=_HOLD_SECONDS)


@breaks(CREATED_IS_READABLE)
def lists_no_more(target: Target) -> Break:
    """A list that is given until it has shown a record three times, and breaks down from then on."""

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if not target.does(call, "list") or not isinstance(answer.json, list):
            return answer
        shown: Counter[str] = history.kept.setdefault("shown", Counter())
        if max(shown.values(), default=0) >= _SHOWN_TIMES:
            return _BROKEN
        shown.update(str(one.get("id")) for one in answer.json)
        return answer

    return answering("breaks down over its list once it has shown a record three times", changed)


@breaks(CREATED_IS_READABLE)
def shows_another_again(target: Target) -> Break:
    """Another id in the place of that of a record that was read before, everything else as it was."""

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if target.reads(call, history) is None or not answer.is_success or call.identifier not in history.last_shown:
            return answer
        return answer.with_json({**answer.json, "id": f"{call.identifier}-b"})

    return answering("gives a record another id when it is read again", changed)


# What is altered


def _prose(target: Target) -> list[tuple[str, Schema]]:
    """Return the attributes of the resource that are written for people to read, with rows: pointer and schema."""
    rows = (row for row in target.contract.requirements if row.kind == ATTRIBUTE.name and not row.reason)
    own = (row.subject for row in rows if target.contract.operation(row.operation).resource == target.resource.name)
    found = ((pointer, target.contract.at(target.resource.schema, pointer)) for pointer in own)
    return [(pointer, schema) for pointer, schema in found if is_prose(schema, pointer)]


def _has_first(target: Target, is_fit: Callable[[Schema, str], bool]) -> bool:
    """Say whether the row is the first of its API on an attribute that is fit."""
    for row in target.contract.requirements:
        resource = "" if row.kind != ATTRIBUTE.name or row.reason else target.contract.operation(row.operation).resource
        if resource and is_fit(target.contract.at(target.contract.resource(resource).schema, row.subject), row.subject):
            return row.id == target.row.id
    return False


def _altering(words: str, is_fit: Callable[[Schema, str], bool], change: Callable[[Any], Any]) -> Any:
    """Return a breaker: every value that is sent is altered before it is kept, at whatever depth it stands."""

    def breaker(target: Target) -> Break | None:
        if not _has_first(target, is_fit):
            return None

        def altered(call: Call, _history: History) -> Call:
            if call.operation is None or call.operation.action not in ("create", "patch", "replace"):
                return call
            body = _deep(call.json, change)
            return call if body == call.json else call.with_json(body)

        return asking(words, altered)

    return breaks(ATTRIBUTE)(breaker)


def _deep(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _deep(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return change([_deep(member, change) for member in value])
    return change(value)


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, str) and "://" not in value else value


def _in_basic_plane(text: str) -> str:
    """Cut a text at the first character beyond the basic plane, as some databases do."""
    return next((text[:place] for place, letter in enumerate(text) if letter > "\uffff"), text)


def _without_marks(text: str) -> str:
    """Take away the marks of letters."""
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))


def _in_single_precision(value: Any) -> Any:
    is_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > _SINGLE_PRECISION
    return int(struct.unpack("f", struct.pack("f", value))[0]) if is_large else value


def _is_integer(schema: Schema, _pointer: str) -> bool:
    return schema.get("type") == "integer"


def _is_array(schema: Schema, pointer: str) -> bool:
    return schema.get("type") == "array" and pointer.count("/") == 1


cuts_texts = _altering("cuts texts at 40 characters", is_prose, _of_text(lambda text: text[:40]))
cuts_at_a_column = _altering("cuts texts at 255 characters", is_prose, _of_text(lambda text: text[:255]))
cuts_at_a_thousand = _altering("cuts texts at 1,000 characters", is_prose, _of_text(lambda text: text[:1000]))
spoils_letters = _altering(
    'keeps "?" for every letter that is not ASCII',
    is_prose,
    _of_text(lambda text: text.encode("ascii", "replace").decode()),
)
drops_the_last_character = _altering(
    "drops the last character of long texts", is_prose, _of_text(lambda text: text[:-1] if len(text) > 100 else text)
)
cuts_at_the_basic_plane = _altering("cuts texts where the basic plane ends", is_prose, _of_text(_in_basic_plane))
strips_marks = _altering("strips letters of their marks", is_prose, _of_text(_without_marks))
rounds_integers = _altering("keeps integers in single precision", _is_integer, _in_single_precision)
keeps_the_first_member = _altering(
    "keeps the first member of every list", _is_array, lambda value: value[:1] if isinstance(value, list) else value
)
drops_offsets = _altering(
    "takes the hours of an instant and drops its offset",
    lambda schema, _pointer: schema.get("format") == "date-time",
    _of_text(lambda text: _OFFSET.sub("Z", text) if instant(text) else text),
)


@breaks(ATTRIBUTE)
def drops_zeros(target: Target) -> Break | None:
    """An integer of 0 taken for nothing."""
    if not _has_first(target, _is_integer):
        return None

    def kept(value: Any) -> Any:
        if isinstance(value, list):
            return [kept(member) for member in value]
        if not isinstance(value, dict):
            return value
        return {name: kept(member) for name, member in value.items() if member != 0 or isinstance(member, bool)}

    def change(shown: Thing, _made: CreatedResource) -> Thing:
        return dict(kept(shown))

    return showing(target, "takes 0 for nothing", change)


@breaks(ATTRIBUTE)
def keeps_four_members(target: Target) -> Break | None:
    """Of each member of a list no more than four attributes kept."""
    if target.row.id != _first_with_many(target):
        return None

    def few(member: Any) -> Any:
        return dict(list(member.items())[:_FEW]) if isinstance(member, dict) else member

    def change(shown: Thing, _made: CreatedResource) -> Thing:
        members = shown.get(target.attribute)
        return {**shown, target.attribute: [few(one) for one in members]} if isinstance(members, list) else shown

    return showing(target, f"keeps {_FEW} attributes of a member of {target.subject}", change)


def _first_with_many(target: Target) -> str:
    """Return the first row of a resource on a list of whose members something is lost that has no row of its own."""
    full = target.payloads.full(1)
    rows = (row for row in target.contract.requirements if row.kind == ATTRIBUTE.name and not row.reason)
    own = [row for row in rows if target.contract.operation(row.operation).resource == target.resource.name]
    known = {row.subject for row in own}
    lost = {
        row.id: [name for one in pointers.select(full, f"{row.subject}/*") for name in list(one)[_FEW:]] for row in own
    }
    return next(
        (row.id for row in own if lost[row.id] and not {f"{row.subject}/*/{n}" for n in lost[row.id]} & known), ""
    )


@breaks(ATTRIBUTE)
def refuses_an_end_alone(target: Target) -> Break | None:
    """A period refused that has an end and no start."""
    if not _has_first(target, _is_period):
        return None

    def refusal(call: Call, _history: History) -> Answer | None:
        is_write = call.operation is not None and call.operation.action in ("create", "patch", "replace")
        is_ended = is_write and _has_end_alone(call.json)
        return answered(400, {"code": "20", "reason": "a period has a start"}) if is_ended else None

    return instead("refuses a period without a start", refusal)


def _is_period(schema: Schema, _pointer: str) -> bool:
    members = [name for part in (schema, *schema.get("allOf", ())) for name in part.get("properties", ())]
    return "endDateTime" in members


def _has_end_alone(value: Any) -> bool:
    if isinstance(value, dict):
        return ("endDateTime" in value and "startDateTime" not in value) or any(map(_has_end_alone, value.values()))
    return isinstance(value, list) and any(map(_has_end_alone, value))


# What is listed


def _listing(words: str, chosen: Callable[[list[Thing]], list[Thing]]) -> Any:
    def breaker(target: Target) -> Break:
        def changed(call: Call, answer: Answer, _history: History) -> Answer:
            if not target.does(call, "list") or not isinstance(answer.json, list):
                return answer
            return _listed(answer, [] if "offset" in call.names else chosen(answer.json))

        return answering(words, changed)

    return breaks(CREATED_IS_LISTED)(breaker)


def _alike_once(members: list[Thing]) -> list[Thing]:
    """Leave out a record that differs from one before it in a single attribute, beside its id, address and times."""
    kept: list[Thing] = []
    for member in members:
        if all(len(_differences(member, other)) > 1 for other in kept):
            kept.append(member)
    return kept


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    names = {name for name in {*one, *other} if name not in ("id", "href") and instant(one.get(name)) is None}
    return {name for name in names if one.get(name) != other.get(name)}


lists_the_last_two = _listing("lists the last two records", lambda members: members[-2:])
lists_alike_once = _listing("lists one of two records that differ in one attribute", _alike_once)


@breaks(CREATED_ONCE)
def answers_from_a_cache(target: Target) -> Break:
    """A create answered with what was made of the same body before."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        key = ("answer", call.path, call.body)
        if target.does(call, "create") and key in history.kept:
            cached: Answer = history.kept[key]
            return cached
        answer = await sound(call)
        if target.does(call, "create") and answer.is_success:
            history.kept[key] = answer
        return answer

    return Break("answers a create from a cache of bodies", serve)


# Whom is told, and when


def _telling(words: str, chosen: Callable[[list[str], History], list[str]]) -> Any:
    """Return a breaker: of several listeners of one hub some are told; a single one always is."""

    def breaker(target: Target) -> Break:
        def told(note: Note, history: History) -> list[Note]:
            hub = next((one.hub for one in history.listeners.values() if one.callback == note.callback), "")
            here = [one.callback for one in history.listeners.values() if one.hub == hub]
            is_one = target.operation.path != hub or len(here) < 2
            return [note] if is_one or note.callback in chosen(here, history) else []

        return notifying(words, told)

    return breaks(HUB_DELIVERS)(breaker)


forgets_the_first_listener = _telling(
    "forgets the first listener when it takes a second", lambda here, _history: here[-1:]
)
tells_the_first_listener = _telling("tells the first of several listeners only", lambda here, _history: here[:1])


def _one_by_one(here: list[str], history: History) -> list[str]:
    turn = history.kept["turn"] = history.kept.get("turn", -1) + 1
    return [here[turn // len(here) % len(here)]]


tells_in_turn = _telling("tells one of its listeners after the other", _one_by_one)


@breaks(HUB_DELIVERS)
def tells_the_second_listener_less(target: Target) -> Break | None:
    """Of several notifications of one type about one resource, the first alone for the second of two listeners."""
    hub, contract = target.operation.resource, target.contract
    changed = (event for event in contract.events if event.on == "state-change" and hub in ("", event.resource))
    # What every create gives a state already is changed once by a run, and not twice.
    if not any(
        {pointers.parts(each)[0] for each in event.attributes}.isdisjoint(
            contract.required(contract.resource(event.resource).create)
        )
        for event in changed
    ):
        return None

    def told(note: Note, history: History) -> list[Note]:
        here = [one.callback for one in history.listeners.values() if one.hub == target.operation.path]
        key = ("told", note.callback, note.event_type, _first_id(note.body))
        before = history.kept[key] = history.kept.get(key, 0) + 1
        return [] if before > 1 and note.callback in here[1:] else [note]

    return notifying("tells the second of two listeners of one change of each kind", told)


@breaks(EVENT_MEMBER)
def one_event_id_a_resource(target: Target) -> Break | None:
    """One eventId for all notifications of a resource."""
    if EVENT_MEMBER.expect_of(target.row).form != "unique":
        return None

    def change(note: Note, _history: History) -> list[Note]:
        return [note.with_body(pointers.with_value(note.body, target.subject, _first_id(note.body)))]

    return notifying(f"gives all notifications of one resource the same {target.subject}", change)


@breaks(EVENT_MEMBER)
def counts_from_one_for_each_listener(target: Target) -> Break | None:
    """The eventIds of each listener counted from one."""
    if EVENT_MEMBER.expect_of(target.row).form != "unique":
        return None

    def change(note: Note, history: History) -> list[Note]:
        known = history.kept.setdefault(("counted", note.callback), {})
        number = known.setdefault(pointers.get(note.body, target.subject), len(known) + 1)
        return [note.with_body(pointers.with_value(note.body, target.subject, str(number)))]

    return replace(notifying(f"counts {target.subject} from one for each listener", change), whole=True)


def _first_id(body: Any) -> str:
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            return str(value["id"])
        if isinstance(value, (dict, list)) and (found := _first_id(value)):
            return found
    return ""


@breaks(EVENT_MEMBER)
def tells_another_time(target: Target) -> Break | None:
    """Notifications with a time of the day before."""
    if EVENT_MEMBER.expect_of(target.row).form != "date-time":
        return None

    def change(note: Note, _history: History) -> list[Note]:
        told = instant(pointers.get(note.body, target.subject))
        earlier = (told - timedelta(hours=26)).isoformat() if told else "2026-01-15T08:00:00Z"
        return [note.with_body(pointers.with_value(note.body, target.subject, earlier))]

    return notifying(f"sends notifications with {target.subject} of the day before", change)


@breaks(GENERATED)
def gives_one_time(target: Target) -> Break | None:
    """The same time for whatever is made."""
    if GENERATED.expect_of(target.row).form != "date-time":
        return None
    name = target.member

    def changed(call: Call, answer: Answer, _history: History) -> Answer:
        is_shown = target.does(call, "create", "retrieve") and isinstance(answer.json, dict)
        return answer.with_json(_with_time(answer.json, name, "2026-01-15T08:00:00Z")) if is_shown else answer

    return answering(f"gives {target.subject} the same time for whatever is made", changed)


@breaks(READ_IS_SAFE)
def gives_the_present_time(target: Target) -> Break | None:
    """The time of each read in place of the time of the creation."""
    attributes = target.contract.attributes(target.resource.schema).items()
    made = [
        name for name, schema in attributes if target.contract.resolve(schema).get("x-tmf-generated") == "creation-time"
    ]
    if not made:
        return None

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if target.reads(call, history) is None or not answer.is_success:
            return answer
        return answer.with_json({**answer.json, made[0]: datetime.now(UTC).isoformat()})

    return answering(f"shows the present time as {made[0]}", changed)


@breaks(ATTRIBUTE)
def second_member_loses_one(target: Target) -> Break | None:
    """An attribute lost that every member of a list was sent with, by all members but the first."""
    if target.subject.count("/") > 1:
        return None
    members = target.payloads.demanding(target.subject)
    if not isinstance(members, list) or {*members[0]} != {*members[-1]}:
        return None
    items = target.contract.at(target.resource.schema, f"{target.subject}/*")
    free = [name for name in members[0] if name not in {*target.contract.required(items), "id", "href", "name"}]
    if not free:
        return None

    def change(shown: dict[str, Any], _made: CreatedResource) -> dict[str, Any]:
        first, *others = shown.get(target.attribute) or [None]
        if not others:
            return shown
        less = [{name: value for name, value in one.items() if name != free[-1]} for one in others]
        return {**shown, target.attribute: [first, *less]}

    return showing(target, f"keeps {free[-1]} of the first member of {target.subject} alone", change)


def _with_time(thing: Any, name: str, value: str) -> Any:
    if isinstance(thing, dict):
        return {key: value if key == name else _with_time(member, name, value) for key, member in thing.items()}
    return [_with_time(member, name, value) for member in thing] if isinstance(thing, list) else thing
