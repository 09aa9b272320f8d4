"""Traced runs: writers on a server under strace, and the verdict on the trace."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from faultlab.client import Client
from faultlab.history import ACKNOWLEDGED, History
from faultlab.listener import listening
from faultlab.stages import PROGRAM, store_in
from faultlab.syncs import judge, tracer
from faultlab.trial import Trial
from faultlab.writers import Writers
from harness.database import database
from harness.process import ServerProcess
from harness.tmfkit import CUSTOMER, tmfkit_server

__all__ = ["postgres_syncs", "tinydb_syncs"]

_SECONDS = 3.0


def tinydb_syncs(folder: Path, program: Sequence[str] = PROGRAM) -> Trial:
    """Trace a server on a file."""
    trace = folder / "trace"
    server = tmfkit_server(
        store_in(folder / "store.db"), log=folder / "server.log", program=program, runner=tracer(trace)
    )
    return _traced(Trial("sync before answer, tinydb"), server, trace)


def postgres_syncs(
    folder: Path, program: Sequence[str] = PROGRAM, *, settings: Mapping[str, str] | None = None
) -> Trial:
    """Trace a server on a database together with the database, which has *settings*."""
    trace = folder / "trace"
    with database(settings=settings) as cluster:
        runner = tracer(trace, attach=[cluster.pid, *cluster.children()])
        server = tmfkit_server(cluster.url, log=folder / "server.log", program=program, runner=runner)
        return _traced(Trial("sync before answer, postgresql"), server, trace)


def _traced(trial: Trial, server: ServerProcess, trace: Path) -> Trial:
    history = History()
    with listening() as listener:
        try:
            server.start()
            client = Client(server.port)
            client.send("POST", CUSTOMER.removesuffix("customer") + "hub", {"callback": listener.url})
            history.shared.id = client.send("POST", CUSTOMER, {"name": "s", "engagedParty": {"id": "5"}}).body["id"]
            with Writers(history, [server.port]):
                time.sleep(_SECONDS)
        finally:
            server.stop_group()
    evidence = judge(trace.read_text(encoding="utf-8", errors="replace").splitlines())
    acknowledged = [
        (life.token, write.version)
        for life in history.lives
        for write in life.writes
        if write.outcome == ACKNOWLEDGED and write.kind != "delete"
    ]
    trial.rounds = len(acknowledged)
    trial.lose([*evidence.losses(acknowledged), *history.refusals])
    if not evidence.syncs:
        trial.lose(["no sync was seen"])
    trial.count(history)
    trial.remarks.append(f"{evidence.syncs} syncs, {len(evidence.told)} markers told")
    return trial
