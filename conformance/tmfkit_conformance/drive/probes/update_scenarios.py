"""Scenarios on patches, replacements and methods not offered; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import another_attribute, plain_attribute, probe, removable_attribute
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.rules.refusals import PARTIAL, CollectionDeleteRefused, PutRefused
from tmfkit_conformance.rules.updates import (
    JSON_PATCH_REMOVE,
    MERGE_NULL_REMOVES,
    STATUS_MOVES,
    DeleteIgnoresFields,
    JsonPatchAddMember,
    JsonPatchReplace,
    MergeArrayReplaces,
    MergeObjectMerges,
    Moved,
    PatchedAs,
    PatchKeepsOthers,
    PatchOneOfTwo,
    Removes,
    ReplaceClears,
    ReplaceTakesAll,
    StatusMoves,
    TakenAway,
    UndefinedAttribute,
)
from tmfkit_models.contracts import Contract, Schema

__all__: list[str] = []

JSON_PATCH = "application/json-patch+json"


@probe(PatchKeepsOthers)
def patch_keeps_others(session: Session, _subject: str) -> None:
    """Create with everything, patch one attribute, read; then another one, then in every other media type."""
    payloads, attribute = session.payloads, plain_attribute(session)
    whole = pointers.with_value(payloads.full(1), payloads.spoken(attribute), payloads.value(attribute))
    full = {name: value for name, value in whole.items() if name not in _of_creation(session)}
    identifier = _patched_full(session, full, attribute)
    is_full = bool(identifier)
    if not identifier:
        identifier = session.created(PatchKeepsOthers.CREATE, payloads.with_attribute(attribute)).identifier
        session.call("retrieve", PatchKeepsOthers.BEFORE, identifier=identifier)
        session.patch(PatchKeepsOthers.PATCH, identifier, session.change(attribute, of=identifier))
        session.call("retrieve", PatchKeepsOthers.READ, identifier=identifier)
    another = _patch_another(session, identifier)
    others = [name for name in session.operation.consumes if name != session.patch_media]
    taken = [name for name in others if _is_patched_as(session, identifier, name, attribute)]
    session.note(PatchedAs(is_full, another, taken))


def _of_creation(session: Session) -> set[str]:
    """Return the times of creation under the names that the target takes: the server makes them."""
    contract, resource = session.contract, session.contract.resource(session.resource_name)
    found = ((f"/{name}", contract.resolve(schema)) for name, schema in contract.attributes(resource.schema).items())
    made = (pointer for pointer, schema in found if schema.get("x-tmf-generated") == "creation-time")
    return {session.payloads.spoken(one)[1:] for one in made if not session.payloads.is_in_every_body(one)}


def _doubled(session: Session, name: str, value: Any) -> Any:
    """Return a list of one with another member of its kind before that; anything else as it is."""
    attributes = session.contract.attributes(session.contract.resource(session.resource_name).schema)
    is_list = session.contract.resolve(attributes.get(name, {})).get("type") == "array"
    return session.payloads.doubled(f"/{name}", value) if is_list else value


def _patched_full(session: Session, full: dict[str, Any], attribute: str) -> str:
    """Patch a record with everything, read before and after; return its id, nothing where that is refused."""
    several = {name: _doubled(session, name, value) for name, value in full.items()}
    made = session.call("create", PatchKeepsOthers.SEVERAL, body=several)
    if not made.is_success or not made.identifier:
        made = session.call("create", PatchKeepsOthers.FULL, body=full)
    if not made.is_success or not made.identifier:
        return ""
    session.call("retrieve", PatchKeepsOthers.FULL_BEFORE, identifier=made.identifier)
    change = session.change(attribute, of=made.identifier)
    if not session.patch(PatchKeepsOthers.FULL_PATCH, made.identifier, change).is_success:
        return ""
    session.call("retrieve", PatchKeepsOthers.FULL_READ, identifier=made.identifier)
    return made.identifier


def _patch_another(session: Session, identifier: str) -> bool:
    """Patch another attribute than the usual one, and read back where that is taken; return whether it is."""
    another = another_attribute(session)
    if not another:
        return False
    change = session.change(another, of=identifier)
    is_taken = session.patch(PatchKeepsOthers.PATCH_ANOTHER, identifier, change).is_success
    if is_taken:
        session.call("retrieve", PatchKeepsOthers.READ_ANOTHER, identifier=identifier)
    return is_taken


def _is_patched_as(session: Session, identifier: str, media_type: str, attribute: str) -> bool:
    """Patch an attribute in another media type, and read back where that is taken; return whether it is."""
    value = session.another(attribute, of=identifier)
    replacing = [{"op": "replace", "path": session.payloads.spoken(attribute), "value": value}]
    body = session.change(attribute, value) if media_type in PARTIAL else replacing
    patched = session.patch(PatchKeepsOthers.PATCH_AS.of(media_type), identifier, body, media_type=media_type)
    if patched.is_success:
        session.call("retrieve", PatchKeepsOthers.READ_AS.of(media_type), identifier=identifier)
    return patched.is_success


@probe(PatchOneOfTwo)
def patch_one_of_two(session: Session, _subject: str) -> None:
    """Create two, patch one, read both."""
    attribute = plain_attribute(session)
    one, other = (
        session.created(PatchOneOfTwo.CREATE.of(letter), session.payloads.with_attribute(attribute)).identifier
        for letter in "ab"
    )
    session.call("retrieve", PatchOneOfTwo.BEFORE, identifier=other)
    session.patch(PatchOneOfTwo.PATCH, one, session.change(attribute, of=one))
    session.call("retrieve", PatchOneOfTwo.READ, identifier=one)
    session.call("retrieve", PatchOneOfTwo.OTHER, identifier=other)


@probe(Removes)
def removes(session: Session, subject: str) -> None:
    """Create with the subject (or what stands in for it), take it away, read back."""
    taken = removable_attribute(session, subject)
    session.note(TakenAway(taken))
    made = session.created(Removes.CREATE, session.payloads.with_attribute(taken or subject))
    if not taken:
        return
    session.call("retrieve", Removes.BEFORE, identifier=made.identifier)
    _take_away(session, made.identifier, session.payloads.spoken(taken))
    session.call("retrieve", Removes.READ, identifier=made.identifier)
    if session.scenario is MERGE_NULL_REMOVES:
        _take_away_an_end(session, made.identifier)


def _take_away_an_end(session: Session, identifier: str) -> None:
    """Give a record a period and take its end away, where the document lets a period have none."""
    contract, payloads = session.contract, session.payloads
    period = next((f"/{name}" for name, schema in _patched(session) if _may_be_open(contract, schema)), "")
    if not period or payloads.is_configured(period):
        return
    both = {"startDateTime": "2026-03-20T17:30:00Z", "endDateTime": "2030-03-20T17:30:00Z"}
    given = {payloads.spoken(period)[1:]: payloads.translated_at(period, both)}
    if not session.patch(Removes.PERIOD, identifier, given).is_success:
        return
    session.call("retrieve", Removes.PERIOD_BEFORE, identifier=identifier)
    ended = pointers.with_value({}, payloads.spoken(f"{period}/endDateTime"), None)
    session.patch(Removes.PERIOD_PATCH, identifier, ended)
    session.call("retrieve", Removes.PERIOD_READ, identifier=identifier)


def _patched(session: Session) -> list[tuple[str, Schema]]:
    """Return the attributes of the first level that a patch may name, the schema of each with it."""
    contract, resource = session.contract, session.contract.resource(session.resource_name)
    return [(name, contract.resolve(schema)) for name, schema in contract.attributes(resource.update).items()]


def _may_be_open(contract: Contract, schema: Schema) -> bool:
    return "endDateTime" in set(contract.attributes(schema)) - set(contract.required(schema))


@probe(MergeArrayReplaces)
def merge_array_replaces(session: Session, subject: str) -> None:
    """Create with two members in the subject, patch with one."""
    payloads, name = session.payloads, session.payloads.spoken(subject)
    both = [payloads.value(subject)[0], payloads.another(subject)[0]]
    made = session.created(MergeArrayReplaces.CREATE, pointers.with_value(payloads.with_attribute(subject), name, both))
    session.patch(MergeArrayReplaces.PATCH, made.identifier, pointers.with_value({}, name, [both[1]]))
    session.call("retrieve", MergeArrayReplaces.READ, identifier=made.identifier)


@probe(MergeObjectMerges)
def merge_object_merges(session: Session, subject: str) -> None:
    """Create with the subject, patch one member of it."""
    payloads, name = session.payloads, session.payloads.spoken(subject)
    before, after = payloads.two_members(subject, 0), payloads.two_members(subject, 1)
    changed = next((member for member in reversed(list(before)) if before[member] != after.get(member)), None)
    if changed is None or len(before) < 2:
        raise ProbeAborted(f"{subject} has no two members that can be told apart")
    made = session.created(
        MergeObjectMerges.CREATE, pointers.with_value(payloads.with_attribute(subject), name, before)
    )
    session.patch(MergeObjectMerges.PATCH, made.identifier, pointers.with_value({}, name, {changed: after[changed]}))
    session.call("retrieve", MergeObjectMerges.READ, identifier=made.identifier)


@probe(JsonPatchReplace)
def json_patch_replace(session: Session, subject: str) -> None:
    """Create with the subject, replace it by JSON Patch."""
    pointer = subject or plain_attribute(session)
    made = session.created(JsonPatchReplace.CREATE, session.payloads.with_attribute(pointer))
    value = session.another(pointer, of=made.identifier)
    operations = [{"op": "replace", "path": session.payloads.spoken(pointer), "value": value}]
    session.patch(JsonPatchReplace.PATCH, made.identifier, operations, media_type=JSON_PATCH)
    session.call("retrieve", JsonPatchReplace.READ, identifier=made.identifier)


@probe(JsonPatchAddMember)
def json_patch_add_member(session: Session, subject: str) -> None:
    """Create with one member in the subject, add another by JSON Patch."""
    made = session.created(JsonPatchAddMember.CREATE, session.payloads.with_attribute(subject))
    operations = [
        {"op": "add", "path": f"{session.payloads.spoken(subject)}/-", "value": session.payloads.another(subject)[0]}
    ]
    session.patch(JsonPatchAddMember.PATCH, made.identifier, operations, media_type=JSON_PATCH)
    session.call("retrieve", JsonPatchAddMember.READ, identifier=made.identifier)


@probe(ReplaceTakesAll)
def replace_takes_all(session: Session, _subject: str) -> None:
    """Create with a text, replace what was made by the same body with second values, read before and after."""
    attribute = plain_attribute(session)
    made = session.created(ReplaceTakesAll.CREATE, session.payloads.with_attribute(attribute))
    session.call("retrieve", ReplaceTakesAll.BEFORE, identifier=made.identifier)
    value = session.another(attribute, of=made.identifier)
    body = pointers.with_value(session.payloads.with_attribute(attribute, 1), session.payloads.spoken(attribute), value)
    session.call("replace", ReplaceTakesAll.REPLACE, identifier=made.identifier, body=body)
    session.call("retrieve", ReplaceTakesAll.READ, identifier=made.identifier)


@probe(ReplaceClears)
def replace_clears(session: Session, subject: str) -> None:
    """Create with the subject (or what stands in for it), replace without it, read before and after."""
    taken = removable_attribute(session, subject, strictly=True)
    session.note(TakenAway(taken))
    whole = session.payloads.with_attribute(taken or subject)
    made = session.created(ReplaceClears.CREATE, whole)
    if not taken:
        return
    session.call("retrieve", ReplaceClears.BEFORE, identifier=made.identifier)
    body = pointers.without(whole, session.payloads.spoken(taken))
    session.call("replace", ReplaceClears.REPLACE, identifier=made.identifier, body=body)
    session.call("retrieve", ReplaceClears.READ, identifier=made.identifier)


@probe(PutRefused)
def put_refused(session: Session, _subject: str) -> None:
    """Try PUT, read before and after."""
    made = session.created(PutRefused.CREATE)
    session.call("retrieve", PutRefused.BEFORE, identifier=made.identifier)
    session.request(
        "PUT",
        session.item_url(made.identifier),
        PutRefused.REFUSED,
        body=session.payloads.minimal(1),
        media_type="application/json",
    )
    session.call("retrieve", PutRefused.READ, identifier=made.identifier)


@probe(CollectionDeleteRefused)
def collection_delete_refused(session: Session, _subject: str) -> None:
    """Try to delete the collection, read a member before and after."""
    if not session.settings.allow_destructive:
        session.lack("permission to call DELETE on a collection: pass --allow-destructive")
    made = session.created(CollectionDeleteRefused.CREATE)
    session.call("retrieve", CollectionDeleteRefused.BEFORE, identifier=made.identifier)
    deleted = session.request("DELETE", session.item_url("").rstrip("/"), CollectionDeleteRefused.REFUSED)
    if deleted.is_success:
        session.ledger.emptied.add(session.resource_name)
    session.call("retrieve", CollectionDeleteRefused.READ, identifier=made.identifier)


@probe(DeleteIgnoresFields)
def delete_ignores_fields(session: Session, _subject: str) -> None:
    """Create two; delete one of them plainly, and the other with a selection in the query."""
    session.call(
        "delete", DeleteIgnoresFields.CONTROL, identifier=session.created(DeleteIgnoresFields.CREATE).identifier
    )
    made = session.created(DeleteIgnoresFields.CREATE)
    session.call("delete", DeleteIgnoresFields.DELETE, identifier=made.identifier, query={"fields": "id"})


@probe(UndefinedAttribute)
def undefined_attribute(session: Session, subject: str) -> None:
    """Patch an attribute that the document does not define."""
    made = session.created(UndefinedAttribute.CREATE)
    value = session.contents.text(subject, 0)
    session.patch(UndefinedAttribute.PATCH, made.identifier, pointers.with_value({}, subject, value))
    session.call("retrieve", UndefinedAttribute.READ, identifier=made.identifier)


@probe(StatusMoves)
def status_moves(session: Session, subject: str) -> None:
    """Create in the first state, patch through the others."""
    pointer = subject or "/status"
    first, *others = STATUS_MOVES.given_of(session.row).values
    session.note(Moved(len(others)))
    made = session.created(
        StatusMoves.CREATE,
        pointers.with_value(session.payloads.with_attribute(pointer), session.payloads.spoken(pointer), first),
    )
    for index, value in enumerate(others):
        session.patch(StatusMoves.PATCH.of(index), made.identifier, session.change(pointer, value))
        session.call("retrieve", StatusMoves.READ.of(index), identifier=made.identifier)


def _take_away(session: Session, identifier: str, spoken: str) -> None:
    if session.scenario is JSON_PATCH_REMOVE:
        operations = [{"op": "remove", "path": spoken}]
        session.patch(Removes.PATCH, identifier, operations, media_type=JSON_PATCH)
    else:
        session.patch(Removes.PATCH, identifier, pointers.with_value({}, spoken, None))
