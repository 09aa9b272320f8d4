"""``/`` lists the APIs, ``/docs/<api>`` shows a contract, ``/openapi/<api>.json`` is it, ``/admin`` is for operators.

None of them holds data, so none needs a credential: the page for operators asks for one and sends it with its requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

import falcon.asgi
import orjson

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract
from tmfkit_server.resources.addresses import Addresses

__all__ = ["BELOW", "Pages"]

BELOW = ("/docs/", "/openapi/")
"""Paths begin so that are pages, or nothing at all."""

_FILES = Path(__file__).parent / "files"
_OWN = ("page.css", "docs.css", "docs.js", "admin.js")
# Of a package of the registry.
_VIEWER, _VIEWER_FILES = "swagger_ui", ("swagger-ui-bundle.js", "swagger-ui.css")
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json"}
_HTML = "text/html; charset=utf-8"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CREDENTIALS = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "token": {"type": "http", "scheme": "bearer"},
}
_KEPT = "max-age=3600"


class Pages:
    """The pages of one server.

    Attributes:
        paths: Where they are.
    """

    def __init__(self, base_paths: Mapping[str, str], addresses: Addresses, *, asks_for_credentials: bool) -> None:
        """Prepare.

        Args:
            base_paths: API → base path, where it is not the contract's own.
            addresses: What clients call the server by.
            asks_for_credentials: Whether the APIs do, which the documents then say.
        """
        loaded = [contracts.load(name) for name in contracts.apis()]
        bases = {each.id: base_paths.get(each.id, each.base_path) for each in loaded}
        rows = "".join(_row(each, bases) for each in loaded)
        self._routes: dict[str, _File | _ToList] = {"/": _page("index.html", rows=rows)}
        self._routes["/admin"] = _page("admin.html", messages=_messages(loaded, bases))
        self._routes |= dict.fromkeys(("/docs", "/openapi"), _ToList(addresses))
        for each in loaded:
            document = _served(each, bases[each.id], asks_for_credentials=asks_for_credentials)
            self._routes[f"/openapi/{each.id}.json"] = _File(orjson.dumps(document), _TYPES[".json"])
            self._routes[f"/docs/{each.id}"] = _page("docs.html", api=each.id, title=_title(each))
        for name in _OWN:
            self._routes[f"/docs/files/{name}"] = _file(_FILES / name)
        for name in _VIEWER_FILES:
            self._routes[f"/docs/files/{name}"] = _file(_viewer_folder() / name)

    @property
    def paths(self) -> frozenset[str]:
        """Their paths."""
        return frozenset(self._routes)

    def mount(self, app: falcon.asgi.App[Any, Any]) -> None:
        """Add the routes."""
        for path, file in self._routes.items():
            app.add_route(path, file)


class _File:
    """One page or file: its content, or where it is, to be read whenever it is asked for."""

    def __init__(self, content: bytes | Path, kind: str) -> None:
        self._content, self._kind = content, kind

    async def on_get(self, _req: object, resp: falcon.asgi.Response) -> None:
        """Answer with it."""
        resp.content_type = self._kind
        resp.set_header("Cache-Control", "no-cache" if self._kind == _HTML else _KEPT)
        if self._kind == _HTML:
            resp.set_header("Content-Security-Policy", _POLICY)
            resp.set_header("Referrer-Policy", "no-referrer")
        resp.data = (
            await asyncio.to_thread(self._content.read_bytes) if isinstance(self._content, Path) else self._content
        )

    on_head = on_get


class _ToList:
    """Leads to the list of the APIs."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with its address."""
        resp.status = 302
        resp.set_header("Location", f"{self._addresses.of(req)}/")

    on_head = on_get


def _page(name: str, **values: str) -> _File:
    filled = Template((_FILES / name).read_text(encoding="utf-8")).substitute(values)
    return _File(filled.encode(), _HTML)


def _file(path: Path) -> _File:
    if not path.exists():
        raise FileNotFoundError(path)
    return _File(path, _TYPES[path.suffix])


def _viewer_folder() -> Path:
    """Return where the viewer's files are, without importing the package, which is about other frameworks."""
    found = find_spec(_VIEWER)
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "static"


def _messages(loaded: Sequence[Contract], bases: Mapping[str, str]) -> str:
    """Return the path of the messages that can be sent again, empty when no API has any."""
    sending = ((each, operation) for each in loaded for operation in each.operations)
    paths = (
        bases[each.id] + each.resource(operation.resource).collection
        for each, operation in sending
        if operation.action == "send-stored"
    )
    return next(paths, "")


def _served(contract: Contract, base_path: str, *, asks_for_credentials: bool) -> dict[str, Any]:
    """Return the document of a contract as it is served here: where, and with which credentials."""
    document = {**contract.openapi, "servers": [{"url": f"..{base_path}"}]}
    if asks_for_credentials:
        document["components"] = {**document["components"], "securitySchemes": _CREDENTIALS}
        document["security"] = [{name: []} for name in _CREDENTIALS]
    return document


def _title(contract: Contract) -> str:
    return escape(f"{contract.number} {contract.openapi['info']['title']} {contract.release}")


def _row(contract: Contract, bases: Mapping[str, str]) -> str:
    api = contract.id
    return (
        f'<tr><th scope="row"><a href="docs/{api}">{_title(contract)}</a></th>'
        f"<td><code>{escape(bases[api])}</code></td>"
        f'<td><a href="openapi/{api}.json">{api}.json</a></td></tr>\n'
    )
