"""One run: every probe of the plan against one target, recorded in a bundle."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection
from importlib import metadata

from tmfkit_conformance.drive.client import Client, Recorder, run_clock
from tmfkit_conformance.drive.dialect import detect
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.drive.probes import PROBES
from tmfkit_conformance.drive.session import MissingPrerequisite, ProbeAborted, Session
from tmfkit_conformance.errors import KitDefect, KitError
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.plan import plan, probes
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract

__all__ = ["Progress", "drive"]

Progress = Callable[[str, int, int], None]
"""Called with the phase, how many of its parts are done, and how many there are."""


def drive(contract: Contract, settings: Settings, progress: Progress, *, only: Collection[str] = ()) -> Bundle:
    """Drive the phases that the settings name, and return what was recorded.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        progress: Told how far the run is.
        only: Ids of the requirements to drive the probes of; all when empty.

    Raises:
        TargetUnreachable: The target does not answer.
        UsageError: The listener's address cannot be used.
    """
    clock = run_clock()
    recorder = Recorder(settings.secret_headers, clock, secrets=settings.secrets)
    with contextlib.ExitStack() as stack:
        client = Client(settings, recorder)
        stack.callback(client.close)
        client.probe()
        listener = (
            stack.enter_context(Listener(settings.listener_bind, settings.listener_url, clock))
            if settings.listener
            else None
        )
        session = Session(contract, settings, client, listener)
        left: list[str] = []
        if REGISTER in settings.phases:
            left += _register_phase(session, progress, only)
        if set(settings.phases) - {REGISTER}:
            left += _generated_phases(session, recorder, progress, listener_url=listener.url if listener else "")
        return Bundle(
            run={**_about(contract, settings, session, clock()), "left_behind": left},
            probes=tuple(session.records),
            exchanges=tuple(recorder.exchanges),
            notifications=listener.received if listener else (),
        )


def _register_phase(session: Session, progress: Progress, only: Collection[str]) -> list[str]:
    """Drive every probe, and delete what they made, also when one of them fails; return what may remain."""
    cases = plan(session.contract)
    wanted = probes(tuple(case for case in cases if not only or case.requirement.id in only))
    try:
        detect(session)
        for number, probe in enumerate(wanted):
            progress(REGISTER, number, len(wanted))
            _drive(session, probe)
        progress(REGISTER, len(wanted), len(wanted))
    finally:
        left = session.cleanup()
    return left


def _generated_phases(session: Session, recorder: Recorder, progress: Progress, *, listener_url: str) -> list[str]:
    """Drive what Schemathesis generates, in the dialect that the register phase found; return what may remain."""
    # Imported here, because Schemathesis takes most of a second to load and the register phase has no use for it.
    from tmfkit_conformance.drive import generated

    return generated.drive(
        session.contract, session.settings, recorder, progress, dialect=session.dialect, listener_url=listener_url
    )


def _drive(session: Session, probe: PlannedProbe) -> None:
    if probe.probe not in PROBES:
        raise KitDefect(probe.key, "no function drives this probe", "Report it with the contract's digest")
    session.begin(probe)
    try:
        PROBES[probe.probe](session, probe.subject)
    except MissingPrerequisite as lacking:
        session.end(lacking=str(lacking))
    except OverrideInTheWay as prevented:
        session.end(lacking=str(prevented))
    except ProbeAborted as ended:
        session.end(ended=str(ended))
    except Exception as exc:
        if isinstance(exc, KitError) and not isinstance(exc, KitDefect):
            raise
        # A probe that fails must not take away what the others found.
        session.end(failure=f"{type(exc).__name__}: {exc}")
    else:
        session.end()


def _about(contract: Contract, settings: Settings, session: Session, seconds: float) -> dict[str, object]:
    return {
        "api": contract.id,
        "contract_sha256": contract.sha256,
        "kit_version": metadata.version("tmfkit"),
        "base_url": settings.base_url,
        "phases": list(settings.phases),
        "listener": settings.listener,
        "configured": _configured(settings),
        "dialect": {name: names for name, names in session.dialect.items() if names},
        "seconds": round(seconds, 2),
    }


def _configured(settings: Settings) -> list[str]:
    """Return every entry of ``payloads`` and ``values``, as one line each."""
    payloads = [
        (f"payloads.{name}.{key}", value) for name, own in settings.payloads.items() for key, value in own.items()
    ]
    values = [(f"values.{name}.{key}", value) for name, own in settings.values.items() for key, value in own.items()]
    return [f"{entry}: {json.dumps(value)}" for entry, value in (*payloads, *values)]
