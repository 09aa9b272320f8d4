"""Servers that answer with a wrong status, header or media type."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from tmfkit_conformance.rules.answers import ACCEPT, CONSUMES, HEADER, PRODUCES, STATUS, Situation
from tmfkit_conformance.selftest.breaks.registry import Break, answering, breaks, instead
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []

_Condition = Callable[[Target, Call, Answer, History], bool]


def _is_done(target: Target, _call: Call, answer: Answer, _history: History) -> bool:
    # A page is answered 206, which is a row of its own.
    return answer.is_success and (answer.status != 206 or target.subject == "206")


def _is_malformed(_target: Target, call: Call, _answer: Answer, _history: History) -> bool:
    return bool(call.body) and call.json is None and call.body.strip() != b"null"


def _lacks_mandatory(target: Target, call: Call) -> bool:
    required = target.contract.required(target.operation.request_schema)
    return isinstance(call.json, dict) and not set(required) <= set(call.json)


_GIVEN: dict[Situation, _Condition] = {
    "valid": _is_done,
    "malformed-body": _is_malformed,
    "missing-mandatory": lambda target, call, _answer, _history: _lacks_mandatory(target, call),
    "wrong-type": lambda target, call, answer, _history: (
        call.json is not None and not answer.is_success and not _lacks_mandatory(target, call)
    ),
    "bad-query": lambda _target, call, answer, _history: bool(call.query) and not answer.is_success,
    "unknown-id": lambda _target, call, _answer, history: not _is_known(call.identifier, history),
    "deleted": lambda _target, call, answer, history: _is_known(call.identifier, history) and not answer.is_success,
    "repeated": lambda _target, _call, answer, _history: answer.status == 409,
}
"""Condition of a ``status`` row → whether an answer was given under it."""


def _is_known(identifier: str, history: History) -> bool:
    return identifier in {**history.made, **history.listeners, **history.removed}


@breaks(STATUS)
def status(target: Target) -> Break:
    """Another status of the same class under the condition of the row; 200 where only a part was given."""
    situation = STATUS.given_of(target.row).situation
    right = {target.subject, *STATUS.expect_of(target.row).tolerate}
    others = ("200",) if target.subject == "206" else ("202", "203") if target.subject < "400" else ("410", "422")
    wrong = next(code for code in others if code not in right)

    def change(call: Call, answer: Answer, history: History) -> Answer:
        if target.is_own(call) and _GIVEN[situation](target, call, answer, history):
            return answer.with_status(int(wrong))
        return answer

    when = "" if situation == "valid" else f" ({situation.replace('-', ' ')})"
    return answering(f"answers {target.row.operation}{when} with {wrong} instead of {target.subject}", change)


@breaks(HEADER)
def header(target: Target) -> Break:
    """The header missing, or leading nowhere."""
    name, leads = target.subject, bool(HEADER.expect_of(target.row).leads_to)

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        value = answer.header(name)
        if not target.is_own(call) or not value:
            return answer
        return answer.with_header(name, f"{urlsplit(value).path}-elsewhere" if leads else "")

    return answering(f"answers {target.row.operation} with {name} {'leading nowhere' if leads else 'left out'}", change)


@breaks(PRODUCES)
def produces(target: Target) -> Break:
    """An answer that is declared plain text."""

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if target.is_own(call) and answer.is_success:
            return answer.with_header("Content-Type", "text/plain")
        return answer

    return answering(f"declares the answer to {target.row.operation} text/plain", change)


@breaks(ACCEPT)
def accept(target: Target) -> Break:
    """A refusal of the Accept header."""

    def refusal(call: Call, _history: History) -> Answer | None:
        return answered(406, {}) if target.is_own(call) and target.subject == call.header("Accept") else None

    return instead(f"answers {target.row.operation} with 406 to Accept: {target.subject} alone", refusal)


@breaks(CONSUMES)
def consumes(target: Target) -> Break:
    """A refusal of the media type; a failure where a refusal would say that the type is not offered."""
    wrong = 415 if target.row.level == "must" else 500

    def refusal(call: Call, _history: History) -> Answer | None:
        return answered(wrong, {}) if target.is_own(call) and call.media_type == target.subject else None

    return instead(f"answers {target.row.operation} with {wrong} to a body of type {target.subject}", refusal)
