"""How listeners register, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tmfkit_conformance.rules.hubs import (
    EVENT,
    EVENT_ANY_2XX,
    EVENT_BY_POST,
    EVENT_CARRIES_WHOLE,
    EVENT_HEADER,
    EVENT_MEMBER,
    EVENT_SET_COMPLETE,
    HUB_CALLBACK_ONLY,
    HUB_DELIVERS,
    HUB_FREES_THE_PLACE,
    HUB_ONE_LISTENER,
    HUB_REGISTERS_AGAIN,
    HUB_REMOVED_IS_SILENT,
    HUB_REPEATS_CALLBACK,
)
from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break, Note, notifying
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import answered_at, is_about_hub, listening, looked_at, refusal
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History
from tmfkit_models import contracts

__all__ = ["HUBS"]

_HUB: Final = (
    HUB_CALLBACK_ONLY,
    HUB_DELIVERS,
    HUB_FREES_THE_PLACE,
    HUB_ONE_LISTENER,
    HUB_REGISTERS_AGAIN,
    HUB_REMOVED_IS_SILENT,
    HUB_REPEATS_CALLBACK,
)
_TOLD: Final = (
    EVENT,
    EVENT_ANY_2XX,
    EVENT_BY_POST,
    EVENT_CARRIES_WHOLE,
    EVENT_HEADER,
    EVENT_MEMBER,
    EVENT_SET_COMPLETE,
)
_NO_BODY: Final = ("TMF629V4-E08", "TMF683-E36", "TMF655-E52", "TMF681-E48", "TMF629V1-E43")
_SECOND: Final = ("TMF629V4-E09", "TMF683-E37", "TMF655-E53", "TMF681-E49", "TMF629V1-E44")
_EVERY: Final = ("tmf629-v4", "tmf683-v4", "tmf655-v1", "tmf681-v1", "tmf629-v1")


def _registered(change: Any) -> Any:
    """Return what changes the answer to a registration that was taken."""
    return lambda call, answer: change(answer) if call.action == "register" and answer.is_success else answer


def _without_body(answer: Answer) -> Answer:
    location = answer.header("Location")
    return Answer(204, (("Location", location),) if location else ())


def _more(answer: Answer) -> Answer:
    return answer.with_json({**answer.json, "@type": "Listener", "createdAt": "2026-01-15T08:00:00Z", "state": "on"})


def _without_query(answer: Answer) -> Answer:
    shown = dict(answer.json)
    if shown.get("query") is None:
        shown.pop("query", None)
    return answer.with_json(shown)


async def _one_at_a_time(call: Call, sound: Sound, history: History) -> Answer:
    """Take one listener at a time for each hub."""
    hub = call.operation.path if call.operation else ""
    if call.action == "register" and any(listener.hub == hub for listener in history.listeners.values()):
        return refusal(409, "there is a listener already")
    return await sound(call)


async def _taking_again(call: Call, sound: Sound, history: History) -> Answer:
    """Give a second registration of one callback a place of its own."""
    answer = await sound(call)
    if call.action == "register" and answer.status == 409:
        other = {**call.json, "query": f"{call.json.get('query') or ''}&eventId!={len(history.listeners)}".lstrip("&")}
        taken = await sound(call.with_json(other))
        return taken.with_json({**taken.json, "query": call.json.get("query")}) if taken.is_success else taken
    return answer


def _faulty_409(call: Call, answer: Answer) -> Answer:
    return answer.with_status(409) if call.action == "register" and answer.status == 400 else answer


async def _elsewhere(call: Call, sound: Sound, history: History) -> Answer:
    """Have the hub at /api/hub, outside the base path."""
    if is_about_hub(call):
        return refusal(404, "nothing is here")
    if not call.path.startswith("/api/hub"):
        return await sound(call)
    contract = contracts.load("tmf683-v4")
    answer = await answered_at(contract, f"{contract.base_path}{call.path.removeprefix('/api')}", call, sound, history)
    location = answer.header("Location")
    return answer.with_header(
        "Location", urlsplit(location).path.replace(contract.base_path, "/api") if location else ""
    )


async def _verifying(call: Call, sound: Sound, _: History) -> Answer:
    """Ask at a callback, in each of the ways there are, before it is taken."""
    callback = call.json.get("callback") if call.action == "register" and isinstance(call.json, dict) else None
    if not isinstance(callback, str) or not callback.startswith("http"):
        return await sound(call)
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - it asks the kit only
        challenge = await client.get(callback, params={"hub.mode": "subscribe", "hub.challenge": "c-1"})
        others = [await client.request(method, callback) for method in ("HEAD", "OPTIONS")]
    if challenge.text != "c-1" or not all(one.is_success for one in others) or "POST" not in others[1].headers["Allow"]:
        return refusal(400, "nobody at the callback wants to be told")
    return looked_at(await sound(call))


async def _trying(call: Call, sound: Sound, _: History) -> Answer:
    """Post something to a callback that is no notification before it is taken."""
    callback = call.json.get("callback") if call.action == "register" and isinstance(call.json, dict) else None
    if not isinstance(callback, str) or not callback.startswith("http"):
        return await sound(call)
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - it sends to the kit only
        if not (await client.post(callback, json={"ping": "is anybody there?"})).is_success:
            return refusal(400, "nobody at the callback wants to be told")
    return looked_at(await sound(call))


def _greeting(note: Note, history: History) -> list[Note]:
    """Send a test event before the first notification of a callback."""
    greeted: set[str] = history.kept.setdefault("greeted", set())
    if note.callback in greeted:
        return [note]
    greeted.add(note.callback)
    test = {"eventId": "0", "eventTime": "2026-01-15T08:00:00Z", "eventType": "ListenerTestEvent", "event": {}}
    return [note.with_body(test), note]


def _packed(note: Note, _: History) -> list[Note]:
    return [replace(note, headers=(*note.headers, ("Content-Encoding", "gzip")))]


def _late(seconds: float) -> Any:
    return lambda note, _: [replace(note, after_seconds=seconds)]


def _out_of_order(note: Note, history: History) -> list[Note]:
    turn = history.kept["turn"] = history.kept.get("turn", 0) + 1
    return [replace(note, after_seconds=(0.4, 0.05, 0.25)[turn % 3])]


def _added(**members: Any) -> Any:
    return lambda note, _: [note.with_body({**note.body, **members})]


def _with_micros(note: Note, _: History) -> list[Note]:
    return [note.with_body({**note.body, "eventTime": datetime.now(UTC).isoformat(timespec="microseconds")})]


def _retyped(note: Note, _: History) -> list[Note]:
    return [replace(note, headers=(("Content-Type", "text/plain"),))]


def _bare(note: Note, _: History) -> list[Note]:
    return [replace(note, headers=())]


def _below(note: Note, _: History) -> list[Note]:
    return [replace(note, callback=f"{note.callback.rstrip('/')}/{note.event_type}")]


def _id_alone(note: Note, _: History) -> list[Note]:
    """Tell of a deletion with the id alone."""
    if not any(word in note.event_type for word in ("Delete", "Deletion", "Remove")):
        return [note]
    told = {
        name: {"id": value["id"]} if isinstance(value, dict) and "id" in value else value
        for name, value in note.body["event"].items()
    }
    return [note.with_body({**note.body, "event": told})]


_ATTRIBUTE_EVENTS: Final = {
    "CustomerStateChangeEvent": "CustomerAttributeValueChangeEvent",
    "PartyInteractionStatusChangeEvent": "PartyInteractionAttributeValueChangeEvent",
}


def _both(note: Note, _: History) -> list[Note]:
    if note.event_type not in _ATTRIBUTE_EVENTS:
        return [note]
    other = {**note.body, "eventType": _ATTRIBUTE_EVENTS[note.event_type], "eventId": f"{note.body['eventId']}-a"}
    return [note, note.with_body(other)]


def _further(note: Note, _: History) -> list[Note]:
    other = {**note.body, "eventType": "ShopAuditEvent", "eventId": f"{note.body['eventId']}-x"}
    return [note, note.with_body(other)]


def _twice(note: Note, _: History) -> list[Note]:
    return [note, note]


def _of_the_listener(note: Note, _: History) -> list[Note]:
    own = sha256(f"{note.callback} {note.body['eventId']}".encode()).hexdigest()
    return [note.with_body({**note.body, "eventId": own})]


def _twice_and_shown_anew(note: Note, _: History) -> list[Note]:
    """Deliver again what was delivered, the resource as another node shows it: with its address, and a time of now."""
    again = _shown_anew(note.body, datetime.now(UTC).isoformat())
    return [note, note.with_body(again)]


def _shown_anew(value: Any, now: str) -> Any:
    if isinstance(value, list):
        return [_shown_anew(member, now) for member in value]
    if not isinstance(value, dict):
        return value
    shown = {name: _shown_anew(member, now) for name, member in value.items()}
    return {**shown, "href": f"https://node-2.example/{value['id']}", "lastSeen": now} if "href" in value else shown


HUBS: Final = (
    Behaviour(
        "hub-without-body",
        listening("answers a registration 204, Location names it", _registered(_without_body)),
        "tolerated: 204, with a remark",
        _EVERY,
        errata=_NO_BODY,
        rules=_HUB,
        whole=("tmf629-v4", "tmf655-v1"),
    ),
    Behaviour(
        "hub-without-id",
        listening("answers a registration 204 and says no more", _registered(lambda _: Answer(204, ()))),
        "tolerated: 204; what needs an id is not applicable",
        _EVERY,
        errata=_NO_BODY,
        rules=_HUB,
        whole=("tmf683-v4", "tmf681-v1"),
    ),
    Behaviour(
        "hub-with-body-200",
        listening("answers a registration 200 with the body", _registered(lambda answer: answer.with_status(200))),
        "tolerated: 200 with a body, with a remark",
        ("tmf655-v1", "tmf681-v1"),
        errata=("TMF655-E52", "TMF681-E48"),
        rules=_HUB,
    ),
    Behaviour(
        "hub-one-at-a-time",
        Break("takes one listener at a time", _one_at_a_time),
        "the document lets a second registration be refused",
        ("tmf681-v1", "tmf629-v4"),
        errata=_SECOND,
        rules=_HUB,
        whole=("tmf629-v4", "tmf683-v4"),
    ),
    Behaviour(
        "hub-verifies-callbacks",
        Break("asks by GET, HEAD and OPTIONS at a callback before it takes it", _verifying),
        "WebSub §5.3, CloudEvents' web hooks §4: somebody is to be there who wants to be told",
        ("tmf681-v1",),
        rules=(*_HUB, *_TOLD),
        whole=("tmf629-v4", "tmf629-v1"),
    ),
    Behaviour(
        "hub-takes-again",
        Break("takes the same callback twice", _taking_again),
        "tolerated: a second registration that is accepted",
        _EVERY,
        errata=_SECOND,
        rules=_HUB,
    ),
    Behaviour(
        "hub-faulty-409",
        listening("answers 409 to a faulty registration", _faulty_409),
        "tolerated: any of 400, 409 and 422",
        _EVERY,
        errata=_SECOND,
        rules=_HUB,
    ),
    Behaviour(
        "hub-elsewhere",
        Break("has its hub outside the base path", _elsewhere),
        "tolerated: any place that is configured",
        ("tmf683-v4",),
        errata=("TMF683-E38",),
        rules=_HUB,
        configuration={"hub_urls": {"": "{origin}/api/hub"}},
    ),
    Behaviour(
        "hub-says-more",
        listening("adds members to a registration", _registered(_more)),
        "the extension pattern",
        ("tmf629-v1",),
        rules=_HUB,
    ),
    Behaviour(
        "hub-without-query",
        listening("leaves out a query that was not sent", _registered(_without_query)),
        "tolerated: no member at all",
        ("tmf629-v4", "tmf683-v4", "tmf655-v1", "tmf681-v1", "tmf629-v1"),
        errata=("TMF629V4-E12", "TMF683-E40", "TMF655-E57", "TMF681-E52", "TMF629V1-E48"),
        rules=_HUB,
    ),
    Behaviour(
        "told-a-second-late",
        notifying("tells listeners a second late", _late(1.0)),
        "no document says how soon",
        ("tmf629-v4",),
        rules=(*_HUB, *_TOLD),
        whole=("tmf629-v4", "tmf683-v4"),
        seconds=300,
    ),
    Behaviour(
        "told-four-seconds-late",
        notifying("tells listeners four seconds late", _late(4.0)),
        "no document says how soon; --event-timeout is five seconds",
        ("tmf655-v1",),
        rules=(HUB_DELIVERS, EVENT),
        seconds=300,
    ),
    Behaviour(
        "callbacks-tried-by-post",
        Break("posts something to a callback before it is taken", _trying),
        "the document says what notifications are, and not that nothing else comes before them",
        ("tmf683-v4", "tmf681-v1", "tmf629-v1"),
        rules=(*_HUB, *_TOLD),
    ),
    Behaviour(
        "told-in-gzip",
        notifying("packs what it tells listeners", _packed),
        "RFC 9110, 8.4: what is sent may have a content coding",
        ("tmf683-v4", "tmf629-v1"),
        rules=(HUB_DELIVERS, EVENT_MEMBER, EVENT, EVENT_HEADER),
    ),
    Behaviour(
        "told-twice",
        notifying("tells listeners twice, with one eventId", _twice),
        "at least once is what a network allows; the eventId is the same",
        ("tmf683-v4", "tmf681-v1"),
        errata=("TMF681-E44",),
        rules=(*_HUB, *_TOLD),
    ),
    Behaviour(
        "told-twice-and-shown-anew",
        notifying("tells listeners twice, with one eventId and the address of another node", _twice_and_shown_anew),
        "at least once is what a network allows; no document says that what is delivered again is the same to the byte",
        ("tmf629-v4", "tmf629-v1", "tmf683-v4"),
        rules=(HUB_DELIVERS, EVENT_MEMBER, EVENT),
    ),
    Behaviour(
        "told-under-ids-of-each-listener",
        notifying("gives a notification another eventId for each listener", _of_the_listener),
        "no document says that the eventId of one event is the same for all listeners",
        ("tmf629-v4", "tmf655-v1"),
        rules=(HUB_DELIVERS, EVENT_MEMBER, EVENT),
    ),
    Behaviour(
        "told-out-of-order",
        notifying("tells listeners in any order", _out_of_order),
        "no document has an order",
        ("tmf629-v1",),
        rules=_TOLD,
    ),
    Behaviour(
        "told-more",
        notifying(
            "adds members to notifications", _added(correlationId="c-1", domain="shop", title="news", priority="1")
        ),
        "TMF630 has these members",
        ("tmf629-v4", "tmf655-v1"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-with-micros",
        notifying("writes eventTime with microseconds", _with_micros),
        "RFC 3339, 5.6",
        ("tmf683-v4",),
        rules=_TOLD,
    ),
    Behaviour(
        "told-of-both",
        notifying("tells of a changed attribute beside a changed status", _both),
        "tolerated: an attribute event beside the state event",
        ("tmf629-v4", "tmf683-v4"),
        errata=("TMF629V4-E29", "TMF683-E50"),
        rules=(*_TOLD, PATCHABLE),
    ),
    Behaviour(
        "told-further-news",
        notifying("tells of further events", _further),
        "tolerated: further notifications",
        ("tmf655-v1", "tmf681-v1", "tmf629-v1"),
        errata=("TMF655-E56", "TMF681-E51", "TMF629V1-E47"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-below-the-callback",
        notifying("tells listeners at a path below the callback", _below),
        "tolerated: every path below it",
        _EVERY,
        errata=("TMF629V4-E14", "TMF683-E42", "TMF655-E51", "TMF681-E53", "TMF629V1-E49"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-as-text",
        notifying("labels notifications text/plain", _retyped),
        "tolerated: a notification is read as JSON whatever its Content-Type",
        ("tmf629-v4", "tmf683-v4"),
        errata=("TMF629V4-E11", "TMF683-E39"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-without-headers",
        notifying("sends notifications without headers", _bare),
        "tolerated: either one, or none",
        ("tmf655-v1", "tmf681-v1"),
        errata=("TMF655-E55", "TMF681-E55"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-the-id-of-the-deleted",
        notifying("tells of a deletion with the id alone", _id_alone),
        "tolerated: a payload with the id alone",
        ("tmf683-v4", "tmf655-v1", "tmf681-v1", "tmf629-v1"),
        errata=("TMF683-E48", "TMF655-E46", "TMF681-E46", "TMF629V1-E50"),
        rules=_TOLD,
    ),
    Behaviour(
        "told-of-a-test-first",
        notifying("sends a test event to a new listener", _greeting),
        "tolerated: further notifications",
        ("tmf655-v1", "tmf681-v1"),
        errata=("TMF655-E56", "TMF681-E51"),
        rules=(*_HUB, *_TOLD),
    ),
)
