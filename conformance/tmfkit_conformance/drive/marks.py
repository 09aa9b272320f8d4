"""Marks: the texts by which the run knows its own records again, and the attributes that carry them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract

__all__ = ["Marks"]

_MOST = 2
"""Attributes that are tried for a resource; one of them may be what a row is about."""


class Marks:
    """Puts a text into the bodies of creates that nothing else at the target has.

    Args:
        contract: The contract.
        settings: Attributes that the vendor configured carry no mark.
        naming: Makes the marks.
    """

    def __init__(self, contract: Contract, settings: Settings, naming: Naming) -> None:
        self._contract = contract
        self._settings = settings
        self._naming = naming
        self.text = naming.text
        self.carriers: dict[str, tuple[str, ...]] = {}

    def candidates(self, name: str) -> tuple[str, ...]:
        """Return the attributes of a resource that may carry a mark, those that every create has first."""
        resource = self._contract.resource(name)
        configured = {*self._settings.payloads.get(name, {}), *self._settings.values.get(name, {})}
        mandatory = self._contract.required(resource.create)
        free = [
            pointer[1:]
            for pointer in plain_attributes(self._contract, resource)
            if not {pointer, pointer[1:]} & configured and pointer[1:] in self._contract.attributes(resource.create)
        ]
        ordered = sorted(free, key=lambda each: (each not in ("name", "description"), each not in mandatory))
        return tuple(ordered[:_MOST])

    def marked_everywhere(self, name: str, body: Mapping[str, Any], payloads: Payloads) -> dict[str, Any]:
        """Return the body of a create with a mark in every carrier of the resource."""
        spoken = [pointers.parts(payloads.spoken(f"/{carrier}"))[0] for carrier in self.carriers[name]]
        return {**body, **{each: self._naming.mark(each) for each in spoken}}

    def marked(self, name: str, body: Mapping[str, Any], payloads: Payloads, *, subject: str, bare: bool) -> Any:
        """Return the body of a create with a mark, where the resource has a carrier for it.

        What a probe put there itself stays, and a mandatory attribute that it left out stays out.

        Args:
            name: Name of the resource.
            body: The body.
            payloads: Makes the values that a mark may take the place of.
            subject: What the probe is about; it never carries a mark.
            bare: Whether the body is to have no other attributes than it has.
        """
        if self.text in json.dumps(body, ensure_ascii=False, default=str):
            return body
        about = pointers.parts(subject)[0] if subject.startswith("/") else ""
        mandatory = self._contract.required(self._contract.resource(name).create)
        for carrier in self.carriers.get(name, ()):
            spoken = pointers.parts(payloads.spoken(f"/{carrier}"))[0]
            if carrier == about or (spoken not in body and (bare or carrier in mandatory)):
                continue
            usual = [payloads.value(f"/{carrier}", variant) for variant in (0, 1)]
            if spoken not in body or body[spoken] in usual:
                return {**body, spoken: self._naming.mark(spoken)}
        return body

    def carried(self, name: str, body: Any, payloads: Payloads) -> tuple[str, ...]:
        """Return the attributes of a body that have a mark, of those that keep it."""
        spoken = [pointers.parts(payloads.spoken(f"/{carrier}"))[0] for carrier in self.carriers.get(name, ())]
        return tuple(one for one in spoken if isinstance(body, dict) and self.text in str(body.get(one)))
