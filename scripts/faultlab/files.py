"""What start-up does with files that a fault left behind: damaged pages, no permission to write."""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faultlab.audit import look, losses_of_state
from faultlab.client import Client
from faultlab.history import History
from faultlab.stages import PROGRAM, TinydbStage, store_in
from faultlab.trial import Trial
from faultlab.writers import Writers
from harness.errors import HarnessError
from harness.process import ServerProcess
from harness.tmfkit import CUSTOMER, tmfkit_server

__all__ = ["damaged_file", "killed_store", "read_only_start", "serving", "unclear"]

_WRITING_SECONDS = 1.5
_END_SECONDS = 30.0
_DAMAGED_BYTES = 2048
# Takes root's right to write everywhere, so that the permissions of a file mean something.
_RIGHTS = "-dac_override,-dac_read_search"
_AS_ANYBODY = ("setpriv", "--inh-caps", _RIGHTS, "--bounding-set", _RIGHTS)


def damaged_file(folder: Path, *, rounds: int, seed: int) -> Trial:
    """Overwrite parts of the file: start-up refuses it and leaves it alone, or nothing that matters was hit."""
    trial, chance = Trial("damaged file, tinydb"), random.Random(seed)  # noqa: S311
    history, left = killed_store(folder / "left", end_cleanly=True)
    for number in range(1, rounds + 1):
        copy = folder / f"damaged{number}"
        shutil.copytree(left, copy)
        file = copy / "store.db"
        content = bytearray(file.read_bytes())
        # The first time its head.
        at = chance.randrange(len(content) - _DAMAGED_BYTES) if number > 1 else 0
        content[at : at + _DAMAGED_BYTES] = chance.randbytes(_DAMAGED_BYTES)
        file.write_bytes(content)
        trial.lose(_refusal(copy, history, hashlib.sha256(content).digest()), f"damaged at byte {at}")
        trial.rounds += 1
    trial.count(history)
    return trial


def read_only_start(folder: Path) -> Trial:
    """Start on a file that cannot be written to: a clear refusal, and everything is there once it can be."""
    trial = Trial("read-only file at start, tinydb", rounds=1)
    history, left = killed_store(folder / "left", end_cleanly=True)
    file = left / "store.db"
    before = file.read_bytes()
    modes = {each: each.stat().st_mode for each in (*left.iterdir(), left)}
    for each in modes:
        each.chmod(0o555 if each.is_dir() else 0o444)
    server = tmfkit_server(store_in(file), log=folder / "refused.log", runner=_AS_ANYBODY)
    server.launch()
    trial.lose(unclear(server, file))
    for each, mode in modes.items():
        each.chmod(mode)
    if file.read_bytes() != before:
        trial.lose(["the file was changed"])
    with serving(left) as port:
        trial.lose(losses_of_state(port, history, look(port, history.lives)), "writable again")
    trial.count(history)
    return trial


def killed_store(folder: Path, *, end_cleanly: bool = False) -> tuple[History, Path]:
    """Write for a while, end the server, and return what was written and the folder that is left."""
    folder.mkdir(parents=True)
    stage, history = TinydbStage(folder), History()
    server = stage.servers[0]
    try:
        stage.restore()
        history.shared.id = _shared(server)
        with Writers(history, [server.port]):
            time.sleep(_WRITING_SECONDS)
            if not end_cleanly:
                server.kill()
        server.stop()
    finally:
        server.kill()
    return history, folder


def _shared(server: ServerProcess) -> str:
    return str(Client(server.port).send("POST", CUSTOMER, {"name": "shared", "engagedParty": {"id": "5"}}).body["id"])


def _refusal(folder: Path, history: History, digest: bytes) -> list[str]:
    file = folder / "store.db"
    server = tmfkit_server(store_in(file), log=folder / "server.log")
    try:
        server.start()
    except HarnessError:
        changed = hashlib.sha256(file.read_bytes()).digest() != digest
        return unclear(server, file) + (["the damaged file was changed"] if changed else [])
    try:
        # It serves, so what was hit must have been empty space: everything is there.
        return losses_of_state(server.port, history, look(server.port, history.lives))
    finally:
        server.stop()


def unclear(server: ServerProcess, file: Path) -> list[str]:
    """Return what is wrong with a refusal: the server has to end soon, with a message that names the file."""
    status = server.wait(_END_SECONDS)
    server.kill()
    said = server.said()
    losses = []
    if not status:
        losses.append(f"the server did not refuse: status {status}; it said {said!r}")
    if str(file) not in said or "Traceback" in said:
        losses.append(f"the refusal is not clear: {said!r}")
    return losses


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Give the port of a server on the store of a folder."""
    stage = TinydbStage(folder, PROGRAM)
    try:
        stage.restore()
        yield stage.servers[0].port
    finally:
        stage.servers[0].kill()
