"""Selections, filters, sorting and pages: what the judge makes of canned answers."""

from __future__ import annotations

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
    Step,
    ask,
    get,
    made,
    post,
    read,
    resource,
)

EVERY = ask("fields", "retrieveCustomer", "*")
NAME = ask("fields", "retrieveCustomer", "/name")
VALIDITY, START = ask("fields", "retrieveCustomer", "/validFor"), "2026-01-01T00:00:00Z"
NAMES = ask("fields", "listCustomer", "/name")
EQUAL = ask("filter", "listCustomer", "/name", expect={"operator": "eq"})
AFTER = ask("filter", "listCustomer", "/validFor/startDateTime", expect={"operator": "gt"})
EITHER = ask("filter", "listCustomer", "/name", expect={"operator": "eq", "form": "or-comma"}, level="may")
SORT = ask("sort", "listCustomer", "*", level="may")
MUST_SORT = ask("sort", "listCustomer", "*")
LIMIT = ask("paging", "listCustomer", "limit", level="may")
MUST_LIMIT = ask("paging", "listCustomer", "limit")
OFFSET = ask("paging", "listCustomer", "offset")
BESIDE = ask("fields-with-filter", "listCustomer", level="may")
MUST_BESIDE = ask("fields-with-filter", "listCustomer")
AMONG = ask("filter", "listCustomer", "/characteristic/*/name", expect={"operator": "eq"})
BOTH = ask("filters-combine", "listCustomer")
NO_MATCH = ask("filter-without-match", "listCustomer", expect={"tolerate": ["404"]})
MAY_NO_MATCH = ask("filter-without-match", "listCustomer", level="may")
WHOLE = ask("fields-whole-attribute", "retrieveCustomer", "/validFor")
ALL = ask("all-without-fields", "retrieveCustomer")
DAY = ask("filter-by-day", "listCustomer", "/validFor/startDateTime")
LOOSE = ask("filter-loose", "listCustomer", "/name")
ONE = {"name": "one", "status": "New"}
NEXT = {"Link": f'<{HOST}/customer?fields=a,b&offset=1>; rel="next"'}


RATED = {"creditRiskRating": 3}
PROFILED: dict[str, Any] = {"name": "one", "customerCreditProfile": [RATED]}


def listed(step: str, *identifiers: str, query: str = "", status: int = 200, **more: Any) -> Step:
    """A page of a list; the whole of it where nothing else is said."""
    members = [{"id": identifier} for identifier in identifiers]
    headers = {"headers": {"X-Total-Count": str(len(members))}, **more}
    return get(step, status, members, at=f"/customer{query and '?'}{query}", **headers)


def selected(answer: Any, *, name: str = "name", status: int = 200, path: str = "/customer/7", **more: Any) -> Step:
    return get(f"select:{name}", status, answer, at=f"{path}?fields={name}", **more)


def pair(*rest: Step) -> tuple[Step, ...]:
    return made("create-a", identifier="a"), made("create-b", identifier="b"), *rest


NAMED = made(name="a")
BY_ID = get("select-by-id:name", 200, [resource(name="one")], at="/customer?fields=name&id=7")
CREATED, SHOWN = made(**ONE), read("whole", **ONE)
C = made("create-c", identifier="c")

SITUATIONS = [
    EVERY.gives(PASS, "each", CREATED, SHOWN, selected(resource(name="one")), selected({"status": "New"}, name="status")),
    EVERY.gives(PASS, "not-what-the-target-adds", CREATED, read("whole", **ONE, version=3, description=None), selected(resource(name="one")), selected({"status": "New"}, name="status")),
    EVERY.gives(SKIP, "one-not-tried", CREATED, SHOWN, selected(resource(name="one"))),
    *(
        EVERY.gives(
            outcome, f"of-everything-{words}",
            made("create-full", **PROFILED), read("whole", **PROFILED, contactMedium=[]), selected(resource(name="one")),
            selected(answer, name="customerCreditProfile"), facts={"full": True, "names": ["name", "customerCreditProfile"]},
        )
        for outcome, words, answer in (
            (PASS, "each", resource(customerCreditProfile=[RATED])), (FAIL, "an-empty-one", resource(customerCreditProfile=[])),
            (FAIL, "nothing", resource()),
        )
    ),
    EVERY.gives(
        PASS, "of-everything-some",
        made("create-full", **PROFILED), read("whole", **PROFILED), selected(resource(name="one")),
        facts={"full": True, "names": ["name"]},
    ),
    EVERY.gives(SKIP, "nothing-to-select", CREATED, read("whole"), selected({})),
    VALIDITY.gives(PASS, "without-what-the-target-adds", made(validFor={"startDateTime": START}), read("whole", validFor={"startDateTime": START, "x-seen": 2}), selected({"validFor": {"startDateTime": START}}, name="validFor")),
    VALIDITY.gives(FAIL, "part-of-what-was-sent", made(validFor={"startDateTime": START, "x": 1}), read("whole", validFor={"startDateTime": START, "x": 1}), selected({"validFor": {"startDateTime": START}}, name="validFor")),
    NAME.gives(PASS, "alone", CREATED, SHOWN, selected({"name": "one"})),
    NAME.gives(PASS, "with-classes", CREATED, SHOWN, selected({"id": "7", "name": "one", "@type": "Customer"})),
    NAME.gives(FAIL, "with-others", CREATED, SHOWN, selected(resource(**ONE))),
    NAME.gives(REMARK, "with-what-the-target-adds", CREATED, SHOWN, selected({"name": "one", "version": 3})),
    NAME.gives(REMARK, "with-nulls", CREATED, SHOWN, selected({"name": "one", "status": None})),
    NAME.gives(FAIL, "null", CREATED, SHOWN, selected(resource(name=None))),
    NAME.gives(FAIL, "false", CREATED, SHOWN, selected(resource(name=False))),
    NAME.gives(FAIL, "missing", CREATED, SHOWN, selected(resource())),
    NAME.gives(FAIL, "refused", CREATED, SHOWN, selected({}, status=400)),
    NAME.gives(FAIL, "text", CREATED, SHOWN, selected("one")),
    NAME.gives(SKIP, "never-there", CREATED, read("whole", status="New"), selected(resource())),
    NAME.gives(SKIP, "not-asked", CREATED, SHOWN),
    NAMES.gives(PASS, "in-a-list", CREATED, SHOWN, selected([resource(name="one")], path="/customer")),
    NAMES.gives(FAIL, "others-in-a-list", CREATED, SHOWN, selected([resource(**ONE)], path="/customer")),
    NAMES.gives(FAIL, "list-of-texts", CREATED, SHOWN, selected(["one"], path="/customer")),
    NAMES.gives(FAIL, "empty-list", CREATED, SHOWN, selected([], path="/customer")),
    NAMES.gives(FAIL, "list-of-nothing", CREATED, SHOWN, selected([{}], path="/customer")),
    NAMES.gives(FAIL, "plain-list-has-it", CREATED, SHOWN, selected([], path="/customer"), listed("listed", "7")),
    NAMES.gives(BLOCKED, "plain-list-has-it-not", CREATED, SHOWN, selected([], path="/customer"), listed("listed", "8")),
    NAMES.gives(SKIP, "more-pages", CREATED, SHOWN, selected([{}], path="/customer"), listed("listed", "8", headers=NEXT)),
    NAMES.gives(PASS, "found-by-its-id", CREATED, SHOWN, selected([{}], path="/customer"), BY_ID),
    EQUAL.gives(PASS, "one-of-two", *pair(listed("list", "a"))),
    EQUAL.gives(PASS, "numeric-ids", post("create-a", 201, {"id": 1}), post("create-b", 201, {"id": 2}), get("list", 200, [{"id": 1}])),
    EQUAL.gives(PASS, "on-the-second-page", *pair(listed("list", "x", headers=NEXT), listed("list", "a"))),
    EQUAL.gives(FAIL, "both", *pair(listed("list", "a", "b"))),
    EQUAL.gives(FAIL, "none", *pair(listed("list"))),
    EQUAL.gives(FAIL, "refused", *pair(listed("list", status=400))),
    EQUAL.gives(FAIL, "wrapped", *pair(get("list", 200, {"items": [{"id": "a"}]}))),
    EQUAL.gives(FAIL, "list-of-texts", *pair(get("list", 200, ["a"]))),
    EQUAL.gives(FAIL, "second-page-breaks", *pair(listed("list", "a", headers=NEXT), listed("list", status=500))),
    EQUAL.gives(SKIP, "more-pages", *pair(listed("list", "x", headers=NEXT))),
    EQUAL.gives(SKIP, "part-of-the-whole", *pair(listed("list", "x", status=206, headers={}))),
    EQUAL.gives(SKIP, "perhaps-more-pages", *pair(listed("list", "x", headers={}))),
    EQUAL.gives(FAIL, "next-page-is-empty", *pair(listed("list", "x", headers={}), listed("list", headers={}))),
    EQUAL.gives(FAIL, "next-page-is-the-same", *pair(listed("list", "x", headers={}), listed("list", "x", headers={}))),
    EQUAL.gives(FAIL, "next-page-is-refused", *pair(listed("list", "x", headers={}), listed("list", status=404, headers={}))),
    EQUAL.gives(SKIP, "next-page-breaks", *pair(listed("list", "x", headers={}), listed("list", status=500, headers={}))),
    EQUAL.gives(SKIP, "next-page-is-full", *pair(listed("list", "x", headers={}), listed("list", "y", headers={}))),
    EQUAL.gives(SKIP, "fewer-than-there-are", *pair(listed("list", "x", headers={"X-Total-Count": "2"}))),
    EQUAL.gives(BLOCKED, "create-refused", made("create-a"), post("create-b", 400), listed("list", "7")),
    AFTER.gives(PASS, "later-one", *pair(listed("list", "b"))),
    AFTER.gives(FAIL, "earlier-one", *pair(listed("list", "a"))),
    EITHER.gives(PASS, "two-of-three", *pair(C, listed("list", "a", "b"))),
    EITHER.gives(FAIL, "one-of-three", *pair(C, listed("list", "a"))),
    EITHER.gives(MOOT, "not-offered", *pair(C, listed("list", "a", "b", "c"))),
    EITHER.gives(MOOT, "refused", *pair(C, listed("list", status=501))),
    EITHER.gives(SKIP, "no-third", *pair(listed("list", "a", "b"))),
    SORT.gives(PASS, "both-ways", *pair(listed("list", "b", "a"), listed("descending", "a", "b"))),
    SORT.gives(MOOT, "ignored", *pair(listed("list", "a", "b"), listed("descending", "a", "b"))),
    SORT.gives(FAIL, "breaks", *pair(listed("list", status=500))),
    SORT.gives(SKIP, "not-on-the-pages", *pair(listed("list", "x"), listed("descending", "x"))),
    SORT.gives(SKIP, "one-way-only", *pair(listed("list", "b", "a"))),
    MUST_SORT.gives(FAIL, "ignored", *pair(listed("list", "a", "b"), listed("descending", "a", "b"))),
    LIMIT.gives(PASS, "one", listed("whole", "a", "b"), listed("page", "a", query="limit=1")),
    LIMIT.gives(MOOT, "ignored", listed("whole", "a", "b"), listed("page", "a", "b", query="limit=1")),
    LIMIT.gives(FAIL, "wrapped", listed("whole", "a", "b"), get("page", 200, {}, at="/customer?limit=1")),
    LIMIT.gives(FAIL, "empty", listed("whole", "a", "b"), listed("page", query="limit=1")),
    LIMIT.gives(SKIP, "nothing-to-cut", listed("whole"), listed("page", query="limit=1")),
    MUST_LIMIT.gives(FAIL, "ignored", listed("whole", "a", "b"), listed("page", "a", "b", query="limit=1")),
    OFFSET.gives(PASS, "without-the-first", listed("whole", "a", "b"), listed("page", "b", query="offset=1")),
    OFFSET.gives(FAIL, "with-the-first", listed("whole", "a", "b"), listed("page", "a", "b", query="offset=1")),
    OFFSET.gives(FAIL, "list-of-texts", listed("whole", "a", "b"), get("page", 200, ["b"], at="/customer?offset=1")),
    BESIDE.gives(PASS, "one-reduced", NAMED, get("list", 200, [resource(name="a")], at="/customer?id=7&fields=name")),
    BESIDE.gives(PASS, "without-its-id", NAMED, get("list", 200, [{"name": "a"}], at="/customer?id=7&fields=name")),
    BESIDE.gives(FAIL, "not-reduced", made(), get("list", 200, [resource(**ONE)], at="/customer?id=7&fields=name")),
    BESIDE.gives(FAIL, "null-for-it", NAMED, get("list", 200, [resource(name=None)], at="/customer?id=7&fields=name")),
    BESIDE.gives(REMARK, "with-what-the-target-adds", NAMED, get("list", 200, [resource(name="a", version=1, status=None)], at="/customer?id=7&fields=name")),
    BESIDE.gives(FAIL, "lacks-it", NAMED, get("list", 200, [resource()], at="/customer?id=7&fields=name")),
    *(
        AMONG.gives(
            outcome, f"second-member-{words}",
            *first, made("create-b", identifier="b"), listed("list", *found, query="characteristic.name=x"),
            facts={"others": others},
        )
        for outcome, words, others, first, found in (
            (PASS, "found", True, [made("create-a-among", identifier="a")], ["a"]),
            (FAIL, "not-found", True, [made("create-a-among", identifier="a")], []),
            (FAIL, "with-another", True, [made("create-a-among", identifier="a")], ["a", "b"]),
            (PASS, "refused", False, [post("create-a-among", 400), made("create-a", identifier="a")], ["a"]),
        )
    ),
    BESIDE.gives(MOOT, "no-filter", made(), get("list", 200, [{"id": "7"}, {"id": "8"}], at="/customer?id=7&fields=name")),
    BESIDE.gives(BLOCKED, "create-refused", post("create", 400)),
    MUST_BESIDE.gives(FAIL, "no-filter", made(), get("list", 200, ["7"], at="/customer?id=7&fields=name")),
    BOTH.gives(PASS, "narrows", *pair(listed("both", "a", "b"), listed("list", "a"))),
    BOTH.gives(FAIL, "second-ignored", *pair(listed("both", "a", "b"), listed("list", "a", "b"))),
    BOTH.gives(FAIL, "nothing", *pair(listed("both", "a", "b"), listed("list"))),
    BOTH.gives(
        MOOT, "comma-in-ids", made("create-a", identifier="a,c"), made("create-b", identifier="b,c"),
        listed("both", "a,c", "b,c"), listed("list"),
    ),
    BOTH.gives(
        FAIL, "second-ignored-with-comma-in-ids", made("create-a", identifier="a,c"), made("create-b", identifier="b,c"),
        listed("both", "a,c", "b,c"), listed("list", "a,c", "b,c"),
    ),
    MUST_BESIDE.gives(MOOT, "comma-in-id", made(identifier="7,c"), get("list", 200, [], at="/customer?id=7%2Cc&fields=name")),
    BOTH.gives(FAIL, "first-alone-fails", *pair(listed("both", "a"), listed("list", "a"))),
    BOTH.gives(SKIP, "not-asked", *pair(listed("both", "a", "b"))),
    NO_MATCH.gives(PASS, "empty", listed("control", "a"), listed("list")),
    NO_MATCH.gives(REMARK, "tolerated", listed("control", "a"), listed("list", status=404)),
    NO_MATCH.gives(FAIL, "all", listed("control", "a"), listed("list", "a")),
    NO_MATCH.gives(FAIL, "no-content", listed("control", "a"), get("list", 204)),
    NO_MATCH.gives(FAIL, "null", listed("control", "a"), get("list", 200, None)),
    NO_MATCH.gives(FAIL, "refused", listed("control", "a"), listed("list", status=501)),
    MAY_NO_MATCH.gives(MOOT, "not-offered", listed("control", "a"), listed("list", status=501)),
    MAY_NO_MATCH.gives(FAIL, "breaks-option", listed("control", "a"), listed("list", status=500)),
    NO_MATCH.gives(FAIL, "breaks", listed("control", "a"), listed("list", status=500)),
    NO_MATCH.gives(SKIP, "always-empty", listed("control"), listed("list")),
    WHOLE.gives(
        PASS, "whole", read("whole", validFor={"a": 1, "b": 2}),
        get("read", 200, {"validFor": {"a": 1, "b": 2}}, at="/customer/7?fields=validFor"),
    ),
    WHOLE.gives(
        FAIL, "part", read("whole", validFor={"a": 1, "b": 2}),
        get("read", 200, {"validFor": {"a": 1}}, at="/customer/7?fields=validFor"),
    ),
    WHOLE.gives(
        PASS, "without-what-the-target-adds", made(validFor={"a": 1}), read("whole", validFor={"a": 1, "x-seen": 2}),
        get("read", 200, {"validFor": {"a": 1}}, at="/customer/7?fields=validFor"),
    ),
    WHOLE.gives(
        FAIL, "part-of-what-was-sent", made(validFor={"a": 1, "b": 2}), read("whole", validFor={"a": 1, "b": 2}),
        get("read", 200, {"validFor": {"a": 1}}, at="/customer/7?fields=validFor"),
    ),
    WHOLE.gives(SKIP, "never-there", read("whole"), get("read", 200, {}, at="/customer/7?fields=validFor")),
    ALL.gives(PASS, "every", CREATED, read(**ONE)),
    ALL.gives(FAIL, "one-missing", CREATED, read(name="one")),
    ALL.gives(FAIL, "canned", CREATED, read(name="sample", status="sample")),
    ALL.gives(SKIP, "not-read", CREATED),
    DAY.gives(PASS, "in-then-out", made(), listed("before", "7"), listed("after")),
    DAY.gives(FAIL, "never-in", made(), listed("before"), listed("after")),
    DAY.gives(FAIL, "always-in", made(), listed("before", "7"), listed("after", "7")),
    DAY.gives(FAIL, "breaks-the-second-time", made(), listed("before", "7"), listed("after", status=500)),
    DAY.gives(SKIP, "second-not-asked", made(), listed("before", "7")),
    LOOSE.gives(PASS, "found", made(), listed("list", "7")),
    LOOSE.gives(FAIL, "not-found", made(), listed("list")),
    LOOSE.gives(SKIP, "more-pages", made(), listed("list", headers=NEXT)),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_query_is_judged_by_which_records_it_gives(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark
