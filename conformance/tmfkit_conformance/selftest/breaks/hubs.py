"""Servers whose hubs register, repeat or forget listeners wrongly."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance.rules.hubs import (
    HUB_CALLBACK_ONLY,
    HUB_DELIVERS,
    HUB_FREES_THE_PLACE,
    HUB_ONE_LISTENER,
    HUB_OWN_RESOURCE_ONLY,
    HUB_REGISTERS_AGAIN,
    HUB_REMOVED_IS_SILENT,
    HUB_REPEATS_CALLBACK,
)
from tmfkit_conformance.selftest.breaks.registry import Break, Note, answering, breaks, instead, notifying
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []

_TAKEN = {"code": "50", "reason": "taken"}


def _callback(call: Call) -> str:
    return str(call.json.get("callback", "")) if isinstance(call.json, dict) else ""


def _others(call: Call, history: History) -> list[str]:
    """Return the callbacks, other than the one that *call* registers, that the same hub tells."""
    if call.action != "register" or call.operation is None:
        return []
    here = [listener.callback for listener in history.listeners.values() if listener.hub == call.operation.path]
    return [callback for callback in here if callback != _callback(call)]


@breaks(HUB_DELIVERS)
def tells_nothing(target: Target) -> Break:
    """Every notification lost."""
    return notifying(f"tells the listeners of {target.row.operation} nothing", lambda _note, _history: [])


@breaks(HUB_CALLBACK_ONLY)
def wants_query(target: Target) -> Break:
    """A registration without a query refused."""

    def refusal(call: Call, _history: History) -> Answer | None:
        is_bare = target.is_own(call) and "query" not in (call.json or ())
        return answered(400, {"code": "20", "reason": "no query"}) if is_bare else None

    return instead(f"refuses {target.row.operation} without a query", refusal)


@breaks(HUB_REGISTERS_AGAIN)
def remembers_removed(_target: Target) -> Break:
    """A callback refused that was registered and taken back."""

    def refusal(call: Call, history: History) -> Answer | None:
        removed = {listener.callback for listener in history.removed.values()}
        is_again = call.action == "register" and _callback(call) in removed
        return answered(409, _TAKEN) if is_again else None

    return instead("refuses a callback that was registered before and taken back", refusal)


@breaks(HUB_ONE_LISTENER)
def fails_at_second(_target: Target) -> Break:
    """A failure at the second listener."""
    return instead(
        "fails when a second listener is registered",
        lambda call, history: answered(500, {}) if _others(call, history) else None,
    )


@breaks(HUB_FREES_THE_PLACE)
def never_frees(_target: Target) -> Break:
    """A callback that was refused beside another one refused for ever."""

    def refusal(call: Call, history: History) -> Answer | None:
        if not _others(call, history) and _callback(call) not in history.refused:
            return None
        history.refused.add(_callback(call))
        return answered(409, _TAKEN)

    return instead("takes one listener, and never another one that it refused before", refusal)


@breaks(HUB_REMOVED_IS_SILENT)
def tells_removed(_target: Target) -> Break:
    """Removed listeners told as well."""

    def change(note: Note, history: History) -> list[Note]:
        # The removed ones first, so that they are told before anybody who waits for the last one.
        return [*(Note(listener.callback, note.body) for listener in history.removed.values()), note]

    return notifying("goes on to tell listeners that were taken back", change)


@breaks(HUB_REPEATS_CALLBACK)
def repeats_another(target: Target) -> Break:
    """Another callback, or another query, in the answer to a registration."""
    name = "query" if target.subject == "/query" else "callback"

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        if not target.is_own(call) or not isinstance(answer.json, dict) or not answer.is_success:
            return answer
        return answer.with_json({**answer.json, name: f"{answer.json.get(name) or ''}#other"})

    return answering(f"answers {target.row.operation} with another {name}", change)


@breaks(HUB_OWN_RESOURCE_ONLY)
def tells_of_others(target: Target) -> Break:
    """Notifications of another resource sent as well."""
    foreign = next(event.type for event in target.contract.events if event.resource != target.resource.name)

    def change(note: Note, _history: History) -> list[Note]:
        other: Any = {**note.body, "eventType": foreign} if isinstance(note.body, dict) else note.body
        return [note, note.with_body(other)]

    return notifying(f"tells the listeners of {target.resource.name} of {foreign}", change)
