"""What is created, read and deleted: what the judge makes of canned answers."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_builder import (
    BLOCKED,
    FAIL,
    MOOT,
    PASS,
    REMARK,
    SKIP,
    Situation,
    Step,
    ask,
    delete,
    get,
    made,
    post,
    read,
    resource,
)

from tmfkit_conformance.judge.verdict import Outcome

READABLE = ask("created-is-readable", "createCustomer")
FULL = ask("full-create", "createCustomer")
LISTED = ask("created-is-listed", "listCustomer")
ONCE = ask("created-once", "createCustomer")
MINIMAL = ask("minimal-create", "createCustomer")
SAFE = ask("read-is-safe", "retrieveCustomer")
ONE_OBJECT = ask("reads-one-object", "retrieveCustomer")
TUNNEL = ask("no-tunnelled-methods", "retrieveCustomer")
GONE = ask("deleted-is-gone", "deleteCustomer", expect={"tolerate": ["405"]})
ONE_OF_TWO = ask("delete-one-of-two", "deleteCustomer")
SLASH = ask("trailing-slash", "retrieveCustomer")
NOTHING = ask("not-a-resource", "listCustomer", "/customers")
REFERENCE = ask("references-as-sent", "createCustomer", "/relatedParty")
KEPT = ask("value-kept", "createCustomer", "/validFor/startDateTime", given={"value": "2020-05-01T10:00Z"})
ANY_VALUE = ask("any-json-value", "createCustomer", "/characteristic/*/value")
CLASSES = ask("referred-classes", "createCustomer", "/relatedParty", given={"values": ["Individual", "Organization"]})
CURRENT = ask("current-first", "retrieveCustomer", "/customerCreditProfile")
IDS = ask("element-ids-differ", "createCustomer", "/characteristic")

NAMED = made(name="one")
OLDER, YOUNGER = read("other-older", identifier="6"), read("other-younger", identifier="8")
READ = (made("second-values", name="one"), read(name="one"))
SENTINEL = (
    made("customer, made", name="old", status="New"),
    read("customer, first read", name="old", status="New"),
    get("customer, first listed", 200, [resource(name="old")], at="/customer", headers={"X-Total-Count": "1"}),
)
READ_AGAIN = read("customer, read again", name="old", status="New")
LISTED_AGAIN = get(
    "customer, listed again", 200, [resource(name="old")], at="/customer", headers={"X-Total-Count": "1"}
)
WATCHED = {"resources": ["customer"], "filtered": []}
LATER = (
    made("customer 2, made", identifier="8", name="later"),
    read("customer 2, first read", identifier="8", name="later"),
    get("customer 2, first listed", 200, [resource(name="old"), resource("8", name="later")], at="/customer"),
)
BOTH = {"resources": ["customer", "customer 2"], "filtered": []}
NO_ARRAY: Any = {"customers": []}
PASSING = (401, 403, 408, 429, 502, 503, 504)
TOKEN = "/customer?name=token-1"
KINDS = {"string": "text", "number": 4.5, "boolean": True, "object": {"member": 1}, "array": [1, "two"]}
NOW, PAST = (
    {"validFor": {"startDateTime": "2020-01-01T00:00:00Z"}},
    {"validFor": {"startDateTime": "2018-01-01T00:00:00Z"}},
)
TRAIT = {"name": "colour"}
BESIDE = (made("beside-a", identifier="8"), made("beside-b", identifier="9"))
CONTROL = get("control", 200, [])
EMPTY = get("before", 200, [], at="/customer")


def listed(*members: Any, status: int = 200, step: str = "list", **more: Any) -> Step:
    """A list; the whole of it where nothing else is said."""
    return get(step, status, list(members), at="/customer", **{"headers": {"X-Total-Count": str(len(members))}, **more})


def by_id(*members: Any, status: int = 200) -> Step:
    return get("by-id", status, list(members), at="/customer?id=7")


MORE = {"X-Total-Count": "50000"}


def valued(**got: object) -> tuple[Step, ...]:
    steps = [
        (made(f"create-{kind}", characteristic=[{"value": value}]), read(f"read-{kind}", characteristic=[{"value": got.get(kind, value)}]))
        for kind, value in KINDS.items()
    ]  # fmt: skip
    return tuple(step for pair in steps for step in pair)


def classes(*back: str) -> tuple[Step, ...]:
    steps = [
        (made(f"create-{number}", relatedParty={"@referredType": sent}), read(f"read-{number}", relatedParty={"@referredType": got}))
        for number, (sent, got) in enumerate(zip(("Individual", "Organization"), back, strict=True))
    ]  # fmt: skip
    return tuple(step for pair in steps for step in pair)


def profiles(first: list[object], last: list[object]) -> tuple[Step, ...]:
    return (
        made("create-first", customerCreditProfile=[NOW, PAST]), read("read-first", customerCreditProfile=first),
        made("create-last", customerCreditProfile=[PAST, NOW]), read("read-last", customerCreditProfile=last),
    )  # fmt: skip


def tunnelled(*reads: Step) -> tuple[Step, ...]:
    return (
        NAMED, read("before", name="one", status="new"), get("get", 200, {}, at="/customer/7?_method=DELETE"),
        post("post", 405, path="/customer/7"), *reads,
    )  # fmt: skip


def deleted(*after: Step, status: int = 204) -> tuple[Step, ...]:
    return NAMED, read("before"), delete("delete", status), *after


SECOND = made("second-values", name="two")

SITUATIONS = [
    *(
        READABLE.gives(outcome, f"sentinel-{words}", *SENTINEL, seen, LISTED_AGAIN, *READ, beside=WATCHED)
        for outcome, words, seen in (
            (PASS, "lasts", READ_AGAIN),
            *((SKIP, f"answered-{status}", get("customer, read again", status)) for status in (0, 302, *PASSING)),
            *((FAIL, f"answered-{status}", get("customer, read again", status)) for status in (400, 406, 500, 501, 505)),
            (FAIL, "read-as-another", read("customer, read again", identifier="8", name="old", status="New")),
            (FAIL, "no-object", get("customer, read again", 200, "maintenance")),
            (REMARK, "status-moves", read("customer, read again", name="old", status="Active")),
            (REMARK, "changes-by-itself", read("customer, read again", name="old", status="New", seen=2)),
            (FAIL, "gone", get("customer, read again", 404)),
            (FAIL, "gone-for-good", get("customer, read again", 410)),
            (FAIL, "loses-a-text", read("customer, read again", status="New")),
            (FAIL, "text-replaced", read("customer, read again", name="new", status="New")),
        )
    ),
    READABLE.gives(
        FAIL, "sentinel-gone-at-the-second-look",
        *SENTINEL, READ_AGAIN, LISTED_AGAIN, get("customer, read again", 404), *READ, beside=WATCHED,
    ),
    *(
        READABLE.gives(
            outcome, f"sentinel-listed-{words}", *SENTINEL, READ_AGAIN,
            get("customer, listed again", status, answer, at="/customer"), *READ, beside=WATCHED,
        )
        for outcome, words, status, answer in (
            *((SKIP, f"and-answered-{status}", status, None) for status in (0, *PASSING)),
            *((FAIL, f"and-answered-{status}", status, None) for status in (404, 406, 500, 501)),
            (FAIL, "as-no-array", 200, NO_ARRAY),
        )
    ),
    READABLE.gives(
        PASS, "sentinel-trouble-that-passes", *SENTINEL, get("customer, read again", 500), READ_AGAIN,
        get("customer, listed again", 500, at="/customer"), LISTED_AGAIN, *READ, beside=WATCHED,
    ),
    READABLE.gives(
        REMARK, "sentinel-listed-late-over-a-new-connection", *SENTINEL, READ_AGAIN,
        get("customer, listed again", 200, [], at="/customer"), LISTED_AGAIN, *READ, beside=WATCHED,
    ),
    READABLE.gives(
        FAIL, "sentinel-lost-beside-one-that-cannot-be-read", *SENTINEL, get("customer, read again", 503), LISTED_AGAIN,
        *LATER, get("customer 2, read again", 404, at="/customer/8"), *READ, beside=BOTH,
    ),
    *(
        READABLE.gives(
            outcome, f"further-sentinel-{words}", *SENTINEL, *LATER, READ_AGAIN,
            read("customer 2, read again", identifier="8", name="later"),
            listed(*listed_again, step="customer, listed again"), *READ, beside=BOTH,
        )
        for outcome, words, listed_again in (
            (PASS, "lasts", [resource(name="old"), resource("8", name="later")]),
            (FAIL, "listed-no-more", [resource(name="old")]),
        )
    ),
    READABLE.gives(
        FAIL, "sentinel-listed-no-more",
        *SENTINEL, READ_AGAIN, get("customer, listed again", 200, [], at="/customer"), *READ, beside=WATCHED,
    ),
    *(
        READABLE.gives(
            outcome, f"sentinel-{words}",
            *SENTINEL, READ_AGAIN, LISTED_AGAIN, get("customer, filtered", 200, found, at="/customer?name=old"), *READ,
            beside={**WATCHED, "filtered": ["customer"]},
        )
        for outcome, words, found in (
            (PASS, "given-for-a-filter", [resource(name="old")]), (FAIL, "not-given-for-a-filter", []),
        )
    ),
    READABLE.gives(
        PASS, "sentinel-was-never-listed",
        *SENTINEL[:2], get("customer, first listed", 200, [], at="/customer"),
        READ_AGAIN, get("customer, listed again", 200, [], at="/customer"), *READ, beside=WATCHED,
    ),
    READABLE.gives(SKIP, "sentinel-not-looked-at-again", *SENTINEL, *READ, beside={}),
    READABLE.gives(PASS, "collection-was-emptied", *SENTINEL, *READ, beside={"resources": [], "filtered": []}),
    READABLE.gives(PASS, "as-sent", SECOND, read(name="two")),
    READABLE.gives(FAIL, "otherwise", SECOND, read(name="one")),
    READABLE.gives(FAIL, "not-there", SECOND, get("read", 404)),
    READABLE.gives(PASS, "first-values-only", post("second-values", 400, sent={"name": "two"}), NAMED, read(name="one")),
    READABLE.gives(BLOCKED, "refused", post("second-values", 400, sent={"name": "two"}), post("create", 400, sent={"name": "one"})),
    READABLE.gives(SKIP, "not-read", SECOND),
    FULL.gives(FAIL, "refused", post("create", 400, sent={"name": "one"}), made("control")),
    FULL.gives(
        BLOCKED, "refused-the-smallest-too", post("create", 400, sent={"name": "one"}), post("control", 400)
    ),
    FULL.gives(REMARK, "tolerated-form", made(relatedParty={"id": "1"}), read(relatedParty=[{"id": "1"}])),
    FULL.gives(PASS, "as-sent", NAMED, read(name="one")),
    FULL.gives(FAIL, "one-lost", made(name="one", status="New"), read(name="one")),
    LISTED.gives(PASS, "all-three", EMPTY, *BESIDE, made(), listed(*map(resource, "789"))),
    LISTED.gives(FAIL, "the-first-missing", EMPTY, *BESIDE, made(), listed(*map(resource, "79"))),
    LISTED.gives(FAIL, "the-second-missing", EMPTY, *BESIDE, made(), listed(*map(resource, "78"))),
    LISTED.gives(PASS, "in-the-list", EMPTY, made(), listed(resource())),
    LISTED.gives(PASS, "numeric-id", EMPTY, post("create", 201, {"id": 7}), listed({"id": 7})),
    LISTED.gives(FAIL, "not-in-the-list", EMPTY, made(), listed(resource("8"))),
    LISTED.gives(FAIL, "two-with-its-id", EMPTY, made(), listed(resource(name="a"), resource(name="b"))),
    LISTED.gives(FAIL, "list-of-texts", EMPTY, made(), listed("7", headers={})),
    LISTED.gives(FAIL, "no-list", EMPTY, made(), get("list", 200, {"id": "7"}, at="/customer")),
    LISTED.gives(FAIL, "refused", EMPTY, made(), listed(status=404)),
    LISTED.gives(SKIP, "more-pages", EMPTY, made(), listed(resource("8"), headers={"Link": "</customer?offset=1>;rel=next"})),
    LISTED.gives(PASS, "found-by-its-id", EMPTY, made(), listed(resource("8"), headers=MORE), by_id(resource())),
    LISTED.gives(FAIL, "not-found-by-its-id", EMPTY, made(), listed(resource("8"), headers=MORE), by_id()),
    LISTED.gives(SKIP, "ids-ignored", EMPTY, made(), listed(resource("8"), headers=MORE), by_id(resource("8"))),
    LISTED.gives(SKIP, "ids-refused", EMPTY, made(), listed(resource("8"), headers=MORE), by_id(status=400)),
    LISTED.gives(SKIP, "not-listed", EMPTY, made()),
    LISTED.gives(FAIL, "there-before-it-was-made", get("before", 200, [resource()], at="/customer"), made(), listed(resource())),
    LISTED.gives(SKIP, "not-listed-before", made(), listed(resource())),
    ONCE.gives(PASS, "one-each", made(), get("list", 200, [{"name": "token-1"}], at=TOKEN), made("second", identifier="8")),
    ONCE.gives(FAIL, "two", made(), get("list", 200, [{"name": "token-1"}] * 2, at=TOKEN), made("second", identifier="8")),
    ONCE.gives(FAIL, "same-id", made(), get("list", 200, [{"name": "token-1"}], at=TOKEN), made("second")),
    ONCE.gives(SKIP, "not-found", made(), get("list", 200, [{"name": "x"}], at=TOKEN), made("second", identifier="8")),
    ONCE.gives(SKIP, "not-listed", made(), made("second", identifier="8")),
    MINIMAL.gives(PASS, "taken", NAMED, read()),
    MINIMAL.gives(PASS, "id-in-location", post("create", 201, headers={"Location": "/customer/7"}), read()),
    MINIMAL.gives(FAIL, "page-for-everything", post("create", 200, b"<html>"), get("read", 200, b"<html>")),
    MINIMAL.gives(FAIL, "answered-with-a-wrong-type", post("create", 201, resource(name=5), sent={"name": "a"}), read(name="a")),
    MINIMAL.gives(FAIL, "read-with-a-wrong-type", NAMED, read(name=False)),
    MINIMAL.gives(PASS, "nulls-for-what-is-absent", post("create", 201, resource(status=None), sent={}), read(status=None)),
    MINIMAL.gives(FAIL, "not-there", NAMED, get("read", 404)),
    MINIMAL.gives(SKIP, "not-read", NAMED),
    MINIMAL.gives(BLOCKED, "another-read", NAMED, get("read", 200, resource("8"))),
    MINIMAL.gives(FAIL, "refused", post("create", 400)),
    MINIMAL.gives(SKIP, "rate", post("create", 429)),
    SAFE.gives(PASS, "same", made(), read("first"), read("second")),
    SAFE.gives(PASS, "another-offset", made(), read("first", d="2020-05-01T10:00Z"), read("second", d="2020-05-01T12:00+02")),
    SAFE.gives(FAIL, "another", made(), read("first", name="a"), read("second", name="b")),
    SAFE.gives(FAIL, "second-fails", made(), read("first"), get("second", 404)),
    SAFE.gives(BLOCKED, "empty", made(), get("first", 200, {}), get("second", 200, {})),
    SAFE.gives(BLOCKED, "null", made(), get("first", 200, None), get("second", 200, None)),
    ONE_OBJECT.gives(
        PASS, "each-its-own", made("create-a"), made("create-b", identifier="8"),
        read("read-a"), read("read-b", identifier="8"),
    ),
    ONE_OBJECT.gives(
        FAIL, "the-latest", made("create-a"), made("create-b", identifier="8"),
        get("read-a", 200, resource("8")), read("read-b", identifier="8"),
    ),
    ONE_OBJECT.gives(
        FAIL, "list-of-both", made("create-a"), made("create-b", identifier="8"),
        get("read-a", 200, [resource(), resource("8")]), read("read-b", identifier="8"),
    ),
    ONE_OBJECT.gives(SKIP, "second-not-read", made("create-a"), made("create-b", identifier="8"), read("read-a")),
    TUNNEL.gives(PASS, "there", *tunnelled(read(name="one", status="new"))),
    TUNNEL.gives(FAIL, "not-sent-and-changed", *tunnelled(read(name="one", status="cancelled"))),
    TUNNEL.gives(FAIL, "gone", *tunnelled(get("read", 404))),
    TUNNEL.gives(FAIL, "another", *tunnelled(read(name="two"))),
    TUNNEL.gives(SKIP, "not-tried", NAMED, read("before", name="one"), read(name="one")),
    TUNNEL.gives(SKIP, "not-read-before", NAMED, *tunnelled(read(name="one"))[2:]),
    GONE.gives(PASS, "404", *deleted(get("read", 404), listed())),
    GONE.gives(PASS, "410", *deleted(get("read", 410), listed(resource("8")))),
    GONE.gives(PASS, "not-found-by-its-id", *deleted(get("read", 404), listed(resource("8"), headers=MORE), by_id())),
    GONE.gives(FAIL, "found-by-its-id", *deleted(get("read", 404), listed(resource("8"), headers=MORE), by_id(resource()))),
    GONE.gives(SKIP, "list-too-long", *deleted(get("read", 404), listed(resource("8"), headers=MORE))),
    GONE.gives(FAIL, "still-read", *deleted(read(), listed())),
    GONE.gives(FAIL, "still-listed", *deleted(get("read", 404), listed(resource()))),
    GONE.gives(FAIL, "read-breaks", *deleted(get("read", 500), listed())),
    GONE.gives(FAIL, "list-breaks", *deleted(get("read", 404), listed(status=500))),
    GONE.gives(MOOT, "delete-not-offered", *deleted(status=405)),
    GONE.gives(BLOCKED, "delete-refused", *deleted(status=409)),
    GONE.gives(SKIP, "not-listed", *deleted(get("read", 404))),
    GONE.gives(SKIP, "credentials", *deleted(get("read", 403), listed())),
    ONE_OF_TWO.gives(PASS, "one", delete("delete", 204), get("read", 404), OLDER, YOUNGER),
    ONE_OF_TWO.gives(FAIL, "next", delete("delete", 204), get("read", 404), OLDER, get("other-younger", 404)),
    ONE_OF_TWO.gives(FAIL, "before", delete("delete", 204), get("read", 404), get("other-older", 404), YOUNGER),
    ONE_OF_TWO.gives(FAIL, "none", delete("delete", 204), read(), OLDER, YOUNGER),
    ONE_OF_TWO.gives(FAIL, "read-breaks", delete("delete", 204), get("read", 500), OLDER, YOUNGER),
    ONE_OF_TWO.gives(SKIP, "one-not-read", delete("delete", 204), get("read", 404), OLDER),
    ONE_OF_TWO.gives(BLOCKED, "delete-refused", delete("delete", 405)),
    SLASH.gives(PASS, "same", read(), get("slash", 200, resource(), at="/customer/7/")),
    SLASH.gives(FAIL, "404", read(), get("slash", 404, at="/customer/7/")),
    SLASH.gives(FAIL, "redirect", read(), get("slash", 308, at="/customer/7/", headers={"Location": "/customer/7"})),
    SLASH.gives(SKIP, "not-tried", read()),
    NOTHING.gives(PASS, "404", CONTROL, get("read", 404, at="/customers")),
    NOTHING.gives(FAIL, "served", CONTROL, get("read", 200, [], at="/customers")),
    NOTHING.gives(BLOCKED, "nothing-served", get("control", 404), get("read", 404, at="/customers")),
    REFERENCE.gives(PASS, "with-more", made(relatedParty={"id": "1"}), read(relatedParty={"id": "1", "name": "n"})),
    REFERENCE.gives(FAIL, "with-less", made(relatedParty={"id": "1", "name": "n"}), read(relatedParty={"id": "1"})),
    REFERENCE.gives(SKIP, "not-read", made(relatedParty={"id": "1"})),
    KEPT.gives(
        PASS, "another-offset",
        made(validFor={"startDateTime": "2020-05-01T10:00Z"}), read(validFor={"startDateTime": "2020-05-01T10:00:00.000+00"}),
    ),
    KEPT.gives(FAIL, "refused", post("create", 400, sent={"validFor": {}}), post("control", 201, sent={})),
    KEPT.gives(BLOCKED, "refused-without-it-too", post("create", 400, sent={}), post("control", 400, sent={})),
    ANY_VALUE.gives(PASS, "each", *valued()),
    ANY_VALUE.gives(FAIL, "number-as-text", *valued(number="4.5")),
    ANY_VALUE.gives(FAIL, "true-as-1", *valued(boolean=1)),
    ANY_VALUE.gives(FAIL, "refused", *valued()[:8], post("create-array", 400), made("control")),
    ANY_VALUE.gives(SKIP, "one-not-tried", *valued()[:8]),
    CLASSES.gives(PASS, "each", *classes("Individual", "Organization")),
    CLASSES.gives(FAIL, "lost", *classes("Individual", "Party")),
    CLASSES.gives(SKIP, "one-not-tried", *classes("Individual", "Organization")[:2]),
    CURRENT.gives(PASS, "sorted", *profiles([NOW, PAST], [NOW, PAST])),
    CURRENT.gives(REMARK, "order-kept", *profiles([NOW, PAST], [PAST, NOW])),
    CURRENT.gives(FAIL, "oldest-first", *profiles([PAST, NOW], [PAST, NOW])),
    CURRENT.gives(FAIL, "texts", *profiles(["now", "past"], ["now", "past"])),
    CURRENT.gives(BLOCKED, "none", *profiles([], [])),
    CURRENT.gives(MOOT, "in-force-alone", *profiles([NOW], [NOW])),
    CURRENT.gives(MOOT, "first-alone", *profiles([NOW], [PAST])),
    CURRENT.gives(BLOCKED, "ended-alone", *profiles([PAST], [PAST])),
    CURRENT.gives(SKIP, "second-not-made", *profiles([NOW, PAST], [NOW, PAST])[:2]),
    IDS.gives(PASS, "two", made(), read(characteristic=[{**TRAIT, "id": "1"}, {**TRAIT, "id": "2"}])),
    IDS.gives(FAIL, "one", made(), read(characteristic=[{**TRAIT, "id": "1"}, {**TRAIT, "id": "1"}])),
    IDS.gives(MOOT, "none", made(), read(characteristic=[TRAIT, TRAIT])),
    IDS.gives(MOOT, "nulls", made(), read(characteristic=[{"id": None}, {"id": None}])),
    IDS.gives(SKIP, "one-element", made(), read(characteristic=[{**TRAIT, "id": "1"}])),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_life_of_a_resource_is_judged_by_what_is_read(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark


@pytest.mark.parametrize(
    ("create", "outcome", "remark"),
    [
        pytest.param(
            post("start", 400, {"message": "name is missing"}),
            BLOCKED,
            'POST /customer was answered 400 "name is missing" (exchange 1)',
            id="refused",
        ),
        pytest.param(
            post("start", 401),
            SKIP,
            "POST /customer was answered 401 (exchange 1), which speaks of credentials, time or rate",
            id="of-the-caller",
        ),
        pytest.param(
            post("start", 201),
            BLOCKED,
            "POST /customer was answered 201 (exchange 1), and nothing in the answer tells the id of what was made",
            id="without-an-id",
        ),
    ],
)
def test_start_that_failed_is_told_in_words_of_the_api(create: Step, outcome: Outcome, remark: str) -> None:
    ended = "the create that this check starts from was refused"
    [situation] = MINIMAL.gives(outcome, "start", create, ended=ended).values
    verdict = situation.verdict()
    assert (verdict.outcome, verdict.remark) == (outcome, remark)
