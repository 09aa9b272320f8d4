"""Measuring one contestant: fill it, check that it answers what was asked, take turns with the yardstick."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.contestants import Contestant, Room, Target, bare
from benchmarks.load import Load, Measurement
from benchmarks.results import Row
from benchmarks.workload import COUNTER, DIALECTS, SCENARIOS, Request, Scenario
from harness.errors import HarnessError

__all__ = ["Plan", "measure", "measurements"]

# Whichever comes first: some contestants take a second for one request.
_WARM_UP_REQUESTS, _WARM_UP_SECONDS = 200, 2.0
_COUNTERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: Rounds of a contestant with a yardstick.
        other_rounds: Rounds of one without.
        seconds: Length of a measurement.
        sizes: Numbers of documents, growing.
        middle: The one that what does not depend on it is measured at.
        scenarios: Names of the scenarios.
        node: Folder with the servers of npm.
        data: Folder for the data of the servers.
        contract: OpenAPI document of TMF629 v4.
    """

    rounds: int
    other_rounds: int
    seconds: int
    sizes: Sequence[int]
    middle: int
    scenarios: Sequence[str]
    node: Path
    data: Path
    contract: Path

    def rounds_of(self, contestant: Contestant) -> int:
        """Return how often a contestant is measured."""
        return self.rounds if contestant.workers else self.other_rounds

    def scenarios_of(self, contestant: Contestant) -> list[Scenario]:
        """Return what a contestant is measured with."""
        wanted = [each for each in SCENARIOS if each.name in self.scenarios]
        return [each for each in wanted if each.name not in contestant.lacks]

    def sizes_of(self, contestant: Contestant, scenario: Scenario) -> list[int]:
        """Return the numbers of documents at which a scenario is measured."""
        if not contestant.is_sized:
            return [self.middle]
        if scenario.is_filter:
            return sorted({*self.sizes})
        return sorted({self.sizes[0], self.sizes[-1]}) if scenario.is_sized else [self.middle]


def measurements(contestant: Contestant, plan: Plan) -> int:
    """Return how many measurements a contestant takes, those of the yardstick included."""
    targets = [len(plan.sizes_of(contestant, each)) for each in plan.scenarios_of(contestant)]
    beside = len(targets) if contestant.workers else 0
    return (sum(targets) + beside) * plan.rounds_of(contestant)


def measure(contestant: Contestant, plan: Plan, say: Callable[[str], None]) -> list[Row]:
    """Measure a contestant; nothing else is under load meanwhile.

    Args:
        contestant: Whom to measure.
        plan: How much.
        say: Takes a line for the terminal.

    Returns:
        A row for each scenario and number of documents.
    """
    scenarios = plan.scenarios_of(contestant)
    sizes = sorted({size for each in scenarios for size in plan.sizes_of(contestant, each)})
    with ExitStack() as stack:
        targets = {}
        for size in sizes:
            folder = plan.data / f"{contestant.name.split(',')[0].replace(' ', '-')}-{size}"
            folder.mkdir()
            room = Room(folder, plan.node, plan.contract, stack)
            targets[size] = contestant.start(room, size)
            say(f"{contestant.name}: holds {size:,} documents")
        yardstick = bare(room, contestant.workers).url if contestant.workers else None
        rows = []
        for scenario in scenarios:
            chosen = {size: targets[size] for size in plan.sizes_of(contestant, scenario)}
            rows += _rows(contestant, scenario, chosen, yardstick, plan)
            for row in rows[-len(chosen) :]:
                say(_line(row))
        return rows


def _rows(
    contestant: Contestant, scenario: Scenario, targets: dict[int, Target], yardstick: str | None, plan: Plan
) -> list[Row]:
    loads: dict[int, Load] = {}
    for size, target in targets.items():
        # The same requests in every run.
        requests = scenario.requests(DIALECTS[contestant.dialect], target.ids, random.Random(size))  # noqa: S311
        answered = _warmed_up(target, scenario, requests, is_checked=not contestant.keeps_nothing)
        parts = plan.rounds_of(contestant) if scenario.spends else 0
        loads[size] = Load(target.server.url, target.path, requests, parts=parts)
        if yardstick and 0 not in loads:
            loads[0] = Load(yardstick, "", [_constant(*each) for each in answered])
    taken: dict[int, list[Measurement]] = {size: [] for size in loads}
    for turn in range(plan.rounds_of(contestant)):
        # Every other round the other way round, so that nobody always comes after the same.
        for size in sorted(loads, reverse=bool(turn % 2)):
            taken[size].append(loads[size].run(plan.seconds))
    beside = taken.pop(0, [])
    return [Row(contestant.name, scenario.name, size, rounds, beside) for size, rounds in taken.items()]


def _warmed_up(
    target: Target, scenario: Scenario, requests: Sequence[Request], *, is_checked: bool
) -> list[tuple[Request, int]]:
    """Send some of the requests one by one; return them with the sizes of their answers in bytes."""
    if scenario.spends:
        return [(requests[0], 0)]
    connection = http.client.HTTPConnection(target.server.host, target.server.port, timeout=60)
    deadline = time.monotonic() + _WARM_UP_SECONDS
    answered = []
    for request in itertools.islice(itertools.cycle(requests), _WARM_UP_REQUESTS):
        body = request.body.replace(COUNTER, f"{next(_COUNTERS):08x}")
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(request.method, target.path + request.path, body or None, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 400 or (is_checked and not _is_right(scenario, request, body, answer)):
            where = f"{target.server.name}: {request.method} {target.path}{request.path}"
            raise HarnessError(where, f"status {response.status}: {answer[:300]!r}", "It does not do what is measured")
        answered.append((request, len(answer)))
        if time.monotonic() > deadline:
            break
    connection.close()
    return answered


def _is_right(scenario: Scenario, request: Request, body: str, answer: bytes) -> bool:
    """Tell whether an answer is the one that was asked for."""
    found = json.loads(answer)
    if isinstance(found, list):
        return len(found) == (scenario.hits or 1)
    if body:
        return bool(json.loads(body).items() <= found.items())
    return bool(request.path.startswith(f"/{found['id']}"))


def _constant(request: Request, size_bytes: int) -> Request:
    """Return the yardstick's equal of a request."""
    method = "POST" if request.method == "PATCH" else request.method
    return Request(method, f"/bytes/{size_bytes}", request.body)


def _line(row: Row) -> str:
    ratio = f"{median(row.ratios):6.2f} x bare" if row.ratios else ""
    figures = f"{row.per_second:9,.0f}/s   p99.9 {row.p999_ms:8.1f} ms   longest {row.longest_ms:8.1f} ms"
    failed = f"   {row.unanswered} refused or broken" if row.unanswered else ""
    return f"{row.contestant}: {row.scenario:18} {row.documents:7,} documents {figures} {ratio}{failed}"
