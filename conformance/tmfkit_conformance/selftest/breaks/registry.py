"""What a break is, the ways to make one, and where the breaks of a kind of requirement are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.rules.rule import Rule
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target

__all__ = [
    "BREAKERS",
    "Break",
    "Note",
    "answering",
    "asking",
    "breaks",
    "doing_twice",
    "instead",
    "notifying",
    "remembering",
    "showing",
]


@dataclass(frozen=True)
class Note:
    """A notification on its way to a listener.

    Attributes:
        callback: Where it goes.
        body: The notification, a JSON value.
        method: HTTP method.
        headers: Headers.
        after_seconds: How much later than the application it is sent.
    """

    callback: str
    body: Any
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"), ("Accept", "application/json"))
    after_seconds: float = 0.0

    @property
    def event_type(self) -> str:
        """``eventType`` of the notification; empty when there is none."""
        return str(self.body.get("eventType", "")) if isinstance(self.body, dict) else ""

    def is_first(self, history: History) -> bool:
        """Say whether this is what the listener was told first; a notification that is sent again is no other one."""
        event_id = self.body.get("eventId") if isinstance(self.body, dict) else None
        return bool(history.first_told.setdefault(self.callback, event_id) == event_id)

    def with_body(self, body: Any) -> Note:
        """Return the notification with another body."""
        return replace(self, body=body)


Serve = Callable[[Call, Sound, History], Awaitable[Answer]]
Notify = Callable[[Note, History], list[Note]]


async def _soundly(call: Call, sound: Sound, _history: History) -> Answer:
    return await sound(call)


def _delivered(note: Note, _history: History) -> list[Note]:
    return [note]


@dataclass(frozen=True)
class Break:
    """One thing that a server does wrong.

    Attributes:
        words: What it does, to be read after "a server that".
        serve: Answers a call, with the help of the sound application.
        notify: Makes of one notification those that are sent.
        hold_seconds: For how long the run has to hold its records against it, so that it is caught.
        whole: Whether it takes the whole register to catch it, as the probe of its row alone does not meet with it.
    """

    words: str
    serve: Serve = _soundly
    notify: Notify = _delivered
    hold_seconds: float = 0.0
    whole: bool = False

    @property
    def tells_everything(self) -> bool:
        """Return whether listeners are told what the sound application tells them."""
        return self.notify is _delivered


Breaker = Callable[[Target], Break | None]
BREAKERS: dict[Rule[Any, Any], list[Breaker]] = {}
"""Kind of requirement, or scenario → what breaks a server for a requirement of it, None where it cannot."""


def breaks(*rules: Rule[Any, Any]) -> Callable[[Breaker], Breaker]:
    """Register a function that breaks a server for requirements of these kinds and scenarios."""

    def register(breaker: Breaker) -> Breaker:
        for rule in rules:
            BREAKERS.setdefault(rule, []).append(breaker)
        return breaker

    return register


def answering(words: str, change: Callable[[Call, Answer, History], Answer]) -> Break:
    """Break what is answered: *change* makes the wrong answer of the sound one."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        return change(call, await sound(call), history)

    return Break(words, serve)


def asking(words: str, change: Callable[[Call, History], Call]) -> Break:
    """Break what is understood: *change* makes of a call the one that the sound application is asked."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        return await sound(change(call, history))

    return Break(words, serve)


def instead(words: str, answer: Callable[[Call, History], Answer | None]) -> Break:
    """Answer without the sound application where *answer* gives something."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        return answer(call, history) or await sound(call)

    return Break(words, serve)


def showing(target: Target, words: str, change: Callable[[dict[str, Any], CreatedResource], dict[str, Any]]) -> Break:
    """Break what a read of a resource shows: *change* is given what it shows rightly, and how it was made."""

    def changed(call: Call, answer: Answer, history: History) -> Answer:
        made = target.reads(call, history)
        if made is None or not isinstance(answer.json, dict) or not answer.is_success:
            return answer
        return answer.with_json(change(answer.json, made))

    return answering(words, changed)


def remembering(target: Target, words: str, cleaned: Callable[[Call], Call | None]) -> Break:
    """Break what is taken: a value of the subject that is not to be taken is shown in every read from then on.

    Args:
        target: The requirement.
        words: What the server does.
        cleaned: Makes of a call with such a value the one that the sound application is asked; None without one.
    """

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        clean = cleaned(call)
        answer = await sound(clean or call)
        identifier = call.identifier or answer.identifier
        if clean and answer.is_success:
            history.kept[identifier] = pointers.get(call.json, target.subject)
        elif answer.is_success and target.reads(call, history) and identifier in history.kept:
            return answer.with_json(pointers.with_value(answer.json, target.subject, history.kept[identifier]))
        return answer

    return Break(words, serve)


def doing_twice(target: Target, words: str, beside: Callable[[History, str], str] = History.successor) -> Break:
    """Break what an operation reaches: a resource *beside*, made from the same body, gets it as well."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        other = beside(history, call.identifier) if target.is_own(call) else ""
        if other:
            await sound(call.at(other))
        return await sound(call)

    return Break(words, serve)


def notifying(words: str, change: Callable[[Note, History], list[Note]]) -> Break:
    """Break what listeners are told."""
    return Break(words, notify=change)
