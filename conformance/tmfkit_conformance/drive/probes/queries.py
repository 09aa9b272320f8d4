"""Selection, filters, sorting and pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.attributes import is_free_text
from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.queries import FILTER, Among, Fields, Filter, FilterExpectation, Page, SelectedFrom, Sort

__all__ = ["look_for", "missing", "name_of"]


@probe(Fields)
def fields(session: Session, subject: str) -> None:
    """Create with what is selected; select the subject, or each attribute in turn when the subject is ``*``."""
    action, also = session.operation.action, session.also_selected()
    full = session.call("create", Fields.FULL, body=session.payloads.full(1)) if subject == "*" else None
    is_full = full is not None and full.is_success and bool(full.identifier)
    named = (subject,) if subject != "*" else ()
    made = full if full and is_full else session.created(Fields.CREATE, _with_all(session, *named, *also))
    whole = session.call("retrieve", Fields.WHOLE, identifier=made.identifier)
    shown = _shown(whole)
    chosen = _each(session, shown) if subject == "*" else [name_of(session, subject, whole)]
    session.note(SelectedFrom(is_full, chosen))
    others = [name_of(session, other, whole) for other in also]
    for name in chosen:
        query = urlencode({"fields": ",".join([name, *others])}, safe=",")
        if action == "retrieve":
            session.call(action, Fields.SELECT.of(name), identifier=made.identifier, query=query)
        else:
            _select_in_list(session, name, query, made.identifier)


def name_of(session: Session, pointer: str, read: Exchange) -> str:
    """Return the name by which the target knows a first-level attribute: the one it takes, else the one it shows."""
    taken, shown = pointers.parts(session.payloads.spoken(pointer))[0], _shown(read)
    return next((name for name in (taken, *session.payloads.names(pointer)) if name in shown), taken)


def _shown(read: Exchange) -> dict[str, Any]:
    return read.answer if isinstance(read.answer, dict) else {}


def _each(session: Session, shown: dict[str, Any]) -> list[str]:
    """Return the attributes that are selected in turn: those with something in them.

    A list is long, and the same for each selection: of the objects and arrays that a small record has not, one is
    selected from it.
    """
    there = {name: value for name, value in shown.items() if value not in (None, [], {}, "")}
    names = [name for name in there if name not in ("id", "href") and not name.startswith("@")]
    small = session.payloads.with_attribute(plain_attribute(session))
    large = [name for name in names if isinstance(there[name], (dict, list)) and name not in small]
    if session.operation.action == "retrieve" or not large:
        return names
    chosen = large[session.contents.number(f"selected of {session.resource_name}", 0, len(large) - 1)]
    return [name for name in names if name not in large or name == chosen]


def _select_in_list(session: Session, name: str, query: str, identifier: str) -> None:
    """Ask for the list with a selection until the record is found; else for the record alone, and the plain list."""
    pages = session.walked(Fields.SELECT.of(name), query, seeking=(identifier,))
    if identifier in paging.identifiers(pages):
        return
    found = session.call("list", Fields.SELECT_BY_ID.of(name), query=f"{query}&{urlencode({'id': identifier})}")
    if identifier not in paging.identifiers([found]):
        session.walked(Fields.LISTED, seeking=(identifier,))


@probe(Filter)
def filter_(session: Session, subject: str) -> None:
    """Create records that differ in the subject, list with a condition that some of them satisfy."""
    pointer = plain_attribute(session) if subject in ("*", "") else subject
    expected = FILTER.expect_of(session.row)
    values = _made_with(session, pointer, count=3 if expected.form else 2, among=expected.operator == "eq")
    name = ".".join(part for part in pointers.parts(session.payloads.spoken(pointer)) if part != "*")
    session.walked(Filter.LIST, _condition(name, expected, values))


@probe(Sort)
def sort(session: Session, subject: str) -> None:
    """Create two records that differ in the subject, list sorted both ways."""
    pointer = plain_attribute(session) if subject in ("*", "") else subject
    values = sorted(_values(session, pointer, count=2), reverse=True)
    for letter, value in zip("ab", values, strict=True):
        session.created(
            Sort.CREATE.of(letter),
            pointers.with_value(session.payloads.with_attribute(pointer), session.payloads.spoken(pointer), value),
        )
    name = ".".join(pointers.parts(session.payloads.spoken(pointer)))
    session.walked(Sort.LIST, f"sort={quote(name)}")
    session.walked(Sort.DESCENDING, f"sort=-{quote(name)}")


@probe(Page)
def page(session: Session, subject: str) -> None:
    """Create two records, ask for a page."""
    session.created_at_once(*(Page.CREATE.of(letter) for letter in "ab"))
    session.call("list", Page.WHOLE)
    session.call("list", Page.PAGE, query={"limit": "1"} if subject in ("limit", "/limit") else {"offset": "1"})


def look_for(session: Session, identifier: str, step: Step, by_id: Step) -> None:
    """Look for a record in the list, page by page; where the pages are not all that there is, by its id as well."""
    if missing(session.walked(step, seeking=(identifier,)), (identifier,)):
        session.call("list", by_id, query={"id": identifier})


def missing(pages: list[Exchange], identifiers: Iterable[str]) -> list[str]:
    """Return the ids that are not on the pages of a list, where these are not all that there is."""
    found = paging.identifiers(pages)
    return [] if paging.is_whole(pages) else [one for one in identifiers if one not in found]


def _with_all(session: Session, *wanted: str) -> dict[str, Any]:
    """Return the smallest body in which several attributes stand, and one more that is not asked for."""
    body = session.payloads.with_attribute(plain_attribute(session))
    attributes = session.contract.attributes(session.contract.resource(session.resource_name).create)
    for pointer in wanted:
        if pointers.parts(pointer)[0] in attributes:
            body = session.payloads.ensured(body, pointer)
    return session.payloads.consistent(body)


def _made_with(session: Session, pointer: str, *, count: int, among: bool) -> list[Any]:
    """Create records in which the pointer has rising values, the first *among* others if possible; return the values.

    Values that the server makes are read back; instants differ by more than the second that a server's clock may have.
    """
    schema = session.contract.at(session.contract.resource(session.resource_name).schema, pointer)
    made_by_server = schema.get("x-tmf-read-only") or schema.get("x-tmf-generated")
    values = [None] * count if made_by_server else _values(session, pointer, count=count)
    for index, letter in enumerate("abc"[:count]):
        if index and made_by_server and schema.get("format") == "date-time":
            session.pause(1.1)
        body = session.payloads.minimal() if made_by_server else session.payloads.holding(pointer, values[index])
        if among and not index and _is_made_among(session, pointer, body, values):
            continue
        made = session.created(Filter.CREATE.of(letter), body)
        if made_by_server:
            values[index] = pointers.get(
                session.call("retrieve", Filter.READ.of(letter), identifier=made.identifier).answer, pointer
            )
            if not isinstance(values[index], (str, int, float)):
                raise ProbeAborted(f"{pointer} is no text or number in the answer, so no condition can be made with it")
    return values


def _is_made_among(session: Session, pointer: str, body: dict[str, Any], values: list[Any]) -> bool:
    """Create with the members of another record before those of one; say whether there are any, and this is taken."""
    path, star, _ = pointer.partition("/*")
    spoken = session.payloads.spoken(path)
    members = pointers.get(body, spoken)
    is_taken = False
    if star and isinstance(members, list):
        others = pointers.get(session.payloads.holding(pointer, values[1]), spoken)
        both = pointers.with_value(body, spoken, [*others, *members])
        is_taken = session.call("create", Filter.AMONG, body=both).is_success
    session.note(Among(is_taken))
    return is_taken


def _values(session: Session, pointer: str, *, count: int) -> list[Any]:
    """Return different values in rising order; those of free text are found nowhere else at the target."""
    schema = session.contract.at(session.contract.resource(session.resource_name).schema, pointer)
    configured = session.settings.values.get(session.resource_name, {}).get(pointer)
    if not configured and is_free_text(schema):
        return [session.naming.text_of_its_own() for _ in range(count)]
    made = [session.payloads.value(pointer, index) for index in range(count)]
    candidates = configured or [*made, *session.listed_values(pointer)]
    different = [value for index, value in enumerate(candidates) if value not in candidates[:index]]
    if len(different) < count:
        entry = f"values.{session.resource_name}.{pointer}"
        session.lack(f"{count} different values of {pointer}, and knows {len(different)}: give them under `{entry}`")
    return sorted(different[:count], key=_rank)


def _rank(value: Any) -> tuple[float, str]:
    """Return what a value is sorted by: numbers before texts."""
    return (value, "") if isinstance(value, (int, float)) else (float("inf"), str(value))


def _condition(name: str, expected: FilterExpectation, values: list[Any]) -> str:
    texts = [quote(_text(value), safe="", errors="replace") for value in values]
    if expected.form == "or-comma":
        return f"{quote(name)}={texts[0]},{texts[1]}"
    if expected.form == "or-repeat":
        return f"{quote(name)}={texts[0]}&{quote(name)}={texts[1]}"
    chosen = {"eq": 0, "regex": 0, "gt": 0, "gte": 1, "lt": 1, "lte": 0}[expected.operator]
    suffix = "" if expected.operator == "eq" else f".{expected.operator}"
    return f"{quote(name)}{suffix}={texts[chosen]}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
