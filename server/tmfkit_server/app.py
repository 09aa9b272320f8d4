"""The composition root: settings in, application out."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from tmfkit_models import contracts
from tmfkit_server import problems
from tmfkit_server.health import LIVE, Live
from tmfkit_server.middleware.auth import ApiKeys
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.routes import Api
from tmfkit_server.services.delivery import Dispatcher
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Store
from tmfkit_server.storage.embedded import EmbeddedStore

__all__ = ["create_app", "create_store", "prepare_store"]


def create_app(settings: Settings) -> falcon.asgi.App[Any, Any]:
    """Return the application: every API of ``tmfkit_models.contracts`` under its base path."""
    store = create_store(settings)
    app: falcon.asgi.App[Any, Any] = falcon.asgi.App()
    app.add_middleware(_Lifespan(store))
    app.add_middleware(ApiKeys(settings.api_keys, open_paths=frozenset({LIVE})))
    app.req_options.strip_url_path_trailing_slash = True
    problems.install(app)
    app.add_route(LIVE, Live())
    reader = BodyReader(settings.max_body_bytes)
    for name in contracts.apis():
        contract = contracts.load(name)
        base_path = settings.base_paths.get(name, contract.base_path)
        Api(contract, store, reader, base_path=base_path, public_url=settings.public_url).mount(app)
    return app


def prepare_store(settings: Settings) -> None:
    """Bring the schema of a shared store up to date, once, before any worker starts; StoreError when that fails.

    Workers see to it themselves as well. But what takes long or fails is better met here: no worker is taken for dead
    meanwhile, and the operator gets one message.
    """
    if settings.is_shared:
        from tmfkit_server.storage.migrate import migrate

        migrate(settings.store)


def create_store(settings: Settings) -> Store:
    """Return the store that the settings name, not yet open."""
    if settings.is_shared:
        # Imported only when used: psycopg is an extra of its own.
        from tmfkit_server.storage.postgres import PostgresStore

        return PostgresStore(settings.store)
    return EmbeddedStore(settings.store.partition(":")[2])


class _Lifespan:
    """Opens the store before the first request and closes it after the last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dispatcher = Dispatcher(store)

    async def process_startup(self, _scope: object, _event: object) -> None:
        await self._store.open()
        self._dispatcher.start()

    async def process_shutdown(self, _scope: object, _event: object) -> None:
        await self._dispatcher.stop()
        await self._store.close()
