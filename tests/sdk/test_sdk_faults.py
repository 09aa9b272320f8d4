"""Whatever a server does, a call returns or raises an error of the SDK; nothing of a lower layer gets through."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Self

import pytest
from fault_server import FaultServer, answer
from server_faults import AT_ACCEPT, BODIES, BROKEN, REDIRECTS, STALLED, statuses
from tiny import AsyncTiny, Tiny

from tmfkit_sdk._runtime.errors import ApiError, NoAnswer, Timeout, TmfError, Unreadable
from tmfkit_sdk._runtime.retries import Retries

QUICK = Retries(attempts=2, pause_seconds=0.001)
PLAIN: dict[str, Callable[[Tiny], object]] = {
    "get": lambda api: api.get("42"),
    "create": lambda api: api.create({"name": "A"}),
    "create-once": lambda api: api.create({"name": "A"}, key="k"),
    "update": lambda api: api.update("42", {"name": "B"}),
    "update-if": lambda api: api.update("42", {"name": "B"}, if_match='"1"'),
    "replace": lambda api: api.replace("42", {"name": "B"}),
    "delete": lambda api: api.delete("42"),
    "list": lambda api: api.list().all(at_most=20),
    "first": lambda api: api.list().first(),
    "total": lambda api: api.list().total,
    "subscribe": lambda api: api.hub.subscribe("http://listener.example/"),
    "unsubscribe": lambda api: api.hub.unsubscribe("1"),
    "request": lambda api: api.request("GET", "thing").status,
}
AWAITED: dict[str, Callable[[AsyncTiny], Awaitable[object]]] = {
    "get": lambda api: api.get("42"),
    "create": lambda api: api.create({"name": "A"}),
    "create-once": lambda api: api.create({"name": "A"}, key="k"),
    "update": lambda api: api.update("42", {"name": "B"}),
    "update-if": lambda api: api.update("42", {"name": "B"}, if_match='"1"'),
    "replace": lambda api: api.replace("42", {"name": "B"}),
    "delete": lambda api: api.delete("42"),
    "list": lambda api: api.list().all(at_most=20),
    "first": lambda api: api.list().first(),
    "total": lambda api: api.list().total,
    "subscribe": lambda api: api.hub.subscribe("http://listener.example/"),
    "unsubscribe": lambda api: api.hub.unsubscribe("1"),
    "request": lambda api: api.request("GET", "thing"),
}


class Both:
    """A plain client and an awaited one, of the same server."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        self._plain = Tiny(url, timeout=timeout, retries=QUICK)
        self._awaiting = AsyncTiny(url, timeout=timeout, retries=QUICK)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._plain.close()
        self._runner.close()

    def outcomes(self, *names: str) -> dict[str, object]:
        """Return what comes of every call, plain and awaited: its result, or the error it raised."""
        found: dict[str, object] = {}
        for name in names or PLAIN:
            found[name] = attempted(partial(PLAIN[name], self._plain))
            found[f"async {name}"] = attempted(partial(self._run, name))
        for name, outcome in found.items():
            judged(name, outcome)
        return found

    def _run(self, name: str) -> object:
        async def awaited() -> object:
            return await AWAITED[name](self._awaiting)

        return self._runner.run(awaited())


def attempted(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the test is about which ones they are
        return error


def outcomes(url: str, *names: str, timeout: float = 20.0) -> dict[str, object]:
    with Both(url, timeout) as both:
        return both.outcomes(*names)


def judged(name: str, outcome: object) -> None:
    """Hold an outcome against what every error has to be."""
    if not isinstance(outcome, Exception):
        return
    assert isinstance(outcome, TmfError), f"{name}: {outcome!r}"
    again = pickle.loads(pickle.dumps(outcome))
    assert (type(again), str(again)) == (type(outcome), str(outcome))
    assert "http://127.0.0.1:" in str(outcome), f"{name}: {outcome}"
    if isinstance(outcome, ApiError):
        assert str(outcome.status) in str(outcome)
        assert outcome.response.status == outcome.status


def test_the_twins_are_asked_the_same() -> None:
    assert list(PLAIN) == list(AWAITED)


@pytest.mark.parametrize("fault", AT_ACCEPT)
def test_a_connection_that_ends_at_once_is_no_answer(faulty: FaultServer, fault: str) -> None:
    faulty.at_accept(AT_ACCEPT[fault])
    for name, outcome in outcomes(faulty.url).items():
        assert isinstance(outcome, NoAnswer), name
        assert outcome.sent in {None, False}, name


@pytest.mark.parametrize("fault", BROKEN)
def test_an_answer_that_breaks_off_or_is_no_http(faulty: FaultServer, fault: str) -> None:
    faulty.replies(BROKEN[fault])
    found = outcomes(faulty.url)
    if fault != "unknown-encoding":
        assert all(isinstance(outcome, NoAnswer) for outcome in found.values()), found
        assert all(outcome.sent is not False for outcome in found.values() if isinstance(outcome, NoAnswer))


@pytest.mark.parametrize("fault", STALLED)
def test_an_answer_that_does_not_end_in_time(faulty: FaultServer, fault: str) -> None:
    faulty.replies(STALLED[fault])
    for name, outcome in outcomes(faulty.url, "get", "create", "delete", "list", timeout=0.25).items():
        assert isinstance(outcome, Timeout), name
        assert outcome.sent is True, name


@pytest.mark.parametrize("fault", BODIES)
def test_a_success_with_an_odd_body(faulty: FaultServer, fault: str) -> None:
    faulty.replies(BODIES[fault])
    outcomes(faulty.url)


@pytest.mark.parametrize("fault", REDIRECTS)
def test_a_redirect_is_followed_by_reading_within_the_server_only(faulty: FaultServer, fault: str) -> None:
    faulty.replies(REDIRECTS[fault])
    for name, outcome in outcomes(faulty.url).items():
        assert isinstance(outcome, ApiError), name
        assert 300 <= outcome.status < 400, name


def test_every_status_is_a_success_or_an_error_of_that_status(faulty: FaultServer) -> None:
    with Both(faulty.url, timeout=3.0) as both:
        for status, reply in statuses():
            faulty.replies(reply)
            for name, outcome in both.outcomes("get", "create", "delete").items():
                assert isinstance(outcome, ApiError) == (status >= 300), (status, name, outcome)
                if isinstance(outcome, ApiError):
                    assert outcome.status == status


def test_nobody_listens() -> None:
    for name, outcome in outcomes("http://127.0.0.1:1").items():
        assert isinstance(outcome, NoAnswer), name
        assert outcome.sent is False, name
        assert outcome.attempts == 2, name


def test_a_name_that_is_not_known() -> None:
    with Tiny("http://no-such-host.invalid", retries=0) as api, pytest.raises(NoAnswer) as caught:
        api.get("42")
    assert caught.value.sent is False


@pytest.mark.parametrize("value", ["", ".", "..", None, 42])
def test_an_identifier_that_addresses_something_else_is_refused(faulty: FaultServer, value: Any) -> None:
    faulty.replies(answer(200, b"{}"))
    with Tiny(faulty.url) as api:
        for call in (api.get, api.delete, api.hub.unsubscribe):
            with pytest.raises(ValueError, match=r"is no identifier|did not tell"):
                call(value)
    assert faulty.got == []


def test_a_success_without_body_and_without_location_is_unreadable_for_a_create(faulty: FaultServer) -> None:
    faulty.replies(answer(201))
    with (
        Tiny(faulty.url) as api,
        pytest.raises(Unreadable, match=r"POST http.*/api/thing: 201: the answer has no body"),
    ):
        api.create({})
