"""Takes notifications: verifies their signature, knows repetitions, and hands over what they tell."""

from __future__ import annotations

import inspect
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, Unpack, overload

from .errors import Malformed, NotGenuine, TmfError
from .events import Unknown
from .signatures import key_of, verified_id

__all__ = ["Receiver"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)

Parser: TypeAlias = Callable[[bytes], E]
_StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]
_Wsgi: TypeAlias = Callable[[dict[str, Any], _StartResponse], Iterable[bytes]]
_Asgi: TypeAlias = Callable[
    [Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Coroutine[Any, Any, None]
]
_Reply: TypeAlias = tuple[int, str]

_REASONS = {
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_DONE: _Reply = (204, "")
_BUSY: _Reply = (503, "the same notification is being handled")
_BROKEN: _Reply = (400, "the body broke off")
_LONG: _Reply = (413, "the body is too long")


class _State(Enum):
    NEW = "new"
    BUSY = "busy"
    DONE = "done"


class _Memory:
    """Which notifications have come, the newest *size* of them; fit for many threads."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, threading.Lock()
        self._known: OrderedDict[str, _State] = OrderedDict()

    def begin(self, name: str) -> _State:
        """Return what is known of a notification, which is being handled from now on if it is new."""
        with self._lock:
            state = self._known.get(name, _State.NEW)
            if state is _State.NEW:
                self._known[name] = _State.BUSY
                while len(self._known) > self._size:
                    self._known.popitem(last=False)
            return state

    def end(self, name: str, *, is_done: bool) -> None:
        with self._lock:
            if is_done:
                self._known[name] = _State.DONE
            else:
                self._known.pop(name, None)


class _Limits(TypedDict, total=False):
    tolerance_seconds: float
    remembered: int
    most_bytes: int


class Receiver(Generic[E]):
    """Takes notifications of one API or of several.

    Args:
        parsers: ``events.parse`` of each API.
        secrets: What the server signs with, ``whsec_…``; several while one takes the place of another. None takes
            notifications without looking at signatures: then anybody who reaches the listener can send them.
        tolerance_seconds: How far the time of a signature may lie from now.
        remembered: How many notifications are known again when they are repeated.
        most_bytes: How long a body may be that `wsgi` and `asgi` read.
    """

    @overload
    def __init__(
        self: Receiver[A],
        one: Parser[A],
        /,
        *,
        secrets: Sequence[str] | None,
        **limits: Unpack[_Limits],
    ) -> None: ...
    @overload
    def __init__(
        self: Receiver[A | B],
        one: Parser[A],
        two: Parser[B],
        /,
        *,
        secrets: Sequence[str] | None,
        **limits: Unpack[_Limits],
    ) -> None: ...
    @overload
    def __init__(
        self: Receiver[A | B | C],
        one: Parser[A],
        two: Parser[B],
        three: Parser[C],
        /,
        *,
        secrets: Sequence[str] | None,
        **limits: Unpack[_Limits],
    ) -> None: ...
    @overload
    def __init__(
        self: Receiver[A | B | C | D],
        one: Parser[A],
        two: Parser[B],
        three: Parser[C],
        four: Parser[D],
        /,
        *,
        secrets: Sequence[str] | None,
        **limits: Unpack[_Limits],
    ) -> None: ...
    @overload
    def __init__(
        self,
        *parsers: Parser[E],
        secrets: Sequence[str] | None,
        **limits: Unpack[_Limits],
    ) -> None: ...
    def __init__(
        self,
        *parsers: Parser[Any],
        secrets: Sequence[str] | None,
        tolerance_seconds: float = 300.0,
        remembered: int = 10_000,
        most_bytes: int = 5_000_000,
    ) -> None:
        if not parsers:
            raise ValueError("a Receiver needs a parser, such as customer_v4.events.parse")
        if secrets is not None and (isinstance(secrets, str) or not secrets):
            raise ValueError(
                "secrets has to be a list with a secret in it; None takes notifications without a signature"
            )
        self._parsers = parsers
        self._keys = None if secrets is None else [key_of(secret) for secret in secrets]
        self._tolerance_seconds, self._most_bytes = tolerance_seconds, most_bytes
        self._memory = _Memory(remembered)

    def take(self, body: bytes, headers: Mapping[str, str]) -> E | None:
        """Return the event in a notification; None when it is a repetition, which is answered like the first.

        What is done with the event is up to the caller: should that fail, `forget` lets the repetition be new.

        Raises:
            NotGenuine: The signature is missing or wrong, or of another time.
            Malformed: The body is no event.
        """
        name, event = self._verified(body, headers)
        if name is not None:
            if self._memory.begin(name) is not _State.NEW:
                return None
            self._memory.end(name, is_done=True)
        return event

    def forget(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Take a repetition of this notification for a new one."""
        name, _ = self._verified(body, headers)
        if name is not None:
            self._memory.end(name, is_done=False)

    def wsgi(self, handler: Callable[[E], None]) -> _Wsgi:
        """Return a WSGI application that calls *handler* with each event.

        The answer is 204 after *handler* has returned, so that the server repeats what *handler* has failed with.

        Raises:
            TypeError: Calling *handler* would do nothing: it is async or yields.
        """
        _check(handler, inspect.iscoroutinefunction)

        def application(environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
            status, text = self._wsgi_reply(environ, handler)
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text.encode())))]
            start_response(f"{status} {_REASONS[status]}", [] if status == 204 else headers)
            return [text.encode()]

        return application

    def asgi(self, handler: Callable[[E], Awaitable[object] | None]) -> _Asgi:
        """Return an ASGI application that calls *handler* with each event, and awaits it if it is to be awaited.

        Raises:
            TypeError: Calling *handler* would do nothing: it yields.
        """
        _check(handler)

        async def application(
            scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
        ) -> None:
            if scope["type"] == "lifespan":
                await _lifespan(receive, send)
            elif scope["type"] == "http":
                status, text = await self._asgi_reply(scope, receive, handler)
                headers = [] if status == 204 else [(b"content-type", b"text/plain; charset=utf-8")]
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": text.encode()})

        return application

    def _wsgi_reply(self, environ: dict[str, Any], handler: Callable[[E], object]) -> _Reply:
        if environ.get("REQUEST_METHOD") != "POST":
            return 405, "notifications are sent with POST"
        body = self._wsgi_body(environ)
        if not isinstance(body, bytes):
            return body
        headers = {
            name[5:].replace("_", "-"): str(value) for name, value in environ.items() if name.startswith("HTTP_")
        }
        started = self._begun(body, headers)
        if not isinstance(started, _Begun):
            return started
        with started:
            if inspect.isawaitable(handler(started.event)):
                raise TypeError(f"{handler!r} is async, so that it has not run; asgi takes it")
        return _DONE

    def _wsgi_body(self, environ: dict[str, Any]) -> bytes | _Reply:
        """Read the body; without a length only where the server promises that reading ends with it."""
        text = str(environ.get("CONTENT_LENGTH") or "")
        if not text and not environ.get("wsgi.input_terminated"):
            return 411, "Content-Length is missing"
        if text and not (text.isascii() and text.isdecimal()):
            return 400, "Content-Length is no number"
        limit = self._most_bytes + 1
        length = min(int(text[:18]), limit) if text else limit
        body: bytes = environ["wsgi.input"].read(length)
        if len(body) == limit:
            return _LONG
        return _BROKEN if text and len(body) < length else body

    async def _asgi_reply(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], handler: Callable[[E], object]
    ) -> _Reply:
        if scope["method"] != "POST":
            return 405, "notifications are sent with POST"
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return _BROKEN
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                return _LONG
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        started = self._begun(bytes(body), headers)
        if not isinstance(started, _Begun):
            return started
        with started:
            result = handler(started.event)
            if inspect.isawaitable(result):
                await result
        return _DONE

    def _begun(self, body: bytes, headers: Mapping[str, str]) -> _Begun[E] | _Reply:
        """Begin to handle a notification; return the answer where there is nothing to handle."""
        try:
            name, event = self._verified(body, headers)
        except NotGenuine as error:
            return 401, str(error)
        except TmfError as error:
            return 400, str(error)
        state = _State.NEW if name is None else self._memory.begin(name)
        if state is _State.NEW:
            return _Begun(self._memory, name, event)
        return _DONE if state is _State.DONE else _BUSY

    def _verified(self, body: bytes, headers: Mapping[str, str]) -> tuple[str | None, E]:
        """Return the name that a notification is known by, and its event."""
        signed = None
        if self._keys is not None:
            lower = {name.lower(): value for name, value in headers.items()}
            signed = verified_id(self._keys, body, lower, now=time.time(), tolerance_seconds=self._tolerance_seconds)
        event = self._parsed(body)
        return signed if signed is not None else _event_id(event), event

    def _parsed(self, body: bytes) -> E:
        event = self._parsers[0](body)
        for parser in self._parsers[1:]:
            if not isinstance(event, Unknown):
                break
            event = parser(body)
        known: E = event
        return known


class _Begun(Generic[E_co]):
    """A notification that is being handled; how the ``with`` block ends is remembered."""

    def __init__(self, memory: _Memory, name: str | None, event: E_co) -> None:
        self._memory, self._name, self.event = memory, name, event

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._name is not None:
            self._memory.end(self._name, is_done=kind is None)


def _check(handler: Any, *refused: Callable[[object], bool]) -> None:
    kinds = (inspect.isgeneratorfunction, inspect.isasyncgenfunction, *refused)
    call = type(handler).__call__ if callable(handler) else None
    if call is None or any(kind(handler) or kind(call) for kind in kinds):
        wanted = "a plain function; asgi takes async ones" if refused else "a function that does not yield"
        raise TypeError(f"{handler!r}: events are handled by {wanted}")


def _event_id(event: object) -> str | None:
    try:
        found = getattr(event, "event_id", None)
    except Malformed:
        return None
    return found if isinstance(found, str) else None


async def _lifespan(receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
