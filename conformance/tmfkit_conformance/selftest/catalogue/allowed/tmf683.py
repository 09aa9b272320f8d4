"""TMF683: tolerated readings."""

from __future__ import annotations

from typing import Any, Final

from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.allowed.readings import (
    TAKEN,
    at,
    at_paths,
    dropping,
    found,
    having,
    knows_alias_only,
    lacks,
    mapped,
    reading,
    refuses,
    shows,
)
from tmfkit_conformance.selftest.catalogue.changes import (
    of_answers,
    over,
    refusal,
    showing_all,
    within,
)
from tmfkit_conformance.selftest.history import History

__all__ = ["INTERACTION"]


def _dates_for_periods(path: str, name: str) -> Break:
    """Take and show a date-time where the table has a period."""
    words = f"has a date-time in {name}"
    shown = showing_all(
        words, mapped(path, name, lambda value: value.get("startDateTime") if isinstance(value, dict) else value)
    )

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.action not in ("create", "patch") or not isinstance(call.json, dict):
            return await shown.serve(call, sound, history)
        if found(call.json, path, lambda inner: isinstance(inner.get(name), dict)):
            return refusal(400, f"{name} is a date-time")
        asked = mapped(path, name, lambda value: {"startDateTime": value})(call.json)
        return await shown.serve(call if asked == call.json else call.with_json(asked), sound, history)

    return Break(words, serve, shown.notify)


def _numbers_for_quantities(path: str) -> Break:
    """Take and show size and sizeUnit where the table has a quantity."""
    words = "has a number and a unit as size"

    def flat(inner: dict[str, Any]) -> dict[str, Any]:
        size = inner.get("size")
        return {**inner, "size": size.get("amount"), "sizeUnit": size.get("units")} if isinstance(size, dict) else inner

    def deep(inner: dict[str, Any]) -> dict[str, Any]:
        if "size" not in inner or isinstance(inner["size"], dict):
            return inner
        rest = {name: value for name, value in inner.items() if name != "sizeUnit"}
        return {**rest, "size": {"amount": inner["size"], "units": inner.get("sizeUnit", "KB")}}

    shown = showing_all(words, at(path, flat))

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.action not in ("create", "patch") or not isinstance(call.json, dict):
            return await shown.serve(call, sound, history)
        if found(call.json, path, lambda inner: isinstance(inner.get("size"), dict)):
            return refusal(400, "size is a number")
        asked = within(call.json, path, deep)
        return await shown.serve(call if asked == call.json else call.with_json(asked), sound, history)

    return Break(words, serve, shown.notify)


def _without_own_times(call: Call, answer: Answer, history: History) -> Answer:
    """Show the times that a client sent, and none of the server's own."""
    if not answer.is_success or not answer.body:
        return answer
    own = ("creationDate", "statusChangeDate")

    def shown(thing: dict[str, Any]) -> dict[str, Any]:
        made = history.made.get(str(thing.get("id")))
        sent = [call.json, *([made.sent, *(change.json for change in made.changes)] if made else [])]
        given = {name for body in sent if isinstance(body, dict) for name in body}
        return {name: value for name, value in thing.items() if name not in own or name in given}

    return answer.with_json(over(answer.json, shown))


INTERACTION: Final = (
    refuses(
        "interaction-directions",
        "refuses other directions than the two",
        lambda body: (
            "" if body.get("direction", "inbound") in ("inbound", "outbound") else "direction is inbound or outbound"
        ),
        "TMF683-E01",
    ),
    refuses(
        "interaction-opened-refused",
        "refuses the status opened",
        lambda body: "status is not opened" if body.get("status") == "opened" else "",
        "TMF683-E02",
        whole=("tmf683-v4",),
    ),
    reading(
        "interaction-date-of-an-item", _dates_for_periods("interactionItem/*", "itemDate"), "TMF683-E04", rules=TAKEN
    ),
    knows_alias_only(
        "interaction-aliases",
        "knows attachments by type and URL",
        (
            ("attachment/*", "attachmentType", "type"),
            ("attachment/*", "url", "URL"),
            ("interactionItem/*/attachment/*", "attachmentType", "type"),
            ("interactionItem/*/attachment/*", "url", "URL"),
        ),
        "TMF683-E05",
        "TMF683-E06",
    ),
    reading(
        "interaction-attachment-type-lost",
        dropping("drops attachmentType and keeps type", "attachment/*", "attachmentType"),
        "TMF683-E05",
        rules=TAKEN,
    ),
    reading(
        "interaction-url-lost", dropping("drops url and keeps URL", "attachment/*", "url"), "TMF683-E06", rules=TAKEN
    ),
    reading("interaction-sizes-as-numbers", _numbers_for_quantities("attachment/*"), "TMF683-E07", rules=TAKEN),
    shows(
        "interaction-date-of-an-attachment",
        "shows interactionDate in an attachment",
        having("attachment/*", interactionDate="2026-01-15T08:00:00Z"),
        "TMF683-E08",
    ),
    shows(
        "interaction-href-of-an-item",
        "shows an href in an item",
        having("interactionItem/*", href="https://host.example/item/1"),
        "TMF683-E09",
    ),
    refuses(
        "interaction-undefined-refused",
        "refuses attributes that are not defined",
        lambda body: "name is not defined" if "name" in body else "",
        "TMF683-E11",
    ),
    reading(
        "interaction-entity-members-dropped",
        dropping("drops unknown members of an entity", "interactionItem/*/item", "orderItem"),
        "TMF683-E20",
        rules=TAKEN,
    ),
    reading(
        "interaction-without-own-times",
        of_answers("sets no times itself", _without_own_times),
        "TMF683-E23",
        "TMF683-E21",
        "TMF683-E22",
    ),
    refuses(
        "interaction-ids-inside-items",
        "demands ids inside items",
        at_paths(("interactionItem/*/channel/*", "interactionItem/*/relatedParty/*"), lacks("id"), "id is missing"),
        "TMF683-E24",
    ),
    refuses(
        "interaction-empty-channel",
        "refuses an empty list of channels",
        lambda body: "channel is empty" if body.get("channel") == [] else "",
        "TMF683-E25",
    ),
    reading(
        "interaction-types-of-parts-dropped",
        dropping("drops @type in notes and items", "note/*", "@type", "@baseType", "@schemaLocation"),
        "TMF683-E28",
        rules=TAKEN,
    ),
)
