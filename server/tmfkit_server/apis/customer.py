"""Customer Management API 4.0 (TMF629)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from tmfkit_models.contracts import Resource
from tmfkit_models.types import instant
from tmfkit_server.services.extensions import Extension
from tmfkit_server.storage.base import Record

__all__ = ["EXTENSION", "in_force_first"]

_PROFILES = "creditProfile"
_PROFILES_IN_JSON = b'"creditProfile"'


class Customer(Extension):
    """Says of what type a customer is, and shows the credit profile that is in force before the others."""

    api: ClassVar[str] = "tmf629-v4"

    def accepted(self, resource: Resource, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body* with a type: the resource's own, unless the client says that it is another one.

        Source:
            TMF629 4.0, all samples of answers.
        """
        return body if "@type" in body else {**body, "@type": resource.schema}

    def presented(self, resource: Resource, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body* with its credit profiles in force first."""
        del resource
        return in_force_first(body, _PROFILES)

    def is_presented_as_stored(self, resource: Resource, record: Record) -> bool:
        """Tell whether there are no profiles to put in order."""
        del resource
        return _PROFILES_IN_JSON not in record.encoded


EXTENSION = Customer


def in_force_first(body: Mapping[str, Any], attribute: str) -> Mapping[str, Any]:
    """Return *body* with the credit profiles in force before the others; reading decides which, because time does.

    Args:
        body: A customer.
        attribute: Name of the list of profiles.
    """
    profiles = body.get(attribute, ())
    if len(profiles) < 2:
        return body
    present = datetime.now(UTC)
    return {**body, attribute: sorted(profiles, key=lambda profile: not _is_in_force(profile, present))}


def _is_in_force(profile: Mapping[str, Any], present: datetime) -> bool:
    period = profile.get("validFor", {})
    begins, ends = period.get("startDateTime"), period.get("endDateTime")
    return (begins is None or instant(begins) <= present) and (ends is None or present < instant(ends))
