"""Scenarios on what is created and read back; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.lifecycle import (
    REFERRED_CLASSES,
    VALUE_KEPT,
    AnyJsonValue,
    CurrentFirst,
    DeleteOneOfTwo,
    ElementIdsDiffer,
    MinimalCreate,
    NoTunnelledMethods,
    Readable,
    ReferencesAsSent,
    ReferredClasses,
)
from tmfkit_conformance.rules.refusals import UnlistedValue

__all__: list[str] = []


@probe(MinimalCreate)
def minimal_create(session: Session, _subject: str) -> None:
    """Create with the mandatory attributes only, read back."""
    made = session.call("create", MinimalCreate.CREATE, body=session.payloads.minimal())
    if made.is_success and made.identifier:
        session.call("retrieve", MinimalCreate.READ, identifier=made.identifier)


@probe(Readable)
def readable(session: Session, _subject: str) -> None:
    """Create the smallest with its second values, or else its first; read back."""
    made = session.call("create", Readable.SECOND, body=session.payloads.minimal(1))
    if not made.is_success or not made.identifier:
        made = session.created(Readable.CREATE)
    session.call("retrieve", Readable.READ, identifier=made.identifier)


@probe(NoTunnelledMethods)
def no_tunnelled_methods(session: Session, _subject: str) -> None:
    """Try to delete through GET and POST, read before and after."""
    made = session.created(NoTunnelledMethods.CREATE)
    session.call("retrieve", NoTunnelledMethods.BEFORE, identifier=made.identifier)
    session.call("retrieve", NoTunnelledMethods.GET, identifier=made.identifier, query={"_method": "DELETE"})
    retrieve = session.contract.action("retrieve", session.resource_name)
    if retrieve is not None:
        address = session.url_of(retrieve.path.replace("{id}", made.identifier))
        session.request(
            "POST",
            address,
            NoTunnelledMethods.POST,
            body={},
            media_type="application/json",
            headers={"X-HTTP-Method-Override": "DELETE"},
        )
    session.call("retrieve", NoTunnelledMethods.READ, identifier=made.identifier)


@probe(DeleteOneOfTwo)
def delete_one_of_two(session: Session, _subject: str) -> None:
    """Create three one after the other, as ids may be given in their order; delete the second, read all."""
    older, one, younger = [session.created(DeleteOneOfTwo.CREATE.of(letter)).identifier for letter in "abc"]
    session.call("delete", DeleteOneOfTwo.DELETE, identifier=one)
    session.call("retrieve", DeleteOneOfTwo.READ, identifier=one)
    session.call("retrieve", DeleteOneOfTwo.OTHER.of("older"), identifier=older)
    session.call("retrieve", DeleteOneOfTwo.OTHER.of("younger"), identifier=younger)


@probe(ReferencesAsSent)
def references_as_sent(session: Session, subject: str) -> None:
    """Create with the subject (with the row's value, if it has one), read back."""
    payloads = session.payloads
    body = payloads.telling(subject)
    if session.scenario is VALUE_KEPT:
        value = payloads.literal(subject, VALUE_KEPT.given_of(session.row).value)
        body = pointers.with_value(body, payloads.spoken(subject), value)
    made = session.created_beside(ReferencesAsSent.CREATE, body, ReferencesAsSent.CONTROL, payloads.beside(subject))
    session.call("retrieve", ReferencesAsSent.READ, identifier=made.identifier)


@probe(AnyJsonValue)
def any_json_value(session: Session, subject: str) -> None:
    """Create with each kind of JSON value."""
    payloads = session.payloads
    spoken, plain = payloads.spoken(subject), payloads.with_attribute(subject)
    for kind, value in {
        "string": "text",
        "number": 4.5,
        "boolean": True,
        "object": {"member": 1},
        "array": [1, "two"],
    }.items():
        body = pointers.with_value(plain, spoken, value)
        made = session.created_beside(AnyJsonValue.CREATE.of(kind), body, AnyJsonValue.CONTROL, plain)
        session.call("retrieve", AnyJsonValue.READ.of(kind), identifier=made.identifier)


@probe(ReferredClasses)
def referred_classes(session: Session, subject: str) -> None:
    """Create with each class of the thing referred to."""
    plain, spoken = session.payloads.with_attribute(subject), session.payloads.spoken(subject)
    member = "/*" if isinstance(pointers.get(plain, spoken), list) else ""
    spoken = f"{spoken}{member}/@referredType"
    for index, value in enumerate(REFERRED_CLASSES.given_of(session.row).values):
        body = pointers.with_value(plain, spoken, value)
        made = session.created_beside(ReferredClasses.CREATE.of(index), body, ReferredClasses.CONTROL, plain)
        session.call("retrieve", ReferredClasses.READ.of(index), identifier=made.identifier)


@probe(CurrentFirst)
def current_first(session: Session, subject: str) -> None:
    """Create with a profile in force and one that has ended, in this order and, on another resource, in the other."""
    spoken = session.payloads.spoken(subject)
    profile = session.payloads.value(subject)[0]
    now, past = (
        {
            **profile,
            "validFor": {name: f"{session.contents.day(name, years=years)}T00:00:00Z" for name, years in period},
        }
        for period in (
            (("startDateTime", (2015, 2019)), ("endDateTime", (2080, 2098))),
            (("startDateTime", (2001, 2006)), ("endDateTime", (2007, 2012))),
        )
    )
    for step, profiles in {"first": [now, past], "last": [past, now]}.items():
        made = session.created(
            CurrentFirst.CREATE.of(step),
            pointers.with_value(session.payloads.with_attribute(subject), spoken, profiles),
        )
        session.call("retrieve", CurrentFirst.READ.of(step), identifier=made.identifier)


@probe(UnlistedValue)
def unlisted_value(session: Session, subject: str) -> None:
    """Create with a listed value and with one that is not."""
    spoken = session.payloads.spoken(subject)
    session.created(UnlistedValue.CONTROL, session.payloads.with_attribute(subject))
    made = session.call(
        "create",
        UnlistedValue.REFUSED,
        body=pointers.with_value(
            session.payloads.with_attribute(subject), spoken, session.contents.text(f"unlisted {subject}", 0)
        ),
    )
    if made.is_success:
        session.call("retrieve", UnlistedValue.READ, identifier=made.identifier)


@probe(ElementIdsDiffer)
def element_ids_differ(session: Session, subject: str) -> None:
    """Create with two elements without ids."""
    elements = [
        {name: value for name, value in session.payloads.value(subject, variant)[0].items() if name != "id"}
        for variant in (0, 1)
    ]
    made = session.created(
        ElementIdsDiffer.CREATE,
        pointers.with_value(session.payloads.with_attribute(subject), session.payloads.spoken(subject), elements),
    )
    session.call("retrieve", ElementIdsDiffer.READ, identifier=made.identifier)
