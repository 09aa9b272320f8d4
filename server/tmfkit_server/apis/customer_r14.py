"""Customer Management API R14.5.1 (TMF629): the document's JSON Patch, open periods, card numbers, credit profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tmfkit_models import contracts
from tmfkit_models.contracts import Resource
from tmfkit_server.apis.customer import in_force_first
from tmfkit_server.services.cards import CardNumbers
from tmfkit_server.services.extensions import Extension
from tmfkit_server.settings import Settings

__all__ = ["EXTENSION"]

_PROFILES = "customerCreditProfile"
_PERIOD = "validFor"
_END = "endDateTime"

Body = Mapping[str, Any]


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
        return {name: _with_open_ends(value, name) for name, value in body.items()}

    def accepted(self, resource: Resource, body: Body) -> Body:
        """Return *body* with its card numbers masked, unless they are to be kept."""
        cards = self._cards.get(resource.name)
        return cards.masked(body) if cards else body

    def presented(self, resource: Resource, body: Body) -> Body:
        """Return *body* with its credit profiles in force first."""
        del resource
        return in_force_first(body, _PROFILES)

    def json_patch(self, resource: Resource, patch: Any, body: Body) -> Any:
        """Translate the document's patches to RFC 6902, and leave those in that form as they are.

        Card numbers are masked here as well, before an operation can copy one to where it is none any more.

        Source:
            TMF629 R14.5.1, "PATCH update for an array" and the samples of PATCH customerAccount and paymentMean.
        """
        operations = [patch] if isinstance(patch, dict) else patch
        if not isinstance(operations, list):
            return patch
        return [self._masked(_translated(operation, resource.name, body), resource) for operation in operations]

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


def _translated(operation: Any, resource: str, body: Body) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        return operation
    changed = dict(operation)
    # The samples begin their pointers with the name of the resource.
    if changed["path"].startswith(f"/{resource}/") and resource not in body:
        changed["path"] = changed["path"].removeprefix(f"/{resource}")
    name = changed["path"].removeprefix("/")
    if "value" in changed and isinstance(changed["value"], dict) and changed["value"].keys() == {name}:
        changed["value"] = changed["value"][name]
    if changed.get("op") == "update":
        return _update(changed, body.get(name))
    if changed.get("op") == "add" and isinstance(body.get(name), list) and not isinstance(changed.get("value"), list):
        # RFC 6902 would put the new member in the place of the whole array.
        changed["path"] += "/-"
    return changed


def _update(operation: dict[str, Any], old: Any) -> dict[str, Any]:
    """Read ``update`` as a replacement that keeps the members of an object it does not name."""
    value = operation.get("value")
    merged = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return {**operation, "op": "replace" if old is not None else "add", "value": merged}
