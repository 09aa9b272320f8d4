"""An ASGI application that serves a sound one, and every broken variant of it beside it.

``/broken/API/VARIANT/PATH`` is *PATH* of the application, broken as the variant has it; ``/broken/API/sound/PATH`` is
the application as it is. A callback that is registered through a variant is replaced by an address here, which passes
on, breaks or loses what the application sends to it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import importlib
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import httpx

from tmfkit_conformance.selftest.breaks import Break, Note
from tmfkit_conformance.selftest.calls import Answer, Call, operation_at
from tmfkit_conformance.selftest.catalogue.register import CHANGES
from tmfkit_conformance.selftest.history import History
from tmfkit_conformance.selftest.variants import SOUND, variants
from tmfkit_models import contracts

__all__ = ["DEFECT", "DEPARTURES", "OTHERS", "Hosting", "broken"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DEFECT: Final = "X-Tmfkit-Defect"
"""Header of every answer of a variant that has failed by accident, at this call or before; it says with what."""

DEPARTURES: Final = "X-Tmfkit-Departures"
"""Header of every answer of a variant: how often it has done anything else than the application."""

OTHERS: Final = "others"
"""``POST /others/API/RESOURCE/N`` makes N resources of others out of one body."""

_BROKEN: Final = "broken"
_RELAY: Final = "relay"


def broken(factory: str) -> Hosting:
    """Return what *factory*, ``MODULE:NAME`` of a function without arguments, makes, with its broken variants."""
    module, _, name = factory.partition(":")
    return Hosting(getattr(importlib.import_module(module), name)())


class Hosting:
    """The sound application and its broken variants.

    Args:
        application: The sound application.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._histories: defaultdict[str, History] = defaultdict(History)
        self._defects: dict[str, str] = {}
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the server."""
        _, first, api, variant, *rest = (str(scope.get("path", "")) + "////").split("/", 4)
        if scope["type"] != "http" or first not in (_BROKEN, _RELAY, OTHERS):
            await self._application(scope, receive, send)
            return
        below = rest[0].removesuffix("////")
        body = await _body(receive)
        try:
            if first == OTHERS:
                answer = await self._with_others(api, variant, int(below), scope, body)
            elif first == _RELAY:
                answer = await self._relayed(api, variant, below, body)
            else:
                root_path = f"{scope.get('root_path', '')}/{_BROKEN}/{api}/{variant}"
                answer = await self._served(api, variant, {**scope, "path": f"/{below}", "root_path": root_path}, body)
        except Exception as exc:  # noqa: BLE001 - a server that breaks by accident is not caught by any check
            self._defects[f"{api}/{variant}"] = f"{type(exc).__name__}: {exc}"
            answer = Answer(500, ())
        departures = self._histories[f"{api}/{variant}"].departures
        answer = answer.with_header(DEPARTURES, str(departures) if departures else "")
        await _send(send, answer.with_header(DEFECT, self._defects.get(f"{api}/{variant}", "")))

    async def _served(self, api: str, variant: str, scope: Scope, body: bytes) -> Answer:
        """Answer a call as the variant does."""
        contract = contracts.load(api)
        path, query = str(scope["path"]), scope["query_string"].decode("latin-1")
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        operation, identifier = operation_at(contract, scope["method"], path)
        connection = str(scope.get("client") or "")
        call = Call(scope["method"], path, query, headers, body, operation, identifier, connection)
        relay = f"http://{_address(scope, call)}/{_RELAY}/{api}/{variant}/"
        heard: list[tuple[Call, Answer]] = []

        async def sound(asked: Call) -> Answer:
            answer = await _answer(self._application, scope, _with_relay(asked, relay))
            heard.append((asked, replace(answer, body=_without_relay(answer.body, asked, relay))))
            return heard[-1][1]

        history = self._histories[f"{api}/{variant}"]
        answer = await _break(api, variant).serve(call, sound, history)
        history.departures += not any(asked is call and said is answer for asked, said in heard)
        history.saw(call, answer)
        return answer

    async def _relayed(self, api: str, variant: str, name: str, body: bytes) -> Answer:
        """Send on what the application told a listener, as the variant does; nobody there is no fault of it."""
        callback = base64.urlsafe_b64decode(name).decode()
        told, history = Note(callback, json.loads(body)), self._histories[f"{api}/{variant}"]
        notes = _break(api, variant).notify(told, history)
        history.departures += notes != [told]
        for note in notes:
            if note.after_seconds:
                late = asyncio.create_task(_deliver(note))
                self._late.add(late)
                late.add_done_callback(self._late.discard)
            else:
                await _deliver(note)
        return Answer(201, ())

    async def _with_others(self, api: str, resource: str, number: int, scope: Scope, body: bytes) -> Answer:
        """Make resources of others."""
        path = f"{contracts.load(api).base_path}{contracts.load(api).resource(resource).collection}"
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        for _ in range(number):
            await _answer(self._application, {**scope, "root_path": ""}, Call("POST", path, "", headers, body))
        return Answer(204, ())


async def _deliver(note: Note) -> None:
    """Send a notification; nobody there is no fault of the server."""
    await asyncio.sleep(note.after_seconds)
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - it sends to the kit only
        # The second: asyncio, of a listener that is gone when its connection has just been made.
        with contextlib.suppress(httpx.TransportError, AttributeError):
            content = json.dumps(note.body).encode()
            packed = gzip.compress(content) if ("Content-Encoding", "gzip") in note.headers else content
            await client.request(note.method, note.callback, content=packed, headers=note.headers)


def _break(api: str, variant: str) -> Break:
    if variant == SOUND:
        return Break("is sound")
    if variant in CHANGES:
        return CHANGES[variant]
    return next(each.breaks for each in variants(api) if each.id == variant)


def _address(scope: Scope, call: Call) -> str:
    """Return where the application listens itself, whatever stands before it."""
    host, port = scope.get("server") or ("", None)
    return f"{host}:{port}" if port else call.header("Host")


def _with_relay(call: Call, relay: str) -> Call:
    """Replace the callback of a registration by an address that leads to it."""
    callback = call.json.get("callback") if call.action == "register" and isinstance(call.json, dict) else None
    if not isinstance(callback, str) or not callback.startswith("http"):
        return call
    return call.with_json({**call.json, "callback": relay + base64.urlsafe_b64encode(callback.encode()).decode()})


def _without_relay(body: bytes, call: Call, relay: str) -> bytes:
    """Put the callback back into an answer."""
    callback = call.json.get("callback") if call.action == "register" and isinstance(call.json, dict) else None
    if not isinstance(callback, str):
        return body
    return body.replace((relay + base64.urlsafe_b64encode(callback.encode()).decode()).encode(), callback.encode())


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(application: Application, scope: Scope, call: Call) -> Answer:
    """Ask an application."""
    headers = [(name, value) for name, value in call.headers if name.lower() != "content-length"]
    if call.body or call.header("Content-Length"):
        headers.append(("content-length", str(len(call.body))))
    asked = {
        **scope,
        "method": call.method,
        "path": call.path,
        "raw_path": quote(call.path).encode(),
        "query_string": call.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }
    started: dict[str, Any] = {}
    parts: list[bytes] = []
    messages = [{"type": "http.request", "body": call.body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await application(asked, receive, send)
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in started.get("headers", ()))
    return Answer(started["status"], pairs, b"".join(parts))


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    if answer.status != 204:
        headers.append(("content-length", str(len(answer.body))))
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if answer.status == 204 else answer.body})
