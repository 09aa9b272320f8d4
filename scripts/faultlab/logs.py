"""What start-up does with a write-ahead log that was cut off, lost, or has rubbish behind its end."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faultlab.audit import look, losses_of_order, losses_of_state
from faultlab.client import Client
from faultlab.files import killed_store, serving, unclear
from faultlab.history import History
from faultlab.stages import store_in
from faultlab.trial import Trial
from harness.errors import HarnessError
from harness.tmfkit import CUSTOMER, tmfkit_server

__all__ = ["torn_logs"]

_LEFT_OUT = "bytes behind the last complete commit of its log were left out"
_MISSING = "were acknowledged: its log store.db-wal was cut off or lost"
_MIXED = "are in the file already"
_SERVED, _REFUSED, _DAMAGED = "with nothing missing", "refused until told to go on", "refused for good"


def torn_logs(folder: Path, *, rounds: int, seed: int) -> Trial:
    """Cut the log of a killed server at random places.

    A server that finds acknowledged writes missing says so, refuses to start, and leaves file and log alone. Told to go
    on without them, it has exactly what SQLite reads of the rest, which is a beginning of what was written, every
    document whole. A log that is complete, or has something behind its end, loses nothing at all, and what looks like
    the beginning of one more commit is reported.
    """
    trial, chance = Trial("truncated log, tinydb"), random.Random(seed)  # noqa: S311
    history, left = killed_store(folder / "left")
    log = left / "store.db-wal"
    if not log.exists() or not log.stat().st_size:
        raise HarnessError(str(log.name), "the killed server left no log", "See where the store keeps its log")
    whole, round_ = log.read_bytes(), _last_round(log.read_bytes())
    for what, content, is_reported in (
        ("the log as it was", whole, False),
        ("rubbish behind the log", whole + chance.randbytes(5000), False),
        ("half a frame behind the log", round_ + round_[32:2000], True),
    ):
        said = folder / "server.log"
        said.write_bytes(b"")
        with _copy(left, folder / "copy", lambda log, content=content: log.write_bytes(content)) as copy:  # type: ignore[misc]
            trial.lose(_everything(copy, history), what)
        if is_reported and _LEFT_OUT not in said.read_text(encoding="utf-8"):
            trial.lose(["it was not reported"], what)
        trial.rounds += 1
    outcomes: Counter[str] = Counter()
    for length in [0, *(chance.randrange(len(round_)) for _ in range(rounds))]:
        with _copy(left, folder / "copy", lambda log, length=length: os.truncate(log, length)) as copy:  # type: ignore[misc]
            outcome, losses = _cut(copy, history)
        trial.lose(losses, f"log cut from {len(round_)} to {length} bytes")
        trial.rounds += 1
        outcomes[outcome] += 1
    if not outcomes[_REFUSED]:
        trial.lose(["no server noticed that acknowledged writes were missing"])
    trial.remarks += [f"{count} {outcome}" for outcome, count in sorted(outcomes.items())]
    trial.count(history)
    return trial


def _everything(copy: Path, history: History) -> list[str]:
    with serving(copy) as port:
        return losses_of_state(port, history, look(port, history.lives))


def _cut(copy: Path, history: History) -> tuple[str, list[str]]:
    """Start on a store whose log was cut; return what came of it, and what is wrong with that."""
    commits, documents = _read_by_sqlite(copy)
    losses: list[str] = []
    outcome = _SERVED
    if int((copy / "store.db.mark").read_text(encoding="ascii")) > commits:
        outcome = _REFUSED
        said, losses = _refusal(copy)
        if _MIXED in said:
            return _DAMAGED, losses
        losses += [] if _MISSING in said else [f"the refusal does not say what is missing: {said!r}"]
        (copy / "store.db.mark").unlink()
    with serving(copy) as port:
        losses += losses_of_order(look(port, history.lives))
        client = Client(port)
        found = client.ask(f"{CUSTOMER}?limit=1").headers.get("x-total-count")
        client.close()
    if found != str(documents):
        losses.append(f"SQLite reads {documents} documents, and the server has {found}")
    return outcome, losses


def _refusal(folder: Path) -> tuple[str, list[str]]:
    """Start a server that has to refuse; return what it says, and what is wrong with that."""
    files = [folder / name for name in ("store.db", "store.db-wal")]
    before = [file.read_bytes() for file in files]
    server = tmfkit_server(store_in(files[0]), log=folder / "refused.log")
    server.launch()
    losses = unclear(server, files[0])
    if [file.read_bytes() for file in files] != before:
        losses.append("it changed what it refused")
    return server.said(), losses


def _read_by_sqlite(folder: Path) -> tuple[int, int]:
    """Return the numbers of commits and of customers that SQLite by itself reads; looks at a copy."""
    with tempfile.TemporaryDirectory() as place:
        for name in ("store.db", "store.db-wal"):
            shutil.copy(folder / name, place)
        with contextlib.closing(sqlite3.connect(Path(place) / "store.db")) as connection:
            [commits] = connection.execute("SELECT tag FROM document WHERE number = 0").fetchone()
            [documents] = connection.execute(
                "SELECT count(*) FROM document WHERE collection = 'tmf629-v4:customer'"
            ).fetchone()
    return int(commits), int(documents)


def _last_round(log: bytes) -> bytes:
    """Return a log without the frames of earlier rounds behind its end, as its salts tell them apart."""
    frame_bytes = 24 + int.from_bytes(log[8:12], "big")
    for place in range(32, len(log), frame_bytes):
        if log[place + 8 : place + 16] != log[16:24]:
            return log[:place]
    return log


@contextmanager
def _copy(left: Path, copy: Path, change: Callable[[Path], object]) -> Iterator[Path]:
    """Give a copy of a store, its log changed."""
    shutil.copytree(left, copy)
    try:
        change(copy / "store.db-wal")
        yield copy
    finally:
        shutil.rmtree(copy)
