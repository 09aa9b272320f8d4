"""Errata that tolerate something which no target of the catalogue shows, with the reason why none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["UNSHOWN"]

_BY_REASON: Final = {
    "the kit sends nothing that this is about": (
        "TMF629V1-E02 TMF629V1-E15 TMF629V1-E20 TMF629V1-E25 TMF629V1-E46 TMF629V1-E52 TMF629V1-E57 TMF629V1-E60 "
        "TMF629V1-E63 TMF629V1-E70 TMF629V1-E71 TMF629V1-E78 TMF629V1-E80 TMF629V1-E81 TMF629V4-E23 TMF655-E54 "
        "TMF655-E67 TMF655-E68 TMF655-E70 TMF681-E30 TMF681-E50 TMF681-E62 TMF681-E70 TMF683-E15 TMF683-E16"
    ),
    "what a client sends comes back; that is no choice of a target": (
        "TMF629V1-E28 TMF629V1-E30 TMF629V1-E33 TMF629V4-E38 TMF655-E62 TMF655-E63 TMF681-E17 TMF681-E24 TMF681-E60 "
        "TMF681-E61 TMF681-E69 TMF683-E27"
    ),
    "no row asks for it": "TMF629V4-E18 TMF629V4-E21 TMF655-E58 TMF681-E04 TMF681-E57 TMF683-E10",
    "it is about a listener, not about a target": "TMF629V4-E13 TMF683-E41 TMF683-E44",
    "the kit sends no message while it listens": "TMF681-E47",
}

UNSHOWN: Final[Mapping[str, str]] = {
    erratum: reason for reason, errata in _BY_REASON.items() for erratum in errata.split()
}
"""Id of an erratum → why no target shows what it tolerates."""
