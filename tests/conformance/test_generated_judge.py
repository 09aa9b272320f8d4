"""What the judge makes of generated exchanges: each finding, and what is none."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from library import exchange, library

from tmfkit_conformance.judge.engine import merged
from tmfkit_conformance.judge.generated import findings
from tmfkit_conformance.judge.verdict import Finding, Outcome, Verdict
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Request, Response
from tmfkit_models.contracts import Contract, Kind, Level, Requirement

ERROR = {"code": "1", "reason": "refused"}
EMMA = {"title": "Emma"}
MADE = {"id": "1", "title": "Emma"}


def row(
    identifier: str, kind: Kind, operation: str, subject: str = "", level: Level = "must", **more: Any
) -> Requirement:
    return Requirement(identifier, level, kind, operation, subject, "", "", 1, "text", **more)


ROWS = (
    row("CREATED", "status", "createBook", "201", given="valid"),
    row("MALFORMED", "status", "createBook", "400", given="malformed-body"),
    row("MANDATORY", "mandatory", "createBook", "/title"),
    row("CHAPTER", "sub-mandatory", "createBook", "/chapter/*/name"),
    row("CHAPTER-PATCH", "sub-mandatory", "patchBook", "/chapter/*/name"),
    row("PATCHED", "status", "patchBook", "200", given="valid", expect={"tolerate": ["202"]}),
    row("SCHEMA", "body", "createBook", expect={"form": "schema"}),
    row("LIST", "body", "listBook", expect={"form": "array"}),
    row("LIST-SCHEMA", "body", "listBook", expect={"form": "schema"}),
    row("JSON", "produces", "createBook", "application/json", level="should"),
    row("MAY-JSON", "produces", "retrieveBook", "application/json", level="may"),
    row("READABLE", "scenario", "createBook", scenario="created-is-readable"),
    row("UNIQUE", "generated", "createBook", "/id", expect={"form": "unique"}),
    row("GONE", "scenario", "deleteBook", scenario="deleted-is-gone"),
)


@pytest.fixture
def contract() -> Contract:
    """The library with chapters, an error body and rows of every kind that a finding can violate."""
    made = library()
    document = copy.deepcopy(dict(made.openapi))
    schemas = document["components"]["schemas"]
    schemas["Error"] = {
        "type": "object",
        "required": ["code", "reason"],
        "properties": {"code": {"type": "string"}, "reason": {"type": "string"}},
    }
    schemas["Chapter"] = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    properties = schemas["Book_Update"]["properties"]
    properties["chapter"] = {"type": "array", "items": {"$ref": "#/components/schemas/Chapter"}}
    properties["preface"] = {"$ref": "#/components/schemas/Chapter"}
    properties["writer"] = {"type": "string", "x-tmf-aliases": ["author"]}
    return replace(made, openapi=document, requirements=ROWS)


def call(
    sequence: int, operation: str, status: int, *, path: str = "", phase: str = "fuzzing", **more: Any
) -> Exchange:
    """Return a generated exchange."""
    method, default = {
        "createBook": ("POST", "/book"),
        "listBook": ("GET", "/book"),
        "retrieveBook": ("GET", "/book/1"),
        "patchBook": ("PATCH", "/book/1"),
        "deleteBook": ("DELETE", "/book/1"),
    }[operation]
    made = exchange(sequence, method, path or default, status, phase=phase, operation=operation, **more)
    if operation == "patchBook":
        kept = tuple(pair for pair in made.request.headers if pair[0] != "Content-Type")
        headers = (*kept, ("Content-Type", "application/merge-patch+json"))
        made = replace(made, request=replace(made.request, headers=headers))
    return made


def found(contract: Contract, *exchanges: Exchange) -> list[tuple[str, str, int]]:
    """Return rule, requirement and count of every finding."""
    bundle = Bundle({"phases": ["fuzzing"]}, (), exchanges, ())
    return [(finding.rule, finding.requirement, finding.count) for finding in findings(bundle, contract)[0]]


def raw(exchange: Exchange, body: bytes) -> Exchange:
    return replace(exchange, request=replace(exchange.request, body=body))


def answered(exchange: Exchange, body: bytes, media_type: str = "application/json") -> Exchange:
    return replace(exchange, response=Response(exchange.status, (("Content-Type", media_type),), body))


def test_run_in_order_gives_no_finding(contract: Contract) -> None:
    exchanges = (
        call(1, "createBook", 201, sent=EMMA, answer=MADE),
        call(2, "retrieveBook", 200, answer=MADE),
        call(3, "listBook", 200, answer=[MADE]),
        call(4, "patchBook", 200, sent={"pages": None}, answer=MADE),
        call(5, "createBook", 400, sent={}, answer=ERROR),
        call(6, "createBook", 422, sent=EMMA, answer=ERROR),
        call(7, "deleteBook", 204),
        call(8, "retrieveBook", 404, answer=ERROR),
        call(9, "listBook", 501, answer=ERROR),
    )
    assert found(contract, *exchanges) == []


CREATED = call(1, "createBook", 201, sent=EMMA, answer=MADE)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(
            call(2, "createBook", 201, sent={}, answer={"id": "2"}), ("accepted", "MANDATORY"), id="mandatory"
        ),
        pytest.param(
            call(2, "createBook", 201, sent={**EMMA, "chapter": [{}]}, answer={"id": "2"}),
            ("accepted", "CHAPTER"),
            id="sub-mandatory",
        ),
        pytest.param(
            call(2, "patchBook", 200, sent={"chapter": [{}]}, answer=MADE),
            ("accepted", "CHAPTER-PATCH"),
            id="patched-array",
        ),
        pytest.param(
            call(2, "createBook", 201, sent=[EMMA], answer={"id": "2"}), ("accepted", ""), id="list-is-well-formed"
        ),
        pytest.param(
            raw(call(2, "createBook", 201, sent=EMMA, answer={"id": "2"}), b"null"),
            ("accepted", ""),
            id="null-is-well-formed",
        ),
        pytest.param(
            raw(call(2, "createBook", 201, sent=EMMA, answer={"id": "2"}), b'{"title":'),
            ("accepted", "MALFORMED"),
            id="no-json",
        ),
        pytest.param(
            call(2, "createBook", 201, sent={**EMMA, "pages": "many"}, answer={"id": "2"}),
            ("accepted", ""),
            id="wrong-type-without-a-row-is-a-remark",
        ),
        pytest.param(
            call(2, "createBook", 500, sent={}, answer=ERROR), ("server-error", "MANDATORY"), id="500-instead"
        ),
        pytest.param(
            call(2, "createBook", 500, sent=EMMA, answer=ERROR),
            ("server-error", ""),
            id="500-for-a-good-body-is-a-remark",
        ),
        pytest.param(
            call(2, "createBook", 200, sent=EMMA, answer={"id": "2"}), ("success-status", "CREATED"), id="other-success"
        ),
        pytest.param(call(2, "createBook", 201, sent=EMMA, answer={"id": 2}), ("answer", "SCHEMA"), id="faulty-answer"),
        pytest.param(
            answered(call(2, "createBook", 201, sent=EMMA), b"<p>", "application/json"),
            ("answer", "SCHEMA"),
            id="not-json",
        ),
        pytest.param(call(2, "listBook", 200, answer=MADE), ("answer", "LIST"), id="no-array"),
        pytest.param(
            call(2, "listBook", 200, answer=[MADE, {"id": "2", "pages": "many"}]),
            ("answer", "LIST-SCHEMA"),
            id="faulty-member",
        ),
        pytest.param(
            answered(call(2, "createBook", 201, sent=EMMA), b'{"id":"2"}', "text/plain"),
            ("media-type", "JSON"),
            id="text",
        ),
        pytest.param(
            answered(call(2, "retrieveBook", 200), b'{"id":"1"}', "text/plain"),
            ("media-type", ""),
            id="a-may-row-is-not-violated",
        ),
        pytest.param(call(2, "createBook", 400, sent={}), ("error-body", ""), id="error-without-a-body"),
        pytest.param(
            call(2, "createBook", 400, sent={}, answer={"code": 1}), ("error-body", ""), id="other-error-body"
        ),
        pytest.param(call(2, "retrieveBook", 404, answer=ERROR), ("not-readable", "READABLE"), id="lost"),
        pytest.param(call(2, "createBook", 0, sent=EMMA, error="ReadTimeout: slow"), ("no-answer", ""), id="no-answer"),
    ],
)
def test_exchange_is_found(contract: Contract, shown: Exchange, expected: tuple[str, str]) -> None:
    assert found(contract, CREATED, shown) == [(*expected, 1)]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(call(2, "createBook", 201, sent={**EMMA, "pages": None}, answer={"id": "2"}), id="null-is-absent"),
        pytest.param(call(2, "createBook", 201, sent={**EMMA, "shelf": 5}, answer={"id": "2"}), id="unknown-attribute"),
        pytest.param(call(2, "patchBook", 200, sent={"preface": {}}, answer=MADE), id="partial-object-is-merged"),
        pytest.param(call(2, "patchBook", 202, sent={"pages": 3}, answer=MADE), id="tolerated-status"),
        pytest.param(call(2, "createBook", 201, sent={**EMMA, "author": "A"}, answer={"id": "2"}), id="alias"),
    ],
)
def test_exchange_is_in_order(contract: Contract, shown: Exchange) -> None:
    assert found(contract, CREATED, shown) == []


def test_server_error_is_linked_only_where_the_operation_works(contract: Contract) -> None:
    assert found(contract, call(1, "createBook", 500, sent={}, answer=ERROR)) == [("server-error", "", 1)]


def test_resource_read_after_its_delete_is_found_with_both_exchanges(contract: Contract) -> None:
    exchanges = (CREATED, call(2, "deleteBook", 204), call(3, "retrieveBook", 200, answer=MADE))
    seen, _ = findings(Bundle({"phases": ["fuzzing"]}, (), exchanges, ()), contract)
    assert seen == (
        Finding(
            "fuzzing", "retrieveBook", "use-after-delete", "GONE", "A deleted resource was read all the same", (2, 3)
        ),
    )


def test_resource_made_anew_is_not_a_deleted_one(contract: Contract) -> None:
    assert (
        found(
            contract,
            CREATED,
            call(2, "deleteBook", 204),
            replace(CREATED, sequence=3),
            call(4, "retrieveBook", 200, answer=MADE),
        )
        == []
    )


def test_resource_that_the_kit_tidied_up_is_not_lost(contract: Contract) -> None:
    assert (
        found(
            contract, CREATED, call(2, "deleteBook", 204, phase="cleanup"), call(3, "retrieveBook", 404, answer=ERROR)
        )
        == []
    )


def test_answer_that_repeats_what_was_stored_is_not_found_again(contract: Contract) -> None:
    faulty = {"id": "2", "title": "Emma", "pages": "many"}
    exchanges = (
        call(1, "createBook", 201, sent={**EMMA, "pages": "many"}, answer=faulty),
        call(2, "retrieveBook", 200, path="/book/2", answer=faulty),
        call(3, "listBook", 200, answer=[MADE, faulty]),
    )
    assert found(contract, *exchanges) == [("accepted", "", 1)]


def test_exchanges_that_show_the_same_make_one_finding(contract: Contract) -> None:
    exchanges = [call(number, "createBook", 500, sent=EMMA, answer=ERROR) for number in range(1, 10)]
    seen, _ = findings(Bundle({"phases": ["fuzzing"]}, (), tuple(exchanges), ()), contract)
    assert seen == (Finding("fuzzing", "createBook", "server-error", "", "Answered 500", (1, 2, 3, 4, 5, 6), 9),)


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(call(2, "retrieveBook", 404, path="/book/1?shelf=9", answer=ERROR), id="unknown-query"),
        pytest.param(
            replace(call(2, "retrieveBook", 404, answer=ERROR), mode="negative", mutated="header X"), id="faulty-header"
        ),
    ],
)
def test_a_404_to_a_read_that_is_no_plain_one_is_no_lost_resource(contract: Contract, read: Exchange) -> None:
    assert found(contract, CREATED, read) == []


def test_read_that_is_late_by_a_moment_is_a_remark(contract: Contract) -> None:
    late = call(2, "retrieveBook", 404, answer=ERROR)
    assert found(contract, CREATED, late, call(3, "retrieveBook", 200, answer=MADE)) == [("not-readable", "", 1)]
    slow = replace(late, started=CREATED.started + 3)
    assert found(contract, CREATED, slow, call(3, "retrieveBook", 200, answer=MADE)) == [
        ("not-readable", "READABLE", 1)
    ]
    gone = call(4, "deleteBook", 204)
    lingering = call(5, "retrieveBook", 200, answer=MADE)
    assert found(contract, CREATED, gone, lingering, call(6, "retrieveBook", 404, answer=ERROR)) == [
        ("use-after-delete", "", 1)
    ]


def test_server_error_belongs_to_a_row_only_where_nothing_else_is_wrong(contract: Contract) -> None:
    twice: dict[str, object] = {"chapter": [{}]}  # neither a title nor the name of a chapter
    assert found(contract, CREATED, call(2, "createBook", 500, sent=twice, answer=ERROR)) == [("server-error", "", 1)]
    beside = replace(call(2, "createBook", 500, sent={}, answer=ERROR), mode="negative", mutated="header X-A: invalid")
    assert found(contract, CREATED, beside) == [("server-error", "", 1)]
    alone = replace(call(2, "createBook", 500, sent={}, answer=ERROR), mode="negative", mutated="body: no title")
    assert found(contract, CREATED, alone) == [("server-error", "MANDATORY", 1)]


def test_what_the_target_breaks_at_comes_first(contract: Contract) -> None:
    exchanges = (CREATED, call(2, "createBook", 400, sent={}), call(3, "createBook", 500, sent=EMMA, answer=ERROR))
    assert [rule for rule, _, _ in found(contract, *exchanges)] == ["server-error", "error-body"]


def test_status_of_a_request_that_is_not_in_order_violates_no_row(contract: Contract) -> None:
    odd = replace(call(2, "createBook", 200, sent=EMMA, answer={"id": "2"}), mode="negative", mutated="query x")
    assert found(contract, CREATED, odd) == [("success-status", "", 1)]


def test_id_of_a_resource_that_is_there_is_not_given_again(contract: Contract) -> None:
    again = call(2, "createBook", 201, sent={"title": "Persuasion"}, answer={**MADE, "title": "Persuasion"})
    assert found(contract, CREATED, again) == [("id-given-twice", "UNIQUE", 1)]
    assert found(contract, CREATED, call(2, "createBook", 201, sent={**EMMA, "id": "1"}, answer=MADE)) == []
    after = replace(again, sequence=3)
    assert found(contract, CREATED, call(2, "deleteBook", 204), after) == []


def test_silence_at_the_end_is_remarked(contract: Contract) -> None:
    silent = [call(number, "listBook", 0, error="ConnectionError: refused") for number in (2, 3)]
    assert found(contract, CREATED, *silent) == [("no-answer", "", 2), ("target-silent", "", 1)]


def test_coverage_counts_every_operation_of_every_generated_phase(contract: Contract) -> None:
    exchanges = (CREATED, call(2, "createBook", 400, sent={}, answer=ERROR), call(3, "listBook", 0, error="slow"))
    bundle = Bundle({"phases": ["register", "fuzzing", "stateful"]}, (), exchanges, ())
    nothing = dict.fromkeys((operation.id for operation in contract.operations), "0/0")
    assert findings(bundle, contract)[1] == {
        "fuzzing": {**nothing, "createBook": "1/2", "listBook": "0/1"},
        "stateful": nothing,
    }


def test_exchanges_of_the_register_phase_are_left_to_its_checks(contract: Contract) -> None:
    assert found(contract, call(1, "createBook", 500, phase="register", sent=EMMA)) == []


def test_operation_that_the_contract_does_not_have_is_passed_over(contract: Contract) -> None:
    unknown = replace(CREATED, operation="burnBook", request=Request("POST", "http://library.example/fire", ()))
    assert found(contract, unknown) == []


def test_finding_fails_the_row_it_violates_and_no_other() -> None:
    verdicts = (
        Verdict("A", Outcome.PASS, exchanges=(1,)),
        Verdict("B", Outcome.PASS_WITH_REMARK, "Answered 204", (2,)),
        Verdict("C", Outcome.ERROR, "the check itself failed"),
    )
    seen = (
        Finding("fuzzing", "createBook", "accepted", "B", "Answered 201", (8, 9), 2),
        Finding("coverage", "createBook", "accepted", "C", "Answered 201", (7,)),
        Finding("fuzzing", "listBook", "server-error", "", "Answered 500", (6,)),
    )
    assert merged(verdicts, seen) == (
        verdicts[0],
        Verdict("B", Outcome.FAIL, "Answered 204; Answered 201 (fuzzing phase, 2×)", (2, 8, 9)),
        Verdict("C", Outcome.ERROR, "the check itself failed; Answered 201 (coverage phase, 1×)", (7,)),
    )
