"""Patches and replacements: what the judge makes of canned answers."""

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
    patch,
    post,
    read,
    resource,
)

NAME = ask("patchable", "patchCustomer", "/name", expect={"tolerate": ["405"]})
PARTY = ask("patchable", "patchCustomer", "/relatedParty")
KEEPS = ask("patch-keeps-others", "patchCustomerAccount")
LASTS = ask("patch-lasts", "patchCustomer")
OPERATIONS = ask("json-patch-replace", "patchCustomer", "/name", level="may")
ONE_OF_TWO = ask("patch-one-of-two", "patchCustomer")
NULL = ask("merge-null-removes", "patchCustomer", "/description")
REMOVE = ask("json-patch-remove", "patchCustomer", "/description", level="should")
CLEARS = ask("replace-clears", "replaceCustomer", "/description")
LIST = ask("merge-array-replaces", "patchCustomer", "/characteristic")
ATTACHED = ask("patchable", "patchCommunicationMessage", "/attachment", api="tmf681-v1")
NOTES = ask("merge-array-replaces", "patchChangeRequest", "/note", api="tmf655-v1")
MERGES = ask("merge-object-merges", "patchCustomer", "/validFor")
ADDS = ask("json-patch-add-member", "patchCustomer", "/characteristic")
TAKES_ALL = ask("replace-takes-all", "replaceCustomer")
KEEPS_ID = ask("replace-keeps-id", "replaceCustomer")
MOVES = ask("status-moves", "patchCustomer", "/status", given={"values": ["New", "Active", "former"]})
UNDEFINED = ask("undefined-attribute", "patchCustomer", "/colour")
FIELDS = ask("delete-ignores-fields", "deleteCustomer")

TWO = {"name": "two"}
JSON_PATCH = "application/json-patch+json"
RED, BLUE = {"name": "colour", "value": "red"}, {"name": "colour", "value": "blue"}
FROM, TO = {"startDateTime": "2020-05-01T10:00:00Z"}, {"endDateTime": "2021-05-01T10:00:00Z"}
ACCOUNT = {"name": "one", "pin": "1234"}
KEPT = (made(**ACCOUNT), read("before", **ACCOUNT), patch("patch", 200, TWO))
FULL: dict[str, Any] = {"name": "one", "pin": "1234", "creditLimit": 7}
FULL_KEPT = (
    made("create-full", **FULL),
    read("before-full", **FULL),
    patch("patch-full", 200, TWO),
    read("read-full", **{**FULL, **TWO}),
)
NAMED_AWAY = (
    made(description="d", name="n"),
    read("before", description="d", name="n"),
    patch("patch", 200, {"name": None}),
)
IN_ONE: dict[str, Any] = {"full": True, "another": False, "media_types": []}
IN_TWO: dict[str, Any] = {"full": True, "another": False, "media_types": [JSON_PATCH]}
OPERATION = [{"op": "replace", "path": "/name", "value": "three"}]
PAIR = (made("create-a", name="one"), made("create-b", identifier="8", name="one"))


def one_of_two(*, patched: str = "two", other: dict[str, Any] | None = None) -> tuple[Step, ...]:
    after = resource("8", name="one") if other is None else other
    before = get("before", 200, resource("8", name="one"))
    return *PAIR, before, patch("patch", 200, TWO), read(name=patched), get("other", 200, after)


def put(sent: Any, status: int = 200) -> Step:
    return post("replace", status, sent=sent, method="PUT", path="/customer/7")


def moves(*reads: str, status: int = 200) -> tuple[Step, ...]:
    steps = [
        (patch(f"patch-{number}", status, {"status": sent}), get(f"read-{number}", 200, {"status": shown}))
        for number, (sent, shown) in enumerate(zip(("Active", "former"), reads, strict=True))
    ]
    return made(name="one"), *(step for pair in steps for step in pair)


SITUATIONS = [
    NAME.gives(PASS, "changed", made(name="one"), patch("patch", 200, TWO), read(name="two")),
    NAME.gives(FAIL, "not-changed", made(name="one"), patch("patch", 200, TWO), read(name="one")),
    NAME.gives(FAIL, "shown-in-the-answer-only", made(name="one"), patch("patch", 200, TWO, TWO), read(name="one")),
    NAME.gives(FAIL, "refused", made(name="one"), patch("patch", 400, TWO), patch("control", 200, {})),
    NAME.gives(BLOCKED, "no-patch-taken", made(name="one"), patch("patch", 400, TWO), patch("control", 400, {})),
    NAME.gives(SKIP, "refused-no-control", made(name="one"), patch("patch", 400, TWO)),
    NAME.gives(FAIL, "redirect", made(name="one"), patch("patch", 303, TWO), patch("control", 200, {})),
    NAME.gives(REMARK, "tolerated", made(name="one"), patch("patch", 405, TWO)),
    NAME.gives(SKIP, "not-read", made(name="one"), patch("patch", 200, TWO)),
    NAME.gives(BLOCKED, "create-refused", post("create", 400), patch("patch", 200, TWO), read(name="two")),
    NAME.gives(SKIP, "no-other-value", made(name="two"), patch("patch", 200, TWO), read(name="two")),
    PARTY.gives(
        REMARK, "list-of-one-tolerated",
        made(name="one"), patch("patch", 200, {"relatedParty": {"id": "1"}}), read(relatedParty=[{"id": "1"}]),
    ),
    KEEPS.gives(PASS, "as-before", *KEPT, read(name="two", pin="1234")),
    KEEPS.gives(PASS, "server-time-moved", *KEPT, read(name="two", pin="1234", lastModified="2020-05-01T10:00:00Z")),
    KEEPS.gives(PASS, "a-version-of-its-own", *KEPT, read(name="two", pin="1234", version=2)),
    KEEPS.gives(FAIL, "another-changed", *KEPT, read(name="two", pin="4321")),
    KEEPS.gives(FAIL, "another-gone", *KEPT, read(name="two")),
    KEEPS.gives(FAIL, "another-came", *KEPT, read(name="two", pin="1234", description="d")),
    KEEPS.gives(BLOCKED, "patch-without-effect", *KEPT, read(**ACCOUNT)),
    KEEPS.gives(SKIP, "nothing-else-there", made(name="a"), get("before", 200, {}), KEPT[2], get("read", 200, TWO)),
    KEEPS.gives(BLOCKED, "patch-refused", *KEPT[:2], patch("patch", 400, TWO), read(**ACCOUNT)),
    KEEPS.gives(PASS, "everything-as-before", *FULL_KEPT, facts=IN_ONE),
    KEEPS.gives(FAIL, "one-of-everything-gone", *FULL_KEPT[:3], read("read-full", name="two", pin="1234"), facts=IN_ONE),
    KEEPS.gives(
        FAIL, "one-of-everything-reset", *FULL_KEPT[:3], read("read-full", **{**FULL, **TWO, "creditLimit": 0}),
        facts=IN_ONE,
    ),
    KEEPS.gives(
        PASS, "everything-refused", post("create-full", 400, sent=FULL), *KEPT, read(name="two", pin="1234"),
        facts={"full": False, "another": False, "media_types": []},
    ),
    KEEPS.gives(
        PASS, "patch-of-everything-refused",
        *FULL_KEPT[:2], patch("patch-full", 409, TWO), *KEPT, read(name="two", pin="1234"),
        facts={"full": False, "another": False, "media_types": []},
    ),
    *(
        KEEPS.gives(
            outcome, f"json-patch-{words}",
            *FULL_KEPT, patch(f"patch, {JSON_PATCH}", 200, OPERATION), read(f"read, {JSON_PATCH}", **back), facts=IN_TWO,
        )
        for outcome, words, back in (
            (PASS, "keeps-the-others", {**FULL, "name": "three"}), (FAIL, "loses-the-others", {"name": "three"}),
            (PASS, "without-effect", {"name": "two", "pin": "9"}),
        )
    ),
    *(
        KEEPS.gives(
            outcome, f"patch-of-another-{words}",
            *FULL_KEPT, patch("patch-another", status, {"pin": "9"}), read("read-another", **back),
            facts={**IN_ONE, "another": status == 200},
        )
        for outcome, words, status, back in (
            (PASS, "keeps-the-first", 200, {**FULL, **TWO, "pin": "9"}),
            (FAIL, "loses-the-first", 200, {"pin": "9", "creditLimit": 7}),
            (PASS, "without-effect", 200, {"name": "two", "pin": "1234"}),
            (PASS, "refused", 409, {"name": "two", "pin": "1234"}),
        )
    ),
    LASTS.gives(PASS, "lasts", made(name="one"), patch("patch", 200, TWO), read(name="two")),
    LASTS.gives(FAIL, "forgotten", made(name="one"), patch("patch", 200, TWO), read(name="one")),
    LASTS.gives(FAIL, "refused", made(name="one"), patch("patch", 501, TWO)),
    LASTS.gives(SKIP, "not-read", made(name="one"), patch("patch", 200, TWO)),
    OPERATIONS.gives(PASS, "applied", patch("patch", 200, [{"op": "replace", "path": "/name", "value": "b"}]), read(name="b")),
    OPERATIONS.gives(FAIL, "ignored", patch("patch", 200, [{"op": "replace", "path": "/name", "value": "b"}]), read(name="a")),
    OPERATIONS.gives(FAIL, "breaks", patch("patch", 500, [])),
    OPERATIONS.gives(MOOT, "not-offered", patch("patch", 415, [])),
    OPERATIONS.gives(SKIP, "not-sent"),
    ONE_OF_TWO.gives(PASS, "the-other-as-before", *one_of_two()),
    ONE_OF_TWO.gives(FAIL, "both-patched", *one_of_two(other=resource("8", name="two"))),
    ONE_OF_TWO.gives(PASS, "the-other-as-before-and-not-as-sent", *PAIR, get("before", 200, resource("8")), patch("patch", 200, TWO), read(name="two"), get("other", 200, resource("8"))),
    ONE_OF_TWO.gives(FAIL, "none-patched", *one_of_two(patched="one")),
    ONE_OF_TWO.gives(SKIP, "the-other-not-read", *one_of_two()[:-1]),
    NULL.gives(PASS, "gone", made(description="d"), read("before", description="d"), patch("patch", 200, {"description": None}), read()),
    NULL.gives(PASS, "null", made(description="d"), read("before", description="d"), patch("patch", 200, {}), read(description=None)),
    NULL.gives(FAIL, "there", made(description="d"), read("before", description="d"), patch("patch", 200, {}), read(description="d")),
    NULL.gives(FAIL, "refused", made(description="d"), read("before", description="d"), patch("patch", 400, {})),
    NULL.gives(BLOCKED, "never-there", made(description="d"), read("before"), patch("patch", 200, {}), read()),
    NULL.gives(REMARK, "another-is-gone", *NAMED_AWAY, read(description="d"), facts={"attribute": "/name"}),
    NULL.gives(FAIL, "another-is-there", *NAMED_AWAY, read(name="n"), facts={"attribute": "/name"}),
    NULL.gives(MOOT, "all-demanded", made(description="d"), facts={"attribute": ""}),
    CLEARS.gives(MOOT, "all-demanded", made(description="d"), facts={"attribute": ""}),
    REMOVE.gives(PASS, "gone", made(description="d"), read("before", description="d"), patch("patch", 200, []), read()),
    REMOVE.gives(FAIL, "there", made(description="d"), read("before", description="d"), patch("patch", 200, []), read(description="d")),
    REMOVE.gives(MOOT, "not-offered", made(description="d"), read("before", description="d"), patch("patch", 415, [])),
    CLEARS.gives(PASS, "gone", made(description="d"), read("before", description="d"), put({}), read()),
    CLEARS.gives(FAIL, "there", made(description="d"), read("before", description="d"), put({}), read(description="d")),
    CLEARS.gives(BLOCKED, "never-there", made(description="d"), read("before"), put({}), read()),
    LIST.gives(PASS, "replaced", patch("patch", 200, {"characteristic": [BLUE]}), read(characteristic=[BLUE])),
    LIST.gives(FAIL, "added", patch("patch", 200, {"characteristic": [BLUE]}), read(characteristic=[RED, BLUE])),
    LIST.gives(FAIL, "no-list", patch("patch", 200, {"characteristic": [BLUE]}), read(characteristic=BLUE)),
    NOTES.gives(REMARK, "object-for-a-list-of-one", patch("patch", 201, {"note": [RED]}), read(note=RED)),
    NOTES.gives(FAIL, "another-object", patch("patch", 201, {"note": [RED]}), read(note=BLUE)),
    LIST.gives(FAIL, "gone", patch("patch", 200, {"characteristic": [BLUE]}), read()),
    LIST.gives(SKIP, "not-read", patch("patch", 200, {"characteristic": [BLUE]})),
    MERGES.gives(PASS, "merged", made(validFor=FROM), patch("patch", 200, {"validFor": TO}), read(validFor={**FROM, **TO})),
    MERGES.gives(FAIL, "replaced", made(validFor=FROM), patch("patch", 200, {"validFor": TO}), read(validFor=TO)),
    MERGES.gives(FAIL, "gone", made(validFor=FROM), patch("patch", 200, {"validFor": TO}), read()),
    MERGES.gives(SKIP, "not-read", made(validFor=FROM), patch("patch", 200, {"validFor": TO})),
    ADDS.gives(
        PASS, "added",
        made(characteristic=[RED]), patch("patch", 200, [{"op": "add", "path": "/characteristic/-", "value": BLUE}]),
        read(characteristic=[RED, BLUE]),
    ),
    ADDS.gives(
        FAIL, "replaced",
        made(characteristic=[RED]), patch("patch", 200, [{"op": "add", "path": "/characteristic/-", "value": BLUE}]),
        read(characteristic=[BLUE]),
    ),
    TAKES_ALL.gives(PASS, "taken", put({"id": "x", **TWO}), read(name="two")),
    TAKES_ALL.gives(FAIL, "not-taken", put(TWO), read(name="one")),
    TAKES_ALL.gives(FAIL, "refused", put(TWO, 405)),
    TAKES_ALL.gives(SKIP, "not-read", put(TWO)),
    KEEPS_ID.gives(PASS, "kept", made(), read("before"), put(TWO), read()),
    KEEPS_ID.gives(FAIL, "another-id", made(), read("before"), put(TWO), get("read", 200, {"id": "8"})),
    KEEPS_ID.gives(FAIL, "another-href", made(), read("before"), put(TWO), get("read", 200, {"id": "7", "href": "x"})),
    KEEPS_ID.gives(BLOCKED, "create-refused", post("create", 400)),
    MOVES.gives(PASS, "each-taken", *moves("Active", "former"), facts={"moves": 2}),
    MOVES.gives(FAIL, "taken-and-not-kept", *moves("Active", "Active"), facts={"moves": 2}),
    MOVES.gives(FAIL, "breaks", *moves("New", "New", status=500), facts={"moves": 2}),
    MOVES.gives(MOOT, "not-allowed-there", *moves("New", "New", status=409), facts={"moves": 2}),
    MOVES.gives(SKIP, "credentials", *moves("New", "New", status=403), facts={"moves": 2}),
    MOVES.gives(SKIP, "one-not-tried", *moves("Active", "former")[:-2], facts={"moves": 2}),
    MOVES.gives(SKIP, "none-tried", made(name="one")),
    UNDEFINED.gives(PASS, "taken", made(), patch("patch", 200, {}), read()),
    UNDEFINED.gives(PASS, "refused", made(), patch("patch", 400, {}), read()),
    UNDEFINED.gives(FAIL, "breaks", made(), patch("patch", 500, {}), read()),
    UNDEFINED.gives(FAIL, "spoils", made(), patch("patch", 200, {}), get("read", 500)),
    UNDEFINED.gives(BLOCKED, "read-is-empty", made(), patch("patch", 200, {}), get("read", 200, {})),
    FIELDS.gives(PASS, "like-without", delete("control", 204), delete("delete", 204)),
    FIELDS.gives(REMARK, "refused", delete("control", 204), delete("delete", 400)),
    FIELDS.gives(FAIL, "breaks", delete("control", 204), delete("delete", 500)),
    FIELDS.gives(FAIL, "with-a-body", delete("control", 204), delete("delete", 200, answer={"id": "7"})),
    FIELDS.gives(BLOCKED, "refused-without-as-well", delete("control", 400), delete("delete", 400)),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_update_is_judged_by_what_is_read_afterwards(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark


def test_loss_is_told_of_the_member_that_is_gone_whatever_names_the_target_uses() -> None:
    sent = {"attachment": [{"path": "/a.pdf", "description": "d"}]}
    shown = read(Attachment=[{"Path": "/a.pdf"}])
    (situation,) = ATTACHED.gives(FAIL, "member-gone", made(subject="s"), patch("patch", 200, sent), shown).values
    verdict = situation.verdict()
    assert verdict.outcome is FAIL
    assert verdict.remark == "After the patch, /attachment/*/description was sent and is not there"
