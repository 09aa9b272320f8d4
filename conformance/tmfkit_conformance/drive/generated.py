"""The generated phases: Schemathesis makes requests from the contract, the kit steers and records them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from unittest import mock

import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers
from schemathesis.core.errors import HookExecutionError
from schemathesis.engine import events
from schemathesis.engine.context import EngineContext
from schemathesis.engine.core import ExecutionPlan
from schemathesis.engine.run import Phase, PhaseName
from schemathesis.schemas import BaseSchema

from tmfkit_conformance.drive import engine_input
from tmfkit_conformance.drive.addresses import address, in_path
from tmfkit_conformance.drive.cleanup import GeneratedResources, Leftover, taken_away
from tmfkit_conformance.drive.client import Client, Recorder
from tmfkit_conformance.drive.hooks import Hooks
from tmfkit_conformance.drive.interruption import Interruption
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.drive.receipt import Receipt
from tmfkit_conformance.drive.settling import Settling
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.rules.phases import PHASES, REGISTER
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract

__all__ = ["drive"]


def drive(
    contract: Contract,
    settings: Settings,
    recorder: Recorder,
    progress: Callable[[str, int, int], None],
    *,
    receipt: Receipt,
    settling: Settling | None = None,
    interruption: Interruption | None = None,
    dialect: Mapping[str, Mapping[str, str]] | None = None,
    listener_url: str = "",
) -> None:
    """Drive the generated phases that the settings name; after each one, delete what it made.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        recorder: Where exchanges are written down.
        progress: Called with the phase, how many of its parts are done, and how many there are.
        receipt: Where what was made is written down.
        settling: What the writes of the run have to show; one of their own when None.
        interruption: Says when the run is to end.
        dialect: Resource → attribute → the alias that the target takes it under.
        listener_url: Where notifications are received; empty without a listener.

    Raises:
        KitDefect: A request could not be steered or recorded.
    """
    phases = [phase for phase in PHASES if phase in settings.phases and phase != REGISTER]
    if not phases:
        return
    contents = Contents(f"{settings.seed} generated")
    resources = GeneratedResources(contract, Naming(contents, announce=settings.announce))
    with _kept_apart(), contextlib.closing(Client(settings, recorder)) as client:
        hooks = Hooks(
            contract,
            settings,
            client,
            recorder,
            resources,
            dialect=dialect or {},
            listener_url=listener_url,
            settling=settling or Settling(client, settings.settle_seconds),
        )
        unanswered: list[Leftover] = []
        try:
            for phase in phases:
                # A schema for each phase: it keeps values seen in answers, which are not to be used in requests.
                schema = _schema(contract, settings, phase)
                try:
                    with hooks.attached(schema):
                        _run(phase, schema, hooks, progress, interruption or Interruption())
                finally:
                    unanswered += taken_away(client, _leftovers(settings, resources, receipt), receipt)
                if hooks.target_is_gone:
                    break
        finally:
            taken_away(client, unanswered, receipt)


@contextlib.contextmanager
def _kept_apart() -> Iterator[None]:
    """Keep what is generated apart from where the kit is installed and run.

    Hypothesis draws values from the sources of modules outside ``site-packages``, the kit's own if it is installed
    editable, and keeps a cache in the current folder. The same run has to send the same everywhere, and to leave
    nothing behind.
    """
    # No setting turns the first one off; ``create`` covers a release that no longer has the function.
    nothing_is_local = mock.patch.object(providers, "is_local_module_file", return_value=False, create=True)
    with tempfile.TemporaryDirectory() as folder, nothing_is_local:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _schema(contract: Contract, settings: Settings, phase: str) -> BaseSchema:
    config = schemathesis.Config.from_dict(engine_input.configuration(contract, settings))
    return schemathesis.openapi.from_dict(engine_input.document(contract, settings, phase), config=config)


def _run(
    phase: str,
    schema: BaseSchema,
    hooks: Hooks,
    progress: Callable[[str, int, int], None],
    interruption: Interruption,
) -> None:
    """Run one phase.

    The plan is made by hand, because Schemathesis' own one opens with requests that no hook sees.
    """
    context = EngineContext(schema=schema, stop_event=threading.Event())
    hooks.begin(phase, context.stop)
    sequences = schema.config.generation_for(phase="stateful").max_examples
    parts = sequences if phase == "stateful" and sequences else schema.statistic.operations.total
    done = 0
    for event in ExecutionPlan([Phase(PhaseName(phase))]).execute(context):
        if isinstance(event, events.ScenarioFinished):
            done += 1
            progress(phase, min(done, parts), parts)
        elif isinstance(event, events.NonFatalError) and isinstance(event.value, HookExecutionError):
            raise KitDefect(
                f"{phase}, {event.label}", str(event.value), "Report it with the contract's digest"
            ) from event.value
        elif isinstance(event, events.Interrupted) and not hooks.target_is_gone:
            interruption.check()
            raise KeyboardInterrupt


def _leftovers(settings: Settings, resources: GeneratedResources, receipt: Receipt) -> Iterator[Leftover]:
    """Yield what the phase made and is still there, and write it down."""
    for operation, identifier in resources.leftovers():
        url = address(settings, operation).replace("{id}", in_path(identifier))
        yield Leftover(operation, url, receipt.made(url, is_admin="admin" in operation.roles))
