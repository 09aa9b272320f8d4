"""Moving a store to the other kind and back: nothing is lost on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from faultlab.stages import store_in
from faultlab.trial import Trial
from harness.database import database

__all__ = ["round_trip"]


def round_trip(folder: Path, *, documents: int) -> Trial:
    """Import documents into a file, go on to a database and to a second file, and compare every export."""
    trial = Trial("export and import, both stores", rounds=documents)
    lines = folder / "lines"
    _write(lines, documents)
    wanted = list(map(json.loads, lines.read_bytes().splitlines()))
    with database() as cluster:
        for number, store in enumerate((store_in(folder / "1.db"), cluster.url, store_in(folder / "2.db"))):
            exported = folder / f"exported{number}"
            said = _command("import", store, lines) or _command("export", store, exported)
            if said:
                trial.lose([said])
                break
            if list(map(json.loads, exported.read_bytes().splitlines())) != wanted:
                trial.lose(["the export is not what was imported"], store)
            lines = exported
    return trial


def _write(lines: Path, documents: int) -> None:
    """Write an export by hand."""
    entries = (
        {"id": str(number), "name": f"Näme {number}", "rank": number / 4, "tags": [{"n": number}, None, True]}
        for number in range(documents)
    )
    with lines.open("w", encoding="utf-8") as file:
        file.write('{"tmfkit":"store","format":1}\n')
        for body in entries:
            entry = {"collection": "tmf629-v4:customer", "id": body["id"], "body": body}
            file.write(json.dumps({"record": entry}) + "\n")
        file.write(json.dumps({"end": {"entries": documents}}) + "\n")


def _command(name: str, store: str, file: Path) -> str:
    """Run a command of the server; return what is wrong with its end, a missing progress bar included."""
    command = [sys.executable, "-m", "tmfkit_server.cli", name, "--store", store, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"{name} of {store}: status {done.returncode}, it said {done.stderr.strip()}"
    return "" if f"{name}ing" in done.stderr else f"{name} of {store} shows no progress"
