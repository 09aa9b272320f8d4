"""Finds out under which names the target takes what the document names in two ways: attributes and paths.

The kit writes the contract's name. A target that refuses it (or keeps nothing under it, where the erratum tolerates
that), and takes an alias, is spoken to with the alias for the rest of the run; two readings are never mixed, and every
row on such an attribute is remarked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.rules.upkeep import Dialect
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["detect"]


def detect(session: Session) -> None:
    """Try, for every resource with aliases, the contract's names and then each alias; keep what is taken."""
    session.begin(PlannedProbe(Dialect, ""))
    try:
        for resource in session.contract.resources:
            _detect_path(session, resource)
            for key, attribute in _aliased(session.contract, resource.create):
                with contextlib.suppress(OverrideInTheWay):  # an attribute that is never sent needs no name
                    _detect(session, resource, key, attribute)
    except ProbeAborted as ended:
        session.end(ended=str(ended))
    else:
        session.end()


def _detect_path(session: Session, resource: Resource) -> None:
    """Keep to the first path of the collection that is not answered 404."""
    if (
        not resource.path_aliases
        or session.call("list", Dialect.LIST.of(resource.collection), resource=resource.name).status != 404
    ):
        return
    for path in resource.path_aliases:
        session.dialect[resource.name] = {resource.collection: path}
        if session.call("list", Dialect.LIST.of(path), resource=resource.name).status != 404:
            return
    session.dialect[resource.name] = {}


def _detect(session: Session, resource: Resource, key: str, attribute: Schema) -> None:
    """Keep to the first name that is taken."""
    before, aliases = session.dialect[resource.name], attribute["x-tmf-aliases"]
    for spoken in ("", *aliases):
        session.dialect[resource.name] = {**before, key: spoken} if spoken else before
        name = f"{key} as {spoken or _last(key)}"
        made = _made(session, resource, key, Dialect.CREATE.of(name))
        is_enough = not attribute.get("x-tmf-alias-when-lost")
        if made.is_success and (is_enough or _is_kept(session, resource, key, (_last(key), *aliases), made)):
            return
    session.dialect[resource.name] = before


def _made(session: Session, resource: Resource, key: str, step: Step) -> Exchange:
    body = session.payloads_of(resource.name).with_attribute(f"/{key}")
    return session.call("create", step, body=body, resource=resource.name)


def _is_kept(session: Session, resource: Resource, key: str, names: tuple[str, ...], made: Exchange) -> bool:
    """Say whether a read gives something back under one of the names; what cannot be read says nothing."""
    read = session.call("retrieve", Dialect.READ.of(made.step), identifier=made.identifier, resource=resource.name)
    around = session.payloads_of(resource.name).spoken(f"/{key}").rpartition("/")[0]
    return not read.is_success or any(pointers.select(read.answer, f"{around}/{name}") for name in names)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _aliased(
    contract: Contract, schema: Schema | str, path: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Schema]]:
    """Yield the attributes that have other names, those around them first, each with its key in a dialect."""
    for name, attribute in contract.attributes(schema).items():
        full = contract.resolve(attribute)
        if full.get("x-tmf-aliases"):
            yield f"{path}{name}", full
        inner = attribute.get("items", attribute)
        reference = inner.get("$ref", "")
        if reference not in above or not reference:
            below = f"{path}{name}/*/" if "items" in full else f"{path}{name}/"
            yield from _aliased(contract, inner, below, (*above, reference))
