"""What is done to every generated request before it is sent, and how it is written down: Schemathesis' public hooks."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

import requests
import schemathesis
from schemathesis.core import SCHEMATHESIS_TEST_CASE_HEADER
from schemathesis.core.transport import is_event_stream
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER, HookContext
from schemathesis.schemas import BaseSchema

from tmfkit_conformance.drive.addresses import in_path
from tmfkit_conformance.drive.cleanup import GeneratedResources
from tmfkit_conformance.drive.client import ACCEPT, SILENCE_LIMIT, Client, Recorder
from tmfkit_conformance.drive.naming import agent
from tmfkit_conformance.drive.settling import Settling
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.record.exchange import Exchange, Request, Response
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import MAKES_RESOURCE, Contract, Operation

__all__ = ["Hooks"]

Case = schemathesis.Case[Any]

_RESERVED_LISTENER = "http://listener.example"
"""Source: RFC 2606 §2; nothing answers there."""


class Hooks:
    """Steers and records generated requests.

    Args:
        contract: The contract.
        settings: Payload overrides.
        client: Knows the credentials, and how long a target is waited for.
        recorder: Where exchanges are written down.
        resources: What the generated phases made so far.
        dialect: Resource → attribute → the alias it is written under.
        listener_url: Where subscriptions are to be delivered; a reserved address when empty.
        settling: What the writes of the run have to show.
    """

    def __init__(
        self,
        contract: Contract,
        settings: Settings,
        client: Client,
        recorder: Recorder,
        resources: GeneratedResources,
        *,
        dialect: Mapping[str, Mapping[str, str]],
        listener_url: str,
        settling: Settling,
    ) -> None:
        self._settling = settling
        self._contract = contract
        self._settings = settings
        self._client = client
        self._recorder = recorder
        self._resources = resources
        self._dialect = dialect
        self._agent = agent(announce=settings.announce)
        self._listener_url = listener_url or _RESERVED_LISTENER
        self._operations = {operation.id: operation for operation in contract.operations}
        self._steps: Counter[str] = Counter()
        self._case: Case | None = None
        self._exchange: Exchange | None = None
        self._started = 0.0
        self._silence = 0
        self._stop: Callable[[], None] = lambda: None
        self.phase = ""

    @property
    def target_is_gone(self) -> bool:
        """Whether the target has not answered for so long that nothing more is sent."""
        return self._silence >= SILENCE_LIMIT

    def begin(self, phase: str, stop: Callable[[], None]) -> None:
        """Start a phase; *stop* ends it early."""
        self.phase, self._stop = phase, stop
        self._steps.clear()

    @contextlib.contextmanager
    def attached(self, schema: BaseSchema) -> Iterator[None]:
        """Attach the hooks for a while."""
        # Schemathesis offers this one hook for all schemas of a process only.
        before_call = GLOBAL_HOOK_DISPATCHER.register_hook_with_name(self.before_call, "before_call")
        schema.hooks.register_hook_with_name(self.after_call, "after_call")
        schema.hooks.register_hook_with_name(self.after_network_error, "after_network_error")
        try:
            yield
        finally:
            GLOBAL_HOOK_DISPATCHER.unregister(before_call)

    def before_call(self, _context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
        """Make a generated request harmless, and give it what the vendor configured."""
        operation = self._operation(case)
        case.headers.update({"Accept": ACCEPT, **self._agent})
        case.headers.update(self._client.credentials(admin="admin" in operation.roles))
        if "id" in case.path_parameters:
            chosen = self._resources.choose(operation, _addressed(case))
            case.path_parameters = {**case.path_parameters, "id": quote(chosen, safe="")}
        if isinstance(case.body, dict):
            case.body = self._body(operation, case.body)
        # As for every other request of the kit, neither proxies nor credentials come from the environment.
        kwargs["proxies"] = {"no_proxy": "*"}
        kwargs["auth"] = self._as_prepared
        self._case, self._exchange = case, None
        self._client.pace.keep()
        self._started = self._recorder.clock()

    def after_call(self, _context: HookContext, case: Case, response: schemathesis.Response) -> None:
        """Keep track of what a request brought about."""
        if self._exchange is None:  # an answer of which nobody knows where it ends
            headers = [(name, value) for name, values in response.headers.items() for value in values]
            answer = Response(response.status_code, self._recorder.blotted(headers), response.content or b"")
            self._exchange = self._written(case, response.request, answer)
        self._resources.observe(self._operation(case), _addressed(case), self._exchange)

    def after_network_error(self, _context: HookContext, case: Case, request: requests.PreparedRequest) -> None:
        """Write down a request that got no answer; stop when the target seems to be gone."""
        self._silence += 1
        self._written(case, request, None)
        if self.target_is_gone:
            self._stop()

    def _as_prepared(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Stand in for credentials, so that none are looked up in the user's netrc file; have the answer looked at.

        Schemathesis' own header goes.
        """
        request.headers.pop(SCHEMATHESIS_TEST_CASE_HEADER, None)
        request.register_hook("response", self._last_word)
        return request

    def _last_word(self, response: requests.Response, **how: Any) -> requests.Response:
        """Write an answer down, and hand it on; where it is not the last word, wait, and ask once more.

        Args:
            response: The answer.
            how: How the request was sent.
        """
        case = self._case
        if case is None or is_event_stream(response.headers.get("Content-Type")):
            return response
        operation, answers = self._operation(case), [response]
        is_admin = "admin" in operation.roles

        def again(credentials: Mapping[str, str]) -> Exchange:
            request = response.request.copy()
            request.headers.update(credentials)
            self._started = self._recorder.clock()
            answers.append(response.connection.send(request, **how))
            return self._written(case, request, _answer(answers[-1], self._recorder))

        first = self._written(case, response.request, _answer(response, self._recorder))
        exchange = self._client.patiently(again, admin=is_admin, first=first)
        # What is wrong with a request may be why it was refused, and never why it was served.
        if exchange.mode != "negative" or exchange.is_success:
            exchange = self._settling.settled(exchange, lambda: self._client.patiently(again, admin=is_admin))
        self._remember(operation, exchange)
        self._exchange = exchange
        return answers[-1]

    def _remember(self, operation: Operation, exchange: Exchange) -> None:
        """Remember what later reads have to show."""
        if exchange.request.method != "GET":
            self._settling.wrote(exchange)
        if operation.action in MAKES_RESOURCE and exchange.is_success and exchange.identifier:
            collection = exchange.request.url.partition("?")[0]
            self._settling.made(f"{collection}/{in_path(exchange.identifier)}", exchange.answer)

    def _written(self, case: Case, request: requests.PreparedRequest, response: Response | None) -> Exchange:
        """Write a request down with its answer."""
        operation = self._operation(case)
        self._steps[operation.id] += 1
        self._silence = 0 if response else self._silence
        return self._recorder.add(
            request=Request(
                str(request.method),
                str(request.url),
                self._recorder.blotted((name, _text(value)) for name, value in request.headers.items()),
                _bytes(request.body),
            ),
            response=response,
            started=self._started,
            phase=self.phase,
            probe=f"{self.phase} {operation.id}",
            step=str(self._steps[operation.id]),
            operation=operation.id,
            # The hook is called where the exception is handled, and is not given it.
            error="" if response else f"{type(sys.exception()).__name__}: {sys.exception()}",
            mode=case.meta.generation.mode.value if case.meta else "positive",
            mutated=_mutated(case),
        )

    def _operation(self, case: Case) -> Operation:
        return self._operations[case.operation.definition.raw["operationId"]]

    def _body(self, operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
        if operation.action == "register":
            return self._registration(body)
        payloads = self._payloads(operation)
        if operation.action not in MAKES_RESOURCE:
            return payloads.translated(body)
        completed = payloads.completed(body)
        # An id is of no use to the target, or it is used: then it must not be that of something there.
        return {**completed, "id": self._resources.unused_id()} if isinstance(body.get("id"), str) else completed

    def _registration(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a registration that has notifications delivered to the kit alone."""
        if not isinstance(body.get("callback"), str):
            return body
        return {**body, "callback": f"{self._listener_url}/{self._resources.unused_id()}"}

    def _payloads(self, operation: Operation) -> Payloads:
        settings, name = self._settings, operation.resource
        names = self._dialect.get(name, {})
        return Payloads(
            self._contract,
            self._contract.resource(name),
            settings.payloads.get(name, {}),
            settings.values.get(name, {}),
            names,
            Contents(settings.seed),
        )


def _addressed(case: Case) -> str:
    """Return the id in the path of a request; empty without one."""
    return unquote(str(case.path_parameters.get("id", "")))


def _mutated(case: Case) -> str:
    """Say where a negative request departs from the contract, in Schemathesis' words."""
    if case.meta is None or not case.meta.generation.mode.is_negative:
        return ""
    data = case.meta.phase.data
    where = data.parameter_location.value if data.parameter_location else ""
    return " ".join(str(part) for part in (where, data.parameter, data.location, data.description) if part)


def _answer(response: requests.Response, recorder: Recorder) -> Response:
    """Return an answer, whole.

    Raises:
        requests.RequestException: It ends too early; it knows its request, so that this is written down.
    """
    try:
        body = response.content
    except requests.RequestException as exc:
        exc.request = response.request
        raise
    headers = [(name, value) for name in response.raw.headers for value in response.raw.headers.getlist(name)]
    return Response(response.status_code, recorder.blotted(headers), body or b"")


def _bytes(body: object) -> bytes:
    """Return the body of a request; the kit's requests have them whole, as text or as bytes."""
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
