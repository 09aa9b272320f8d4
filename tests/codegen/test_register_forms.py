"""What a row of the register may have: the schema, the tables of ``specs/README.md`` and what rows use are one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from tmfkit_codegen.errors import InputProblems
from tmfkit_codegen.inputs import Inputs, read_inputs
from tmfkit_codegen.runtime.contracts import Action, Kind, Level
from tmfkit_codegen.verified import verified

Edit = Callable[[str, str, str], None]
Json = Any

SPECS = Path(__file__).parents[2] / "specs"
REGISTER = "requirements.yaml"
SCHEMA = json.loads((SPECS / "requirements.schema.json").read_text())
DEFS = SCHEMA["$defs"]
ROW = DEFS["requirement"]["properties"]
KINDS = ROW["kind"]["enum"]
SCENARIOS = [name.removeprefix("scenario-") for name in DEFS if name.startswith("scenario-")]


def table(header: str) -> dict[str, list[str]]:
    """Return the table of the README under *header*: first cell of a row, without its quotes → the other cells."""
    lines = (SPECS / "README.md").read_text().splitlines()
    start = lines.index(header) + 2
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]
    return {cells[0].replace("`", ""): cells[1:] for cells in rows}


def word(schema: Json) -> str:
    """Return how the tables say what *schema* allows."""
    if "$ref" in schema:
        return word(DEFS[schema["$ref"].removeprefix("#/$defs/")])
    if "title" in schema:
        return str(schema["title"])
    if "enum" in schema:
        return "one of " + " ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`".replace('"/id"', "/id")
    if schema.get("type") == "boolean":
        return "`true` or `false`"
    return members(schema, schema["required"])


def members(schema: Json, required: list[str]) -> str:
    """Return how the tables say what an object may have, and with what else; `or nothing` where it may be absent."""
    said = []
    for name, member in schema["properties"].items():
        text = f"`{name}:` {word(member)}"
        if name in schema.get("else", {}).get("properties", {}):
            [(key, value)] = schema["if"]["properties"].items()
            text += f", with `{key}: {value['const']}`"
        said.append(text if name in required else f"{text}, or nothing")
    return "; ".join(said)


def columns(branch: Json) -> tuple[str, str]:
    """Return the cells `given` and `expect` of a kind or a scenario."""
    settled = branch.get("then", branch)
    given, expect = branch["properties"]["given"], branch["properties"]["expect"]
    required = settled.get("required", ())
    needed = settled.get("properties", {}).get("expect", {})
    needed = [*needed.get("required", ()), *needed.get("then", {}).get("required", ())] if "expect" in required else []
    said = "" if given is False else word(given) + ("" if "given" in required else ", or nothing")
    return said, "" if expect is False else members(expect, needed)


def operation(branch: Json) -> str:
    names = {"event": "event type", "*": "`*`"}
    return ", ".join(names.get(name, name) for name in branch["x-operation"])


def subject(branch: Json) -> str:
    found = branch.get("then", {}).get("properties", {}).get("subject", branch["properties"].get("subject"))
    return word(found)


KIND_TABLE = "| kind | operation | subject | given | expect | what is checked |"
SCENARIO_TABLE = "| scenario | given | expect |"


def test_every_kind_has_a_branch_and_a_row_of_the_table_and_no_other_has() -> None:
    branches = [name.removeprefix("kind-") for name in DEFS if name.startswith("kind-")]
    conditions = [branch["if"]["properties"]["kind"]["const"] for branch in DEFS["requirement"]["allOf"]]
    assert KINDS == branches == conditions == list(table(KIND_TABLE))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "scenario"])
def test_table_of_kinds_says_what_the_schema_says(kind: str) -> None:
    branch = DEFS[f"kind-{kind}"]
    *said, checked = table(KIND_TABLE)[kind]
    assert said == [operation(branch), subject(branch), *columns(branch)]
    assert checked


def test_table_of_kinds_leaves_given_and_expect_of_a_scenario_to_the_table_of_scenarios() -> None:
    assert table(KIND_TABLE)["scenario"][:4] == ["any, event type", "as the scenario has it", "see below", "see below"]
    assert operation(DEFS["kind-scenario"]) == "any, event type"


def test_table_of_scenarios_says_what_the_schema_says() -> None:
    *branches, others = DEFS["kind-scenario"]["allOf"]
    closed = [branch["if"]["properties"]["scenario"]["const"] for branch in branches]
    assert closed == others["if"]["properties"]["scenario"]["enum"] == SCENARIOS
    assert {name: tuple(cells) for name, cells in table(SCENARIO_TABLE).items()} == {
        name: columns(DEFS[f"scenario-{name}"]) for name in SCENARIOS
    }


@pytest.mark.parametrize("name", [name for name in DEFS if name.startswith(("kind-", "scenario-"))])
def test_branch_is_closed(name: str) -> None:
    if name == "kind-scenario":
        assert DEFS[name]["allOf"][-1]["else"] == {"properties": {"given": False, "expect": False}}
        return
    allowed = DEFS[name]["properties"]
    assert {"given", "expect"} <= allowed.keys()
    assert name.startswith("scenario-") or allowed["scenario"] is False
    for member in (allowed["given"], allowed["expect"]):
        closed = DEFS[member["$ref"].removeprefix("#/$defs/")] if isinstance(member, dict) and "$ref" in member else member  # fmt: skip
        assert closed is False or "enum" in closed or closed["additionalProperties"] is False


def test_words_of_the_bundled_contracts_are_those_of_the_schemas() -> None:
    vocabulary = json.loads((SPECS / "x-tmf.schema.json").read_text())["properties"]
    assert list(get_args(Kind)) == KINDS
    assert list(get_args(Level)) == ROW["level"]["enum"]
    assert list(get_args(Action)) == vocabulary["x-tmf-operation"]["properties"]["action"]["enum"]
    operations = {name for kind in KINDS for name in DEFS[f"kind-{kind}"]["x-operation"]}
    assert operations <= {*get_args(Action), "any", "event", "*"}


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return read_inputs(SPECS)


def unused(inputs: Inputs) -> Iterator[str]:
    """Yield the kinds, conditions, forms, operators and scenarios that no row of the registers uses."""
    rows = [row for api in inputs.apis for row in api.register.data["requirements"]]
    yield from set(KINDS) - {row["kind"] for row in rows}
    yield from inputs.scenarios.data.keys() - {row.get("scenario") for row in rows}
    given = [row["given"] for row in rows if "given" in row]
    yield from set(DEFS["kind-status"]["properties"]["given"]["enum"]) - {one for one in given if isinstance(one, str)}
    keys = {key for one in given if isinstance(one, dict) for key in one}
    yield from (f"{key} of a condition" for key in DEFS["condition"]["properties"].keys() - keys)
    for kind in KINDS:
        expect = DEFS[f"kind-{kind}"].get("properties", {}).get("expect") or {"properties": {}}
        of_kind = [row.get("expect", {}) for row in rows if row["kind"] == kind]
        for name, member in expect["properties"].items():
            yield from {name} - {key for one in of_kind for key in one} - {"tolerate"}
            yield from (value for value in member.get("enum", ()) if value not in [one.get(name) for one in of_kind])


def test_what_no_row_uses_is_listed_with_the_reason(inputs: Inputs) -> None:
    listed = table("| used by no row | why it is there |")
    assert sorted(listed) == sorted(unused(inputs))
    assert all(len(reason) > 10 for [reason] in listed.values())


FILTER = "    expect: {operator: eq}\n"
AUTH = "    subject: user\n    expect: {form: refused}\n"
LIST = "SIXTH-LIST-007 (filter)"
MENDED = "specs/requirements.schema.json says what may stand here."

CASES = [
    pytest.param(FILTER, "    given: {operator: gt}\n", [f"{LIST}, /given: no key 'given' may stand here", f"{LIST}: the key 'expect' is missing"], id="given-on-a-filter"),
    pytest.param(FILTER, "    expect: {form: or-comma}\n", [f"{LIST}, /expect: the key 'operator' is missing", f"{LIST}, /expect/form: no key 'form' may stand here"], id="filter-without-operator"),
    pytest.param(FILTER, "    expect: {operator: gt, form: or-comma}\n", [f"{LIST}, /expect/form: no key 'form' may stand here"], id="filter-with-a-form-that-only-eq-has"),
    pytest.param(FILTER, "    expect: {operator: ne}\n", [f"{LIST}, /expect/operator: \"ne\" is not one of"], id="unknown-operator"),
    pytest.param(FILTER, "    expect: {operator: eq, tolerate: [\"404\"]}\n", [f"{LIST}, /expect/tolerate: no key 'tolerate' may stand here"], id="tolerate-that-nobody-reads"),
    pytest.param(AUTH, "    subject: user\n    given: refused\n", ["SIXTH-DELETE-003 (auth), /given: no key 'given' may stand here", "SIXTH-DELETE-003 (auth): the key 'expect' is missing"], id="given-on-auth"),
    pytest.param(AUTH, "    subject: boss\n    expect: {form: refused}\n", ["SIXTH-DELETE-003 (auth), /subject: \"boss\" is not one of"], id="unknown-role"),
    pytest.param("    expect: {members: [id, href]}\n", "", ["SIXTH-POST-010 (any-of): the key 'expect' is missing"], id="any-of-without-members"),
    pytest.param("    given: {pointer: /kind, one-of: [fault]}\n", "    given: {pointer: /kind}\n", ["SIXTH-POST-009 (conditional), /given: {\"pointer\":\"/kind\"} has less than 2 properties"], id="condition-that-says-nothing"),
    pytest.param("    given: {pointer: /kind, one-of: [fault]}\n", "    given: {pointer: /kind, oneof: [fault]}\n", ["SIXTH-POST-009 (conditional), /given/oneof: no key 'oneof' may stand here"], id="misspelt-condition"),
    pytest.param("    given: {pointer: /kind, one-of: [fault]}\n", "    given: valid\n", ["SIXTH-POST-009 (conditional), /given: \"valid\" is not of type \"object\""], id="condition-that-is-a-word"),
    pytest.param("    scenario: created-is-readable\n", "    scenario: status-moves\n", ["(scenario status-moves): the key 'given' is missing"], id="scenario-without-given"),
    pytest.param("    scenario: created-is-readable\n", "    scenario: status-moves\n    given: {value: open}\n", ["(scenario status-moves), /given: the key 'values' is missing", "(scenario status-moves), /given/value: no key 'value' may stand here"], id="scenario-with-a-foreign-given"),
    pytest.param("    scenario: created-is-readable\n", "    scenario: created-is-readable\n    given: {values: [1]}\n", ["(scenario created-is-readable), /given: no key 'given' may stand here"], id="given-of-a-scenario-that-takes-none"),
    pytest.param("    scenario: created-is-readable\n", "    scenario: value-kept\n    given: {value: 1}\n    expect: {tolerate: [\"200\"]}\n", ["(scenario value-kept), /expect: no key 'expect' may stand here"], id="scenario-that-tolerates-nothing"),
    pytest.param("    kind: client-id\n", "    kind: client-id\n    scenario: full-create\n", ["SIXTH-QUEUE-006 (client-id full-create), /scenario: no key 'scenario' may stand here"], id="scenario-on-another-kind"),
    pytest.param("    kind: paging\n    operation: listTicket\n    subject: limit\n", "    kind: paging\n    operation: retrieveTicket\n    subject: limit\n", ["SIXTH-LIST-010: a row of kind paging is about list, not about retrieve"], id="operation-that-the-kind-is-not-about"),
    pytest.param("    reason: Only a server with more tickets than the page can show it.\n", "    reason: Only a server with more tickets than the page can show it.\n    expect: {form: array}\n", ["SIXTH-LIST-002 (status), /expect/form: no key 'form' may stand here"], id="foreign-member-beside-a-reason"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "messages"), CASES)
def test_row_with_a_foreign_or_a_missing_member_is_refused_with_its_line(
    specs: Path, edit: Edit, old: str, new: str, messages: list[str]
) -> None:
    edit(REGISTER, old, new)
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    said = str(caught.value).splitlines()
    assert len(said) == len(messages), said
    first, *rows = _rows(specs)
    for message in messages:
        [line] = [one for one in said if message in one]
        place, _, number = line.partition(": ")[0].rpartition(":")
        assert place == f"specs/sixth-v1/{REGISTER}"
        identifier = message.partition(":")[0].partition(" ")[0]
        if identifier.startswith("SIXTH"):
            [(start, end)] = [(start, end) for name, start, end in [first, *rows] if name == identifier]
            assert start <= int(number) < end, line


def test_row_that_nothing_settles_may_lack_what_the_others_must_have(specs: Path, edit: Edit) -> None:
    reason = "    reason: Nothing outside the server can settle this.\n"
    edit(REGISTER, FILTER, reason)
    edit(REGISTER, AUTH, f"    subject: user\n{reason}")
    edit(REGISTER, "    expect: {value: 3}\n", reason)
    assert verified(specs).apis[0].id == "sixth-v1"


def _rows(specs: Path) -> list[tuple[str, int, int]]:
    """Return the rows of the sixth register: id, first line, line after the last."""
    lines = (specs / "sixth-v1" / REGISTER).read_text().splitlines()
    starts = [number for number, line in enumerate(lines, 1) if line.startswith("  - id: ")]
    ends = [*starts[1:], len(lines) + 1]
    return [(lines[start - 1].removeprefix("  - id: "), start, end) for start, end in zip(starts, ends, strict=True)]
