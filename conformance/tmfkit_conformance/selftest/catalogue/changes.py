"""The ways to be unusual: what of answers, requests and notifications is changed around the sound application."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from tmfkit_conformance.selftest.breaks.registry import Break, Note
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered, operation_at
from tmfkit_conformance.selftest.history import History
from tmfkit_models.contracts import Contract

__all__ = [
    "Thing",
    "answered_at",
    "demanding",
    "is_about_hub",
    "is_about_resource",
    "led",
    "listening",
    "looked_at",
    "member_renamed",
    "moving",
    "numeric_ids",
    "of_answers",
    "over",
    "refusal",
    "refusing",
    "renumbering",
    "showing_all",
    "within",
]

Thing = dict[str, Any]
Change = Callable[[Thing], Thing]
Objection = Callable[[Call, Thing], str]
"""What a target has against the body of a request that changes something; empty when nothing."""


def is_about_hub(call: Call) -> bool:
    """Say whether a call is one of a hub."""
    return call.action in ("register", "unregister")


async def answered_at(contract: Contract, path: str, call: Call, sound: Sound, history: History) -> Answer:
    """Answer a call as the sound application does at another path of an API."""
    operation, identifier = operation_at(contract, call.method, path)
    inner = replace(call, path=path, operation=operation, identifier=identifier)
    answer = await sound(inner)
    history.saw(inner, answer)
    return answer


def is_about_resource(call: Call) -> bool:
    """Say whether a call is an operation of the contract on resources."""
    return call.operation is not None and not is_about_hub(call)


def over(value: Any, change: Change) -> Any:
    """Change a resource, or each member of a list of them."""
    if isinstance(value, list):
        return [change(member) if isinstance(member, dict) else member for member in value]
    return change(value) if isinstance(value, dict) else value


def within(thing: Thing, path: str, change: Change) -> Thing:
    """Change every object at a path in a resource; ``*`` stands for each member of a list."""
    if not path:
        return change(thing)
    name, _, rest = path.partition("/")
    if name not in thing:
        return thing
    below = rest.removeprefix("*/") if rest != "*" else ""
    return {**thing, name: over(thing[name], lambda inner: within(inner, below, change))}


def member_renamed(thing: Thing, name: str, other: str) -> Thing:
    """Return an object with one member under another name, at its place."""
    return {other if key == name else key: value for key, value in thing.items()}


def of_answers(words: str, change: Callable[[Call, Answer, History], Answer]) -> Break:
    """Be unusual in answers about resources."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        answer = await sound(call)
        return change(call, answer, history) if is_about_resource(call) else answer

    return Break(words, serve)


def showing_all(words: str, change: Change) -> Break:
    """Be unusual in how a resource is shown, wherever it is: in answers and in notifications."""

    def changed(_: Call, answer: Answer, __: History) -> Answer:
        if not answer.is_success or not answer.body:
            return answer
        shown = over(copy.deepcopy(answer.json), change)
        return answer if json.dumps(shown) == json.dumps(answer.json) else answer.with_json(shown)

    return Break(words, of_answers(words, changed).serve, _telling(change))


def _telling(change: Change) -> Callable[[Note, History], list[Note]]:
    def notify(note: Note, _: History) -> list[Note]:
        payload = note.body.get("event") if isinstance(note.body, dict) else None
        if not isinstance(payload, dict):
            return [note]
        told = {name: over(copy.deepcopy(value), change) for name, value in payload.items()}
        return [note.with_body({**note.body, "event": told})]

    return notify


def refusal(status: int, reason: str) -> Answer:
    """Return a refusal with an error body as TMF630 has it."""
    return answered(status, {"code": str(status), "reason": reason, "message": reason})


def looked_at(answer: Answer) -> Answer:
    """Mark the answer to what met a demand: else nobody could tell that the demand was there at all."""
    return answer.with_header("X-Checked", "yes")


def refusing(words: str, objection: Objection, *, status: int = 400, actions: tuple[str, ...] = ()) -> Break:
    """Refuse some bodies, each with a clear message.

    Args:
        words: What the server does.
        objection: What it has against the body of a request.
        status: Status of a refusal.
        actions: Actions that it looks at; all that change something when empty.
    """
    watched = actions or ("create", "patch", "replace", "send")

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        if call.action not in watched or not isinstance(call.json, dict):
            return await sound(call)
        said = objection(call, call.json)
        return refusal(status, said) if said else looked_at(await sound(call))

    return Break(words, serve)


def demanding(words: str, is_met: Callable[[Call], bool], status: int, reason: str) -> Break:
    """Refuse every request that does not meet a demand."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        return looked_at(await sound(call)) if is_met(call) else refusal(status, reason)

    return Break(words, serve)


def listening(words: str, change: Callable[[Call, Answer], Answer]) -> Break:
    """Be unusual in answers of a hub."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        answer = await sound(call)
        return change(call, answer) if is_about_hub(call) else answer

    return Break(words, serve)


class _Numbering:
    """Two names for each resource: the one inside, and the one that clients see."""

    def __init__(self, outward: Callable[[str, History], str]) -> None:
        self._outward = outward

    def inside(self, name: str, history: History) -> str:
        """Return the inner name of what a client names; the same when it has none."""
        return str(history.kept.get(("inside", name), name))

    def outside(self, name: str, history: History) -> str:
        """Return the name that clients see, chosen at first sight."""
        if ("outside", name) not in history.kept:
            chosen = self._outward(name, history)
            history.kept["outside", name] = chosen
            history.kept["inside", chosen] = name
        return str(history.kept["outside", name])

    def shown(self, thing: Thing, history: History) -> Thing:
        """Return a resource as clients see it."""
        inner = thing.get("id") or str(thing.get("href", "")).rpartition("/")[2]
        outer = self.outside(str(inner), history) if inner else ""
        shown = {**thing, "id": outer} if "id" in thing else dict(thing)
        if "href" in thing:
            shown["href"] = led(str(thing["href"]), outer)
        return shown


def led(address: str, identifier: str) -> str:
    """Return an address of the same collection that ends in another id."""
    return f"{address.rpartition('/')[0]}/{quote(identifier, safe='')}"


def renumbering(
    words: str, outward: Callable[[str, History], str], *, gone: Callable[[str, History], None] | None = None
) -> Break:
    """Give resources other ids than the sound application does.

    Args:
        words: What the server does.
        outward: Chooses the id that clients see, from the inner one.
        gone: Told of the id, as clients see it, of each resource that was deleted.
    """
    names = _Numbering(outward)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if not is_about_resource(call):
            return await sound(call)
        answer = await sound(_inner(call, names, history))
        if call.action == "delete" and answer.is_success and gone:
            gone(call.identifier, history)
        if not answer.is_success or not answer.body:
            return answer
        shown = answer.with_json(over(answer.json, lambda thing: names.shown(thing, history)))
        for name in ("Location", "Content-Location"):
            if answer.header(name) and call.action in ("create", "send"):
                shown = shown.with_header(name, led(str(answer.header(name)), shown.identifier))
        return shown

    def notify(note: Note, history: History) -> list[Note]:
        return _telling(lambda thing: names.shown(thing, history))(note, history)

    return Break(words, serve, notify)


def numeric_ids() -> Break:
    """Show ids as JSON numbers, and find by them."""
    digits = renumbering("shows ids as numbers", lambda _, history: str(1000 + len(history.kept)))
    shown = showing_all(digits.words, lambda thing: {**thing, "id": int(thing["id"])} if "id" in thing else thing)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        async def numbered(asked: Call) -> Answer:
            return await digits.serve(asked, sound, history)

        return await shown.serve(call, numbered, history)

    def notify(note: Note, history: History) -> list[Note]:
        return [last for first in digits.notify(note, history) for last in shown.notify(first, history)]

    return Break(digits.words, serve, notify)


def _inner(call: Call, names: _Numbering, history: History) -> Call:
    """Return a call as the sound application understands it."""
    inner = call.at(names.inside(call.identifier, history)) if call.identifier else call
    if call.action == "replace" and isinstance(call.json, dict) and call.json.get("id") == call.identifier:
        inner = inner.with_json({**call.json, "id": inner.identifier})
    if "id" in call.names:
        pairs = [(name, names.inside(value, history) if name == "id" else value) for name, value in call.parameters]
        return replace(inner, query=urlencode(pairs))
    return inner


def moving(attribute: str, begin: tuple[str, ...], moves: dict[str, tuple[str, ...]], status: int) -> Break:
    """Allow a status to move only as a machine has it; any beginning where none is named."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        value = call.json.get(attribute) if isinstance(call.json, dict) else None
        if call.action == "create" and isinstance(value, str) and begin and value not in begin:
            return refusal(status, f"a new one begins as {' or '.join(begin)}")
        if call.action == "patch" and isinstance(value, str) and call.identifier in history.made:
            now = history.kept.get(call.identifier, history.made[call.identifier].shown.get(attribute))
            if value != now and value not in (moves.get(now, ()) if now else begin):
                return refusal(status, f"{now} does not become {value}")
            answer = await sound(call)
            if answer.is_success:
                history.kept[call.identifier] = value
            return looked_at(answer)
        return await sound(call)

    return Break(f"lets {attribute} move only as its machine has it", serve)
