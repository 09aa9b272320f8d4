"""Servers that select, filter, sort or page wrongly."""

from __future__ import annotations

import re
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.rules.queries import (
    FIELDS,
    FIELDS_WHOLE_ATTRIBUTE,
    FIELDS_WITH_FILTER,
    FILTER,
    FILTER_BY_DAY,
    FILTER_LOOSE,
    FILTER_WITHOUT_MATCH,
    FILTERS_COMBINE,
    PAGING,
    SORT,
)
from tmfkit_conformance.selftest.breaks.registry import Break, answering, asking, breaks, instead
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target
from tmfkit_models.contracts import Requirement

__all__: list[str] = []

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NO_FILTERS = frozenset({"fields", "sort", "offset", "limit", "filter"})


def _selected(call: Call) -> list[str]:
    return [name for key, value in call.parameters if key == "fields" for name in value.split(",")]


@breaks(FIELDS)
def fields(target: Target) -> Break:
    """The selection ignored: the row's own, or that of one attribute where the row is about every attribute."""
    if target.subject == "*":
        chosen = {_left_to_every(target)}
    else:
        chosen = {target.attribute, *(pointers.parts(also)[0] for also in FIELDS.expect_of(target.row).also)}

    def change(call: Call, _history: History) -> Call:
        is_it = target.is_own(call) and call.names == {"fields"} and set(_selected(call)) == chosen
        return call.without_parameters("fields") if is_it else call

    return asking(f"ignores fields={','.join(sorted(chosen))} in {target.row.operation}", change)


@breaks(FIELDS)
def selects_null(target: Target) -> Break | None:
    """Null in the place of what was selected."""
    if target.subject != "*":
        return None
    chosen = _left_to_every(target)

    def without_value(member: Any) -> Any:
        return {**member, chosen: None} if isinstance(member, dict) and chosen in member else member

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if not target.is_own(call) or not answer.is_success or set(_selected(call)) != {chosen}:
            return answer
        found = answer.json
        nulled = [without_value(member) for member in found] if isinstance(found, list) else without_value(found)
        return answer.with_json(nulled)

    return answering(f"gives null for {chosen} when it is selected in {target.row.operation}", change)


@breaks(FIELDS)
def selects_no_objects(target: Target) -> Break | None:
    """Objects and arrays left out, when they are selected, that a small record has not."""
    if target.subject != "*":
        return None
    small = target.payloads.with_attribute(plain_attributes(target.contract, target.resource)[0])
    large = {
        name for name, value in target.payloads.full(1).items() if name not in small and isinstance(value, (dict, list))
    }

    def less(member: Any) -> Any:
        return (
            {name: value for name, value in member.items() if name not in large} if isinstance(member, dict) else member
        )

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if not target.is_own(call) or not answer.is_success or not set(_selected(call)) & large:
            return answer
        found = answer.json
        return answer.with_json([less(member) for member in found] if isinstance(found, list) else less(found))

    return answering(f"leaves objects and arrays out of a selection in {target.row.operation}", change)


def _left_to_every(target: Target) -> str:
    """Return an attribute of a small body that no other requirement selects; where others select all, any."""
    of_others = {row.subject for row in target.contract.requirements if row.operation == target.row.operation}
    small = target.payloads.with_attribute(plain_attributes(target.contract, target.resource)[0])
    return max(small, key=lambda name: (f"/{name}" not in of_others, name))


@breaks(FILTER)
def filter_(target: Target) -> Break:
    """Nothing found where the condition of the row is met by something."""
    expected = FILTER.expect_of(target.row)
    form = expected.form or ""
    filters = [row for row in target.contract.requirements if (row.kind, row.reason) == (FILTER.name, "")]
    of_others = {_parameter(row) for row in filters if row.operation == target.row.operation} | {"id"}

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if not target.is_own(call) or not answer.is_success or len(call.names) != 1 or call.names & _NO_FILTERS:
            return answer
        [name] = call.names
        is_meant = name not in of_others if target.subject == "*" else name == _parameter(target.row)
        return answer.with_json([]) if is_meant and _form(call) == form else answer

    what = f"{target.subject} {expected.operator} {form}".strip()
    return answering(f"finds nothing with the filter {what} in {target.row.operation}", change)


@breaks(FILTER)
def looks_at_the_first_member(target: Target) -> Break | None:
    """Of a list within a record, its first member alone held against the condition of the row."""
    path, star, rest = target.subject.partition("/*")
    if not star or FILTER.expect_of(target.row).operator != "eq":
        return None

    def is_met(record: Any, wanted: set[str]) -> bool:
        return str(pointers.get(record, f"{path}/0{rest}")) in wanted

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        wanted = {value for name, value in call.parameters if name == _parameter(target.row)}
        if not target.is_own(call) or not wanted or not isinstance(answer.json, list):
            return answer
        return answer.with_json([record for record in answer.json if is_met(record, wanted)])

    return answering(f"looks at the first member of {path} alone in a filter of {target.row.operation}", change)


def _parameter(row: Requirement) -> str:
    """Return the query parameter that a filter row speaks of."""
    operator = FILTER.expect_of(row).operator
    path = ".".join(part for part in pointers.parts(row.subject) if part != "*")
    return path if operator == "eq" else f"{path}.{operator}"


def _form(call: Call) -> str:
    if len(call.parameters) > 1:
        return "or-repeat"
    return "or-comma" if "," in call.parameters[0][1] else ""


@breaks(SORT)
def sort(target: Target) -> Break:
    """Sorting ignored; a failure where ignoring it says that it is not offered."""
    if target.row.level == "may":
        return instead(
            f"fails to sort in {target.row.operation}",
            lambda call, _history: answered(500, {}) if target.is_own(call) and "sort" in call.names else None,
        )

    def change(call: Call, _history: History) -> Call:
        return call.without_parameters("sort") if target.is_own(call) else call

    return asking(f"ignores sort in {target.row.operation}", change)


@breaks(PAGING)
def paging(target: Target) -> Break:
    """A page that is no array."""
    name = target.subject.lstrip("/")

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_page = target.is_own(call) and answer.is_success and name in call.names
        return answer.with_json({"items": answer.json}) if is_page else answer

    return answering(f"answers {target.row.operation} with an object around the array when {name} is sent", change)


@breaks(FILTERS_COMBINE)
def second_condition(target: Target) -> Break:
    """The second condition ignored; a failure where ignoring it says that it is not offered."""

    def is_it(call: Call) -> bool:
        return target.is_own(call) and len(call.names - _NO_FILTERS) > 1

    if target.row.level == "may":
        return instead(
            f"fails at two conditions in {target.row.operation}",
            lambda call, _history: answered(500, {}) if is_it(call) else None,
        )
    return asking(
        f"ignores the second of two conditions in {target.row.operation}",
        lambda call, _history: call.without_parameters(call.parameters[-1][0]) if is_it(call) else call,
    )


@breaks(FILTER_WITHOUT_MATCH)
def no_match(target: Target) -> Break:
    """404 where a filter finds nothing; a failure where an erratum tolerates that."""
    wrong = 500 if "404" in FILTER_WITHOUT_MATCH.expect_of(target.row).tolerate else 404

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_it = target.is_own(call) and answer.json == [] and bool(call.names - _NO_FILTERS)
        return answered(wrong, {"code": "60", "reason": "nothing found"}) if is_it else answer

    return answering(f"answers {target.row.operation} with {wrong} when the filter finds nothing", change)


@breaks(FIELDS_WITH_FILTER)
def selection_beside_filter(target: Target) -> Break:
    """The selection ignored beside a filter."""

    def change(call: Call, _history: History) -> Call:
        is_it = target.is_own(call) and "fields" in call.names and len(call.names) > 1
        return call.without_parameters("fields") if is_it else call

    return asking(f"ignores fields beside a filter in {target.row.operation}", change)


@breaks(FIELDS_WHOLE_ATTRIBUTE)
def part_of_attribute(target: Target) -> Break:
    """A part of the attribute given when it is selected."""
    name = target.attribute

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        whole = answer.json.get(name) if isinstance(answer.json, dict) else None
        if not target.does(call, "retrieve") or _selected(call) != [name] or whole is None:
            return answer
        part = dict(list(whole.items())[:-1]) if isinstance(whole, dict) else whole[:-1]
        return answer.with_json({**answer.json, name: part})

    return answering(f"gives a part of {target.subject} when it is selected", change)


@breaks(FILTER_BY_DAY, FILTER_LOOSE)
def unusual_value(target: Target) -> Break:
    """A failure at a bare day, or at a value in quotes."""

    def is_it(value: str) -> bool:
        return bool(_DAY.fullmatch(value)) if target.row.scenario == FILTER_BY_DAY.name else value.startswith('"')

    def failure(call: Call, _history: History) -> Answer | None:
        is_filtered = target.is_own(call) and any(is_it(value) for _, value in call.parameters)
        return answered(500, {}) if is_filtered else None

    what = "a bare day" if target.row.scenario == FILTER_BY_DAY.name else "a value in quotes"
    return instead(f"fails at {what} in a filter of {target.row.operation}", failure)
