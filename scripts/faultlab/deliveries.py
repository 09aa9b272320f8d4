"""Many events to three listeners, with the server killed twice: one is steady, one fails at random, one is away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from faultlab.audit import losses_of_events, losses_of_open_lives, wait_for_events
from faultlab.client import Client
from faultlab.history import History
from faultlab.listener import Listener, listening
from faultlab.stages import Stage
from faultlab.trial import Trial
from faultlab.writers import Writers
from harness.errors import HarnessError
from harness.tmfkit import CUSTOMER

__all__ = ["deliveries"]

_HUB = CUSTOMER.removesuffix("customer") + "hub"
_FAILING = 0.1
_AWAY_SECONDS = 5.0
_SILENCE_SECONDS = 30.0
_PHASES = 3

Say = Callable[[str], None]


def deliveries(stage: Stage, *, events: int, seed: int, say: Say) -> Trial:
    """Write in three phases with a kill -9 of a server after each but the last; one listener is away in the second.

    Every listener has to be told of every write that was kept, of those to one resource in their order. As long as
    nobody is killed the steady one has to be told once.

    Args:
        stage: Servers on a store.
        events: How many each listener is to be told at least.
        seed: Where chance begins.
        say: Takes a line now and then.
    """
    trial, history, chance = Trial(f"{events:,} events, {stage.name}"), History(), random.Random(seed)  # noqa: S311
    began = time.monotonic()
    with listening() as steady, listening(failing=_FAILING) as failing, ExitStack() as away:
        restarted = away.enter_context(listening())
        _register(stage, history, steady, failing, restarted)
        for phase in range(1, _PHASES + 1):
            with _writers(stage, history):
                if phase == 2:
                    away.close()
                    time.sleep(_AWAY_SECONDS)
                    away.enter_context(listening(restarted))
                while len(steady.notices) < phase * events // _PHASES:
                    time.sleep(0.05)
                    _check(steady)
                if phase == 1 and steady.repeated:
                    trial.lose([f"{steady.repeated} were told again although nobody had been killed"])
                if phase < _PHASES:
                    stage.servers[phase % len(stage.servers)].kill()
            stage.restore()
            trial.lose(losses_of_open_lives(chance.choice(stage.servers).port, history), f"phase {phase}")
            trial.rounds += 1
            say(f"{trial.name}: phase {phase} of {_PHASES}, {len(steady.notices):,} events told")
        for name, listener in (("steady", steady), ("failing", failing), ("restarted", restarted)):
            wait_for_events(history, listener, silence_seconds=_SILENCE_SECONDS)
            trial.lose(losses_of_events(history, listener), f"the {name} one")
            trial.remarks.append(
                f"the {name} one: {len(listener.notices):,} events, {listener.refused:,} refused,"
                f" {listener.repeated:,} told again, longest delay {listener.longest_delay:.1f} s"
            )
        last = max(listener.last_at for listener in (steady, failing, restarted))
    trial.remarks.append(f"{last - began:.0f} s altogether")
    trial.count(history)
    return trial


def _register(stage: Stage, history: History, *listeners: Listener) -> None:
    """Register the listeners and create the resource that all writers share."""
    client = Client(stage.servers[0].port)
    answers = [client.send("POST", _HUB, {"callback": each.url}) for each in listeners]
    answers.append(client.send("POST", CUSTOMER, {"name": "shared", "engagedParty": {"id": "500"}}))
    client.close()
    statuses = [answer.status for answer in answers]
    if set(statuses) != {201}:
        raise HarnessError(stage.name, f"it answers {statuses}", "See why it takes no writes")
    history.shared.id = answers[-1].body["id"]


def _writers(stage: Stage, history: History) -> Writers:
    ports: Sequence[int] = [server.port for server in stage.servers]
    return Writers(history, ports)


def _check(listener: Listener) -> None:
    silence = time.monotonic() - listener.last_at
    if silence > _SILENCE_SECONDS:
        raise HarnessError("the steady listener", f"nothing for {silence:.0f} s", "See why the server tells nothing")
