"""Rounds: write, break something, bring it back, look for losses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from faultlab.audit import look, losses_of_events, losses_of_open_lives, losses_of_state, wait_for_events
from faultlab.client import Client
from faultlab.history import ACKNOWLEDGED, History
from faultlab.listener import Listener, listening
from faultlab.stages import PostgresStage, Stage
from faultlab.trial import Trial
from faultlab.writers import Writers
from harness.errors import HarnessError
from harness.tmfkit import CUSTOMER

__all__ = ["Obstacle", "kill_rounds", "obstruction", "outages"]

_HUB = CUSTOMER.removesuffix("customer") + "hub"
_SILENCE_SECONDS = 20.0
_RESUMED_SECONDS = 20.0
# A store goes on for a while in the room that it has reserved.
_EFFECT_SECONDS = 40.0
_OBSTRUCTED_SECONDS = 1.5

Say = Callable[[str], None]


class Obstacle(Protocol):
    """Something that keeps a store from writing, until it is lifted."""

    name: str

    def apply(self) -> None:
        """Put it in the way."""

    def lift(self) -> None:
        """Take it away."""


def kill_rounds(stage: Stage, *, rounds: int, seed: int, say: Say) -> Trial:
    """Kill at random moments under concurrent writes.

    Args:
        stage: Servers on a store.
        rounds: How often.
        seed: Where chance begins.
        say: Takes a line now and then.
    """
    trial, chance, history = Trial(f"kill -9, {stage.name}"), random.Random(seed), History()  # noqa: S311
    with listening() as listener:
        _begin(stage, history, listener)
        for number in range(1, rounds + 1):
            with _writers(stage, history):
                time.sleep(chance.uniform(0.05, 0.6))
                killed = stage.kill(chance)
            when = f"round {number}, {killed} killed"
            _bring_back(stage, trial, when)
            trial.rounds += 1
            trial.lose(losses_of_open_lives(chance.choice(stage.servers).port, history), when)
            if number % 10 == 0:
                say(f"{trial.name}: {number} rounds, {len(trial.losses)} losses")
        _finish(stage, history, listener, trial)
    return trial


def obstruction(stage: Stage, obstacle: Obstacle, *, is_worker_lost: bool = False) -> Trial:
    """Keep a store from writing for a while: refusals only, then service again, and nothing lost after a kill.

    Args:
        stage: Servers on a store.
        obstacle: What is put in the way.
        is_worker_lost: Whether the worker ends, so that nothing is answered meanwhile; the server has to go on.
    """
    trial, history = Trial(f"{obstacle.name}, {stage.name}", rounds=1), History()
    chance = random.Random(1)  # noqa: S311
    with listening() as listener:
        _begin(stage, history, listener)
        with ExitStack() as obstructed:
            with _writers(stage, history):
                time.sleep(0.5)
                obstructed.callback(obstacle.lift)
                obstacle.apply()
                _wait_for_effect(history)
            trial.remarks.append(f"{_failed(history):,} writes failed")
            if not _failed(history):
                trial.lose(["it kept nobody from writing"])
            if stage.is_readable_meanwhile and not is_worker_lost:
                # What was refused must be nowhere, what was acknowledged must be readable all the while.
                port = stage.servers[0].port
                trial.lose(losses_of_state(port, history, look(port, history.lives)), "meanwhile")
        # A database may have ended; a server of ours may not.
        trial.lose(["a server ended" for server in stage.servers if not server.is_running()])
        stage.restore()
        trial.lose(_resumed(stage, history), "afterwards")
        for server in stage.servers:
            server.kill()
        stage.restore()
        trial.lose(losses_of_open_lives(chance.choice(stage.servers).port, history), "after a restart")
        _finish(stage, history, listener, trial)
    return trial


def outages(stage: PostgresStage, *, rounds: int, seed: int) -> Trial:
    """Restart PostgreSQL under load: refusals with a Retry-After meanwhile, then service by itself.

    Args:
        stage: Servers on a database.
        rounds: How often; every other time it is killed, every third time a worker is as well.
        seed: Where chance begins.
    """
    trial, chance, history = Trial("PostgreSQL restarted under load"), random.Random(seed), History()  # noqa: S311
    longest = 0.0
    with listening() as listener:
        _begin(stage, history, listener)
        for number in range(1, rounds + 1):
            with _writers(stage, history):
                time.sleep(0.4)
                (stage.cluster.kill if number % 2 else stage.cluster.stop)()
                # Now and then a worker has to start without the database.
                down_seconds = chance.uniform(0.3, 1.5) if number % 3 else stage.lose_worker(chance)
                time.sleep(down_seconds)
                stage.cluster.start()
                began, before = time.monotonic(), history.count(ACKNOWLEDGED)
                while history.count(ACKNOWLEDGED) < before + 20 and time.monotonic() - began < _RESUMED_SECONDS:
                    time.sleep(0.02)
            longest = max(longest, time.monotonic() - began)
            ended = [server for server in stage.servers if not server.is_running()]
            trial.lose(["a server ended with the database" for _ in ended], f"round {number}")
            if history.count(ACKNOWLEDGED) < before + 20:
                trial.lose([f"no service {_RESUMED_SECONDS:g} s after the database was back"], f"round {number}")
            _bring_back(stage, trial, f"round {number}")
            trial.rounds += 1
            trial.lose(losses_of_open_lives(chance.choice(stage.servers).port, history), f"round {number}")
        trial.remarks.append(f"service again after {longest:.1f} s at most")
        _finish(stage, history, listener, trial)
    return trial


def _begin(stage: Stage, history: History, listener: Listener) -> None:
    """Register the listener and create the shared resource."""
    client = Client(stage.servers[0].port)
    hub = client.send("POST", _HUB, {"callback": listener.url})
    shared = client.send("POST", CUSTOMER, {"name": "shared", "engagedParty": {"id": "500"}})
    client.close()
    if (hub.status, shared.status) != (201, 201):
        raise HarnessError(stage.name, f"it answers {hub.status} and {shared.status}", "See why it takes no writes")
    history.shared.id = shared.body["id"]


def _wait_for_effect(history: History) -> None:
    began = time.monotonic()
    while not _failed(history) and time.monotonic() - began < _EFFECT_SECONDS:
        time.sleep(0.02)
    time.sleep(_OBSTRUCTED_SECONDS)


def _failed(history: History) -> int:
    """Return how many writes were not acknowledged."""
    return sum(write.outcome != ACKNOWLEDGED and write.ended_at > 0 for write in history.writes())


def _writers(stage: Stage, history: History) -> Writers:
    return Writers(history, [server.port for server in stage.servers])


def _bring_back(stage: Stage, trial: Trial, when: str) -> None:
    """Bring everything back; a server that does not come back by itself is a loss, and is started anew."""
    try:
        stage.restore()
    except HarnessError as exc:
        trial.lose([str(exc)], when)
        for server in stage.servers:
            server.kill()
        stage.restore()


def _resumed(stage: Stage, history: History) -> list[str]:
    """Write again; say so when nothing is acknowledged."""
    before, began = history.count(ACKNOWLEDGED), time.monotonic()
    with _writers(stage, history):
        while history.count(ACKNOWLEDGED) < before + 20 and time.monotonic() - began < _RESUMED_SECONDS:
            time.sleep(0.02)
    return [] if history.count(ACKNOWLEDGED) >= before + 20 else [f"no service within {_RESUMED_SECONDS:g} s"]


def _finish(stage: Stage, history: History, listener: Listener, trial: Trial) -> None:
    """Look at everything once more, wait for the events, and look at those."""
    for server in stage.servers:
        sights = look(server.port, history.lives)
        trial.lose(losses_of_state(server.port, history, sights), "at the end")
    trial.lose(_wrong_total(stage, history), "at the end")
    wait_for_events(history, listener, silence_seconds=_SILENCE_SECONDS)
    trial.lose(losses_of_events(history, listener), "events")
    trial.count(history, len(listener.notices))
    if listener.repeated:
        trial.remarks.append(f"{listener.repeated} delivered again")


def _wrong_total(stage: Stage, history: History) -> list[str]:
    """Compare how many resources there are with how many there should be."""
    expected = 1 + sum(not life.is_gone for life in history.lives)
    client = Client(stage.servers[0].port)
    found = client.ask(f"{CUSTOMER}?limit=1").headers.get("x-total-count")
    client.close()
    return [] if found == str(expected) else [f"there are {found} resources, but there have to be {expected}"]
