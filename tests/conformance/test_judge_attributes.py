"""Attributes that are kept, made, optional or the server's own: what the judge makes of canned answers."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from evidence_builder import (
    BLOCKED,
    FAIL,
    HOST,
    MOOT,
    PASS,
    REMARK,
    SKIP,
    Situation,
    ask,
    get,
    made,
    patch,
    post,
    read,
    resource,
)

NAME = ask("attribute", "createCustomer", "/name", expect={"type": "string", "array": False})
START = ask("attribute", "createCustomer", "/validFor/startDateTime", expect={"type": "datetime", "array": False})
LIMIT = ask("attribute", "createCustomerAccount", "/creditLimit", expect={"type": "number", "array": False})
TRAITS = ask("attribute", "createCustomer", "/characteristic", expect={"type": "Characteristic", "array": True})
PARTY = ask("attribute", "createCustomer", "/relatedParty", expect={"type": "RelatedParty", "array": False})
PRIORITY = ask(
    "attribute", "createCommunicationMessage", "/priority", api="tmf681-v1", expect={"type": "integer", "array": False}
)
PLANNED = ask(
    "attribute", "createChangeRequest", "/plannedEndTime", api="tmf655-v1", expect={"type": "datetime", "array": False}
)
TRAIT = {"name": "colour", "value": "red"}
PERIOD = ask("attribute", "createCustomer", "/validFor", expect={"type": "TimePeriod", "array": False})
CARD: dict[str, Any] = {"name": "a", "bankAccount": {"IBAN": "x"}}
IBAN = ask("attribute", "createPaymentMean", "/bankAccount/IBAN", expect={"type": "string", "array": False})

VALUES = ask("values", "createCustomer", "/status", expect={"values": ["Active", "New"]})
OPTIONAL = ask("optional", "createCustomer", "/description")
DEFAULT = ask("default", "createCustomer", "/status", expect={"value": "New"})
CLIENT_ID = ask("client-id", "createCustomer", "/id")
READ_ONLY = ask("read-only", "createPaymentMean", "/href")
NOT_EMPTY = ask("generated", "createCustomer", "/id", expect={"form": "non-empty"})
UNIQUE = ask("generated", "createCustomer", "/id", expect={"form": "unique"})
MODIFIED = ask("generated", "createCustomerAccount", "/lastModified", expect={"form": "date-time"})
MAY_MODIFIED = ask("generated", "createCustomerAccount", "/lastModified", expect={"form": "date-time"}, level="may")
PATH = "/customerManagement/customer"
ANY_BASE = ask("generated", "createCustomer", "/href", expect={"form": "location", "tolerate": ["base-path"]})
HREF = ask("generated", "createCustomer", "/href", expect={"form": "location"})
V4_HREF = ask("generated", "createCustomer", "/href", api="tmf629-v4", expect={"form": "location"})
CHANGE_HREF = ask("generated", "createChangeRequest", "/href", api="tmf655-v1", expect={"form": "location"})
LATER = ask("generated", "patchCustomerAccount", "/lastModified", expect={"form": "later"})
OWN = "2001-01-01T00:00:00Z"

LONG = "Ρεύμα, поезд, 東京 e\u0301 🚂. " * 9
OTHER = {"name": "size", "value": "large"}
WHOLE = {**OTHER, "unit": "cm", "href": "a"}
IN_INDIA, IN_UTC = {"endDateTime": "2090-05-01T15:30:00+05:30"}, {"endDateTime": "2090-05-01T10:00:00Z"}
SHIFTED, UNZONED = {"endDateTime": "2090-05-01T15:30:00Z"}, {"endDateTime": "2090-05-01T15:30:00"}
STARTED = (made(validFor={"startDateTime": OWN}), read(validFor={"startDateTime": OWN}))
DEMANDED = {"demanding": True}
LESS, ZERO = ({"demanding": True, "longer": False, "less": less, "zero": not less} for less in (True, False))
DEMANDED_TWICE = {"demanding": True, "longer": True}
KEPT = (made(name="one"), read(name="one"))
TWO = (
    made(characteristic=[TRAIT]),
    read(characteristic=[TRAIT]),
    made("demanding", characteristic=[TRAIT, OTHER]),
)

NOTHING: dict[str, Any] = {"null": None, "empty": "", "empty-list": [], "empty-object": {}}

SITUATIONS = [
    NAME.gives(PASS, "kept", made(name="one"), read(name="one")),
    NAME.gives(PASS, "kept-beside-others", made(name="one"), read(name="one", colour="red", description=None)),
    NAME.gives(FAIL, "changed", made(name="one"), read(name="One")),
    NAME.gives(FAIL, "lost", made(name="one"), read()),
    NAME.gives(FAIL, "refused", post("create", 400, sent={"name": "one"}), post("control", 201, sent={})),
    NAME.gives(BLOCKED, "refused-without-it-too", post("create", 400, sent={"name": "one"}), post("control", 400, sent={})),
    NAME.gives(SKIP, "refused-no-control", post("create", 400, sent={"name": "one"})),
    NAME.gives(
        SKIP, "one-value-refused", post("create", 400, sent={"name": "two"}), post("control", 201, sent={"name": "one"})
    ),
    NAME.gives(FAIL, "shown-on-create-only", made(name="one"), read(name=None)),
    NAME.gives(SKIP, "not-read", made(name="one")),
    NAME.gives(BLOCKED, "read-refused", made(name="one"), get("read", 404)),
    NAME.gives(BLOCKED, "read-is-no-object", made(name="one"), get("read", 200, ["name", "one"])),
    NAME.gives(SKIP, "credentials-ran-out", post("create", 401, sent={"name": "one"})),
    NAME.gives(PASS, "demanding-kept", *KEPT, made("demanding", name=LONG), read("demanding-read", name=LONG), facts=DEMANDED),
    *(
        NAME.gives(outcome, f"longer-{words}", *KEPT, made("demanding", name=LONG), read("demanding-read", name=LONG), *then, facts=DEMANDED_TWICE)
        for outcome, words, *then in (
            (PASS, "kept", made("longer", name=LONG * 4), read("longer-read", name=LONG * 4)),
            (REMARK, "refused", post("longer", 422, sent={"name": LONG * 4})),
            (REMARK, "refused-for-its-size", post("longer", 413, sent={"name": LONG * 4})),
            (SKIP, "too-often", post("longer", 429, sent={"name": LONG * 4})),
            (FAIL, "breaks", post("longer", 500, sent={"name": LONG * 4})),
            (FAIL, "cut", made("longer", name=LONG * 4), read("longer-read", name=LONG * 3)),
            (FAIL, "cannot-be-read", made("longer", name=LONG * 4), get("longer-read", 404)),
        )
    ),
    NAME.gives(REMARK, "demanding-refused", *KEPT, post("demanding", 400, sent={"name": LONG}), facts=DEMANDED),
    NAME.gives(SKIP, "demanding-too-often", *KEPT, post("demanding", 429, sent={"name": LONG}), facts=DEMANDED),
    NAME.gives(FAIL, "demanding-breaks", *KEPT, post("demanding", 500, sent={"name": LONG}), facts=DEMANDED),
    NAME.gives(FAIL, "demanding-not-answered", *KEPT, post("demanding", 0, sent={"name": LONG}), facts=DEMANDED),
    NAME.gives(SKIP, "demanding-not-sent", *KEPT, facts=DEMANDED),
    NAME.gives(PASS, "nothing-demanding-known", *KEPT, facts={"demanding": False}),
    NAME.gives(
        REMARK, "demanding-in-another-normal-form",
        *KEPT, made("demanding", name=LONG), read("demanding-read", name=unicodedata.normalize("NFC", LONG)),
        facts=DEMANDED,
    ),
    *(
        NAME.gives(
            FAIL, f"demanding-{words}", *KEPT, made("demanding", name=LONG), read("demanding-read", name=back),
            facts=DEMANDED,
        )
        for words, back in (
            ("cut", LONG[:40]), ("less-one", LONG[:-1]), ("in-ascii", LONG.encode("ascii", "replace").decode()),
        )
    ),
    NAME.gives(
        FAIL, "demanding-cannot-be-read", *KEPT, made("demanding", name=LONG), get("demanding-read", 404), facts=DEMANDED,
    ),
    *(
        TRAITS.gives(outcome, f"demanding-{words}", *TWO, read("demanding-read", characteristic=back), facts=DEMANDED)
        for outcome, words, back in (
            (PASS, "members-kept", [TRAIT, OTHER]), (REMARK, "members-turned", [OTHER, TRAIT]),
            (FAIL, "first-member", [TRAIT]), (FAIL, "member-twice", [TRAIT, TRAIT]),
        )
    ),
    PRIORITY.gives(
        FAIL, "demanding-rounded",
        made(priority=1), read(priority=1), made("demanding", priority=2**31 - 1), read("demanding-read", priority=2**31),
        facts=DEMANDED,
    ),
    *(
        TRAITS.gives(
            outcome, f"whole-{words}", *TWO[:2], made("demanding", characteristic=[TRAIT, WHOLE]),
            read("demanding-read", characteristic=[TRAIT, {**OTHER, **back}]), facts=DEMANDED,
        )
        for outcome, words, back in (
            (PASS, "member-kept", WHOLE), (FAIL, "member-lost", {"href": "a"}), (FAIL, "address-lost", {"unit": "cm"}),
            (REMARK, "address-of-the-target", {"href": "https://store.example/a", "unit": "cm"}),
        )
    ),
    TRAITS.gives(
        REMARK, "whole-member-refused",
        *TWO[:2], post("demanding", 400, sent={"characteristic": [TRAIT, WHOLE]}),
        made("less-demanding", characteristic=[TRAIT, OTHER]), read("less-demanding-read", characteristic=[TRAIT, OTHER]),
        facts=LESS,
    ),
    TRAITS.gives(
        FAIL, "whole-member-refused-and-the-smallest-lost",
        *TWO[:2], post("demanding", 400, sent={"characteristic": [TRAIT, WHOLE]}),
        made("less-demanding", characteristic=[TRAIT, OTHER]), read("less-demanding-read", characteristic=[TRAIT]),
        facts=LESS,
    ),
    *(
        PERIOD.gives(
            outcome, f"end-alone-{words}",
            *STARTED, made("demanding", validFor=IN_INDIA), read("demanding-read", validFor=back), facts=DEMANDED,
        )
        for outcome, words, back in (
            (PASS, "kept", IN_UTC), (FAIL, "less-its-offset", SHIFTED), (REMARK, "without-a-zone", UNZONED),
            (FAIL, "lost", {}),
        )
    ),
    PLANNED.gives(
        REMARK, "instant-without-a-zone",
        made(plannedEndTime=OWN), read(plannedEndTime=OWN),
        made("demanding", plannedEndTime=IN_INDIA["endDateTime"]),
        read("demanding-read", plannedEndTime=UNZONED["endDateTime"]), facts=DEMANDED,
    ),
    PERIOD.gives(
        REMARK, "end-alone-in-utc-only",
        *STARTED, post("demanding", 400, sent={"validFor": IN_INDIA}),
        made("less-demanding", validFor=IN_UTC), read("less-demanding-read", validFor=IN_UTC), facts=LESS,
    ),
    PERIOD.gives(
        FAIL, "end-alone-refused",
        *STARTED, post("demanding", 400, sent={"validFor": IN_INDIA}),
        post("less-demanding", 400, sent={"validFor": IN_UTC}), facts=LESS,
    ),
    *(
        PRIORITY.gives(
            outcome, f"zero-{words}",
            made(priority=1), read(priority=1), made("demanding", priority=7), read("demanding-read", priority=7), *then,
            facts=ZERO,
        )
        for outcome, words, *then in (
            (PASS, "kept", made("zero", priority=0), read("zero-read", priority=0)),
            (FAIL, "lost", made("zero", priority=0), read("zero-read")),
            (REMARK, "refused", post("zero", 400, sent={"priority": 0})),
        )
    ),
    START.gives(
        PASS, "another-offset",
        made(validFor={"startDateTime": "2020-05-01T10:00:00+0800"}),
        read(validFor={"startDateTime": "2020-05-01T02:00:00.000Z"}),
    ),
    START.gives(
        FAIL, "another-instant",
        made(validFor={"startDateTime": "2020-05-01T10:00:00+0800"}),
        read(validFor={"startDateTime": "2020-05-01T10:00:00Z"}),
    ),
    START.gives(
        PASS, "the-other-member-lost",
        made(validFor={"startDateTime": OWN, "endDateTime": OWN}), read(validFor={"startDateTime": OWN}),
    ),
    LIMIT.gives(PASS, "1-is-1.0", made(creditLimit=1), read(creditLimit=1.0)),
    LIMIT.gives(FAIL, "1-is-not-true", made(creditLimit=1), read(creditLimit=True)),
    LIMIT.gives(FAIL, "1-is-not-a-text", made(creditLimit=1), read(creditLimit="1")),
    TRAITS.gives(PASS, "element-with-more", made(characteristic=[TRAIT]), read(characteristic=[{**TRAIT, "id": "1"}])),
    TRAITS.gives(FAIL, "element-lost", made(characteristic=[TRAIT, TRAIT]), read(characteristic=[TRAIT])),
    TRAITS.gives(FAIL, "element-added", made(characteristic=[TRAIT]), read(characteristic=[TRAIT, TRAIT])),
    TRAITS.gives(FAIL, "list-unwrapped", made(characteristic=[TRAIT]), read(characteristic=TRAIT)),
    PARTY.gives(REMARK, "list-of-one-tolerated", made(relatedParty={"id": "1"}), read(relatedParty=[{"id": "1"}])),
    PARTY.gives(FAIL, "list-of-two", made(relatedParty={"id": "1"}), read(relatedParty=[{"id": "1"}, {"id": "2"}])),
    PRIORITY.gives(REMARK, "text-tolerated", made(priority=3), read(priority="3")),
    PRIORITY.gives(FAIL, "another-text", made(priority=3), read(priority="4")),
    PLANNED.gives(REMARK, "other-name-in-the-answer", made(plannedEndTime=OWN), read(planedEndTime=OWN)),
    PLANNED.gives(FAIL, "other-name-other-value", made(plannedEndTime=OWN), read(planedEndTime="2002-01-01T00:00:00Z")),
    PLANNED.gives(PASS, "sent-and-read-under-the-other-name", made(planedEndTime=OWN), read(planedEndTime=OWN)),
    IBAN.gives(REMARK, "other-name-of-a-member", made(**CARD), read(name="a", bankAccount={"iban": "x"})),
    VALUES.gives(
        PASS, "all-kept",
        post("create-0", 201, resource(), sent={"status": "Active"}), get("read-0", 200, {"status": "Active"}),
        post("create-1", 201, resource(), sent={"status": "New"}), get("read-1", 200, {"status": "New"}),
        facts={"values": 2},
    ),
    VALUES.gives(
        PASS, "by-patch",
        post("create-0", 400, sent={"status": "Active"}), patch("patch-0", 200, {"status": "Active"}),
        get("read-0", 200, {"status": "Active"}),
        facts={"values": 1},
    ),
    VALUES.gives(
        FAIL, "another-value",
        post("create-0", 201, resource(), sent={"status": "Active"}), get("read-0", 200, {"status": "New"}),
        facts={"values": 1},
    ),
    VALUES.gives(
        FAIL, "refused-twice",
        post("create-0", 400, sent={"status": "Active"}), patch("patch-0", 400, {"status": "Active"}),
        facts={"values": 1},
    ),
    VALUES.gives(
        SKIP, "the-second-not-tried",
        post("create-0", 201, resource(), sent={"status": "Active"}), get("read-0", 200, {"status": "Active"}),
        facts={"values": 2},
    ),
    VALUES.gives(SKIP, "none-tried"),
    OPTIONAL.gives(PASS, "taken", made(name="one")),
    OPTIONAL.gives(FAIL, "refused", made("control", description="d"), post("create", 400, sent={"name": "one"})),
    OPTIONAL.gives(BLOCKED, "refused-with-it-too", post("control", 400), post("create", 400, sent={"name": "one"})),
    OPTIONAL.gives(SKIP, "refused-no-control", post("create", 400, sent={"name": "one"})),
    OPTIONAL.gives(FAIL, "redirect", made("control", description="d"), post("create", 301, sent={"name": "one"})),
    OPTIONAL.gives(SKIP, "not-reached", ended="the target stopped"),
    DEFAULT.gives(PASS, "given", made(name="one"), read(status="New")),
    DEFAULT.gives(FAIL, "another", made(name="one"), read(status="Active")),
    DEFAULT.gives(FAIL, "false", made(name="one"), read(status=False)),
    DEFAULT.gives(FAIL, "none", made(name="one"), read()),
    DEFAULT.gives(BLOCKED, "refused", post("create", 400, sent={})),
    CLIENT_ID.gives(PASS, "used", post("create", 201, {"id": "a"}, sent={"id": "a"})),
    CLIENT_ID.gives(PASS, "used-by-location", post("create", 201, sent={"id": "a b"}, headers={"Location": "/x/a%20b"})),
    CLIENT_ID.gives(FAIL, "another", post("create", 201, {"id": "b"}, sent={"id": "a"})),
    CLIENT_ID.gives(FAIL, "refused", post("create", 409, sent={"id": "a"}), made("control")),
    CLIENT_ID.gives(BLOCKED, "refused-without-it-too", post("create", 409, sent={"id": "a"}), post("control", 409)),
    CLIENT_ID.gives(FAIL, "object-for-an-id", post("create", 201, {"id": {"a": 1}}, sent={"id": "a"})),
    CLIENT_ID.gives(SKIP, "not-sent"),
    READ_ONLY.gives(PASS, "refused", made("control"), read("control-read"), post("create", 400, sent={"href": "h"})),
    READ_ONLY.gives(
        PASS, "not-taken",
        made("control"), read("control-read"), post("create", 201, resource(), sent={"href": "h"}), read(),
    ),
    READ_ONLY.gives(
        FAIL, "taken",
        made("control"), read("control-read"), post("create", 201, {"id": "7"}, sent={"href": "h"}),
        get("read", 200, {"id": "7", "href": "h"}),
    ),
    READ_ONLY.gives(FAIL, "fails", made("control"), read("control-read"), post("create", 500, sent={"href": "h"})),
    READ_ONLY.gives(BLOCKED, "control-refused", post("control", 400), post("create", 400, sent={"href": "h"})),
    READ_ONLY.gives(
        BLOCKED, "read-of-another",
        made("control"), read("control-read"), post("create", 201, resource(), sent={"href": "h"}), get("read", 200, {}),
    ),
    READ_ONLY.gives(
        SKIP, "the-targets-own-value",
        made("control"), get("control-read", 200, {"href": "h"}), post("create", 201, resource(), sent={"href": "h"}),
        get("read", 200, {"id": "7", "href": "h"}),
    ),
    NOT_EMPTY.gives(PASS, "in-the-answer", made()),
    NOT_EMPTY.gives(PASS, "in-the-read", post("create", 201, headers={"Location": "/customer/7"}), read()),
    *(
        NOT_EMPTY.gives(FAIL, f"is-{words}", post("create", 201, {"id": value}))
        for words, value in NOTHING.items()
    ),
    NOT_EMPTY.gives(FAIL, "is-false", post("create", 201, {"id": False})),
    NOT_EMPTY.gives(BLOCKED, "refused", post("create", 400)),
    MODIFIED.gives(PASS, "without-seconds", post("create", 201, {"lastModified": "2020-05-01T10:00Z"})),
    MAY_MODIFIED.gives(MOOT, "not-made", post("create", 201, {"id": "7"})),
    MAY_MODIFIED.gives(FAIL, "no-date", post("create", 201, {"lastModified": "soon"})),
    MODIFIED.gives(FAIL, "day-only", post("create", 201, {"lastModified": "2020-05-01"})),
    MODIFIED.gives(FAIL, "number", post("create", 201, {"lastModified": 1588327200})),
    HREF.gives(
        REMARK, "gateway-with-the-right-path",
        post("create", 201, {"id": "7", "href": "https://api.example/eu/customerManagement/customer/7"}),
    ),
    HREF.gives(REMARK, "gateway-base-path", post("create", 201, {"id": "7", "href": "https://api.example/a/customer/7"})),
    HREF.gives(FAIL, "gateway-and-another-name", post("create", 201, {"id": "7", "href": f"https://a.example{PATH}s/7"})),
    *(
        CHANGE_HREF.gives(
            verdict, f"gateway-{path}", post("create", 201, {"id": "7", "href": f"https://api.example/a/v2/{path}"})
        )
        for verdict, path in (
            (REMARK, "changeRequest/7"), (REMARK, "ChangeRequest/7/"), (FAIL, "changeRequest/8"),
            (FAIL, "changeRequest/17"), (FAIL, "change/7"), (FAIL, "changeRequest/7/detail"), (FAIL, "changeRequest"),
        )
    ),
    V4_HREF.gives(FAIL, "gateway-with-another-path", post("create", 201, {"id": "7", "href": "https://a.example/customer/7"})),
    HREF.gives(FAIL, "gateway-and-another-id", post("create", 201, {"id": "7", "href": f"https://a.example{PATH}/8"})),
    HREF.gives(FAIL, "other-base-path", post("create", 201, {"id": "7", "href": "/v1/customer/7"}), get("follow-href", 404)),
    ANY_BASE.gives(
        REMARK, "other-base-path-tolerated", post("create", 201, {"id": "7", "href": "/v1/customer/7"}), get("follow-href", 404)
    ),
    ANY_BASE.gives(FAIL, "of-nothing", post("create", 201, {"id": "7", "href": "/v1/resource/7"}), get("follow-href", 404)),
    UNIQUE.gives(PASS, "two", made("first"), made("second", identifier="8")),
    UNIQUE.gives(FAIL, "one", made("first"), made("second")),
    UNIQUE.gives(FAIL, "none", post("first", 201, {}), post("second", 201, {})),
    UNIQUE.gives(BLOCKED, "second-refused", made("first"), post("second", 409)),
    HREF.gives(PASS, "leads-there", made(), read("follow-href")),
    HREF.gives(PASS, "numeric-id", post("create", 201, {"id": 7, "href": "x/7"}), get("follow-href", 200, {"id": 7})),
    HREF.gives(FAIL, "leads-elsewhere", made(), read("follow-href", identifier="8")),
    HREF.gives(FAIL, "leads-nowhere", made(), get("follow-href", 404)),
    HREF.gives(FAIL, "gives-a-list", made(), get("follow-href", 200, [resource()])),
    HREF.gives(FAIL, "no-text", post("create", 201, {"id": "7", "href": {"a": HOST}})),
    HREF.gives(SKIP, "not-followed", made()),
    LATER.gives(
        PASS, "moved-on",
        get("before", 200, {"lastModified": "2020-05-01T10:00:00+08:00"}), patch("patch", 200, {}),
        get("after", 200, {"lastModified": "2020-05-01T02:00:01Z"}),
    ),
    LATER.gives(
        FAIL, "stood-still",
        get("before", 200, {"lastModified": "2020-05-01T10:00:00+08:00"}), patch("patch", 200, {}),
        get("after", 200, {"lastModified": "2020-05-01T02:00:00Z"}),
    ),
    LATER.gives(
        FAIL, "gone", get("before", 200, {"lastModified": OWN}), patch("patch", 200, {}), get("after", 200, {})
    ),
    LATER.gives(BLOCKED, "patch-refused", get("before", 200, {"lastModified": OWN}), patch("patch", 400, {})),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_attribute_is_judged_by_what_comes_back(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark


def test_remark_names_the_erratum_that_tolerates_a_form() -> None:
    [situation] = [param.values[0] for param in SITUATIONS if param.id == "attribute-list-of-one-tolerated"]
    assert situation.verdict().remark == "Given back in a form that is tolerated by TMF629V1-E09"


def test_remark_names_the_other_name() -> None:
    [situation] = [param.values[0] for param in SITUATIONS if param.id == "attribute-other-name-in-the-answer"]
    assert situation.verdict().remark == "Given back with /plannedEndTime under the name /planedEndTime"
