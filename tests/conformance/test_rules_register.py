"""The records of rules/, the schema of registers and the tables of specs/README.md say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from tmfkit_conformance.rules.members import Condition, Member, Nothing, Part
from tmfkit_conformance.rules.register import KINDS, SCENARIOS, rule_of
from tmfkit_conformance.rules.rule import Rule
from tmfkit_models import contracts
from tmfkit_models.contracts import Kind, Requirement

SPECS = Path(__file__).parents[2] / "specs"
DEFINED: dict[str, Any] = json.loads((SPECS / "requirements.schema.json").read_text(encoding="utf-8"))["$defs"]
README = (SPECS / "README.md").read_text(encoding="utf-8")
RULES: list[Rule[Any, Any]] = [
    *(kind for kind in KINDS.values() if kind.name != "scenario"), *SCENARIOS.values()
]  # fmt: skip
PLACES = ("given", "expect")
EVERY = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.label))


def table(heading: str) -> dict[str, dict[str, str]]:
    """Return a table of the README: name in its first column → heading → cell."""
    head, _, *rows = (heading + README.split(heading)[1].split("\n\n")[0]).splitlines()
    names = [cell.strip() for cell in head.split("|")[1:-1]]
    cells = ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows)
    return {one[0].strip("`"): dict(zip(names, one, strict=True)) for one in cells}


KIND_TABLE, SCENARIO_TABLE = table("| kind |"), table("| scenario |")


def branch(rule: Rule[Any, Any]) -> dict[str, Any]:
    """Return what the schema says of a rule; a scenario without a branch takes neither given nor expect."""
    name = f"{'scenario' if rule.label != rule.name else 'kind'}-{rule.name}"
    return dict(DEFINED.get(name, {"properties": {"given": False, "expect": False}}))


def resolved(schema: Any) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = DEFINED[schema["$ref"].rpartition("/")[2]]
    return schema


def required_in(whole: dict[str, Any], place: str) -> set[str]:
    """Return the members of a place that a row which is settled has to have."""
    stands = whole["properties"].get(place)
    found = set(resolved(stands).get("required", ())) if isinstance(resolved(stands), dict) else set()
    then = whole.get("then", {})
    return found | set(then.get("properties", {}).get(place, {}).get("required", ()))


def may_lack(whole: dict[str, Any], place: str) -> bool:
    return place not in {*whole.get("required", ()), *whole.get("then", {}).get("required", ())}


@EVERY
@pytest.mark.parametrize("place", PLACES)
def test_schema_takes_what_the_record_takes(rule: Rule[Any, Any], place: str) -> None:
    whole, part = branch(rule), getattr(rule, place)
    schema = resolved(whole["properties"][place])
    if part.shape is Nothing:
        assert schema is False
        return
    assert may_lack(whole, place) == (bool(part.absence) or not any(one.is_required for one in part.members))
    if part.shape.text:
        [member] = part.members
        assert set(schema["enum"]) == set(member.words)
        return
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {member.name for member in part.members}
    assert required_in(whole, place) == {member.name for member in part.members if member.is_required}
    for member in part.members:
        assert_same_values(resolved(schema["properties"][member.name]), member)


def assert_same_values(schema: dict[str, Any], member: Member) -> None:
    assert set(schema.get("enum", ())) == set(member.words)
    is_of_texts = isinstance(schema.get("items"), dict) and resolved(schema["items"]).get("type") == "string"
    kinds = {"string": "text", "boolean": "truth", "array": "texts" if is_of_texts else "list"}
    assert member.words or kinds.get(schema.get("type", ""), "any") == member.type


@EVERY
@pytest.mark.parametrize("place", PLACES)
def test_table_says_what_the_record_takes(rule: Rule[Any, Any], place: str) -> None:
    rows = KIND_TABLE if rule.label == rule.name else SCENARIO_TABLE
    cell = rows.get(rule.name, {"given": "", "expect": ""})[place]
    part: Part[Any] = getattr(rule, place)
    if part.shape is Nothing:
        assert cell == ""
    elif part.shape is Condition:
        assert cell == ("condition, or nothing" if part.absence else "condition")
    elif part.shape.text:
        assert set(re.findall("`([^`]+)`", cell)) == set(part.members[0].words)
    else:
        said = {each.partition(":")[0].strip("` "): each for each in cell.split("; ")}
        assert set(said) == {member.name for member in part.members}
        for member in part.members:
            words = set(re.findall("`([^`:]+)`", said[member.name].partition(", with ")[0].partition(":` ")[2]))
            assert (words & set(member.words) if member.words else set()) == set(member.words)
            is_optional = "or nothing" in said[member.name] or ", with " in said[member.name]
            assert is_optional != member.is_required


def test_tables_and_literals_name_every_kind_and_no_other() -> None:
    assert set(KIND_TABLE) == set(KINDS) == set(get_args(Kind))
    assert {name for name in SCENARIO_TABLE if name in SCENARIOS} == set(SCENARIO_TABLE)


def test_what_no_row_uses_is_named_with_the_reason() -> None:
    listed = {name.removesuffix("` of a condition") for name in table("| used by no row |")}
    settled = [row for api in contracts.apis() for row in contracts.load(api).requirements if not row.reason]
    scenarios = set(SCENARIOS) - {row.scenario for row in settled}
    used = {one for row in settled for place in PLACES for one in words_of(rule_of(row), row, place)}
    taken = {one for rule in RULES for place in PLACES for one in words_taken(rule, place)}
    assert set(KINDS) == {row.kind for row in settled}
    assert listed == scenarios | {word for _, word in taken - used if not word.startswith("tolerate")}


def words_of(rule: Rule[Any, Any], row: Requirement, place: str) -> set[tuple[str, str]]:
    """Return the names of the members that a row has, and their values that are of a closed list."""
    said = getattr(row, place)
    words = {said} if isinstance(said, str) else {*said, *(each for each in said.values() if isinstance(each, str))}
    return {(owner(rule, place), word) for word in words}


def words_taken(rule: Rule[Any, Any], place: str) -> set[tuple[str, str]]:
    """Return the names of the members that rows may have, and the values of closed lists."""
    members = getattr(rule, place).members
    names = {member.name for member in members} if not getattr(rule, place).shape.text else set()
    return {(owner(rule, place), word) for word in names | {word for member in members for word in member.words}}


def owner(rule: Rule[Any, Any], place: str) -> str:
    """Return what a word belongs to; a condition is the same wherever it stands."""
    return "condition" if getattr(rule, place).shape is Condition else f"{rule.label} {place}"
