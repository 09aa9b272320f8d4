"""Our own server, as an operator starts it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.process import ServerProcess, free_port

__all__ = ["CUSTOMER", "tmfkit_server"]

CUSTOMER = "/tmf-api/customerManagement/v4/customer"


def tmfkit_server(
    store: str,
    *,
    log: Path,
    workers: int = 1,
    program: Sequence[str] = ("-m", "tmfkit_server.cli"),
    runner: Sequence[str] = (),
    options: Sequence[str] = (),
) -> ServerProcess:
    """Return a server that is not started yet.

    Args:
        store: Its ``--store``.
        log: File for what it prints.
        workers: Its ``--workers``.
        program: What Python runs; a negative control puts a sabotaged program in its place.
        runner: Command that runs Python, such as a tracer.
        options: Further options of ``run``.
    """
    port = free_port()
    command = [
        *runner,
        sys.executable,
        *program,
        "run",
        "--port",
        str(port),
        "--store",
        store,
        "--workers",
        str(workers),
        *options,
    ]
    return ServerProcess(f"tmfkit-server --store {store}", command, log=log, port=port, ready_path="/health/live")
