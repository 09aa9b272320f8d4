"""How calls go over the wire: addresses, headers, options, tags, redirects, threads and event loops."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fault_server import Connection, FaultServer, Got, answer, document
from tiny import AsyncTiny, Tiny

import tmfkit_sdk._runtime.http
from tmfkit_sdk._runtime.answers import Headers, Request, Response
from tmfkit_sdk._runtime.errors import ApiError, NoAnswer, Timeout, Unreadable
from tmfkit_sdk._runtime.hooks import Attempt, LogHook, TraceHook
from tmfkit_sdk._runtime.retries import Retries
from tmfkit_sdk._runtime.settings import Address

OK = document({"id": "42"}, headers={"ETag": '"1"', "X-Request-Id": "r-7"})


def lost(connection: Connection, got: Got) -> None:
    connection.reset()


def stalled(connection: Connection, got: Got) -> None:
    connection.stall()


def answered(headers: Mapping[str, str]) -> Response:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Response(200, Headers(pairs), b"{}", Request("GET", "http://host/", {}))


@pytest.mark.parametrize(
    ("url", "base_path", "where"),
    [
        ("http://host", "/api", "http://host/api"),
        ("https://host/", "api/", "https://host/api"),
        ("https://host:8443/gateway/", "/api", "https://host:8443/gateway/api"),
        ("https://host:443", "", "https://host"),
        ("https://host/gateway/api", "/api", "https://host/gateway/api"),
        ("http://[::1]:8080", "/api", "http://[::1]:8080/api"),
        ("http://Host", "/a b", "http://host/a%20b"),
        ("https://bücher.example", "/api", "https://xn--bcher-kva.example/api"),
    ],
)
def test_where_an_api_is(url: str, base_path: str, where: str) -> None:
    assert Address.of(url, base_path)[0].url("") == where


@pytest.mark.parametrize(
    "url", ["", "host", "ftp://host", "http://", "http://host:port", "http://host?a=1", "http://a b"]
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Tiny(url)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/api/thing/1", "https://host/api/thing/1"),
        ("thing/1?a=b", "https://host/api/thing/1?a=b"),
        ("http://host/api/thing/1", "https://host/api/thing/1"),
        ("http://host:80/api/thing/1", "https://host/api/thing/1"),
        ("https://host:8443/api/thing/1", None),
        ("https://other/api/thing/1", None),
        ("//other/thing", None),
        ("https://user@host/thing", None),
        ("file:///etc/passwd", None),
        ("https://[::1/x", None),
    ],
)
def test_which_location_is_of_the_same_server(location: str, target: str | None) -> None:
    address, _ = Address.of("https://host", "/api")
    assert address.found("https://host/api/thing", location) == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/moved", "https://host/moved"),
        ("https://host:443/moved", "https://host/moved"),
        ("https://HOST/moved", "https://host/moved"),
        ("http://host/moved", None),
        ("https://host:8443/moved", None),
        ("https://other/moved", None),
    ],
)
def test_which_redirect_is_within_the_origin(location: str, target: str | None) -> None:
    address, _ = Address.of("https://host", "/api")
    assert address.redirected("https://host/api/thing", location) == target


def test_what_is_sent(faulty: FaultServer) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url, token="t", headers={"X-Tenant": "a"}, query={"tenant": "1"}) as api:
        api.get("a/b ü", {"headers": {"X-Trace": "b"}, "query": {"depth": ["1", "2"]}})
    [got] = faulty.got
    assert got.target == "/api/thing/a%2Fb%20%C3%BC?tenant=1&depth=1&depth=2"
    agent = got.headers["user-agent"]
    assert agent.startswith("tmfkit-sdk/")
    assert got.headers == {
        "host": faulty.url.removeprefix("http://"),
        "user-agent": agent,
        "accept": "application/json",
        "accept-encoding": "identity",
        "x-tenant": "a",
        "x-trace": "b",
        "authorization": "Bearer t",
    }


def test_with_options_shares_the_connections_and_leaves_the_client_as_it_was(faulty: FaultServer) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url, headers={"X-A": "1"}) as api:
        other = api.with_options(headers={"X-B": "2"}, query={"q": "3"}, retries=0, timeout=5)
        other.get("1")
        api.get("1")
        assert other._driver.pool is api._driver.pool
    first, second = faulty.got
    assert (first.headers["x-a"], first.headers["x-b"], first.target) == ("1", "2", "/api/thing/1?q=3")
    assert ("x-b" in second.headers, second.target) == (False, "/api/thing/1")


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"headers": {"X A": "a"}},
        {"headers": {"Host": "other"}},
        {"headers": {"X-A": "☃"}},
        {"headers": {"X-A": None}},
        {"query": {"a": None}},
        {"query": {"a": 1}},
        {"timeout": 0},
        {"timeuot": 5},
        {"timeout": "5"},
        {"retries": -1},
        {"retries": None},
        {"if_match": '"1"\n'},
        {"idempotency_key": "a\nb"},
    ],
)
def test_options_that_cannot_be_sent_are_refused_before_anything_is(faulty: FaultServer, options: Any) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url) as api, pytest.raises(ValueError, match=r".+"):
        api.get("1", options)
    assert faulty.got == []


def test_if_match_and_key_may_stand_in_the_options(faulty: FaultServer) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url) as api:
        api.create({}, options={"if_match": '"7"', "idempotency_key": "k"})
        api.create({}, key="wins", options={"idempotency_key": "k"})
    assert [got.headers["idempotency-key"] for got in faulty.got] == ["k", "wins"]
    assert faulty.got[0].headers["if-match"] == '"7"'


@pytest.mark.parametrize(
    ("headers", "tag"),
    [
        ({"ETag": '"1"'}, '"1"'),
        ({"ETag": '""'}, '""'),
        ({"ETag": 'W/"1"'}, None),
        ({"ETag": "1"}, None),
        ({"ETag": '"1", "2"'}, None),
        ({"ETag": '"1"', "Content-Encoding": "gzip"}, None),
        ({}, None),
    ],
)
def test_a_tag_is_used_when_it_is_strong_and_that_of_the_resource(headers: dict[str, str], tag: str | None) -> None:
    assert answered(headers).etag == tag


def test_a_response_knows_its_request_and_its_name(faulty: FaultServer) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url) as api:
        response = api.request("get", "/thing/42")
    assert (response.status, response.request_id, response.headers["X-REQUEST-ID"]) == (200, "r-7", "r-7")
    assert (response.request.method, response.request.url) == ("GET", f"{faulty.url}/api/thing/42")


def test_a_request_of_ones_own_sends_json(faulty: FaultServer) -> None:
    faulty.replies(answer(202))
    with Tiny(faulty.url) as api:
        response = api.request("POST", "thing/42/run?now=1", json={"a": [1, None]}, query={"b": "ü"})
        whole = api.request("GET", f"{faulty.url}/other")
    assert (response.status, response.content, whole.status) == (202, b"", 202)
    assert faulty.got[0].target == "/api/thing/42/run?now=1&b=%C3%BC"
    assert (faulty.got[0].headers["content-type"], faulty.got[0].json) == ("application/json", {"a": [1, None]})
    assert faulty.got[1].target == "/other"


@pytest.mark.parametrize("path", ["http://other.example/x", "//other.example/x", "../x", "a/./b", "a#b"])
def test_a_path_that_leads_elsewhere_is_refused(faulty: FaultServer, path: str) -> None:
    faulty.replies(OK)
    with (
        Tiny(faulty.url, token="secret") as api,
        pytest.raises(ValueError, match=r"leads to another server|is no path"),
    ):
        api.request("GET", path)
    assert faulty.got == []


def test_a_body_that_json_cannot_say_is_refused(faulty: FaultServer) -> None:
    with Tiny(faulty.url) as api:
        for body in (object(), float("nan"), {"a": {1, 2}}):
            with pytest.raises((TypeError, ValueError), match="JSON"):
                api.request("POST", "thing", json=body)


def test_an_empty_201_is_completed_by_its_location(faulty: FaultServer) -> None:
    faulty.replies(answer(201, headers={"Location": "http://elsewhere.example/api/thing/9"}), document({"id": "9"}))
    with Tiny(faulty.url) as api, pytest.raises(Unreadable, match="its Location leads elsewhere"):
        api.create({})
    faulty.replies(answer(201, headers={"Location": "/api/thing/9"}), document({"id": "9"}))
    with Tiny(faulty.url, token="t") as api:
        assert api.create({}, key="k") == {"id": "9"}
    _, read = faulty.got
    assert (read.method, read.target, read.headers["authorization"]) == ("GET", "/api/thing/9", "Bearer t")
    assert not {"idempotency-key", "content-type"} & set(read.headers)


def test_what_was_made_and_cannot_be_read_says_that_it_was_made(faulty: FaultServer) -> None:
    faulty.replies(answer(201, headers={"Location": "/api/thing/9"}), answer(404))
    with Tiny(faulty.url) as api, pytest.raises(Unreadable, match="done, but the answer has no body") as caught:
        api.create({})
    assert caught.value.response is not None
    assert caught.value.response.status == 201


def test_an_empty_answer_to_a_change_is_completed_by_reading(faulty: FaultServer) -> None:
    faulty.replies(answer(204), document({"id": "42"}))
    with Tiny(faulty.url) as api:
        assert api.update("42", {"a": 1}, if_match='"1"') == {"id": "42"}
    assert [(got.method, "if-match" in got.headers) for got in faulty.got] == [("PATCH", True), ("GET", False)]


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 226, 299])
def test_any_2xx_is_a_success(faulty: FaultServer, status: int) -> None:
    faulty.replies(document({"id": "42"}, status))
    with Tiny(faulty.url) as api:
        assert api.create({}) == api.update("42", {}) == api.get("42") == {"id": "42"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows_a_redirect_within_the_server(faulty: FaultServer, status: int) -> None:
    faulty.replies(answer(status, headers={"Location": "/moved/42"}), OK)
    with Tiny(faulty.url, token="t") as api:
        assert api.get("42") == {"id": "42"}
    assert [got.target for got in faulty.got] == ["/api/thing/42", "/moved/42"]
    assert faulty.got[1].headers["authorization"] == "Bearer t"


def test_a_change_follows_none(faulty: FaultServer) -> None:
    faulty.replies(answer(307, headers={"Location": "/moved/42"}), OK)
    with Tiny(faulty.url) as api, pytest.raises(ApiError, match="a redirect that is not followed, to /moved/42"):
        api.update("42", {})
    assert len(faulty.got) == 1


def test_lists_may_come_compressed(faulty: FaultServer) -> None:
    body = gzip.compress(b'[{"id": "1"}]')
    faulty.replies(answer(200, body, {"Content-Encoding": "gzip", "X-Total-Count": "1"}))
    with Tiny(faulty.url) as api:
        assert api.list().all() == [{"id": "1"}]
    assert faulty.got[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_timeout_of_one_call(faulty: FaultServer) -> None:
    faulty.replies(stalled)
    with Tiny(faulty.url, retries=0) as api, pytest.raises(Timeout, match="no answer in time; the request was sent"):
        api.get("42", {"timeout": 0.1})


def test_one_attempt_may_have_less_time_than_the_call(faulty: FaultServer) -> None:
    faulty.replies(stalled)
    retries = Retries(attempts=2, attempt_seconds=0.2, pause_seconds=0.001)
    with Tiny(faulty.url, retries=retries) as api, pytest.raises(Timeout) as caught:
        api.get("42")
    assert caught.value.attempts == 2


def test_one_client_works_over_many_threads(faulty: FaultServer) -> None:
    faulty.replies(OK)
    results: list[object] = []
    with Tiny(faulty.url) as api:
        threads = [threading.Thread(target=lambda: results.extend(api.get("42") for _ in range(20))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [{"id": "42"}] * 160


def test_one_async_client_works_over_two_event_loops(faulty: FaultServer) -> None:
    faulty.replies(OK)
    api = AsyncTiny(faulty.url)

    async def several() -> list[object]:
        return list(await asyncio.gather(*(api.get("42") for _ in range(10))))

    assert asyncio.run(several()) == asyncio.run(several()) == [{"id": "42"}] * 10
    assert len(api._driver.pool._clients) == 1


def test_one_async_client_works_in_event_loops_side_by_side(faulty: FaultServer) -> None:
    faulty.replies(OK)
    api = AsyncTiny(faulty.url)
    results: list[object] = []

    async def several() -> None:
        for _ in range(20):
            results.append(await api.get("42"))

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"id": "42"}] * 80


def test_a_closed_client_says_so_and_can_be_entered_again(faulty: FaultServer) -> None:
    faulty.replies(OK)
    api = Tiny(faulty.url)
    api.close()
    with pytest.raises(ValueError, match="the client is closed"):
        api.get("42")
    with api:
        assert api.get("42") == {"id": "42"}


def test_a_closed_async_client_says_so_and_can_be_entered_again(faulty: FaultServer) -> None:
    faulty.replies(OK)

    async def used() -> object:
        api = AsyncTiny(faulty.url)
        await api.aclose()
        with pytest.raises(ValueError, match="the client is closed"):
            await api.get("42")
        async with api:
            return await api.get("42")

    assert asyncio.run(used()) == {"id": "42"}


def test_a_cancelled_call_leaves_the_client_usable(faulty: FaultServer) -> None:
    faulty.replies(lambda connection, got: (stalled if got.target.endswith("/slow") else OK)(connection, got))

    async def used() -> object:
        async with AsyncTiny(faulty.url, retries=0) as api:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(api.get("slow"), 0.2)
            return await api.get("42")

    assert asyncio.run(used()) == {"id": "42"}


class Recorded:
    """A hook that notes what it is told, and adds a header."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def started(self, attempt: Attempt) -> None:
        attempt.headers["traceparent"] = f"00-{attempt.number}"
        self.told.append(("started", attempt.number))

    def ended(self, attempt: Attempt) -> None:
        status = attempt.response.status if attempt.response else None
        self.told.append(("ended", attempt.number, status, type(attempt.error).__name__))


def test_hooks_are_told_of_every_attempt_and_may_add_headers(faulty: FaultServer) -> None:
    faulty.replies(lost, answer(503), OK)
    hook = Recorded()
    with Tiny(faulty.url, hooks=[hook], retries=Retries(pause_seconds=0.001)) as api:
        api.get("42")
    assert hook.told == [
        ("started", 1),
        ("ended", 1, None, "ConnectionLost"),
        ("started", 2),
        ("ended", 2, 503, "NoneType"),
        ("started", 3),
        ("ended", 3, 200, "NoneType"),
    ]
    assert [got.headers["traceparent"] for got in faulty.got] == ["00-1", "00-2", "00-3"]


def test_a_log_line_has_what_operators_need(faulty: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    faulty.replies(OK)
    with caplog.at_level("INFO", "tmfkit_sdk"), Tiny(faulty.url, token="secret", hooks=[LogHook()]) as api:
        api.get("42")
    [line] = [record.getMessage() for record in caplog.records if record.name == "tmfkit_sdk"]
    assert line.startswith(f"GET {faulty.url}/api/thing/42 200 attempt=1 seconds=0.")
    assert line.endswith(" request_id=r-7")


class _Span:
    def __init__(self) -> None:
        self.attributes: dict[str, object] = {}
        self.has_ended = False

    def set_attribute(self, name: str, value: object) -> None:
        self.attributes[name] = value

    def record_exception(self, error: BaseException) -> None:
        self.attributes["exception"] = type(error).__name__

    def end(self) -> None:
        self.has_ended = True


def test_a_trace_has_a_span_for_every_attempt(faulty: FaultServer) -> None:
    spans: list[_Span] = []

    class Tracer:
        def start_span(self, name: str, attributes: dict[str, object]) -> _Span:
            spans.append(_Span())
            spans[-1].attributes |= {"name": name, **attributes}
            return spans[-1]

    def inject(headers: dict[str, str]) -> None:
        headers["traceparent"] = f"00-{len(spans)}"

    def use_span(span: _Span, *, end_on_exit: bool) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    faulty.replies(lost, OK)
    hook = TraceHook(Tracer(), inject=inject, use_span=use_span)
    with Tiny(faulty.url, hooks=[hook], retries=Retries(pause_seconds=0.001)) as api:
        api.get("42")
    first, done = spans
    assert first.attributes["error.type"] == first.attributes["exception"] == "ConnectionLost"
    assert (done.attributes["http.response.status_code"], done.attributes["http.request.resend_count"]) == (200, 1)
    assert first.has_ended
    assert done.has_ended
    assert faulty.got[-1].headers["traceparent"] == "00-2"


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(faulty: FaultServer) -> None:
    with Tiny(faulty.url, proxy="http://127.0.0.1:1", retries=0) as api, pytest.raises(NoAnswer) as caught:
        api.get("42")
    assert caught.value.sent is False


def test_a_proxy_is_asked_for_the_whole_address(faulty: FaultServer) -> None:
    faulty.replies(OK)
    with Tiny("http://server.example", proxy=faulty.url) as api:
        assert api.get("42") == {"id": "42"}
    assert faulty.got[0].target == "http://server.example/api/thing/42"


def test_files_and_addresses_that_cannot_be_used_are_refused_at_once() -> None:
    for options in ({"verify": "/no/such/file"}, {"cert": "/no/such/file"}, {"proxy": "nonsense"}):
        with pytest.raises(ValueError, match=r"verify or cert|proxy"):
            Tiny("https://host", **options)  # type: ignore[arg-type]


def test_one_module_knows_the_http_library() -> None:
    folder = Path(tmfkit_sdk.__file__).parent
    users = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if "import httpx" in path.read_text()}
    assert {user for user in users if user.startswith("_runtime")} - {"_runtime/client.py"} == {"_runtime/http.py"}
