"""The composition root: settings in, application out."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import falcon.asgi
from falcon.routing import CompiledRouter

from tmfkit_models import contracts
from tmfkit_server import apis, problems
from tmfkit_server.answer_room import AnswerRoom
from tmfkit_server.errors import StoreDamaged, StoreUnusable
from tmfkit_server.health import LIVE, READY, Live, Ready, StoreWatch
from tmfkit_server.logs import event_log
from tmfkit_server.middleware.auth import Credentials
from tmfkit_server.middleware.browsers import Cors, security_headers
from tmfkit_server.middleware.clients import Clients
from tmfkit_server.middleware.early_refusals import EARLY_REFUSALS, EarlyRefusals
from tmfkit_server.middleware.long_answers import LongAnswers
from tmfkit_server.middleware.rate_limits import AddressLimit, CallerLimit
from tmfkit_server.middleware.request_ids import RequestIds
from tmfkit_server.middleware.watching import Observer, Watch, access_line, audit_line
from tmfkit_server.pages.mounting import BELOW, Pages
from tmfkit_server.requests import Request
from tmfkit_server.resources import dead_letters, listeners
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.routes import Api
from tmfkit_server.services.catalogue import collection_name, filtered_paths, scalars
from tmfkit_server.services.extensions import Extension
from tmfkit_server.services.idempotency import Cleaner
from tmfkit_server.services.notifications.admission import Admission
from tmfkit_server.services.notifications.callbacks import CallbackGuard
from tmfkit_server.services.notifications.dead_letters import DeadLetters
from tmfkit_server.services.notifications.delivery import Dispatcher
from tmfkit_server.services.notifications.overview import Overview
from tmfkit_server.services.notifications.vocabulary import hub_name
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import IndexPlan, Store
from tmfkit_server.traces import Traces, traces

if TYPE_CHECKING:
    from tmfkit_server.metrics import Metrics
    from tmfkit_server.services.notifications.webhook_client import WebhookClient

__all__ = [
    "GIVE_UP",
    "AsgiApp",
    "check_extensions",
    "check_store",
    "create_app",
    "create_store",
]

AsgiApp: TypeAlias = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
"""An application as ASGI has it."""

_LOG = logging.getLogger(__name__)

_REST_SECONDS = 1
_NEW_OBJECTS_A_COLLECTION = 50_000
GIVE_UP = 3  # exit status of a worker that tells gunicorn to start no other
_TRY_AGAIN = 1  # exit status of a worker that makes gunicorn start another one


def create_app(settings: Settings) -> AsgiApp:
    """Return the application: every API of ``tmfkit_models.contracts`` under its base path.

    Where there is a management address, what arrives there is answered by an application of its own.
    """
    store = create_store(settings, for_serving=True)
    router = CompiledRouter()
    app: falcon.asgi.App[Any, Any] = falcon.asgi.App(router=router, request_type=Request)
    guard = CallbackGuard(settings.called_networks, settings.called_ports)
    addresses = Addresses(settings.public_url, settings.trusted_proxies, settings.trusted_prefixes)
    room = AnswerRoom(settings.max_unread_bytes)
    hubs = _hubs()
    admission = Admission(store, hubs, settings.listener_limits, guard)
    mounted = [
        Api(
            contracts.load(name),
            store,
            settings,
            extension=extension_of(name, settings),
            guard=guard,
            admission=admission,
            addresses=addresses,
            room=room,
        )
        for name in contracts.apis()
    ]
    dispatcher = Dispatcher(store, partial(_webhook_client, settings, guard, addresses), settings.retry_limits)
    watch = StoreWatch(store)
    metrics = _metrics(settings)
    pages = Pages(settings.base_paths, addresses, asks_for_credentials=settings.asks_for_credentials)
    open_paths = frozenset({LIVE, READY}) | pages.paths
    credentials = _credentials(settings, open_paths)
    tracing = traces()
    observers = _observers(settings, metrics)
    ids = RequestIds(security_headers(has_tls=settings.tls is not None))
    early = EarlyRefusals(ids, addresses, observers)
    parts = [*mounted, *(part for part in (metrics, credentials, tracing) if part is not None)]
    app.add_middleware(_Lifespan(store, parts, dispatcher, watch, early))
    if settings.trusted_proxies:
        app.add_middleware(Clients(addresses))
    app.add_middleware(ids)
    told = Watch(observers, router.find) if observers else None
    _add_middleware(app, settings, told, credentials, open_paths=open_paths)
    app.add_middleware(LongAnswers(room))
    app.req_options.strip_url_path_trailing_slash = True
    problems.install(app)
    _add_health(app, watch)
    dead_letters.mount(app, DeadLetters(store), addresses, max_page_bytes=settings.max_page_bytes)
    listeners.mount(app, Overview(store, hubs, dispatcher.last_failure))
    pages.mount(app)
    for api in mounted:
        api.mount(app)
    served = tracing.around(app) if tracing else app
    if settings.management is None or metrics is None:
        return served
    management = _management_app(watch, metrics, store)
    management.add_middleware(ids)
    return _Doors(served, management, settings.management[1])


def _webhook_client(settings: Settings, guard: CallbackGuard, addresses: Addresses) -> WebhookClient:
    # 6 MB of libraries that only those need who have listeners.
    from tmfkit_server.services.notifications.webhook_client import WebhookClient

    return WebhookClient(
        guard,
        settings.callback_secrets,
        connections=settings.listener_limits.connections,
        public_url=addresses.public_url,
    )


def _credentials(settings: Settings, open_paths: frozenset[str]) -> Credentials | None:
    if not settings.asks_for_credentials:
        return None
    tokens = None
    if settings.token_issuer is not None:
        # 16 MB of libraries that only those need who have an issuer.
        from tmfkit_server.middleware.tokens import Tokens

        tokens = Tokens(settings.token_issuer)
    return Credentials(settings.api_keys or (), tokens, open_paths, BELOW)


def _add_middleware(
    app: falcon.asgi.App[Any, Any],
    settings: Settings,
    told: Watch | None,
    credentials: Credentials | None,
    *,
    open_paths: frozenset[str],
) -> None:
    """Add what every request passes, in this order; answers pass it backwards."""
    if told is not None:
        app.add_middleware(told)
    if settings.allowed_origins:
        app.add_middleware(Cors(settings.allowed_origins))
    if settings.address_rate:
        app.add_middleware(AddressLimit(settings.address_rate, open_paths))
    if credentials is not None:
        app.add_middleware(credentials)
    if settings.caller_rate:
        app.add_middleware(CallerLimit(settings.caller_rate))


def _add_health(app: falcon.asgi.App[Any, Any], watch: StoreWatch) -> None:
    app.add_route(LIVE, Live())
    app.add_route(READY, Ready(watch))


def _metrics(settings: Settings) -> Metrics | None:
    if settings.management is None:
        return None
    # Not before it is known where the numbers are kept.
    from tmfkit_server.metrics import Metrics

    return Metrics()


def _observers(settings: Settings, metrics: Metrics | None) -> list[Observer]:
    log = event_log(settings.log_format)
    observers = [access_line(log)] if settings.access_log else []
    observers += [audit_line(log)] if settings.audit_log else []
    return [*observers, metrics.observe] if metrics else observers


def _management_app(watch: StoreWatch, metrics: Metrics, store: Store) -> falcon.asgi.App[Any, Any]:
    from tmfkit_server.metrics import METRICS, MetricsPage

    app: falcon.asgi.App[Any, Any] = falcon.asgi.App()
    problems.install(app)
    _add_health(app, watch)
    app.add_route(METRICS, MetricsPage(metrics, store))
    return app


class _Doors:
    """One application for a port, another one for everything else."""

    def __init__(self, app: AsgiApp, other: AsgiApp, port: int) -> None:
        self._app, self._other, self._port = app, other, port

    def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        server = scope.get("server")
        return (self._other if server and server[1] == self._port else self._app)(scope, receive, send)


def _hubs() -> list[str]:
    loaded = [contracts.load(name) for name in contracts.apis()]
    registering = ((each, operation) for each in loaded for operation in each.operations)
    return [hub_name(each, operation.path) for each, operation in registering if operation.action == "register"]


def create_store(settings: Settings, *, for_serving: bool = False) -> Store:
    """Return the store that the settings name, not yet open.

    Args:
        settings: Settings.
        for_serving: See ``NewStore``.
    """
    plans = {
        collection_name(contract, resource): IndexPlan(
            filtered_paths(contract, resource),
            loose=resource.loose_equality,
            scalars=scalars(contract, resource),
        )
        for contract in map(contracts.load, contracts.apis())
        for resource in contract.resources
    }
    return settings.store_kind.new(settings.store, plans, searches=settings.search_limits, for_serving=for_serving)


def check_extensions(settings: Settings) -> None:
    """See that every API can do with the settings what it has to; SettingsError when one cannot."""
    for name in contracts.apis():
        extension_of(name, settings)


def extension_of(api: str, settings: Settings) -> Extension:
    """Return a new extension of *api*; the empty one when no module is written for it."""
    for module in pkgutil.iter_modules(apis.__path__, f"{apis.__name__}."):
        extension: type[Extension] = importlib.import_module(module.name).EXTENSION
        if extension.api == api:
            return extension(settings)
    return Extension(settings)


def check_store(settings: Settings) -> None:
    """See that the store can be opened; the schema of a database is brought up to date.

    Opening sees to it as well. But what takes long or fails is better met here: no worker is taken for dead meanwhile,
    and the operator gets one message.

    Raises:
        StoreUnusable: It cannot be.
    """
    settings.store_kind.preflight(settings.store)


class _Lifespan:
    """Opens the store before the first request and closes it after the last."""

    def __init__(
        self,
        store: Store,
        parts: Sequence[Api | Metrics | Credentials | Traces],
        dispatcher: Dispatcher,
        watch: StoreWatch,
        early: EarlyRefusals,
    ) -> None:
        self._store = store
        self._early = early
        self._parts = parts
        self._watch = watch
        self._dispatcher = dispatcher
        self._cleaner = Cleaner(store)

    async def process_startup(self, scope: dict[str, Any], _event: object) -> None:
        scope.setdefault("state", {})[EARLY_REFUSALS] = self._early
        try:
            await self._store.open()
        except StoreUnusable as exc:
            _LOG.error("%s", exc)
            if isinstance(exc, StoreDamaged):
                raise SystemExit(GIVE_UP) from exc
            # Everything else an operator may put right while the server goes on trying.
            await asyncio.sleep(_REST_SECONDS)
            raise SystemExit(_TRY_AGAIN) from exc
        # What is here now stays, so the garbage collector need never look at it again.
        gc.collect()
        gc.freeze()
        # A body of half a million objects would have it look at them hundreds of times; requests leave no cycles.
        gc.set_threshold(_NEW_OBJECTS_A_COLLECTION)
        self._dispatcher.start()
        self._cleaner.start()
        self._watch.start()
        for part in self._parts:
            await part.start()

    async def process_shutdown(self, _scope: object, _event: object) -> None:
        await self._watch.stop()
        for part in self._parts:
            await part.stop()
        await self._cleaner.stop()
        await self._dispatcher.stop()
        await self._store.close()
