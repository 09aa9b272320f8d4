"""Lists: fetched while they are read, to their end and not beyond."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from fault_server import Connection, FaultServer, Got, Reply, document
from tiny import AsyncTiny, Tiny

from tmfkit_sdk._runtime.errors import BadRequest, Unreadable

ALL: list[dict[str, object]] = [{"id": str(number)} for number in range(25)]


def paged(
    *, cut: int = 10, total: bool = True, link: str | None = None, changing: bool = False, ignores_offset: bool = False
) -> Reply:
    """A server with 25 records that gives *cut* of them at most."""

    def reply(connection: Connection, got: Got) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(got.target).query).items()}
        start = 0 if ignores_offset else int(query.get("offset", "0"))
        page: list[dict[str, object]] = [*ALL[start : start + min(cut, int(query.get("limit", "100")))]]
        if changing:
            page = [{**one, "read": len(connection.server.got)} for one in page]
        headers: dict[str, str] = {"X-Total-Count": "25"} if total else {}
        if link is not None and start + len(page) < len(ALL):
            headers["Link"] = f'<{link}?offset={start + len(page)}&kept=1>; rel="next"'
        document(page, 206, headers)(connection, got)

    return reply


SERVERS: Mapping[str, Reply] = {
    "total": paged(),
    "no-total": paged(total=False),
    "links": paged(link="/api/thing"),
    "links-without-total": paged(total=False, link="/api/thing"),
    "links-elsewhere": paged(link="https://elsewhere.example/api/thing"),
    "links-of-another-scheme": paged(link="https://127.0.0.1/api/thing"),
    "one-at-a-time": paged(cut=1),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("limit", [None, 4, 1000])
def test_every_record_comes_once(faulty: FaultServer, server: str, limit: int | None) -> None:
    faulty.replies(SERVERS[server])
    with Tiny(faulty.url) as api:
        assert api.list(limit).all() == list(api.list(limit)) == ALL

    async def awaited() -> list[dict[str, object]]:
        async with AsyncTiny(faulty.url) as awaiting:
            assert [one async for one in awaiting.list(limit)] == ALL
            return await awaiting.list(limit).all()

    assert asyncio.run(awaited()) == ALL


def test_a_list_may_begin_later(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        assert api.list(offset=20).all() == ALL[20:]
        assert api.list(limit=2, offset=25).all() == []


def test_links_are_followed_as_they_are(faulty: FaultServer) -> None:
    faulty.replies(paged(link="/other/way"))
    with Tiny(faulty.url) as api:
        api.list(limit=10).all()
    assert [got.target for got in faulty.got] == [
        "/api/thing?limit=10",
        "/other/way?offset=10&kept=1",
        "/other/way?offset=20&kept=1",
    ]


def test_nothing_is_fetched_before_it_is_read(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        pages = api.list()
        assert faulty.got == []
        reading = iter(pages)
        assert [next(reading) for _ in range(10)] == ALL[:10]
        assert len(faulty.got) == 1
        next(reading)
        assert len(faulty.got) == 2


def test_pages_know_their_answer(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        pages = list(api.list().pages())
    assert [(len(page), page.total, page.response.status) for page in pages] == [
        (10, 25, 206),
        (10, 25, 206),
        (5, 25, 206),
    ]
    assert (pages[0][0], pages[0][-2:], ALL[3] in pages[0]) == (ALL[0], ALL[8:10], True)
    assert repr(pages[0]) == f"<10 of 25 from {faulty.url}/api/thing>"


def test_the_total_needs_one_request_or_none(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        pages = api.list()
        assert (pages.total, pages.total, len(faulty.got)) == (25, 25, 1)
        assert len(pages.all()) == pages.total
        assert len(faulty.got) == 4
        faulty.replies(paged(total=False))
        assert api.list().total is None


def test_the_first_of_a_list(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        assert api.list().first() == ALL[0]
        assert api.list(limit=3).first() == ALL[0]
        assert [got.target for got in faulty.got] == ["/api/thing?limit=1", "/api/thing?limit=3"]
        faulty.replies(document([]))
        assert api.list().first() is None


def test_no_more_than_asked_for(faulty: FaultServer) -> None:
    faulty.replies(paged())
    with Tiny(faulty.url) as api:
        assert api.list().all(at_most=12) == ALL[:12]
        assert len(faulty.got) == 2
        assert api.list().all(at_most=0) == []
        assert api.list().all(at_most=99) == ALL


@pytest.mark.parametrize("changing", [False, True])
def test_a_page_that_comes_again_ends_a_list_of_unknown_length(faulty: FaultServer, changing: bool) -> None:
    faulty.replies(paged(total=False, ignores_offset=True, changing=changing))
    with Tiny(faulty.url) as api:
        assert [one["id"] for one in api.list()] == [one["id"] for one in ALL[:10]]
    assert len(faulty.got) == 2


def test_a_page_that_comes_again_although_there_is_more_is_unreadable(faulty: FaultServer) -> None:
    faulty.replies(paged(ignores_offset=True))
    seen: list[object] = []
    with Tiny(faulty.url) as api, pytest.raises(Unreadable) as caught:
        seen.extend(api.list())
    assert seen == ALL[:10]
    assert str(caught.value) == (
        f"GET {faulty.url}/api/thing?offset=10: 206: a page came again after 10 of the 25 elements that "
        "X-Total-Count promises"
    )


def test_an_empty_page_although_there_is_more_is_unreadable(faulty: FaultServer) -> None:
    faulty.replies(document(ALL[:10], headers={"X-Total-Count": "25"}), document([], headers={"X-Total-Count": "25"}))
    with Tiny(faulty.url) as api, pytest.raises(Unreadable, match="a page is empty after 10 of the 25"):
        api.list().all()


def test_a_list_that_shrinks_while_it_is_read_ends(faulty: FaultServer) -> None:
    faulty.replies(document(ALL[:10], headers={"X-Total-Count": "25"}), document([], headers={"X-Total-Count": "10"}))
    with Tiny(faulty.url) as api:
        assert api.list().all() == ALL[:10]


def test_an_error_in_the_middle_is_raised_where_it_stands(faulty: FaultServer) -> None:
    faulty.replies(document(ALL[:10], headers={"X-Total-Count": "25"}), document({"code": "1"}, 400))
    seen: list[object] = []
    with Tiny(faulty.url) as api, pytest.raises(BadRequest):
        seen.extend(api.list())
    assert seen == ALL[:10]
