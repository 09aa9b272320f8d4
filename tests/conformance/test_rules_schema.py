"""What a row may say: the records of ``rules/`` and the schema of the register are one thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tmfkit_conformance.rules.members import Part
from tmfkit_conformance.rules.register import KINDS, SCENARIO, SCENARIOS
from tmfkit_conformance.rules.rule import Rule

SCHEMA = json.loads((Path(__file__).parents[2] / "specs" / "requirements.schema.json").read_text(encoding="utf-8"))
DEFS = SCHEMA["$defs"]
CLOSED = {name.removeprefix("scenario-") for name in DEFS if name.startswith("scenario-")}

Said = Mapping[str, tuple[bool, frozenset[str]]]
"""Member of a place → whether it has to be there, and the words that it is one of; none where they are not listed."""


def resolved(schema: Any) -> Any:
    return DEFS[schema["$ref"].removeprefix("#/$defs/")] if isinstance(schema, dict) and "$ref" in schema else schema


def words(schema: Any) -> frozenset[str]:
    return frozenset(resolved(schema).get("enum", ()))


def of_schema(place: Any, needed: Mapping[str, Any]) -> Said:
    """Return what a place of a branch may have; *needed* is what a row without ``reason`` has to have there."""
    place = resolved(place)
    if place is False:
        return {}
    if "enum" in place:
        return {"": (True, frozenset(place["enum"]))}
    required = {*place.get("required", ()), *needed.get("required", ())}
    return {name: (name in required, words(member)) for name, member in place["properties"].items()}


def of_record(part: Part[Any]) -> Said:
    said = {each.name: (each.is_required, frozenset(each.words)) for each in part.members}
    return {"": next(iter(said.values()))} if part.shape.text else said


def branches(rule: Rule[Any, Any], branch: Mapping[str, Any]) -> tuple[Said, Said, bool, Said, Said, bool]:
    settled = branch.get("then", branch)
    given, expect = branch["properties"]["given"], branch["properties"]["expect"]
    needed = settled.get("properties", {}).get("expect", {})
    is_optional = given is not False and "given" not in settled.get("required", ())
    return (
        of_schema(given, {}), of_schema(expect, needed), is_optional,
        of_record(rule.given), of_record(rule.expect), bool(rule.given.absence),
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name] is not SCENARIO])
def test_row_of_a_kind_may_say_what_the_schema_says(name: str) -> None:
    given, expect, is_optional, own_given, own_expect, may_be_absent = branches(KINDS[name], DEFS[f"kind-{name}"])
    assert (own_given, own_expect, may_be_absent) == (given, expect, is_optional)


@pytest.mark.parametrize("name", SCENARIOS)
def test_row_of_a_scenario_may_say_what_the_schema_says(name: str) -> None:
    if name not in CLOSED:
        assert (of_record(SCENARIOS[name].given), of_record(SCENARIOS[name].expect)) == ({}, {})
        return
    given, expect, is_optional, own_given, own_expect, may_be_absent = branches(
        SCENARIOS[name], DEFS[f"scenario-{name}"]
    )
    assert (own_given, own_expect, may_be_absent) == (given, expect, is_optional)


def test_kinds_and_closed_scenarios_are_those_of_the_schema() -> None:
    assert set(KINDS) == set(DEFS["requirement"]["properties"]["kind"]["enum"])
    assert set(SCENARIOS) >= CLOSED
