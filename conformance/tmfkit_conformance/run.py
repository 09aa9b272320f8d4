"""One run: every probe of the plan against one target, recorded in a bundle."""

from __future__ import annotations

import contextlib
import functools
import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from tmfkit_conformance.contact.first_contact import Acquaintance, acquaint
from tmfkit_conformance.drive.client import Client, Recorder, run_clock
from tmfkit_conformance.drive.interruption import Interrupted, Interruption
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.drive.probes import PROBES
from tmfkit_conformance.drive.receipt import Receipt
from tmfkit_conformance.drive.schedule import run, scheduled
from tmfkit_conformance.drive.sentinels import Watchpost, moments
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.errors import KitDefect, KitError
from tmfkit_conformance.plan import plan, probes
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.lifecycle import Sentinels
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract, Resource

__all__ = ["Progress", "drive"]

Progress = Callable[[str, int, int], None]
"""Called with the phase, how many of its parts are done, and how many there are."""


def _unwatched(_phase: str, _done: int, _all: int) -> None:
    """Nobody is told how far a run is."""


def drive(
    contract: Contract,
    settings: Settings,
    progress: Progress = _unwatched,
    *,
    only: Collection[str] = (),
    receipt_path: Path | None = None,
    interruption: Interruption | None = None,
) -> Bundle:
    """Drive the phases that the settings name, and return what was recorded.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        progress: Told how far the run is.
        only: Ids of the requirements to drive the probes of; all when empty.
        receipt_path: File that what the run makes is written to as it goes; None for no file.
        interruption: Says when the run is to end; what was recorded until then is returned all the same.

    Raises:
        TargetUnreachable: The target does not answer.
        NoApi: What answers is no API.
        UsageError: The listener's address cannot be used.
    """
    clock, started = run_clock(), datetime.now(UTC)
    settings = replace(settings, seed=settings.seed or secrets.token_hex(8))
    recorder = Recorder(settings.secret_headers, clock, secrets=settings.secrets)
    with contextlib.ExitStack() as stack:
        client = Client(settings, recorder)
        stack.callback(client.close)
        listener = (
            stack.enter_context(Listener(settings.listener_bind, settings.listener_url, clock))
            if settings.listener
            else None
        )
        receipt = Receipt(receipt_path, lambda admin: recorder.shown(client.credentials(admin=admin)))
        stack.callback(receipt.close)
        ended = interruption or Interruption()
        session = Session(contract, settings, client, listener, receipt=receipt, interruption=ended)
        known = Acquaintance()
        with contextlib.suppress(Interrupted):  # a verdict is given on what was recorded, and says so
            _phases(session, recorder, progress, only, known, listener_url=listener.url if listener else "")
        return Bundle(
            run={
                **_about(contract, settings, session, clock()),
                "started": _instant(started),
                "ended": _instant(datetime.now(UTC)),
                **_learned(session, known, listener.asked if listener else {}),
                **_ending(receipt, ended),
            },
            probes=tuple(session.records),
            exchanges=tuple(recorder.exchanges),
            notifications=listener.received if listener else (),
        )


def _phases(
    session: Session,
    recorder: Recorder,
    progress: Progress,
    only: Collection[str],
    known: Acquaintance,
    *,
    listener_url: str,
) -> None:
    """Get acquainted, run the phases while a record of each resource lasts, and delete what is left of it all."""
    wanted = _wanted(session.contract, session.settings, only)
    try:
        # Where more than one request is sent at a time, what this makes is deleted beside the first probes.
        session.sweeps = session.settings.parallel == 1 or not wanted
        acquaint(session, _resources(session.contract, wanted if only else ()), known)
        session.sweeps = True
        watchpost = Watchpost(session.beside(), _watched(session.contract, wanted if only else (), wanted))
        if wanted:
            _register_phase(session, progress, wanted, watchpost)
            session.interruption.check()
        if set(session.settings.phases) - {REGISTER} and not session.watch.ended:
            _generated_phases(session, recorder, progress, listener_url=listener_url)
        watchpost.look()
    finally:
        session.cleanup()
        order = {probe.key: number for number, probe in enumerate(wanted)}
        session.records.sort(key=lambda record: order.get(record.key, -1))


def _register_phase(
    session: Session, progress: Progress, wanted: Collection[PlannedProbe], watchpost: Watchpost
) -> None:
    """Make the records that are to last, and drive every probe; after some of them further such records are made."""
    contract, parallel = session.contract, session.settings.parallel
    planned = scheduled(contract, wanted, parallel=parallel)
    more = moments(planned.recording, session.contents)

    def drive_and_make(probe: PlannedProbe) -> None:
        _drive(session.beside(), probe)
        for _ in range(more.get(probe.key, 0)):
            watchpost.make_more()

    run(
        planned,
        drive_and_make,
        begin=(watchpost.make, functools.partial(session.take_away, session.ledger.leftovers())),
        parallel=parallel,
        progress=lambda done, total: progress(REGISTER, done, total),
    )


def _wanted(contract: Contract, settings: Settings, only: Collection[str]) -> tuple[PlannedProbe, ...]:
    """Return the probes of the register phase that are to be driven."""
    if REGISTER not in settings.phases:
        return ()
    return probes(tuple(case for case in plan(contract) if not only or case.requirement.id in only))


def _resources(contract: Contract, wanted: Collection[PlannedProbe]) -> tuple[Resource, ...]:
    """Return the resources that probes are about; all of them for none, and where a hub may tell of any."""
    about = [contract.operation(probe.operation) for probe in wanted]
    if not about or any(operation.action in ("register", "unregister") for operation in about):
        return contract.resources
    names = {operation.resource for operation in about}
    return tuple(resource for resource in contract.resources if resource.name in names)


def _watched(contract: Contract, about: Collection[PlannedProbe], wanted: Collection[PlannedProbe]) -> Iterator[str]:
    """Yield the resources of which a record is to last through the phase: those that the run is about."""
    if any(probe.probe.beside is Sentinels for probe in wanted):
        yield from (resource.name for resource in _resources(contract, about))


def _generated_phases(session: Session, recorder: Recorder, progress: Progress, *, listener_url: str) -> None:
    """Drive what Schemathesis generates, in the dialect that the register phase found."""
    # Imported here, because Schemathesis takes most of a second to load and the register phase has no use for it.
    from tmfkit_conformance.drive import generated

    generated.drive(
        session.contract,
        session.settings,
        recorder,
        progress,
        receipt=session.ledger.receipt,
        settling=session.settling,
        interruption=session.interruption,
        dialect=session.dialect,
        listener_url=listener_url,
    )


def _drive(session: Session, probe: PlannedProbe) -> None:
    if probe.probe not in PROBES:
        raise KitDefect(probe.key, "no function drives this probe", "Report it with the contract's digest")
    try:
        with session.probing(probe):
            PROBES[probe.probe](session, probe.subject)
    except Exception as exc:
        # What fails is written down with its probe, and must not take away what the others found.
        if isinstance(exc, KitError) and not isinstance(exc, KitDefect):
            raise


def _ending(receipt: Receipt, interruption: Interruption) -> dict[str, object]:
    """Return what the run leaves, and what ended it where that was a signal."""
    left = [entry.address for entry in receipt.left()]
    ended = {"interrupted": interruption.cause} if interruption.cause else {}
    return {"left_behind": left, "receipt": receipt.to_json(), "receipt_sha256": receipt.sha256, **ended}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _about(contract: Contract, settings: Settings, session: Session, seconds: float) -> dict[str, object]:
    return {
        "api": contract.id,
        "contract_sha256": contract.sha256,
        "kit_version": metadata.version("tmfkit"),
        "base_url": settings.base_url,
        "subject": settings.subject,
        "operator": settings.operator,
        "settings": settings.to_json(),
        "seed": settings.seed,
        "phases": list(settings.phases),
        "listener": settings.listener,
        "listener_vouched": bool(settings.listener_url),
        "configured": _configured(settings),
        "patch_media": session.media,
        "dialect": {name: names for name, names in session.dialect.items() if names},
        "seconds": round(seconds, 2),
    }


def _configured(settings: Settings) -> list[str]:
    """Return every entry of ``payloads`` and ``values``, as one line each."""
    shown = (("payloads", settings.shown_payloads), ("values", settings.shown_values))
    entries = (
        (f"{kind}.{name}.{key}", value)
        for kind, configured in shown
        for name, own in configured.items()
        for key, value in own.items()
    )
    return [f"{entry}: {json.dumps(value, ensure_ascii=False)}" for entry, value in entries]


def _demanded(methods: Collection[str]) -> Iterator[str]:
    """Yield which changes are refused without an If-Match."""
    if methods:
        yield f"{', '.join(methods)} without If-Match is answered 428: the kit sends the ETag that it read, or `*`."


def _inquiries(asked: Mapping[str, int]) -> Iterator[str]:
    """Yield what the target asked at callbacks, which is no notification."""
    if asked:
        yield f"At its callbacks the kit was asked by {', '.join(asked)}, and said that somebody is there."


def _learned(session: Session, known: Acquaintance, asked: Mapping[str, int]) -> dict[str, object]:
    ended = [f"The run ended early: {session.watch.ended}."] if session.watch.ended else []
    return {
        "contact": [*known.sentences, *_demanded(session.conditional), *_inquiries(asked), *ended],
        "asked_at_callbacks": dict(asked),
        "unseen": list(known.unseen),
        "lost_since": session.watch.lost_since,
        "demanded": {name: demand.to_json() for name, demand in known.demands.items()},
        "refused": {name: list(refused) for name, refused in session.refused.items() if refused},
        "lag_ms": round(session.settling.lag_seconds * 1000),
    }
