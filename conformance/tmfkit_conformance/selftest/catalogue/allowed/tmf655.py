"""TMF655: tolerated readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tmfkit_conformance.rules.hubs import EVENT
from tmfkit_conformance.rules.refusals import AUTH
from tmfkit_conformance.rules.updates import PATCH_KEEPS_OTHERS, PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.allowed.readings import (
    SHOWN,
    TAKEN,
    at_paths,
    dropping,
    event_types,
    having,
    in_turn,
    knows_alias_only,
    mapped,
    payloads,
    reading,
    refused_patch,
    refuses,
    renamed,
    shows,
    single,
    status,
    without_operation,
)
from tmfkit_conformance.selftest.catalogue.changes import Thing, of_answers, over, refusal
from tmfkit_conformance.selftest.history import History

__all__ = ["CHANGE"]

_LISTS_655: Final = (
    "SLARef", "attachment", "changeRequestCharacteristic", "impactEntityRef", "note", "relatedChangeRequestRef",
    "relatedPartyRef", "targetEntityRef",
)  # fmt: skip
_DATES_655: Final = (("completionDate", "completionDateTime"), ("scheduledDate", "scheduledDateTime"))


def _other_case(path: str) -> Break:
    """Know one spelling of a path only."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        rest = call.path.partition("/changeManagement")[2]
        return refusal(404, "nothing is here") if rest.startswith(f"/{path}") else await sound(call)

    return Break(f"does not know /{path}", serve)


def _redirected_case(path: str, other: str) -> Break:
    """Redirect from one spelling of a path to another one."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        rest = call.path.partition("/changeManagement/")[2]
        if not rest.startswith(path):
            return await sound(call)
        moved = "../" * rest.count("/") + other + rest.removeprefix(path)
        return Answer(301, (("Location", moved),), b"")

    return Break(f"redirects from /{path} to /{other}", serve)


def _log_time_moves() -> Break:
    """Move the time of the work log on with every patch, whatever it changes."""

    def changed(_: Call, answer: Answer, history: History) -> Answer:
        def moved(thing: Thing) -> Thing:
            made = history.made.get(str(thing.get("id")))
            at = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=len(made.changes) if made else 0)
            return mapped("workLog", "lastUpdateDateTime", lambda _: at.isoformat())(thing)

        return answer.with_json(over(answer.json, moved)) if answer.is_success else answer

    return of_answers("moves the time of the work log on with every patch", changed)


CHANGE: Final = (
    reading("change-path-with-a-capital", _other_case("changeRequest"), "TMF655-E02", whole=("tmf655-v1",)),
    reading(
        "change-path-redirected-to-a-capital",
        _redirected_case("changeRequest", "ChangeRequest"),
        "TMF655-E02",
        whole=("tmf655-v1",),
    ),
    knows_alias_only(
        "change-aliases",
        "knows the names of the samples only",
        (
            ("", "targetEntityRef", "targetEntity"),
            ("", "impactEntityRef", "impactedEntity"),
            ("", "relatedPartyRef", "relatedParty"),
        ),
        "TMF655-E05",
        "TMF655-E06",
        "TMF655-E07",
    ),
    shows(
        "change-dates-by-other-names",
        "shows the names of the samples for five dates",
        in_turn(
            *(
                renamed("", own, other)
                for own, other in (
                    *_DATES_655,
                    ("plannedEndTime", "planedEndTime"),
                    ("plannedStartTime", "planedStartTime"),
                )
            )
        ),
        "TMF655-E08",
        "TMF655-E09",
        "TMF655-E10",
    ),
    knows_alias_only(
        "change-dates-of-the-sample",
        "knows the names of the samples only, for three dates",
        (
            ("", "plannedEndTime", "planedEndTime"),
            ("", "scheduledDate", "scheduledDateTime"),
            ("", "completionDate", "completionDateTime"),
        ),
        "TMF655-E08",
        "TMF655-E09",
        "TMF655-E10",
        whole=("tmf655-v1",),
    ),
    shows(
        "change-record-with-a-capital",
        "shows Record with a capital",
        renamed("workLog", "record", "Record"),
        "TMF655-E14",
    ),
    shows(
        "change-single-for-list",
        "shows an object for a list of one",
        in_turn(*(mapped("", name, single) for name in _LISTS_655)),
        "TMF655-E15",
        whole=("tmf655-v1",),
    ),
    shows(
        "change-contact-as-object",
        "shows contactInfo as an object",
        mapped("relatedPartyRef/*", "contactInfo", lambda value: {"email": value} if isinstance(value, str) else value),
        "TMF655-E18",
    ),
    reading(
        "change-attachment-without-party",
        dropping("drops the party of an attachment", "attachment/*", "relatedPartyRef"),
        "TMF655-E19",
        rules=TAKEN,
    ),
    shows(
        "change-undefined-shown",
        "shows attributes of the samples that no table has",
        in_turn(having("attachment/*", type="mail"), having("workLog/*", x="1")),
        "TMF655-E20",
        "TMF655-E22",
    ),
    refuses(
        "change-dates-strict",
        "refuses a text that is no date-time",
        at_paths(("attachment/*", "note/*"), lambda one: "T" not in str(one.get("dateTime", "T")), "no date-time"),
        "TMF655-E21",
    ),
    reading(
        "change-event-time-without-offset",
        Break(
            "tells the time without an offset",
            notify=lambda note, _: [
                note.with_body({**note.body, "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"})
            ],
        ),
        "TMF655-E25",
        rules=(EVENT,),
    ),
    refuses(
        "change-prospective",
        "refuses the word prospective",
        lambda body: "no such status" if body.get("status") == "prospective" else "",
        "TMF655-E29",
    ),
    reading(
        "change-patch-200",
        status("answers a patch 200", "patch", 200),
        "TMF655-E31",
        "TMF681-E37",
        rules=(PATCHABLE,),
        whole=("tmf655-v1", "tmf681-v1"),
    ),
    reading(
        "change-patch-204",
        status("answers a patch 204", "patch", 204, body=False),
        "TMF655-E31",
        rules=(PATCHABLE,),
        whole=("tmf655-v1",),
    ),
    reading(
        "change-patch-of-little",
        refused_patch(
            "lets little be changed",
            400,
            "budget",
            "category",
            "channel",
            "currency",
            "impact",
            "risk",
            "externalId",
            "priority",
        ),
        "TMF655-E33",
        rules=(PATCHABLE,),
    ),
    shows(
        "change-own-times",
        "puts in its own times",
        lambda thing: {
            **thing,
            **{name: "2026-02-01T00:00:00Z" for name in ("requestDate", "lastUpdateDateTime") if name in thing},
        },
        "TMF655-E33",
    ),
    reading(
        "change-log-time-moves",
        _log_time_moves(),
        "TMF655-E33",
        rules=(*SHOWN, PATCH_KEEPS_OTHERS),
        whole=("tmf655-v1",),
    ),
    shows(
        "change-defaults", "has default values", having("", channel="web", currency="EUR", riskValue="0"), "TMF655-E34"
    ),
    reading(
        "change-other-role-404",
        of_answers(
            "answers 404 to users without the role",
            lambda _, answer, __: answer.with_status(404) if answer.status == 403 else answer,
        ),
        "TMF655-E42",
    ),
    reading(
        "change-no-delete", without_operation("does not delete", 405, "delete"), "TMF655-E43", whole=("tmf655-v1",)
    ),
    reading(
        "change-no-delete-for-one-role",
        without_operation("does not delete, and knows one role", 405, "delete"),
        "TMF655-E43",
        rules=(AUTH,),
        configuration={"admin_headers": {}},
    ),
    reading(
        "change-event-with-blanks",
        Break(
            "writes blanks in eventType",
            notify=event_types(lambda name: name.replace("AttributeValue", "AttributeValue ")),
        ),
        "TMF655-E45",
        rules=(EVENT,),
    ),
    reading(
        "change-event-word-twice",
        Break(
            "writes a word of eventType twice",
            notify=event_types(lambda name: name.replace("ChangeNotification", "ChangeNotificationNotification")),
        ),
        "TMF655-E45",
        rules=(EVENT,),
    ),
    reading(
        "change-event-small-list",
        Break(
            "has changeRequest, a list of one, in events",
            notify=payloads(lambda body: {**body, "event": {"changeRequest": [body["event"]["ChangeRequest"]]}}),
        ),
        "TMF655-E47",
        rules=(EVENT,),
    ),
    reading(
        "create-without-location",
        of_answers(
            "says neither Location nor where else",
            lambda call, answer, _: (
                answer.with_header("Location", "").with_header("Content-Location", "")
                if call.action == "create"
                else answer
            ),
        ),
        "TMF681-E71",
        "TMF655-E71",
    ),
    knows_alias_only(
        "change-date-of-work",
        "knows createDateTime only",
        (("workLog", "creatDateTime", "createDateTime"),),
        "TMF655-E12",
    ),
)
