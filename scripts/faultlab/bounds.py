"""What strangers do to keep the server from everybody else: each of it is refused, and nobody waits for it."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faultlab.client import Client
from faultlab.stages import PROGRAM, store_in
from faultlab.trial import Trial
from harness.process import ServerProcess
from harness.tmfkit import CUSTOMER, tmfkit_server

__all__ = ["BOUNDS", "Bound", "bounded"]

_MESSAGES = "/communicationMessage/v1/communicationMessage"
_HUB = CUSTOMER.removesuffix("customer") + "hub"
_JSON = {"Content-Type": "application/json"}
_MEGABYTE = 1_000_000
# What the server takes a moment for took it minutes. Other programs may be busy beside it.
_ANSWER_SECONDS, _SILENCE_SECONDS = 8.0, 1.0
_POLL_SECONDS = 0.05
_CUT_OFF_SECONDS, _STOP_SECONDS, _GIVEN_UP_SECONDS = 6.0, 8.0, 40.0
_SILENT_CONNECTIONS = 1100
_UNREAD, _LISTENERS, _MOST_LISTENERS, _MOST_CONNECTIONS = 8, 205, 200, 20
_REFUSED = frozenset({400, 413, 429})


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that a stranger may try.

    Attributes:
        name: What it is called.
        attack: Tries it on a server; returns what it has brought about that it must not.
        shows: What such a thing says where the server has lost its bound.
        sabotage: What takes that bound away.
        options: Of the server.
        program: What the server runs where nothing is taken away; empty for the server itself.
        is_served: Whether others are served all the while.
    """

    name: str
    attack: Callable[[ServerProcess], list[str]]
    shows: str
    sabotage: str
    options: Sequence[str] = ()
    program: str = ""
    is_served: bool = True


def bounded(bound: Bound, folder: Path, program: Sequence[str] = PROGRAM) -> Trial:
    """Try something on a new server, and look all the while whether others are served."""
    trial = Trial(f"bound of {bound.name}", rounds=1)
    server = tmfkit_server(
        store_in(folder / "store.db"), log=folder / "server.log", program=program, options=bound.options
    )
    try:
        server.start()
        with _bystander(server) as waits:
            trial.lose(bound.attack(server))
        longest = max(waits, default=0.0)
        if bound.is_served and longest > _SILENCE_SECONDS:
            trial.lose([f"nobody else was served for {longest:.1f} s"])
        if bound.is_served:
            trial.remarks.append(f"others waited {longest * 1000:.0f} ms at most")
    finally:
        server.kill()
    return trial


@contextlib.contextmanager
def _bystander(server: ServerProcess) -> Iterator[list[float]]:
    """Ask for a sign of life again and again; gives how long each took, that of the last one included."""
    waits: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.wait(_POLL_SECONDS):
            began = time.monotonic()
            _sent(server, "GET", "/health/live")
            waits.append(time.monotonic() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits
    finally:
        is_over.set()
        asking.join()


def _sent(server: ServerProcess, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    """Send a request; return status and body of the answer, 0 and why when there is none in time."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, path, body, _JSON if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as exc:
        return 0, str(exc) or type(exc).__name__
    finally:
        connection.close()


def _refused(server: ServerProcess, method: str, path: str, body: bytes | None = None) -> list[str]:
    """Send a request that has to be refused; say so when it is not."""
    status, text = _sent(server, method, path, body)
    if status in _REFUSED:
        return []
    return [f"{method} {path[:60]} was not refused: {status or 'no answer'}, {text[:100]}"]


def _message(**members: Any) -> bytes:
    return json.dumps({"type": "SMS", "content": "x", "sender": {"id": "1"}, **members}).encode()


def _names_twice(server: ServerProcess) -> list[str]:
    names = ",".join(f'"{number}":0' for number in range(90_000))
    body = f'{{"name":"a","engagedParty":{{"id":"1"}},"z":{{{names},"x":"\\u0041","8\\u0039999":1}}}}'
    return _refused(server, "POST", CUSTOMER, body.encode())


def _wrong_members(server: ServerProcess) -> list[str]:
    members = ",".join(["0"] * 490_000)
    body = f'{{"name":"a","engagedParty":{{"id":"1"}},"contactMedium":[{members}]}}'
    return _refused(server, "POST", CUSTOMER, body.encode())


def _numbers(server: ServerProcess) -> list[str]:
    receivers = [{"phoneNumber": "0" * 900 + "x"} for _ in range(900)]
    return _refused(server, "POST", f"{_MESSAGES}/send", _message(receiver=receivers))


def _marks(server: ServerProcess) -> list[str]:
    named = [{"name": f"Parameter{number}", "value": "x"} for number in range(599)]
    receivers = [{"phoneNumber": "+12025550123"}]
    body = _message(content="$" * 300_000, receiver=receivers, CommunicationRequestCharacteristic=named)
    status, text = _sent(server, "POST", f"{_MESSAGES}/send", body)
    return [] if status == 200 else [f"the message was not sent: {status or 'no answer'}, {text[:100]}"]


def _many_receivers(server: ServerProcess) -> list[str]:
    many = [{"phoneNumber": f"+1202555{number:05}"} for number in range(20_000)]
    titled = [{"email": f"a{number}@shop.example"} for number in range(1000)]
    return [
        *_refused(server, "POST", f"{_MESSAGES}/send", _message(receiver=many)),
        *_refused(server, "POST", f"{_MESSAGES}/send", _message(type="Email", subject="s" * 100_000, receiver=titled)),
    ]


def _deadly_message(server: ServerProcess) -> list[str]:
    """Send what ends the process that sends it; see ``unbounded.deadly``."""
    status, text = _sent(
        server, "POST", _MESSAGES, _message(content="deadly", receiver=[{"phoneNumber": "+1202555123"}])
    )
    if status != 201:
        return [f"the message was not made: {status}, {text[:100]}"]
    path = f"{_MESSAGES}/{json.loads(text)['id']}"
    _sent(server, "POST", f"{path}/send", b"{}")
    until = time.monotonic() + _GIVEN_UP_SECONDS
    while time.monotonic() < until:
        status, text = _sent(server, "GET", path)
        if status == 200 and json.loads(text)["status"] == "Failed":
            return []
        time.sleep(_POLL_SECONDS)
    return [f"the message is still taken up after {_GIVEN_UP_SECONDS:g} s"]


def _long_searches(server: ServerProcess) -> list[str]:
    client = Client(server.port)
    deep = [[[{"a": number} for number in range(12)] for _ in range(12)] for _ in range(12)]
    for _ in range(150):
        client.send("POST", CUSTOMER, {"name": "a", "engagedParty": {"id": "1"}, "z": deep})
    client.close()
    return _refused(server, "GET", f"{CUSTOMER}?filter=$..*..*..*[?(@.x=='y')]")


def _long_list(server: ServerProcess) -> list[str]:
    client = Client(server.port)
    for _ in range(150):
        client.send("POST", CUSTOMER, {"name": "a", "engagedParty": {"id": "1"}})
    lists = [client.send("GET", f"{CUSTOMER}{query}") for query in ("", "?limit=100000")]
    client.close()
    return [f"{len(each.body)} resources came at once" for each in lists if (each.status, len(each.body)) != (206, 100)]


def _unread_connections(server: ServerProcess, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Ask for a long list on several connections, and read nothing of it."""
    client = Client(server.port)
    for _ in range(12):
        client.send("POST", CUSTOMER, {"name": "a", "engagedParty": {"id": "1"}, "z": "x" * _MEGABYTE})
    client.close()
    made = [stack.enter_context(socket.socket()) for _ in range(_UNREAD)]
    for connection in made:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((server.host, server.port))
        connection.sendall(f"GET {CUSTOMER} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return made


def _silent_connections(server: ServerProcess) -> list[str]:
    """Connect more often than the server may open files; see ``unbounded.few_files``."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for number in range(_SILENT_CONNECTIONS):
            connection = stack.enter_context(socket.create_connection((server.host, server.port)))
            connection.sendall((b"", b"GET / HT", f"POST {CUSTOMER} HTTP/1.1\r\n".encode())[number % 3])
        status, text = _sent(server, "GET", CUSTOMER)
    return [] if status == 200 else [f"nobody else gets in: {status or 'no answer'}, {text[:100]}"]


def _unread_answers(server: ServerProcess) -> list[str]:
    with contextlib.ExitStack() as stack:
        made = _unread_connections(server, stack)
        until = time.monotonic() + _CUT_OFF_SECONDS
        while (open_ones := sum(map(_is_open, made))) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
    return [f"{open_ones} clients that do not read are still connected"] if open_ones else []


def _is_open(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return not poll.poll(0)


def _held_stop(server: ServerProcess) -> list[str]:
    with contextlib.ExitStack() as stack:
        _unread_connections(server, stack)
        half = stack.enter_context(socket.create_connection((server.host, server.port)))
        half.sendall(f"POST {CUSTOMER} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{{".encode())
        time.sleep(_POLL_SECONDS)
        server.send(signal.SIGTERM)
        ended = server.wait(_STOP_SECONDS)
    return [] if ended == 0 else [f"the server did not end within {_STOP_SECONDS:g} s"]


def _large_chunk(server: ServerProcess) -> list[str]:
    with socket.create_connection((server.host, server.port), timeout=_ANSWER_SECONDS) as connection:
        head = f"POST {CUSTOMER} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(f"{head}FFFFFFFFFF\r\n".encode())
        try:
            status = connection.recv(12).partition(b" ")[2].decode()
        except OSError:
            status = "no answer"
    return [] if status == "413" else [f"the chunk was not refused: {status}"]


def _many_listeners(server: ServerProcess) -> list[str]:
    taken: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=500)) for _ in range(5)]
        for each in silent:
            threading.Thread(target=_accept, args=(each, taken), daemon=True).start()
        client = Client(server.port)
        statuses = []
        for number in range(_LISTENERS):
            port = silent[number % len(silent)].getsockname()[1]
            statuses.append(client.send("POST", _HUB, {"callback": f"http://127.0.0.1:{port}/{number}"}).status)
        client.send("POST", CUSTOMER, {"name": "a", "engagedParty": {"id": "1"}})
        client.close()
        time.sleep(_SILENCE_SECONDS)
        connections = sum(map(_is_open, taken))
        for each in taken:
            stack.enter_context(each)
    losses = []
    if (registered := statuses.count(201)) > _MOST_LISTENERS:
        losses.append(f"{registered} listeners were taken at one host")
    if connections > _MOST_CONNECTIONS:
        losses.append(f"{connections} connections lead to one silent host")
    return losses


def _accept(server: socket.socket, taken: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):
        while True:
            taken.append(server.accept()[0])


_SILENT, _UNREFUSED = "nobody else was served", "was not refused"

BOUNDS = (
    Bound("names-twice", _names_twice, _UNREFUSED, "counts-names"),
    Bound("wrong-members", _wrong_members, _SILENT, "words-everything"),
    Bound("telephone-numbers", _numbers, _SILENT, "overlapping-runs"),
    Bound("marks", _marks, "was not sent", "many-passes", options=("--max-message-text-bytes", "400000")),
    Bound("receivers", _many_receivers, _UNREFUSED, "unlimited-messages"),
    Bound("deadly-message", _deadly_message, "is still taken up", "deadly-for-ever", program="deadly", is_served=False),
    Bound("searches", _long_searches, _UNREFUSED, "unlimited-steps"),
    Bound("long-list", _long_list, "resources came at once", "whole-lists", options=("--page-limit", "100")),
    Bound(
        "silent-connections",
        _silent_connections,
        "nobody else gets in",
        "room-for-all",
        program="few-files",
        is_served=False,
    ),
    Bound("unread", _unread_answers, "are still connected", "patient", options=("--write-timeout-seconds", "1")),
    Bound("stop", _held_stop, "did not end", "waits-at-stop", is_served=False),
    Bound("chunk", _large_chunk, _UNREFUSED, "waits-for-chunks"),
    Bound("listeners", _many_listeners, "connections lead to one", "unlimited-listeners"),
)
"""Every one of them, with what takes its bound away."""
