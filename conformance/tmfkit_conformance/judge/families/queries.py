"""Checks of selection, filters, sorting and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmfkit_conformance.judge.evidence import Evidence, failed, moot, passed, unproven
from tmfkit_conformance.judge.families.registry import check

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["ids", "members"]

_NOT_OFFERED = (400, 501)


def members(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    """Return the objects that the pages of a list hold."""
    return [
        member
        for page in exchanges
        if isinstance(page.answer, list)
        for member in page.answer
        if isinstance(member, dict)
    ]


def ids(exchanges: list[Exchange]) -> list[str]:
    """Return the ids that the pages of a list hold, in order."""
    return [str(member.get("id")) for member in members(exchanges)]


@check("fields")
def fields(evidence: Evidence) -> None:
    """What was selected is there, and no other attribute is."""
    steps = [exchange.step for exchange in evidence.exchanges if exchange.step.startswith("select:")]
    whole = evidence.object("whole")
    if not steps:
        evidence.step("select")
    made = str(whole.get("id"))
    for step in steps:
        _selection(evidence, step, whole, made)
    passed()


def _selection(evidence: Evidence, step: str, whole: dict[str, Any], made: str) -> None:
    seen = evidence.step(step)
    if not seen.is_success:
        failed(f"{_asked(seen)} was answered {seen.status}")
    selected = {name for name in _asked(seen).removeprefix("fields=").split(",") if name}
    objects = seen.answer if isinstance(seen.answer, list) else [seen.answer]
    for found in objects:
        if not isinstance(found, dict):
            failed(f"{_asked(seen)} gave no JSON object")
        others = sorted(name for name in found if name not in selected | {"id", "href"} and not name.startswith("@"))
        if others:
            failed(f"{_asked(seen)} gave {', '.join(others)} as well")
        own = str(found.get("id")) == made or not isinstance(seen.answer, list)
        missing = sorted(name for name in selected if own and name in whole and name not in found)
        if missing:
            failed(f"{_asked(seen)} did not give {', '.join(missing)}")


def _asked(exchange: Exchange) -> str:
    return exchange.request.url.partition("?")[2]


@check("filter")
def filter_(evidence: Evidence) -> None:
    """Records that satisfy the condition are in, others are out."""
    row = evidence.row
    made = {
        letter: found.identifier
        for letter in "abc"
        if (found := evidence.maybe(f"create-{letter}")) and found.is_success
    }
    if not {"a", "b"} <= set(made):
        evidence.done("create-a")
        evidence.done("create-b")
    pages = evidence.all("list")
    if not pages:
        evidence.step("list")
    if not all(page.is_success for page in pages):
        _not_offered(evidence, pages[0], f"{_asked(pages[0])} was answered {pages[0].status}")
    wanted, unwanted = _expected(row.expect.get("operator", "eq"), row.expect.get("form", ""))
    listed = set(ids(pages))
    missing = [letter for letter in wanted if made[letter] not in listed]
    foreign = [letter for letter in unwanted if letter in made and made[letter] in listed]
    if foreign and not missing:
        _not_offered(evidence, pages[0], f"{_asked(pages[0])} gave a record that does not satisfy it as well")
    if missing:
        failed(f"{_asked(pages[0])} did not give a record that satisfies it")
    passed()


def _expected(operator: str, form: str) -> tuple[str, str]:
    """Return the letters of the records that are to be in and out; values rise from a to c."""
    if form:
        return "ab", "c"
    return {
        "eq": ("a", "b"),
        "regex": ("a", "b"),
        "gt": ("b", "a"),
        "gte": ("b", "a"),
        "lt": ("a", "b"),
        "lte": ("a", "b"),
        "ne": ("a", "b"),
    }[operator]


def _not_offered(evidence: Evidence, seen: Exchange, remark: str) -> None:
    if evidence.row.level == "may" and (seen.is_success or seen.status in _NOT_OFFERED):
        moot(f"Not offered: {remark}")
    failed(remark)


@check("sort")
def sort(evidence: Evidence) -> None:
    """Records come in rising order, and falling with a minus."""
    first, second = (evidence.done(f"create-{letter}").identifier for letter in "ab")
    for step, low, high in (("list", second, first), ("descending", first, second)):
        pages = evidence.all(step)
        if not pages or not pages[0].is_success:
            _not_offered(
                evidence,
                evidence.step(step),
                f"{_asked(evidence.step(step))} was answered {evidence.step(step).status}",
            )
        order = ids(pages)
        if low not in order or high not in order:
            unproven("the records made for this are not on the pages looked at")
        if order.index(low) > order.index(high):
            _not_offered(evidence, pages[0], f"{_asked(pages[0])} does not sort")
    passed()


@check("paging")
def paging(evidence: Evidence) -> None:
    """``limit`` gives no more than it says; ``offset`` leaves records out from the start."""
    whole, page = evidence.done("whole"), evidence.step("page")
    if not page.is_success:
        _not_offered(evidence, page, f"{_asked(page)} was answered {page.status}")
    if not isinstance(page.answer, list):
        failed(f"{_asked(page)} gave no JSON array")
    everything = ids([whole])
    if "limit" in _asked(page) and len(page.answer) > 1:
        _not_offered(evidence, page, f"{_asked(page)} gave {len(page.answer)} records")
    if "offset" in _asked(page) and everything and everything[0] in ids([page]):
        _not_offered(evidence, page, f"{_asked(page)} did not leave out the first record")
    passed()
