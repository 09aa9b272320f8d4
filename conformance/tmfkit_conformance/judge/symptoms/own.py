"""Symptoms that only one kind of row looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tmfkit_conformance.judge.answered import asked
from tmfkit_conformance.judge.not_json import broken_token, not_json
from tmfkit_conformance.judge.rows import Rows
from tmfkit_conformance.judge.symptoms.form import Symptom, at, normal, seen, without_number
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.exchange import SOMEBODY_ELSES
from tmfkit_conformance.rules.answers import BODY, STATUS
from tmfkit_conformance.rules.attributes import ATTRIBUTE, GENERATED
from tmfkit_conformance.rules.queries import (
    FIELDS,
    FIELDS_WHOLE_ATTRIBUTE,
    FIELDS_WITH_FILTER,
    FILTER,
    FILTER_BY_DAY,
    FILTER_LOOSE,
    FILTER_WITHOUT_MATCH,
    FILTERS_COMBINE,
)
from tmfkit_conformance.rules.register import SCENARIOS
from tmfkit_conformance.rules.rule import Case

__all__ = ["no_json", "not_ours", "other_status", "told", "without_body"]

_OF_FILTERS: Final = frozenset(
    one.name for one in (FILTER, FILTER_WITHOUT_MATCH, FILTERS_COMBINE, FILTER_BY_DAY, FILTER_LOOSE, FIELDS_WITH_FILTER)
)
_OF_FIELDS: Final = frozenset({FIELDS.name, FIELDS_WHOLE_ATTRIBUTE.name})
_WRONG_TYPE: Final = re.compile(
    r"(?P<name>[\w@]+)(?:: (?P<value>\S+) is not of type| is (?P<other>\S+), which is no) \"?(?P<type>\w+)"
)
_TOO_FEW: Final = re.compile(r"\bd(?:id|oes) not give\b")
_OF_ONE_ATTRIBUTE: Final = frozenset({ATTRIBUTE.name, GENERATED.name})
_OPENING: Final = 3
"""Words with which a remark of a scenario says what is wrong; what follows are names of attributes and the like."""

_TEXT: Final = ("boolean", "integer", "number")


def not_ours(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that a create gave the id of somebody else's record, after which nothing more is written in a run."""
    if SOMEBODY_ELSES in verdict.remark:
        summary, last = verdict.remark.partition(";")[0], next(iter(seen(verdict, traces)[-1:]), None)
        yield at(last, ("not ours",), summary) if last else Symptom(("not ours",), summary)


def without_body(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that an answer has no body, where the row looked into it."""
    if case.requirement.kind not in (BODY.name, GENERATED.name, "produces"):
        return
    for exchange in seen(verdict, traces):
        bare = exchange.is_success and exchange.response is not None and not exchange.response.body
        if bare and exchange.request.method != "DELETE":
            place = asked(traces.contract, exchange)
            yield at(exchange, ("no body", exchange.operation), f"The answer {exchange.status} to {place} has no body")


def no_json(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that an answer is no JSON, where the row found none."""
    if "JSON" not in verdict.remark:
        return
    for exchange in seen(verdict, traces):
        response, operation = exchange.response, traces.operations.get(exchange.operation)
        has_body = response is not None and response.is_success and response.body.strip()
        if response and has_body and operation and operation.response_schema and not response.is_json:
            what = not_json(response, f"The answer to {asked(traces.contract, exchange).partition('?')[0]}")
            yield at(exchange, ("not JSON", broken_token(response)), what)


def other_status(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that an operation is answered with another success than the document's."""
    if case.requirement.kind not in (STATUS.name, BODY.name) or verdict.outcome is not Outcome.FAIL:
        return
    for exchange in seen(verdict, traces)[-1:]:
        operation = traces.operations.get(exchange.operation)
        is_other = operation and exchange.is_success and exchange.status != operation.success
        if operation and is_other and str(exchange.status) not in Rows(traces.contract).tolerated_statuses(operation):
            place, action = asked(traces.contract, exchange).partition("?")[0], operation.action.partition("-")[0]
            what = f"{place} is answered {exchange.status} instead of {operation.success}"
            yield at(exchange, ("status", action, str(exchange.status)), what)


def told(case: Case, verdict: Verdict, traces: Traces) -> Symptom:
    """Return what a row says itself; rows of one kind with one reason have it in common."""
    row, remark = case.requirement, without_number(verdict.remark)
    last = next(iter(seen(verdict, traces)[-1:]), None)
    key = _key(row.scenario or row.kind, row.subject, verdict.remark)
    return at(last, key, remark) if last else Symptom(key, remark)


def _key(name: str, subject: str, remark: str) -> tuple[str, ...]:
    """Return what is alike for rows that say the same."""
    if name in _OF_FIELDS or (name == FIELDS_WITH_FILTER.name and remark.startswith("The record ")):
        return ("fields",)  # the filter gave the one record that was asked for
    if name in _OF_FILTERS:
        return ("filters", "too few" if _TOO_FEW.search(remark) else "too many")
    if wrong := _WRONG_TYPE.search(remark):
        value = wrong["value"] or wrong["other"]
        if wrong["type"] in _TEXT and value[0] in "\"'":
            return ("kept otherwise", "text")
        return ("type", wrong["name"], wrong["type"])
    if ("href" in subject and ("missing" in remark or "None" in remark)) or remark.startswith("href is None"):
        return ("missing", "/href")
    reason = normal(remark)
    about = subject if name in _OF_ONE_ATTRIBUTE else ""
    return ("own", name, about, " ".join(reason.split()[:_OPENING]) if name in SCENARIOS else reason)
