"""How lists are given: pages, their order, and who else is in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from tmfkit_conformance.rules.queries import CREATED_ONCE, FIELDS, FILTER, FILTER_WITHOUT_MATCH, PAGING, SORT
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import refusal
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History

__all__ = ["LISTS"]

_RULES: Final = (CREATED_ONCE, FIELDS, FILTER, FILTER_WITHOUT_MATCH, PAGING, SORT)


@dataclass(frozen=True)
class Pages:
    """How a server gives a list in pages.

    Attributes:
        size: Most members of a page.
        links: Whether Link leads to the next page.
        is_relative: Whether it does so by the query alone; RFC 8288 lets the target of a link be a reference.
        total: Whether X-Total-Count says how many there are.
        status: Status of an answer that is a part.
        caps: Whether a greater limit of the client is cut to the size.
        newest_first: Whether the list begins with the newest.
    """

    size: int
    links: bool = False
    is_relative: bool = False
    total: bool = False
    status: int = 200
    caps: bool = True
    newest_first: bool = False

    async def serve(self, call: Call, sound: Sound, _: History) -> Answer:
        """Answer a list with a page of it."""
        start, limit = self._asked(call)
        if call.action != "list" or start < 0 or limit < 0:
            return await sound(call)
        answer = await sound(call.without_parameters("offset", "limit"))
        if not answer.is_success or not isinstance(answer.json, list):
            return answer
        members = answer.json
        if self.newest_first and "sort" not in call.names:
            members = members[::-1]
        return self._page(call, answer, members, start, min(limit, self.size) if self.caps else limit)

    def _asked(self, call: Call) -> tuple[int, int]:
        """Return offset and limit of a call; a negative number for what cannot be understood."""
        given = dict(call.parameters)
        numbers = [given.get("offset", "0"), given.get("limit", str(self.size))]
        start, limit = (int(text) if text.isdecimal() else -1 for text in numbers)
        return start, limit

    def _page(self, call: Call, answer: Answer, members: list[Any], start: int, limit: int) -> Answer:
        page = members[start : start + limit]
        is_part = len(page) < len(members)
        shown = answer.with_json(page).with_status(self.status if is_part else 200)
        shown = shown.with_header("X-Total-Count", str(len(members)) if self.total else "")
        shown = shown.with_header("X-Result-Count", str(len(page)) if self.total else "")
        more = start + limit < len(members) and limit > 0
        query = urlencode(
            [*call.without_parameters("offset", "limit").parameters, ("offset", start + limit), ("limit", limit)]
        )
        here = "" if self.is_relative or not members else str(members[0].get("href", "")).rpartition("/")[0]
        return shown.with_header("Link", f'<{here}?{query}>; rel="next"' if self.links and more else "")


def _paged(words: str, pages: Pages) -> Break:
    return Break(words, pages.serve)


async def _with_comings_and_goings(call: Call, sound: Sound, history: History) -> Answer:
    """Let others make and delete something between the calls of the kit."""
    turn = history.kept["turn"] = history.kept.get("turn", 0) + 1
    if call.action in ("create", "send") and turn % 3 == 0:
        made = await sound(call)
        history.kept.setdefault("theirs", []).append(made.identifier) if made.is_success else None
    elif call.action == "retrieve" and turn % 3 == 0 and history.kept.get("theirs"):
        gone = replace(call.at(history.kept["theirs"].pop(0)), method="DELETE", query="", body=b"")
        await sound(replace(gone, headers=(("Authorization", "Bearer admin-key"), ("Host", call.header("Host")))))
        history.departures += 1
    return await sound(call)


def _without_paging() -> Break:
    """Refuse the parameters of TMF630 that no document names."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        unknown = sorted(call.names & {"offset", "limit", "sort", "filter"}) if call.method == "GET" else []
        return refusal(400, f"there is no parameter {unknown[0]}") if unknown else await sound(call)

    return Break("refuses offset, limit, sort and filter", serve)


async def _whole_lists(call: Call, sound: Sound, _: History) -> Answer:
    """Pass over what asks for a page."""
    asked = {"offset", "limit"} & call.names
    return await sound(call.without_parameters(*asked) if call.action == "list" and asked else call)


_OFFSET: Final = "offset is how TMF630 pages; how long a page is, is the server's choice"

LISTS: Final = (
    Behaviour(
        "pages-by-link",
        _paged("gives ten at a time and says so by Link alone", Pages(10, links=True, is_relative=True)),
        "RFC 8288; that X-Total-Count is there is known from TMF630 alone",
        ("tmf629-v4",),
        rules=_RULES,
        others=25,
        whole=("tmf629-v4", "tmf683-v4"),
    ),
    Behaviour(
        "no-pages",
        Break("gives the whole list whatever page is asked for", _whole_lists),
        "pages are known from TMF630 alone",
        ("tmf681-v1",),
        rules=_RULES,
        whole=("tmf629-v4",),
    ),
    Behaviour(
        "pages-by-total",
        _paged("gives twenty at a time and says so by X-Total-Count alone", Pages(20, total=True)),
        _OFFSET,
        ("tmf683-v4",),
        rules=_RULES,
        others=45,
    ),
    Behaviour(
        "pages-unsaid",
        _paged("gives fifteen at a time and does not say so", Pages(15)),
        _OFFSET,
        ("tmf655-v1",),
        rules=_RULES,
        others=40,
    ),
    Behaviour(
        "five-by-default",
        _paged("gives five unless limit says otherwise", Pages(5, caps=False, total=True)),
        _OFFSET,
        ("tmf629-v1",),
        rules=_RULES,
        others=12,
    ),
    Behaviour(
        "part-unasked",
        _paged("answers 206 though nobody asked for a part", Pages(10, total=True, links=True, status=206)),
        "tolerated: 206 for any list, with a remark",
        ("tmf629-v4", "tmf629-v1", "tmf655-v1", "tmf681-v1", "tmf683-v4"),
        errata=("TMF629V4-E42", "TMF629V1-E82", "TMF655-E04", "TMF681-E03", "TMF683-E66"),
        rules=_RULES,
        others=30,
    ),
    Behaviour(
        "part-as-whole",
        _paged("answers a part with 200", Pages(1000, caps=False, total=True)),
        "206 is known from TMF630 alone",
        ("tmf629-v4",),
        rules=_RULES,
        others=12,
    ),
    Behaviour(
        "newest-first",
        _paged("gives ten at a time, the newest first", Pages(10, total=True, newest_first=True)),
        "no document has an order",
        ("tmf681-v1", "tmf683-v4"),
        rules=_RULES,
        others=60,
    ),
    Behaviour(
        "newest-first-at-once",
        _paged(
            "gives ten at a time, the newest first, and is asked much at once", Pages(10, total=True, newest_first=True)
        ),
        "no document has an order",
        ("tmf629-v1",),
        configuration={"parallel": 16},
        rules=_RULES,
        whole=("tmf683-v4",),
        others=60,
    ),
    Behaviour(
        "fifty-thousand-others",
        _paged("has 50,000 resources of others and gives a hundred at a time", Pages(100, total=True, links=True)),
        _OFFSET,
        ("tmf629-v4",),
        rules=_RULES,
        others=50_000,
        seconds=60,
        megabytes=500,
    ),
    Behaviour(
        "no-paging-parameters",
        _without_paging(),
        "no document names offset, limit or sort",
        ("tmf681-v1",),
        rules=_RULES,
        whole=("tmf629-v1", "tmf629-v4"),
    ),
    Behaviour(
        "busy",
        Break("is used by others at the same time", _with_comings_and_goings),
        "a target need not be the kit's alone",
        ("tmf629-v4", "tmf683-v4"),
        rules=_RULES,
        others=5,
    ),
)
