"""Customer Management API R14.5.1 (TMF629): the document's JSON Patch, open periods, card numbers, credit profiles."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import orjson

from tmfkit_models import contracts
from tmfkit_models.contracts import Resource
from tmfkit_server.apis.customer import in_force_first
from tmfkit_server.json_pointer import pointer_of
from tmfkit_server.services.cards import CardNumbers
from tmfkit_server.services.extensions import Extension
from tmfkit_server.services.patches.json_patch import tokens_of, value_at
from tmfkit_server.settings import Settings

__all__ = ["EXTENSION"]

_OWNER, _PROFILES = "customer", "customerCreditProfile"
_PERIOD = "validFor"
_END = "endDateTime"
_OPEN_END = f'"{_END}":""'.encode()
_RESOURCES = {"customer", "customerAccount", "paymentMean"}
# Card numbers are looked for in all of it, which takes up to 1.5 ms for a kilobyte.
_LONG_BYTES = 32 * 1024

Body = Mapping[str, Any]
Tokens = tuple[str, ...]


class CustomerR14(Extension):
    """Reads the samples' patches and open periods, keeps a card's last digits, shows the profile in force first."""

    api: ClassVar[str] = "tmf629-v1"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        contract = contracts.load(self.api)
        masked = () if settings.keep_card_numbers else contract.resources
        self._cards = {
            each.name: CardNumbers(contract, each.name, card="creditCard", number="number", around={"paymentMean"})
            for each in masked
        }

    def received(self, resource: Resource, body: Body) -> Body:
        """Return *body* without the empty texts that end a period in the samples: such a period is open.

        Source:
            TMF629 R14.5.1, samples of validFor; erratum TMF629V1-E26.
        """
        del resource
        # Nearly always the text tells at a glance that there is none, whatever the number of members.
        if _OPEN_END not in orjson.dumps(body):
            return body
        return {name: _with_open_ends(value, name) for name, value in body.items()}

    def accepted(self, resource: Resource, body: Body) -> Body:
        """Return *body* with its card numbers masked, unless they are to be kept."""
        cards = self._cards.get(resource.name)
        return cards.masked(body) if cards else body

    def takes_long(self, resource: Resource, sent: Any) -> bool:
        """Tell whether so much was sent that looking for card numbers takes long."""
        return resource.name in self._cards and len(orjson.dumps(sent)) > _LONG_BYTES

    def presented(self, resource: Resource, body: Body) -> Body:
        """Return *body* with its credit profiles in force first; elsewhere that name may stand for anything."""
        return in_force_first(body, _PROFILES) if resource.name == _OWNER else body

    def json_patch(self, resource: Resource, patch: Any) -> Any:
        """Return the operations of a patch, which in the samples is one operation outside of any array.

        Source:
            TMF629 R14.5.1, samples of PATCH; erratum TMF629V1-E62.
        """
        del resource
        return [patch] if isinstance(patch, dict) else patch

    def json_patch_operation(self, resource: Resource, pointer: str, operation: Any, body: Any) -> Iterable[Any]:
        """Translate an operation in the form of the samples to RFC 6902, and leave one of RFC 6902 as it is.

        Card numbers are masked here as well, before an operation can copy one to where it is none any more.

        Source:
            TMF629 R14.5.1, samples of PATCH; errata TMF629V1-E55 and TMF629V1-E62.
        """
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            return (self._masked(operation, resource),)
        own = {
            name: _own(tokens_of(operation[name], f"{pointer}/{name}"), resource.name, body)
            for name in ("path", "from")
            if isinstance(operation.get(name), str)
        }
        spelled = {**operation, **{name: pointer_of(tokens) for name, tokens in own.items()}}
        is_samples = spelled != operation or operation.get("op") == "update"
        plain = _unwrapped(spelled, own["path"]) if is_samples else spelled
        return _translated(self._masked(plain, resource), own["path"], body, is_samples=is_samples)

    def _masked(self, operation: Any, resource: Resource) -> Any:
        cards = self._cards.get(resource.name)
        if cards is None or not isinstance(operation, dict) or "value" not in operation:
            return operation
        return {**operation, "value": cards.masked_at(str(operation.get("path")), operation["value"])}


EXTENSION = CustomerR14


def _with_open_ends(value: Any, name: str) -> Any:
    """Return *value*, the attribute *name*, with the end of every open period in it left out."""
    if isinstance(value, list):
        return [_with_open_ends(member, name) for member in value]
    if not isinstance(value, Mapping):
        return value
    is_open = name == _PERIOD and value.get(_END) == ""
    return {key: _with_open_ends(member, key) for key, member in value.items() if not (is_open and key == _END)}


def _unwrapped(operation: dict[str, Any], path: Tokens) -> dict[str, Any]:
    """Return *operation* with the value itself, which in the samples may be in an object under its own name."""
    value = operation.get("value")
    if path and isinstance(value, dict) and value.keys() == {path[-1]}:
        return {**operation, "value": value[path[-1]]}
    return operation


def _translated(operation: dict[str, Any], path: Tokens, body: Any, *, is_samples: bool) -> Iterator[dict[str, Any]]:
    value, old = operation.get("value"), value_at(body, path)
    if operation.get("op") == "update" and isinstance(old, dict) and isinstance(value, dict):
        # Each by itself: what the object has beside them may be a thousand times as much.
        for name, member in value.items():
            yield {**operation, "op": "add", "path": pointer_of((*path, name)), "value": member}
    elif operation.get("op") == "update":
        yield {**operation, "op": "add" if old is None else "replace"}
    elif operation.get("op") == "add" and isinstance(old, list) and _is_of_members(operation, is_samples=is_samples):
        for member in value if isinstance(value, list) else [value]:
            yield {**operation, "path": pointer_of((*path, "-")), "value": member}
    else:
        yield operation


def _is_of_members(operation: dict[str, Any], *, is_samples: bool) -> bool:
    """Tell whether an operation adds members to an array; in RFC 6902 a list takes the place of the array."""
    return "value" in operation and (is_samples or not isinstance(operation["value"], list))


def _own(path: Tokens, resource: str, body: Any) -> Tokens:
    """Return *path* without the names of resources that it begins with in the samples, up to that of its own."""
    leading = list(itertools.takewhile(_RESOURCES.__contains__, path))
    if resource not in leading or (isinstance(body, dict) and path[0] in body):
        return path
    return path[leading.index(resource) + 1 :]
