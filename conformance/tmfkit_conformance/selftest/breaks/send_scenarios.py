"""Servers that send messages wrongly."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.rules.sending import (
    CONDITION_BY_THE_SEND,
    CONTENT_TYPE_WITHOUT_BODY,
    CREATE_DOES_NOT_SEND,
    SEND_COMPLETES,
    SEND_EMPTY_BODY,
    SEND_IS_NOT_AN_ID,
    SEND_KEEPS_TOKENS,
    SEND_NEW,
    SEND_STORED,
    SEND_WITH_VALUE,
    SEND_WITHOUT_MESSAGE,
    SEND_WITHOUT_RECEIVER,
)
from tmfkit_conformance.selftest.breaks.refusals import filled
from tmfkit_conformance.selftest.breaks.registry import Break, answering, asking, breaks, instead, showing
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []


@breaks(SEND_NEW, SEND_STORED)
def not_found(target: Target) -> Break:
    """404 where a message is to be sent."""
    return instead(
        f"answers {target.row.operation} with 404",
        lambda call, _history: answered(404, {}) if target.is_own(call) else None,
    )


@breaks(SEND_IS_NOT_AN_ID)
def takes_it_for_an_id(target: Target) -> Break:
    """The last segment of the path taken for the id of a message."""

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_sent = target.is_own(call) and answer.is_success and isinstance(answer.json, dict)
        return answer.with_json({**answer.json, "id": call.path.rpartition("/")[2]}) if is_sent else answer

    return answering("takes the last segment of the path of a send for the id of the message", change)


@breaks(SEND_WITHOUT_MESSAGE)
def sends_nothing(target: Target) -> Break:
    """Nothing sent, and success answered."""

    def answer(call: Call, _history: History) -> Answer | None:
        return answered(target.operation.success, {}) if target.is_own(call) and not call.body else None

    return instead(f"answers {target.row.operation} with success when there is no message", answer)


@breaks(SEND_WITHOUT_RECEIVER)
def sends_to_nobody(target: Target) -> Break:
    """A message to nobody sent."""

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_it = call.action in ("send", "send-stored") and not answer.is_success and bool(call.json)
        return answered(target.operation.success, call.json) if is_it else answer

    return answering("answers with success when a message has no receiver", change)


@breaks(SEND_EMPTY_BODY, CONTENT_TYPE_WITHOUT_BODY)
def wants_body(target: Target) -> Break:
    """A declared body demanded where there is to be none."""

    def refusal(call: Call, _history: History) -> Answer | None:
        is_it = target.is_own(call) and bool(call.media_type) and not call.body
        return answered(400, {"code": "20", "reason": "no body"}) if is_it else None

    return instead(f"refuses {target.row.operation} with a Content-Type and no body", refusal)


@breaks(SEND_COMPLETES)
def never_completes(target: Target) -> Break:
    """The outcome of a send not shown."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        if not made.is_sent:
            return shown
        before = pointers.get(made.shown, target.subject)
        if before is pointers.ABSENT:
            return dict(pointers.without(shown, target.subject))
        return pointers.with_value(shown, target.subject, before)

    return showing(target, f"leaves {target.subject} as it was when a message is sent", change)


@breaks(SEND_KEEPS_TOKENS)
def fills_in(target: Target) -> Break:
    """The tokens of the stored content filled in by a send."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        content = shown.get("content")
        is_filled = made.is_sent and isinstance(content, str)
        return {**shown, "content": str(content).replace("$", "")} if is_filled else shown

    return showing(target, "stores the content of a message with its tokens filled in", change)


@breaks(CREATE_DOES_NOT_SEND)
def sends_at_once(target: Target) -> Break:
    """A message shown as sent that was only created."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        if made.is_sent or made.changes or target.is_full(made.sent):
            return shown
        return {**shown, "sendTimeComplete": "2026-01-15T08:00:00Z"}

    return showing(target, "shows a message as sent when it is created", change)


@breaks(SEND_WITH_VALUE)
def refuses_value(target: Target) -> Break:
    """A value of the row refused."""
    value = SEND_WITH_VALUE.given_of(target.row).values[-1]

    def refusal(call: Call, _history: History) -> Answer | None:
        is_it = target.is_own(call) and pointers.get(call.json, target.subject) == value
        return answered(400, {"code": "20", "reason": "not offered"}) if is_it else None

    return instead(f"refuses {target.row.operation} with {target.subject} {value}", refusal)


@breaks(CONDITION_BY_THE_SEND)
def sends_without(target: Target) -> Break:
    """A message created and sent that lacks what it needs."""
    value = target.payloads.value(target.subject)

    def change(call: Call, _history: History) -> Call:
        is_it = target.is_own(call) and isinstance(call.json, dict)
        return call.with_json(filled(call.json, target.subject, value)) if is_it else call

    return asking(f"creates and sends without {target.subject}", change)
