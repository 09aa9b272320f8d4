"""Measure our server and our SDK beside others, and write ``docs/benchmarks/``: tables, a plot, every figure.

Exit status: 0 when everything was measured and ours answered every request, 1 when ours did not, 3 when the benchmark
could not run. A target that is not met is reported and changes no status: the figures depend on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, Contestant, install_node_servers
from benchmarks.load import wrk_version
from benchmarks.machine import describe
from benchmarks.measuring import Plan, measure, measurements
from benchmarks.plot import write_plot
from benchmarks.report import targets_table, write_json, write_page
from benchmarks.results import Results
from benchmarks.sdk import measure_sdk
from benchmarks.sdk_report import bounds_table, write_sdk_json, write_sdk_page
from benchmarks.workload import SCENARIOS
from harness.errors import HarnessError

_ROOT = Path(__file__).parents[1]
_WORKROOM = _ROOT / ".bench"
_SIZES = (1_000, 10_000, 100_000)
# What it takes on top: to start wrk, and to start, fill and check a contestant.
_WRK_SECONDS, _CONTESTANT_SECONDS = 0.08, 20


def main() -> int:
    """Measure and write."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        if _is_wanted("sdk", options.only):
            _bench_sdk(options.output)
        return 0 if options.only == ["sdk"] else _bench_server(options)
    except HarnessError as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 3


def _bench_sdk(output: Path) -> None:
    folder = _WORKROOM / "sdk"
    folder.mkdir(parents=True, exist_ok=True)
    results = measure_sdk(folder, _say)
    files = [output / name for name in ("sdk.json", "sdk.md")]
    write_sdk_json(results, files[0])
    write_sdk_page(results, files[1])
    print(bounds_table(results))
    print("Written:", *files)


def _bench_server(options: argparse.Namespace) -> int:
    wrk_version()
    results = _measured(options)
    files = [options.output / name for name in ("results.json", "results.md", "results.png")]
    write_json(results, files[0])
    write_page(results, files[1], files[2].name)
    write_plot(results, files[2])
    print(targets_table(results.verdicts()))
    print("Written:", *files)
    return int(any(row.unanswered for row in results.rows if row.contestant.startswith("tmfkit")))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of ours, in turn with the yardstick (default 7)")
    parser.add_argument("--other-rounds", type=int, default=3, help="rounds of the others (default 3)")
    parser.add_argument("--seconds", type=int, default=1, help="length of one measurement (default 1)")
    sizes = f"number of documents: the fewest, the most, some in between; repeatable (default {_SIZES})"
    parser.add_argument("--size", type=int, action="append", help=sizes)
    only = "sdk, or contestants whose name has this; repeatable"
    parser.add_argument("--only", action="append", default=[], help=only)
    parser.add_argument("--scenario", action="append", default=[], help="scenarios whose name has this; repeatable")
    parser.add_argument("--minutes", type=float, default=20, help="refuse a run that takes longer (default 20)")
    parser.add_argument("--output", type=Path, default=_ROOT / "docs/benchmarks", help="folder for the results")
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> Results:
    contestants = [each for each in CONTESTANTS if _is_wanted(each.name, options.only)]
    sizes = sorted(options.size or _SIZES)
    _WORKROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_WORKROOM, prefix="data-") as data:
        plan = Plan(
            rounds=options.rounds,
            other_rounds=options.other_rounds,
            seconds=options.seconds,
            sizes=sizes,
            middle=sizes[len(sizes) // 2],
            scenarios=[each.name for each in SCENARIOS if _is_wanted(each.name, options.scenario)],
            node=_WORKROOM / "node",
            data=Path(data),
            contract=_ROOT / "specs/tmf629-v4/openapi.yaml",
        )
        _refuse_too_long(contestants, plan, options.minutes)
        if any(each.is_of_node for each in contestants):
            install_node_servers(plan.node)
        described = {"rounds": plan.rounds, "other_rounds": plan.other_rounds, "seconds": plan.seconds, "sizes": sizes}
        results = Results(describe(plan.data, plan.node), {**described, "connections": 32})
        for each in contestants:
            results.rows += measure(each, plan, _say)
        return results


def _is_wanted(name: str, parts: list[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _refuse_too_long(contestants: list[Contestant], plan: Plan, minutes: float) -> None:
    count = sum(measurements(each, plan) for each in contestants)
    expected = (count * (plan.seconds + _WRK_SECONDS) + len(contestants) * _CONTESTANT_SECONDS) / 60
    print(f"{count} measurements of {plan.seconds} s, about {expected:.0f} minutes", flush=True)
    if not count:
        raise HarnessError("--only, --scenario", "nothing is left to measure", "Name a part of a name")
    if expected > minutes:
        raise HarnessError(f"--minutes {minutes:g}", "the run would take longer", "Lower --rounds, or raise --minutes")


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
