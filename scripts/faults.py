"""Kill, starve and cut off our server under load, on both stores, and look for every write that it acknowledged.

Keep it busy in every way that a stranger can, too, and see that everybody else is served.

Negative controls run the same trials on servers that were sabotaged, which the trials have to notice.

Exit status: 0 when nothing was lost and every sabotage was noticed, 1 otherwise. A trial that cannot take place here
(no strace, no right to mount) counts as a loss.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faultlab.bounds import BOUNDS, Bound, bounded
from faultlab.deliveries import deliveries
from faultlab.files import damaged_file, read_only_start
from faultlab.logs import torn_logs
from faultlab.moving import round_trip
from faultlab.obstacles import FullDisk, ReadOnlyFile, SizeLimit, small_disk
from faultlab.proof import postgres_syncs, tinydb_syncs
from faultlab.rounds import kill_rounds, obstruction, outages
from faultlab.sabotage import program
from faultlab.stages import PROGRAM, postgres_stage, tinydb_stage
from faultlab.syncs import check_strace
from faultlab.trial import Trial
from harness.errors import HarnessError

_WORKROOM = Path(__file__).parents[1] / ".bench"
_CONTROL_ROUNDS = 6
_EVENTS, _CONTROL_EVENTS = 10_000, 1_000
_MOVED_DOCUMENTS = 100_000
# What losses say that the sabotages cause.
_EARLY, _OLD = "was told before a sync of the log", "has version"
_LOST_EVENT, _MISPLACED_EVENT = "is lost", "came before an earlier one"


@dataclass(frozen=True, slots=True)
class Options:
    """How much is tried.

    Attributes:
        rounds: Rounds of killing on each store.
        seed: Where chance begins.
    """

    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One trial.

    Attributes:
        name: What it is called on the command line.
        run: Empty folder on a real disk, and how much → what came of it.
        shows: On a sabotaged server, what a loss has to say that the sabotage causes; empty on one that is not.
    """

    name: str
    run: Callable[[Path, Options], Trial]
    shows: str = ""

    @property
    def is_control(self) -> bool:
        """Whether it runs on a sabotaged server."""
        return bool(self.shows)

    def is_good(self, trial: Trial) -> bool:
        """Tell whether *trial* came out as it has to."""
        return any(self.shows in loss for loss in trial.losses) if self.is_control else not trial.losses


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def _kill_tinydb(folder: Path, options: Options) -> Trial:
    with tinydb_stage(folder) as stage:
        return kill_rounds(stage, rounds=options.rounds, seed=options.seed, say=_say)


def _kill_postgres(folder: Path, options: Options) -> Trial:
    with postgres_stage(folder) as stage:
        return kill_rounds(stage, rounds=options.rounds, seed=options.seed, say=_say)


def _sync_tinydb(folder: Path, _options: Options) -> Trial:
    check_strace()
    return tinydb_syncs(folder)


def _full_tinydb(folder: Path, _options: Options) -> Trial:
    with small_disk(folder / "disk", 40) as disk, tinydb_stage(disk) as stage:
        return obstruction(stage, FullDisk(disk))


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's account may enter, with a short path, as its socket needs it."""
    with tempfile.TemporaryDirectory(prefix="tmfkit-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _full_postgres(folder: Path, _options: Options) -> Trial:
    with (
        _short_folder() as short,
        small_disk(short / "disk", 160) as disk,
        postgres_stage(folder, data=disk, segment_mb=1) as stage,
    ):
        return obstruction(stage, FullDisk(disk))


def _io_error_tinydb(folder: Path, _options: Options) -> Trial:
    with tinydb_stage(folder) as stage:
        [server] = stage.servers
        return obstruction(stage, SizeLimit(server.children))


def _read_only_tinydb(folder: Path, _options: Options) -> Trial:
    with tinydb_stage(folder) as stage:
        return obstruction(stage, ReadOnlyFile([stage.file, stage.file.with_name("store.db-wal")]))


def _read_only_folder_tinydb(folder: Path, _options: Options) -> Trial:
    with tinydb_stage(folder) as stage:
        # As when a file system turns read-only: SQLite's index of the log, store.db-shm, is mapped memory, and the
        # kernel ends a process that may no longer write to it.
        files = [stage.file, *(stage.file.with_name(f"store.db-{each}") for each in ("wal", "shm"))]
        return obstruction(stage, ReadOnlyFile(files, "read-only file and index"), is_worker_lost=True)


def _read_only_start_tinydb(folder: Path, _options: Options) -> Trial:
    return read_only_start(folder)


def _torn_logs_tinydb(folder: Path, options: Options) -> Trial:
    return torn_logs(folder, rounds=8, seed=options.seed)


def _damaged_tinydb(folder: Path, options: Options) -> Trial:
    return damaged_file(folder, rounds=5, seed=options.seed)


def _outages_postgres(folder: Path, options: Options) -> Trial:
    with postgres_stage(folder) as stage:
        return outages(stage, rounds=6, seed=options.seed)


def _events_tinydb(name: str = "") -> Callable[[Path, Options], Trial]:
    def run(folder: Path, options: Options) -> Trial:
        with tinydb_stage(folder, program(name) if name else PROGRAM) as stage:
            events = _CONTROL_EVENTS if name else _EVENTS
            return deliveries(stage, events=events, seed=options.seed, say=_say)

    return run


def _events_postgres(folder: Path, options: Options) -> Trial:
    with postgres_stage(folder, workers=(2, 2)) as stage:
        return deliveries(stage, events=_EVENTS, seed=options.seed, say=_say)


def _round_trip(folder: Path, _options: Options) -> Trial:
    return round_trip(folder, documents=_MOVED_DOCUMENTS)


def _sync_sabotaged(name: str) -> Callable[[Path, Options], Trial]:
    def run(folder: Path, _options: Options) -> Trial:
        check_strace()
        return tinydb_syncs(folder, program(name))

    return run


def _kill_sabotaged(name: str) -> Callable[[Path, Options], Trial]:
    def run(folder: Path, options: Options) -> Trial:
        with tinydb_stage(folder, program(name)) as stage:
            return kill_rounds(stage, rounds=_CONTROL_ROUNDS, seed=options.seed, say=_say)

    return run


def _sync_postgres_with(*, settings: dict[str, str], sabotage: str = "") -> Callable[[Path, Options], Trial]:
    def run(folder: Path, _options: Options) -> Trial:
        check_strace()
        return postgres_syncs(folder, program(sabotage) if sabotage else PROGRAM, settings=settings)

    return run


def _kill_postgres_sabotaged(folder: Path, options: Options) -> Trial:
    with postgres_stage(folder, program("asynchronous")) as stage:
        # Only PostgreSQL's own end can lose what PostgreSQL has not written.
        stage.victims = ("database",)
        return kill_rounds(stage, rounds=_CONTROL_ROUNDS, seed=options.seed, say=_say)


def _bound(bound: Bound, sabotage: str) -> Callable[[Path, Options], Trial]:
    def run(folder: Path, _options: Options) -> Trial:
        return bounded(bound, folder, program(sabotage) if sabotage else PROGRAM)

    return run


PLANNED = (
    Planned("tinydb-kill", _kill_tinydb),
    Planned("tinydb-sync", _sync_tinydb),
    Planned("tinydb-full-disk", _full_tinydb),
    Planned("tinydb-io-error", _io_error_tinydb),
    Planned("tinydb-read-only", _read_only_tinydb),
    Planned("tinydb-read-only-with-index", _read_only_folder_tinydb),
    Planned("tinydb-read-only-start", _read_only_start_tinydb),
    Planned("tinydb-truncated-log", _torn_logs_tinydb),
    Planned("tinydb-damaged-file", _damaged_tinydb),
    Planned("tinydb-events", _events_tinydb()),
    Planned("postgresql-kill", _kill_postgres),
    Planned("postgresql-sync", _sync_postgres_with(settings={})),
    # The default of a database must not decide whether a write is durable.
    Planned("postgresql-sync-asynchronous-default", _sync_postgres_with(settings={"synchronous_commit": "off"})),
    Planned("postgresql-full-disk", _full_postgres),
    Planned("postgresql-restart", _outages_postgres),
    Planned("postgresql-events", _events_postgres),
    Planned("round-trip", _round_trip),
    Planned("control-tinydb-synchronous-off", _sync_sabotaged("without-sync"), shows=_EARLY),
    Planned("control-tinydb-answers-first-sync", _sync_sabotaged("answers-first"), shows=_EARLY),
    Planned("control-tinydb-answers-first-kill", _kill_sabotaged("answers-first"), shows=_OLD),
    Planned("control-tinydb-events-apart-kill", _kill_sabotaged("events-apart"), shows=_LOST_EVENT),
    Planned("control-tinydb-tries-once-events", _events_tinydb("tries-once"), shows=_LOST_EVENT),
    Planned("control-tinydb-without-order-events", _events_tinydb("without-order"), shows=_MISPLACED_EVENT),
    Planned("control-postgresql-fsync-off", _sync_postgres_with(settings={"fsync": "off"}), shows=_EARLY),
    Planned(
        "control-postgresql-asynchronous-sync",
        _sync_postgres_with(settings={}, sabotage="asynchronous"),
        shows=_EARLY,
    ),
    Planned("control-postgresql-asynchronous-kill", _kill_postgres_sabotaged, shows=_OLD),
    *(Planned(f"bound-{each.name}", _bound(each, each.program)) for each in BOUNDS),
    *(Planned(f"control-bound-{each.name}", _bound(each, each.sabotage), shows=each.shows) for each in BOUNDS),
)


def main() -> int:
    """Run the trials and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="rounds of killing on each store (default 50)")
    parser.add_argument("--only", action="append", default=[], help="trials whose name has this; repeatable")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeat the chances of a run")  # noqa: S311
    parser.add_argument("--list", action="store_true", help="name the trials and end")
    given = parser.parse_args()
    chosen = [each for each in PLANNED if not given.only or any(part in each.name for part in given.only)]
    if given.list or not chosen:
        print(*(each.name for each in PLANNED), sep="\n")
        return 0 if given.list else 1
    _say(f"seed {given.seed}")
    outcomes = [_outcome(each, Options(given.rounds, given.seed)) for each in chosen]
    for planned, trial, is_good in outcomes:
        verdict = ("noticed" if is_good else "NOT NOTICED") if planned.is_control else ("ok" if is_good else "LOST")
        print(f"{planned.name:36} {trial.rounds:5} rounds {len(trial.losses):5} losses  {verdict}")
    lost = sum(len(trial.losses) for planned, trial, _ in outcomes if not planned.is_control)
    missed = sum(not is_good for planned, _, is_good in outcomes if planned.is_control)
    print(f"{len(outcomes)} trials: {lost} losses, {missed} sabotages not noticed")
    return int(not all(is_good for _, _, is_good in outcomes))


def _outcome(planned: Planned, options: Options) -> tuple[Planned, Trial, bool]:
    _WORKROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_WORKROOM, prefix="faults-") as room:
        # The server's log lies beside the folder of the store.
        folder = Path(room) / "store"
        folder.mkdir()
        try:
            trial = planned.run(folder, options)
        except HarnessError as exc:
            trial = Trial(planned.name, losses=[f"the trial could not be held: {exc}"])
            _say(str(trial))
            return planned, trial, False
    _say(f"{'(sabotaged) ' if planned.is_control else ''}{trial}")
    return planned, trial, planned.is_good(trial)


if __name__ == "__main__":
    sys.exit(main())
