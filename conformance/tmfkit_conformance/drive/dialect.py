"""Finds out under which names the target takes what the document names in two ways: attributes and paths.

The kit writes the contract's name. A target that refuses it, and takes an alias, is spoken to with the alias for the
rest of the run; two readings are never mixed, and every row on such an attribute is remarked.
"""

from __future__ import annotations

from tmfkit_conformance.drive.payloads import Payloads
from tmfkit_conformance.drive.session import Ended, Session
from tmfkit_conformance.plan import Probe
from tmfkit_models.contracts import Resource

__all__ = ["settle"]


def settle(session: Session) -> None:
    """Try, for every resource with aliases, the contract's names and then each alias; keep what is taken."""
    session.begin(Probe("dialect", ""))
    try:
        for resource in session.contract.resources:
            _settle_path(session, resource)
            for name, aliases in _aliases(session, resource).items():
                _settle(session, resource, name, aliases)
    except Ended as ended:
        session.end(ended=str(ended))
    else:
        session.end()


def _settle_path(session: Session, resource: Resource) -> None:
    """Keep to the first path of the collection that is not answered 404."""
    if not resource.path_aliases or session.call("list", resource.collection, resource=resource.name).status != 404:
        return
    for path in resource.path_aliases:
        session.dialect[resource.name] = {resource.collection: path}
        if session.call("list", path, resource=resource.name).status != 404:
            return
    session.dialect[resource.name] = {}


def _settle(session: Session, resource: Resource, name: str, aliases: list[str]) -> None:
    for spoken in ("", *aliases):
        names = session.dialect[resource.name]
        session.dialect[resource.name] = {**names, name: spoken} if spoken else names
        payloads: Payloads = session.payloads_of(resource.name)
        exchange = session.call(
            "create", f"{name} as {spoken or name}", body=payloads.with_attribute(f"/{name}"), resource=resource.name
        )
        if exchange.is_success:
            return
        session.dialect[resource.name] = names


def _aliases(session: Session, resource: Resource) -> dict[str, list[str]]:
    attributes = session.contract.attributes(resource.create)
    resolved = {name: session.contract.resolve(schema) for name, schema in attributes.items()}
    return {name: list(schema["x-tmf-aliases"]) for name, schema in resolved.items() if schema.get("x-tmf-aliases")}
