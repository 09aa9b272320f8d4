"""Ways to follow a reading of a document's contradictions that the kit tolerates."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from tmfkit_conformance.rules.attributes import ATTRIBUTE
from tmfkit_conformance.rules.hubs import EVENT, EVENT_CARRIES_WHOLE
from tmfkit_conformance.rules.lifecycle import FULL_CREATE, MINIMAL_CREATE
from tmfkit_conformance.rules.queries import FIELDS, FIELDS_WHOLE_ATTRIBUTE, FIELDS_WITH_FILTER, FILTER, SORT
from tmfkit_conformance.rules.refusals import MANDATORY, SUB_MANDATORY
from tmfkit_conformance.rules.updates import JSON_PATCH_REPLACE, PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import (
    member_renamed,
    of_answers,
    refusal,
    refusing,
    showing_all,
    within,
)
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History

__all__ = [
    "ASKED_FOR",
    "SHOWN",
    "TAKEN",
    "at",
    "at_paths",
    "dropping",
    "event_types",
    "found",
    "has",
    "having",
    "in_turn",
    "knows_alias_only",
    "lacks",
    "mapped",
    "no_ids",
    "number",
    "payloads",
    "reading",
    "refused_patch",
    "refuses",
    "renamed",
    "shows",
    "single",
    "status",
    "text",
    "unless",
    "without",
    "without_operation",
]

Thing = dict[str, Any]

_APIS_OF: Final = {
    "TMF629V1": "tmf629-v1",
    "TMF629V4": "tmf629-v4",
    "TMF655": "tmf655-v1",
    "TMF681": "tmf681-v1",
    "TMF683": "tmf683-v4",
}
"""Beginning of the id of an erratum → the API whose document it is about."""

SHOWN: Final = (ATTRIBUTE, EVENT, EVENT_CARRIES_WHOLE, FULL_CREATE)
TAKEN: Final = (ATTRIBUTE, FULL_CREATE, MINIMAL_CREATE, MANDATORY, SUB_MANDATORY, PATCHABLE)
ASKED_FOR: Final = (FIELDS, FIELDS_WHOLE_ATTRIBUTE, FIELDS_WITH_FILTER, FILTER, SORT, JSON_PATCH_REPLACE)


def reading(name: str, change: Break, *errata: str, rules: Any = (), **more: Any) -> Behaviour:
    """Return a target that follows a reading that errata tolerate; what they tolerate, stands in the first of them."""
    apis = tuple(dict.fromkeys(_APIS_OF[erratum.partition("-")[0]] for erratum in errata))
    return Behaviour(name, change, f"tolerated: {errata[0]}", apis, errata=errata, rules=rules, **more)


def shows(name: str, words: str, change: Callable[[Thing], Thing], *errata: str, **more: Any) -> Behaviour:
    """Return a target that shows resources in a tolerated form."""
    return reading(name, showing_all(words, change), *errata, rules=SHOWN, **more)


def refuses(name: str, words: str, objection: Callable[[Thing], str], *errata: str, **more: Any) -> Behaviour:
    """Return a target that refuses bodies, which a tolerated reading lets it do."""
    change = refusing(words, lambda _, body: objection(body))
    return reading(name, change, *errata, rules=TAKEN, **more)


def at(path: str, change: Callable[[Thing], Thing]) -> Callable[[Thing], Thing]:
    """Return what changes the objects at a path in a resource."""
    return lambda thing: within(thing, path, change)


def renamed(path: str, name: str, other: str) -> Callable[[Thing], Thing]:
    """Return what renames one member of the objects at a path."""
    return at(path, lambda inner: member_renamed(inner, name, other))


def mapped(path: str, name: str, change: Callable[[Any], Any]) -> Callable[[Thing], Thing]:
    """Return what changes one member of the objects at a path."""
    return at(path, lambda inner: {**inner, name: change(inner[name])} if name in inner else inner)


def without(path: str, *names: str) -> Callable[[Thing], Thing]:
    """Return what takes members out of the objects at a path."""
    return at(path, lambda inner: {name: value for name, value in inner.items() if name not in names})


def having(path: str, **members: Any) -> Callable[[Thing], Thing]:
    """Return what adds members to the objects at a path, where they are not there."""
    return at(path, lambda inner: {**members, **inner})


def in_turn(*changes: Callable[[Thing], Thing]) -> Callable[[Thing], Thing]:
    """Return what makes one change after the other."""

    def changed(thing: Thing) -> Thing:
        for change in changes:
            thing = change(thing)
        return thing

    return changed


def found(body: Thing, path: str, is_wrong: Callable[[Thing], bool]) -> bool:
    """Say whether an object at a path is wrong."""
    seen: list[bool] = []

    def looked(inner: Thing) -> Thing:
        seen.append(is_wrong(inner))
        return inner

    within(body, path, looked)
    return any(seen)


def unless(path: str, is_wrong: Callable[[Thing], bool], reason: str) -> Callable[[Thing], str]:
    """Return what objects to a body with a wrong object at a path."""
    return lambda body: reason if found(body, path, is_wrong) else ""


def has(*names: str) -> Callable[[Thing], bool]:
    """Return what says whether an object has one of these members."""
    return lambda inner: any(name in inner for name in names)


def lacks(*names: str) -> Callable[[Thing], bool]:
    """Return what says whether an object lacks one of these members."""
    return lambda inner: any(name not in inner for name in names)


def single(value: Any) -> Any:
    """Return the member of a list of one; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def text(value: Any) -> Any:
    """Return numbers and flags as texts."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def number(value: Any) -> Any:
    """Return a text of digits as a number."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def knows_alias_only(
    name: str,
    words: str,
    pairs: tuple[tuple[str, str, str], ...],
    *errata: str,
    form: Callable[[Thing], Thing] = lambda thing: thing,
    **more: Any,
) -> Behaviour:
    """Know attributes under another name only: their own is refused, and what is there is shown by the other.

    Args:
        name: Id of the entry.
        words: What the server does.
        pairs: Where an attribute stands, in the names that the server knows; its own name; the other one.
        *errata: Errata of which it is a tolerated reading.
        form: What else is changed in what is shown, the other names in it.
        **more: Further members of the entry.
    """
    refused = refusing(
        words,
        lambda _, body: next(
            (f"{own} is unknown, {other} is meant" for path, own, other in pairs if found(body, path, has(own))), ""
        ),
    )
    shown = showing_all(words, in_turn(*(renamed(path, own, other) for path, own, other in pairs), form))
    unknown = {own for path, own, _ in pairs if not path}

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        async def refusing_sound(asked: Call) -> Answer:
            if any(path.split("/")[1:2] == [own] for path in _patched(asked) for own in unknown):
                return refusal(400, "there is no such attribute to patch")
            return await refused.serve(_asking_for_unknown(asked, unknown), sound, history)

        return await shown.serve(call, refusing_sound, history)

    return reading(name, Break(words, serve, shown.notify), *errata, rules=(*TAKEN, *ASKED_FOR), **more)


def _patched(call: Call) -> list[str]:
    """Return the paths of a JSON Patch; none of anything else."""
    steps = call.json if call.action == "patch" and isinstance(call.json, list) else []
    return [str(step.get("path")) for step in steps if isinstance(step, dict)]


def _asking_for_unknown(call: Call, names: Collection[str]) -> Call:
    """Return a call whose query asks for what nothing has, wherever it names one of some attributes."""
    if not names or not call.query:
        return call
    word = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, names))})(?![\w])")
    query = [
        (word.sub(r"no-\1", key), word.sub(r"no-\1", value) if key in ("fields", "sort") else value)
        for key, value in call.parameters
    ]
    return call if query == call.parameters else replace(call, query=urlencode(query))


def dropping(words: str, path: str, *names: str) -> Break:
    """Not keep what a client sends under some names."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        if call.action not in ("create", "patch", "replace") or not isinstance(call.json, dict):
            return await sound(call)
        kept = without(path, *names)(call.json)
        return await sound(call if kept == call.json else call.with_json(kept))

    return Break(words, serve)


def status(words: str, action: str, status: int, *, body: bool = True) -> Break:
    """Answer one action with another status."""

    def changed(call: Call, answer: Answer, _: History) -> Answer:
        if call.action != action or not answer.is_success:
            return answer
        return answer.with_status(status) if body else Answer(status, ())

    return of_answers(words, changed)


def refused_patch(words: str, status: int, *names: str) -> Break:
    """Refuse to change some attributes."""
    return refusing(
        words,
        lambda _, body: next((f"{name} cannot be changed" for name in names if name in body), ""),
        status=status,
        actions=("patch",),
    )


def without_operation(words: str, status: int, *actions: str) -> Break:
    """Not offer some actions."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        return refusal(status, "not offered") if call.action in actions else await sound(call)

    return Break(words, serve)


def at_paths(paths: tuple[str, ...], is_wrong: Callable[[Thing], bool], reason: str) -> Callable[[Thing], str]:
    """Return what objects to a body with a wrong object at one of several paths."""
    return lambda body: next((f"{reason} in {path}" for path in paths if found(body, path, is_wrong)), "")


def no_ids(body: Thing) -> str:
    """Object to a body with an id or an href."""
    return "id and href are the server's" if "id" in body or "href" in body else ""


def event_types(change: Callable[[str], str]) -> Any:
    """Return what changes the type of a notification."""
    return lambda note, _: [note.with_body({**note.body, "eventType": change(note.event_type)})]


def payloads(change: Callable[[Thing], Thing]) -> Any:
    """Return what changes what a notification has as ``event``, and what stands beside it."""
    return lambda note, _: [note.with_body(change(note.body))]
