"""Rules on registrations, and on what listeners receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tmfkit_conformance.rules.members import Members, part
from tmfkit_conformance.rules.operations import Events, HeardAt, Triggers
from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_conformance.rules.reasons import STARTS, UNDOES
from tmfkit_conformance.rules.rule import NOTHING, Case, Kind, PlannedProbe, scenario
from tmfkit_models.contracts import Operation, Requirement

__all__ = [
    "EVENT",
    "EVENT_ANY_2XX",
    "EVENT_BY_POST",
    "EVENT_CARRIES_WHOLE",
    "EVENT_HEADER",
    "EVENT_MEMBER",
    "EVENT_SET_COMPLETE",
    "HUB_CALLBACK_ONLY",
    "HUB_DELIVERS",
    "HUB_FREES_THE_PLACE",
    "HUB_ONE_LISTENER",
    "HUB_OWN_RESOURCE_ONLY",
    "HUB_REGISTERS_AGAIN",
    "HUB_REMOVED_IS_SILENT",
    "HUB_REPEATS_CALLBACK",
    "EventMemberExpectation",
    "EventMemberForm",
    "HeardByBoth",
    "HubCallbackOnly",
    "HubDelivers",
    "HubOneListener",
    "HubOwnResourceOnly",
    "HubRegistersAgain",
    "HubRemovedIsSilent",
    "HubRepeatsCallback",
    "RemovedFrom",
]


def _events(row: Requirement, operation: Operation) -> Case:
    return Case(row, PlannedProbe(Events, operation.id))


EVENT: Final = Kind(
    "event",
    given=NOTHING,
    expect=NOTHING,
    words="a listener is registered and the trigger is done; the notification has to arrive",
    plan=_events,
)

EventMemberForm = Literal["non-empty", "unique", "date-time", "event-type", "resource", "object"]


@dataclass(frozen=True, slots=True)
class EventMemberExpectation(Members):
    """The form of a member of a notification."""

    form: EventMemberForm


EVENT_MEMBER: Final = Kind(
    "event-member",
    given=NOTHING,
    expect=part(EventMemberExpectation),
    words="the member is looked for in the notifications that arrive",
    plan=_events,
)


@dataclass(frozen=True, slots=True)
class HeardByBoth(HeardAt):
    """Addresses of two listeners.

    Attributes:
        second: The address that was registered beside the first; empty where that was not possible.
        heard: How many notifications had arrived, at whatever address, when nothing more was waited for.
    """

    second: str
    heard: int


class HubDelivers(Triggers, name="hub-delivers", facts=HeardByBoth, alone="hub-and-records"):
    """Registers, and another one beside it; does what each notification is about, waits for all at both."""

    SECOND = Step("second", "where it is refused, one listener is all that the target takes")
    UNDONE_SECOND = Step("undone-second", UNDOES)


class HubOwnResourceOnly(Probe, name="hub-own-resource-only", facts=HeardAt, alone="hub-and-records"):
    """Registers, creates another resource and then one of the hub's own, waits for what is told of the latter."""

    REGISTER = Step("register")
    CREATE_OTHER = Step("create-other")
    CREATE = Step("create", STARTS)
    UNDONE = Step("undone", UNDOES)


class HubCallbackOnly(Probe, name="hub-callback-only", alone="hub"):
    """Registers with a callback and nothing else."""

    REGISTER = Step("register")
    UNDONE = Step("undone", UNDOES)


class HubRepeatsCallback(Probe, name="hub-repeats-callback", alone="hub"):
    """Registers without and with a query."""

    REGISTER = Step("register")
    UNDONE = Step("undone", UNDOES)
    REGISTER_QUERY = Step("register-query")
    UNDONE_QUERY = Step("undone-query", UNDOES)


class HubRegistersAgain(Probe, name="hub-registers-again", alone="hub"):
    """Registers, unregisters, registers."""

    REGISTER = Step("register")
    UNREGISTER = Step("unregister")
    AGAIN = Step("again")
    UNDONE = Step("undone", UNDOES)


class HubOneListener(Probe, name="hub-one-listener", alone="hub"):
    """Registers two callbacks; where the second is refused, takes the first back and tries again."""

    FIRST = Step("first")
    SECOND = Step("second")
    UNREGISTER = Step("unregister")
    THIRD = Step("third")
    UNDONE = Step("undone", UNDOES)


@dataclass(frozen=True, slots=True)
class RemovedFrom(HeardAt):
    """Addresses of a listener, and of one that was taken back.

    Attributes:
        removed: The address that was registered and taken back.
    """

    removed: str


class HubRemovedIsSilent(Probe, name="hub-removed-is-silent", facts=RemovedFrom, alone="hub-and-records"):
    """Registers and unregisters a callback, registers another, creates, waits until the other has heard."""

    REGISTER_REMOVED = Step("register-removed", STARTS)
    UNREGISTER = Step("unregister")
    REGISTER = Step("register", STARTS)
    CREATE = Step("create")
    UNDONE = Step("undone", UNDOES)


HUB_DELIVERS: Final = scenario("hub-delivers", HubDelivers)
HUB_CALLBACK_ONLY: Final = scenario("hub-callback-only", HubCallbackOnly)
HUB_REGISTERS_AGAIN: Final = scenario("hub-registers-again", HubRegistersAgain)
HUB_ONE_LISTENER: Final = scenario("hub-one-listener", HubOneListener)
HUB_FREES_THE_PLACE: Final = scenario("hub-frees-the-place", HubOneListener)
HUB_REMOVED_IS_SILENT: Final = scenario("hub-removed-is-silent", HubRemovedIsSilent)
HUB_REPEATS_CALLBACK: Final = scenario("hub-repeats-callback", HubRepeatsCallback)
HUB_OWN_RESOURCE_ONLY: Final = scenario("hub-own-resource-only", HubOwnResourceOnly)
EVENT_CARRIES_WHOLE: Final = scenario("event-carries-whole", Events)
EVENT_SET_COMPLETE: Final = scenario("event-set-complete", Events)
EVENT_BY_POST: Final = scenario("event-by-post", Events)
EVENT_HEADER: Final = scenario("event-header", Events)
EVENT_ANY_2XX: Final = scenario("event-any-2xx", Events)
