"""Servers on which resources do not live as they should; each is broken for one scenario."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.rules.lifecycle import (
    ANY_JSON_VALUE,
    CREATED_IS_READABLE,
    CURRENT_FIRST,
    DELETE_ONE_OF_TWO,
    DELETED_IS_GONE,
    ELEMENT_IDS_DIFFER,
    FULL_CREATE,
    MINIMAL_CREATE,
    NO_TUNNELLED_METHODS,
    REFERENCES_AS_SENT,
    REFERRED_CLASSES,
    VALUE_KEPT,
)
from tmfkit_conformance.rules.queries import (
    ALL_WITHOUT_FIELDS,
    CREATED_IS_LISTED,
    CREATED_ONCE,
    NOT_A_RESOURCE,
    READ_IS_SAFE,
    READS_ONE_OBJECT,
    TRAILING_SLASH,
)
from tmfkit_conformance.rules.updates import DELETE_IGNORES_FIELDS
from tmfkit_conformance.selftest.breaks.registry import Break, answering, asking, breaks, doing_twice, instead, showing
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered
from tmfkit_conformance.selftest.history import CreatedResource, History
from tmfkit_conformance.selftest.target import Target

__all__: list[str] = []


@breaks(CREATED_IS_READABLE)
def loses_one_of_the_smallest(target: Target) -> Break:
    """One attribute missing when no more than the mandatory ones were sent."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        if not target.is_minimal(target.unmarked(made.sent)) or made.changes:
            return shown
        lost = max(target.owed(target.unmarked(made.sent)))
        return {name: value for name, value in shown.items() if name != lost}

    return showing(target, f"loses an attribute of a {target.resource.name} created with the mandatory ones", change)


@breaks(FULL_CREATE, ALL_WITHOUT_FIELDS)
def loses_one_of_all(target: Target) -> Break:
    """One attribute missing when every attribute was sent."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        if not target.is_full(made.sent) or made.changes:
            return shown
        lost = max(target.owed(made.sent))
        return {name: value for name, value in shown.items() if name != lost}

    return showing(target, f"loses an attribute of a {target.resource.name} created with all of them", change)


@breaks(CREATED_IS_LISTED)
def latest_not_listed(target: Target) -> Break:
    """The latest resource missing in the list."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        if not _is_whole_list(target, call) or not isinstance(answer.json, list) or not history.made:
            return answer
        latest = list(history.made)[-1]
        return answer.with_json([member for member in answer.json if member.get("id") != latest])

    return answering(f"leaves the latest {target.resource.name} out of the list", change)


@breaks(CREATED_IS_LISTED)
def latest_listed_twice(target: Target) -> Break:
    """Another resource listed with the id of the latest."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        if not _is_whole_list(target, call) or not isinstance(answer.json, list) or not history.made:
            return answer
        latest = list(history.made)[-1]
        alike = [{**member, "name": "another"} for member in answer.json if member.get("id") == latest]
        return answer.with_json([*answer.json, *alike])

    return answering(f"lists another {target.resource.name} with the id of the latest", change)


def _is_whole_list(target: Target, call: Call) -> bool:
    return target.does(call, "list") and call.names <= {"offset", "limit"}


@breaks(CREATED_ONCE)
def creates_twice(target: Target) -> Break:
    """Two resources made by one create."""

    async def serve(call: Call, sound: Sound, _history: History) -> Answer:
        answer = await sound(call)
        if target.does(call, "create") and answer.is_success:
            await sound(call)
        return answer

    return Break(f"makes two of {target.resource.name} from one create", serve)


@breaks(MINIMAL_CREATE)
def wants_more(target: Target) -> Break:
    """A create with the mandatory attributes only refused; a failure where the document lets a target demand more."""
    status = 500 if target.resource.may_demand_more else 400

    def refusal(call: Call, _history: History) -> Answer | None:
        is_minimal = target.does(call, "create") and target.is_minimal(call.json)
        return answered(status, {"code": "20", "reason": "more is wanted"}) if is_minimal else None

    does = "fails at" if status == 500 else "refuses"
    return instead(f"{does} a create with the mandatory attributes only", refusal)


@breaks(MINIMAL_CREATE)
def answers_the_smallest_wrongly(target: Target) -> Break:
    """False in the place of an address, in the answer to a create of the smallest body."""

    def change(call: Call, answer: Answer, _history: History) -> Answer:
        is_it = target.does(call, "create") and target.is_minimal(call.json) and isinstance(answer.json, dict)
        return answer.with_json({**answer.json, "href": False}) if is_it and answer.is_success else answer

    return answering("answers a create with the mandatory attributes only with false for href", change)


@breaks(READ_IS_SAFE)
def counts_reads(target: Target) -> Break:
    """Another answer to the second of two reads."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        last = history.last_call
        is_again = last is not None and (last.method, last.path) == (call.method, call.path)
        if not is_again or not target.reads(call, history) or not isinstance(answer.json, dict):
            return answer
        return answer.with_json({**answer.json, "timesRead": 2}) if answer.is_success else answer

    return answering("changes a resource when it is read twice in a row", change)


@breaks(READS_ONE_OBJECT)
def reads_the_next(target: Target) -> Break:
    """Another resource read than the one addressed."""

    def change(call: Call, history: History) -> Call:
        made = target.reads(call, history)
        successor = history.successor(call.identifier) if made and not made.changes else ""
        return call.at(successor) if successor else call

    return asking("gives the resource that was made next instead of the one addressed", change)


@breaks(NO_TUNNELLED_METHODS)
def tunnels(target: Target) -> Break:
    """DELETE tunnelled through GET and POST."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        meant = [
            call.header("X-HTTP-Method-Override"),
            *(value for name, value in call.parameters if name == "_method"),
        ]
        if "DELETE" in meant:
            history.kept[call.path] = "deleted"
            return answered(204)
        return answered(404, {"code": "60", "reason": "gone"}) if call.path in history.kept else await sound(call)

    return Break(f"deletes a {target.resource.name} when GET or POST says that DELETE is meant", serve)


@breaks(DELETED_IS_GONE)
def deleted_still_listed(target: Target) -> Break:
    """A deleted resource still in the list."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        if not _is_whole_list(target, call) or not isinstance(answer.json, list):
            return answer
        gone = [history.last_shown[identifier] for identifier in history.deleted if identifier in history.last_shown]
        return answer.with_json([*answer.json, *gone])

    return answering(f"lists every {target.resource.name} that was deleted", change)


@breaks(DELETED_IS_GONE)
def deleted_still_read(target: Target) -> Break:
    """A deleted resource still readable."""

    def change(call: Call, answer: Answer, history: History) -> Answer:
        is_gone = target.does(call, "retrieve") and call.identifier in history.deleted
        shown = history.last_shown.get(call.identifier)
        return answered(200, shown) if is_gone and shown else answer

    return answering(f"gives a {target.resource.name} that was deleted when it is read", change)


@breaks(DELETE_ONE_OF_TWO)
def deletes_both(target: Target) -> Break:
    """The next resource deleted as well."""
    return doing_twice(target, f"deletes the {target.resource.name} that was made next as well")


@breaks(DELETE_ONE_OF_TWO)
def deletes_the_one_before(target: Target) -> Break:
    """The resource before it deleted as well."""
    words = f"deletes the {target.resource.name} that was made just before as well"
    return doing_twice(target, words, History.predecessor)


@breaks(DELETE_IGNORES_FIELDS)
def delete_fails_with_fields(target: Target) -> Break:
    """A failure at a selection in a delete."""

    def failure(call: Call, _history: History) -> Answer | None:
        return answered(500, {}) if target.is_own(call) and "fields" in call.names else None

    return instead(f"fails when {target.row.operation} is sent with fields", failure)


@breaks(TRAILING_SLASH)
def wants_no_slash(target: Target) -> Break:
    """404 with a slash at the end."""

    def refusal(call: Call, _history: History) -> Answer | None:
        return answered(404, {}) if target.does(call, "retrieve") and call.path.endswith("/") else None

    return instead("answers a read with 404 when there is a slash at the end of the path", refusal)


@breaks(NOT_A_RESOURCE)
def serves_anything(target: Target) -> Break:
    """Something served where there is nothing."""
    path = f"{target.contract.base_path}{target.subject}"
    return instead(
        f"serves {target.subject}, which is no resource",
        lambda call, _history: answered(200, {}) if (call.method, call.path) == ("GET", path) else None,
    )


@breaks(REFERENCES_AS_SENT, VALUE_KEPT)
def loses_value(target: Target) -> Break:
    """The value of the row lost."""
    is_valued = target.row.scenario == VALUE_KEPT.name
    value = VALUE_KEPT.given_of(target.row).value if is_valued else "sent"

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        sent = pointers.get(made.sent, target.subject)
        is_it = sent == value if is_valued else sent is not pointers.ABSENT
        return pointers.without(shown, target.subject) if is_it and not target.is_full(made.sent) else shown

    return showing(target, f"loses {target.subject} when it is {str(value)[:60]}", change)


@breaks(ANY_JSON_VALUE)
def turns_into_text(target: Target) -> Break:
    """A boolean turned into a text."""
    where = target.subject

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        is_it = pointers.get(made.sent, target.subject) is True and not target.is_full(made.sent)
        return pointers.with_value(shown, where, "true") if is_it else shown

    return showing(target, f"turns a boolean in {target.subject} into a text", change)


@breaks(REFERRED_CLASSES)
def loses_class(target: Target) -> Break:
    """The last of the classes lost."""
    last = REFERRED_CLASSES.given_of(target.row).values[-1]
    wheres = [f"{target.subject}/@referredType", f"{target.subject}/*/@referredType"]

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        sent = [value for where in wheres for value in pointers.select(made.sent, where)]
        if last not in sent:
            return shown
        return pointers.without(pointers.without(shown, wheres[0]), wheres[1])

    return showing(target, f"loses @referredType {last} of {target.subject}", change)


@breaks(CURRENT_FIRST)
def ended_first(target: Target) -> Break:
    """The profile that ends first put first."""

    def ends(profile: Any) -> str:
        return str(pointers.get(profile, "/validFor/endDateTime"))

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        several = pointers.get(shown, target.subject)
        if made.changes or not isinstance(several, list) or len(several) < 2:
            return shown
        return pointers.with_value(shown, target.subject, sorted(several, key=ends))

    return showing(target, f"puts first in {target.subject} what ended first", change)


@breaks(ELEMENT_IDS_DIFFER)
def same_element_ids(target: Target) -> Break:
    """Elements that were sent without ids given one and the same."""

    def change(shown: dict[str, Any], made: CreatedResource) -> dict[str, Any]:
        sent, several = (pointers.get(value, target.subject) for value in (made.sent, shown))
        if not isinstance(sent, list) or len(sent) < 2 or not isinstance(several, list):
            return shown
        return pointers.with_value(shown, target.subject, [{**element, "id": "1"} for element in several])

    return showing(target, f"gives all elements of {target.subject} the same id", change)
