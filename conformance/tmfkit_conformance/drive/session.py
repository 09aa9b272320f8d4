"""What probes work with: the operations of the contract as calls, the things made so far, the listener."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Never
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.addresses import Addresses
from tmfkit_conformance.drive.cleanup import RegisterResources, taken_away
from tmfkit_conformance.drive.client import SILENCE_LIMIT, Client
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.payloads.messages import sendable
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_conformance.rules.answers import CONSUMES
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.probes import Facts, Step
from tmfkit_conformance.rules.queries import FIELDS
from tmfkit_conformance.rules.rule import PlannedProbe, Scenario
from tmfkit_conformance.rules.upkeep import Dialect
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Action, Contract, Operation, Requirement

__all__ = ["PARTIAL", "MissingPrerequisite", "ProbeAborted", "Session"]

PARTIAL = ("application/merge-patch+json", "application/json")
"""Media types of a patch that is a partial object."""


class ProbeAborted(Exception):  # noqa: N818 - not an error: the probe cannot go on
    """What a probe starts from was refused, so its remaining steps have no meaning."""


class MissingPrerequisite(Exception):  # noqa: N818 - not an error: the kit lacks means
    """The kit has not what the probe needs: a credential, a listener, a permission."""


class Session:
    """One run against one target.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        client: Sends and records.
        listener: Receives notifications; None when the kit may not open one.
    """

    def __init__(self, contract: Contract, settings: Settings, client: Client, listener: Listener | None) -> None:
        self.contract = contract
        self.settings = settings
        self.dialect: dict[str, dict[str, str]] = {resource.name: {} for resource in contract.resources}
        self.records: list[ProbeRecord] = []
        self._client = client
        self._listener = listener
        self._probe = PlannedProbe(Dialect, "")
        self._facts: Facts | None = None
        self._addresses = Addresses(contract, settings, self.dialect)
        self._made = RegisterResources(contract, self._addresses.of)
        self._numbers = itertools.count(1)
        self._registrations: list[tuple[str, str]] = []
        self._about = ""
        self._silence = 0
        self._run_name = uuid.uuid4().hex[:8]

    def begin(self, probe: PlannedProbe) -> None:
        """Start a probe: what is sent from now on belongs to it."""
        self._probe, self._facts, self._registrations = probe, None, []

    def end(self, *, lacking: str = "", ended: str = "", failure: str = "") -> None:
        """Write down how the probe went."""
        facts = self._facts.to_json() if self._facts else {}
        self.records.append(ProbeRecord(self._probe.key, lacking, ended, facts, failure))

    def note(self, facts: Facts) -> None:
        """Write down what no exchange shows; KitDefect when these are not the facts of the probe."""
        if type(facts) is not self._probe.probe.facts:
            raise self._undeclared(f"the facts {type(facts).__name__}")
        self._facts = facts

    @property
    def operation(self) -> Operation:
        """The operation that the probe is about."""
        return self.contract.operation(self._probe.operation)

    @property
    def resource_name(self) -> str:
        """The resource that the probe is about; the first one for a hub shared by all."""
        return self._about or self.operation.resource or self.contract.resources[0].name

    @contextlib.contextmanager
    def about(self, resource: str) -> Iterator[None]:
        """Work on another resource than the operation's for a while."""
        before, self._about = self._about, resource
        try:
            yield
        finally:
            self._about = before

    def also_selected(self) -> list[str]:
        """Return the pointers that a row on ``fields`` selects beside its subject."""
        rows = (
            row
            for row in self.contract.requirements
            if (row.kind, row.reason) == (FIELDS.name, "")
            and (row.operation, row.subject) == (self._probe.operation, self._probe.subject)
        )
        return [pointer for row in rows for pointer in FIELDS.expect_of(row).also]

    @property
    def row(self) -> Requirement:
        """The row that the probe is for; only probes of a single row have one."""
        return self.contract.requirement(self._probe.row)

    @property
    def is_for_one_row(self) -> bool:
        """Whether the probe is for a single row."""
        return bool(self._probe.row)

    @property
    def scenario(self) -> Scenario[Any, Any] | None:
        """The scenario that is played; None when the probe is for other rows."""
        return self._probe.scenario

    @property
    def listener(self) -> Listener:
        """The listener; MissingPrerequisite when the kit may not open one."""
        if self._listener is None:
            raise MissingPrerequisite("a listener: the configuration says `listener: false`")
        return self._listener

    @property
    def payloads(self) -> Payloads:
        """Makes bodies for the resource that the probe is about."""
        return self.payloads_of(self.resource_name)

    def payloads_of(self, name: str) -> Payloads:
        """Make bodies for the resource *name*, in the dialect that the target took."""
        settings = self.settings
        return Payloads(
            self.contract,
            self.contract.resource(name),
            settings.payloads.get(name, {}),
            settings.values.get(name, {}),
            self.dialect[name],
        )

    def number(self) -> int:
        """Return a number not used before in this run."""
        return next(self._numbers)

    def call(
        self,
        action: Action,
        step: Step,
        *,
        identifier: str = "",
        body: Any = None,
        media_type: str = "",
        query: Mapping[str, str] | str = "",
        headers: Mapping[str, str] | None = None,
        admin: bool | None = None,
        resource: str = "",
    ) -> Exchange:
        """Do *action* on the probe's resource and record it under *step*.

        Args:
            action: Action of the contract: ``create``, ``retrieve`` and so on.
            step: The step.
            identifier: Id in the path.
            body: A JSON value, or raw bytes.
            media_type: Content-Type; by default the operation's first where there is a body.
            query: Query parameters, or a query string that is sent as it stands.
            headers: More headers.
            admin: Whether to use the credentials of the role admin; by default where the operation is for that role.
            resource: Another resource than the probe's.

        Returns:
            The exchange. Raises ProbeAborted when the contract has no such operation.
        """
        operation = self.contract.action(action, resource or self.resource_name)
        if operation is None:
            raise ProbeAborted(f"the contract has no operation to {action} a {resource or self.resource_name}")
        if body is not None and not media_type:
            media_type = operation.consumes[0] if operation.consumes else "application/json"
        as_admin = "admin" in operation.roles if admin is None else admin
        url = self._addresses.of(operation, identifier) + self._query(query)
        exchange = self.request(
            operation.method,
            url,
            step,
            body=body,
            media_type=media_type,
            headers=headers,
            admin=as_admin,
            operation=operation.id,
        )
        self._made.observe(operation, operation.resource or self.resource_name, url, exchange)
        if as_admin and not self.settings.admin_headers and exchange.status in (401, 403):
            self.lack("a credential for the role admin: configure `admin_headers` (or --admin-header)")
        return exchange

    def request(self, method: str, url: str, step: Step, *, operation: str = "", **sent: Any) -> Exchange:
        """Send any request and record it under *step*.

        Raises:
            ProbeAborted: The target has stopped answering; nothing more is sent.
            KitDefect: The probe has no such step.
        """
        if not self._probe.probe.declares(step):
            raise self._undeclared(f"the step {step.name!r}")
        if self._silence >= SILENCE_LIMIT:
            raise ProbeAborted(f"the target left {SILENCE_LIMIT} requests one after the other without an answer")
        exchange = self._client.send(
            method, url, phase=REGISTER, probe=self._probe.key, step=step.name, operation=operation, **sent
        )
        self._silence = 0 if exchange.response else self._silence + 1
        return exchange

    def created(self, step: Step, body: dict[str, Any] | None = None, *, resource: str = "") -> Exchange:
        """Create what a probe starts from.

        Raises:
            ProbeAborted: The create was refused.
        """
        exchange = self.call(
            "create",
            step,
            body=self.payloads_of(resource or self.resource_name).minimal() if body is None else body,
            resource=resource,
        )
        if not exchange.is_success or not exchange.identifier:
            self.stop(f"the {step} that this check starts from", exchange)
        return exchange

    def created_beside(self, step: Step, body: dict[str, Any], control: Step, smaller: dict[str, Any]) -> Exchange:
        """Create what a row is about; where that is refused, create its control as well.

        Raises:
            ProbeAborted: The create was refused.
        """
        made = self.call("create", step, body=body)
        if not made.is_success or not made.identifier:
            self.call("create", control, body=smaller)
            self.stop(f"the {step}", made)
        return made

    @staticmethod
    def stop(what: str, exchange: Exchange) -> Never:
        """End the probe, because *what* was not answered with success."""
        seen = f"was answered {exchange.status}" if exchange.response else f"got no answer ({exchange.error})"
        raise ProbeAborted(f"{what} {seen} (exchange {exchange.sequence})")

    def patch(self, step: Step, identifier: str, changes: dict[str, Any]) -> Exchange:
        """Patch with the media type that the document itself asks for."""
        return self.call("patch", step, identifier=identifier, body=changes, media_type=self.patch_media)

    @property
    def patch_media(self) -> str:
        """Media type of a partial object: the one that a must row names, else the contract's first."""
        operation = self.contract.action("patch", self.resource_name)
        if operation is None:
            raise ProbeAborted(f"the contract has no operation to patch a {self.resource_name}")
        musts = [
            row
            for row in self.contract.requirements
            if row.kind == CONSUMES.name and row.operation == operation.id and row.level == "must"
        ]
        stated = [row.subject for row in musts if row.subject in PARTIAL]
        return stated[0] if stated else operation.consumes[0]

    def change(self, pointer: str, value: Any = None) -> dict[str, Any]:
        """Return a merge patch that gives *pointer* another value."""
        new = self.payloads.another(pointer) if value is None else value
        return pointers.with_value({}, self.payloads.spoken(pointer), new)

    def other_value(self, pointer: str) -> Any:
        """Return a value for an attribute that a client is not to set."""
        if pointer in ("/id", "/href"):
            return self.unused_id() if pointer == "/id" else f"https://host.example/other/{self.unused_id()}"
        return self.payloads.value(pointer, 1)

    def is_date_time(self, pointer: str) -> bool:
        """Say whether an attribute is an instant."""
        return self.contract.at(self.contract.resource(self.resource_name).schema, pointer).get("format") == "date-time"

    def listed_values(self, pointer: str) -> list[Any]:
        """Return the values that the contract lists for an attribute; empty when it lists none."""
        schema = self.contract.at(self.contract.resource(self.resource_name).schema, pointer)
        return list(schema.get("enum") or schema.get("x-tmf-values") or schema.get("examples") or ())

    def unused_id(self) -> str:
        """Return an id that nothing at the target has."""
        return f"tmfkit-{self._run_name}-{self.number()}"

    def callback(self, name: str) -> str:
        """Return a callback address that was not used before."""
        return self.listener.callback(f"{self._run_name}/{name}-{self.number()}")

    def registered(self, step: Step, name: str, **more: Any) -> Exchange:
        """Register a callback of its own; ProbeAborted when it is refused."""
        body = {"callback": self.callback(name), **more}
        exchange = self.call("register", step, body=body, resource=self.operation.resource)
        if not exchange.is_success:
            self.stop("the registration", exchange)
        self._registrations.append((self.operation.resource, exchange.identifier))
        return exchange

    def unregistered(self, step: Step) -> Exchange:
        """Take back the latest registration of the probe; ProbeAborted when its id is not known."""
        resource, identifier = self._registrations.pop()
        if not identifier:
            raise ProbeAborted("the registration was accepted without telling its id, so it cannot be taken back")
        return self.call("unregister", step, identifier=identifier, resource=resource)

    def made_for(self, operation: Operation, step: Step) -> str:
        """Make what an operation on a single thing works on, under *step*; return its id."""
        if operation.action == "unregister":
            self.registered(step, "control")
            identifier = self._registrations.pop()[1]
            if not identifier:
                raise ProbeAborted("the registration was accepted without telling its id")
            return identifier
        body = self.sendable(self.payloads.minimal()) if operation.action == "send-stored" else None
        return self.created(step, body).identifier

    def sendable(self, body: dict[str, Any], kind: str = "") -> dict[str, Any]:
        """Return *body* as a message of a type that may be sent: to the configured receiver, else to a reserved one."""
        message = sendable(self.settings.receivers, kind)
        spoken = {
            self.payloads.spoken(f"/{name}")[1:]: self.payloads.literal(f"/{name}", message[name]) for name in message
        }
        return self.payloads.consistent({**body, **spoken})

    def await_notification(self, callback: str, identifier: str) -> bool:
        """Wait until a callback has heard of an id; return whether it did."""

        def arrived(received: tuple[Notification, ...]) -> bool:
            return any(note.came_to(callback) and note.mentions(identifier) for note in received)

        return self.listener.wait(arrived, seconds=self.settings.event_seconds)

    def pause(self, seconds: float) -> None:
        """Wait, so that the target's clock moves on."""
        time.sleep(seconds)

    @staticmethod
    def lack(what: str) -> Never:
        """End the probe, because the kit has not *what*."""
        raise MissingPrerequisite(what)

    def follow(self, given: str, step: Step) -> Exchange:
        """GET an address that the target gave, absolute or relative to the base URL.

        No other host than the target is called.
        """
        return self.request("GET", self._addresses.followed(given, self.resource_name), step)

    def item_url(self, identifier: str) -> str:
        """Return the address of a member of the probe's resource."""
        return self._addresses.item(self.resource_name, identifier)

    def url_of(self, path: str) -> str:
        """Return the address of a path below the base URL."""
        return self.settings.base_url + path

    def cleanup(self) -> list[str]:
        """Delete everything that the run made and that is still there; return the addresses of what may remain."""
        # A target that stopped answering is asked once more whether it has come back.
        return taken_away(
            self._client, self._made.leftovers(), silences=1 if self._silence >= SILENCE_LIMIT else SILENCE_LIMIT
        )

    def _undeclared(self, what: str) -> KitDefect:
        return KitDefect(self._probe.key, f"the probe does not declare {what}", "Declare it in rules/")

    @staticmethod
    def _query(query: Mapping[str, str] | str) -> str:
        text = query if isinstance(query, str) else urlencode(query, errors="replace")
        return f"?{text}" if text else ""
