"""Servers that take what they are to refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.payloads.bodies import holds
from tmfkit_conformance.rules.answers import STATUS
from tmfkit_conformance.rules.refusals import (
    ANY_OF,
    AUTH,
    COLLECTION_DELETE_REFUSED,
    CONDITIONAL,
    MANDATORY,
    NON_PATCHABLE,
    PUT_REFUSED,
    SUB_MANDATORY,
    UNKNOWN_ID_REFUSED,
    UNLISTED_VALUE,
)
from tmfkit_conformance.rules.sending import SEND_UNKNOWN_ID
from tmfkit_conformance.selftest.breaks.registry import Break, answering, asking, breaks, instead, remembering
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.target import Target

__all__ = ["filled"]


def filled(body: Any, pointer: str, value: Any) -> Any:
    """Return a body in which every object that is to have *pointer* has it; what is missing or null gets *value*."""
    changed = copy.deepcopy(body)
    parents, _, last = pointer.rpartition("/")
    for parent in _objects(changed, parents):
        if parent.get(last) is None:
            parent[last] = value
    return changed


def _objects(body: Any, pointer: str) -> list[dict[str, Any]]:
    """Return the objects that *pointer* reaches, those in a list that it reaches included."""
    found = pointers.select(body, pointer)
    opened = [member for value in found for member in (value if isinstance(value, list) else [value])]
    return [value for value in opened if isinstance(value, dict)]


def _taking(target: Target, words: str, complete: Callable[[dict[str, Any], History, Call], Any]) -> Break:
    """Break the operation of the requirement: *complete* makes of a faulty body one that is in order."""

    def change(call: Call, history: History) -> Call:
        if not target.is_own(call) or not isinstance(call.json, dict):
            return call
        return call.with_json(complete(call.json, history, call))

    return asking(words, change)


@breaks(MANDATORY, SUB_MANDATORY)
def mandatory(target: Target) -> Break:
    """A body without the attribute taken; a failure where an erratum tolerates that it is taken."""
    is_callback = target.operation.action == "register"
    value = "http://127.0.0.1:9/" if is_callback else target.payloads.value(target.subject)
    if str(target.operation.success) in _tolerated(target):

        def failure(call: Call, _history: History) -> Answer | None:
            is_faulty = target.is_own(call) and call.json != filled(call.json, target.subject, value)
            return answered(500, {}) if is_faulty else None

        return instead(f"fails at {target.row.operation} without {target.subject}", failure)
    words = f"takes {target.row.operation} without {target.subject}"
    return _taking(target, words, lambda body, _history, _call: filled(body, target.subject, value))


def _tolerated(target: Target) -> tuple[str, ...]:
    rule = MANDATORY if target.row.kind == MANDATORY.name else SUB_MANDATORY
    return rule.expect_of(target.row).tolerate


@breaks(MANDATORY)
def refuses_and_keeps(target: Target) -> Break | None:
    """A create without the attribute refused, and kept all the same; seen by a text in another attribute."""
    others = {*plain_attributes(target.contract, target.resource)} - {target.subject}
    if target.operation.action != "create" or not others:
        return None
    value = target.payloads.value(target.subject)

    async def serve(call: Call, sound: Sound, _history: History) -> Answer:
        whole = filled(call.json, target.subject, value) if isinstance(call.json, dict) else call.json
        if not target.is_own(call) or whole == call.json:
            return await sound(call)
        await sound(call.with_json(whole))
        return answered(400, {"code": "20", "reason": "incomplete"})

    return Break(f"refuses {target.row.operation} without {target.subject}, and keeps what it refused", serve)


@breaks(ANY_OF)
def any_of(target: Target) -> Break:
    """An object with none of the members taken."""
    members = ANY_OF.expect_of(target.row).members
    first = f"{target.subject}/{members[0]}"
    value = target.payloads.value(first.replace(target.subject, _element(target), 1))

    def complete(body: dict[str, Any], _history: History, _call: Call) -> Any:
        found = _objects(body, target.subject)
        is_bare = all(one.get(member) is None for one in found for member in members)
        return filled(body, first, value) if is_bare else body

    return _taking(target, f"takes {target.row.operation} with none of {', '.join(members)}", complete)


def _element(target: Target) -> str:
    """Return the pointer of the objects that the subject is, or holds a list of."""
    schema = target.contract.at(target.resource.schema, target.subject)
    return f"{target.subject}/*" if "items" in schema else target.subject


@breaks(CONDITIONAL)
def conditional(target: Target) -> Break:
    """Under the condition, a body without the attribute taken, and a message that lacks it refused at its send only."""
    given = CONDITIONAL.given_of(target.row).rule()
    value = target.payloads.value(target.subject)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.action == "send-stored" and call.identifier in history.kept:
            return answered(400, {"code": "20", "reason": "missing"})
        if not target.is_own(call) or not isinstance(call.json, dict):
            return await sound(call)
        made = history.made.get(call.identifier)
        if not holds(given, {**made.sent, **call.json} if made else call.json):
            return await sound(call)
        complete = filled(call.json, target.subject, value)
        answer = await sound(call.with_json(complete))
        if complete != call.json:
            history.kept[answer.identifier] = "lacking"
        return answer

    return Break(f"takes {target.row.operation} without {target.subject} where it is needed", serve)


@breaks(NON_PATCHABLE)
def non_patchable(target: Target) -> Break:
    """The attribute changed by a patch."""

    def cleaned(call: Call) -> Call | None:
        is_sent = target.is_own(call) and bool(pointers.select(call.json, target.subject))
        return call.with_json(pointers.without(call.json, target.subject)) if is_sent else None

    return remembering(target, f"changes {target.subject} when it is patched", cleaned)


@breaks(NON_PATCHABLE)
def patches_id_in_one_media_type(target: Target) -> Break | None:
    """The id changed by a patch of one media type, where the other one of a partial object is not served."""
    if target.subject != "/id":
        return None

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if target.is_own(call) and call.media_type != "application/json":
            return answered(415, {"code": "1", "reason": "not offered"})
        if target.is_own(call) and isinstance(call.json, dict) and "id" in call.json:
            history.kept[call.identifier] = call.json["id"]
            return await sound(call.with_json({name: value for name, value in call.json.items() if name != "id"}))
        if call.identifier in history.kept:
            return answered(404, {"code": "60", "reason": "renamed"})
        return await sound(call)

    return Break("takes another id in a patch of the type application/json, the only one of a partial object", serve)


@breaks(AUTH)
def auth(target: Target) -> Break:
    """The role that is to be refused served, or the role that is to be served refused."""
    if AUTH.expect_of(target.row).form == "refused":

        def serve(call: Call, answer: Answer, _history: History) -> Answer:
            is_refused = target.is_own(call) and answer.status in (401, 403)
            return answered(target.operation.success) if is_refused else answer

        return answering(f"serves {target.row.operation} to the role {target.subject}", serve)

    def refuse(call: Call, answer: Answer, _history: History) -> Answer:
        return answered(403, {}) if target.is_own(call) and answer.is_success else answer

    return answering(f"refuses {target.row.operation} to the role {target.subject}", refuse)


@breaks(AUTH)
def auth_refused_and_done(target: Target) -> Break | None:
    """The role refused, and its call done all the same."""
    if AUTH.expect_of(target.row).form != "refused":
        return None

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.identifier and call.identifier in history.kept:
            return answered(404, {"code": "60", "reason": "not there"})
        answer = await sound(call)
        if target.is_own(call) and answer.status in (401, 403):
            history.kept[call.identifier] = None
        return answer

    return Break(f"refuses {target.row.operation} to the role {target.subject}, and does it all the same", serve)


@breaks(UNKNOWN_ID_REFUSED, SEND_UNKNOWN_ID)
def unknown_id(target: Target) -> Break:
    """An id that nothing has served as if something had."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        is_known = call.identifier in {**history.made, **history.listeners, **history.removed}
        if not target.is_own(call) or is_known:
            return answer
        return answered(target.operation.success, {} if target.operation.produces else None)

    return answering(f"serves {target.row.operation} with an id that nothing has", change)


@breaks(STATUS, UNKNOWN_ID_REFUSED)
def changes_the_deleted(target: Target) -> Break | None:
    """A change of something that was deleted taken."""
    is_unknown = target.row.scenario == UNKNOWN_ID_REFUSED.name or STATUS.given_of(target.row).situation == "unknown-id"
    if not is_unknown or target.operation.action not in ("patch", "replace"):
        return None

    def change(call: Call, answer: Answer, history: History) -> Answer:
        is_gone = target.is_own(call) and call.identifier in history.deleted
        return answered(target.operation.success, {"id": call.identifier}) if is_gone else answer

    return answering(f"serves {target.row.operation} with the id of what was deleted", change)


@breaks(UNLISTED_VALUE)
def unlisted_value(target: Target) -> Break:
    """A value taken that the document does not list."""
    values = target.listed(target.subject)

    def cleaned(call: Call) -> Call | None:
        sent = pointers.get(call.json, target.subject)
        if not target.is_own(call) or sent is pointers.ABSENT or sent in values:
            return None
        return call.with_json(pointers.with_value(call.json, target.subject, values[0]))

    return remembering(target, f"takes any value of {target.subject}", cleaned)


@breaks(PUT_REFUSED)
def put_refused(target: Target) -> Break:
    """PUT served."""

    def answer(call: Call, _history: History) -> Answer | None:
        below = call.path.startswith(f"{target.contract.base_path}{target.resource.collection}/")
        return answered(200, {}) if call.method == "PUT" and below else None

    return instead("serves PUT, which the document does not offer", answer)


@breaks(COLLECTION_DELETE_REFUSED)
def collection_delete_refused(target: Target) -> Break:
    """DELETE on the collection served."""

    def answer(call: Call, _history: History) -> Answer | None:
        collection = f"{target.contract.base_path}{target.resource.collection}"
        return answered(204) if call.method == "DELETE" and call.path.rstrip("/") == collection else None

    return instead("serves DELETE on the whole collection", answer)
