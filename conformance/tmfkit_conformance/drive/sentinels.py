"""Sentinels: a record of each resource that lasts as long as the run, and is looked at again at its end.

They are looked at over a new connection, once more where they have not lasted as long as they are to, and never sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.queries import look_for
from tmfkit_conformance.drive.session import MissingPrerequisite, ProbeAborted, Session
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.rules.lifecycle import Sentinels, Watched
from tmfkit_conformance.rules.queries import FILTER
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models.contracts import Contract

__all__ = ["Watchpost"]


@dataclass(frozen=True, slots=True)
class _Sentinel:
    identifier: str
    body: Any
    at: float


class Watchpost:
    """Makes the sentinels of a run, looks at them again, and has them deleted.

    Args:
        session: A session of their own.
        resources: Names of the resources.
    """

    def __init__(self, session: Session, resources: Iterable[str]) -> None:
        self._session = session
        self._resources = tuple(resources)
        self._made: dict[str, _Sentinel] = {}
        self._why = ""

    def make(self) -> None:
        """Make a record of each resource, and look at it for the first time."""
        if not self._resources:
            return
        self._session.begin(PlannedProbe(Sentinels, ""))
        with self._ending():
            for name in self._resources:
                self._make(name)

    def look(self) -> None:
        """Look at the records over a new connection, wait until they are old enough, look again, delete them."""
        if not self._resources:
            return
        with self._ending():
            if not self._why and self._made:
                self._look_again()
        self._session.end(ended=self._why)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Remember why nothing more can be seen."""
        try:
            yield
        except (ProbeAborted, MissingPrerequisite, OverrideInTheWay) as ended:
            self._why = str(ended)

    def _make(self, name: str) -> None:
        session = self._session
        with session.about(name):
            body = session.payloads.minimal()
            made = session.call("create", Sentinels.MADE.of(name), body=body)
            if not made.is_success or not made.identifier:
                return
            self._made[name] = _Sentinel(made.identifier, made.request.json, time.monotonic())
            if session.contract.action("retrieve", name):
                session.call("retrieve", Sentinels.FIRST_READ.of(name), identifier=made.identifier)
            if session.contract.action("list", name):
                session.walked(Sentinels.FIRST_LIST.of(name), seeking=(made.identifier,))

    def _look_again(self) -> None:
        session = self._session
        session.reconnect()
        self._make_others()
        self._each()
        youngest = max(one.at for one in self._made.values())
        left = youngest + session.settings.hold_seconds - time.monotonic()
        if left > 0:
            session.pause(left)
            self._each()

    def _make_others(self) -> None:
        """Make two more of each, which differ in one text."""
        for name in self._made:
            with self._session.about(name):
                for _ in range(2):
                    self._session.call("create", Sentinels.BESIDE.of(name), body=self._session.payloads.minimal())

    def _each(self) -> None:
        lasting = [name for name in self._made if name not in self._session.ledger.emptied]
        filtered = []
        for name in lasting:
            with self._session.about(name):
                filtered += [name] if self._look_at(name, self._made[name]) else []
        self._session.note(Watched(lasting, filtered))

    def _look_at(self, name: str, sentinel: _Sentinel) -> bool:
        """Look at a record; return whether a filtered list was asked for it as well."""
        session = self._session
        if session.contract.action("retrieve", name):
            session.call("retrieve", Sentinels.READ.of(name), identifier=sentinel.identifier)
        if not session.contract.action("list", name):
            return False
        look_for(session, sentinel.identifier, Sentinels.LIST.of(name), Sentinels.BY_ID.of(name))
        carriers = session.marks.carried(name, sentinel.body, session.payloads)
        if not carriers or not _is_filtered(session.contract, name):
            return False
        value = pointers.get(sentinel.body, f"/{pointers.escaped(carriers[0])}")
        session.walked(Sentinels.FILTERED.of(name), urlencode({carriers[0]: value}), seeking=(sentinel.identifier,))
        return True


def _is_filtered(contract: Contract, name: str) -> bool:
    """Say whether a must row asks for filters by equality on any attribute."""
    rows = (row for row in contract.requirements if row.kind == FILTER.name and (row.level, row.reason) == ("must", ""))
    return any(
        contract.operation(row.operation).resource == name
        and row.subject in ("*", "")
        and FILTER.expect_of(row).operator == "eq"
        for row in rows
    )
