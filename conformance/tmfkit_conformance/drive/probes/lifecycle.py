"""Scenarios on the life of a resource; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.queries import listed
from tmfkit_conformance.drive.probes.registry import Driver, plain_attribute, probe
from tmfkit_conformance.drive.session import Ended, Session

__all__: list[str] = []

JSON_PATCH = "application/json-patch+json"


def scenario(name: str) -> Callable[[Driver], Driver]:
    """Register a function as the driver of a scenario."""

    def register(driver: Driver) -> Driver:
        return probe(f"scenario:{name}")(driver)

    return register


@scenario("created-is-readable")
@scenario("full-create")
@scenario("all-without-fields")
def full_create(session: Session, _subject: str) -> None:
    """Create with every attribute, read back; the second values, which no mock server has in store."""
    made = session.created("create", session.payloads.full(1))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("created-is-listed")
def created_is_listed(session: Session, _subject: str) -> None:
    """List all pages, create, list all pages again."""
    listed(session, "before", "")
    session.created("create")
    listed(session, "list", "")


@scenario("created-once")
def created_once(session: Session, _subject: str) -> None:
    """Create with a value found nowhere else, list what has it, create the same again."""
    attribute = plain_attribute(session)
    token = session.unused_id()
    body = pointers.with_value(session.payloads.with_attribute(attribute), session.payloads.spoken(attribute), token)
    session.created("create", body)
    listed(session, "list", f"{pointers.parts(session.payloads.spoken(attribute))[0]}={token}")
    session.created("second", body)


@scenario("minimal-create")
def minimal_create(session: Session, _subject: str) -> None:
    """Create with the mandatory attributes only."""
    session.call("create", "create", body=session.payloads.minimal())


@scenario("read-is-safe")
def read_is_safe(session: Session, _subject: str) -> None:
    """Read twice."""
    made = session.created("create")
    for step in ("first", "second"):
        session.call("retrieve", step, identifier=made.identifier)


@scenario("reads-one-object")
def reads_one_object(session: Session, _subject: str) -> None:
    """Create two, read each."""
    identifiers = [session.created(f"create-{letter}").identifier for letter in "ab"]
    for letter, identifier in zip("ab", identifiers, strict=True):
        session.call("retrieve", f"read-{letter}", identifier=identifier)


@scenario("no-tunnelled-methods")
def no_tunnelled_methods(session: Session, _subject: str) -> None:
    """Try to delete through GET and POST."""
    made = session.created("create")
    session.call("retrieve", "get", identifier=made.identifier, query={"_method": "DELETE"})
    retrieve = session.contract.action("retrieve", session.resource_name)
    if retrieve is not None:
        address = session.url_of(retrieve.path.replace("{id}", made.identifier))
        session.request(
            "POST",
            address,
            "post",
            body={},
            media_type="application/json",
            headers={"X-HTTP-Method-Override": "DELETE"},
        )
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("put-not-offered")
def put_not_offered(session: Session, _subject: str) -> None:
    """Try PUT."""
    made = session.created("create")
    session.request(
        "PUT", session.item_url(made.identifier), "put", body=session.payloads.minimal(1), media_type="application/json"
    )


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


@scenario("deleted-is-gone")
def deleted_is_gone(session: Session, _subject: str) -> None:
    """Create, read, delete, read, list."""
    made = session.created("create")
    session.call("retrieve", "before", identifier=made.identifier)
    session.call("delete", "delete", identifier=made.identifier)
    session.call("retrieve", "read", identifier=made.identifier)
    listed(session, "list", "")


@scenario("delete-one-of-two")
def delete_one_of_two(session: Session, _subject: str) -> None:
    """Create two, delete one, read both."""
    one, other = (session.created(f"create-{letter}").identifier for letter in "ab")
    session.call("delete", "delete", identifier=one)
    session.call("retrieve", "read", identifier=one)
    session.call("retrieve", "other", identifier=other)


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


@scenario("filter-by-day")
def filter_by_day(session: Session, subject: str) -> None:
    """Create with an instant, list with the day before it and the day after it."""
    spoken = session.payloads.spoken(subject)
    value = "2031-05-15T12:00:00Z"
    session.created("create", pointers.with_value(session.payloads.with_attribute(subject), spoken, value))
    name = ".".join(pointers.parts(spoken))
    listed(session, "before", f"{name}.gt=2031-05-15")
    listed(session, "after", f"{name}.gt=2031-05-16")


@scenario("filter-loose")
def filter_loose(session: Session, subject: str) -> None:
    """Create with a text, list with the text in double quotes and in the other letter case."""
    spoken = session.payloads.spoken(subject)
    value = f"Kit {session.unused_id()}"
    session.created("create", pointers.with_value(session.payloads.with_attribute(subject), spoken, value))
    listed(session, "list", urlencode({".".join(pointers.parts(spoken)): f'"{value.upper()}"'}))


@scenario("fields-with-filter")
def fields_with_filter(session: Session, _subject: str) -> None:
    """Create, list by id with a selection."""
    attribute = plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(attribute))
    session.call(
        "list", "list", query={"id": made.identifier, "fields": pointers.parts(session.payloads.spoken(attribute))[0]}
    )


@scenario("filters-combine")
def filters_combine(session: Session, _subject: str) -> None:
    """Create two that share one value; list by this value and an id."""
    attribute = plain_attribute(session)
    name = pointers.parts(session.payloads.spoken(attribute))[0]
    body = pointers.with_value(session.payloads.with_attribute(attribute), f"/{name}", token := session.unused_id())
    one = session.created("create-a", body)
    session.created("create-b", body)
    listed(session, "both", f"{name}={token}")
    listed(session, "list", f"{name}={token}&id={one.identifier}")


@scenario("filter-without-match")
def filter_without_match(session: Session, _subject: str) -> None:
    """List without a condition, and with one that nothing satisfies."""
    session.created("create")
    session.call("list", "control")
    session.call("list", "list", query={"id": session.unused_id()})


@scenario("fields-whole-attribute")
def fields_whole_attribute(session: Session, subject: str) -> None:
    """Create with the subject, select it."""
    made = session.created("create", session.payloads.with_attribute(subject))
    session.call("retrieve", "whole", identifier=made.identifier)
    session.call(
        "retrieve",
        "read",
        identifier=made.identifier,
        query={"fields": pointers.parts(session.payloads.spoken(subject))[0]},
    )


@scenario("trailing-slash")
def trailing_slash(session: Session, _subject: str) -> None:
    """Read with and without a slash at the end of the path."""
    made = session.created("create")
    read = session.call("retrieve", "read", identifier=made.identifier)
    session.request("GET", f"{read.request.url}/", "slash")


@scenario("not-a-resource")
def not_a_resource(session: Session, subject: str) -> None:
    """GET a path that is no resource, beside one that is."""
    session.call("list", "control")
    session.request("GET", session.url_of(subject), "read")


@scenario("references-as-sent")
@scenario("value-kept")
def references_as_sent(session: Session, subject: str) -> None:
    """Create with the subject (with the row's value, if it has one), read back."""
    body = session.payloads.telling(subject)
    if "value" in session.condition:
        body = pointers.with_value(
            body, session.payloads.spoken(subject).replace("/*", "/0"), session.condition["value"]
        )
    made = session.created("create", body)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("any-json-value")
def any_json_value(session: Session, subject: str) -> None:
    """Create with each kind of JSON value."""
    spoken = session.payloads.spoken(subject).replace("/*", "/0")
    for kind, value in {
        "string": "text",
        "number": 4.5,
        "boolean": True,
        "object": {"member": 1},
        "array": [1, "two"],
    }.items():
        made = session.created(
            f"create-{kind}", pointers.with_value(session.payloads.with_attribute(subject), spoken, value)
        )
        session.call("retrieve", f"read-{kind}", identifier=made.identifier)


@scenario("referred-classes")
def referred_classes(session: Session, subject: str) -> None:
    """Create with each class of the thing referred to."""
    spoken = session.payloads.spoken(subject)
    member = "/0" if isinstance(pointers.get(session.payloads.with_attribute(subject), spoken), list) else ""
    spoken = f"{spoken}{member}/@referredType".replace("/*", "/0")
    for index, value in enumerate(session.condition["values"]):
        made = session.created(
            f"create-{index}", pointers.with_value(session.payloads.with_attribute(subject), spoken, value)
        )
        session.call("retrieve", f"read-{index}", identifier=made.identifier)


@scenario("current-first")
def current_first(session: Session, subject: str) -> None:
    """Create with a profile in force and one that has ended, in this order and, on another resource, in the other."""
    spoken = session.payloads.spoken(subject)
    profile = session.payloads.value(subject)[0]
    now = {**profile, "validFor": {"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2099-01-01T00:00:00Z"}}
    past = {**profile, "validFor": {"startDateTime": "2018-01-01T00:00:00Z", "endDateTime": "2019-01-01T00:00:00Z"}}
    for step, profiles in {"first": [now, past], "last": [past, now]}.items():
        made = session.created(
            f"create-{step}", pointers.with_value(session.payloads.with_attribute(subject), spoken, profiles)
        )
        session.call("retrieve", f"read-{step}", identifier=made.identifier)


@scenario("unlisted-value")
def unlisted_value(session: Session, subject: str) -> None:
    """Create with a listed value and with one that is not."""
    spoken = session.payloads.spoken(subject)
    session.created("control", session.payloads.with_attribute(subject))
    made = session.call(
        "create", "refused", body=pointers.with_value(session.payloads.with_attribute(subject), spoken, "no such value")
    )
    if made.is_success:
        session.call("retrieve", "read", identifier=made.identifier)


@scenario("undefined-attribute")
def undefined_attribute(session: Session, subject: str) -> None:
    """Patch an attribute that the document does not define."""
    made = session.created("create")
    session.patch("patch", made.identifier, pointers.with_value({}, subject, "anything"))
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("element-ids-differ")
def element_ids_differ(session: Session, subject: str) -> None:
    """Create with two elements without ids."""
    elements = [
        {name: value for name, value in session.payloads.value(subject, variant)[0].items() if name != "id"}
        for variant in (0, 1)
    ]
    made = session.created(
        "create",
        pointers.with_value(session.payloads.with_attribute(subject), session.payloads.spoken(subject), elements),
    )
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
