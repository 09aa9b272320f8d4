"""Trials: one run against one broken server each, and what the checks said."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from typing import Final

from tmfkit_conformance.errors import KitDefect, KitError
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Judgement, Outcome
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.run import drive
from tmfkit_conformance.selftest.breaks import Break
from tmfkit_conformance.selftest.hosting import DEFECT
from tmfkit_conformance.selftest.serving import served
from tmfkit_conformance.selftest.variants import SOUND, variants
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

__all__ = ["Attempt", "Trial", "tried"]

# A third of the time is waiting, for notifications that a broken server loses.
_PROCESSES: Final = 3
_EVENT_SECONDS: Final = 2.0
# The application shows every write at once, and a broken server may never show one: nothing is waited for.
_SETTLE_SECONDS: Final = 0.0
# Nothing is waited for in vain, however slow the machine is.
_SOUND_EVENT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Attempt:
    """What is to be tried.

    Attributes:
        api: Id of the API.
        variant: Id of the broken server, or ``sound``.
        requirement: Id of the requirement that it breaks; empty for the sound one.
        whole: Whether the whole register is driven; only the probe of the requirement otherwise.
    """

    api: str
    variant: str
    requirement: str
    whole: bool


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes:
        attempt: What was tried.
        outcome: Verdict on the requirement.
        remark: Its remark.
        failed: Every requirement that did not hold, in the order of the register.
        overall: Verdict of the run.
    """

    attempt: Attempt
    outcome: Outcome
    remark: str
    failed: tuple[str, ...]
    overall: str

    @property
    def is_caught(self) -> bool:
        """Whether the check of the requirement that is broken said so."""
        return self.outcome is Outcome.FAIL

    @property
    def others(self) -> tuple[str, ...]:
        """The other requirements that did not hold."""
        return tuple(row for row in self.failed if row != self.attempt.requirement)


def tried(factory: str, settings: Settings, attempts: Iterable[Attempt]) -> Iterator[Trial]:
    """Make attempts, some at a time, and yield what came of each as it is known.

    Args:
        factory: The sound application, as ``served`` takes it.
        settings: Credentials and the like; the address and the API are filled in.
        attempts: What is to be tried.

    Raises:
        UsageError: gunicorn is missing, or *factory* has a wrong form.
        KitError: A server does not start.
        KitDefect: The kit itself failed at a broken server.
    """
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        # A server each, because lists and notifications show what others do.
        urls: Queue[str] = context.Queue()
        for _ in range(_PROCESSES):
            urls.put(stack.enter_context(served(factory)))
        pool = ProcessPoolExecutor(_PROCESSES, mp_context=context, initializer=_take_server, initargs=(urls,))
        stack.callback(pool.shutdown, cancel_futures=True)
        futures = {pool.submit(_tried, settings, attempt): attempt for attempt in attempts}
        for future in as_completed(futures):
            _check(futures[future], future.exception())
            yield future.result()


def _check(attempt: Attempt, failure: BaseException | None) -> None:
    """Raise what a trial failed with; what the kit does not foresee is said with the server that brought it about."""
    if failure is None:
        return
    if isinstance(failure, KitError):
        raise failure
    where = f"{attempt.api}, against the server {attempt.variant}"
    problem = f"the kit failed with {type(failure).__name__}: {failure}"
    raise KitDefect(where, problem, "No answer of a target may do that: correct the probe or the check") from failure


_server: list[str] = []
"""The address of the server that this process of the pool has for itself."""


def _take_server(urls: Queue[str]) -> None:
    _server.append(urls.get())


def _tried(settings: Settings, attempt: Attempt) -> Trial:
    contract = contracts.load(attempt.api)
    judgement = _run(
        replace(
            settings,
            api=attempt.api,
            base_url=f"{_server[0]}/broken/{attempt.api}/{attempt.variant}{contract.base_path}",
            phases=(REGISTER,),
            event_seconds=_event_seconds(attempt),
            settle_seconds=_SETTLE_SECONDS,
            hold_seconds=_hold_seconds(attempt),
            listener_url="http://127.0.0.1:0",
            allow_destructive=True,
        ),
        () if attempt.whole else (attempt.requirement,),
    )
    rows = {verdict.requirement: verdict for verdict in judgement.verdicts}
    failed = tuple(verdict.requirement for verdict in judgement.verdicts if verdict.outcome >= Outcome.FAIL)
    overall = judgement.overall(row.id for row in contract.requirements if row.level == "must")
    if attempt.variant == SOUND:
        return Trial(attempt, Outcome.NOT_APPLICABLE, "", failed, overall)
    own = rows[attempt.requirement]
    return Trial(attempt, own.outcome, own.remark, failed, overall)


def _event_seconds(attempt: Attempt) -> float:
    """Return the longest wait for a notification, a short one where the server loses or changes some."""
    tried = _breaks(attempt)
    return _SOUND_EVENT_SECONDS if all(each.tells_everything for each in tried) else _EVENT_SECONDS


def _hold_seconds(attempt: Attempt) -> float:
    """Return for how long records are held against a server: as long as it takes to forget them."""
    return max((each.hold_seconds for each in _breaks(attempt)), default=0.0)


def _breaks(attempt: Attempt) -> list[Break]:
    """Return what is broken; nothing for the sound application."""
    return [each.breaks for each in variants(attempt.api) if each.id == attempt.variant]


def _run(settings: Settings, only: tuple[str, ...]) -> Judgement:
    contract = contracts.load(settings.api)
    bundle = drive(contract, settings, only=only)
    for exchange in bundle.exchanges:
        defect = exchange.response.header(DEFECT) if exchange.response else None
        if defect:
            problem = f"the server failed by accident ({defect}), so nothing is proven"
            raise KitDefect(exchange.request.url, problem, "Correct what breaks it, in selftest/breaks")
    return judge(bundle, contract)
