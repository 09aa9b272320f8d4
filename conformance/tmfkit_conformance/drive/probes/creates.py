"""Creates that differ in one attribute."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import probe, under
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.payloads.attributes import is_state
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.attributes import (
    OPTIONAL,
    VALUES,
    ClientId,
    DemandedFurther,
    Minus,
    ReadOnly,
    Tried,
    Values,
    With,
)
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.states import known_moves, way

__all__: list[str] = []

_MOST_MOVES: Final = 12
"""Moves with which the kit tries to come to a state."""


@probe(With)
def with_attribute(session: Session, subject: str) -> None:
    """Create with the subject, under the row's condition, read back; where that is refused, create without it."""
    payloads = session.payloads
    made = _made_with(session, subject)
    session.call("retrieve", With.READ, identifier=made.identifier)
    value = payloads.demanding(subject)
    asked = DemandedFurther(
        demanding=value is not pointers.ABSENT, longer=False, less=False, zero=isinstance(value, int)
    )
    session.note(asked)
    if not asked.demanding:
        return
    is_taken = _sent_and_read(session, subject, value, With.DEMANDING, With.DEMANDING_READ)
    less = pointers.ABSENT if is_taken else payloads.less_demanding(subject)
    if less is not pointers.ABSENT:
        session.note(replace(asked, less=True))
        _sent_and_read(session, subject, less, With.LESS, With.LESS_READ)
    if asked.zero:
        _sent_and_read(session, subject, 0, With.ZERO, With.ZERO_READ)
    if is_taken and isinstance(value, str) and not session.is_date_time(subject):
        session.note(replace(asked, longer=True))
        _sent_and_read(session, subject, payloads.longer(subject), With.LONGER, With.LONGER_READ)


def _made_with(session: Session, subject: str) -> Exchange:
    """Create with the subject; of a state that is refused with another one, and at last without it.

    Raises:
        ProbeAborted: The create with the subject was refused, and so was that with another state.
    """
    payloads = session.payloads
    made = taken = session.call("create", With.CREATE, body=payloads.telling(subject))
    if made.is_refusal and is_state(pointers.parts(subject)[-1]):
        taken = session.call("create", With.OTHER, body=payloads.with_attribute(subject))
    if not (taken.is_success and taken.identifier):
        session.call("create", With.CONTROL, body=payloads.beside(subject))
        session.stop("the create", made)
    return taken


def _sent_and_read(session: Session, subject: str, value: Any, create: Step, read: Step) -> bool:
    """Create with a value for the subject, and read back; return whether it was taken."""
    if isinstance(value, str) and subject[1:] in session.marks.carriers.get(session.resource_name, ()):
        value = f"{session.naming.text_of_its_own()} {value}"  # by it the run knows the record again
    made = session.call("create", create, body=session.payloads.holding(subject, value))
    if not made.is_success or not made.identifier:
        return False
    session.call("retrieve", read, identifier=made.identifier)
    return True


@probe(Minus)
def minus(session: Session, subject: str) -> None:
    """Create the smallest with the subject and without it (under the row's condition, if it has one), read back."""
    payloads, body = session.payloads, session.payloads.without_attribute(subject)
    condition = OPTIONAL.given_of(session.row) if session.is_for_one_row else None
    if condition:
        body = pointers.without(under(session, condition, body), payloads.spoken(subject))
    session.call("create", Minus.CONTROL, body=payloads.ensured(body, subject))
    made = session.created(Minus.CREATE, body)
    session.call("retrieve", Minus.READ, identifier=made.identifier)


@probe(Values)
def values(session: Session, subject: str) -> None:
    """Create with each of the row's values; one that a create refuses is tried by patch."""
    chosen = VALUES.expect_of(session.row).values
    session.note(Tried(len(chosen)))
    for index, value in enumerate(chosen):
        made = session.call("create", Values.CREATE.of(index), body=session.payloads.holding(subject, value))
        if not made.is_success:
            made = _moved(session, subject, value, index)
        session.call("retrieve", Values.READ.of(index), identifier=made.identifier)


def _moved(session: Session, subject: str, value: Any, index: int) -> Exchange:
    """Patch a record to a value: at once, else through the states that lead there; return the create of the record.

    A move that was refused is not tried again: the way goes on without it, and from a state that leads no further it
    begins again with another record.
    """

    def begun() -> Exchange:
        return session.created(Values.PLAIN.of(index), session.payloads.with_attribute(subject))

    def moved(step: Step, state: Any) -> bool:
        return session.patch(step, made.identifier, session.change(subject, state)).is_success

    made = begun()
    if moved(Values.PATCH.of(index), value):
        return made
    shown = made.answer if isinstance(made.answer, dict) else made.request.json
    first = state = pointers.get(shown, session.payloads.spoken(subject))
    known = known_moves(session.contract, session.resource_name, subject)
    moves = known or list(pairwise(session.listed_values(subject)))  # where no row knows any: as they are listed
    moves = [move for move in moves if move != (first, value)]
    for _ in range(_MOST_MOVES):
        if not way(moves, state, value):
            if state == first or not way(moves, first, value):
                break
            made, state = begun(), first
        following = way(moves, state, value)[0]
        if not moved(Values.MOVE.of(index), following):
            moves.remove((state, following))
        elif following == value:
            break
        else:
            state = following
    return made


@probe(ReadOnly)
def read_only(session: Session, subject: str) -> None:
    """Create with a value of our own for the subject, read back."""
    earlier = f"{session.contents.day(subject, years=(2001, 2009))}T00:00:00Z"
    value = earlier if session.is_date_time(subject) else session.payloads.value(subject, 1)
    control = session.created(ReadOnly.CONTROL)
    session.call("retrieve", ReadOnly.CONTROL_READ, identifier=control.identifier)
    made = session.call("create", ReadOnly.CREATE, body=pointers.with_value(session.payloads.minimal(), subject, value))
    if made.is_success:
        session.call("retrieve", ReadOnly.READ, identifier=made.identifier)


@probe(ClientId)
def client_id(session: Session, _subject: str) -> None:
    """Create with an id of our own."""
    smallest = session.payloads.minimal()
    body = {**smallest, "id": session.unused_id()}
    session.created_beside(ClientId.CREATE, body, ClientId.CONTROL, smallest)
