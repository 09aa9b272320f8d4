"""Scenarios on reads, lists, filters and selections; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.queries import listed
from tmfkit_conformance.drive.probes.registry import plain_attribute, scenario
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


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
