"""Servers that patch or replace wrongly."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.rules.updates import (
    JSON_PATCH_ADD_MEMBER,
    JSON_PATCH_REMOVE,
    JSON_PATCH_REPLACE,
    MERGE_ARRAY_REPLACES,
    MERGE_NULL_REMOVES,
    MERGE_OBJECT_MERGES,
    PATCH_KEEPS_OTHERS,
    PATCH_LASTS,
    PATCH_ONE_OF_TWO,
    PATCHABLE,
    REPLACE_CLEARS,
    REPLACE_KEEPS_ID,
    REPLACE_TAKES_ALL,
    STATUS_MOVES,
    UNDEFINED_ATTRIBUTE,
)
from tmfkit_conformance.selftest.breaks.registry import Break, asking, breaks, doing_twice, instead, showing
from tmfkit_conformance.selftest.calls import Answer, Call, answered
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []


def _merged(made: CreatedResource) -> dict[str, Any]:
    """Return the partial object of the only change, nothing when there was another one or none."""
    only = made.changes[0] if len(made.changes) == 1 else None
    return only.json if only and only.action == "patch" and isinstance(only.json, dict) else {}


def _operation(made: CreatedResource, name: str) -> dict[str, Any]:
    """Return the JSON Patch operation *name* of the only change, nothing when it was something else."""
    only = made.changes[0].json if len(made.changes) == 1 else None
    found = only[0] if isinstance(only, list) and only else {}
    return found if found.get("op") == name else {}


def _replaced(made: CreatedResource) -> dict[str, Any]:
    """Return the body of the only change, a replacement; nothing when it was something else."""
    only = made.changes[0] if len(made.changes) == 1 else None
    return only.json if only and only.action == "replace" and isinstance(only.json, dict) else {}


def _are_alike(before: Any, after: Any) -> bool:
    """Say whether one whole value takes the place of another, so that nothing is to be merged or shortened."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after)
    if isinstance(before, dict) and isinstance(after, dict):
        return set(before) <= set(after)
    return after is not None


@breaks(PATCHABLE)
def patchable(target: Target) -> Break:
    """A patch of the attribute without effect, where not every attribute was sent on create."""
    name = target.attribute

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        merged = _merged(made)
        is_it = name in merged and name in made.sent and not target.is_full(made.sent)
        return {**shown, name: made.sent[name]} if is_it and _are_alike(made.sent[name], merged[name]) else shown

    return showing(target, f"leaves {target.subject} as it was when it is patched", change)


@breaks(PATCHABLE)
def empty_ignored(target: Target) -> Break | None:
    """An empty text, a false and a nought taken in a patch and ignored."""
    usual = plain_attributes(target.contract, target.resource)
    if target.row.level != "must" or not usual or target.subject != usual[0]:
        return None

    def change(call: Call, _history: History) -> Call:
        if not target.is_own(call) or not isinstance(call.json, dict):
            return call
        return call.with_json({name: value for name, value in call.json.items() if value or value is None})

    return asking("ignores a value in a patch that is empty, false or nought", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_loses_another(target: Target) -> Break:
    """Another attribute lost by a patch."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        merged = _merged(made)
        others = [name for name in target.owed(made.sent) if name not in merged and not target.is_server_time(name)]
        if not merged or not others:
            return shown
        lost = max(others)
        return {name: value for name, value in shown.items() if name != lost}

    return showing(target, "loses another attribute when one is patched", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_loses_the_optional(target: Target) -> Break:
    """Every attribute lost by a patch that a small record has not."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        return {name: value for name, value in shown.items() if not _merged(made) or name not in _further(target, made)}

    return showing(target, "loses what a small record has not when one attribute is patched", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_resets_another(target: Target) -> Break:
    """An attribute that a small record has not given another value by a patch."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        further = [name for name in _further(target, made) if name in shown] if _merged(made) else []
        return {**shown, **{name: target.payloads.value(f"/{name}", 0) for name in further[:1]}}

    return showing(target, "gives another attribute the value of a sample when one is patched", change)


@breaks(PATCH_KEEPS_OTHERS)
def json_patch_loses_others(target: Target) -> Break:
    """Every attribute lost by a JSON Patch that a small record has not."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        is_json_patch = bool(made.changes) and isinstance(made.changes[-1].json, list)
        lost = _further(target, made) if is_json_patch else []
        return {name: value for name, value in shown.items() if name not in lost}

    return showing(target, "loses what a small record has not by a JSON Patch", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_loses_the_first(target: Target) -> Break:
    """The attribute patched first lost by a patch that does not name it."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        bodies = [each.json for each in made.changes]
        is_merged = bool(bodies) and isinstance(bodies[0], dict) and isinstance(bodies[-1], dict)
        lost = set(bodies[0]) - set(bodies[-1]) if is_merged else set()
        return {name: value for name, value in shown.items() if name not in lost}

    return showing(target, "loses what was patched first when another attribute is patched", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_moves_the_creation(target: Target) -> Break | None:
    """The time of creation that the server made moved on by every patch."""
    attributes = target.contract.attributes(target.resource.schema)
    kinds = {name: target.contract.resolve(schema).get("x-tmf-generated") for name, schema in attributes.items()}
    name = next((name for name, kind in kinds.items() if kind == "creation-time"), "")
    if not name:
        return None

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        is_moved = bool(made.changes) and name not in made.sent and name in shown
        return {**shown, name: f"2031-01-01T00:00:{len(made.changes):02}Z"} if is_moved else shown

    return showing(target, f"moves {name} on with every patch", change)


@breaks(PATCH_KEEPS_OTHERS)
def patch_loses_of_the_second(target: Target) -> Break | None:
    """Of the members of lists but the first what they had beside their ids lost by a patch that does not name them."""
    whole = target.payloads.full(1)
    lists = [name for name, value in whole.items() if isinstance(value, list)]
    if not any(len(target.payloads.doubled(f"/{name}", whole[name])) > 1 for name in lists):
        return None

    def changed(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        if not _merged(made):
            return shown
        patched = {name for names in made.changed for name in names}
        lists = {name: value for name, value in shown.items() if isinstance(value, list) and name not in patched}
        return {**shown, **{name: [*value[:1], *map(_less, value[1:])] for name, value in lists.items()}}

    return showing(target, "loses the last attribute of the second members of lists when another is patched", changed)


def _less(member: Any) -> Any:
    """Return a member of a list without the last attribute that it has."""
    return dict(list(member.items())[:-1]) if isinstance(member, dict) else member


def _further(target: Target, made: CreatedResource) -> list[str]:
    """Return the attributes that a resource was made with and that a small record has not, the last first."""
    small = target.payloads.with_attribute(plain_attributes(target.contract, target.resource)[0])
    changed = {name for names in made.changed for name in names}
    free = (name for name in target.owed(made.sent) if name not in {*small, *changed})
    return sorted((name for name in free if not target.is_server_time(name)), reverse=True)


@breaks(PATCH_LASTS)
def patch_does_not_last(target: Target) -> Break:
    """A patch without effect."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        return {**shown, **{name: made.sent[name] for name in _merged(made) if name in made.sent}}

    return showing(target, "forgets a patch after answering it", change)


@breaks(PATCH_ONE_OF_TWO)
def patch_both(target: Target) -> Break:
    """The next resource, made from the same body, patched as well."""
    return doing_twice(target, "patches the resource that was made next as well")


@breaks(MERGE_NULL_REMOVES)
def null_ignored(target: Target) -> Break:
    """A null in a merge patch ignored."""

    def change(call: Call, _history: History) -> Call:
        is_null = isinstance(call.json, dict) and call.json.get(target.attribute, "") is None
        return call.with_json(pointers.without(call.json, target.subject)) if target.is_own(call) and is_null else call

    return asking(f"ignores a null for {target.subject} in a merge patch", change)


@breaks(MERGE_NULL_REMOVES)
def null_inside_ignored(target: Target) -> Break | None:
    """A null inside an object of a merge patch ignored, where a resource has a period that may be open."""
    contract = target.contract
    objects = map(contract.resolve, contract.attributes(target.resource.update).values())
    if not any("endDateTime" in {*contract.attributes(one)} - {*contract.required(one)} for one in objects):
        return None

    def kept(value: Any) -> Any:
        return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value

    def change(call: Call, _history: History) -> Call:
        if not target.is_own(call) or not isinstance(call.json, dict):
            return call
        return call.with_json({name: kept(value) for name, value in call.json.items()})

    return asking("ignores a null inside an object of a merge patch", change)


@breaks(MERGE_ARRAY_REPLACES)
def array_extended(target: Target) -> Break:
    """A shorter array in a merge patch appended to the longer one that there was."""

    def change(call: Call, history: History) -> Call:
        before = pointers.get(history.made[call.identifier].sent, target.subject) if _is_known(call, history) else None
        after = pointers.get(call.json, target.subject)
        if not target.is_own(call) or not isinstance(before, list) or not isinstance(after, list):
            return call
        is_shorter = len(after) < len(before)
        return call.with_json(pointers.with_value(call.json, target.subject, before + after)) if is_shorter else call

    return asking(f"appends to {target.subject} where a merge patch replaces it", change)


@breaks(MERGE_OBJECT_MERGES)
def object_replaced(target: Target) -> Break:
    """An object in a merge patch taken for the whole of it."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        before, after = (pointers.get(value, target.subject) for value in (made.sent, _merged(made)))
        is_part = isinstance(before, dict) and isinstance(after, dict) and not _are_alike(before, after)
        return pointers.with_value(shown, target.subject, after) if is_part else shown

    return showing(target, f"replaces {target.subject} where a merge patch names one member of it", change)


@breaks(JSON_PATCH_REPLACE)
def json_patch_forgotten(target: Target) -> Break:
    """The operation ``replace`` without effect."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        path = _operation(made, "replace").get("path", "")
        before = pointers.get(made.sent, path) if path else pointers.ABSENT
        return shown if before is pointers.ABSENT else pointers.with_value(shown, path, before)

    return showing(target, "forgets a JSON Patch after answering it", change)


@breaks(JSON_PATCH_REMOVE)
def json_patch_keeps(target: Target) -> Break:
    """The operation ``remove`` without effect."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        is_removed = bool(_operation(made, "remove"))
        before = pointers.get(made.sent, target.subject)
        return pointers.with_value(shown, target.subject, before) if is_removed else shown

    return showing(target, f"keeps {target.subject} when a JSON Patch removes it", change)


@breaks(JSON_PATCH_ADD_MEMBER)
def json_patch_displaces(target: Target) -> Break:
    """The members there were displaced by the operation ``add``."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        added = _operation(made, "add")
        return pointers.with_value(shown, target.subject, [added["value"]]) if added else shown

    return showing(target, f"drops the members of {target.subject} when a JSON Patch adds one", change)


@breaks(REPLACE_TAKES_ALL)
def replace_keeps_one(target: Target) -> Break:
    """One attribute as it was before a replacement."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        replaced = _replaced(made)
        kept = [name for name in replaced if name not in ("id", "href") and replaced[name] != made.sent.get(name)]
        return {**shown, kept[-1]: made.sent.get(kept[-1])} if kept else shown

    return showing(target, "leaves an attribute as it was when the resource is replaced", change)


@breaks(REPLACE_CLEARS)
def replace_keeps_the_missing(target: Target) -> Break:
    """An attribute still there that the replacement lacks."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        replaced, before = _replaced(made), pointers.get(made.sent, target.subject)
        is_kept = bool(replaced) and target.attribute not in replaced and before is not pointers.ABSENT
        return pointers.with_value(shown, target.subject, before) if is_kept else shown

    return showing(target, f"keeps {target.subject} when the resource is replaced without it", change)


@breaks(REPLACE_KEEPS_ID)
def replace_gives_an_id(target: Target) -> Break:
    """Another id after a replacement."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        return {**shown, "id": f"{shown.get('id')}-replaced"} if _replaced(made) else shown

    return showing(target, "gives a resource another id when it is replaced", change)


@breaks(STATUS_MOVES)
def status_stays(target: Target) -> Break:
    """The last of the moves without effect."""
    pointer = target.subject or "/status"
    before, last = STATUS_MOVES.given_of(target.row).values[-2:]

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        states = [pointers.get(made.sent, pointer), *(pointers.get(change.json, pointer) for change in made.changes)]
        return pointers.with_value(shown, pointer, before) if states[-2:] == [before, last] else shown

    return showing(target, f"does not move {pointer} from {before} to {last}", change)


@breaks(UNDEFINED_ATTRIBUTE)
def undefined_attribute(target: Target) -> Break:
    """A failure at an attribute that the document does not define."""

    def failure(call: Call, _history: History) -> Answer | None:
        is_sent = target.is_own(call) and bool(pointers.select(call.json, target.subject))
        return answered(500, {}) if is_sent else None

    return instead(f"fails when {target.subject} is patched", failure)


def _is_known(call: Call, history: History) -> bool:
    return call.identifier in history.made
