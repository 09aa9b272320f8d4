"""Which probes run beside each other, and running them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Sequence

from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.rules.probes import Alone
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models.contracts import Contract

__all__ = ["alone", "run", "stages"]

Lane = Sequence[PlannedProbe]
"""Probes that run one after the other."""


def alone(contract: Contract, probe: PlannedProbe) -> Alone:
    """Return what a probe has to itself; one that is about an operation of a hub has the hub."""
    is_of_hub = contract.operation(probe.operation).action in ("register", "unregister")
    return "hub" if is_of_hub and probe.probe.alone in ("", "records") else probe.probe.alone


def stages(contract: Contract, probes: Iterable[PlannedProbe], *, parallel: int) -> list[list[Lane]]:
    """Return the stages of a run, each with lanes that go beside each other.

    First the probes that others do not disturb, each in a lane of its own and the longest first, beside those that
    work on a hub and make records. Then those that have the records to themselves, beside those that work on a hub and
    make none.

    Args:
        contract: The contract.
        probes: The probes, in the order of the register.
        parallel: How many may run at a time; one after the other in their order when it is 1.
    """
    planned = list(probes)
    if parallel == 1:
        return [[planned]]
    sharing: dict[Alone, list[PlannedProbe]] = {"": [], "records": [], "hub": [], "hub-and-records": []}
    for probe in planned:
        sharing[alone(contract, probe)].append(probe)
    longest = sorted(sharing[""], key=lambda planned: -len(planned.probe.steps()))
    first: list[Lane] = [sharing["hub-and-records"], *([probe] for probe in longest)]
    second: list[Lane] = [sharing["records"], sharing["hub"]]
    return [[lane for lane in stage if lane] for stage in (first, second)]


def run(
    planned: Sequence[Sequence[Lane]],
    drive: Callable[[PlannedProbe], None],
    *,
    begin: Sequence[Callable[[], None]],
    parallel: int,
    progress: Callable[[int, int], None],
) -> None:
    """Drive probes, stage after stage.

    Args:
        planned: The stages.
        drive: Drives one probe; called in several threads at a time where *parallel* is more than 1.
        begin: What is to be done before the probes, or else beside the first of them.
        parallel: How many lanes go beside each other at the most.
        progress: Called with how many probes are done, and how many there are.
    """
    total = sum(len(lane) for stage in planned for lane in stage)
    done, lock = 0, threading.Lock()
    progress(0, total)

    def go(lane: Lane) -> None:
        nonlocal done
        for probe in lane:
            drive(probe)
            with lock:
                done += 1
                progress(done, total)

    first = begin
    for stage in planned:
        lanes: list[Callable[[], None]] = [functools.partial(go, lane) for lane in stage]
        at_once([*first, *lanes], parallel=parallel)
        first = ()
