"""Sending messages: what the judge makes of canned answers."""

from __future__ import annotations

from functools import partial

import pytest
from evidence_builder import BLOCKED, FAIL, PASS, REMARK, SKIP, Situation, Step, made, post, read
from evidence_builder import ask as ask_any

ask = partial(ask_any, api="tmf681-v1")
NEW = ask("send-new", "sendCommunicationMessage")
NOT_AN_ID = ask("send-is-not-an-id", "sendCommunicationMessage")
STORED = ask("send-stored", "sendStoredCommunicationMessage")
UNKNOWN = ask("send-unknown-id", "sendStoredCommunicationMessage")
NO_MESSAGE = ask("send-without-message", "sendCommunicationMessage")
NO_RECEIVER = ask("send-without-receiver", "sendCommunicationMessage", expect={"tolerate": ["200"]})
NO_BODY = ask("send-empty-body", "sendStoredCommunicationMessage")
TYPED = ask("content-type-without-body", "retrieveCommunicationMessage")
COMPLETES = ask("send-completes", "sendStoredCommunicationMessage")
TOKENS = ask("send-keeps-tokens", "sendStoredCommunicationMessage")
UNSENT = ask("create-does-not-send", "createCommunicationMessage")
EACH = ask("send-with-value", "sendCommunicationMessage", "/type", given={"values": ["Email", "SMS"]})
BY_THE_SEND = ask(
    "condition-by-the-send", "createCommunicationMessage", "/subject", given={"pointer": "/type", "one-of": ["Email"]}
)
DONE = "2026-05-01T10:00:00Z"


def send(status: int, step: str = "send", **answer: object) -> Step:
    return post(step, status, answer, sent={}, path="/communicationMessage/send")


SITUATIONS = [
    NEW.gives(PASS, "accepted", send(200)),
    NEW.gives(FAIL, "refused", send(400)),
    NEW.gives(FAIL, "breaks", send(502)),
    NEW.gives(SKIP, "rate", send(429)),
    NOT_AN_ID.gives(PASS, "accepted", send(200)),
    NOT_AN_ID.gives(PASS, "another-id", send(200, id="7")),
    NOT_AN_ID.gives(FAIL, "message-of-that-id", send(200, id="send")),
    *(NOT_AN_ID.gives(BLOCKED, f"answered-{status}", send(status)) for status in (404, 405, 503)),
    STORED.gives(PASS, "accepted", read("before"), send(200)),
    STORED.gives(FAIL, "refused", read("before"), send(404)),
    STORED.gives(SKIP, "not-created", send(200)),
    UNKNOWN.gives(PASS, "refused", send(200, "control"), send(404, "unknown")),
    UNKNOWN.gives(FAIL, "accepted", send(200, "control"), send(200, "unknown")),
    UNKNOWN.gives(BLOCKED, "control-refused", send(404, "control"), send(404, "unknown")),
    *(
        row.gives(outcome, words, send(control, "control"), send(status, "refused"))
        for row in (NO_MESSAGE, ask("send-without-receiver", "sendCommunicationMessage"))
        for outcome, words, control, status in (
            (PASS, "refused", 200, 400), (FAIL, "accepted", 200, 200), (FAIL, "breaks", 200, 500), (BLOCKED, "always", 400, 400),
        )
    ),
    NO_RECEIVER.gives(REMARK, "tolerated", send(200, "control"), send(200, "refused")),
    NO_BODY.gives(PASS, "both", send(200, "without"), send(200, "with")),
    NO_BODY.gives(FAIL, "without-refused", send(400, "without"), send(200, "with")),
    NO_BODY.gives(FAIL, "with-refused", send(200, "without"), send(415, "with")),
    NO_BODY.gives(SKIP, "one-not-tried", send(200, "without")),
    TYPED.gives(PASS, "both", send(200, "without"), send(200, "with")),
    TYPED.gives(FAIL, "with-refused", send(200, "without"), send(400, "with")),
    TYPED.gives(BLOCKED, "without-refused-as-well", send(404, "without"), send(404, "with")),
    COMPLETES.gives(PASS, "completed", read("before", status="Initial"), send(200), read(status="Completed", sendTimeComplete=DONE)),
    COMPLETES.gives(FAIL, "no-time", read("before", status="Initial"), send(200), read(status="Completed")),
    COMPLETES.gives(FAIL, "same-status", read("before", status="Initial"), send(200), read(status="Initial", sendTimeComplete=DONE)),
    COMPLETES.gives(BLOCKED, "not-sent", read("before", status="Initial"), send(500), read(status="Failed")),
    TOKENS.gives(PASS, "kept", read("before", content="Dear $Name"), send(200), read(content="Dear $Name")),
    TOKENS.gives(FAIL, "filled", read("before", content="Dear $Name"), send(200), read(content="Dear Ann")),
    TOKENS.gives(FAIL, "gone", read("before", content="Dear $Name"), send(200), read()),
    TOKENS.gives(SKIP, "no-token", read("before", content="Dear"), send(200), read(content="Dear")),
    UNSENT.gives(PASS, "not-sent", made(), read(sendTimeComplete=None)),
    UNSENT.gives(FAIL, "sent", made(), read(sendTimeComplete=DONE)),
    UNSENT.gives(BLOCKED, "read-of-another", made(), read(identifier="8")),
    EACH.gives(PASS, "each", send(200, "send-0"), send(200, "send-1")),
    EACH.gives(FAIL, "one-refused", send(200, "send-0"), send(400, "send-1")),
    EACH.gives(SKIP, "one-not-tried", send(200, "send-0")),
    BY_THE_SEND.gives(PASS, "create-refused", send(200, "control"), post("refused", 400)),
    BY_THE_SEND.gives(PASS, "send-refused", send(200, "control"), post("refused", 201), send(400, "refused-send")),
    BY_THE_SEND.gives(FAIL, "sent", send(200, "control"), post("refused", 201), send(200, "refused-send")),
    BY_THE_SEND.gives(SKIP, "not-tried-to-send", send(200, "control"), post("refused", 201)),
    BY_THE_SEND.gives(BLOCKED, "control-refused", send(400, "control"), post("refused", 400)),
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_send_is_judged_by_its_answer_and_what_is_stored(situation: Situation) -> None:
    verdict = situation.verdict()
    assert verdict.outcome is situation.outcome, verdict.remark
