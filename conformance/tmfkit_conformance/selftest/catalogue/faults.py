"""Targets with one thing refused or missing."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable
from typing import Any, Final

from tmfkit_conformance.selftest.breaks.registry import Break, Note, notifying
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered
from tmfkit_conformance.selftest.catalogue.changes import (
    is_about_hub,
    is_about_resource,
    moving,
    numeric_ids,
    of_answers,
    refusal,
    refusing,
    showing_all,
    within,
)
from tmfkit_conformance.selftest.catalogue.entries import Fault
from tmfkit_conformance.selftest.history import History

__all__ = ["ONE_CAUSE"]

Thing = dict[str, Any]

_LATE_SECONDS: Final = 2.0


def _refuses(name: str) -> Break:
    return refusing(f"refuses {name}", lambda _, body: f"{name} is unknown" if name in body else "")


def _demands(name: str) -> Break:
    return refusing(
        f"demands {name}", lambda _, body: "" if name in body else f"{name} is mandatory", actions=("create",)
    )


def _without_a_segment(_: Any, body: Thing) -> str:
    if "segment" not in body:
        return "Mandatory attribute missing: segment (one of RES, SMB, ENT)"
    if body["segment"] not in ("RES", "SMB", "ENT"):
        return "segment has to be one of RES, SMB, ENT"
    return "" if "tenant" in body else "Mandatory attribute missing: tenant"


_demands_a_segment: Final = refusing(
    "demands a segment, one of three, and then a tenant", _without_a_segment, actions=("create",)
)


def _loses(path: str, name: str) -> Break:
    def lost(inner: Thing) -> Thing:
        return {key: value for key, value in inner.items() if key != name}

    return showing_all(f"loses {path}/{name}".replace("//", "/"), lambda thing: within(thing, path, lost))


def _without(words: str, is_meant: Callable[[Call], bool], status: int = 404) -> Break:
    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        return refusal(status, "there is nothing here") if is_meant(call) else await sound(call)

    return Break(words, serve)


def _does(*actions: str) -> Callable[[Call], bool]:
    return lambda call: call.action in actions


def _answers(words: str, action: str, status: int, *, body: bool = True) -> Break:
    def changed(call: Call, answer: Answer, _: History) -> Answer:
        if call.action != action or not answer.is_success:
            return answer
        return answer.with_status(status) if body else Answer(status, ())

    return of_answers(words, changed)


async def _patch_ignored(call: Call, sound: Sound, _: History) -> Answer:
    """Answer a patch as if it were done."""
    if call.action != "patch":
        return await sound(call)
    checked = await sound(Call("GET", call.path, "", call.headers, b"", call.operation, call.identifier))
    return checked if not checked.is_success else checked.with_status(call.operation.success if call.operation else 200)


def _dies(words: str, is_meant: Callable[[Any], bool]) -> Break:
    """Answer 500 to some bodies, as a server whose handler crashes."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        is_write = is_about_resource(call) and call.method in ("POST", "PATCH", "PUT")
        if is_write and isinstance(call.json, dict) and is_meant(call.json):
            return answered(500, {"message": "TypeError: cannot read properties of undefined"})
        return await sound(call)

    return Break(words, serve)


def _is_not_ascii(body: Thing) -> bool:
    return not str(body).isascii()


def _no_delete_events(note: Note, _: History) -> list[Note]:
    return [] if any(word in note.event_type for word in ("Delete", "Deletion", "Remove")) else [note]


def _without_member(name: str) -> Any:
    return lambda note, _: [note.with_body({key: value for key, value in note.body.items() if key != name})]


def _misnamed(note: Note, _: History) -> list[Note]:
    return [note.with_body({**note.body, "event": {"resource": next(iter(note.body["event"].values()), None)}})]


async def _delete_ignored(call: Call, sound: Sound, _: History) -> Answer:
    if call.action != "delete":
        return await sound(call)
    found = await sound(Call("GET", call.path, "", call.headers, b"", call.operation, call.identifier))
    return Answer(204, ()) if found.is_success else found


def _wrapped(call: Call, answer: Answer, _: History) -> Answer:
    if call.action != "list" or not isinstance(answer.json, list):
        return answer
    return answer.with_json({"items": answer.json, "total": len(answer.json)})


def _wrong_href(thing: Thing) -> Thing:
    return {**thing, "href": f"http://127.0.0.1/other/{thing['id']}"} if "href" in thing and "id" in thing else thing


async def _read_lost(call: Call, sound: Sound, _: History) -> Answer:
    return refusal(404, "no such resource") if call.action == "retrieve" else await sound(call)


def _at_most_one(thing: Thing) -> Thing:
    return {name: value[:1] if isinstance(value, list) else value for name, value in thing.items()}


def _fails_at(action: str) -> Break:
    return _without(f"answers {action} 500", _does(action), 500)


async def _fails_later(call: Call, sound: Sound, history: History) -> Answer:
    """Answer 500 to every read of a record that was made two seconds ago, or earlier."""
    answer = await sound(call)
    if call.action == "create" and answer.is_success:
        history.kept[answer.identifier] = time.monotonic()
    age = time.monotonic() - history.kept.get(call.identifier, time.monotonic())
    is_late = call.action == "retrieve" and age > _LATE_SECONDS
    return answered(500, {"message": "the cache entry has expired"}) if is_late else answer


def _reads_without(name: str) -> Break:
    """Show an attribute in answers to writes, and not in those to reads."""

    def changed(call: Call, answer: Answer, _: History) -> Answer:
        is_read = call.action == "retrieve" and isinstance(answer.json, dict) and name in answer.json
        return answer.with_json(_lacking(answer.json, name)) if is_read else answer

    return of_answers(f"reads without {name}", changed)


def _shows(name: str, other: Any) -> Break:
    """Show another value of an attribute wherever it is."""
    change = functools.partial(_with_other, name=name, other=other)
    return showing_all(f"shows another {name}", change)


def _with_other(thing: Thing, *, name: str, other: Any) -> Thing:
    return {**thing, name: other} if name in thing else thing


def _drops_at_patches(name: str) -> Break:
    """Show an attribute no more after a patch that does not name it."""

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        if call.action == "patch" and answer.is_success:
            history.kept[call.identifier] = isinstance(call.json, dict) and name not in call.json
        is_gone = history.kept.get(call.identifier) and isinstance(answer.json, dict)
        return answer.with_json(_lacking(answer.json, name)) if is_gone and answer.is_success else answer

    return of_answers(f"loses {name} with every patch", changed)


def _lists_nothing(call: Call, answer: Answer, _: History) -> Answer:
    return answer.with_json([]) if call.action == "list" and isinstance(answer.json, list) else answer


async def _all_the_same(call: Call, sound: Sound, _: History) -> Answer:
    """Pass over every filter."""
    filters = call.names - {"fields", "offset", "limit", "sort"}
    return await sound(call.without_parameters(*filters) if call.action == "list" and filters else call)


def _told_without(name: str) -> Any:
    """Tell of resources without an attribute."""

    def told(note: Note, _: History) -> list[Note]:
        event = {key: _lacking(value, name) for key, value in note.body["event"].items()}
        return [note.with_body({**note.body, "event": event})]

    return told


def _lacking(thing: Any, name: str) -> Any:
    """Return an object without a member."""
    return {key: value for key, value in thing.items() if key != name} if isinstance(thing, dict) else thing


def _lacks_fallback() -> Break:
    """Move a status only as a strict machine has it, and know no state of fallback."""
    after: dict[str, tuple[str, ...]] = {
        "New": ("Request for Authorization", "Cancelled"),
        "Request for Authorization": ("Scheduled for Approval", "Cancelled"),
        "Scheduled for Approval": ("Pending for Implementation",),
        "Pending for Implementation": ("Post Implementation Review",),
        "Post Implementation Review": ("Closed",),
    }
    states = {"New", *itertools.chain(*after.values())}
    strict = moving("status", ("New",), after, 422)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        status = call.json.get("status") if isinstance(call.json, dict) else None
        if call.action in ("create", "patch") and isinstance(status, str) and status not in states:
            return refusal(400, f"there is no state {status}")
        return await strict.serve(call, sound, history)

    return Break("has no state Fallback Execution, and moves one state at a time", serve)


ONE_CAUSE: Final = (
    Fault("refuses-optional-reason", _refuses("statusReason"), ("tmf629-v4",), ("statusReason is unknown",)),
    Fault("refuses-optional-note", _refuses("note"), ("tmf683-v4",), ("note is unknown",)),
    Fault("refuses-optional-plan", _refuses("riskMitigationPlan"), ("tmf655-v1",), ("riskMitigationPlan is unknown",)),
    Fault("demands-tenant", _demands("tenant"), ("tmf681-v1", "tmf629-v1"), ("tenant is mandatory",)),
    Fault("demands-optional", _demands("riskValue"), ("tmf655-v1",), ("riskValue is mandatory",)),
    Fault("lacks-a-state", _lacks_fallback(), ("tmf655-v1",), ("no state Fallback Execution",)),
    Fault("loses-subtree", _loses("contactMedium/*", "characteristic"), ("tmf629-v4",), ("characteristic",)),
    Fault("loses-deep-subtree", _loses("interactionItem/*", "item"), ("tmf683-v4",), ("item",)),
    Fault("loses-attribute", _loses("", "description"), ("tmf683-v4", "tmf655-v1"), ("description",)),
    Fault("first-of-a-list", showing_all("keeps the first member of a list", _at_most_one), ("tmf629-v1",), ("list",)),
    Fault("no-patch", _without("has no PATCH", _does("patch"), 405), ("tmf655-v1", "tmf629-v4"), ("patch", "405")),
    Fault(
        "patch-without-effect",
        Break("answers patches and does nothing", _patch_ignored),
        ("tmf683-v4", "tmf629-v1"),
        ("patch",),
    ),
    Fault("patch-204", _answers("answers patches 204", "patch", 204, body=False), ("tmf629-v4",), ("patch", "204")),
    Fault("no-delete", _without("has no DELETE", _does("delete"), 405), ("tmf683-v4",), ("delete", "405")),
    Fault(
        "delete-without-effect",
        Break("answers a deletion and does nothing", _delete_ignored),
        ("tmf629-v4",),
        ("delete",),
    ),
    Fault("delete-200", _answers("answers a deletion 200", "delete", 200), ("tmf629-v1",), ("200",)),
    Fault("create-200", _answers("answers a create 200", "create", 200), ("tmf629-v4", "tmf683-v4"), ("200",)),
    Fault("create-202", _answers("answers a create 202", "create", 202), ("tmf655-v1",), ("202",)),
    Fault("no-create", _without("has no create", _does("create"), 405), ("tmf629-v4",), ("post", "405")),
    Fault("no-read", Break("finds nothing by its id", _read_lost), ("tmf683-v4",), ("404",)),
    Fault("no-list", _without("has no list", _does("list"), 405), ("tmf629-v4", "tmf655-v1"), ("405",)),
    Fault("list-wrapped", of_answers("wraps lists in an object", _wrapped), ("tmf683-v4",), ("list",)),
    Fault("no-send", _without("does not send", _does("send", "send-stored")), ("tmf681-v1",), ("send", "404")),
    Fault("no-hub", _without("has no hub", is_about_hub), ("tmf629-v4", "tmf681-v1"), ("hub", "404")),
    Fault("hub-500", _without("fails at registrations", is_about_hub, 500), ("tmf655-v1",), ("hub", "500")),
    Fault("silent-on-deletion", notifying("tells of no deletion", _no_delete_events), ("tmf683-v4",), ("delete",)),
    Fault("events-without-id", notifying("tells no eventId", _without_member("eventId")), ("tmf629-v4",), ("eventId",)),
    Fault("events-misnamed", notifying("names the payload of events resource", _misnamed), ("tmf683-v4",), ("event",)),
    Fault("crash-at-text", _dies("crashes at text that is not ASCII", _is_not_ascii), ("tmf683-v4",), ("500",)),
    Fault(
        "hrefs-of-another-path", showing_all("has hrefs that lead elsewhere", _wrong_href), ("tmf655-v1",), ("href",)
    ),
    Fault("ids-as-numbers", numeric_ids(), ("tmf629-v4",), ("id",)),
    Fault("read-500", _fails_at("retrieve"), ("tmf683-v4", "tmf629-v1"), ("get /", "500")),
    Fault(
        "read-500-after-two-seconds",
        Break("fails to read what is two seconds old", _fails_later),
        ("tmf683-v4", "tmf629-v4"),
        ("get /", "500"),
    ),
    Fault("patch-500", _fails_at("patch"), ("tmf681-v1", "tmf629-v4"), ("patch", "500")),
    Fault("delete-500", _fails_at("delete"), ("tmf629-v4", "tmf655-v1"), ("delete", "500")),
    Fault("list-500", _fails_at("list"), ("tmf655-v1", "tmf683-v4"), ("get /", "500")),
    Fault("list-empty", of_answers("lists nothing", _lists_nothing), ("tmf683-v4", "tmf629-v4"), ("never shows",)),
    Fault("filters-passed-over", Break("passes over filters", _all_the_same), ("tmf629-v1",), ("satisfy",)),
    Fault("unregister-500", _fails_at("unregister"), ("tmf629-v4", "tmf681-v1"), ("hub", "500")),
    Fault("attribute-not-read", _reads_without("description"), ("tmf683-v4", "tmf655-v1"), ("/description",)),
    Fault("attribute-as-null", _shows("reason", None), ("tmf683-v4",), ("/reason",)),
    Fault("attribute-always-alike", _shows("description", "none given"), ("tmf683-v4", "tmf655-v1"), ("/description",)),
    Fault("attribute-lost-with-patches", _drops_at_patches("reason"), ("tmf683-v4",), ("patch",)),
    Fault(
        "events-without-an-attribute",
        notifying("tells of messages without content", _told_without("content")),
        ("tmf681-v1",),
        ("content",),
    ),
    Fault(
        "refuses-optional-without-words",
        refusing("refuses statusReason without saying so", lambda _, body: "Bad Request" * ("statusReason" in body)),
        ("tmf629-v4",),
        ("statusReason",),
    ),
    Fault(
        "demands-what-it-may",
        _demands("tenant"),
        ("tmf629-v4", "tmf683-v4"),
        ("tenant", "configuration"),
        verdict="incomplete",
    ),
    Fault(
        "demands-one-of-its-own-values",
        _demands_a_segment,
        ("tmf629-v4", "tmf683-v4"),
        ("demands segment", "one of RES, SMB, ENT", "configuration"),
        verdict="incomplete",
    ),
    Fault(
        "takes-no-value-that-is-configured",
        _demands_a_segment,
        ("tmf629-v4",),
        ("demands segment", "segment has to be one of", "configuration"),
        verdict="incomplete",
        configuration={"payloads": {"customer": {"segment": "none"}}},
    ),
    Fault(
        "demands-one-more-when-one-is-configured",
        _demands_a_segment,
        ("tmf629-v4",),
        ("demands tenant", "configuration"),
        verdict="incomplete",
        configuration={"payloads": {"customer": {"segment": "SMB"}}},
    ),
)
