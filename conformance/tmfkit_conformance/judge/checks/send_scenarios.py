"""Scenarios on sending messages; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance.judge.checks.refusals import refused
from tmfkit_conformance.judge.checks.scenarios import accepted, scenario
from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, skip
from tmfkit_conformance.record.wire import last_segment
from tmfkit_conformance.rules.operations import Send, SendStored
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
    ConditionByTheSend,
    CreateDoesNotSend,
    SendWithValue,
    WithoutBody,
)

__all__: list[str] = []


@scenario(SEND_NEW)
def _send_new(evidence: Evidence) -> None:
    accepted(evidence, Send.SEND)


@scenario(SEND_IS_NOT_AN_ID)
def _send_is_not_an_id(evidence: Evidence) -> None:
    seen = evidence.step(Send.SEND)
    # A refusal says nothing of ids: where there is no such operation, its path is answered like any unknown one.
    if not seen.is_success:
        blocked(evidence.answered(seen), seen)
    taken = last_segment(seen.request.url)
    if isinstance(seen.answer, dict) and seen.answer.get("id") == taken:
        failed(f"The answer is a message with the id {taken!r}: the last segment of the path was taken for an id")


@scenario(SEND_STORED)
def _send_stored(evidence: Evidence) -> None:
    evidence.succeeded(SendStored.BEFORE)
    accepted(evidence, SendStored.SEND)


@scenario(SEND_COMPLETES)
def _send_completes(evidence: Evidence) -> None:
    evidence.succeeded(SendStored.SEND)
    before, after = evidence.object(SendStored.BEFORE), evidence.object(SendStored.READ)
    if instant(after.get("sendTimeComplete")) is None:
        failed(f"sendTimeComplete is {after.get('sendTimeComplete')!r} after the send")
    if after.get("status") in (None, "", before.get("status")):
        failed(f"status is {after.get('status')!r} after the send, as it was before")


@scenario(SEND_KEEPS_TOKENS)
def _send_keeps_tokens(evidence: Evidence) -> None:
    evidence.succeeded(SendStored.SEND)
    before, after = (evidence.value(evidence.object(step), "/content") for step in (SendStored.BEFORE, SendStored.READ))
    if not isinstance(before, str) or "$" not in before:
        skip("the message made for this has no token in its content")
    if before != after:
        failed("The stored content was changed by the send")


@scenario(SEND_WITHOUT_MESSAGE, SEND_WITHOUT_RECEIVER)
def _send_refused(evidence: Evidence) -> None:
    refused(evidence)


@scenario(SEND_EMPTY_BODY, CONTENT_TYPE_WITHOUT_BODY)
def _without_body(evidence: Evidence) -> None:
    plain, typed = evidence.step(WithoutBody.WITHOUT), evidence.step(WithoutBody.WITH)
    if evidence.row.scenario == CONTENT_TYPE_WITHOUT_BODY.name and not plain.is_success:
        blocked(f"Without the header as well, {evidence.answered(plain)}", plain)
    for seen in (plain, typed):
        if not seen.is_success:
            failed(f"With no body and {'a' if seen is typed else 'no'} Content-Type it was answered {seen.status}")


@scenario(CREATE_DOES_NOT_SEND)
def _create_does_not_send(evidence: Evidence) -> None:
    if evidence.resource_at(CreateDoesNotSend.READ, evidence.succeeded(CreateDoesNotSend.CREATE)).get(
        "sendTimeComplete"
    ) not in (
        None,
        "",
    ):
        failed("A message just created already has sendTimeComplete")


@scenario(SEND_WITH_VALUE)
def _send_with_value(evidence: Evidence) -> None:
    for number, value in enumerate(SEND_WITH_VALUE.given_of(evidence.row).values):
        seen = evidence.step(SendWithValue.SEND.of(number))
        if not seen.is_success:
            failed(f"With {evidence.row.subject} {value!r}, {evidence.answered(seen)}")


@scenario(CONDITION_BY_THE_SEND)
def _condition_by_the_send(evidence: Evidence) -> None:
    control = evidence.step(ConditionByTheSend.CONTROL)
    if not control.is_success:
        blocked(f"With {evidence.row.subject} as well, {evidence.answered(control)}", control)
    made = evidence.step(ConditionByTheSend.REFUSED)
    refused(evidence, ConditionByTheSend.REFUSED_SEND if made.is_success else ConditionByTheSend.REFUSED)
