"""Pages end at so many bytes too, and lead to the rest: a thousand long resources are no one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from server_bodies import customer
from store_runner import Runner

from patience import PATIENCE_SECONDS
from tmfkit_server.storage.base import Death, Delivery, Store, Subscription

CUSTOMER = "/tmf-api/customerManagement/v4/customer"
COUNT, A_PAGE = 25, 10
LENGTH = 10_000
QUERIES = {
    "all": "",
    "limit": "limit=20",
    "order-of-the-index": "sort=-name",
    "equality": "status=a",
    "one-of": "status=a,b&sort=name",
    "looked-at": "name*=c",
    "looked-at-in-order": "name*=c&sort=name",
    "sorted-by-us": "sort=$.text",
    "selected": "fields=name,text",
    "selected-by-an-expression": "fields=$.text",
}


@pytest.fixture(scope="module", params=["memory", "postgres"])
def long_resources(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
    empty_store: Callable[[str], str],
) -> Iterator[httpx.Client]:
    """A server with resources of ten kilobytes."""
    most = str((A_PAGE - 1) * LENGTH + 1)
    with (
        start_server("--store", empty_store(request.param), "--max-page-bytes", most) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client,
    ):
        for number in range(COUNT):
            body = customer(name=f"c{number:02}", status="a", text="x" * (LENGTH - 600))
            assert len(client.post(CUSTOMER, json=body).content) < LENGTH
        yield client


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_list_of_long_resources_is_cut_and_its_pages_lead_to_every_one_once(
    long_resources: httpx.Client, query: str
) -> None:
    url, seen, counts = f"{CUSTOMER}?{query}", list[str](), list[int]()
    while url:
        answer = long_resources.get(url)
        assert (answer.status_code, answer.headers["X-Total-Count"]) == (206, str(COUNT))
        assert answer.headers["X-Result-Count"] == str(len(answer.json()))
        counts.append(len(answer.json()))
        seen += [each["id"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert (len(seen), len(set(seen))) == (COUNT, COUNT)
    assert counts[0] in (A_PAGE, A_PAGE + 1)


def test_one_resource_that_is_longer_than_a_page_is_a_page(
    start_server: Callable[..., AbstractContextManager[str]],
) -> None:
    with start_server("--max-page-bytes", "1") as url, httpx.Client(base_url=url) as client:
        for number in range(2):
            client.post(CUSTOMER, json=customer(name=f"c{number}"))
        first = client.get(CUSTOMER)
        assert (first.status_code, len(first.json()), first.headers["X-Total-Count"]) == (206, 1, "2")
        last = client.get(first.links["next"]["url"])
        assert (last.status_code, len(last.json()), "next" in last.links) == (206, 1, False)


def test_page_of_dead_letters_ends_at_so_many_bytes(run: Runner) -> None:
    async def scenario(store: Store) -> None:
        one = Subscription("one", "hub", "http://one.example", None)
        async with store.transaction() as transaction:
            await transaction.subscribe(one)
            for number in range(4):
                delivery = Delivery(
                    0, "one", one.callback, {"n": number, "text": "x" * 1000}, "s", 1, death=Death("no", 0, 1)
                )
                await transaction.restore(one, delivery)
        for most, count in ((1, 1), (1000, 1), (2000, 2), (1 << 40, 4)):
            page = await store.outbox.dead_letters(None, offset=0, limit=10, most_bytes=most)
            assert ([each.notification["n"] for each in page.deliveries], page.total) == (list(range(count)), 4)

    run(scenario)
