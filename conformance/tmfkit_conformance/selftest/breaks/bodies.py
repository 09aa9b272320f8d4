"""Servers that answer with a body of the wrong form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import is_free_text
from tmfkit_conformance.rules.answers import BODY, BodyForm
from tmfkit_conformance.selftest.breaks.registry import Break, answering, breaks
from tmfkit_conformance.selftest.calls import Answer, Call
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target

__all__ = ["with_fault"]

_Change = Callable[[Target, Call, Any, History], Any]
_WRONG = {"string": 7, "integer": "seven", "number": "seven", "boolean": "yes", "array": 7, "object": 7}


@breaks(BODY)
def body(target: Target) -> Break:
    """The answer of the operation in another form than the row asks for."""
    form = BODY.expect_of(target.row).form
    words, spoil = _FORMS[form]

    def change(call: Call, answer: Answer, history: History) -> Answer:
        if not target.is_own(call) or not answer.is_success or call.query:
            return answer
        if form == "empty":
            # HTTP gives a 204 no body, so the status has to change with it.
            return answer.with_status(200).with_header("Content-Type", "application/json").with_json({"done": True})
        return answer.with_json(spoil(target, call, answer.json, history))

    return answering(f"answers {target.row.operation} {words.format(target.subject)}", change)


def with_fault(target: Target, component: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with a value of the wrong type, in an attribute that nothing else looks at if there is one."""
    contract = target.contract
    schemas = {name: contract.resolve(schema) for name, schema in contract.attributes(component).items()}
    fit = [name for name, schema in schemas.items() if _wrong(schema) is not None and name not in ("id", "href")]
    unseen = [name for name in fit if value.get(name) is None]
    name = (unseen or fit)[-1]
    return {**value, name: _wrong(schemas[name])}


def _wrong(schema: Any) -> Any:
    kind = schema.get("type")
    return None if "x-tmf-tolerated" in schema or not isinstance(kind, str) else _WRONG.get(kind)


def _members(change: _Change) -> _Change:
    """Apply a change to every member of a list, or to the one object."""

    def each(target: Target, call: Call, value: Any, history: History) -> Any:
        if isinstance(value, list):
            return [change(target, call, member, history) for member in value]
        return change(target, call, value, history)

    return each


def _schema(target: Target, call: Call, value: Any, history: History) -> Any:
    made = history.made.get(call.identifier)
    if call.action == "retrieve" and not (made and target.is_full(made.sent)):
        return value
    return with_fault(target, target.operation.response_schema or target.resource.schema, value)


def _other_id(_target: Target, call: Call, value: Any, history: History) -> Any:
    is_read_before = call.action == "retrieve" and call.identifier in history.last_shown
    return value if is_read_before else {**value, "id": f"{value['id']}-other"}


def _other_text(target: Target, call: Call, value: Any, _history: History) -> Any:
    """Change a text that was sent; leave it out where there is none that may be any text."""
    attributes = target.contract.attributes(target.operation.response_schema or target.resource.schema)
    sent = [name for name in call.json if name in value]
    texts = [name for name in sent if name in attributes and is_free_text(target.contract.resolve(attributes[name]))]
    if texts:
        return {**value, texts[-1]: f"{value[texts[-1]]}, changed"}
    return {name: member for name, member in value.items() if name != sent[-1]}


def _part(target: Target, call: Call, value: Any, history: History) -> Any:
    """Leave out an attribute, one that the server made itself if there is one."""
    made = history.made.get(call.identifier)
    if call.action == "retrieve" and not (made and target.is_full(made.sent)):
        return value
    sent = made.sent if made else call.json
    own = [name for name in value if name not in sent and name not in ("id", "href")]
    left_out = own[-1] if own else [name for name in value if name != "id"][-1]
    return {name: member for name, member in value.items() if name != left_out}


def _without(target: Target, _call: Call, value: Any, _history: History) -> Any:
    return pointers.without(value, target.subject)


_FORMS: dict[BodyForm, tuple[str, _Change]] = {
    "array": ("with an object around the array", lambda _target, _call, value, _history: {"items": value}),
    "object": ("with an array around the object", lambda _target, _call, value, _history: [value]),
    "empty": ("with 200 and a body", _without),
    "schema": ("with an attribute of the wrong type", _members(_schema)),
    "same-id": ("with another id", _other_id),
    "own-href": (
        "with an href that ends in something else",
        _members(lambda _target, _call, value, _history: {**value, "href": f"{value.get('href')}/self"}),
    ),
    "echo": ("with another value than the one sent", _other_text),
    "whole": ("with a part of the resource", _part),
    "present": ("without {}", _without),
}
"""Form → what a server does wrong, and the wrong body made of the right one; the braces stand for the subject."""
