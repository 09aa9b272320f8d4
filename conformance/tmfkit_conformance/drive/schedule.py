"""Which probes run beside each other, and running them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.rules.probes import Alone
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models.contracts import Contract

__all__ = ["Schedule", "alone", "run", "scheduled"]


def alone(contract: Contract, probe: PlannedProbe) -> Alone:
    """Return what a probe has to itself; one that is about an operation of a hub has the hub."""
    is_of_hub = contract.operation(probe.operation).action in ("register", "unregister")
    return "hub" if is_of_hub and probe.probe.alone in ("", "records") else probe.probe.alone


@dataclass(frozen=True, slots=True)
class Schedule:
    """The probes of a run, by what they have to themselves.

    Those that work on a hub go one after the other, first those that make records as well. Beside them go the probes
    that others do not disturb, many at a time and the longest first; when they, and those that work on a hub and make
    records, are done, the probes that have the records to themselves go one after the other.

    Attributes:
        beside: Probes that others do not disturb.
        records: Probes that have the records to themselves.
        hub: Probes that work on a hub, and make no records.
        hub_and_records: Probes that work on a hub, and make records.
    """

    beside: Sequence[PlannedProbe] = ()
    records: Sequence[PlannedProbe] = ()
    hub: Sequence[PlannedProbe] = ()
    hub_and_records: Sequence[PlannedProbe] = ()

    @property
    def count(self) -> int:
        """How many probes there are."""
        return len(self.beside) + len(self.records) + len(self.hub) + len(self.hub_and_records)

    @property
    def recording(self) -> list[PlannedProbe]:
        """The probes beside which no other looks at whole lists, in the order in which they are driven."""
        return [*self.hub_and_records, *self.beside, *self.records]


def scheduled(contract: Contract, probes: Iterable[PlannedProbe], *, parallel: int) -> Schedule:
    """Arrange the probes of a run.

    Args:
        contract: The contract.
        probes: The probes, in the order of the register.
        parallel: How many may run at a time; all go one after the other, in their order, when it is 1.
    """
    planned = list(probes)
    if parallel == 1:
        return Schedule(planned)
    sharing: dict[Alone, list[PlannedProbe]] = {"": [], "records": [], "hub": [], "hub-and-records": []}
    for probe in planned:
        sharing[alone(contract, probe)].append(probe)
    longest = sorted(sharing[""], key=lambda planned: -len(planned.probe.steps()))
    return Schedule(longest, sharing["records"], sharing["hub"], sharing["hub-and-records"])


def run(
    planned: Schedule,
    drive: Callable[[PlannedProbe], None],
    *,
    begin: Sequence[Callable[[], None]],
    parallel: int,
    progress: Callable[[int, int], None],
) -> None:
    """Drive probes.

    Args:
        planned: The probes.
        drive: Drives one probe; called in several threads at a time where *parallel* is more than 1.
        begin: What is to be done before the probes, or else beside the first of them.
        parallel: How many probes are driven at a time at the most.
        progress: Called with how many probes are done, and how many there are.
    """
    done, lock, is_free = 0, threading.Lock(), threading.Event()
    progress(0, planned.count)

    def go(*probes: PlannedProbe) -> None:
        nonlocal done
        for probe in probes:
            drive(probe)
            with lock:
                done += 1
                progress(done, planned.count)

    def work_on_hubs() -> None:
        try:
            go(*planned.hub_and_records)
        finally:
            is_free.set()
        go(*planned.hub)

    def work_on_records() -> None:
        beside: list[Callable[[], None]] = [functools.partial(go, probe) for probe in planned.beside]
        at_once([*begin, *beside], parallel=max(1, parallel - 1))
        is_free.wait()
        go(*planned.records)

    at_once([work_on_hubs, work_on_records], parallel=parallel)
