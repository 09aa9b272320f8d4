"""Searches that take long: ended by their budget, shared out among those who ask, and a page at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from server_bodies import customer

from patience import PATIENCE_SECONDS
from tmfkit_server.errors import TooBusy
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.slots import Slots
from tmfkit_server.storage.search_turns import SearchTurns

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
COUNT = 3000
KEYS = [
    "--api-key",
    "reader:key-of-one-reader",
    "--api-key",
    "reader:key-of-other-reader",
    "--api-key",
    "admin:key-of-the-admin",
]
ADMIN, ONE, OTHER = ({"X-API-Key": key} for key in ("key-of-the-admin", "key-of-one-reader", "key-of-other-reader"))


@pytest.fixture(scope="module", params=["memory", "postgres"])
def many(request: pytest.FixtureRequest, start_server: Starter, empty_store: Callable[[str], str]) -> Iterator[str]:
    """A server with many customers, of which each has a list."""
    with start_server("--store", empty_store(request.param), *KEYS, "--page-limit", "100") as url:
        notes = [{"n": [{"m": [number]} for number in range(8)]} for _ in range(8)]
        with httpx.Client(base_url=url, headers=ADMIN) as client, ThreadPoolExecutor(8) as pool:
            bodies: list[dict[str, Any]] = [customer(name=f"c{number}", note=notes) for number in range(COUNT)]
            answers = list(pool.map(lambda body: client.post(CUSTOMER, json=body), bodies))
            assert {each.status_code for each in answers} == {201}
        yield url


LONG = "filter=$..*..*..*[?(@.x=='y')]"


def test_search_that_takes_too_many_steps_is_400(many: str) -> None:
    began = time.monotonic()
    answer = httpx.get(f"{many}{CUSTOMER}?{LONG}", headers=ONE)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query")
    assert "too many steps" in answer.json()["message"]
    # To its end it takes minutes.
    assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_regular_expressions_in_a_record_are_part_of_what_a_search_may_take(many: str) -> None:
    patterns = [rf"(?i)[\pL\pN]{{1,20}}{number}" for number in range(3000)]
    dear = customer(name=f"dear-{time.time_ns()}", l=patterns, t="a" * 500_000)
    with httpx.Client(base_url=many, headers=ADMIN) as client:
        made = client.post(CUSTOMER, json=dear)
        assert made.status_code == 201
        for query in ("filter", "sort", "fields"):
            asked = f"{CUSTOMER}?name={dear['name']}&{query}="
            began = time.monotonic()
            refused = client.get(f"{asked}$.l[?search('-',@)]")
            # To its end it takes 15 s.
            assert time.monotonic() - began < PATIENCE_SECONDS / 2
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid-query")
            assert "too many steps" in refused.json()["message"]
            assert client.get(f"{asked}$.l[?search($.t,$.t)]").status_code == 200
        client.delete(made.headers["Location"]).raise_for_status()


@pytest.mark.parametrize(
    "condition",
    ["&".join(f"name!={','.join(str(value) for value in range(place, place + 90))}" for place in range(20)), "name*=c"],
    ids=["many-values", "few"],
)
def test_comparing_has_a_budget_too(many: str, condition: str) -> None:
    answer = httpx.get(f"{many}{CUSTOMER}?{condition}&sort=name&filter=$.name", headers=ONE)
    if condition == "name*=c":
        assert answer.headers["X-Total-Count"] == str(COUNT)
    else:
        assert answer.status_code in (200, 206, 400)


def test_more_than_five_sort_keys_are_refused(many: str) -> None:
    assert httpx.get(f"{many}{CUSTOMER}?sort=a,b,c,d,e&limit=1", headers=ONE).status_code == 206
    refused = httpx.get(f"{many}{CUSTOMER}?sort=a,b,c,d,e,f", headers=ONE)
    assert (refused.status_code, refused.json()["message"]) == (400, "there are more than 5 names.")


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_limits_of_searches_are_settings(start_server: Starter, empty_store: Callable[[str], str], kind: str) -> None:
    limits = ["--max-search-steps", "40", "--max-sort-keys", "1", "--max-scans", "1", "--search-wait-seconds", "0"]
    with start_server("--store", empty_store(kind), *limits) as url, httpx.Client(base_url=url) as client:
        for number in range(20):
            client.post(CUSTOMER, json=customer(name=f"c{number}")).raise_for_status()
        said = {
            query: client.get(f"{CUSTOMER}?{query}").json()["message"]
            for query in ("sort=name,id", "filter=$..absent", "name*=c1&name!=" + ",".join("abcdefgh"))
        }
    assert said["sort=name,id"] == "there are more than 1 names."
    assert "too many steps" in said.pop("filter=$..absent")
    assert "comparing takes too long" in said.popitem()[1]


def test_a_search_waits_as_long_as_the_settings_say() -> None:
    async def scenario() -> None:
        turns = SearchTurns(SearchLimits(scans=3, lookups=2, wait_seconds=0.01))
        async with turns.one("a"):
            # Half of three, at the most, are of one asker.
            with pytest.raises(TooBusy):
                await _take(turns, "a", is_lookup=False)
            async with turns.one("b"), turns.one("c"):
                with pytest.raises(TooBusy):
                    await _take(turns, "d", is_lookup=False)
                async with turns.one("a", is_lookup=True), turns.one("a", is_lookup=True):
                    with pytest.raises(TooBusy):
                        await _take(turns, "a", is_lookup=True)

    asyncio.run(scenario())


async def _take(turns: SearchTurns, asker: str, *, is_lookup: bool) -> None:
    async with turns.one(asker, is_lookup=is_lookup):
        pass


def test_others_search_while_one_asks_for_too_much(many: str) -> None:
    def asked(query: str, headers: dict[str, str]) -> tuple[int, str, float]:
        began = time.monotonic()
        answer = httpx.get(f"{many}{CUSTOMER}?{query}", headers=headers)
        return answer.status_code, answer.headers.get("Retry-After", ""), time.monotonic() - began

    with ThreadPoolExecutor(16) as pool:
        greedy = [pool.submit(asked, LONG, ONE) for _ in range(12)]
        time.sleep(0.3)
        scan = pool.submit(asked, "name*=c1&limit=1", OTHER)
        lookup = pool.submit(asked, "name=c1", OTHER)
        page = pool.submit(asked, "limit=1", ONE)
        assert scan.result()[0] == 206
        assert lookup.result()[0] == 200
        assert page.result()[0] == 206
        for each in greedy:
            status, retry, _ = each.result()
            assert (status, retry) in ((400, ""), (503, "1"))


def test_page_limit_cuts_what_is_asked_for_and_says_so(many: str) -> None:
    for query in ("", "limit=100000", "limit=100", "fields=name"):
        answer = httpx.get(f"{many}{CUSTOMER}?{query}", headers=ONE)
        assert (answer.status_code, len(answer.json())) == (206, 100)
        assert (answer.headers["X-Total-Count"], answer.headers["X-Result-Count"]) == (str(COUNT), "100")
        assert answer.links["next"]["url"].endswith("offset=100&limit=100")
        assert answer.links["last"]["url"].endswith(f"offset={COUNT - 100}&limit=100")
    last = httpx.get(answer.links["last"]["url"], headers=ONE)
    assert (last.status_code, len(last.json()), "next" in last.links) == (206, 100, False)
    all_of_few = httpx.get(f"{many}{CUSTOMER}?name=c7", headers=ONE)
    assert (all_of_few.status_code, "Link" in all_of_few.headers) == (200, False)


def test_pages_lead_to_every_resource_once(many: str) -> None:
    url, seen = f"{many}{CUSTOMER}?fields=id", []
    while url:
        answer = httpx.get(url, headers=ONE)
        seen += [each["id"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert (len(seen), len(set(seen))) == (COUNT, COUNT)


@pytest.mark.parametrize("query", ["", "fields=name", "fields=$.note[0]", "sort=-name"])
def test_long_answer_is_sent_in_parts_and_is_the_same(many: str, query: str) -> None:
    headers = {**ONE, "Accept-Encoding": "identity"}
    parts = [httpx.get(f"{many}{CUSTOMER}?{query}&offset={each}&limit=1", headers=headers).json() for each in (0, 99)]
    with httpx.stream("GET", f"{many}{CUSTOMER}?{query}", headers=headers) as answer:
        answer.read()
        whole = answer.json()
    assert [whole[:1], whole[99:]] == parts
    assert httpx.head(f"{many}{CUSTOMER}?{query}", headers=headers).content == b""


def _order_of(slots: Slots, owners: str) -> str:
    async def scenario() -> str:
        done: list[str] = []

        async def work(owner: str) -> None:
            async with slots.one(owner):
                await asyncio.sleep(0)
                done.append(owner)

        await asyncio.gather(*map(work, owners))
        return "".join(done)

    return asyncio.run(scenario())


def test_slots_go_to_whoever_has_fewest_of_them() -> None:
    assert _order_of(Slots(1), "aaab") == "aaab"
    assert _order_of(Slots(4, share=2), "aaaaaab").index("b") < 4


def test_slots_of_one_owner_go_to_the_part_that_has_fewest() -> None:
    async def scenario() -> str:
        slots, done = Slots(3), list[str]()

        async def work(part: str) -> None:
            async with slots.one("a", part=part):
                # Two stay, one is given on.
                await asyncio.sleep(0 if part != "x" or done else 0.05)
                done.append(part)

        await asyncio.gather(*map(work, "xxyxxxxy"))
        return "".join(done)

    assert asyncio.run(scenario()).startswith("yy")


def test_slot_that_does_not_come_in_time_is_given_up() -> None:
    async def scenario() -> None:
        slots = Slots(1)
        async with slots.one("a"):
            with pytest.raises(TimeoutError):
                async with slots.one("b", wait_seconds=0.01):
                    pass
        async with slots.one("b", wait_seconds=0.01):
            pass

    asyncio.run(scenario())


def test_slot_passes_over_who_has_given_up_and_not_said_so_yet() -> None:
    async def given() -> str:
        slots = Slots(1)

        async def wait(name: str) -> str:
            async with slots.one(name):
                return name

        async with slots.one("first"):
            gone, patient = asyncio.create_task(wait("gone")), asyncio.create_task(wait("patient"))
            await asyncio.sleep(0)
            gone.cancel()
        return await patient

    assert asyncio.run(given()) == "patient"
