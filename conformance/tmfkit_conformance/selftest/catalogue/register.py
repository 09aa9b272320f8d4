"""Every entry of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.catalogue.allowed.hubs import HUBS
from tmfkit_conformance.selftest.catalogue.allowed.identity import IDENTITY
from tmfkit_conformance.selftest.catalogue.allowed.paging import LISTS
from tmfkit_conformance.selftest.catalogue.allowed.timing import TIMING
from tmfkit_conformance.selftest.catalogue.allowed.tmf629_v1 import CUSTOMER_V1
from tmfkit_conformance.selftest.catalogue.allowed.tmf629_v4 import CUSTOMER_V4
from tmfkit_conformance.selftest.catalogue.allowed.tmf655 import CHANGE
from tmfkit_conformance.selftest.catalogue.allowed.tmf681 import MESSAGE
from tmfkit_conformance.selftest.catalogue.allowed.tmf683 import INTERACTION
from tmfkit_conformance.selftest.catalogue.allowed.transport import TRANSPORT
from tmfkit_conformance.selftest.catalogue.allowed.values import VALUES_SHOWN
from tmfkit_conformance.selftest.catalogue.allowed.vendors import VENDORS
from tmfkit_conformance.selftest.catalogue.entries import Behaviour, Fault, NoApi
from tmfkit_conformance.selftest.catalogue.faults import ONE_CAUSE
from tmfkit_conformance.selftest.catalogue.no_api import NO_APIS

__all__ = ["CHANGES", "GROUPS"]

_ALLOWED: Final = (
    *TRANSPORT,
    *LISTS,
    *TIMING,
    *IDENTITY,
    *VALUES_SHOWN,
    *HUBS,
    *VENDORS,
    *CUSTOMER_V4,
    *INTERACTION,
    *CHANGE,
    *MESSAGE,
    *CUSTOMER_V1,
)

GROUPS: Final[Mapping[str, tuple[Behaviour, ...] | tuple[NoApi, ...] | tuple[Fault, ...]]] = {
    "allowed": _ALLOWED,
    "no-api": NO_APIS,
    "one-cause": ONE_CAUSE,
}
"""Name of a group → its entries."""

CHANGES: Final[Mapping[str, Break]] = {
    **{entry.id: entry.change for entry in _ALLOWED},
    **{entry.id: entry.change for entry in ONE_CAUSE},
}
"""Id of an entry → what its target does."""
