"""What the queries of a hub's listeners may speak of: the form of its notifications."""

from __future__ import annotations

from tmfkit_models.contracts import Contract, Schema
from tmfkit_server.query.forms import ANYTHING, ArrayForm, Form, ObjectForm, PlainForm

__all__ = ["hub_name", "notification_form"]

_PLAIN = {"string", "number", "integer", "boolean", "null"}


def hub_name(contract: Contract, path: str) -> str:
    """Return the name of a hub that no other API has."""
    return f"{contract.id}:{path}"


def notification_form(contract: Contract, hub: str) -> Form:
    """Return the form of what is sent to the listeners of a hub.

    Args:
        contract: The contract.
        hub: Path of the hub.
    """
    resources = {each.name: each for each in contract.resources if each.hub == hub}
    events = [event for event in contract.events if event.resource in resources]
    types = frozenset(event.type for event in events)
    plain: dict[str, Form] = {"eventId": PlainForm(), "eventTime": PlainForm(), "eventType": PlainForm(types)}
    notification, known = ObjectForm(plain, is_open=False), dict[str, ObjectForm]()
    for event in events:
        *parents, last = event.payload.split("/")[1:]
        here = notification
        for name in parents:
            inner = here.names.setdefault(name, ObjectForm(is_open=False))
            assert isinstance(inner, ObjectForm)
            here = inner
        resource = _object(contract, resources[event.resource].schema, known)
        here.names[last] = ArrayForm(resource) if event.array else resource
    return notification


def _object(contract: Contract, schema: Schema | str, known: dict[str, ObjectForm]) -> ObjectForm:
    """Return the form of an object with attributes; one that contains itself does so here as well."""
    key = repr(schema)
    if key not in known:
        form = known[key] = ObjectForm()
        for name, attribute in contract.attributes(schema).items():
            inner = _form(contract, attribute, known)
            form.names.update(dict.fromkeys((name, *contract.resolve(attribute).get("x-tmf-aliases", ())), inner))
    return known[key]


def _form(contract: Contract, schema: Schema, known: dict[str, ObjectForm]) -> Form:
    full = contract.resolve(schema)
    if "items" in full:
        return ArrayForm(_form(contract, full["items"], known))
    if contract.attributes(schema):
        return _object(contract, schema, known)
    named = full.get("type", ())
    types = {named} if isinstance(named, str) else set(named)
    return PlainForm() if types and types <= _PLAIN else ANYTHING
