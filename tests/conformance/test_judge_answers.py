"""Status, headers, media types and bodies: what the judge makes of canned answers."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_builder import (
    BLOCKED,
    CALLBACK,
    FAIL,
    HOST,
    MOOT,
    PASS,
    REMARK,
    SKIP,
    Situation,
    ask,
    delete,
    get,
    made,
    patch,
    post,
    read,
    resource,
)

CREATED = ask("status", "createCustomer", "201", given="valid", expect={"tolerate": ["200"]})
UNKNOWN = ask("status", "retrieveCustomer", "404", given="unknown-id")
MALFORMED = ask("status", "createCustomer", "400", given="malformed-body")
REPEATED = ask("status", "registerCustomerListener", "409", given="repeated", expect={"tolerate": ["204"]})
PAGE = ask("status", "listCustomer", "206", given="valid")
MAY_PAGE = ask("status", "listCustomer", "206", given="valid", level="may")
LOCATION = ask(
    "header", "createCustomer", "Location", expect={"leads-to": "resource", "tolerate": ["Content-Location"]}
)
TOTAL = ask("header", "listCustomer", "X-Total-Count")
HUB_LOCATION = ask("header", "registerCustomerListener", "Location", expect={"leads-to": "subscription"})
PRODUCES = ask("produces", "retrieveCustomer", "application/json")
REPLACED = ask("produces", "replaceCustomer", "application/json", level="should")
SENT = ask("body", "sendCommunicationMessage", api="tmf681-v1", level="may", expect={"form": "schema"})
ACCEPT = ask("accept", "retrieveCustomer", "application/json")
CONSUMES = ask("consumes", "createCustomer", "application/json")
PATCH_TYPE = ask("consumes", "patchCustomer", "application/merge-patch+json", expect={"tolerate": ["415"]})
JSON_PATCH = ask("consumes", "patchCustomer", "application/json-patch+json", level="may")
SOME = {"callback": CALLBACK}


def registered(step: str, status: int, answer: Any = SOME, **headers: str) -> Any:
    more = {"answer": answer} if status != 204 else {}
    return post(step, status, sent=SOME, path="/customer/hub", headers=headers, **more)


MESSAGES = [
    CREATED.gives(PASS, "as-it-is", made()),
    CREATED.gives(REMARK, "tolerated", post("create", 200)),
    CREATED.gives(FAIL, "another", post("create", 202)),
    CREATED.gives(FAIL, "server-error", post("create", 500, {})),
    CREATED.gives(FAIL, "redirect", post("create", 302, headers={"Location": "/elsewhere"})),
    CREATED.gives(FAIL, "silence", post("create", 0)),
    *(CREATED.gives(SKIP, f"speaks-of-the-caller-{status}", post("create", status)) for status in (401, 403, 408, 429)),
    CREATED.gives(SKIP, "not-reached"),
    UNKNOWN.gives(PASS, "beside-a-control", get("control", 200, {}), get("unknown", 404)),
    UNKNOWN.gives(FAIL, "served", get("control", 200, {}), get("unknown", 200, {})),
    UNKNOWN.gives(FAIL, "another-refusal", get("control", 200, {}), get("unknown", 400)),
    UNKNOWN.gives(BLOCKED, "control-refused", get("control", 404), get("unknown", 404)),
    UNKNOWN.gives(SKIP, "no-control", get("unknown", 404)),
    UNKNOWN.gives(SKIP, "credentials", get("control", 200, {}), get("unknown", 401)),
    MALFORMED.gives(PASS, "malformed", made("control"), post("refused", 400)),
    MALFORMED.gives(SKIP, "the-create-is-not-the-control", made("create"), post("refused", 400)),
    REPEATED.gives(PASS, "refused", registered("first", 201), registered("second", 409)),
    REPEATED.gives(REMARK, "tolerated-204", registered("first", 201), registered("second", 204)),
    REPEATED.gives(MOOT, "accepted", registered("first", 201), registered("second", 201)),
    REPEATED.gives(FAIL, "fails", registered("first", 201), registered("second", 500)),
    REPEATED.gives(SKIP, "no-first", registered("second", 409)),
    MAY_PAGE.gives(MOOT, "whole-all-the-same", get("page", 200, [{}, {}], at="/customer?limit=1")),
    MAY_PAGE.gives(FAIL, "part-as-whole", get("page", 200, [{}], at="/customer?limit=1")),
    PAGE.gives(FAIL, "whole-where-pages-are-due", get("page", 200, [{}, {}], at="/customer?limit=1")),
    PAGE.gives(PASS, "part", get("page", 206, [])),
    PAGE.gives(FAIL, "whole-status", get("page", 200, [])),
    LOCATION.gives(
        PASS, "leads-there", made(headers={"Location": "/customerManagement/customer/7"}), read("follow-location")
    ),
    LOCATION.gives(
        PASS, "numeric-id",
        post("create", 201, {"id": 7}, headers={"Location": "../customer/7"}), get("follow-location", 200, {"id": 7}),
    ),
    LOCATION.gives(REMARK, "tolerated-header", made(headers={"Content-Location": f"{HOST}/customer/7"})),
    LOCATION.gives(FAIL, "missing", made()),
    LOCATION.gives(FAIL, "blank", made(headers={"Location": " "})),
    LOCATION.gives(FAIL, "leads-nowhere", made(headers={"Location": "/x"}), get("follow-location", 404)),
    LOCATION.gives(
        FAIL, "leads-elsewhere", made(headers={"Location": "/customer/8"}), read("follow-location", identifier="8")
    ),
    LOCATION.gives(REMARK, "of-a-gateway", made(headers={"Location": "https://a.example/customerManagement/customer/7"})),
    LOCATION.gives(FAIL, "of-a-gateway-and-wrong", made(headers={"Location": "https://a.example/other/7"})),
    LOCATION.gives(SKIP, "not-followed", made(headers={"Location": "/customer/7"})),
    LOCATION.gives(BLOCKED, "create-refused", post("create", 400)),
    TOTAL.gives(PASS, "there", get("list", 200, [], headers={"X-Total-Count": "0"})),
    TOTAL.gives(FAIL, "not-there", get("list", 200, [])),
    HUB_LOCATION.gives(PASS, "ends-in-the-id", registered("register", 201, {"id": "s 1"}, Location="/hub/s%201")),
    HUB_LOCATION.gives(PASS, "numeric-id", registered("register", 201, {"id": 5}, Location="/hub/5?x=1")),
    HUB_LOCATION.gives(PASS, "no-id-in-the-body", registered("register", 201, SOME, Location="/hub/5")),
    HUB_LOCATION.gives(FAIL, "another-id", registered("register", 201, {"id": "1"}, Location="/hub/2")),
    HUB_LOCATION.gives(FAIL, "no-address", registered("register", 201, {"id": "1"}, Location="http://[")),
    HUB_LOCATION.gives(MOOT, "204", registered("register", 204)),
    PRODUCES.gives(PASS, "with-a-parameter", get("read", 200, {}, media_type="Application/JSON; charset=utf-8")),
    PRODUCES.gives(FAIL, "another-type", get("read", 200, {}, media_type="text/html")),
    PRODUCES.gives(FAIL, "declared-and-not", get("read", 200, b"<html>")),
    PRODUCES.gives(FAIL, "not-a-number", get("read", 200, b'{"id": NaN}')),
    PRODUCES.gives(FAIL, "two-values", get("read", 200, b"{}{}")),
    PRODUCES.gives(FAIL, "no-body", get("read", 200)),
    REPLACED.gives(MOOT, "no-body", post("replace", 200, method="PUT")),
    REPLACED.gives(FAIL, "another-type", post("replace", 200, b"<html>", method="PUT")),
    SENT.gives(MOOT, "no-body", post("send", 200)),
    SENT.gives(FAIL, "another-form", post("send", 200, {"tryTimes": "often"})),
    PRODUCES.gives(MOOT, "204", get("read", 204)),
    PRODUCES.gives(BLOCKED, "refused", get("read", 500)),
    ACCEPT.gives(PASS, "served", get("call", 200, {})),
    ACCEPT.gives(FAIL, "406", get("call", 406)),
    ACCEPT.gives(BLOCKED, "refused-otherwise", get("call", 500)),
    CONSUMES.gives(PASS, "taken", made(name="one"), read(name="one", extra=1)),
    CONSUMES.gives(FAIL, "without-effect", made(name="one"), read(name="two")),
    CONSUMES.gives(FAIL, "refused", post("create", 415, sent={"name": "one"})),
    CONSUMES.gives(SKIP, "not-read", made(name="one")),
    PATCH_TYPE.gives(PASS, "taken", made(name="one"), patch("patch", 200, {"name": "two"}), read(name="two")),
    PATCH_TYPE.gives(FAIL, "without-effect", made(name="one"), patch("patch", 200, {"name": "two"}), read(name="one")),
    PATCH_TYPE.gives(REMARK, "tolerated", made(name="one"), patch("patch", 415, {"name": "two"})),
    JSON_PATCH.gives(
        PASS, "operations",
        patch("patch", 200, [{"op": "replace", "path": "/name", "value": "two"}]), read(name="two"),
    ),
    JSON_PATCH.gives(MOOT, "not-offered", patch("patch", 415, [])),
]  # fmt: skip


def body(form: str, operation: str = "retrieveCustomer", subject: str = "", **more: Any) -> Any:
    return ask("body", operation, subject, expect={"form": form, **more.pop("expect", {})}, **more)


ID_IS_TEXT = body("present", subject="/id", expect={"value": "string"})
HREFS = body("own-href", "listCustomer")
CHANGE_SCHEMA = body("schema", "retrieveChangeRequest", api="tmf655-v1")
NO_OBJECTS: dict[str, Any] = {"list": [{}], "null": None, "text": "a", "html": b"<p>", "number": 7}
BODIES = [
    body("array", "listCustomer").gives(PASS, "array", get("list", 200, [])),
    body("array", "listCustomer").gives(FAIL, "array-wrapped", get("list", 200, {"items": []})),
    body("object").gives(PASS, "object", read()),
    *(
        body("object").gives(FAIL, f"object-{words}", get("read", 200, answer))
        for words, answer in NO_OBJECTS.items()
    ),
    body("object").gives(BLOCKED, "object-not-read", get("read", 404)),
    body("empty", "deleteCustomer").gives(PASS, "empty", delete("delete", 204)),
    body("empty", "deleteCustomer").gives(FAIL, "empty-with-body", delete("delete", 200, answer={})),
    body("schema").gives(PASS, "schema-extra-members", read(name="one", colour="red")),
    body("schema").gives(PASS, "schema-nulls", read(name=None, description=None)),
    body("schema").gives(FAIL, "schema-wrong-type", read(name={"a": 1})),
    body("schema").gives(FAIL, "schema-no-date", read(validFor={"startDateTime": "tomorrow"})),
    body("schema").gives(FAIL, "schema-list-of-one", get("read", 200, [resource()])),
    body("schema").gives(FAIL, "schema-list-of-texts", get("read", 200, ["a"])),
    body("schema").gives(SKIP, "schema-nothing-known", get("read", 200, {})),
    body("schema", "listCustomer").gives(PASS, "schema-list", get("list", 200, [resource(name="one")])),
    body("schema", "listCustomer").gives(FAIL, "schema-list-member", get("list", 200, [resource(name=7)])),
    body("schema", "listCustomer").gives(FAIL, "schema-list-of-texts", get("list", 200, ["a"])),
    body("schema", "listCustomer").gives(SKIP, "schema-empty-list", get("list", 200, [])),
    CHANGE_SCHEMA.gives(REMARK, "schema-tolerated", get("read", 200, {"id": "7", "note": {"text": "t"}})),
    body("same-id").gives(PASS, "same-id", read()),
    body("same-id").gives(PASS, "same-id-urn", get("read", 200, {"id": "urn:x/7"}, at="/customer/urn%3Ax%2F7")),
    body("same-id").gives(FAIL, "another-id", get("read", 200, {"id": "8"})),
    body("same-id").gives(FAIL, "no-id", get("read", 200, {})),
    body("own-href").gives(PASS, "own-href-elsewhere", get("read", 200, {"id": "a b", "href": "https://x/y/a%20b/"})),
    body("own-href").gives(FAIL, "own-href-of-another", get("read", 200, {"id": "7", "href": "/customer/8"})),
    body("own-href").gives(FAIL, "own-href-missing", get("read", 200, {"id": "7"})),
    body("own-href").gives(FAIL, "own-href-no-address", get("read", 200, {"id": "7", "href": "http://[/7"})),
    HREFS.gives(PASS, "own-href-list", get("list", 200, [{"id": 7, "href": "customer/7"}])),
    HREFS.gives(FAIL, "own-href-list-member", get("list", 200, [{"id": 7, "href": "customer/7"}, "a"])),
    HREFS.gives(SKIP, "own-href-empty-list", get("list", 200, [])),
    body("echo", "createCustomer").gives(PASS, "echo", made(name="one")),
    body("echo", "createCustomer").gives(FAIL, "echo-changed", post("create", 201, {"name": "two"}, sent={"name": "one"})),
    body("echo", "createCustomer").gives(FAIL, "echo-of-nothing", post("create", 201, None, sent={"name": "one"})),
    body("echo", "createCustomer").gives(MOOT, "echo-204", post("create", 204, sent={"name": "one"})),
    body("whole").gives(PASS, "whole", made(name="one"), read(name="one", more=1)),
    body("whole").gives(FAIL, "whole-with-null", made(name="one"), read(name=None)),
    body("whole").gives(FAIL, "whole-with-false", made(name="one"), read(name=False)),
    body("whole").gives(FAIL, "whole-less-than-shown", made(name="one"), get("read", 200, {"id": "7", "name": "one"})),
    body("whole").gives(FAIL, "whole-less-than-sent", post("create", 201, {"id": "7"}, sent={"name": "a"}), read()),
    body("whole", "patchCustomer").gives(
        SKIP, "whole-nothing-to-compare-with", made(name="one"), patch("patch", 200, {"name": "two"}, resource())
    ),
    ID_IS_TEXT.gives(PASS, "present", read()),
    ID_IS_TEXT.gives(REMARK, "present-tolerated-number", get("read", 200, {"id": 7})),
    ID_IS_TEXT.gives(FAIL, "present-and-empty", get("read", 200, {"id": ""})),
    ID_IS_TEXT.gives(FAIL, "missing", get("read", 200, {})),
    body("present", "listCustomer", "/*/id", expect={"value": "string"}).gives(
        FAIL, "missing-in-one", get("list", 200, [{"id": "7"}, {}])
    ),
]  # fmt: skip

SITUATIONS = [*MESSAGES, *BODIES]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_answer_is_judged_by_what_it_is(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark


@pytest.mark.parametrize(
    ("value", "name", "fits"),
    [
        ("2020-05-01T10:00+0800", "datetime", True),
        ("2020-05-01", "datetime", False),
        (1.0, "integer", True),
        (1.5, "integer", False),
        (float("inf"), "integer", False),
        (True, "integer", False),
        (True, "boolean", True),
        (10**400, "integer", True),
        ("", "string", False),
        ("http://[", "uri", True),
        ({}, "RelatedParty", True),
        ([], "RelatedParty", False),
        (None, "any", True),
    ],
)
def test_type_of_the_register_takes_what_json_means_by_it(value: Any, name: str, *, fits: bool) -> None:
    from tmfkit_conformance.judge.checks.answers import has_type

    assert has_type(value, name) is fits
