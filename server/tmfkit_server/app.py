"""The composition root: settings in, application out."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import pkgutil
from collections.abc import Sequence
from typing import Any

import falcon.asgi

from tmfkit_models import contracts
from tmfkit_server import apis, problems
from tmfkit_server.errors import StoreDamaged, StoreUnusable
from tmfkit_server.health import LIVE, Live
from tmfkit_server.middleware.auth import ApiKeys
from tmfkit_server.resources import dead_letters
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.routes import Api
from tmfkit_server.services.catalogue import collection_name, filtered_paths
from tmfkit_server.services.extensions import Extension
from tmfkit_server.services.idempotency import Cleaner
from tmfkit_server.services.notifications.admission import Admission
from tmfkit_server.services.notifications.callbacks import CallbackGuard
from tmfkit_server.services.notifications.dead_letters import DeadLetters
from tmfkit_server.services.notifications.delivery import Dispatcher
from tmfkit_server.services.notifications.vocabulary import hub_name
from tmfkit_server.services.notifications.webhook_client import WebhookClient
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import IndexPlan, Store

__all__ = [
    "GIVE_UP",
    "check_extensions",
    "check_store",
    "create_app",
    "create_store",
]

_LOG = logging.getLogger(__name__)

_REST_SECONDS = 1
_NEW_OBJECTS_A_COLLECTION = 50_000
GIVE_UP = 3  # exit status of a worker that tells gunicorn to start no other
_TRY_AGAIN = 1  # exit status of a worker that makes gunicorn start another one


def create_app(settings: Settings) -> falcon.asgi.App[Any, Any]:
    """Return the application: every API of ``tmfkit_models.contracts`` under its base path."""
    store = create_store(settings, for_serving=True)
    app: falcon.asgi.App[Any, Any] = falcon.asgi.App()
    guard = CallbackGuard(settings.called_networks)
    addresses = Addresses(settings.public_url, settings.trusted_proxies)
    admission = Admission(store, _hubs(), settings.listener_limits)
    mounted = [
        Api(
            contracts.load(name),
            store,
            settings,
            extension=extension_of(name, settings),
            guard=guard,
            admission=admission,
            addresses=addresses,
        )
        for name in contracts.apis()
    ]
    client = WebhookClient(
        guard,
        settings.callback_secrets,
        connections=settings.listener_limits.connections,
        public_url=addresses.public_url,
    )
    dispatcher = Dispatcher(store, client, settings.retry_limits)
    app.add_middleware(_Lifespan(store, mounted, dispatcher))
    if settings.api_keys:
        app.add_middleware(ApiKeys(settings.api_keys, open_paths=frozenset({LIVE})))
    app.req_options.strip_url_path_trailing_slash = True
    problems.install(app)
    app.add_route(LIVE, Live())
    dead_letters.mount(app, DeadLetters(store), addresses)
    for api in mounted:
        api.mount(app)
    return app


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
            filtered_paths(contract, resource), loose=resource.loose_equality
        )
        for contract in map(contracts.load, contracts.apis())
        for resource in contract.resources
    }
    return settings.store_kind.new(settings.store, plans, for_serving=for_serving)


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

    def __init__(self, store: Store, apis: Sequence[Api], dispatcher: Dispatcher) -> None:
        self._store = store
        self._apis = apis
        self._dispatcher = dispatcher
        self._cleaner = Cleaner(store)

    async def process_startup(self, _scope: object, _event: object) -> None:
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
        for api in self._apis:
            await api.start()

    async def process_shutdown(self, _scope: object, _event: object) -> None:
        for api in self._apis:
            await api.stop()
        await self._cleaner.stop()
        await self._dispatcher.stop()
        await self._store.close()
