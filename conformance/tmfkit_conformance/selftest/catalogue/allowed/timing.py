"""When things happen: lag, limits, slowness."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from tmfkit_conformance.rules.attributes import ATTRIBUTE
from tmfkit_conformance.rules.hubs import EVENT
from tmfkit_conformance.rules.lifecycle import DELETE_ONE_OF_TWO
from tmfkit_conformance.rules.refusals import MANDATORY
from tmfkit_conformance.rules.updates import MERGE_NULL_REMOVES, PATCH_KEEPS_OTHERS, PATCH_LASTS, PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import is_about_resource, refusal
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History

__all__ = ["TIMING"]

_READS: Final = ("list", "retrieve")
_LAG: Final = "a result that shows up late is consistent all the same; the kit waits, up to --settle"
_RETRY: Final = "RFC 9110, 10.2.3 and 15.6.4; RFC 6585, 4: try again later"


def _lagging(words: str, seconds: float, *, of_lists_only: bool = False) -> Break:
    """Show what was made some time later."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        answer = await sound(call)
        now, born = time.monotonic(), history.kept
        if call.action == "create" and answer.is_success:
            born[answer.identifier] = now
        elif call.action == "list" and answer.is_success and isinstance(answer.json, list):
            return _with_some(answer, [one for one in answer.json if now - born.get(one.get("id"), 0.0) > seconds])
        elif call.action == "retrieve" and not of_lists_only and now - born.get(call.identifier, 0.0) <= seconds:
            return refusal(404, "there is no such resource")
        return answer

    return Break(words, serve)


def _with_some(answer: Answer, seen: list[Any]) -> Answer:
    """Return a list with some of its members, counted as they are shown."""
    if len(seen) == len(answer.json):
        return answer
    return answer.with_json(seen).with_header("X-Total-Count", str(len(seen)))


def _lagging_elsewhere(words: str, seconds: float) -> Break:
    """Show what was made at once over its own connection, and some time later over others, as replicas do."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        answer, born = await sound(call), history.kept

        def is_hidden(identifier: Any) -> bool:
            at, connection = born.get(identifier, (0.0, call.connection))
            return bool(connection != call.connection and time.monotonic() - at <= seconds)

        if call.action == "create" and answer.is_success:
            born[answer.identifier] = (time.monotonic(), call.connection)
            return answer.with_header("Via", "1.1 primary")
        if call.action == "list" and answer.is_success and isinstance(answer.json, list):
            return _with_some(answer, [one for one in answer.json if not is_hidden(one.get("id"))])
        if call.action == "retrieve" and is_hidden(call.identifier):
            return refusal(404, "there is no such resource")
        return answer

    return Break(words, serve)


def _stale(words: str, seconds: float) -> Break:
    """Show the state before a change for some time."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.action in ("patch", "replace"):
            before = await sound(Call("GET", call.path, "", call.headers, b"", call.operation, call.identifier))
            answer = await sound(call)
            if answer.is_success and before.is_success:
                history.kept[call.identifier] = (time.monotonic() + seconds, before)
            return answer
        until, before = history.kept.get(call.identifier, (0.0, None))
        if call.action == "retrieve" and before is not None and "fields" not in call.names and time.monotonic() < until:
            return Answer(before.status, before.headers, before.body)
        return await sound(call)

    return Break(words, serve)


def _lingering(words: str, seconds: float) -> Break:
    """Show what was deleted some time longer."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if call.action == "delete":
            before = await sound(Call("GET", call.path, "", call.headers, b"", call.operation, call.identifier))
            answer = await sound(call)
            if answer.is_success:
                history.kept[call.identifier] = (time.monotonic() + seconds, before)
            return answer
        until, before = history.kept.get(call.identifier, (0.0, None))
        if call.action == "retrieve" and before is not None and time.monotonic() < until:
            return Answer(before.status, before.headers, before.body)
        return await sound(call)

    return Break(words, serve)


def _now_and_then(words: str, every: int, answer: Any, *, reads_only: bool = False) -> Break:
    """Answer each so-manieth request otherwise."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        if reads_only and call.action not in _READS:
            return await sound(call)
        turn = history.kept["turn"] = history.kept.get("turn", 0) + 1
        made: Answer = answer() if turn % every == 0 else await sound(call)
        return made

    return Break(words, serve)


def _later(status: int, retry_after: str = "1") -> Answer:
    return refusal(status, "later, please").with_header("Retry-After", retry_after)


def _later_by_date() -> Answer:
    return _later(429, format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True))


def _bad_gateway() -> Answer:
    return Answer(502, (("Content-Type", "text/html"),), b"<html><body><h1>502 Bad Gateway</h1></body></html>")


def _rated(words: str, per_second: float) -> Break:
    """Take so many requests a second, with some in store, and refuse the rest."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        tokens, last = history.kept.get("bucket", (per_second, time.monotonic()))
        now = time.monotonic()
        tokens = min(per_second, tokens + (now - last) * per_second)
        history.kept["bucket"] = (max(0.0, tokens - 1), now)
        return await sound(call) if tokens >= 1 else _later(429)

    return Break(words, serve)


def _slow(words: str, seconds: float, *actions: str) -> Break:
    """Take time to answer."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        if actions and call.action not in actions:
            return await sound(call)
        await asyncio.sleep(seconds)
        return (await sound(call)).with_header("Server-Timing", f"work;dur={seconds * 1000:g}")

    return Break(words, serve)


def _quota(words: str, most: int) -> Break:
    """Keep no more than so many resources."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        alive: set[str] = history.kept.setdefault("alive", set())
        if call.action == "create" and len(alive) >= most:
            history.kept["refused"] = True
            return refusal(403, f"no more than {most} resources in this tenant")
        answer = await sound(call)
        if is_about_resource(call) and answer.is_success:
            if call.action == "create":
                alive.add(answer.identifier)
                return answer.with_header("X-Quota-Left", str(most - len(alive)))
            if call.action == "delete":
                alive.discard(call.identifier)
        return answer

    return Break(words, serve)


async def _one_at_a_time(call: Call, sound: Sound, history: History) -> Answer:
    lock: asyncio.Lock = history.kept.setdefault("lock", asyncio.Lock())
    async with lock:
        await asyncio.sleep(0.02)
        return (await sound(call)).with_header("Server-Timing", "queue;dur=20")


TIMING: Final = (
    Behaviour(
        "seen-after-300-ms",
        _lagging("shows what was made after 300 ms", 0.3),
        _LAG,
        ("tmf629-v4",),
        whole=("tmf629-v4", "tmf681-v1"),
    ),
    Behaviour(
        "seen-after-1-s", _lagging("shows what was made after a second", 1.0), _LAG, ("tmf683-v4",), rules=(MANDATORY,)
    ),
    Behaviour(
        "seen-after-1-s-at-once",
        _lagging("shows what was made after a second, and is asked much at once", 1.0),
        _LAG,
        ("tmf683-v4",),
        configuration={"parallel": 16},
        rules=(MANDATORY,),
    ),
    Behaviour(
        "listed-after-5-ms",
        _lagging("lists what was made after 5 ms", 0.005, of_lists_only=True),
        _LAG,
        whole=("tmf683-v4", "tmf629-v4"),
    ),
    Behaviour(
        "listed-after-1.5-s", _lagging("lists what was made after 1.5 s", 1.5, of_lists_only=True), _LAG, ("tmf655-v1",)
    ),
    Behaviour(
        "seen-elsewhere-after-1-s",
        _lagging_elsewhere("shows what was made over another connection after a second", 1.0),
        _LAG,
        ("tmf629-v4", "tmf629-v1"),
        whole=("tmf683-v4",),
    ),
    Behaviour(
        "stale-for-400-ms",
        _stale("shows the state before a change for 400 ms", 0.4),
        _LAG,
        ("tmf629-v1", "tmf683-v4"),
        rules=(PATCHABLE, PATCH_KEEPS_OTHERS, PATCH_LASTS, MERGE_NULL_REMOVES),
    ),
    Behaviour(
        "lingers-for-500-ms",
        _lingering("shows what was deleted for half a second", 0.5),
        _LAG,
        ("tmf681-v1",),
        rules=(DELETE_ONE_OF_TWO,),
    ),
    Behaviour(
        "too-many-requests",
        _now_and_then("answers each fifteenth request 429", 15, lambda: _later(429)),
        _RETRY,
        ("tmf629-v4",),
        rules=(ATTRIBUTE, MANDATORY, EVENT),
        whole=("tmf629-v4", "tmf683-v4"),
        seconds=300,
    ),
    Behaviour(
        "too-many-requests-by-date",
        _now_and_then("answers each twelfth request 429 with a date", 12, _later_by_date),
        _RETRY,
        ("tmf683-v4",),
    ),
    Behaviour(
        "unavailable-reads",
        _now_and_then("answers each ninth read 503 with Retry-After", 9, lambda: _later(503), reads_only=True),
        _RETRY,
        ("tmf681-v1",),
        rules=(ATTRIBUTE,),
    ),
    Behaviour(
        "unavailable-reads-without-a-word",
        _now_and_then("answers each eleventh read 503", 11, lambda: refusal(503, "away"), reads_only=True),
        "RFC 9110, 15.6.4: a temporary condition",
        ("tmf629-v1",),
    ),
    Behaviour(
        "bad-gateway-reads",
        _now_and_then("has a gateway that answers each thirteenth read 502", 13, _bad_gateway, reads_only=True),
        "RFC 9110, 15.6.3: what stands between is no target",
        ("tmf655-v1",),
    ),
    Behaviour("ten-a-second", _rated("takes ten requests a second", 10), _RETRY, ("tmf629-v4",), seconds=300),
    Behaviour("slow", _slow("takes 300 ms for every answer", 0.3), "no document says how fast", ("tmf683-v4",)),
    Behaviour(
        "slow-writes",
        _slow("takes three seconds to create and to change", 3.0, "create", "patch"),
        "no document says how fast",
        ("tmf655-v1",),
        seconds=300,
    ),
    Behaviour(
        "one-at-a-time",
        Break("answers one request after the other", _one_at_a_time),
        "no document says how many at once",
        ("tmf681-v1",),
    ),
    Behaviour(
        "twelve-at-most",
        _quota("keeps twelve resources at most", 12),
        "a quota is the operator's; the kit deletes as it goes",
        ("tmf629-v4",),
        rules=(ATTRIBUTE, MANDATORY),
    ),
)
