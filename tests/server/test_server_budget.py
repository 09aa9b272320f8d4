"""Questions pay for all that they look at, and what is long holds nobody up: counted in steps, whatever the machine."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tmfkit_server.errors import InvalidBody, InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate, selected, sort_key
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.parse import Grammar, parse_search
from tmfkit_server.query.regex import NoRegex, Regex
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


DEAR_PATTERNS = {
    "large-programs": r"(?i)[\pL\pN]{1,20}%d",
    "too-large": r"\pL{1000}%d",
    "long-to-read": "(?i)[" + r"\PL\PN\PS\PM" * 19 + "]%d",
    "broken": "(?i)" + r"[\PL\PN]" * 27 + "(%d",
}
WAYS: dict[str, Callable[[str, dict[str, Any], Budget], None]] = {
    "filter": lambda path, body, budget: _filtered(f"filter={path}", body, budget),
    "sort": lambda path, body, budget: _sorted(f"sort={path}", body, budget),
    "fields": lambda path, body, budget: _selected(f"fields={path}", body, budget),
    "patch": lambda path, body, budget: query_patched(
        body, [{"op": "remove", "path": path}], most_bytes=10_000_000, budget=budget
    ),
}


@pytest.mark.parametrize("pattern", DEAR_PATTERNS.values(), ids=DEAR_PATTERNS)
@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_regular_expressions_of_a_record_are_paid_for_by_what_compiling_them_takes(
    ask: Callable[[str, dict[str, Any], Budget], None], pattern: str
) -> None:
    # Each takes 2 ms or more, which is 4,000 steps.
    budget = Budget(200_000)
    with pytest.raises((InvalidQuery, InvalidBody), match="too many steps"):
        ask("$.l[?search('-',@)]", {"l": [pattern % number for number in range(50)]}, budget)


@pytest.mark.parametrize("ask", [pytest.param(WAYS[name], id=name) for name in ("filter", "sort", "fields")])
def test_a_regular_expression_of_a_record_beyond_256_characters_matches_nothing(
    ask: Callable[[str, dict[str, Any], Budget], None],
) -> None:
    body = {"t": "a" * 900_000, "l": list(range(10_000))}
    # Neither translated nor compiled.
    budget = Budget(200_000)
    ask("$.l[?search($.t,$.t)]", body, budget)
    for length, holds in ((256, True), (257, False)):
        where = parse_search("filter=$[?search(@.t,@.p)]", Grammar()).where
        assert predicate(where, Budget())({"t": "a" * 300, "p": "." * length}) is holds


def test_a_listener_whose_query_compiles_a_lot_gets_the_notification_whole() -> None:
    patterns = [DEAR_PATTERNS["large-programs"] % number for number in range(2000)]
    listener = Subscription("1", "hub", "http://x.example", "$.event.customer.l[?search('-',@)]")

    async def is_told(patterns: list[str]) -> bool:
        notification = {"eventType": "X", "event": {"customer": {"l": patterns}}}
        return await Questions(Grammar(), 1).wanted(listener, notification) == notification

    assert asyncio.run(is_told(patterns))
    assert not asyncio.run(is_told(patterns[:1]))


def test_what_stands_below_costs_more_than_what_is_named() -> None:
    budget = Budget(10_000)
    _filtered("filter=$..x", {"l": [[]] * 1000}, budget)
    # A node, handing it on, a look inside, and an index.
    assert 10_000 - budget.left >= 1000 * (1 + 0.5 + 0.5 + 2)


def test_short_regular_expressions_of_a_record_cost_little() -> None:
    budget = Budget(100_000)
    _filtered("filter=$.l[?search('-',@)]", {"l": [f"ab{number}" for number in range(1000)]}, budget)


def test_regular_expressions_of_one_query_have_a_limit_together() -> None:
    dear = [rf"\pL{{2{number}}}" for number in range(4)]
    for query in (
        "filter=$[?" + "||".join(f"@.a=~/{each}/" for each in dear) + "]",
        "filter=$[?" + "||".join(f"match(@.a,'{each}')".replace("\\", "\\\\") for each in dear) + "]",
        "&".join(f"a{number}*={each}" for number, each in enumerate(dear)),
        ";".join(f"a{number}*={each}" for number, each in enumerate(dear)),
    ):
        with pytest.raises(InvalidQuery, match="too complicated together"):
            parse_search(query, Grammar())
    with pytest.raises(NoRegex, match="too complicated; shorten it"):
        Regex(r"\pL{30}")


@pytest.mark.parametrize("path", [r"$[?@.a=~/\pL{0,%d}/].b", r"/b?a*=\pL{0,%d}"])
def test_patches_pay_for_the_regular_expressions_in_them(path: str) -> None:
    operations = [{"op": "replace", "path": path % (1 + number % 20), "value": 1} for number in range(20)]
    with pytest.raises(InvalidBody, match=r"too many steps|takes too long"):
        query_patched({"a": "x", "b": 1}, operations, most_bytes=10_000_000, budget=Budget(200_000))


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
        return await paced(budget, ask, 3_000, budget), await paced(budget, ask, 40_000, budget)

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
