"""TMF681: tolerated readings."""

from __future__ import annotations

from typing import Any, Final

from tmfkit_conformance.rules.hubs import EVENT, EVENT_CARRIES_WHOLE
from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.allowed.readings import (
    TAKEN,
    dropping,
    event_types,
    having,
    in_turn,
    knows_alias_only,
    lacks,
    mapped,
    no_ids,
    payloads,
    reading,
    refused_patch,
    refuses,
    renamed,
    shows,
    text,
    without_operation,
)
from tmfkit_conformance.selftest.catalogue.changes import (
    member_renamed,
    of_answers,
    over,
    refusing,
    showing_all,
)
from tmfkit_conformance.selftest.history import History

__all__ = ["MESSAGE"]

_CAPITALS: Final = ("priority", "type", "subject", "content", "sendTime", "sender", "receiver", "attachment")
_SENDS: Final = ("send", "send-stored")


def _href_with_query() -> Break:
    """Show hrefs that end in a query, and take that query."""
    words = "ends hrefs in a query"

    def shown(thing: dict[str, Any]) -> dict[str, Any]:
        return {**thing, "href": f"{thing['href']}?view=full"} if "href" in thing else thing

    told = showing_all(words, shown)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        return await told.serve(call.without_parameters("view") if "view" in call.names else call, sound, history)

    return Break(words, serve, told.notify)


MESSAGE: Final = (
    reading("message-no-list", without_operation("has no list", 405, "list"), "TMF681-E03", whole=("tmf681-v1",)),
    reading("message-list-501", without_operation("has no list yet", 501, "list"), "TMF681-E03", whole=("tmf681-v1",)),
    shows(
        "message-capitals-shown",
        "shows names with a capital",
        in_turn(*(renamed("", name, name.capitalize() if name != "sendTime" else "SendTime") for name in _CAPITALS)),
        "TMF681-E05",
    ),
    knows_alias_only(
        "message-capitals-only",
        "knows names with a capital only",
        tuple(("", name, "SendTime" if name == "sendTime" else name.capitalize()) for name in _CAPITALS),
        "TMF681-E05",
        whole=("tmf681-v1",),
    ),
    knows_alias_only(
        "message-capitals-within",
        "knows names with a capital only, inside others as well, and shows numbers as texts",
        (
            *(("", name, "SendTime" if name == "sendTime" else name.capitalize()) for name in _CAPITALS),
            *(("Attachment/*", name, name.capitalize()) for name in ("path", "href", "size")),
            ("Attachment/*", "url", "URL"),
            ("Receiver/*", "relatedParty", "RelatedParty"),
        ),
        "TMF681-E05",
        "TMF681-E06",
        "TMF681-E12",
        form=mapped("", "Priority", text),
        whole=("tmf681-v1",),
    ),
    shows("message-url-with-capitals", "shows URL", renamed("attachment/*", "url", "URL"), "TMF681-E06"),
    knows_alias_only(
        "message-characteristic-small",
        "knows the characteristic with a small letter",
        (("", "CommunicationRequestCharacteristic", "communicationRequestCharacteristic"),),
        "TMF681-E07",
    ),
    shows("message-contact-log-flag", "shows contactLogFlag", renamed("", "logFlag", "contactLogFlag"), "TMF681-E10"),
    shows(
        "message-flags-as-texts",
        "shows flags as texts",
        in_turn(mapped("", "logFlag", text), mapped("", "callbackFlag", text)),
        "TMF681-E11",
    ),
    shows(
        "message-numbers-as-texts",
        "shows numbers as texts",
        in_turn(mapped("", "priority", text), mapped("", "tryTimes", text)),
        "TMF681-E12",
    ),
    refuses(
        "message-types",
        "refuses other types than the three",
        lambda body: "" if body.get("type", "SMS") in ("SMS", "Email", "MobileApp") else "type is one of three",
        "TMF681-E13",
    ),
    shows(
        "message-status-of-its-own",
        "has words of its own for status",
        lambda thing: {**thing, "status": "Draft"} if "status" in thing else thing,
        "TMF681-E16",
    ),
    reading(
        "message-own-ids-refused",
        refusing("refuses an id that a client sends", lambda _, body: no_ids(body), actions=("create",)),
        "TMF681-E19",
        rules=TAKEN,
    ),
    reading("message-own-ids-replaced", dropping("replaces an id that a client sends", "", "id"), "TMF681-E19"),
    refuses(
        "message-times-refused",
        "refuses sendTimeComplete and status in a create",
        lambda body: "the server's own" if "sendTimeComplete" in body else "",
        "TMF681-E20",
    ),
    shows(
        "message-classes-of-its-own",
        "names classes of its own",
        having("", **{"@type": "ShopMessage", "@baseType": "Message"}),
        "TMF681-E22",
    ),
    reading(
        "message-types-dropped",
        dropping("drops @type and its like", "", "@type", "@baseType", "@schemaLocation"),
        "TMF681-E22",
        "TMF681-E23",
    ),
    shows(
        "message-party-in-a-list",
        "shows the party of a receiver in a list",
        mapped("receiver/*", "relatedParty", lambda value: [value] if isinstance(value, dict) else value),
        "TMF681-E25",
    ),
    shows(
        "message-periods-of-its-own",
        "names the ends of a period otherwise",
        in_turn(
            renamed("attachment/*/validFor", "startDateTime", "from"),
            renamed("attachment/*/validFor", "endDateTime", "to"),
        ),
        "TMF681-E27",
    ),
    reading(
        "message-five-on-create",
        refusing(
            "demands type, subject, content, sender and receiver on create",
            lambda _, body: (
                "five attributes are mandatory"
                if lacks("type", "subject", "content", "sender", "receiver")(body)
                else ""
            ),
            actions=("create", "send"),
        ),
        "TMF681-E28",
        rules=TAKEN,
        whole=("tmf681-v1",),
    ),
    reading(
        "message-subject-on-create",
        refusing(
            "demands a subject of an e-mail on create, 422",
            lambda _, body: "no subject" if body.get("type") == "Email" and "subject" not in body else "",
            status=422,
            actions=("create",),
        ),
        "TMF681-E29",
    ),
    reading(
        "message-attachment-with-email",
        refusing(
            "takes attachments with e-mail only",
            lambda _, body: (
                "an attachment goes with Email" if "attachment" in body and body.get("type", "Email") != "Email" else ""
            ),
            actions=("create", "send"),
        ),
        "TMF681-E31",
        rules=TAKEN,
        whole=("tmf681-v1",),
    ),
    reading(
        "message-unknown-id-400",
        of_answers(
            "answers 400 to an id that it never gives",
            lambda call, answer, _: (
                answer.with_status(400) if answer.status == 404 and len(call.identifier) != 36 else answer
            ),
        ),
        "TMF681-E35",
        avoided=True,
    ),
    reading(
        "message-patch-merge-only",
        refusing(
            "refuses patches as application/json",
            lambda call, _: "merge-patch is meant" if call.media_type == "application/json" else "",
            status=415,
            actions=("patch",),
        ),
        "TMF681-E38",
        rules=(PATCHABLE,),
    ),
    reading(
        "message-patch-of-description",
        refused_patch(
            "lets the description be changed alone",
            400,
            "priority",
            "type",
            "subject",
            "content",
            "sendTime",
            "logFlag",
            "callbackFlag",
            "tryTimes",
            "sender",
            "receiver",
            "attachment",
            "CommunicationRequestCharacteristic",
            "id",
            "href",
            "sendTimeComplete",
        ),
        "TMF681-E40",
        rules=(PATCHABLE,),
    ),
    reading(
        "message-beside-event-type",
        Break(
            "has the message beside eventType",
            notify=payloads(
                lambda body: {**{name: value for name, value in body.items() if name != "event"}, **body["event"]}
            ),
        ),
        "TMF681-E41",
        rules=(EVENT,),
    ),
    reading(
        "message-small-in-a-list",
        Break(
            "has communicationMessage in a list",
            notify=payloads(
                lambda body: {**body, "event": {"communicationMessage": [body["event"]["CommunicationMessage"]]}}
            ),
        ),
        "TMF681-E41",
        rules=(EVENT,),
    ),
    reading(
        "message-event-with-a-blank",
        Break("writes a blank in eventType", notify=event_types(lambda name: name.replace("Creation", "Creation "))),
        "TMF681-E42",
        rules=(EVENT,),
    ),
    reading(
        "message-id-with-a-capital",
        Break(
            "writes Id with a capital and blanks in events",
            notify=payloads(
                lambda body: {
                    **body,
                    "event": {
                        name: member_renamed({**value, "id": f" {value['id']} "}, "id", "Id")
                        for name, value in body["event"].items()
                    },
                }
            ),
        ),
        "TMF681-E43",
        rules=(EVENT, EVENT_CARRIES_WHOLE),
    ),
    reading(
        "message-events-without-id-and-time",
        Break(
            "tells neither eventId nor eventTime",
            notify=payloads(
                lambda body: {name: value for name, value in body.items() if name not in ("eventId", "eventTime")}
            ),
        ),
        "TMF681-E45",
        rules=(EVENT,),
    ),
    reading(
        "message-send-empty",
        of_answers(
            "answers a sending without a body",
            lambda call, answer, _: Answer(200, ()) if call.action in _SENDS and answer.status == 200 else answer,
        ),
        "TMF681-E59",
        whole=("tmf681-v1",),
    ),
    reading(
        "message-send-other-json",
        of_answers(
            "answers a sending with other JSON",
            lambda call, answer, _: (
                answer.with_json({"accepted": True}) if call.action in _SENDS and answer.status == 200 else answer
            ),
        ),
        "TMF681-E59",
        "TMF681-E58",
    ),
    reading(
        "message-send-time-after-sending",
        of_answers(
            "gives the time of a sending after it",
            lambda call, answer, _: (
                answer.with_json(over(answer.json, having("", sendTimeComplete="2026-01-15T09:00:00Z")))
                if call.action in _SENDS and answer.body
                else answer
            ),
        ),
        "TMF681-E21",
        "TMF681-E58",
    ),
    reading("message-href-with-a-query", _href_with_query(), "TMF681-E18"),
)
