"""What a client costs: CPU time of calls and imports, size of files. Standard library only, for any environment."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from harness.errors import HarnessError

__all__ = ["Call", "compiled", "cpu_us", "import_ms", "kilobytes", "needed", "output", "sources", "turns"]

Call = Callable[[], object]

_ROUNDS = 9
_COMPILED = {".so", ".pyd"}


def turns(calls: dict[str, Call], times: int) -> dict[str, list[float]]:
    """Return microseconds of CPU a call, one figure a round; in each round every call has its turn.

    Args:
        calls: What to call, by name.
        times: How often, in a round.
    """
    for call in calls.values():
        call()
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_ROUNDS):
        for name, call in calls.items():
            found[name].append(cpu_us(call, times))
    return found


def cpu_us(call: Call, times: int) -> float:
    """Return the CPU time of a call in microseconds, mean of some."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1e6


def import_ms(*programs: str) -> list[list[float]]:
    """Return milliseconds of CPU of import statements, in turns, each time in a new interpreter; one figure a round."""
    found: list[list[float]] = [[] for _ in programs]
    for _ in range(_ROUNDS):
        for program, rounds in zip(programs, found, strict=True):
            timed = f"import time; began = time.process_time(); {program}; print((time.process_time() - began) * 1000)"
            rounds.append(float(output([sys.executable, "-c", timed], program)))
    return found


def output(command: list[str], what: str) -> str:
    """Return what a command prints.

    Raises:
        HarnessError: It failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HarnessError(what, done.stderr.strip()[-1000:], "See whether it is installed")
    return done.stdout


def needed(name: str) -> Iterator[Path]:
    """Yield the files of an installed distribution and of all that it needs, without what extras need."""
    waiting, seen = [name], set[str]()
    while waiting:
        wanted = waiting.pop().lower().replace("_", "-")
        if wanted in seen:
            continue
        seen.add(wanted)
        try:
            found = metadata.distribution(wanted)
        except metadata.PackageNotFoundError:
            continue  # another version of Python needs it
        yield from (Path(str(each.locate())) for each in found.files or () if each.suffix != ".pyc")
        names = (re.match(r"[\w.-]+", line) for line in found.requires or () if "extra ==" not in line)
        waiting += [each[0] for each in names if each]


def sources(package: str) -> list[Path]:
    """Return the Python files of an imported package."""
    return [*Path(str(sys.modules[package].__file__)).parent.rglob("*.py")]


def kilobytes(files: Iterable[Path]) -> float:
    """Return the size of files in kB."""
    return sum(path.stat().st_size for path in files if path.is_file()) / 1000


def compiled(files: Iterable[Path]) -> int:
    """Return how many of the files are machine code."""
    return sum(path.suffix in _COMPILED for path in files)
