"""What probes work with: the operations of the contract as calls, the things made so far, the listener."""

from __future__ import annotations

import contextlib
import copy
import functools
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Never
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.addresses import Addresses
from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.drive.cleanup import Sweep
from tmfkit_conformance.drive.client import Client
from tmfkit_conformance.drive.conversation import Conversation
from tmfkit_conformance.drive.hubs import Standing
from tmfkit_conformance.drive.interruption import Interruption
from tmfkit_conformance.drive.ledger import Ledger, Made
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.drive.lists import walked
from tmfkit_conformance.drive.marks import Marks
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.drive.ownership import Ownership
from tmfkit_conformance.drive.receipt import Receipt
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.payloads.changes import is_change
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.payloads.messages import sendable
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_conformance.rules.answers import CONSUMES
from tmfkit_conformance.rules.contact import ApiThere, StillThere
from tmfkit_conformance.rules.operations import Create
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.probes import Facts, Step
from tmfkit_conformance.rules.queries import FIELDS
from tmfkit_conformance.rules.reasons import NO_ID
from tmfkit_conformance.rules.refusals import PARTIAL
from tmfkit_conformance.rules.rule import PlannedProbe, Scenario
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import MAKES_ANYTHING, MAKES_RESOURCE, Action, Contract, Operation, Requirement

__all__ = ["ForeignRecord", "MissingPrerequisite", "ProbeAborted", "Session"]

_ALL_PAGES = 100_000
_DONE = (200, 201)
"""Statuses of a create that was done; one that is only accepted may come into being later."""

_CHANGING = ("patch", "replace", "delete", "send-stored")


class ProbeAborted(Exception):  # noqa: N818 - not an error: the probe cannot go on
    """What a probe starts from was refused, so its remaining steps have no meaning."""


class ForeignRecord(ProbeAborted):
    """The target answered a create with the id of a record that is somebody else's."""


class MissingPrerequisite(Exception):  # noqa: N818 - not an error: the kit lacks means
    """The kit has not what the probe needs: a credential, a listener, a permission."""


class Session:
    """One run against one target.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        client: Sends and records.
        listener: Receives notifications; None when the kit may not open one.
        receipt: Where everything that is made is written down.
        interruption: Says when the run is to end.
    """

    def __init__(
        self,
        contract: Contract,
        settings: Settings,
        client: Client,
        listener: Listener | None,
        *,
        receipt: Receipt,
        interruption: Interruption,
    ) -> None:
        self.contract = contract
        self.settings = settings
        self.dialect: dict[str, dict[str, str]] = {resource.name: {} for resource in contract.resources}
        self.media: dict[str, str] = {}
        """Resource → the media type that the target takes a patch of it under, where the document leaves it open."""
        self.refused: dict[str, tuple[str, ...]] = {}
        """Resource → pointers of what the target refuses, and may: a body with everything goes without it."""
        self.demanded: dict[str, tuple[str, ...]] = {}
        """Resource → names of what the target demands beyond the smallest body, where that was found out."""
        self.records: list[ProbeRecord] = []
        self.sweeps = True
        """Whether what a probe made is taken away as soon as it is over."""
        self._client = client
        self._listener = listener
        self._probe = PlannedProbe(ApiThere, "")
        self._facts: Facts | None = None
        self._addresses = Addresses(contract, settings, self.dialect)
        self._bodies: dict[str, tuple[tuple[Mapping[str, str], tuple[str, ...]], Payloads]] = {}
        self.contents = Contents(settings.seed)
        self.naming = Naming(self.contents, announce=settings.announce)
        self.interruption = interruption
        self.ledger = Ledger(contract, receipt, self.naming)
        self.marks = Marks(contract, settings, self.naming)
        self._hubs = Standing()
        self._registrations: list[tuple[str, str]] = []
        self._borrowed: dict[str, int] = {}
        self._about = ""
        self._shown: dict[str, dict[str, Any]] = {}
        self._conversation = Conversation(client, settings, self._is_served)
        self.settling, self.watch = self._conversation.settling, self._conversation.watch
        self._ownership = Ownership(self._conversation, self._addresses, self.ledger)

    def beside(self) -> Session:
        """Return a session for a probe that is driven beside others: one run, but a probe of its own."""
        return copy.copy(self)

    @contextlib.contextmanager
    def probing(self, probe: PlannedProbe) -> Iterator[None]:
        """Send for a probe, write down how it went, and take away what it made.

        What ends a probe early is written down and goes no further; a failure that the kit does not foresee is written
        down and raised again.
        """
        self.begin(probe)
        try:
            yield
        except (MissingPrerequisite, OverrideInTheWay) as lacking:
            self.end(lacking=str(lacking))
        except ForeignRecord as found:
            self.end(foreign=str(found))
        except ProbeAborted as ended:
            self.end(ended=str(ended))
        except Exception as exc:
            self.end(failure=f"{type(exc).__name__}: {exc}")
            raise
        else:
            self.end()

    def begin(self, probe: PlannedProbe) -> None:
        """Start a probe: what is sent from now on belongs to it."""
        self._probe, self._facts, self._registrations, self._borrowed, self._shown = probe, None, [], {}, {}

    def end(self, *, lacking: str = "", ended: str = "", foreign: str = "", failure: str = "") -> None:
        """Write down how the probe went, and take away what it made."""
        facts = self._facts.to_json() if self._facts else {}
        is_swept = self.sweeps and not self.watch.ended  # what is left by then is for the end of the run
        foreign = (self._sweep.over(self.ledger.leftovers(self._probe)) if is_swept else "") or foreign
        self.records.append(ProbeRecord(self._probe.key, lacking, ended, facts, foreign, self._borrowed, failure))

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
        """Return whether the probe is for a single row."""
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
        known = (self.dialect[name], self.refused.get(name, ()))
        made_for, payloads = self._bodies.get(name, (None, None))
        if payloads is None or made_for != known:
            resource, settings = self.contract.resource(name), self.settings
            overrides, values = settings.payloads.get(name, {}), settings.values.get(name, {})
            payloads = Payloads(self.contract, resource, overrides, values, known[0], self.contents, refused=known[1])
            self._bodies[name] = (known, payloads)
        return payloads

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
        name = operation.resource or self.resource_name
        if action in _CHANGING and identifier:
            self._need_own(name, identifier)
        if action in MAKES_RESOURCE and isinstance(body, dict):
            probe = self._probe
            payloads = self.payloads_of(name)
            body = self.marks.marked(name, body, payloads, subject=probe.subject, bare=probe.probe.bare)
        elif action == "register":
            self._need_place(operation, body)
        if action == "list":
            self.settling.rest()
        with self.interruption.held():
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
            self._keep_track(operation, name, url, exchange)
        if exchange.is_success and action != "list":
            self._see(identifier or exchange.identifier, body, exchange.answer)
        if as_admin and not self.settings.admin_headers and exchange.status in (401, 403):
            self.lack("a credential for the role admin: configure `admin_headers` (or --admin-header)")
        return exchange

    def request(self, method: str, url: str, step: Step, *, operation: str = "", **sent: Any) -> Exchange:
        """Send any request and record it under *step*.

        Raises:
            ProbeAborted: The target has stopped serving; nothing more is sent.
            KitDefect: The probe has no such step.
        """
        if not self._probe.probe.declares(step):
            raise self._undeclared(f"the step {step.name!r}")
        if self.watch.ended:
            raise ProbeAborted(self.watch.ended)
        if self.ledger.foreign and method != "GET":
            # That its rows do not hold is said of the plain create, whichever create brought it to light.
            abort = ForeignRecord if self._probe.probe is Create else ProbeAborted
            raise abort(f"{self.ledger.foreign}; nothing more is written to this target")
        self.interruption.check()
        return self._conversation.send(
            method, url, phase=REGISTER, probe=self._probe.key, step=step.name, operation=operation, **sent
        )

    def _keep_track(self, operation: Operation, resource: str, url: str, exchange: Exchange) -> None:
        """Write down what an exchange made, took away or showed."""
        action, identifier = operation.action, exchange.identifier
        self.ledger.observe(self._probe, operation, resource, url, exchange)
        if action in MAKES_RESOURCE and exchange.is_success and identifier:
            self.settling.made(self.item_url(identifier, resource), exchange.answer)
        undoing = self.contract.action("unregister" if action == "register" else "delete", resource)
        if not exchange.is_success or undoing is None:
            return
        body = exchange.request.json
        if action == "register" and not identifier:
            self._hubs.stands(self._addresses.of(operation, ""), exchange)
            self.ledger.receipt.standing(str(body.get("callback", "")) if isinstance(body, dict) else "", url)
        elif action in MAKES_ANYTHING and identifier:
            if action != "register" and self.ledger.is_there_before(resource, identifier):
                self._need_own(resource, identifier)
            made = self._addresses.of(undoing, identifier)
            carriers = () if action == "register" else self.marks.carried(resource, body, self.payloads_of(resource))
            self.ledger.made(
                self._probe,
                undoing,
                resource,
                made,
                identifier=identifier,
                need_last=action != "send",
                is_told=exchange.status in _DONE,
                carriers=carriers,
            )
        elif action == "patch" and isinstance(body, dict) and isinstance(body.get("id"), str):
            # A target that wrongly takes another id has the record there.
            renamed = self._addresses.of(undoing, body["id"])
            before = url.partition("?")[0]
            self.ledger.may_be_renamed(self._probe, undoing, renamed, before=before, identifier=body["id"])

    def _see(self, identifier: str, *states: Any) -> None:
        """Remember of a record what was sent for it, and what it was shown as, the latter last."""
        for state in (one for one in states if isinstance(one, dict)):
            self._shown[identifier] = {**self._shown.get(identifier, {}), **state}

    def _need_own(self, resource: str, identifier: str) -> None:
        """Go on only with a record of this run.

        Raises:
            ForeignRecord: The target gave the id of somebody else's.
            ProbeAborted: It cannot be told whose it is.
        """
        foreign = self._ownership.foreign(resource, identifier)
        if foreign:
            raise ForeignRecord(foreign)
        if self._ownership.standing(resource, identifier) == "unknown":
            raise ProbeAborted(f"the record {identifier!r} was not read back with the mark of this run")

    def _need_place(self, operation: Operation, body: Any) -> None:
        """Register nothing more at a hub that tells no ids: it could not be taken back.

        Raises:
            ProbeAborted: One registration is there already.
        """
        standing = self._hubs.at(self._addresses.of(operation, ""))
        callback = body.get("callback") if isinstance(body, dict) else None
        if standing and isinstance(callback, str) and body != standing.request.json:
            raise self._untold(standing)

    @property
    def _standing(self) -> Exchange | None:
        """The registration that stands at the hub of the probe; None without one."""
        register = self.contract.action("register", self.operation.resource)
        return self._hubs.at(self._addresses.of(register, "")) if register else None

    @staticmethod
    def _untold(standing: Exchange | None) -> ProbeAborted:
        """Return why a registration cannot be taken back: no id was told."""
        is_allowed = standing is not None and standing.status == 204
        return ProbeAborted(NO_ID if is_allowed else "a registration was accepted without telling its id")

    @contextlib.contextmanager
    def hurrying(self, seconds: float) -> Iterator[None]:
        """Give every exchange of this block no more than *seconds*."""
        with self._client.within(seconds):
            yield

    def _is_served(self) -> bool:
        """Ask for the list of the first resource once more, and for an id that nothing has."""
        name = self.contract.resources[0].name
        asked = (
            (self.contract.action("list", name), StillThere.LIST),
            (self.contract.action("retrieve", name), StillThere.READ),
        )
        known = [(operation, step) for operation, step in asked if operation]
        return not known or any(self._answers(operation, step) for operation, step in known)

    def _answers(self, operation: Operation, step: Step) -> bool:
        """Say whether an operation that reads is answered otherwise than by a breakdown or for credentials."""
        with self._client.briskly():
            asked = self._client.send(
                "GET",
                self._addresses.of(operation, self.unused_id()),
                phase=REGISTER,
                probe=StillThere.name,
                step=step.name,
                operation=operation.id,
            )
        return asked.response is not None and not asked.is_breakdown and asked.status not in (401, 403)

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

    def created_at_once(self, *steps: Step) -> list[Exchange]:
        """Create the smallest as often as there are steps, at once where the run sends several requests at a time.

        Raises:
            ProbeAborted: A create was refused.
        """
        return at_once([functools.partial(self.created, step) for step in steps], parallel=self.settings.parallel)

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

    def patch(self, step: Step, identifier: str, changes: Any, *, media_type: str = "") -> Exchange:
        """Patch, with the media type that the document itself asks for where no other is named."""
        media_type = media_type or self.patch_media
        return self.call("patch", step, identifier=identifier, body=changes, media_type=media_type)

    @property
    def patch_media(self) -> str:
        """Media type of a partial object: the one that a must row names, else the first that the target takes."""
        return self.partial_media[0]

    @property
    def partial_media(self) -> list[str]:
        """Media types of a partial object that the contract has, the one that is to be sent first."""
        operation = self.contract.action("patch", self.resource_name)
        if operation is None:
            raise ProbeAborted(f"the contract has no operation to patch a {self.resource_name}")
        first = self._stated_media or self.media.get(self.resource_name) or operation.consumes[0]
        return [first, *(name for name in PARTIAL if name in operation.consumes and name != first)]

    @property
    def open_media(self) -> list[str]:
        """Media types of a partial object of which the target may choose, as no must row names one."""
        return [] if self._stated_media else self.partial_media

    @property
    def _stated_media(self) -> str:
        operation = self.contract.action("patch", self.resource_name)
        rows = (
            row
            for row in self.contract.requirements
            if row.kind == CONSUMES.name and operation is not None and row.operation == operation.id
        )
        return next((row.subject for row in rows if row.level == "must" and row.subject in PARTIAL), "")

    def change(self, pointer: str, value: Any = None, *, of: str = "") -> dict[str, Any]:
        """Return a merge patch that gives *pointer* a value: by default another one than a record was shown with."""
        new = self.another(pointer, of=of) if value is None else value
        return pointers.with_value({}, self.payloads.spoken(pointer), new)

    def another(self, pointer: str, *, of: str) -> Any:
        """Return another value for an attribute than the record with an id was last shown with.

        Raises:
            OverrideInTheWay: No value is known or configured that would change the record.
        """
        return self.payloads.another(pointer, self._shown.get(of))

    def is_change(self, pointer: str, value: Any, *, of: str) -> bool:
        """Say whether a value of an attribute changes a record as it was shown last."""
        return is_change(pointers.get(self._shown.get(of), self.payloads.spoken(pointer)), value)

    def other_value(self, pointer: str, *, of: str) -> Any:
        """Return a value for an attribute that a client is not to set, other than that of the record with an id."""
        if pointer in ("/id", "/href"):
            return self.unused_id() if pointer == "/id" else f"{self.contents.host(pointer)}/{self.unused_id()}"
        return self.another(pointer, of=of)

    def is_date_time(self, pointer: str) -> bool:
        """Say whether an attribute is an instant."""
        return self.contract.at(self.contract.resource(self.resource_name).schema, pointer).get("format") == "date-time"

    def type_of(self, pointer: str) -> str:
        """Return the type of an attribute in JSON; empty where the contract has none or several."""
        kind = self.contract.at(self.contract.resource(self.resource_name).schema, pointer).get("type", "")
        return kind if isinstance(kind, str) else ""

    def listed_values(self, pointer: str) -> list[Any]:
        """Return the values that the contract lists for an attribute; empty when it lists none."""
        schema = self.contract.at(self.contract.resource(self.resource_name).schema, pointer)
        return list(schema.get("enum") or schema.get("x-tmf-values") or schema.get("examples") or ())

    def unused_id(self) -> str:
        """Return an id that nothing at the target has."""
        return self.naming.unused_id()

    def callback(self) -> str:
        """Return a callback address that was not used before."""
        return self.listener.callback(self.naming.path())

    def registered(self, step: Step, **more: Any) -> Exchange:
        """Register a callback of its own; ProbeAborted when it is refused."""
        standing = self._standing if self.operation.action == "register" else None
        if standing and not more:
            # One registration serves all rows where none can be taken back.
            self._borrowed[step.name] = standing.sequence
            self._registrations.append((self.operation.resource, ""))
            return standing
        body = {"callback": self.callback(), **more}
        exchange = self.call("register", step, body=body, resource=self.operation.resource)
        if not exchange.is_success:
            self.stop("the registration", exchange)
        self._registrations.append((self.operation.resource, exchange.identifier))
        return exchange

    def unregistered(self, step: Step) -> Exchange:
        """Take back the latest registration of the probe; ProbeAborted when its id is not known."""
        resource, identifier = self._registrations.pop()
        if not identifier:
            raise self._untold(self._standing)
        return self.call("unregister", step, identifier=identifier, resource=resource)

    def made_for(self, operation: Operation, step: Step) -> str:
        """Make what an operation on a single thing works on, under *step*; return its id."""
        if operation.action == "unregister":
            self.registered(step)
            identifier = self._registrations.pop()[1]
            if not identifier:
                raise self._untold(self._standing)
            return identifier
        body = self.sendable(self.payloads.minimal()) if operation.action == "send-stored" else None
        return self.created(step, body).identifier

    def sendable(self, body: dict[str, Any], kind: str = "") -> dict[str, Any]:
        """Return *body* as a message of a type that may be sent: to the configured receiver, else to a reserved one."""
        message = sendable(self.settings.receivers, kind, self.contents)
        spoken = {
            self.payloads.spoken(f"/{name}")[1:]: self.payloads.literal(f"/{name}", message[name]) for name in message
        }
        return self.payloads.consistent({**body, **spoken})

    def await_notification(self, callback: str, identifier: str) -> bool:
        """Wait until a callback has heard of an id; return whether it did."""

        def arrived(received: tuple[Notification, ...]) -> bool:
            return any(note.came_to(callback) and note.mentions(identifier) for note in received)

        return self.listener.wait(arrived, seconds=self.settings.event_seconds)

    @property
    def conditional(self) -> tuple[str, ...]:
        """The methods of which the target demands an If-Match."""
        return self._client.preconditions.demanded

    def reconnect(self) -> None:
        """Send what follows over new connections; nothing may be on its way."""
        self._client.reconnect()

    def pause(self, seconds: float) -> None:
        """Wait, so that the target's clock moves on."""
        time.sleep(seconds)

    @staticmethod
    def lack(what: str) -> Never:
        """End the probe, because the kit has not *what*."""
        raise MissingPrerequisite(what)

    def follow_as_given(self, given: str, step: Step) -> None:
        """GET an address that the target gave, just as it stands; one at another host is not called."""
        url = self._addresses.given(given)
        if url:
            self.request("GET", url, step)

    def item_url(self, identifier: str, resource: str = "") -> str:
        """Return the address of a member of a resource; of the probe's when none is named."""
        return self._addresses.item(resource or self.resource_name, identifier)

    def address_of(self, operation: Operation) -> str:
        """Return the address of an operation on a collection or a hub."""
        return self._addresses.of(operation, "")

    def url_of(self, path: str) -> str:
        """Return the address of a path below the base URL."""
        return self.settings.base_url + path

    def walked(
        self,
        step: Step,
        query: str = "",
        *,
        resource: str = "",
        seeking: Collection[str] = (),
        seconds: float = float("inf"),
        all_pages: bool = False,
    ) -> list[Exchange]:
        """List with a query string, and the pages after the first as far as needed; each is recorded under *step*.

        Args:
            step: The step.
            query: Query string, sent as it stands.
            resource: Another resource than the probe's.
            seeking: Ids that are looked for; with all of them found, nothing more is asked for.
            seconds: How long it may take.
            all_pages: Whether only the time is a limit, and not the number of pages.
        """
        name = resource or self.resource_name
        first = self.call("list", step, query=query, resource=name)
        most = _ALL_PAGES if all_pages else self.settings.list_pages
        return walked(first, lambda at: self._page(at, step, name), most=most, seeking=seeking, seconds=seconds)

    def _page(self, address: str, step: Step, resource: str) -> Exchange:
        """Ask for a further page of a list."""
        operation = self.contract.action("list", resource)
        assert operation
        url = self._addresses.followed(address, resource)
        exchange = self.request("GET", url, step, operation=operation.id, admin="admin" in operation.roles)
        self.ledger.observe(self._probe, operation, resource, url, exchange)
        return exchange

    def take_away(self, things: Sequence[Made]) -> None:
        """Delete things that the run made, and that were not taken away when their probe was over."""
        self._sweep.over(things)

    def cleanup(self) -> None:
        """Delete everything that the run made and that is still there, and look whether it is gone."""
        self.interruption.is_cleaning = True
        sweep = self._sweep
        sweep.over(self.ledger.leftovers())
        if not self.watch.is_silent:
            sweep.over(self.ledger.leftovers())  # what got no answer, once more
        if not self.watch.ended:
            sweep.confirm(self.settings.list_pages)
        self.interruption.is_cleaning = False

    @property
    def _sweep(self) -> Sweep:
        return Sweep(
            self._conversation,
            self._addresses,
            self.ledger,
            self._ownership,
            self.interruption,
            parallel=self.settings.parallel,
        )

    def _undeclared(self, what: str) -> KitDefect:
        return KitDefect(self._probe.key, f"the probe does not declare {what}", "Declare it in rules/")

    @staticmethod
    def _query(query: Mapping[str, str] | str) -> str:
        text = query if isinstance(query, str) else urlencode(query, errors="replace")
        return f"?{text}" if text else ""
