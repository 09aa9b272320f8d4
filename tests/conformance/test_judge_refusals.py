"""What is to be refused, and who may call what: what the judge makes of canned answers."""

from __future__ import annotations

import pytest
from evidence_builder import (
    BLOCKED,
    FAIL,
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

MANDATORY = ask("mandatory", "createCustomer", "/name", expect={"tolerate": ["201"]})
STRICT = ask("mandatory", "createCustomer", "/name")
CALLBACK = ask("mandatory", "registerCustomerListener", "/callback")
ELEMENT = ask("sub-mandatory", "createCustomer", "/characteristic/*/name")
PATCHED = ask("sub-mandatory", "patchCustomer", "/characteristic/*/name")
CONDITIONAL = ask(
    "conditional", "createPaymentMean", "/creditCard", given={"pointer": "/paymentMeanType", "one-of": ["CreditCard"]}
)
ANY_OF = ask("any-of", "createCustomer", "/relatedParty", expect={"members": ["id", "href"], "tolerate": ["409"]})
FIXED = ask("non-patchable", "patchCustomer", "/id")
FIXED_TEXT = ask("non-patchable", "patchCustomer", "/description")
USER = ask("auth", "deleteChangeRequest", "user", api="tmf655-v1", expect={"form": "refused"})
ADMIN = ask("auth", "deleteChangeRequest", "admin", api="tmf655-v1", expect={"form": "allowed"})
UNLISTED = ask("unlisted-value", "createCustomer", "/status")
UNKNOWN = ask("unknown-id-refused", "deleteCustomer")
PUT = ask("put-refused", "retrieveCustomerAccount")
COLLECTION = ask("collection-delete-refused", "deleteCustomer")

TAKEN = made("control", name="one")
CHANGED = patch("control", 200, {"name": "two"})
BEFORE = read("before", name="two")
MEMBERS = (post("with-id", 201), post("with-href", 201))
THERE = (made(), read("before", name="one"))


ONE = {"id": "7", "description": "only here"}
MARKER = {"marker": {"description": "only here"}}
REFUSED = (TAKEN, post("refused", 400))


def listing(*members: object) -> Step:
    return get("listed", 200, list(members), at="/customer")


def put(status: int) -> Step:
    return post("refused", status, method="PUT")


AGAIN = (patch("refused-other", 400, {"id": "y"}), read("read-other", name="two"))

SITUATIONS = [
    STRICT.gives(PASS, "refused", TAKEN, post("refused", 400)),
    STRICT.gives(PASS, "refused-422", TAKEN, post("refused", 422)),
    *(STRICT.gives(FAIL, f"answered-{status}", TAKEN, post("refused", status)) for status in (200, 201, 204, 302, 500, 503)),
    *(STRICT.gives(SKIP, f"answered-{status}", TAKEN, post("refused", status)) for status in (401, 403, 408, 429)),
    STRICT.gives(FAIL, "silence", TAKEN, post("refused", 0)),
    STRICT.gives(BLOCKED, "control-refused", post("control", 400), post("refused", 400)),
    STRICT.gives(BLOCKED, "control-redirected", post("control", 307), post("refused", 400)),
    STRICT.gives(SKIP, "no-control", post("refused", 400)),
    STRICT.gives(PASS, "nothing-made", *REFUSED, listing(ONE), facts=MARKER),
    STRICT.gives(FAIL, "made-all-the-same", *REFUSED, listing(ONE, {**ONE, "id": "8"}), facts=MARKER),
    STRICT.gives(PASS, "others-are-listed", *REFUSED, listing({**ONE, "id": "8", "description": "other"}), facts=MARKER),
    STRICT.gives(PASS, "not-looked-for", *REFUSED, listing(ONE, {**ONE, "id": "8"})),
    STRICT.gives(PASS, "listing-refused", *REFUSED, get("listed", 400, {}, at="/customer"), facts=MARKER),
    STRICT.gives(PASS, "listed-without-ids", *REFUSED, listing({"description": "only here"}), facts=MARKER),
    STRICT.gives(
        PASS, "control-without-id", post("control", 204), post("refused", 400), listing(ONE), facts=MARKER
    ),
    MANDATORY.gives(REMARK, "tolerated", TAKEN, post("refused", 201)),
    CALLBACK.gives(PASS, "hub", post("control", 204), post("refused", 409)),
    ELEMENT.gives(PASS, "both-refused", TAKEN, post("refused", 400), post("refused-second", 400)),
    ELEMENT.gives(FAIL, "second-taken", TAKEN, post("refused", 400), post("refused-second", 201)),
    ELEMENT.gives(SKIP, "second-not-tried", TAKEN, post("refused", 400)),
    PATCHED.gives(PASS, "unchanged", CHANGED, BEFORE, patch("refused", 400, {}), read(name="two")),
    PATCHED.gives(FAIL, "changed-all-the-same", CHANGED, BEFORE, patch("refused", 400, {}), read(name="three")),
    PATCHED.gives(FAIL, "taken", CHANGED, BEFORE, patch("refused", 200, {}), read(name="two")),
    PATCHED.gives(SKIP, "not-read", CHANGED, BEFORE, patch("refused", 400, {})),
    CONDITIONAL.gives(PASS, "refused", TAKEN, post("refused", 400)),
    CONDITIONAL.gives(FAIL, "taken", TAKEN, post("refused", 201)),
    CONDITIONAL.gives(BLOCKED, "control-refused", post("control", 400), post("refused", 400)),
    ANY_OF.gives(PASS, "each-alone", *MEMBERS, post("refused", 400)),
    ANY_OF.gives(FAIL, "none-taken-as-well", *MEMBERS, post("refused", 201)),
    ANY_OF.gives(FAIL, "none-breaks-it", *MEMBERS, post("refused", 500)),
    ANY_OF.gives(FAIL, "one-alone-refused", post("with-id", 201), post("with-href", 400), post("refused", 400)),
    ANY_OF.gives(REMARK, "one-alone-tolerated", post("with-id", 201), post("with-href", 409), post("refused", 400)),
    ANY_OF.gives(BLOCKED, "no-member-alone-taken", post("with-id", 400), post("with-href", 400), post("refused", 400)),
    ANY_OF.gives(REMARK, "each-alone-tolerated", post("with-id", 409), post("with-href", 409), post("refused", 400)),
    ANY_OF.gives(FAIL, "none-taken-where-each-alone-is-tolerated", post("with-id", 409), post("with-href", 409), post("refused", 201)),
    ANY_OF.gives(SKIP, "rate", *MEMBERS, post("refused", 429)),
    FIXED.gives(PASS, "refused", CHANGED, BEFORE, patch("refused", 400, {"id": "x"}), read(name="two"), *AGAIN),
    FIXED.gives(PASS, "not-taken", CHANGED, BEFORE, patch("refused", 200, {"id": "x"}), read(name="two"), *AGAIN),
    FIXED.gives(SKIP, "one-type-only", CHANGED, BEFORE, patch("refused", 200, {"id": "x"}), read(name="two")),
    FIXED.gives(
        PASS, "the-only-type-that-is-served",
        patch("control", 415, {"name": "two"}), patch("control-other", 200, {"name": "two"}), BEFORE,
        patch("refused", 400, {"id": "x"}), read(name="two"),
    ),
    FIXED.gives(FAIL, "taken", CHANGED, BEFORE, patch("refused", 200, {"id": "x"}), get("read", 200, {"id": "x"})),
    FIXED.gives(FAIL, "refused-and-taken", CHANGED, BEFORE, patch("refused", 400, {"id": "x"}), get("read", 200, {"id": "x"})),
    FIXED.gives(FAIL, "not-there-any-more", CHANGED, BEFORE, patch("refused", 200, {"id": "x"}), get("read", 404)),
    FIXED.gives(FAIL, "breaks", CHANGED, BEFORE, patch("refused", 500, {"id": "x"}), read()),
    FIXED.gives(BLOCKED, "control-refused", patch("control", 400, {}), BEFORE, patch("refused", 400, {"id": "x"}), read()),
    FIXED.gives(
        FAIL, "taken-in-the-only-type-that-is-served",
        patch("control", 415, {"name": "two"}), patch("control-other", 200, {"name": "two"}), BEFORE,
        patch("refused", 200, {"id": "x"}), get("read", 404),
    ),
    FIXED.gives(
        FAIL, "taken-in-the-other-type",
        CHANGED, BEFORE, patch("refused", 400, {"id": "x"}), read(name="two"),
        patch("refused-other", 200, {"id": "y"}), get("read-other", 404),
    ),
    FIXED.gives(
        PASS, "the-other-type-is-not-served",
        CHANGED, BEFORE, patch("refused", 400, {"id": "x"}), read(name="two"),
        patch("refused-other", 415, {"id": "y"}), read("read-other", name="two"),
    ),
    FIXED.gives(BLOCKED, "control-without-effect", CHANGED, read("before"), patch("refused", 200, {"id": "x"}), read()),
    FIXED.gives(BLOCKED, "read-is-null", CHANGED, BEFORE, patch("refused", 200, {"id": "x"}), get("read", 200, None)),
    FIXED_TEXT.gives(
        SKIP, "the-value-it-had",
        CHANGED, read("before", name="two", description="d"), patch("refused", 200, {"description": "d"}),
        read(name="two", description="d"),
    ),
    USER.gives(PASS, "refused", made(), delete("call", 403), read(), delete("control", 204)),
    USER.gives(FAIL, "served", made(), delete("call", 204), get("read", 404), delete("control", 404)),
    USER.gives(FAIL, "served-and-control-served", made(), delete("call", 204), read(), delete("control", 204)),
    USER.gives(FAIL, "refused-and-done", made(), delete("call", 403), get("read", 404), delete("control", 204)),
    USER.gives(FAIL, "breaks", made(), delete("call", 500), read(), delete("control", 204)),
    USER.gives(SKIP, "rate", made(), delete("call", 429), read(), delete("control", 204)),
    USER.gives(SKIP, "nobody-may", made(), delete("call", 403), read(), delete("control", 403)),
    ADMIN.gives(PASS, "served", made(), delete("call", 204)),
    ADMIN.gives(FAIL, "refused", made(), delete("call", 403)),
    ADMIN.gives(SKIP, "not-reached", made()),
    UNLISTED.gives(PASS, "refused", TAKEN, post("refused", 400, sent={"status": "x"})),
    UNLISTED.gives(PASS, "not-taken", TAKEN, post("refused", 201, resource(), sent={"status": "x"}), read(status="New")),
    UNLISTED.gives(FAIL, "taken", TAKEN, post("refused", 201, resource(), sent={"status": "x"}), read(status="x")),
    UNLISTED.gives(FAIL, "breaks", TAKEN, post("refused", 500, sent={"status": "x"})),
    UNLISTED.gives(BLOCKED, "control-refused", post("control", 400), post("refused", 400, sent={"status": "x"})),
    UNKNOWN.gives(PASS, "refused", delete("control", 204), delete("unknown", 404)),
    UNKNOWN.gives(FAIL, "served", delete("control", 204), delete("unknown", 204)),
    UNKNOWN.gives(BLOCKED, "control-refused", delete("control", 405), delete("unknown", 405)),
    PUT.gives(PASS, "refused-405", *THERE, put(405), read(name="one")),
    PUT.gives(PASS, "refused-501", *THERE, put(501), read(name="one")),
    PUT.gives(FAIL, "served", *THERE, put(200), read(name="one")),
    PUT.gives(FAIL, "refused-and-changed", *THERE, put(405), read(name="two")),
    PUT.gives(SKIP, "credentials", *THERE, put(403), read(name="one")),
    COLLECTION.gives(PASS, "refused", *THERE, delete("refused", 404, at="/customer"), read(name="one")),
    COLLECTION.gives(FAIL, "served", *THERE, delete("refused", 204, at="/customer"), get("read", 404)),
    COLLECTION.gives(SKIP, "not-permitted"),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_refusal_counts_only_beside_a_control(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark
