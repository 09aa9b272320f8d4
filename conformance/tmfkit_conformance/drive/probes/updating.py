"""Scenarios on patches, replacements and methods not offered; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import plain_attribute, scenario
from tmfkit_conformance.drive.session import Ended, Session

__all__: list[str] = []

JSON_PATCH = "application/json-patch+json"


@scenario("patch-keeps-others")
@scenario("patch-lasts")
def patch_keeps_others(session: Session, _subject: str) -> None:
    """Create with every attribute, patch one, read before and after."""
    attribute = plain_attribute(session)
    made = session.created("create", session.payloads.full())
    session.call("retrieve", "before", identifier=made.identifier)
    session.patch("patch", made.identifier, session.change(attribute))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("patch-one-of-two")
def patch_one_of_two(session: Session, _subject: str) -> None:
    """Create two, patch one, read both."""
    attribute = plain_attribute(session)
    one, other = (
        session.created(f"create-{letter}", session.payloads.with_attribute(attribute)).identifier for letter in "ab"
    )
    session.call("retrieve", "before", identifier=other)
    session.patch("patch", one, session.change(attribute))
    session.call("retrieve", "read", identifier=one)
    session.call("retrieve", "other", identifier=other)


@scenario("merge-null-removes")
@scenario("json-patch-remove")
def removes(session: Session, subject: str) -> None:
    """Create with the subject, take it away, read back."""
    spoken = session.payloads.spoken(subject)
    made = session.created("create", session.payloads.with_attribute(subject))
    session.call("retrieve", "before", identifier=made.identifier)
    _take_away(session, made.identifier, spoken, json_patch="json-patch" in session.purpose)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("merge-array-replaces")
def merge_array_replaces(session: Session, subject: str) -> None:
    """Create with two members in the subject, patch with one."""
    payloads, name = session.payloads, session.payloads.spoken(subject)
    both = [payloads.value(subject, 0)[0], payloads.value(subject, 1)[0]]
    made = session.created("create", pointers.with_value(payloads.with_attribute(subject), name, both))
    session.patch("patch", made.identifier, pointers.with_value({}, name, [both[1]]))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("merge-object-merges")
def merge_object_merges(session: Session, subject: str) -> None:
    """Create with the subject, patch one member of it."""
    payloads, name = session.payloads, session.payloads.spoken(subject)
    before, after = payloads.value(subject, 0), payloads.value(subject, 1)
    changed = next((member for member in reversed(list(before)) if before[member] != after.get(member)), None)
    if changed is None or len(before) < 2:
        raise Ended(f"{subject} has no two members that can be told apart")
    made = session.created("create", pointers.with_value(payloads.with_attribute(subject), name, before))
    session.patch("patch", made.identifier, pointers.with_value({}, name, {changed: after[changed]}))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("json-patch-replace")
def json_patch_replace(session: Session, subject: str) -> None:
    """Create with the subject, replace it by JSON Patch."""
    pointer = subject or plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(pointer))
    operations = [
        {"op": "replace", "path": session.payloads.spoken(pointer), "value": session.payloads.value(pointer, 1)}
    ]
    session.call("patch", "patch", identifier=made.identifier, body=operations, media_type=JSON_PATCH)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("json-patch-add-member")
def json_patch_add_member(session: Session, subject: str) -> None:
    """Create with one member in the subject, add another by JSON Patch."""
    made = session.created("create", session.payloads.with_attribute(subject))
    operations = [
        {"op": "add", "path": f"{session.payloads.spoken(subject)}/-", "value": session.payloads.value(subject, 1)[0]}
    ]
    session.call("patch", "patch", identifier=made.identifier, body=operations, media_type=JSON_PATCH)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("replace-takes-all")
@scenario("replace-keeps-id")
def replace_takes_all(session: Session, _subject: str) -> None:
    """Create with every attribute, replace all of them."""
    made = session.created("create", session.payloads.full())
    session.call("retrieve", "before", identifier=made.identifier)
    session.call("replace", "replace", identifier=made.identifier, body=session.payloads.full(1))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("replace-clears")
def replace_clears(session: Session, subject: str) -> None:
    """Create with every attribute, replace without the subject."""
    made = session.created("create", session.payloads.full())
    session.call("retrieve", "before", identifier=made.identifier)
    body = pointers.without(session.payloads.full(), session.payloads.spoken(subject))
    session.call("replace", "replace", identifier=made.identifier, body=body)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("put-refused")
def put_refused(session: Session, _subject: str) -> None:
    """Try PUT, read afterwards."""
    made = session.created("create")
    session.call("retrieve", "before", identifier=made.identifier)
    session.request(
        "PUT",
        session.item_url(made.identifier),
        "refused",
        body=session.payloads.minimal(1),
        media_type="application/json",
    )
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("collection-delete-refused")
def collection_delete_refused(session: Session, _subject: str) -> None:
    """Try to delete the collection, read a member afterwards."""
    if not session.settings.allow_destructive:
        session.lack("permission to call DELETE on a collection: pass --allow-destructive")
    made = session.created("create")
    session.call("retrieve", "before", identifier=made.identifier)
    session.request("DELETE", session.item_url("").rstrip("/"), "refused")
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("delete-ignores-fields")
def delete_ignores_fields(session: Session, _subject: str) -> None:
    """Delete without a selection, and with one."""
    session.call("delete", "control", identifier=session.created("create").identifier)
    made = session.created("create")
    session.call("delete", "delete", identifier=made.identifier, query={"fields": "id"})


@scenario("undefined-attribute")
def undefined_attribute(session: Session, subject: str) -> None:
    """Patch an attribute that the document does not define."""
    made = session.created("create")
    session.patch("patch", made.identifier, pointers.with_value({}, subject, "anything"))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("status-moves")
def status_moves(session: Session, subject: str) -> None:
    """Create in the first state, patch through the others."""
    pointer = subject or "/status"
    first, *others = session.condition.get("values") or session.listed_values(pointer)
    session.fact("moves", len(others))
    made = session.created(
        "create", pointers.with_value(session.payloads.with_attribute(pointer), session.payloads.spoken(pointer), first)
    )
    for index, value in enumerate(others):
        session.patch(f"patch-{index}", made.identifier, session.change(pointer, value))
        session.call("retrieve", f"read-{index}", identifier=made.identifier)


def _take_away(session: Session, identifier: str, spoken: str, *, json_patch: bool) -> None:
    if json_patch:
        session.call(
            "patch", "patch", identifier=identifier, body=[{"op": "remove", "path": spoken}], media_type=JSON_PATCH
        )
    else:
        session.patch("patch", identifier, pointers.with_value({}, spoken, None))
