"""When a request is sent again: the decision by itself, and over a server that fails."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fault_server import Connection, FaultServer, Got, Reply, answer, document
from tiny import Tiny

from tmfkit_sdk._runtime.errors import (
    ApiError,
    ConnectionLost,
    NoAnswer,
    NotFound,
    PreconditionFailed,
    RateLimited,
    ServerError,
    Uncertain,
)
from tmfkit_sdk._runtime.retries import Failure, Retries, retry_after_seconds

QUICK = Retries(pause_seconds=0.001)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LOST, UNSENT = Failure(), Failure(sent=False)
OK = document({"id": "42"})


def lost(connection: Connection, got: Got) -> None:
    connection.reset()


def of(status: int, retry_after: float | None = None) -> Failure:
    return Failure(status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("method", "failure", "is_protected", "is_repeated"),
    [
        *[("GET", of(status), False, True) for status in (408, 425, 429, 500, 502, 503, 504)],
        *[("GET", of(status), False, False) for status in (400, 401, 404, 409, 412, 501, 505, 507)],
        ("GET", LOST, False, True),
        ("PUT", of(500), False, True),
        ("DELETE", of(503), False, True),
        ("DELETE", LOST, False, True),
        ("POST", LOST, False, False),
        ("POST", Failure(sent=True), False, False),
        ("POST", UNSENT, False, True),
        ("POST", of(500), False, False),
        ("POST", of(503), False, False),
        ("POST", of(503, 1.0), False, True),
        ("POST", of(429, 1.0), False, True),
        ("POST", of(502, 1.0), False, False),
        ("POST", of(502), True, True),
        ("POST", LOST, True, True),
        ("PATCH", of(500), False, False),
        ("PATCH", of(429, 1.0), False, True),
        ("PATCH", UNSENT, False, True),
        ("PATCH", LOST, True, True),
        ("PATCH", of(503), True, True),
        ("PATCH", of(400), True, False),
    ],
)
def test_what_is_sent_again(method: str, failure: Failure, is_protected: bool, is_repeated: bool) -> None:
    pause = Retries().next(failure, method=method, attempt=1, is_protected=is_protected)
    assert (pause is not None) is is_repeated


def test_the_pause_is_drawn_from_a_range_that_doubles_up_to_a_bound() -> None:
    retries = Retries(attempts=9, pause_seconds=0.5, longest_pause_seconds=8.0)
    longest = [retries.next(of(500), method="GET", attempt=attempt, chance=1.0) for attempt in range(1, 9)]
    assert longest == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]
    assert retries.next(of(500), method="GET", attempt=3, chance=0.25) == 0.5
    assert retries.next(of(500), method="GET", attempt=9, chance=0.0) is None


def test_three_attempts_unless_told_otherwise() -> None:
    assert Retries().next(of(500), method="GET", attempt=2) is not None
    assert Retries().next(of(500), method="GET", attempt=3) is None
    assert Retries.of(0).next(of(500), method="GET", attempt=1) is None


def test_the_server_says_how_long_the_pause_is() -> None:
    assert Retries().next(of(503, 20.0), method="GET", attempt=1, chance=0.1) == 20.0


def test_a_pause_that_would_end_after_the_deadline_is_not_made() -> None:
    assert Retries().next(of(503, 20.0), method="GET", attempt=1, seconds_left=20.0) is None
    assert Retries().next(of(503, 20.0), method="GET", attempt=1, seconds_left=20.5) == 20.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=9), usegmt=True)}, 9.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=9), usegmt=True)}, 0.0),
        (
            {
                "retry-after": format_datetime(NOW + timedelta(hours=1, seconds=3), usegmt=True),
                "date": format_datetime(NOW + timedelta(hours=1), usegmt=True),
            },
            3.0,
        ),
        ({"retry-after": "Mon, 99 Nov 2026 12:00:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: Mapping[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=NOW) == seconds


@pytest.mark.parametrize("attempts", [0, -1])
def test_fewer_attempts_than_one_are_refused(attempts: int) -> None:
    with pytest.raises(ValueError, match="attempts is"):
        Retries(attempts=attempts)


@pytest.mark.parametrize("fault", [lost, answer(503), answer(429), answer(500)], ids=["lost", "503", "429", "500"])
def test_a_get_survives_two_failures_and_tells_its_attempts(faulty: FaultServer, fault: Reply) -> None:
    faulty.replies(fault, fault, OK)
    with Tiny(faulty.url, retries=QUICK) as api:
        assert api.request("GET", "thing/42").attempts == 3
    assert len(faulty.got) == 3


def test_the_third_failure_is_the_last(faulty: FaultServer) -> None:
    faulty.replies(answer(503, b"busy", {"Content-Type": "text/plain"}))
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(ServerError) as caught:
        api.get("42")
    assert caught.value.attempts == 3
    assert str(caught.value) == f"GET {faulty.url}/api/thing/42: 503 Service Unavailable: busy (after 3 attempts)"


def test_a_create_is_not_sent_again_when_it_may_have_been_done(faulty: FaultServer) -> None:
    faulty.replies(lost, OK)
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(ConnectionLost) as caught:
        api.create({})
    assert (caught.value.sent, caught.value.attempts, len(faulty.got)) == (None, 1, 1)


def test_a_create_with_a_key_is_sent_again_with_the_same_key(faulty: FaultServer) -> None:
    faulty.replies(lost, answer(502), document({"id": "1"}, 201))
    with Tiny(faulty.url, retries=QUICK) as api:
        assert api.create({"name": "A"}, key="k-1") == {"id": "1"}
    assert [got.headers["idempotency-key"] for got in faulty.got] == ["k-1"] * 3
    assert {got.body for got in faulty.got} == {b'{"name": "A"}'}


def test_a_patch_with_a_condition_is_sent_again_and_its_failed_condition_is_uncertain(faulty: FaultServer) -> None:
    faulty.replies(lost, answer(412))
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(Uncertain) as caught:
        api.update("42", {}, if_match='"1"')
    assert caught.value.attempts == 2
    assert (caught.value.request.method, caught.value.response.status) == ("PATCH", 412)


def test_a_failed_condition_at_the_first_attempt_is_certain(faulty: FaultServer) -> None:
    faulty.replies(answer(412, headers={"ETag": '"9"'}))
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(PreconditionFailed) as caught:
        api.update("42", {}, if_match='"1"')
    assert caught.value.response.etag == '"9"'


def test_a_failed_condition_after_a_refusal_that_did_nothing_is_certain(faulty: FaultServer) -> None:
    faulty.replies(answer(429, headers={"Retry-After": "0"}), answer(412))
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(PreconditionFailed):
        api.update("42", {}, if_match='"1"')


def test_a_delete_that_was_repeated_and_finds_nothing_has_succeeded(faulty: FaultServer) -> None:
    faulty.replies(lost, answer(404))
    with Tiny(faulty.url, retries=QUICK) as api:
        api.delete("42")
    assert len(faulty.got) == 2


def test_a_delete_that_finds_nothing_at_once_has_failed(faulty: FaultServer) -> None:
    faulty.replies(answer(404))
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(NotFound):
        api.delete("42")


def test_all_attempts_have_one_deadline(faulty: FaultServer) -> None:
    faulty.replies(answer(503))
    begun = time.monotonic()
    retries = Retries(attempts=1000, pause_seconds=0.01, longest_pause_seconds=0.01)
    with Tiny(faulty.url, timeout=0.5, retries=retries) as api, pytest.raises((ServerError, NoAnswer)):
        api.get("42")
    assert len(faulty.got) > 3
    assert time.monotonic() - begun < 5


def test_a_wait_that_the_deadline_does_not_allow_is_told(faulty: FaultServer) -> None:
    faulty.replies(answer(429, headers={"Retry-After": "3600"}))
    with Tiny(faulty.url, timeout=5) as api, pytest.raises(RateLimited) as caught:
        api.get("42")
    assert (caught.value.retry_after, caught.value.attempts) == (3600.0, 1)
    assert "to be asked again in 3600 s" in str(caught.value)


def test_retries_of_one_call(faulty: FaultServer) -> None:
    faulty.replies(answer(503), OK)
    with Tiny(faulty.url, retries=QUICK) as api, pytest.raises(ApiError):
        api.get("42", {"retries": 0})
