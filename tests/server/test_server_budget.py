"""Questions pay for all that they look at, and what is long holds nobody up: counted in steps, whatever the machine."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate, selected, sort_key
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.parse import Grammar, parse_search
from tmfkit_server.services.notifications.events import Questions
from tmfkit_server.services.patches.patch_query import query_patched
from tmfkit_server.storage.base import Subscription

MEMBERS = 10_000
ARRAYS: dict[str, list[Any]] = {
    "numbers": [1] * MEMBERS,
    "objects": [{"c": number} for number in range(MEMBERS)],
    "arrays": [[]] * MEMBERS,
    "in-one-array": [[[1] * MEMBERS]],
}
STEPS_A_MEMBER = 0.2


def _filtered(query: str, body: dict[str, Any], budget: Budget) -> None:
    predicate(parse_search(query, Grammar()).where, budget)(body)


def _sorted(query: str, body: dict[str, Any], budget: Budget) -> None:
    sort_key(body, parse_search(query, Grammar()).sort, budget)


def _selected(query: str, body: dict[str, Any], budget: Budget) -> None:
    fields = parse_search(query, Grammar()).fields
    assert fields is not None
    selected(body, fields, frozenset(), budget)


def _patched(query: str, body: dict[str, Any], budget: Budget) -> None:
    operation = {"op": "add", "path": f"/x?{query}", "value": 1}
    query_patched(body, [operation], most_bytes=10_000_000, budget=budget)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize(
    ("ask", "query", "walks"),
    [
        pytest.param(_filtered, "&".join(f"a.b{number}.ne=1" for number in range(50)), 50, id="conditions"),
        pytest.param(_filtered, "a.b=1;a.c=x;a.d*=x", 3, id="alternatives"),
        pytest.param(_sorted, "sort=a.b,a.d,-a.e", 3, id="sort"),
        pytest.param(_selected, "fields=a.b", 1, id="fields"),
        pytest.param(_patched, "a.b.ne=1&a.d.ne=1", 2, id="patch"),
        pytest.param(_filtered, "filter=$..[?@.b==1]", 1, id="JSONPath"),
    ],
)
def test_members_are_paid_for_whether_or_not_a_value_is_found(
    ask: Callable[[str, dict[str, Any], Budget], None], query: str, walks: int, array: list[Any]
) -> None:
    budget = Budget(1e9)
    ask(query, {"id": "1", "a": array}, budget)
    assert 1e9 - budget.left >= walks * MEMBERS * STEPS_A_MEMBER


def test_small_records_cost_next_to_nothing() -> None:
    budget = Budget(100)
    holds = predicate(parse_search("name=x&note.author=Kim", Grammar()).where, budget)
    assert holds({"name": "x", "note": [{"author": "Jane"}, {"author": "Kim"}]})
    assert budget.left > 90


def test_what_is_long_goes_on_in_a_thread_and_others_have_their_turn() -> None:
    asked: list[str] = []

    def ask(steps: int, budget: Budget) -> str:
        asked.append(threading.current_thread().name)
        for _ in range(steps):
            budget.take(1)
        return threading.current_thread().name

    async def scenario() -> tuple[str, str]:
        budget = Budget(100_000)
        return await paced(budget, ask, 10_000, budget), await paced(budget, ask, 40_000, budget)

    here, aside = asyncio.run(scenario())
    assert here == threading.current_thread().name
    assert aside.startswith("long-work")
    assert asked == [here, here, aside]


def test_what_is_longer_than_is_left_is_refused() -> None:
    budget = Budget(30_000)
    with pytest.raises(InvalidQuery) as refused:
        asyncio.run(paced(budget, budget.take, 40_000))
    assert refused.value.parameter == "conditions"


def test_listeners_of_a_change_share_its_steps_and_one_line_says_who_gets_it_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    long = "&".join(f"event.customer.a.b{number}.ne=1" for number in range(49))
    queries = [f"{long}&eventType=X", "eventType=X", None, f"{long}&eventType=Y", "eventType=Y", f"{long}&eventType=X"]
    listeners = [Subscription(str(number), "hub", "http://x.example", query) for number, query in enumerate(queries)]
    notification = {"eventType": "Y", "event": {"customer": {"a": [1] * 200_000}}}

    async def scenario() -> list[bool]:
        questions = Questions(Grammar(), len(listeners))
        told = [await questions.wanted(each, notification) for each in listeners]
        questions.report()
        assert all(each in (None, notification) for each in told)
        return [each is not None for each in told]

    with caplog.at_level(logging.WARNING, "tmfkit_server"):
        assert asyncio.run(scenario()) == [True, False, True, True, True, True]
    assert [record.getMessage() for record in caplog.records] == [
        "listener 0 and 2 more get a notification whole that the query cannot be asked about:"
        " comparing takes too long with so many values; ask for fewer, or for equality"
    ]
