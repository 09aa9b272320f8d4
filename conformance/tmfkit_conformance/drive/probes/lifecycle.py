"""Scenarios on what is created and read back; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.queries import listed
from tmfkit_conformance.drive.probes.registry import scenario
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


@scenario("minimal-create")
def minimal_create(session: Session, _subject: str) -> None:
    """Create with the mandatory attributes only, read back."""
    made = session.call("create", "create", body=session.payloads.minimal())
    if made.is_success and made.identifier:
        session.call("retrieve", "read", identifier=made.identifier)


@scenario("no-tunnelled-methods")
def no_tunnelled_methods(session: Session, _subject: str) -> None:
    """Try to delete through GET and POST, read before and after."""
    made = session.created("create")
    session.call("retrieve", "before", identifier=made.identifier)
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


@scenario("references-as-sent")
@scenario("value-kept")
def references_as_sent(session: Session, subject: str) -> None:
    """Create with the subject (with the row's value, if it has one), read back."""
    payloads = session.payloads
    body = payloads.telling(subject)
    if "value" in session.condition:
        value = payloads.translated_at(subject, session.condition["value"])
        body = pointers.with_value(body, payloads.spoken(subject).replace("/*", "/0"), value)
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
