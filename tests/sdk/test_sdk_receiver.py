"""Notifications: genuine, once, and handed over as what they are."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from asyncio import Future
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from standardwebhooks import Webhook

from tmfkit_sdk._runtime.errors import Malformed, NotGenuine
from tmfkit_sdk._runtime.events import Unknown
from tmfkit_sdk._runtime.receiver import Receiver
from tmfkit_server.services.notifications.signatures import signature_headers

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SECRET, OTHER_SECRET = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OTHER_KEY))
BODY = json.dumps({"eventId": "e-1", "eventType": "Made", "event": {}}).encode()


@dataclass
class Made:
    event_id: str | None


@dataclass
class Dropped:
    event_id: str | None


class Strange(Unknown):
    event_id = None


def parse(body: bytes) -> Made | Strange:
    document = _read(body)
    return Made(document.get("eventId")) if document.get("eventType") == "Made" else Strange()


def parse_other(body: bytes) -> Dropped | Strange:
    document = _read(body)
    return Dropped(document.get("eventId")) if document.get("eventType") == "Dropped" else Strange()


def _read(body: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise Malformed("event", "no JSON") from error
    return document


def signed(
    body: bytes = BODY, *, keys: tuple[bytes, ...] = (KEY,), name: str = "e-1", age: float = 0
) -> dict[str, str]:
    """What our server sends with a notification."""
    return dict(signature_headers(keys, name, int(time.time() - age), body))


def test_what_our_server_signs_is_genuine() -> None:
    assert Receiver(parse, secrets=[SECRET]).take(BODY, signed()) == Made("e-1")


def test_what_a_library_of_standard_webhooks_signs_is_genuine() -> None:
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("e-1", now, BODY.decode())
    headers = {"Webhook-Id": "e-1", "Webhook-Timestamp": str(int(now.timestamp())), "Webhook-Signature": signature}
    assert Receiver(parse, secrets=[SECRET]).take(BODY, headers) == Made("e-1")


def test_secrets_are_changed_without_a_gap() -> None:
    receiver = Receiver(parse, secrets=[OTHER_SECRET, SECRET])
    assert (
        receiver.take(BODY, signed(name="1")) == receiver.take(BODY, signed(name="2", keys=(OTHER_KEY,))) == Made("e-1")
    )
    assert Receiver(parse, secrets=[SECRET]).take(BODY, signed(keys=(OTHER_KEY, KEY))) == Made("e-1")


@pytest.mark.parametrize(
    ("headers", "body", "problem"),
    [
        ({}, BODY, "a header is missing"),
        (signed() | {"webhook-signature": ""}, BODY, "a header is missing"),
        (signed() | {"webhook-timestamp": "now"}, BODY, "webhook-timestamp is not a number"),
        (signed() | {"webhook-timestamp": "9" * 400}, BODY, "webhook-timestamp is not a number"),
        (signed(), BODY + b" ", "none of the secrets has made its signature"),
        (signed() | {"webhook-id": "e-2"}, BODY, "none of the secrets has made its signature"),
        (signed() | {"webhook-id": "☃"}, BODY, "none of the secrets has made its signature"),
        (signed(keys=(OTHER_KEY,)), BODY, "none of the secrets has made its signature"),
        (signed() | {"webhook-signature": "v2,AAAA v1, ☃"}, BODY, "none of the secrets has made its signature"),
    ],
)
def test_what_is_not_genuine_is_refused(headers: dict[str, str], body: bytes, problem: str) -> None:
    with pytest.raises(NotGenuine, match=problem) as caught:
        Receiver(parse, secrets=[SECRET]).take(body, headers)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("age", [301, -302, 10_000])
def test_what_was_signed_at_another_time_is_refused(age: float) -> None:
    with pytest.raises(NotGenuine, match="s from now, more than 300 s"):
        Receiver(parse, secrets=[SECRET]).take(BODY, signed(age=age))
    assert Receiver(parse, secrets=[SECRET], tolerance_seconds=20_000).take(BODY, signed(age=age)) is not None


def test_a_repetition_is_taken_once_and_can_be_made_new() -> None:
    receiver = Receiver(parse, secrets=[SECRET])
    assert [receiver.take(BODY, signed()) for _ in range(3)] == [Made("e-1"), None, None]
    receiver.forget(BODY, signed())
    assert receiver.take(BODY, signed()) == Made("e-1")


def test_without_secrets_repetitions_are_known_by_the_id_of_the_event() -> None:
    receiver = Receiver(parse, secrets=None)
    assert [receiver.take(BODY, {}) for _ in range(2)] == [Made("e-1"), None]
    nameless = b'{"eventType": "Made"}'
    assert [receiver.take(nameless, {}) for _ in range(2)] == [Made(None), Made(None)]


def test_the_oldest_are_forgotten() -> None:
    receiver = Receiver(parse, secrets=[SECRET], remembered=2)
    for name in ("1", "2", "3"):
        receiver.take(BODY, signed(name=name))
    assert receiver.take(BODY, signed(name="3")) is None
    assert receiver.take(BODY, signed(name="1")) == Made("e-1")


def test_several_apis_have_one_receiver() -> None:
    receiver = Receiver(parse, parse_other, secrets=None)
    assert receiver.take(b'{"eventId": "1", "eventType": "Made"}', {}) == Made("1")
    assert receiver.take(b'{"eventId": "2", "eventType": "Dropped"}', {}) == Dropped("2")
    assert isinstance(receiver.take(b'{"eventId": "3", "eventType": "Odd"}', {}), Strange)


@pytest.mark.parametrize("secrets", [[], "whsec_AAAA", ["hunter2"], ["whsec_AA=="], ["whsec_?"], [None]])
def test_secrets_that_are_none_are_refused_without_being_shown(secrets: Any) -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        Receiver(parse, secrets=secrets)
    assert "hunter2" not in str(caught.value)


def test_a_receiver_needs_a_parser() -> None:
    with pytest.raises(ValueError, match="needs a parser"):
        Receiver(secrets=None)


Answer = tuple[int, str]
Sender = Callable[[Receiver[Any], Callable[[Any], None], bytes, dict[str, str], str], Answer]


def over_wsgi(
    receiver: Receiver[Any], handler: Callable[[Any], None], body: bytes, headers: dict[str, str], method: str
) -> Answer:
    environ: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    return wsgi_answer(receiver, handler, environ)


def wsgi_answer(receiver: Receiver[Any], handler: Callable[[Any], None], environ: dict[str, Any]) -> Answer:
    statuses: list[str] = []
    text = b"".join(receiver.wsgi(handler)(environ, lambda status, _: statuses.append(status)))
    return int(statuses[0].split()[0]), text.decode()


def over_asgi(
    receiver: Receiver[Any], handler: Callable[[Any], None], body: bytes, headers: dict[str, str], method: str
) -> Answer:
    parts = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:], "more_body": False},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def awaited(event: Any) -> None:
        handler(event)

    pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    asyncio.run(receiver.asgi(awaited)({"type": "http", "method": method, "headers": pairs}, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.fixture(params=[over_wsgi, over_asgi], ids=["wsgi", "asgi"])
def sender(request: pytest.FixtureRequest) -> Sender:
    found: Sender = request.param
    return found


def test_an_application_hands_over_each_event_once(sender: Sender) -> None:
    receiver = Receiver(parse, secrets=[SECRET])
    seen: list[object] = []
    for _ in range(3):
        assert sender(receiver, seen.append, BODY, signed(), "POST") == (204, "")
    assert seen == [Made("e-1")]


def test_what_a_handler_fails_with_comes_again(sender: Sender) -> None:
    receiver = Receiver(parse, secrets=[SECRET])
    seen: list[object] = []

    def failing(event: Made) -> None:
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        sender(receiver, failing, BODY, signed(), "POST")
    assert sender(receiver, seen.append, BODY, signed(), "POST") == (204, "")
    assert seen == [Made("e-1")]


def test_a_repetition_that_comes_while_the_first_is_handled_has_to_wait(sender: Sender) -> None:
    receiver = Receiver(parse, secrets=[SECRET])
    answers = []

    def handler(event: Made) -> None:
        answers.append(over_wsgi(receiver, pytest.fail, BODY, signed(), "POST"))

    sender(receiver, handler, BODY, signed(), "POST")
    assert answers == [(503, "the same notification is being handled")]


def test_what_an_application_refuses(sender: Sender) -> None:
    receiver = Receiver(parse, secrets=[SECRET], most_bytes=500)
    never = pytest.fail
    assert sender(receiver, never, BODY, {}, "POST")[0] == 401
    assert sender(receiver, never, b"{", signed(b"{"), "POST") == (400, "event: no JSON")
    assert sender(receiver, never, BODY, signed(), "GET")[0] == 405
    assert sender(receiver, never, b" " * 501, signed(), "POST")[0] == 413


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"wsgi.input_terminated": True}, (204, "")),  # a server that takes chunks apart by itself
        ({}, (411, "Content-Length is missing")),
        ({"CONTENT_LENGTH": ""}, (411, "Content-Length is missing")),
        ({"CONTENT_LENGTH": "-1"}, (400, "Content-Length is no number")),
        ({"CONTENT_LENGTH": "9" * 5000}, (400, "the body broke off")),
        ({"CONTENT_LENGTH": str(len(BODY) + 1)}, (400, "the body broke off")),
        ({"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b" " * 501)}, (413, "the body is too long")),
    ],
)
def test_a_body_ends_where_the_server_says(changes: dict[str, Any], wanted: Answer) -> None:
    environ: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed().items()}
    environ |= {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(BODY), **changes}
    seen: list[object] = []
    assert wsgi_answer(Receiver(parse, secrets=[SECRET], most_bytes=500), seen.append, environ) == wanted
    assert len(seen) == (wanted[0] == 204)


def test_an_asgi_application_lives_and_ends() -> None:
    messages, sent = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(Receiver(parse, secrets=None).asgi(print)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def awaited(event: object) -> None:
    raise AssertionError(event)


def yielding(event: object) -> Iterator[object]:
    yield event


async def yielding_as_well(event: object) -> AsyncIterator[object]:
    yield event


class Handler:
    async def __call__(self, event: object) -> None:
        raise AssertionError(event)


@pytest.mark.parametrize("handler", [awaited, partial(awaited), Handler(), Handler().__call__, yielding, None])
def test_wsgi_refuses_a_handler_that_would_not_run(handler: Any) -> None:
    with pytest.raises(TypeError, match="handled by a plain function; asgi takes async ones"):
        Receiver(parse, secrets=None).wsgi(handler)


@pytest.mark.parametrize("handler", [yielding, partial(yielding), yielding_as_well, None])
def test_asgi_refuses_a_handler_that_would_not_run(handler: Any) -> None:
    with pytest.raises(TypeError, match="handled by a function that does not yield"):
        Receiver(parse, secrets=None).asgi(handler)


def test_what_turns_out_to_be_async_is_no_success() -> None:
    future: Future[None] = Future(loop=(loop := asyncio.new_event_loop()))
    receiver: Receiver[Any] = Receiver(parse, secrets=[SECRET])
    returning: Any = lambda event: future  # noqa: E731, ARG005 - nobody can tell before it is called
    with pytest.raises(TypeError, match="it has not run"):
        over_wsgi(receiver, returning, BODY, signed(), "POST")
    loop.close()
    seen: list[object] = []
    assert over_wsgi(receiver, seen.append, BODY, signed(), "POST") == (204, "")
    assert seen == [Made("e-1")]
