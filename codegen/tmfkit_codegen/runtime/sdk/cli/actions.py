"""What the command does, one function for each action."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from tmfkit_sdk._runtime.answers import Response
from tmfkit_sdk._runtime.calls import Options, identifier
from tmfkit_sdk._runtime.clients import Client
from tmfkit_sdk._runtime.encoding import BadJson
from tmfkit_sdk._runtime.errors import Unreadable
from tmfkit_sdk._runtime.queries import field_names
from tmfkit_sdk.cli.listening import listen
from tmfkit_sdk.cli.output import read, show, show_all
from tmfkit_sdk.cli.streams import received

__all__ = ["ACTIONS", "CHANGING"]


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
        show_all(islice(found, wanted.at_most), wanted.format, field_names(wanted.fields))


def _get(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        show(_collection(client, wanted).get(wanted.id, fields=wanted.fields), wanted.format)


def _create(wanted: argparse.Namespace) -> None:
    _post(wanted, "", _body(wanted))


def _update(wanted: argparse.Namespace) -> None:
    body = _body(wanted)
    if not body:
        raise ValueError("nothing is to be changed: give --set, --unset or --json")
    with _client(wanted) as client:
        show(_collection(client, wanted).patch(wanted.id, body, if_match=wanted.if_match), wanted.format)


def _delete(wanted: argparse.Namespace) -> None:
    with _client(wanted) as client:
        _collection(client, wanted).delete(wanted.id, if_match=wanted.if_match)


def _send(wanted: argparse.Namespace) -> None:
    if wanted.id is None:
        _post(wanted, "/send", _body(wanted))
    elif wanted.set or wanted.json is not None:
        raise ValueError("a stored message is sent as it is: give its identifier, or --set and --json for a new one")
    else:
        _post(wanted, f"/{identifier(wanted.id)}/send", None)


def _post(wanted: argparse.Namespace, path: str, body: object) -> None:
    with _client(wanted) as client:
        options = Options(idempotency_key=wanted.idempotency_key)
        response = client.request("POST", f"{wanted.found.path}{path}", json=body, options=options)
        show(_content(response), wanted.format)


def _content(response: Response) -> Any:
    try:
        return read(response.content) if response.content.strip() else {}
    except BadJson as error:
        raise Unreadable(f"the body is no JSON: {error}", response=response) from None


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

CHANGING = frozenset({"create", "update", "delete", "send"})
"""Actions after which something is otherwise than before."""


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
    """Return the JSON object of --json with what --set and --unset add to it."""
    body: Any = {}
    if wanted.json is not None:
        body = _read("--json", received(wanted.json))
        if not isinstance(body, dict):
            raise ValueError("--json: the file has to hold one JSON object")
    given: list[list[str]] = []
    for option, name, value in _changes(wanted):
        names = name.split(".")
        if "" in names:
            raise ValueError(f"{option}: a name is empty")
        for other in given:
            if all(one == two for one, two in zip(names, other, strict=False)):
                raise ValueError(f"{option}: {'.'.join(other)} is given already")
        given.append(names)
        _put(body, names, value)
    return dict(body)


def _changes(wanted: argparse.Namespace) -> Iterator[tuple[str, str, Any]]:
    """Yield the options that change a body, each with its name and value."""
    for assignment in wanted.set:
        name, sign, text = assignment.partition("=")
        if not sign:
            raise ValueError(f"--set {assignment}: it has to be name=text or name:=JSON")
        value = _read(f"--set {assignment}", text) if name.endswith(":") else text
        yield f"--set {assignment}", name.removesuffix(":"), value
    for name in vars(wanted).get("unset", ()):
        yield f"--unset {name}", name, None


def _read(where: str, text: bytes | str) -> Any:
    try:
        return read(text)
    except BadJson as error:
        raise ValueError(f"{where}: no JSON: {error}") from None


def _put(body: dict[str, Any], names: list[str], value: Any) -> None:
    """Put *value* where *names* lead to, through objects that are made on the way."""
    for name in names[:-1]:
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{'.'.join(names)}: {name} is no object")  # noqa: TRY004 - wrong usage
        body = inner
    body[names[-1]] = value
