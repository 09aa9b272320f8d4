"""Creates that differ in one attribute."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import probe, under
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


@probe("with")
def with_attribute(session: Session, subject: str) -> None:
    """Create with the subject, read back."""
    made = session.created("create", session.payloads.telling(subject))
    session.call("retrieve", "read", identifier=made.identifier)


@probe("minus")
def minus(session: Session, subject: str) -> None:
    """Create with everything but the subject (under the row's condition, if it has one), read back.

    With less, a refusal might speak of something else that is missing.
    """
    payloads, body = session.payloads, session.payloads.full()
    if session.condition:
        body = under(session, session.condition, body)
    made = session.created("create", pointers.without(body, payloads.spoken(subject)))
    session.call("retrieve", "read", identifier=made.identifier)


@probe("values")
def values(session: Session, subject: str) -> None:
    """Create with each of the row's values; one that a create refuses is tried by patch."""
    payloads = session.payloads
    configured = session.settings.values.get(session.resource_name, {}).get(subject)
    chosen = session.row.expect.get("values") or configured or session.listed_values(subject)
    session.fact("values", len(chosen))
    for index, value in enumerate(chosen):
        made = session.call("create", f"create-{index}", body=payloads.holding(subject, value))
        if not made.is_success:
            made = session.created(f"plain-{index}", payloads.with_attribute(subject))
            session.call("patch", f"patch-{index}", identifier=made.identifier, body=session.change(subject, value))
        session.call("retrieve", f"read-{index}", identifier=made.identifier)


@probe("read-only")
def read_only(session: Session, subject: str) -> None:
    """Create with a value of our own for the subject, read back."""
    value = "2001-01-01T00:00:00Z" if session.is_date_time(subject) else session.payloads.value(subject, 1)
    control = session.created("control")
    session.call("retrieve", "control-read", identifier=control.identifier)
    made = session.call("create", "create", body=pointers.with_value(session.payloads.minimal(), subject, value))
    if made.is_success:
        session.call("retrieve", "read", identifier=made.identifier)


@probe("client-id")
def client_id(session: Session, _subject: str) -> None:
    """Create with an id of our own."""
    session.call("create", "create", body={**session.payloads.minimal(), "id": session.unused_id()})
