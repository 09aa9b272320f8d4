"""Scenarios on sending messages; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.judge.evidence import Evidence, failed, unproven
from tmfkit_conformance.judge.families.refusals import refused
from tmfkit_conformance.judge.families.scenarios import accepted, scenario

__all__: list[str] = []


@scenario("send-new")
def _send_new(evidence: Evidence) -> None:
    accepted(evidence, "send")


@scenario("send-is-not-an-id")
def _send_is_not_an_id(evidence: Evidence) -> None:
    seen = evidence.step("send")
    if seen.status in (404, 405):
        failed(f"The send was answered {seen.status}, as if its path named a message")
    if not seen.is_success:
        unproven(f"the send was answered {seen.status}")


@scenario("send-stored")
def _send_stored(evidence: Evidence) -> None:
    evidence.done("before")
    accepted(evidence, "send")


@scenario("send-completes")
def _send_completes(evidence: Evidence) -> None:
    evidence.done("send")
    before, after = evidence.object("before"), evidence.object("read")
    if instant(after.get("sendTimeComplete")) is None:
        failed(f"sendTimeComplete is {after.get('sendTimeComplete')!r} after the send")
    if after.get("status") in (None, "", before.get("status")):
        failed(f"status is {after.get('status')!r} after the send, as it was before")


@scenario("send-keeps-tokens")
def _send_keeps_tokens(evidence: Evidence) -> None:
    evidence.done("send")
    before, after = evidence.object("before").get("content"), evidence.object("read").get("content")
    if not isinstance(before, str) or "$" not in before:
        unproven("the message made for this has no token in its content")
    if before != after:
        failed("The stored content was changed by the send")


@scenario("send-without-message", "send-without-receiver")
def _send_refused(evidence: Evidence) -> None:
    refused(evidence)


@scenario("send-empty-body", "content-type-without-body")
def _without_body(evidence: Evidence) -> None:
    plain, typed = evidence.step("without"), evidence.step("with")
    if evidence.row.scenario == "content-type-without-body" and not plain.is_success:
        unproven(f"the same without the header was answered {plain.status}")
    for seen in (plain, typed):
        if not seen.is_success:
            failed(f"With no body and {'a' if seen is typed else 'no'} Content-Type it was answered {seen.status}")


@scenario("create-does-not-send")
def _create_does_not_send(evidence: Evidence) -> None:
    if evidence.about("read", evidence.done("create")).get("sendTimeComplete") not in (None, ""):
        failed("A message just created already has sendTimeComplete")


@scenario("send-with-value")
def _send_with_value(evidence: Evidence) -> None:
    for number, value in enumerate(evidence.given_values):
        seen = evidence.step(f"send-{number}")
        if not seen.is_success:
            failed(f"{evidence.row.subject} {value!r} was answered {seen.status}")


@scenario("condition-by-the-send")
def _condition_by_the_send(evidence: Evidence) -> None:
    if not evidence.step("control").is_success:
        unproven(f"the control, a message with {evidence.row.subject}, was answered {evidence.step('control').status}")
    made = evidence.step("refused")
    refused(evidence, "refused-send" if made.is_success else "refused")
