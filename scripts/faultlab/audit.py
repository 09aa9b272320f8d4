"""Looking for losses: what a server holds, and what a listener was told, against what was acknowledged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from faultlab.client import Client
from faultlab.history import ACKNOWLEDGED, History, Life, Write, version_of
from faultlab.listener import Listener, Notice
from harness.tmfkit import CUSTOMER

__all__ = [
    "Sight",
    "look",
    "losses_of_events",
    "losses_of_open_lives",
    "losses_of_order",
    "losses_of_state",
    "wait_for_events",
]

_EVENTS = {
    "create": ("CustomerCreateEvent",),
    "patch": ("CustomerAttributeValueChangeEvent", "CustomerStateChangeEvent"),
    "delete": ("CustomerDeleteEvent",),
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a server shows of one life.

    Attributes:
        life: Which one.
        id: Its identifier, empty when nothing was found.
        version: The version that is there, None when nothing is.
        fault: What is wrong with it whatever was written, empty when nothing is.
    """

    life: Life
    id: str = ""
    version: int | None = None
    fault: str = ""


def look(port: int, lives: Iterable[Life]) -> list[Sight]:
    """Read lives by their identifier and by their name, which goes over an index."""
    client = Client(port)
    try:
        return [_seen(client, life) for life in lives]
    finally:
        client.close()


def _seen(client: Client, life: Life) -> Sight:
    listed = client.ask(f"{CUSTOMER}?name={life.token}")
    if listed.status != 200:
        return Sight(life, fault=f"the list answers {listed.status}")
    if len(listed.body) > 1:
        return Sight(life, fault=f"there {len(listed.body)} times")
    identifier = life.id or (listed.body[0]["id"] if listed.body else "")
    if not identifier:
        return Sight(life)
    single = client.ask(f"{CUSTOMER}/{identifier}")
    if single.status not in (200, 404):
        return Sight(life, identifier, fault=f"reading it answers {single.status}")
    found = [single.body] if single.status == 200 else []
    if found != listed.body:
        return Sight(life, identifier, fault="the list and the resource differ: an index is wrong")
    if not found:
        return Sight(life, identifier)
    version = version_of(life.token, found[0])
    return Sight(life, identifier, version, fault="" if version is not None else f"not whole: {found[0]}")


def losses_of_state(port: int, history: History, sights: Iterable[Sight]) -> list[str]:
    """Return what differs from what was acknowledged."""
    losses = [f"{sight.life.token}: {sight.fault}" for sight in sights if sight.fault]
    for sight in sights:
        possible = list(sight.life.states())
        if not sight.fault and sight.version not in possible:
            losses.append(f"{sight.life.token}: has version {sight.version}, but it has to be one of {possible}")
    return losses + list(_losses_of_shared(port, history))


def losses_of_open_lives(port: int, history: History) -> list[str]:
    """Look at everything that was written to since the last time; what is there answers what was in doubt."""
    sights = look(port, [life for life in history.lives if not life.is_settled])
    losses = losses_of_state(port, history, sights) + history.refusals
    history.refusals.clear()
    _settle(sights)
    return losses


def _losses_of_shared(port: int, history: History) -> Iterator[str]:
    shared = history.shared
    if not shared.id:
        return
    answer = Client(port).ask(f"{CUSTOMER}/{shared.id}")
    if answer.status != 200:
        yield f"the shared resource: reading it answers {answer.status}"
        return
    for name, least in shared.acknowledged.items():
        found: Any = answer.body.get(name, 0)
        if not least <= found <= shared.sent[name]:
            yield f"the shared resource: {name} is {found}, but {least} was acknowledged (of {shared.sent[name]} sent)"


def losses_of_order(sights: Iterable[Sight]) -> list[str]:
    """Return where a store that lost its end lost something else: it has to hold a beginning of what was written.

    A write that was sent after another had been acknowledged is later; it cannot be there without the other.
    """
    latest_sent = 0.0
    lost: list[tuple[Life, Write]] = []
    losses = []
    for sight in sights:
        if sight.fault:
            losses.append(f"{sight.life.token}: {sight.fault}")
            continue
        writes = sight.life.writes
        if sight.version is None and writes[-1].kind == "delete":
            continue  # gone, or never there: nobody can tell
        reached = 0 if sight.version is None else sight.version + 1
        latest_sent = max([latest_sent, *(write.sent_at for write in writes[:reached])])
        lost += [(sight.life, write) for write in writes[reached:] if write.outcome == ACKNOWLEDGED]
    for life, write in lost:
        if write.ended_at < latest_sent:
            losses.append(f"{life.token}: {write.kind} {write.version} is lost, but something later is there")
    return losses


def _settle(sights: Iterable[Sight]) -> None:
    """Take what is there as the answer to what was in doubt."""
    for sight in sights:
        if not sight.fault:
            sight.life.id = sight.life.id or sight.id
            sight.life.resolve(sight.version)


def wait_for_events(history: History, listener: Listener, *, silence_seconds: float) -> None:
    """Wait until every event has arrived, or none has come for some time.

    Args:
        history: What was written.
        listener: Who is told.
        silence_seconds: How long to wait for the next one.
    """
    missing = list(_due(history))
    listener.last_at = max(listener.last_at, time.monotonic())
    while missing and time.monotonic() - listener.last_at < silence_seconds:
        time.sleep(0.05)
        missing = [notice for notice in missing if not listener.has(notice)]


def losses_of_events(history: History, listener: Listener) -> list[str]:
    """Return the events that are missing, that tell of nothing, and that came in the wrong order."""
    due = list(_due(history))
    expected, place = set(due), {notice: number for number, notice in enumerate(listener.notices)}
    losses = [f"{each.token}: {each.event} of version {each.version} is lost" for each in due if each not in place]
    losses += [
        f"{notice.token}: {notice.event} of version {notice.version} tells of a write that is not there"
        for notice in listener.notices
        if notice not in expected
    ]
    return losses + list(_misplaced(history, place))


def _misplaced(history: History, place: Mapping[Notice, int]) -> Iterator[str]:
    """Yield the events of each life that came before those of an earlier write of it."""
    for life in history.lives:
        last = -1
        for notices in _due_of(life):
            places = [place[notice] for notice in notices if notice in place]
            if places and min(places) < last:
                yield f"{life.token}: {notices[0].event} of version {notices[0].version} came before an earlier one"
            last = max([last, *places])


def _due(history: History) -> Iterator[Notice]:
    """Yield the events of every write that was kept."""
    for life in history.lives:
        for notices in _due_of(life):
            yield from notices


def _due_of(life: Life) -> Iterator[list[Notice]]:
    """Yield the events of each write of a life that was kept."""
    version = 0
    for write in life.writes:
        if write.was_kept:
            # A deletion tells the resource as it was.
            version = version if write.kind == "delete" else write.version
            yield [Notice(event, life.token, version) for event in _EVENTS[write.kind]]
