"""Registrations that stand for the rest of a run, because their hub told no id to take them back by."""

from __future__ import annotations

from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Standing"]


class Standing:
    """The registrations of a run that cannot be taken back, one for each hub."""

    def __init__(self) -> None:
        self._by_hub: dict[str, Exchange] = {}

    def stands(self, hub: str, registration: Exchange) -> None:
        """Remember the registration at a hub; the first one serves, others stand beside it."""
        self._by_hub.setdefault(hub, registration)

    def at(self, hub: str) -> Exchange | None:
        """Return the registration that stands at a hub."""
        return self._by_hub.get(hub)
