"""How a target pages a list: which page comes after those seen, and whether they are the whole list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from tmfkit_conformance.record.exchange import Exchange

__all__ = ["identifiers", "is_by_link", "is_tried", "is_whole", "next_address", "records", "total"]

_PART = 206
_NO_SUCH_PAGE = (400, 404, 416, 501)
"""Statuses that a page is refused with that there is not, or where pages are not offered."""


def records(pages: Sequence[Exchange]) -> list[dict[str, Any]]:
    """Return the records on the pages of a list, in order; what an earlier page has is not repeated."""
    found: list[dict[str, Any]] = []
    earlier: set[str] = set()
    for page in pages:
        here = [one for one in page.answer if isinstance(one, dict)] if isinstance(page.answer, list) else []
        found += [one for one in here if str(one.get("id")) not in earlier]
        earlier |= {str(one.get("id")) for one in here}
    return found


def identifiers(pages: Sequence[Exchange]) -> list[str]:
    """Return the ids on the pages of a list, in order."""
    return [str(one.get("id")) for one in records(pages)]


def total(page: Exchange) -> int | None:
    """Return how many records ``X-Total-Count`` says there are; None when it does not say.

    Source: TMF630 part 1, section on pagination.
    """
    stated = (page.response.header("X-Total-Count") if page.response else None) or ""
    return int(stated) if stated.strip().isdecimal() else None


def is_by_link(pages: Sequence[Exchange]) -> bool:
    """Say whether the target gives the addresses of its pages; otherwise all but the first were asked for by offset."""
    return any(page.response and page.response.next_page for page in pages)


def next_address(pages: Sequence[Exchange]) -> str:
    """Return where the next page is: as Link says, else by offset; nothing when there is none.

    Where the target says nothing of further pages, one more is asked for: it is refused, empty, short or the same again
    when the list is whole.
    """
    last = pages[-1]
    if not last.is_success or last.response is None or not isinstance(last.answer, list):
        return ""
    if is_by_link(pages):
        following = _meant(last.response.next_page, last.request.url)
        return "" if following in _asked(pages) else following
    if is_whole(pages) or not last.answer or _repeats(pages):
        return ""
    return _at_offset(pages[0].request.url, len(identifiers(pages)))


def is_tried(page: Exchange, pages: Sequence[Exchange]) -> bool:
    """Say whether a page was asked for of the kit's own accord, the target not having said how it pages, if at all.

    Args:
        page: The page.
        pages: What was listed before it, the same list among it.
    """
    of_list = [one for one in pages if _at_offset(one.request.url, 0) == _at_offset(page.request.url, 0)]
    return bool(of_list) and page.request.url != of_list[0].request.url and not is_by_link(of_list)


def is_whole(pages: Sequence[Exchange]) -> bool:
    """Say whether the pages are the whole list, as far as the target can tell."""
    first, last = pages[0], pages[-1]
    if not first.is_success or not isinstance(first.answer, list):
        return False
    if is_by_link(pages):
        return bool(last.is_success and last.response and not last.response.next_page)
    known = total(first)
    if last.is_success and last.answer == []:
        return True  # whatever the total says
    if known is not None:
        return len(set(identifiers(pages))) >= known
    if len(pages) == 1:
        return not any("id" in record for record in records(pages))
    if isinstance(last.answer, list) and last.is_success and not _repeats(pages):
        return len(last.answer) < len(first.answer)
    return first.status != _PART and (last.is_success or last.status in _NO_SUCH_PAGE)


def _repeats(pages: Sequence[Exchange]) -> bool:
    """Say whether the last page has no record that the pages before it have not."""
    return bool(pages[-1].answer) and set(identifiers(pages[-1:])) <= set(identifiers(pages[:-1]))


def _meant(reference: str, url: str) -> str:
    """Return the address that a reference in the answer to *url* means (RFC 3986, 5.1.3); nothing for nothing."""
    try:
        return urljoin(url, reference) if reference else ""
    except ValueError:  # brackets that do not match
        return reference


def _asked(pages: Sequence[Exchange]) -> set[str]:
    return {page.request.url for page in pages}


def _at_offset(url: str, offset: int) -> str:
    """Return the address of a list from *offset* on."""
    split = urlsplit(url)
    kept = [part for part in split.query.split("&") if part and not _is_offset(part)]
    return split._replace(query="&".join([*kept, f"offset={quote(str(offset))}"])).geturl()


def _is_offset(part: str) -> bool:
    return any(name == "offset" for name, _ in parse_qsl(part, keep_blank_values=True))
