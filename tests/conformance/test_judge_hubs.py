"""Hubs and notifications: what the judge makes of canned answers and of what arrived."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence_builder import (
    BLOCKED,
    CALLBACK,
    FAIL,
    MOOT,
    PASS,
    REMARK,
    REMOVED,
    SKIP,
    Situation,
    Step,
    ask,
    delete,
    get,
    made,
    note,
    patch,
    post,
    resource,
)

DELIVERS = ask("hub-delivers", "registerCustomerListener")
CALLBACK_ONLY = ask("hub-callback-only", "registerCustomerListener")
AGAIN = ask("hub-registers-again", "unregisterCustomerListener")
ONE = ask("hub-one-listener", "registerCustomerListener")
FREES = ask("hub-frees-the-place", "unregisterCustomerListener")
SILENT = ask("hub-removed-is-silent", "unregisterCustomerListener")
OWN = ask("hub-own-resource-only", "registerCustomerListener")
REPEATS = ask("hub-repeats-callback", "registerCustomerListener")
REPEATS_CALLBACK = ask("hub-repeats-callback", "registerCustomerListener", "/callback")
CREATED, CHANGED, DELETED = (f"Customer{what}Notification" for what in ("Create", "Update", "Delete"))
MESSAGE_CREATED = "CommunicationMessageCreationNotification"
EVENT = ask("event", CREATED)
DELETION = ask("event", DELETED)
NOT_EMPTY = ask("event-member", CREATED, "/eventTime", expect={"form": "non-empty"})
UNIQUE = ask("event-member", "*", "/eventId", expect={"form": "unique"})
TIME = ask("event-member", CREATED, "/eventTime", expect={"form": "date-time"})
TYPE = ask("event-member", CREATED, "/eventType", expect={"form": "event-type"})
RESOURCE = ask("event-member", CREATED, "/event/customer", expect={"form": "resource"})
OBJECT = ask("event-member", CREATED, "/event", expect={"form": "object"})
COMPLETE = ask("event-set-complete", CREATED)
BY_POST = ask("event-by-post", CREATED)
ANY_2XX = ask("event-any-2xx", CREATED)
HEADER = ask("event-header", CREATED, "Content-Type: application/json")
WHOLE = ask("event-carries-whole", CREATED, "/event/customer")
MESSAGE_WHOLE = ask("event-carries-whole", MESSAGE_CREATED, "/event/CommunicationMessage", api="tmf681-v1")
UPDATE = ask("event-carries-whole", CHANGED, "/event/customer")
CHANGE = ask("event", CHANGED)

SENT = {"callback": CALLBACK}
FACT = {"callback": CALLBACK, "removed": REMOVED}
ABOUT = {"event": {"customer": resource(name="one")}}
LATER = {**ABOUT, "eventTime": "2026-05-01T10:00:09Z"}
PING = note("", {"eventId": "", "ping": "anybody there?"})
ANOTHER = {"event": {"customer": resource(name="two")}}
BOTH = {"callback": CALLBACK, "second": "http://127.0.0.1:9/kit/cb-3", "heard": 3}
SECOND = str(BOTH["second"])
AT_SECOND = note(CREATED, ABOUT, number=2, to=SECOND)
AT_BOTH = (note(CREATED, ABOUT), AT_SECOND)
ANEW = {"event": {"customer": {**resource(name="one"), "href": "https://node-2.example/7", "seen": "now"}}}
OF_ANOTHER_OF_OURS = {"event": {"customer": resource("8", name="one"), "before": {"id": "7"}}}
NO_ID = {name: value for name, value in resource(name="one").items() if name != "id"}
LONG = {**BOTH, "heard": 9}
FOREIGN = {"event": {"customer": resource("99", name="one")}}


def register(step: str = "register", status: int = 201, answer: Any = None, **sent: Any) -> Step:
    body = {**SENT, **sent}
    more = {} if status == 204 else {"answer": answer or {"id": "s1", "query": None, **body}}
    return post(step, status, sent=body, path="/customer/hub", **more)


def unregister(step: str = "unregister", status: int = 204) -> Step:
    return delete(step, status, at="/customer/hub/s1")


def changed(name: str, number: int, to: str = CALLBACK) -> Any:
    """A notification of a change."""
    return note(CHANGED, {"event": {"customer": resource(name=name)}}, number=number, to=to)


TRIGGERED = (
    register(),
    made("trigger-create", name="one"),
    get("read-create", 200, resource(name="one")),
    patch("trigger-change", 200, {"name": "two"}),
    delete("trigger-delete", 204),
)
MESSAGE = (
    register(),
    post("trigger-create", 201, {"id": "7", "subject": "s"}, sent={"subject": "s"}),
    get("read-create", 200, {"id": "7", "subject": "s", "Content": "c"}),
)
UPDATED = (*TRIGGERED[:4], get("read-change", 200, resource(name="two")))
OF_TWO = (
    *TRIGGERED[:4],
    patch("trigger-another", 200, {"description": "d"}),
    get("read-change", 200, resource(name="two", description="d")),
)
OF_TWO_KNOWN = (
    register(),
    made("trigger-create", name="one", description="c"),
    get("read-create", 200, resource(name="one", description="c")),
    *OF_TWO[3:],
)
TOLD = {"event": {"customer": resource(name="two", description="d")}}
DELIVERED = (
    register(),
    register("second"),
    made("trigger-create"),
    *(patch("trigger-change", 200, {"name": name}) for name in ("two", "three")),
)
CHANGES = [note(CREATED, ABOUT), changed("two", 2), changed("three", 3)]
NUMERIC = (register(), post("trigger-create", 201, {"id": 7}, sent={}))
ALL_THREE = [note(one, ABOUT, number=number) for number, one in enumerate((CREATED, CHANGED, DELETED), 1)]


def heard(*notes: Any) -> dict[str, Any]:
    return {"notes": notes, "facts": FACT}


def told_of_message(message: dict[str, Any]) -> dict[str, Any]:
    return heard(note(MESSAGE_CREATED, {"event": {"CommunicationMessage": [message]}}))


SITUATIONS = [
    DELIVERS.gives(PASS, "arrived", register(), made("trigger-create"), **heard(note(CREATED, ABOUT))),
    DELIVERS.gives(PASS, "below-the-callback", register(), made("trigger-create"), **heard(note(CREATED, ABOUT, path="/proxy/kit/cb-1/listener?x=1"))),
    DELIVERS.gives(PASS, "by-href", register(), made("trigger-create"), **heard(note(CREATED, {"event": {"href": "https://x/customer/7"}}))),
    DELIVERS.gives(PASS, "numeric-id", register(), post("trigger-create", 201, {"id": 7}), **heard(note(CREATED, {"event": {"customer": {"id": 7}}}))),
    DELIVERS.gives(FAIL, "nothing", register(), made("trigger-create"), **heard()),
    DELIVERS.gives(FAIL, "of-another", register(), made("trigger-create"), **heard(note(CREATED, {**FOREIGN, "version": "7"}))),
    DELIVERS.gives(FAIL, "at-another-callback", register(), made("trigger-create"), **heard(note(CREATED, ABOUT, path="/kit/cb-12"))),
    DELIVERS.gives(BLOCKED, "create-refused", register(), post("trigger-create", 400), **heard()),
    DELIVERS.gives(BLOCKED, "registration-refused", register(status=409), made("trigger-create"), **heard(note(CREATED, ABOUT))),
    DELIVERS.gives(PASS, "both", register(), register("second"), made("trigger-create"), notes=AT_BOTH, facts=BOTH),
    DELIVERS.gives(
        FAIL, "second-told-of-creations-only",
        register(), register("second"), made("trigger-create"), notes=[*AT_BOTH, note(CHANGED, ABOUT, number=3)], facts=BOTH,
    ),
    DELIVERS.gives(
        FAIL, "first-told-of-creations-only",
        register(), register("second"), made("trigger-create"),
        notes=[*AT_BOTH, note(CHANGED, ABOUT, number=3, to=SECOND)], facts=BOTH,
    ),
    DELIVERS.gives(FAIL, "second-told-of-one-of-two-changes", *DELIVERED, notes=[*CHANGES, AT_SECOND, changed("two", 5, SECOND)], facts=LONG),
    DELIVERS.gives(FAIL, "first-told-of-one-of-two-changes", *DELIVERED, notes=[*CHANGES[:2], AT_SECOND, changed("two", 5, SECOND), changed("three", 6, SECOND)], facts=LONG),
    DELIVERS.gives(PASS, "both-of-both-changes-in-any-order", *DELIVERED, notes=[*CHANGES, changed("three", 5, SECOND), changed("two", 6, SECOND), AT_SECOND], facts=LONG),
    DELIVERS.gives(PASS, "once-and-twice", *DELIVERED, notes=[*CHANGES, CHANGES[1], changed("two", 5, SECOND), changed("three", 6, SECOND), AT_SECOND], facts=LONG),
    DELIVERS.gives(PASS, "under-one-id-and-shown-anew", *DELIVERED, notes=[*CHANGES[:2], AT_SECOND, note(CHANGED, {"event": {"customer": {"id": "7"}}}, number=2, to=SECOND)], facts=LONG),
    DELIVERS.gives(
        PASS, "one-is-told-when-nobody-waits",
        register(), register("second"), made("trigger-create"), notes=[*AT_BOTH, note(CHANGED, ABOUT, number=4)], facts=BOTH,
    ),
    DELIVERS.gives(PASS, "second-refused", register(), register("second", 409), made("trigger-create"), **heard(note(CREATED, ABOUT))),
    DELIVERS.gives(FAIL, "first-forgotten", register(), register("second"), made("trigger-create"), notes=[AT_SECOND], facts=BOTH),
    DELIVERS.gives(FAIL, "second-forgotten", register(), register("second"), made("trigger-create"), notes=[note(CREATED, ABOUT)], facts=BOTH),
    DELIVERS.gives(FAIL, "neither-told", register(), register("second"), made("trigger-create"), facts=BOTH),
    CALLBACK_ONLY.gives(PASS, "accepted-204", register(status=204)),
    CALLBACK_ONLY.gives(FAIL, "refused", register(status=400)),
    AGAIN.gives(PASS, "accepted", register(), unregister(), register("again")),
    AGAIN.gives(FAIL, "refused", register(), unregister(), register("again", 409)),
    AGAIN.gives(BLOCKED, "not-removed", register(), unregister(status=500), register("again", 409)),
    ONE.gives(PASS, "both", register("first"), register("second")),
    ONE.gives(PASS, "second-409", register("first"), register("second", 409)),
    ONE.gives(FAIL, "second-400", register("first"), register("second", 400)),
    ONE.gives(FAIL, "second-breaks", register("first"), register("second", 500)),
    ONE.gives(BLOCKED, "first-refused", register("first", 409)),
    FREES.gives(PASS, "room", register("first"), register("second", 409), unregister(), register("third")),
    FREES.gives(FAIL, "no-room", register("first"), register("second", 409), unregister(), register("third", 409)),
    FREES.gives(MOOT, "several", register("first"), register("second"), unregister()),
    FREES.gives(SKIP, "not-removed", register("first"), register("second", 409)),
    SILENT.gives(PASS, "silent", register(), unregister(), made(), **heard(note(CREATED, ABOUT))),
    SILENT.gives(FAIL, "still-told", register(), unregister(), made(), **heard(note(CREATED, ABOUT), note(CREATED, ABOUT, number=2, to=REMOVED))),
    SILENT.gives(FAIL, "not-removed", register(), unregister(status=404), made(), **heard(note(CREATED, ABOUT))),
    SILENT.gives(BLOCKED, "nobody-told", register(), unregister(), made(), **heard()),
    OWN.gives(PASS, "own", register(), made("create-other", identifier="5"), **heard(note(CREATED, ABOUT))),
    OWN.gives(FAIL, "of-the-other", register(), made("create-other", identifier="5"), **heard(note("PaymentMeanCreateNotification", ABOUT))),
    OWN.gives(BLOCKED, "nothing", register(), made("create-other", identifier="5"), **heard()),
    OWN.gives(SKIP, "no-other-made", register(), **heard(note(CREATED, ABOUT))),
    REPEATS.gives(PASS, "both", register(), register("register-query", query="eventType=X")),
    REPEATS.gives(PASS, "no-query", register(answer=SENT), register("register-query", query="a=b")),
    REPEATS.gives(FAIL, "another-callback", register(answer={"callback": "x"}), register("register-query", query="a=b")),
    REPEATS.gives(FAIL, "a-query-of-its-own", register(answer={**SENT, "query": "all"}), register("register-query", query="a=b")),
    REPEATS.gives(FAIL, "query-lost", register(), register("register-query", answer=SENT, query="a=b")),
    REPEATS.gives(FAIL, "list", register(answer=[SENT]), register("register-query", query="a=b")),
    REPEATS.gives(MOOT, "204", register(status=204), register("register-query", 204, query="a=b")),
    REPEATS.gives(BLOCKED, "query-refused", register(), register("register-query", 400, query="a=b")),
    REPEATS_CALLBACK.gives(PASS, "query-refused", register(), register("register-query", 400, query="a=b")),
    EVENT.gives(PASS, "arrived", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    EVENT.gives(PASS, "in-a-list-of-one", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": [resource()]}}))),
    EVENT.gives(PASS, "other-initial", *TRIGGERED, **heard(note(CREATED, {"event": {"Customer": resource()}}))),
    EVENT.gives(PASS, "numeric-id", *NUMERIC, **heard(note(CREATED, {"event": {"customer": {"id": 7}}}))),
    EVENT.gives(PASS, "repeated", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, ABOUT))),
    EVENT.gives(REMARK, "two-ids", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, ABOUT, number=2))),
    EVENT.gives(FAIL, "other-type", *TRIGGERED, **heard(note(CHANGED, ABOUT))),
    EVENT.gives(FAIL, "of-another", *TRIGGERED, **heard(note(CREATED, FOREIGN))),
    EVENT.gives(FAIL, "nothing", *TRIGGERED, **heard()),
    EVENT.gives(BLOCKED, "not-triggered", register(), post("trigger-create", 500), **heard()),
    EVENT.gives(BLOCKED, "not-registered", register(status=500), **heard()),
    DELETION.gives(BLOCKED, "delete-not-offered", *TRIGGERED[:-1], delete("trigger-delete", 405), **heard(note(CREATED, ABOUT))),
    NOT_EMPTY.gives(PASS, "there", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    NOT_EMPTY.gives(FAIL, "empty", *TRIGGERED, **heard(note(CREATED, {**ABOUT, "eventTime": ""}))),
    NOT_EMPTY.gives(FAIL, "false", *TRIGGERED, **heard(note(CREATED, {**ABOUT, "eventTime": False}))),
    NOT_EMPTY.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    UNIQUE.gives(PASS, "two", *TRIGGERED, **heard(*ALL_THREE)),
    UNIQUE.gives(PASS, "delivered-twice", *TRIGGERED, **heard(*ALL_THREE, *ALL_THREE)),
    UNIQUE.gives(PASS, "repeated-later", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, LATER))),
    UNIQUE.gives(PASS, "delivered-again-from-another-node", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, ANEW))),
    UNIQUE.gives(FAIL, "of-two-resources", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, OF_ANOTHER_OF_OURS))),
    UNIQUE.gives(FAIL, "of-another-listener", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, FOREIGN, to=SECOND))),
    UNIQUE.gives(PASS, "at-another-listener", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, ABOUT, to=SECOND))),
    UNIQUE.gives(FAIL, "of-two-states", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, ANOTHER))),
    UNIQUE.gives(FAIL, "same", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CHANGED, ABOUT))),
    UNIQUE.gives(FAIL, "missing", *TRIGGERED, **heard(note(CREATED, {**ABOUT, "eventId": None}))),
    TIME.gives(PASS, "without-seconds", *TRIGGERED, **heard(note(CREATED, {**ABOUT, "eventTime": "2020-05-01T10:00+0800"}))),
    TIME.gives(FAIL, "number", *TRIGGERED, **heard(note(CREATED, {**ABOUT, "eventTime": 1588327200}))),
    TYPE.gives(PASS, "known", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    TYPE.gives(PASS, "with-blanks", *TRIGGERED, **heard(note(f" {CREATED} ", ABOUT))),
    TYPE.gives(FAIL, "unknown", *TRIGGERED, **heard(note("CustomerMade", ABOUT))),
    TYPE.gives(
        REMARK, "further", *TRIGGERED, **heard(note(CREATED, ABOUT), note("ShopAuditEvent", ABOUT, number=2))
    ),
    TYPE.gives(FAIL, "none", *TRIGGERED, **heard(note("", ABOUT))),
    TYPE.gives(REMARK, "tried-before", *TRIGGERED, **heard(PING, note(CREATED, ABOUT, number=2))),
    TYPE.gives(BLOCKED, "tried-alone", *TRIGGERED, **heard(PING)),
    TYPE.gives(FAIL, "tried-later", *TRIGGERED, **heard(replace(PING, started=99.0), note(CREATED, ABOUT, number=2))),
    TYPE.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    RESOURCE.gives(PASS, "as-the-tables-have-it", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    RESOURCE.gives(PASS, "beside-somebody-elses", *TRIGGERED, **heard(note(CREATED, ABOUT), note(CREATED, FOREIGN, number=2))),
    RESOURCE.gives(FAIL, "no-resource", *TRIGGERED, **heard(note(CREATED, {"event": {"href": "/customer/7"}}))),
    RESOURCE.gives(FAIL, "wrong-type", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": resource(name=7)}}))),
    RESOURCE.gives(FAIL, "no-id", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": {"name": "one"}}}))),
    RESOURCE.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    OBJECT.gives(PASS, "object", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    OBJECT.gives(REMARK, "beside-it", *TRIGGERED, **heard(note(CREATED, {"customer": resource()}))),
    OBJECT.gives(FAIL, "text", *TRIGGERED, **heard(note(CREATED, {"event": "customer 7"}))),
    COMPLETE.gives(PASS, "all", *TRIGGERED, **heard(*ALL_THREE)),
    COMPLETE.gives(FAIL, "one-missing", *TRIGGERED, **heard(*ALL_THREE[:2])),
    COMPLETE.gives(SKIP, "one-not-triggered", *TRIGGERED[:-1], **heard(*ALL_THREE[:2])),
    BY_POST.gives(PASS, "post", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    BY_POST.gives(FAIL, "put", *TRIGGERED, **heard(note(CREATED, ABOUT, method="PUT"))),
    BY_POST.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    ANY_2XX.gives(PASS, "goes-on", *TRIGGERED, **heard(*ALL_THREE)),
    ANY_2XX.gives(FAIL, "stops", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    ANY_2XX.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    ANY_2XX.gives(SKIP, "nothing-else-to-tell", *TRIGGERED[:2], **heard(note(CREATED, ABOUT))),
    ANY_2XX.gives(BLOCKED, "not-triggered", register(), post("trigger-create", 500), **heard()),
    HEADER.gives(PASS, "with-a-parameter", *TRIGGERED, **heard(note(CREATED, ABOUT, headers=(("content-type", "application/json; charset=utf-8"),)))),
    HEADER.gives(FAIL, "another", *TRIGGERED, **heard(note(CREATED, ABOUT, headers=(("Content-Type", "text/json"),)))),
    HEADER.gives(FAIL, "none", *TRIGGERED, **heard(note(CREATED, ABOUT, headers=()))),
    HEADER.gives(BLOCKED, "nothing", *TRIGGERED, **heard()),
    *(
        row.gives(outcome, f"of-the-state-{words}", *UPDATED, **heard(*(changed(name, number) for number, name in enumerate(told, 4))))
        for row, outcome, words, told in (
            (UPDATE, PASS, "after", ["two"]), (UPDATE, FAIL, "before", ["one"]), (UPDATE, PASS, "before-and-after", ["one", "two"]),
            (CHANGE, PASS, "after", ["two"]), (CHANGE, REMARK, "before", ["one"]),
        )
    ),
    *(
        UPDATE.gives(outcome, f"of-two-changes-{words}", *OF_TWO_KNOWN, **heard(*(
            note(CHANGED, {"event": {"customer": resource(name=name, description=description)}}, number=number)
            for number, name, description in told
        )))
        for outcome, words, told in (
            (PASS, "after-each", [(4, "two", "c"), (9, "two", "d")]),
            (PASS, "the-first-told-again", [(4, "two", "c"), (9, "two", "c")]),
            (PASS, "a-note-of-the-create-late", [(4, "one", "c"), (9, "two", "d")]),
            (FAIL, "a-change-late", [(4, "one", "c"), (9, "two", "c")]),
        )
    ),
    *(
        CHANGE.gives(
            outcome, f"of-another-attribute-{words}", *OF_TWO, notes=(changed("two", 4), *(note(kind, TOLD, number=9) for kind in later)),
            facts={"callback": CALLBACK, "another": "customer"},
        )
        for outcome, words, later in (
            (PASS, "told", [CHANGED]), (FAIL, "untold", []), (FAIL, "untold-but-deleted", [DELETED]),
            (REMARK, "told-otherwise", ["CustomerValidityNotification"]),
        )
    ),
    CHANGE.gives(
        PASS, "another-attribute-not-kept", *OF_TWO[:5], get("read-change", 200, resource(name="two")),
        notes=(changed("two", 4),), facts={"callback": CALLBACK, "another": "customer"},
    ),
    WHOLE.gives(PASS, "whole", *TRIGGERED, **heard(note(CREATED, ABOUT))),
    WHOLE.gives(FAIL, "part", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": {"id": "7", "name": "one"}}}))),
    WHOLE.gives(FAIL, "null", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": resource(name=None)}}))),
    WHOLE.gives(FAIL, "false", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": resource(name=False)}}))),
    WHOLE.gives(FAIL, "text", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": "/customer/7"}}))),
    WHOLE.gives(FAIL, "capital-id", *TRIGGERED, **heard(note(CREATED, {"event": {"customer": {**NO_ID, "Id": "7"}}}))),
    MESSAGE_WHOLE.gives(PASS, "tolerated-names", *MESSAGE, **told_of_message({"Id": " 7", "Subject": "s", "content": "c"})),
    MESSAGE_WHOLE.gives(FAIL, "part", *MESSAGE, **told_of_message({"Id": " 7", "Subject": "s"})),
    MESSAGE_WHOLE.gives(FAIL, "no-id", *MESSAGE, **told_of_message({"iD": "7", "Subject": "s", "content": "c"})),
    WHOLE.gives(BLOCKED, "of-another", *TRIGGERED, **heard(note(CREATED, FOREIGN))),
    WHOLE.gives(SKIP, "not-read", *TRIGGERED[:2], **heard(note(CREATED, ABOUT))),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_hub_is_judged_by_what_it_answers_and_what_arrives(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark
