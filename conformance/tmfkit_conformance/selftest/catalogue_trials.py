"""Trials of the catalogue: the kit in a process of its own against each target, held to the time that it may take."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tmfkit_conformance.errors import KitError
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.selftest.catalogue import row_run
from tmfkit_conformance.selftest.catalogue.entries import Behaviour, Fault, NoApi, Place
from tmfkit_conformance.selftest.catalogue.fronts import fronted
from tmfkit_conformance.selftest.catalogue.said import Ran, problems
from tmfkit_conformance.selftest.hosting import DEFECT, DEPARTURES, OTHERS
from tmfkit_conformance.selftest.serving import served
from tmfkit_models import contracts

__all__ = ["Attempt", "Entry", "Trial", "attempts", "tried"]

Entry = Behaviour | NoApi | Fault

_AT_ONCE: Final = 2
_BESIDES_SECONDS: Final = 10.0
"""What a process may take to start and to end, besides what the kit may take."""

_PREPARING_SECONDS: Final = 300.0
_NO_API: Final = "tmf629-v4"
"""The API that is asked for where none is."""


@dataclass(frozen=True)
class Attempt:
    """What is to be tried.

    Attributes:
        entry: The entry of the catalogue.
        api: Id of the API.
        whole: Whether the whole register is driven.
    """

    entry: Entry
    api: str
    whole: bool = True

    @property
    def because(self) -> str:
        """Why the target may be as it is; empty where it may not."""
        return self.entry.because if isinstance(self.entry, Behaviour) else ""

    @property
    def label(self) -> str:
        """What it is called in a list."""
        return f"{self.entry.id} {self.api}{' whole' if self.whole and isinstance(self.entry, Behaviour) else ''}"


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes:
        attempt: What was tried.
        problems: What the kit did wrong; nothing when the entry is as it should be.
        seconds: How long the kit took.
    """

    attempt: Attempt
    problems: tuple[str, ...]
    seconds: float


def attempts(entries: Iterable[Entry], apis: Iterable[str] = ()) -> list[Attempt]:
    """Return what is to be tried of entries, with every API that an entry names, or with those of *apis* only."""
    found: list[Attempt] = []
    for entry in entries:
        if isinstance(entry, NoApi):
            found.append(Attempt(entry, _NO_API))
        elif isinstance(entry, Fault):
            found += [Attempt(entry, api) for api in entry.apis]
        else:
            found += [Attempt(entry, api, api in entry.whole) for api in entry.tried_apis]
    wanted = set(apis)
    return [attempt for attempt in found if not wanted or attempt.api in wanted]


def tried(factory: str, told: Mapping[str, Any], chosen: Iterable[Attempt]) -> Iterator[Trial]:
    """Make attempts, two at a time, and yield what came of each as it is known.

    Args:
        factory: The sound application, as ``served`` takes it.
        told: What the kit is told for every target, as in a configuration file.
        chosen: What is to be tried.
    """
    with contextlib.ExitStack() as stack:
        servers: queue.SimpleQueue[str] = queue.SimpleQueue()
        for _ in range(_AT_ONCE):
            servers.put(stack.enter_context(served(factory)))

        def one(attempt: Attempt) -> Trial:
            server = servers.get()
            try:
                return _tried(factory, server, told, attempt)
            except (KitError, httpx.HTTPError) as exc:
                return Trial(attempt, (f"it could not be tried: {exc}",), 0.0)
            finally:
                servers.put(server)

        pool = ThreadPoolExecutor(_AT_ONCE)
        stack.callback(pool.shutdown, cancel_futures=True)
        for future in as_completed([pool.submit(one, attempt) for attempt in chosen]):
            yield future.result()


def _tried(factory: str, server: str, told: Mapping[str, Any], attempt: Attempt) -> Trial:
    entry = attempt.entry
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if isinstance(entry, NoApi):
            place = Place(server, contracts.load(attempt.api).base_path, str(folder))
            ran = _ran_nowhere(entry, place, attempt.api, str(told.get("bearer", "")))
            return Trial(attempt, problems(entry, ran), ran.seconds)
        if isinstance(entry, Behaviour) and entry.others:
            # Lists show what others do, so that a target with many others has a server for itself.
            server = stack.enter_context(served(factory))
            _make_others(server, told, attempt.api, entry.others)
        behind = f"{server}/broken/{attempt.api}/{entry.id}"
        front = entry.front if isinstance(entry, Behaviour) else None
        host = stack.enter_context(fronted(server, front, folder)) if front else server
        ran = _ran(attempt, {**told, **_configured(attempt, host, folder)}, folder)
        faults = problems(entry, ran, whole=attempt.whole)
        if not front:
            is_avoided = isinstance(entry, Behaviour) and entry.avoided
            faults += tuple(_by_accident(behind, is_avoided=is_avoided))
        return Trial(attempt, faults, ran.seconds)


def _make_others(server: str, told: Mapping[str, Any], api: str, number: int) -> None:
    """Make resources of others, of each kind that the API has."""
    contract = contracts.load(api)
    headers = {"Authorization": f"Bearer {told['bearer']}"} if "bearer" in told else {}
    for resource in contract.resources:
        body = Payloads(contract, resource, {}, {}, {}).minimal()
        url = f"{server}/{OTHERS}/{api}/{resource.name}/{number}"
        httpx.post(url, json=body, headers=headers, trust_env=False, timeout=_PREPARING_SECONDS).raise_for_status()


def _by_accident(behind: str, *, is_avoided: bool) -> Iterator[str]:
    """Yield why nothing is shown by a trial: the target failed by itself, or it did nothing unusual.

    Of what the kit is to avoid it is the other way round.
    """
    headers = httpx.get(f"{behind}/", trust_env=False, timeout=_PREPARING_SECONDS).headers
    if headers.get(DEFECT):
        yield f"the target failed by accident: {headers[DEFECT]}"
    if is_avoided and headers.get(DEPARTURES):
        yield "the target did what the kit is to give it no occasion for"
    if not is_avoided and not headers.get(DEPARTURES):
        yield "the target never did what it is there for"


def _configured(attempt: Attempt, host: str, folder: Path) -> dict[str, Any]:
    """Return what the kit is told of a target, its address included."""
    entry, contract = attempt.entry, contracts.load(attempt.api)
    assert not isinstance(entry, NoApi)
    origin = f"{host}/broken/{attempt.api}/{entry.id}"
    meant = {"{origin}": origin, "{authority}": str(folder / "authority.pem"), "{resource}": contract.resources[0].name}
    text = json.dumps(entry.configuration)
    for name, value in meant.items():
        text = text.replace(name, value)
    return {"base_url": f"{origin}{contract.base_path}", "phases": [REGISTER], **json.loads(text)}


def _ran(attempt: Attempt, configuration: Mapping[str, Any], folder: Path) -> Ran:
    """Run the kit: the command for the whole register, else the rows of the entry."""
    config, report = folder / "config.json", folder / "report"
    config.write_text(json.dumps(configuration), encoding="utf-8")
    report.mkdir()
    entry = attempt.entry
    if attempt.whole or not isinstance(entry, Behaviour):
        words = ["--api", attempt.api, "--config", str(config), "--report", str(report), "--allow-destructive"]
        command = ["tmfkit_conformance.cli", "run", *words]
    else:
        rows = entry.driven(contracts.load(attempt.api))
        command = [row_run.__name__, attempt.api, str(config), str(report), *rows]
    return _child(command, entry.seconds, report)


def _ran_nowhere(entry: NoApi, place: Place, api: str, bearer: str) -> Ran:
    """Run the command against what is no API, with the credentials that one would have."""
    folder = Path(place.folder)
    for name, text in entry.files.items():
        Path(folder, name).write_text(text, encoding="utf-8")
    with entry.target(place) as url:
        words = ["run", "--api", api, *([] if "--base-url" in entry.options or not url else ["--base-url", url])]
        words += ["--phase", REGISTER, "--report", str(folder / "report"), *(["--bearer", bearer] if bearer else [])]
        words += [option.replace("{folder}", place.folder) for option in entry.options]
        return _child(["tmfkit_conformance.cli", *words], entry.seconds, folder / "report")


def _child(command: list[str], seconds: float, report: Path) -> Ran:
    """Run a module of the kit in a process of its own, and end it when it takes too long."""
    begun = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - it is the kit itself
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=seconds + _BESIDES_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Ran(None, "", "", time.monotonic() - begun, {})
    file = report / "report.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - begun, found)
