"""Holds what the errata say of the kit (``kit`` in ``errata.yaml``) against what the kit recorded."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant, is_kept
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract

__all__ = ["departures", "unheld"]

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class _About:
    """What a statement is held against, beside the exchange."""

    contract: Contract
    bundle: Bundle


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "date-time": lambda value: instant(value) is not None,
}


def departures(contract: Contract, bundle: Bundle) -> list[str]:
    """Return every request of the register phase that is not as an erratum says, each with the id of the erratum."""
    rules, about = _rules_of(contract), _About(contract, bundle)
    exchanges = [exchange for exchange in bundle.exchanges if exchange.phase in ("register", "cleanup")]
    return [
        f"{erratum.id}: {found} (exchange {exchange.sequence}, {exchange.probe}, {exchange.step})"
        for erratum in contract.errata
        for statement in erratum.kit
        for exchange in exchanges
        if not _is_excepted(statement, rules[exchange.probe])
        if _is_of(statement, exchange)
        for found in _HOLDING[statement["says"]](statement, exchange, about)
    ]


def unheld(contract: Contract, bundle: Bundle) -> list[str]:
    """Return the statements that speak of something sent, which no request of the register phase shows."""
    exchanges = [exchange for exchange in bundle.exchanges if exchange.phase in ("register", "cleanup")]
    return [
        f"{erratum.id}: {dict(statement)}"
        for erratum in contract.errata
        for statement in erratum.kit
        if not any(_shows(statement, exchange) for exchange in exchanges)
    ]


def _shows(statement: Statement, exchange: Exchange) -> bool:
    match statement["says"]:
        case "sends" | "tries":
            return _is_of(statement, exchange) and bool(list(_found(_body(exchange), statement["at"])))
        case "sends-header" | "sends-no-body":
            return exchange.operation in statement["operations"]
    return True


def _rules_of(contract: Contract) -> dict[str, list[set[str]]]:
    """Return, for each probe, what its rows may be called in ``except``: id, kind or scenario."""
    found: dict[str, list[set[str]]] = defaultdict(list)
    for case in plan(contract):
        if case.probe:
            row = case.requirement
            found[case.probe.key].append({row.id, row.scenario or row.kind})
    return found


def _is_excepted(statement: Statement, rows: list[set[str]]) -> bool:
    """Say whether a probe is there for nothing but rows that are excepted."""
    excepted = set(statement.get("except", ()))
    return bool(rows) and all(names & excepted for names in rows)


def _is_of(statement: Statement, exchange: Exchange) -> bool:
    return exchange.operation in statement.get("operations", (exchange.operation,))


def _sends(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    body, where = _body(exchange), statement["at"]
    is_faulty = exchange.step.startswith("refused")  # and lacks something on purpose
    only = statement.get("where")
    if only and pointers.get(body, only["pointer"]) not in only["one-of"]:
        return
    if "always" in statement and exchange.request.json is not None and not is_faulty and not _found(body, where):
        yield f"sends no {where}"
    if "when" in statement and _found(body, where):
        condition = statement["when"]
        if pointers.get(body, condition["pointer"]) not in condition["one-of"]:
            yield f"sends {where} with {pointers.get(body, condition['pointer'])!r}"
    for value in _found(body, where):
        facets = (name for name in _FACETS if name in statement and not (name == "members" and is_faulty))
        if value is not None and not all(_FACETS[name](statement[name], value) for name in facets):
            yield f"sends {value!r} at {where}"


def _has_members(wanted: list[str], value: Any) -> bool:
    return isinstance(value, dict) and set(wanted) <= set(value)


def _is_ordered(ends: list[str], value: Any) -> bool:
    instants = [instant(value[name]) for name in ends if name in value]
    return len(instants) < 2 or bool(instants[0] and instants[1] and instants[0] <= instants[1])


_FACETS: dict[str, Callable[[Any, Any], bool]] = {
    "values": lambda wanted, value: any(is_kept(one, value) for one in wanted),
    "type": lambda wanted, value: _TYPES[wanted](value),
    "pattern": lambda wanted, value: re.search(wanted, str(value)) is not None,
    "members": _has_members,
    "only-members": lambda wanted, value: isinstance(value, dict) and set(value) <= set(wanted),
    "ordered": _is_ordered,
}
"""What a statement says of a value → whether the value is so."""


def _never_sends(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    for value in _found(_body(exchange), statement["at"]):
        if "values" not in statement or value in statement["values"]:
            yield f"sends {value!r} at {statement['at']}"


def _tries(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    parent, others = statement["at"].rpartition("/")[0], statement["names"][1:]
    for here in _found(_body(exchange), parent) if parent else [_body(exchange)]:
        yield from (f"sends {name}" for name in others if isinstance(here, dict) and name in here)


def _never_asks(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    query = unquote_plus(urlsplit(exchange.request.url).query)
    if query and re.search(statement["pattern"], query):
        yield f"asks {query}"


def _never_requests(statement: Statement, exchange: Exchange, about: _About) -> Iterator[str]:
    path = urlsplit(exchange.request.url).path
    if "pattern" in statement:
        is_it = re.search(statement["pattern"], path) is not None
    else:
        below = path.removeprefix(urlsplit(about.bundle.run["base_url"]).path)
        shape = re.escape(statement["path"]).replace(re.escape("{id}"), "[^/]+")
        is_another = any((one.method, one.path) == (statement["method"], below) for one in about.contract.operations)
        is_it = exchange.request.method == statement["method"] and re.fullmatch(shape, below) is not None
        is_it = is_it and not is_another
    if is_it:
        yield f"requests {exchange.request.method} {path}"


def _sends_header(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    values = [value for name, value in exchange.request.headers if name.lower() == statement["name"].lower()]
    if not any(statement["value"] in value for value in values):
        yield f"sends {statement['name']} as {values}"


def _sends_no_body(_statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    if exchange.request.body:
        yield "sends a body"


def _sends_json(_statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    if exchange.request.body and not _is_json(exchange.request.body):
        yield "sends what is no JSON with each name once"


def _sends_json_patch(statement: Statement, exchange: Exchange, _about: _About) -> Iterator[str]:
    sent = exchange.request.json
    if exchange.request.media_type != "application/json-patch+json":
        return
    if not isinstance(sent, list) or not all(one["op"] in statement["ops"] and one["path"][:1] == "/" for one in sent):
        yield f"sends {sent!r}"


_HOLDING: dict[str, Callable[[Statement, Exchange, _About], Iterator[str]]] = {
    "sends": _sends,
    "never-sends": _never_sends,
    "tries": _tries,
    "never-asks": _never_asks,
    "never-requests": _never_requests,
    "sends-header": _sends_header,
    "sends-no-body": _sends_no_body,
    "sends-json": _sends_json,
    "sends-json-patch": _sends_json_patch,
}
"""What a statement says → what departs from it."""


def _is_json(body: bytes) -> bool:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError(pairs)
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=once)
    except ValueError:
        return False
    return True


def _body(exchange: Exchange) -> Any:
    """Return the body of a request that writes a resource; operations of a JSON patch as a partial object."""
    sent = exchange.request.json
    if not isinstance(sent, list):
        return sent if isinstance(sent, dict) else {}
    whole: dict[str, Any] = {}
    for one in sent:
        if isinstance(one, dict) and "value" in one:
            name, *rest = pointers.parts(one["path"])
            whole[name] = [one["value"]] if rest else one["value"]
    return whole


def _found(body: Any, where: str) -> list[Any]:
    first, *rest = pointers.parts(where)
    if first != "**":
        return pointers.select(body, where)
    below = "".join(f"/{pointers.escaped(name)}" for name in rest)
    return [value for here in _every(body) for value in pointers.select(here, below)]


def _every(value: Any) -> Iterator[Any]:
    """Yield a value and everything in it."""
    yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _every(member)
