"""Bad contracts, registers and samples are refused, every problem with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tmfkit_codegen.errors import InputProblems
from tmfkit_codegen.verified import verified

Edit = Callable[[str, str, str], None]
CONTRACT, REGISTER, SAMPLE, REFUSED = "openapi.yaml", "requirements.yaml", "samples/01-open-request.json", "samples/02-open-answer.json"  # fmt: skip

ERRATA, TOLERATED = "errata.yaml", "    tolerated: In an answer a number, with a remark.\n"


def said(statement: str) -> str:
    return f"{TOLERATED}    kit:\n      - {statement}\n"


CASES = [
    pytest.param(CONTRACT, "      operationId: createQueue\n", "      operationID: createQueue\n", "not OpenAPI 3.1: no key 'operationID' may stand here", id="not-openapi"),
    pytest.param(CONTRACT, "              minimum: 1\n", "              lowest: 1\n", "JSON Schema has no keyword 'lowest'", id="unknown-keyword"),
    pytest.param(CONTRACT, "required: [text]", "required: [txt]", "required names 'txt', which is no attribute", id="undeclared-required"),
    pytest.param(CONTRACT, "examples: [2, 4]", "examples: [2, 9]", "the example is not valid: 9 is greater than the maximum of 5", id="invalid-example"),
    pytest.param(CONTRACT, "                  line: L-4711\n", "", "the example is not valid: /line is needed when", id="example-breaks-a-rule"),
    pytest.param(CONTRACT, '{id: "7"}', "{name: copper}", "the example is not valid: one of /id, /href is needed", id="example-breaks-any-of"),
    pytest.param(CONTRACT, "x-tmf-default: 3", "x-tmf-defualt: 3", "no key 'x-tmf-defualt' may stand here", id="unknown-x-key"),
    pytest.param(CONTRACT, "x-tmf-roles: [admin]", "x-tmf-roles: [boss]", '"boss" is not one of', id="bad-x-value"),
    pytest.param(CONTRACT, "x-tmf-roles: [admin]", "x-tmf-default: 3", "x-tmf-default has no meaning here (operation)", id="misplaced-x-key"),
    pytest.param(CONTRACT, "/openedAt, /kind]", "/opendAt, /kind]", "there is no attribute /opendAt", id="non-patchable-pointer"),
    pytest.param(CONTRACT, "require: [/line]", "require: [/lien]", "there is no attribute /lien", id="conditional-pointer"),
    pytest.param(CONTRACT, "- [/id, /href]", "- [/id, /herf]", "there is no attribute /herf", id="any-of-pointer"),
    pytest.param(CONTRACT, "payload: /event/ticket", "payload: /event/tickt", "there is no member /event/tickt", id="payload-pointer"),
    pytest.param(CONTRACT, "create: Ticket_Create", "create: Ticket_Creat", "there is no component Ticket_Creat", id="resource-component"),
    pytest.param(CONTRACT, "{action: retrieve, resource: queue}", "{action: retrieve, resource: line}", "there is no resource line", id="operation-resource"),
    pytest.param(CONTRACT, "id: sixth-v1", "id: fifth-v1", "x-tmf-api.id is not the name of the folder", id="wrong-api-id"),
    pytest.param(REGISTER, "kind: client-id", "kind: clientid", '"clientid" is not one of', id="register-form"),
    pytest.param(REGISTER, "SIXTH-LIST-002", "SIXTH-LIST-001", "SIXTH-LIST-001 is there 2 times", id="repeated-id"),
    pytest.param(REGISTER, "operation: unregisterListener", "operation: removeListener", "the contract has no operation or event removeListener", id="unknown-operation"),
    pytest.param(REGISTER, "scenario: created-is-readable", "scenario: created-is-red", "there is no scenario created-is-red", id="unknown-scenario"),
    pytest.param(REGISTER, "    errata: [SIXTH-E01]\n", "    errata: [SIXTH-E09]\n", "there is no erratum SIXTH-E09", id="unknown-erratum"),
    pytest.param(REGISTER, "type: Reporter, line", "type: Person, line", "Ticket.reporter has the unknown type Person", id="unknown-type"),
    pytest.param(ERRATA, TOLERATED, said("{says: sends, at: /headline, type: string}"), "SIXTH-E01: there is no attribute /headline", id="statement-pointer"),
    pytest.param(ERRATA, TOLERATED, said("{says: never-sends, at: /id, operations: [createTicked]}"), "SIXTH-E01: the contract has no operation createTicked", id="statement-operation"),
    pytest.param(ERRATA, TOLERATED, said("{says: never-sends, at: /id, except: [clientid]}"), "SIXTH-E01: no row has the id, the kind or the scenario clientid", id="statement-row"),
    pytest.param(ERRATA, TOLERATED, said("{says: tries, at: /title, names: [title, tytle]}"), "SIXTH-E01: tytle is no other name of /title", id="statement-name"),
    pytest.param(ERRATA, TOLERATED, said("{says: sends, at: /title}"), "/errata/0/kit/0: ", id="statement-of-nothing"),
    pytest.param(ERRATA, TOLERATED, said("{says: sends, at: /title, typ: string}"), "/errata/0/kit/0/typ: no key 'typ' may stand here", id="statement-key"),
    pytest.param(ERRATA, TOLERATED, said("{says: shouts}"), '"shouts" is not one of', id="statement-word"),
    pytest.param(SAMPLE, '"shows": "request"', '"shows": "query"', '/shows: "query" is not one of', id="sample-form"),
    pytest.param(SAMPLE, '"Ticket_Create"', '"Ticket_Made"', "the contract has no component Ticket_Made", id="sample-schema"),
    pytest.param(SAMPLE, '"title": "No dial tone", ', "", 'the sample is not valid: "title" is a required property', id="invalid-sample"),
    pytest.param(REFUSED, '"pointer": "/state"', '"pointer": "/title"', "the sample is said to be refused at /title; it is invalid at /state", id="refused-elsewhere"),
    pytest.param(REFUSED, '"state": 1', '"state": "open"', "the sample is said to be refused at /state; it is invalid at no place", id="refused-and-valid"),
]  # fmt: skip


def messages(specs: Path) -> list[str]:
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(("name", "old", "new", "message"), CASES)
def test_a_problem_is_refused(specs: Path, edit: Edit, name: str, old: str, new: str, message: str) -> None:
    edit(name, old, new)
    assert any(message in found for found in messages(specs)), messages(specs)


def test_all_problems_of_a_pass_are_given_sorted_with_file_line_and_remedy(specs: Path, edit: Edit) -> None:
    edit(SAMPLE, '"title": "No dial tone", ', "")
    edit(CONTRACT, "examples: [2, 4]", "examples: [2, 9]")
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    line = (specs / "sixth-v1" / CONTRACT).read_text().split("examples: [2, 9]")[0].count("\n") + 1
    assert str(caught.value).splitlines() == [
        f"specs/sixth-v1/openapi.yaml:{line}: the example is not valid: 9 is greater than the maximum of 5. Mend the example or the schema.",
        'specs/sixth-v1/samples/01-open-request.json:7: the sample is not valid: "title" is a required property. '
        "Repair it, or name the erratum under refused.",
    ]


MISSPELT = [
    (CONTRACT, "      operationId: createQueue\n", "operationID", "OpenAPI 3.1.0 has the rule."),
    (CONTRACT, "              minimum: 1\n", "mnimum", "Did you mean minimum."),
    (CONTRACT, "x-tmf-default: 3", "x-tmf-defualt", "specs/README.md lists the keys."),
    (REGISTER, "    kind: client-id\n", "knid", "specs/requirements.schema.json says what may stand here."),
]


@pytest.mark.parametrize(("name", "old", "misspelt", "remedy"), MISSPELT, ids=[case[2] for case in MISSPELT])
def test_misspelt_key_is_named_in_one_line_with_its_own_place(
    specs: Path, edit: Edit, name: str, old: str, misspelt: str, remedy: str
) -> None:
    edit(name, old, f"{old.partition(old.strip())[0]}{misspelt}:{old.partition(':')[2]}")
    line = (specs / "sixth-v1" / name).read_text().split(f"{misspelt}:")[0].count("\n") + 1
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    [said] = [each for each in str(caught.value).splitlines() if f"'{misspelt}'" in each]
    assert said.startswith(f"specs/sixth-v1/{name}:{line}: ")
    assert said.endswith(remedy)
    assert len(said) < 200


def test_a_missing_file_is_refused(specs: Path) -> None:
    (specs / "sixth-v1" / REGISTER).unlink()
    assert messages(specs) == ["the file is missing"]


def test_a_folder_without_contracts_is_refused(specs: Path) -> None:
    (specs / "sixth-v1" / CONTRACT).unlink()
    assert messages(specs) == ["no folder has an openapi.yaml"]
