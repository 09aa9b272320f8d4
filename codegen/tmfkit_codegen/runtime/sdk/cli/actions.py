"""What the command does, one function for each action."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tmfkit_sdk._runtime.calls import Options, identifier
from tmfkit_sdk._runtime.clients import Client
from tmfkit_sdk._runtime.queries import field_names
from tmfkit_sdk.cli.listening import listen
from tmfkit_sdk.cli.output import show, show_all

__all__ = ["ACTIONS"]


def _client(wanted: argparse.Namespace) -> Client:
    if not wanted.url:
        raise ValueError("nobody knows where the server is: give --url or set TMFKIT_URL")
    made: Client = wanted.found.client(
        wanted.url, base_path=wanted.base_path, token=wanted.token or None, timeout=wanted.timeout
    )
    return made


def _collection(client: Client, wanted: argparse.Namespace) -> Any:
    return getattr(client, wanted.found.attribute)


def _list(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        found: Iterable[Any] = _collection(client, wanted).list(
            where=_conditions(wanted.where),
            filter=wanted.filter,
            sort=wanted.sort,
            fields=wanted.fields,
            limit=wanted.limit,
        )
        show_all((one.raw for one in islice(found, wanted.at_most)), wanted.format, field_names(wanted.fields))


def _get(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        show(_collection(client, wanted).get(wanted.id, fields=wanted.fields).raw, wanted.format)


def _create(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        options = Options(idempotency_key=wanted.idempotency_key)
        response = client.request("POST", wanted.found.path, json=_body(wanted), options=options)
        show(response.json() if response.content.strip() else {}, wanted.format)


def _update(wanted: argparse.Namespace) -> None:
    body = _body(wanted)
    for name in wanted.unset:
        _put(body, name.split("."), None)
    if not body:
        raise ValueError("nothing is to be changed: give --set, --unset or --json")
    with _client(wanted) as client:
        show(_collection(client, wanted).patch(wanted.id, body, if_match=wanted.if_match).raw, wanted.format)


def _delete(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        _collection(client, wanted).delete(wanted.id, if_match=wanted.if_match)


def _send(wanted: argparse.Namespace) -> None:
    stored = f"/{identifier(wanted.id)}" if wanted.id is not None else ""
    with _client(wanted) as client:
        options = Options(idempotency_key=wanted.idempotency_key)
        body = None if stored else _body(wanted)
        response = client.request("POST", f"{wanted.found.path}{stored}/send", json=body, options=options)
        show(response.json() if response.content.strip() else {}, wanted.format)


def _listen(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        collection = _collection(client, wanted)
        listen(collection.hub if hasattr(collection, "hub") else client.hub, wanted)  # type: ignore[attr-defined]


ACTIONS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "send": _send,
    "listen": _listen,
}
"""Action → what does it."""


def _conditions(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the conditions; a comma separates values unless a backslash stands before it."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise ValueError(
                f"--where {text}: it has to be name=value, with an operator behind the name if need be: name.gt=5"
            )
        if name in found:
            raise ValueError(f"--where {text}: {name} has a condition already; several values are name=a,b")
        found[name] = list(_values(value))
    return found


def _values(text: str) -> Iterator[str]:
    parts = text.split(",")
    while parts:
        value = parts.pop(0)
        while value.endswith("\\") and parts:
            value = f"{value[:-1]},{parts.pop(0)}"
        yield value


def _body(wanted: argparse.Namespace) -> dict[str, Any]:
    """Return the JSON object of --json with what --set adds to it."""
    body: Any = {}
    if wanted.json is not None:
        text = sys.stdin.read() if wanted.json == "-" else Path(wanted.json).read_text()
        body = _read("--json", text)
        if not isinstance(body, dict):
            raise ValueError("--json: the file has to hold one JSON object")
    for assignment in wanted.set:
        name, sign, text = assignment.partition("=")
        if not sign or not name.removesuffix(":"):
            raise ValueError(f"--set {assignment}: it has to be name=text or name:=JSON")
        value = _read(f"--set {assignment}", text) if name.endswith(":") else text
        _put(body, name.removesuffix(":").split("."), value)
    return dict(body)


def _read(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: no JSON: {error}") from None


def _put(body: dict[str, Any], names: list[str], value: Any) -> None:
    """Put *value* where *names* lead to, through objects that are made on the way."""
    for name in names[:-1]:
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{'.'.join(names)}: {name} is no object")  # noqa: TRY004 - wrong usage
        body = inner
    body[names[-1]] = value
