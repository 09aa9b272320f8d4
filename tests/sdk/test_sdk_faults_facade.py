"""Every call of every API against every fault: results, or errors of the SDK, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from facade import COLLECTIONS, Both, read
from fault_server import FaultServer, answer
from server_faults import AT_ACCEPT, BODIES, BROKEN, REDIRECTS, STALLED, statuses

from tmfkit_sdk.errors import ApiError, NoAnswer, TmfError
from tmfkit_sdk.objects import Object

NOTABLE = {
    200,
    201,
    202,
    204,
    205,
    206,
    300,
    302,
    304,
    308,
    400,
    401,
    403,
    404,
    405,
    406,
    409,
    410,
    412,
    415,
    418,
    422,
    425,
}
NOTABLE |= {429, 431, 451, 500, 501, 502, 503, 504, 507, 511, 520, 599}
WRONG = [
    "null",
    "5",
    "-1.5e400",
    '""',
    '"x"',
    "[]",
    "{}",
    "[null]",
    "[{}]",
    "[[]]",
    '["x"]',
    '[{"id": 5}]',
    "true",
    '{"a": {}}',
]


@pytest.fixture(params=COLLECTIONS)
def both(request: pytest.FixtureRequest, faulty: FaultServer) -> Iterator[Both]:
    with Both(faulty.url, request.param) as made:
        yield made


def judged(cause: object, outcomes: dict[str, object]) -> None:
    for name, outcome in outcomes.items():
        errors = [outcome] if isinstance(outcome, Exception) else [*read(outcome)]
        foreign = [error for error in errors if not isinstance(error, TmfError)]
        assert foreign == [], f"{cause}, {name}"


def test_whatever_a_server_answers(both: Both, faulty: FaultServer) -> None:
    for fault, reply in {**BROKEN, **BODIES, **REDIRECTS}.items():
        faulty.replies(reply)
        judged(fault, both.outcomes())


def test_connections_that_end_at_once(both: Both, faulty: FaultServer) -> None:
    for fault, act in AT_ACCEPT.items():
        faulty.at_accept(act)
        outcomes = both.outcomes()
        judged(fault, outcomes)
        assert all(isinstance(outcome, NoAnswer) for outcome in outcomes.values())


@pytest.mark.parametrize("fault", STALLED)
@pytest.mark.parametrize("collection", ["v1.customers", "messages"])
def test_answers_that_do_not_end(faulty: FaultServer, fault: str, collection: str) -> None:
    faulty.replies(STALLED[fault])
    with Both(faulty.url, collection, timeout=0.05) as both:
        outcomes = both.outcomes()
    judged(fault, outcomes)
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes.values())


def test_notable_statuses(both: Both, faulty: FaultServer) -> None:
    for status, reply in statuses():
        if status in NOTABLE:
            faulty.replies(reply)
            outcomes = both.outcomes()
            judged(status, outcomes)
            refused = {name for name, outcome in outcomes.items() if isinstance(outcome, ApiError)}
            assert refused == (set() if status < 300 else {*outcomes} - _answered(status)), status


def _answered(status: int) -> set[str]:
    """Calls that a refusal answers: ``find`` with None."""
    return {"find", "async find"} if status == 404 else set()


def test_every_status(faulty: FaultServer) -> None:
    with Both(faulty.url, "messages") as both:
        for status, reply in statuses():
            if status not in NOTABLE:
                faulty.replies(reply)
                outcomes = both.outcomes()
                judged(status, outcomes)
                assert all(isinstance(outcome, ApiError) == (status >= 300) for outcome in outcomes.values()), status


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_null_and_wrong_types_cost_the_attribute_alone(faulty: FaultServer, collection: str) -> None:
    with Both(faulty.url, collection) as both:
        faulty.replies(answer(200, b'{"id": "1"}'))
        whole = both.outcomes("get")["get"]
        assert isinstance(whole, Object)
        for attribute in type(whole)._attributes.values():
            for wrong in WRONG:
                name = json.dumps(attribute.name)
                faulty.replies(answer(200, f'{{"id": "1", {name}: {wrong}, "other": 1}}'.encode()))
                outcomes = both.outcomes("get")
                judged((attribute.name, wrong), outcomes)
                assert isinstance(outcomes["get"], Object)
                assert outcomes["get"]["other"] == 1
