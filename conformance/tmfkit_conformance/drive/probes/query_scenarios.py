"""Scenarios on reads, lists, filters and selections; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.queries import missing, name_of
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.queries import (
    CreatedIsListed,
    CreatedOnce,
    FieldsWholeAttribute,
    FieldsWithFilter,
    FilterByDay,
    FilterLoose,
    FiltersCombine,
    FilterWithoutMatch,
    NotAResource,
    ReadIsSafe,
    ReadsOneObject,
    TrailingSlash,
)

__all__: list[str] = []


@probe(CreatedIsListed)
def created_is_listed(session: Session, _subject: str) -> None:
    """List all pages, create three, list again until they are found; each by its id where the list is too long."""
    session.walked(CreatedIsListed.BEFORE, "")
    beside = [CreatedIsListed.BESIDE.of(letter) for letter in "ab"]
    *others, made = session.created_at_once(*beside, CreatedIsListed.CREATE)
    by_id = {other.identifier: letter for other, letter in zip(others, "ab", strict=True)}
    pages = session.walked(CreatedIsListed.LIST, seeking=(made.identifier, *by_id))
    for identifier in missing(pages, (made.identifier, *by_id)):
        letter = by_id.get(identifier)
        step = CreatedIsListed.BESIDE_BY_ID.of(letter) if letter else CreatedIsListed.BY_ID
        session.call("list", step, query={"id": identifier})


@probe(CreatedOnce)
def created_once(session: Session, _subject: str) -> None:
    """Create with a value found nowhere else, list what has it, create the same again."""
    attribute = plain_attribute(session)
    token = session.naming.text_of_its_own()
    body = pointers.with_value(session.payloads.with_attribute(attribute), session.payloads.spoken(attribute), token)
    session.created(CreatedOnce.CREATE, body)
    session.walked(CreatedOnce.LIST, f"{pointers.parts(session.payloads.spoken(attribute))[0]}={token}")
    session.created(CreatedOnce.SECOND, body)


@probe(ReadIsSafe)
def read_is_safe(session: Session, _subject: str) -> None:
    """Read twice."""
    made = session.created(ReadIsSafe.CREATE)
    for step in (ReadIsSafe.FIRST, ReadIsSafe.SECOND):
        session.call("retrieve", step, identifier=made.identifier)


@probe(ReadsOneObject)
def reads_one_object(session: Session, _subject: str) -> None:
    """Create two, read each."""
    identifiers = [session.created(ReadsOneObject.CREATE.of(letter)).identifier for letter in "ab"]
    for letter, identifier in zip("ab", identifiers, strict=True):
        session.call("retrieve", ReadsOneObject.READ.of(letter), identifier=identifier)


@probe(TrailingSlash)
def trailing_slash(session: Session, _subject: str) -> None:
    """Read with and without a slash at the end of the path."""
    made = session.created(TrailingSlash.CREATE)
    read = session.call("retrieve", TrailingSlash.READ, identifier=made.identifier)
    session.request("GET", f"{read.request.url}/", TrailingSlash.SLASH)


@probe(NotAResource)
def not_a_resource(session: Session, subject: str) -> None:
    """GET a path that is no resource, beside one that is."""
    session.call("list", NotAResource.CONTROL)
    session.request("GET", session.url_of(subject), NotAResource.READ)


@probe(FilterByDay)
def filter_by_day(session: Session, subject: str) -> None:
    """Create with an instant, list with the day before it and the day after it."""
    spoken = session.payloads.spoken(subject)
    day = session.contents.day(subject, years=(2031, 2039))
    value = f"{day}T12:00:00Z"
    body = pointers.with_value(session.payloads.minimal(), spoken, value)  # a period has no end that might come before
    session.created(FilterByDay.CREATE, session.payloads.consistent(body))
    name = ".".join(pointers.parts(spoken))
    session.walked(FilterByDay.BEFORE, f"{name}.gt={day}")
    session.walked(FilterByDay.AFTER, f"{name}.gt={day + timedelta(days=1)}")


@probe(FilterLoose)
def filter_loose(session: Session, subject: str) -> None:
    """Create with a text, list with the text in double quotes and in the other letter case."""
    spoken = session.payloads.spoken(subject)
    value = session.naming.mark(subject)
    session.created(FilterLoose.CREATE, pointers.with_value(session.payloads.with_attribute(subject), spoken, value))
    session.walked(FilterLoose.LIST, urlencode({".".join(pointers.parts(spoken)): f'"{value.upper()}"'}))


@probe(FieldsWithFilter)
def fields_with_filter(session: Session, _subject: str) -> None:
    """Create, list by id with a selection."""
    attribute = plain_attribute(session)
    made = session.created(FieldsWithFilter.CREATE, session.payloads.with_attribute(attribute))
    session.call(
        "list",
        FieldsWithFilter.LIST,
        query={"id": made.identifier, "fields": pointers.parts(session.payloads.spoken(attribute))[0]},
    )


@probe(FiltersCombine)
def filters_combine(session: Session, _subject: str) -> None:
    """Create two that share one value; list by this value and an id."""
    attribute = plain_attribute(session)
    name = pointers.parts(session.payloads.spoken(attribute))[0]
    body = pointers.with_value(
        session.payloads.with_attribute(attribute), f"/{name}", token := session.naming.text_of_its_own()
    )
    one = session.created(FiltersCombine.CREATE.of("a"), body)
    session.created(FiltersCombine.CREATE.of("b"), body)
    session.walked(FiltersCombine.BOTH, f"{name}={token}")
    session.walked(FiltersCombine.LIST, f"{name}={token}&{urlencode({'id': one.identifier})}")


@probe(FilterWithoutMatch)
def filter_without_match(session: Session, _subject: str) -> None:
    """List without a condition, and with one that nothing satisfies."""
    session.created(FilterWithoutMatch.CREATE)
    session.call("list", FilterWithoutMatch.CONTROL)
    session.call("list", FilterWithoutMatch.LIST, query={"id": session.unused_id()})


@probe(FieldsWholeAttribute)
def fields_whole_attribute(session: Session, subject: str) -> None:
    """Create with the subject, select it."""
    made = session.created(FieldsWholeAttribute.CREATE, session.payloads.with_attribute(subject))
    whole = session.call("retrieve", FieldsWholeAttribute.WHOLE, identifier=made.identifier)
    selection = {"fields": name_of(session, subject, whole)}
    session.call("retrieve", FieldsWholeAttribute.READ, identifier=made.identifier, query=selection)
