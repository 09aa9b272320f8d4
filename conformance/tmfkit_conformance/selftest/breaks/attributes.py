"""Servers that lose, alter or do not make the attributes of what is created."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.rules.attributes import ATTRIBUTE, CLIENT_ID, DEFAULT, GENERATED, OPTIONAL, READ_ONLY, VALUES
from tmfkit_conformance.selftest.breaks.registry import Break, answering, asking, breaks, instead, remembering, showing
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []


@breaks(ATTRIBUTE)
def attribute(target: Target) -> Break:
    """The attribute missing when read back, where not every attribute was sent."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        is_sent = bool(pointers.select(made.sent, target.subject))
        return shown if not is_sent or made.changes or target.is_full(made.sent) else _without(shown, target.subject)

    return showing(target, f"loses {target.subject} of a {target.resource.name} created with some attributes", change)


@breaks(VALUES)
def values(target: Target) -> Break:
    """The last of the values reads back as another one, while a record with the value before it is there."""
    *before, value = VALUES.expect_of(target.row).values

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        made = target.reads(call, history)
        if made is None or not answer.is_success or made.changes or target.is_full(made.sent):
            return answer
        is_meant = pointers.get(made.sent, target.subject) == value and is_beside(made, history)
        return (
            answer.with_json(pointers.with_value(answer.json, target.subject, f"not {value}")) if is_meant else answer
        )

    def is_beside(made: CreatedResource, history: History) -> bool:
        others = (one for name, one in history.made.items() if name not in history.deleted)
        neighbours = [one.sent for one in others if one.number == made.number - 1]
        return not before or any(pointers.get(body, target.subject) == before[-1] for body in neighbours)

    return answering(f"keeps another value than {value!r} of {target.subject} beside one before it", changed)


@breaks(OPTIONAL)
def optional(target: Target) -> Break:
    """A create refused that differs from the one before in lacking the attribute."""

    def refusal(call: Call, history: History) -> Answer | None:
        last = history.last_call
        before = last.json if last is not None and target.is_own(last) else None
        if not target.is_own(call) or not isinstance(before, dict) or not isinstance(call.json, dict):
            return None
        is_lacking = set(before) - set(call.json) == {target.attribute} and set(call.json) < set(before)
        return answered(400, {"code": "20", "reason": "missing"}) if is_lacking else None

    return instead(f"refuses {target.row.operation} without {target.subject} after the same with it", refusal)


@breaks(DEFAULT)
def default(target: Target) -> Break:
    """The attribute missing when it was not sent."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        return shown if target.attribute in made.sent or made.changes else _without(shown, target.subject)

    return showing(target, f"gives {target.subject} no value when none is sent", change)


@breaks(CLIENT_ID)
def client_id(target: Target) -> Break:
    """The id of the client not used."""

    def change(call: Call, _history: History) -> Call:
        if not target.is_own(call) or not isinstance(call.json, dict):
            return call
        return call.with_json(_without(call.json, "/id"))

    return asking(f"gives an id of its own when {target.row.operation} sends one", change)


@breaks(READ_ONLY)
def read_only(target: Target) -> Break:
    """The client's value taken."""
    words = f"takes the value of {target.subject} that {target.row.operation} sends"

    def cleaned(call: Call) -> Call | None:
        is_sent = target.is_own(call) and bool(pointers.select(call.json, target.subject))
        return call.with_json(_without(call.json, target.subject)) if is_sent else None

    return remembering(target, words, cleaned)


@breaks(GENERATED)
def generated(target: Target) -> Break:
    """The value that the server is to make: missing, the same again, not moved on, or leading nowhere."""
    form = GENERATED.expect_of(target.row).form
    if form == "date-time" and target.row.level == "may":  # of what need not be made, what is made is no less one
        return _no_date(target)
    return {"unique": _same_id, "later": _stopped, "location": _nowhere}.get(form, _not_made)(target)


@breaks(GENERATED)
def leads_to_a_wrong_path(target: Target) -> Break | None:
    """An address at another host, whose path is not that of what was made."""
    if GENERATED.expect_of(target.row).form != "location":
        return None

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        href = pointers.get(answer.json, target.subject)
        if not target.is_own(call) or not answer.is_success or not isinstance(href, str):
            return answer
        wrong = f"https://gateway.example/elsewhere/{answer.identifier}"
        return answer.with_json(pointers.with_value(answer.json, target.subject, wrong))

    return answering(f"answers {target.row.operation} with {target.subject} at another host, with a wrong path", change)


def _no_date(target: Target) -> Break:
    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_made = target.is_own(call) and answer.is_success and not pointers.select(call.json, target.subject)
        if not is_made or not pointers.select(answer.json, target.subject):
            return answer
        return answer.with_json(pointers.with_value(answer.json, target.subject, "just now"))

    return answering(f"answers {target.row.operation} with {target.subject} 'just now'", change)


def _not_made(target: Target) -> Break:
    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if not target.is_own(call) or not answer.is_success or pointers.select(call.json, target.subject):
            return answer
        return answer.with_json(_without(answer.json, target.subject))

    return answering(f"answers {target.row.operation} without {target.subject}", change)


def _same_id(target: Target) -> Break:
    def change(call: Call, answer: Answer, history: History) -> Answer:
        last = history.last_call
        is_again = target.is_own(call) and last is not None and target.is_own(last) and last.json == call.json
        if not is_again or not answer.is_success:
            return answer
        shown = list(history.made.values())[-1].shown
        return answer.with_json({**answer.json, "id": shown.get("id")}).with_header("Location", "")

    return answering("gives the same id again when the same is created twice in a row", change)


def _stopped(target: Target) -> Break:
    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        before = pointers.get(made.shown, target.subject)
        if not made.changes or before is pointers.ABSENT:
            return shown
        return pointers.with_value(shown, target.subject, before)

    return showing(target, f"leaves {target.subject} as it was when something changes", change)


def _nowhere(target: Target) -> Break:
    def change(call: Call, answer: Answer, _history: History) -> Answer:
        href = pointers.get(answer.json, target.subject)
        if not target.is_own(call) or not answer.is_success or not isinstance(href, str):
            return answer
        before, _, last = href.rpartition("/")
        return answer.with_json(pointers.with_value(answer.json, target.subject, f"{before}/nowhere/{last}"))

    return answering(f"answers {target.row.operation} with {target.subject} leading nowhere", change)


def _without(value: dict[str, Any], pointer: str) -> dict[str, Any]:
    changed: dict[str, Any] = pointers.without(value, pointer)
    return changed
