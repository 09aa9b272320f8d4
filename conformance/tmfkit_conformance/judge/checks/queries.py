"""Checks of selection, filters, sorting and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, pass_with_remark, passed, skip
from tmfkit_conformance.record import paging
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.queries import (
    FIELDS,
    FILTER,
    PAGING,
    SORT,
    Among,
    Fields,
    Filter,
    FilterExpectation,
    Page,
    SelectedFrom,
    Sort,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tmfkit_conformance.record.exchange import Exchange

__all__ = [
    "beside_selection",
    "is_alternatives",
    "is_listed",
    "is_shown",
    "known_names",
    "listed",
    "members",
    "need_every_page",
    "not_offered",
]

_NOT_OFFERED = (400, 501)


def members(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    """Return the objects that the pages of a list hold."""
    return paging.records(exchanges)


def listed(evidence: Evidence, step: Step) -> list[str]:
    """Return the ids on the pages of a step, each of which has to have been served as a list."""
    evidence.step(step)
    pages = evidence.all(step)
    # A page that the target did not speak of need not be there.
    for page in pages if paging.is_by_link(pages) else pages[:1]:
        if not page.is_success:
            not_offered(evidence, page, f"{_asked(page) or 'The list'} was answered {page.status or 'nothing'}")
        if not isinstance(page.answer, list):
            failed(f"{_asked(page) or 'The list'} gave no JSON array")
    return paging.identifiers(evidence.all(step))


def is_listed(evidence: Evidence, identifier: str, step: Step, by_id: Step) -> bool:
    """Say whether a record is in the list: on its pages, else in the answer to a query for its id.

    That it is in no list takes the whole list, or a query that gives nothing else either: a target may ignore queries.
    """
    if identifier in listed(evidence, step):
        return True
    pages, asked = evidence.all(step), evidence.optional(by_id)
    if paging.is_whole(pages):
        return False
    if asked and asked.is_success and isinstance(asked.answer, list):
        found = paging.identifiers([asked])
        if identifier in found or not (found or is_alternatives(identifier)):
            return identifier in found
    return skip(_too_long(pages))


def is_alternatives(identifier: str) -> bool:
    """Say whether a condition with an id may be taken for one with several: a comma stands between alternatives."""
    return "," in identifier


def need_every_page(evidence: Evidence, step: Step) -> None:
    """What a list lacks proves nothing while there are pages that were not looked at."""
    pages = evidence.all(step)
    if not paging.is_whole(pages):
        skip(_too_long(pages))


def _too_long(pages: list[Exchange]) -> str:
    known = paging.total(pages[0])
    extent = f"{len(pages)} pages of the list" + (f", of {known} records in all," if known is not None else "")
    return f"{extent} were looked at, and there are more: raise `list_pages` (or --list-pages), or use fewer records"


def not_offered(evidence: Evidence, seen: Exchange, remark: str) -> Never:
    """Come to an outcome on a query that had no effect, or was refused: an option need not be offered."""
    if evidence.row.level == "may" and (seen.is_success or seen.status in _NOT_OFFERED):
        not_applicable(f"Not offered: {remark}")
    failed(remark)


@check(FIELDS)
def fields(evidence: Evidence) -> None:
    """What was selected is there, and no other attribute is."""
    whole, created = evidence.object(Fields.WHOLE), _selected_from(evidence)
    subject = evidence.row.subject
    there = [name for name, value in whole.items() if value not in (None, [], {}, "")]
    every = [name for name in there if name in known_names(evidence) and name not in ("id", "href") and name[0] != "@"]
    facts = evidence.facts(SelectedFrom)  # a bundle of an earlier kit has none
    every = [name for name in every if facts is None or name in facts.names]
    named = facts.names if facts else pointers.parts(evidence.spelt(created.request.json, subject))[:1]
    chosen = every if subject == "*" else list(named)
    if not _named(evidence, chosen) & _named(evidence, there):
        skip("without a selection the answer has nothing of it either")
    further = {name for each in chosen for name in _selection(evidence, each, whole, created.identifier)}
    if further:
        pass_with_remark(
            f"A selection gives {', '.join(sorted(further))} as well, which the document does not rule out"
        )
    passed()


def _selected_from(evidence: Evidence) -> Exchange:
    """Return the create of the record that was selected from."""
    facts = evidence.facts(SelectedFrom)
    return evidence.succeeded(Fields.FULL if facts and facts.full else Fields.CREATE)


def _named(evidence: Evidence, names: Iterable[str]) -> set[str]:
    """Return the contract's own names of attributes, which may be called by others."""
    return {*round_trip.canonical(evidence.contract, evidence.resource_schema, dict.fromkeys(names))}


def known_names(evidence: Evidence) -> set[str]:
    """Return the names of the attributes that the contract has, those that it takes for them included."""
    attributes = evidence.contract.attributes(evidence.resource_schema)
    aliases = (evidence.contract.resolve(schema).get("x-tmf-aliases", ()) for schema in attributes.values())
    return {*attributes, *(name for names in aliases for name in names)}


def beside_selection(evidence: Evidence, found: dict[str, Any], selected: set[str]) -> tuple[list[str], list[str]]:
    """Return what an answer has beside a selection: attributes of the contract, and what a target may add.

    A null stands for an absent attribute, and attributes that the contract does not know are the target's own affair.
    """
    names = [name for name in found if name not in selected | {"id", "href"} and not name.startswith("@")]
    known = known_names(evidence)
    wrong = sorted(name for name in names if name in known and found[name] is not None)
    return wrong, sorted(set(names) - set(wrong))


def _selection(evidence: Evidence, name: str, whole: dict[str, Any], made: str) -> list[str]:
    """Hold one selection against the whole; return what it gave beside, and may."""
    seen = evidence.step(Fields.SELECT.of(name))
    if not seen.is_success:
        failed(f"{_asked(seen)} was answered {seen.status}")
    selected = _named(evidence, (each for each in _asked(seen).removeprefix("fields=").split(",") if each))
    whole = round_trip.canonical(evidence.contract, evidence.resource_schema, whole)
    sent = round_trip.canonical(evidence.contract, evidence.resource_schema, _selected_from(evidence).request.json)
    is_list = isinstance(seen.answer, list)
    shown, further = 0, list[str]()
    for answered in _selected(evidence, name) if is_list else [seen.answer]:
        if not isinstance(answered, dict):
            failed(f"{_asked(seen)} gave no JSON object")
        found = round_trip.canonical(evidence.contract, evidence.resource_schema, answered)
        shown += sum(found.get(each) is not None for each in selected)
        others, allowed = beside_selection(evidence, found, selected)
        further += allowed
        if others:
            failed(f"{_asked(seen)} gave {', '.join(others)} as well")
        own = str(found.get("id")) == made or not is_list
        wanted = {each: whole[each] for each in sorted(selected) if own and whole.get(each) is not None}
        missing = [each for each, value in wanted.items() if not is_shown(value, sent.get(each), found.get(each))]
        if missing:
            failed(f"{_asked(seen)} did not give {', '.join(missing)} as a read without a selection does")
    if not shown:
        _need_listed(evidence, name, made)
        failed(f"{_asked(seen)} gave nothing that was selected")
    return further


def is_shown(whole: Any, sent: Any, found: Any) -> bool:
    """Say whether an attribute is there as without a selection, or as it was sent: a target adds what it likes."""
    return is_kept(whole, found) or (sent is not None and is_kept(sent, found))


def _selected(evidence: Evidence, name: str) -> list[Any]:
    """Return what a list gave for a selection, on its pages and when it was asked for one record."""
    answers = [*evidence.all(Fields.SELECT.of(name)), *evidence.all(Fields.SELECT_BY_ID.of(name))]
    return [member for page in answers if page.is_success and isinstance(page.answer, list) for member in page.answer]


def _need_listed(evidence: Evidence, name: str, made: str) -> None:
    """A selection from a list proves nothing where the list has not the record either."""
    plain = evidence.all(Fields.LISTED)
    if not plain or made in paging.identifiers(plain):
        return
    if not paging.is_whole(plain):
        skip(_too_long(plain))
    if not any("id" not in found for found in _selected(evidence, name) if isinstance(found, dict)):
        blocked("the record that was made is not in the list without a selection either")


def _asked(exchange: Exchange) -> str:
    return exchange.request.url.partition("?")[2]


@check(FILTER)
def filter_(evidence: Evidence) -> None:
    """Records that satisfy the condition are in, others are out."""
    wanted, unwanted = _expected(FILTER.expect_of(evidence.row))
    facts = evidence.facts(Among)  # a bundle of an earlier kit has none
    steps = {letter: Filter.CREATE.of(letter) for letter in wanted + unwanted}
    if facts is not None and facts.others:
        steps["a"] = Filter.AMONG
    made = {letter: evidence.succeeded(step).identifier for letter, step in steps.items()}
    found, asked = listed(evidence, Filter.LIST), _asked(evidence.step(Filter.LIST))
    if any(made[letter] not in found for letter in wanted):
        need_every_page(evidence, Filter.LIST)
        where = ", the second of its members does" if steps["a"] == Filter.AMONG and made["a"] not in found else ""
        failed(f"{asked} did not give a record that satisfies it{where}")
    if any(made[letter] in found for letter in unwanted):
        not_offered(evidence, evidence.step(Filter.LIST), f"{asked} gave a record that does not satisfy it as well")
    passed()


def _expected(condition: FilterExpectation) -> tuple[str, str]:
    """Return the letters of the records that are to be in and out; values rise from a to c."""
    if condition.form:
        return "ab", "c"
    return {
        "eq": ("a", "b"),
        "regex": ("a", "b"),
        "gt": ("b", "a"),
        "gte": ("b", "a"),
        "lt": ("a", "b"),
        "lte": ("a", "b"),
    }[condition.operator]


@check(SORT)
def sort(evidence: Evidence) -> None:
    """Records come in rising order, and falling with a minus."""
    first, second = (evidence.succeeded(Sort.CREATE.of(letter)).identifier for letter in "ab")
    for step, low, high in ((Sort.LIST, second, first), (Sort.DESCENDING, first, second)):
        order, seen = listed(evidence, step), evidence.step(step)
        if low not in order or high not in order:
            skip("the records made for this are not on the pages looked at")
        if order.index(low) > order.index(high):
            not_offered(evidence, seen, f"{_asked(seen)} does not sort")
    passed()


@check(PAGING)
def page_(evidence: Evidence) -> None:
    """``limit`` gives no more than it says; ``offset`` leaves records out from the start."""
    whole, page = evidence.succeeded(Page.WHOLE), evidence.step(Page.PAGE)
    shown, everything = listed(evidence, Page.PAGE), paging.identifiers([whole])
    if len(everything) < 2:
        skip("the whole list has less than the two records that were made")
    if not shown:
        failed(f"{_asked(page)} gave no record")
    if "limit" in _asked(page) and len(shown) > 1:
        not_offered(evidence, page, f"{_asked(page)} gave {len(shown)} records")
    if "offset" in _asked(page) and everything[0] in shown:
        not_offered(evidence, page, f"{_asked(page)} did not leave out the first record")
    passed()
