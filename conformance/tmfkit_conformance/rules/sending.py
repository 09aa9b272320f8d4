"""Rules on sending messages."""

from __future__ import annotations

from typing import Final

from tmfkit_conformance.rules.answers import UnknownId
from tmfkit_conformance.rules.members import Condition, optional, part
from tmfkit_conformance.rules.operations import Send, SendStored
from tmfkit_conformance.rules.probes import Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import STARTS
from tmfkit_conformance.rules.refusals import Refusing
from tmfkit_conformance.rules.rule import NOTHING, TOLERATING, Scenario, scenario, tolerating
from tmfkit_conformance.rules.updates import Each

__all__ = [
    "CONDITION_BY_THE_SEND",
    "CONTENT_TYPE_WITHOUT_BODY",
    "CREATE_DOES_NOT_SEND",
    "SEND_COMPLETES",
    "SEND_EMPTY_BODY",
    "SEND_IS_NOT_AN_ID",
    "SEND_KEEPS_TOKENS",
    "SEND_NEW",
    "SEND_STORED",
    "SEND_UNKNOWN_ID",
    "SEND_WITHOUT_MESSAGE",
    "SEND_WITHOUT_RECEIVER",
    "SEND_WITH_VALUE",
    "ConditionByTheSend",
    "CreateDoesNotSend",
    "SendWithValue",
    "SendWithoutMessage",
    "SendWithoutReceiver",
    "WithoutBody",
]


class SendWithoutMessage(Refusing, name="send-without-message"):
    """Sends a message, and nothing."""


class SendWithoutReceiver(Refusing, name="send-without-receiver"):
    """Sends a message to somebody, and to nobody."""


class WithoutBody(Probe, name="without-body"):
    """Does the operation with no body, with and without a Content-Type."""

    CREATE = Step("create", STARTS)
    WITHOUT = Step("without")
    WITH = Step("with")


class CreateDoesNotSend(Probe, name="create-does-not-send"):
    """Creates a message, reads it."""

    CREATE = Step("create")
    READ = Step("read")


class SendWithValue(Probe, name="send-with-value"):
    """Sends a message with each of the row's values."""

    SEND = StepFamily("send-{}")


class ConditionByTheSend(Refusing, name="condition-by-the-send"):
    """Creates and sends under the row's condition, with the subject and without it."""

    REFUSED_SEND = Step("refused-send")


SEND_NEW: Final = scenario("send-new", Send)
SEND_IS_NOT_AN_ID: Final = scenario("send-is-not-an-id", Send)
SEND_STORED: Final = scenario("send-stored", SendStored)
SEND_COMPLETES: Final = scenario("send-completes", SendStored)
SEND_KEEPS_TOKENS: Final = scenario("send-keeps-tokens", SendStored)
SEND_UNKNOWN_ID: Final = tolerating("send-unknown-id", UnknownId)
SEND_WITHOUT_MESSAGE: Final = tolerating("send-without-message", SendWithoutMessage)
SEND_WITHOUT_RECEIVER: Final = Scenario(
    "send-without-receiver",
    SendWithoutReceiver,
    given=optional(Condition, "the message is of any type"),
    expect=TOLERATING,
)
SEND_EMPTY_BODY: Final = scenario("send-empty-body", WithoutBody)
CONTENT_TYPE_WITHOUT_BODY: Final = scenario("content-type-without-body", WithoutBody)
CREATE_DOES_NOT_SEND: Final = scenario("create-does-not-send", CreateDoesNotSend)
SEND_WITH_VALUE: Final = Scenario("send-with-value", SendWithValue, given=part(Each), expect=NOTHING)
CONDITION_BY_THE_SEND: Final = Scenario(
    "condition-by-the-send", ConditionByTheSend, given=part(Condition), expect=TOLERATING
)
