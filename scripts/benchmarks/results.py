"""What was measured, and the figures that are made of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.load import Measurement
from benchmarks.workload import SCENARIOS

__all__ = ["TARGETS", "Results", "Row", "Target", "Verdict"]


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario against one contestant at one number of documents.

    Attributes:
        contestant: Its name.
        scenario: Its name.
        documents: How many documents it held before the first measurement.
        rounds: Measurements, one a round.
        yardstick: Measurements of the yardstick in the same rounds; empty without one.
    """

    contestant: str
    scenario: str
    documents: int
    rounds: Sequence[Measurement]
    yardstick: Sequence[Measurement] = ()

    @property
    def per_second(self) -> float:
        """Median of the rounds."""
        return statistics.median(each.per_second for each in self.rounds)

    @property
    def slowest_and_fastest(self) -> tuple[float, float]:
        """Lowest and highest rate of a round."""
        rates = [each.per_second for each in self.rounds]
        return min(rates), max(rates)

    @property
    def ratios(self) -> list[float]:
        """Rate in parts of the yardstick's in the same round."""
        pairs = zip(self.rounds, self.yardstick, strict=True) if self.yardstick else ()
        return [subject.per_second / bare.per_second for subject, bare in pairs]

    @property
    def p999_ms(self) -> float:
        """Median of the rounds' 99.9th percentile."""
        return statistics.median(each.p999_ms for each in self.rounds)

    @property
    def longest_ms(self) -> float:
        """Longest wait for an answer in any round."""
        return max(each.longest_ms for each in self.rounds)

    @property
    def unanswered(self) -> int:
        """Requests that were refused or broke off."""
        return sum(each.refused + each.broken for each in self.rounds)


@dataclass(frozen=True, slots=True)
class Target:
    """One target: a figure that the server is to hold against its yardstick.

    Attributes:
        contestant: Whom it is asked of.
        scenario: What is measured.
        at_least: Smallest median ratio.
        of: What the ratio is taken of: the yardstick, or the same with another number of documents.
    """

    contestant: str
    scenario: str
    at_least: float
    of: str = "bare"


TARGETS = (
    Target("tmfkit tinydb", "GET by id", 0.70),
    Target("tmfkit tinydb", "POST 200 B", 0.30),
    Target("tmfkit tinydb", "PATCH 200 B", 0.30),
    Target("tmfkit tinydb", "POST 2 kB", 0.20),
    Target("tmfkit tinydb", "PATCH 2 kB", 0.20),
    Target("tmfkit tinydb", "equality filter", 0.30),
    Target("tmfkit tinydb", "equality filter", 0.90, of="fewest"),
    Target("tmfkit postgresql, 2 workers", "GET by id", 0.20),
    Target("tmfkit postgresql, 2 workers", "POST 200 B", 0.15),
    Target("tmfkit postgresql, 2 workers", "PATCH 200 B", 0.15),
    Target("tmfkit postgresql, 2 workers", "DELETE", 0.15),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and the ratios of the rounds; *documents* says at how many."""

    target: Target
    documents: int
    ratios: Sequence[float]

    @property
    def median(self) -> float:
        """Median ratio."""
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the target."""
        return self.median >= self.target.at_least


@dataclass(slots=True)
class Results:
    """Everything that one run gave.

    Attributes:
        machine: What it ran on: name of a property → value.
        options: How it was called: name → value.
        rows: The measurements.
    """

    machine: dict[str, str]
    options: dict[str, object]
    rows: list[Row] = field(default_factory=list)

    def find(self, contestant: str, scenario: str) -> list[Row]:
        """Return the rows of one scenario, the fewest documents first."""
        found = [row for row in self.rows if (row.contestant, row.scenario) == (contestant, scenario)]
        return sorted(found, key=lambda row: row.documents)

    def scenarios(self) -> list[str]:
        """Return the names of the scenarios that were measured, in the order of the benchmark."""
        measured = {row.scenario for row in self.rows}
        return [each.name for each in SCENARIOS if each.name in measured]

    def verdicts(self) -> list[Verdict]:
        """Judge every target that was measured, at the largest number of documents."""
        judged = []
        for target in TARGETS:
            rows = self.find(target.contestant, target.scenario)
            if not rows or (target.of == "fewest" and len(rows) < 2):
                continue
            most = rows[-1]
            if target.of == "fewest":
                pairs = zip(most.rounds, rows[0].rounds, strict=True)
                ratios = [many.per_second / few.per_second for many, few in pairs]
            else:
                ratios = most.ratios
            judged.append(Verdict(target, most.documents, ratios))
        return judged
