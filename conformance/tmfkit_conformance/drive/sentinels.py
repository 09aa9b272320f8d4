"""Sentinels: records of each resource that outlast the run, and are looked at again at its end.

One of each is made at the start, further ones at points of the run that its seed decides, so that no target can tell
which records are going to be looked at. They are looked at over a new connection, once more where they have not lasted
as long as they are to, and never sent.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.at_once import at_once
from tmfkit_conformance.drive.probes.queries import missing
from tmfkit_conformance.drive.session import MissingPrerequisite, ProbeAborted, Session
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.lifecycle import Sentinels, Watched
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.queries import FILTER
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models.contracts import Contract

__all__ = ["Watchpost", "moments"]

_PARTS: Final = ((1, 2), (6, 8))
"""Parts of the run in which further records are made, in eighths: the second one, and the last two.

The first of these records has to last as long as that of the start, so it is made early, and yet after many others.
"""

_HELD: Final = 2
"""Records of each resource, counted from the start, that last as long as records are to; the last one is too young."""

_AGAIN_SECONDS: Final = 0.5
"""Wait before a look that met with trouble is taken once more."""


def moments(order: Sequence[PlannedProbe], contents: Contents) -> Mapping[str, int]:
    """Return after which probes how many further records of each resource are made.

    Args:
        order: The probes that may be followed by it, in the order in which they are driven.
        contents: What is drawn from.
    """
    drawn = Counter[str]()
    for begin, end in _PARTS if order else ():
        first, beyond = (len(order) * eighth // 8 for eighth in (begin, end))
        drawn[order[contents.number(f"record {begin}", first, max(first, beyond - 1))].key] += 1
    return drawn


@dataclass(frozen=True, slots=True)
class _Sentinel:
    resource: str
    identifier: str
    body: Any
    at: float


_Work = Callable[[Session, str], None]
"""Something that is done about a record or a resource, by its name."""


class Watchpost:
    """Makes the sentinels of a run, looks at them again, and has them deleted; for several threads.

    Args:
        session: A session of their own.
        resources: Names of the resources.
    """

    def __init__(self, session: Session, resources: Iterable[str]) -> None:
        self._session = session
        self._resources = tuple(resources)
        self._made: dict[str, _Sentinel] = {}
        self._rounds = itertools.count(1)
        self._why = ""
        self._lock = threading.Lock()

    def make(self) -> None:
        """Make the first record of each resource, and look at it for the first time."""
        if not self._resources:
            return
        self._session.begin(PlannedProbe(Sentinels, ""))
        self.make_more()

    def make_more(self) -> None:
        """Make a further record of each resource, and look at it for the first time."""
        with self._lock, self._ending():
            number = next(self._rounds)
            names = [Sentinels.name_of(resource, number) for resource in self._resources if not self._why]
            self._do((self._make, name) for name in names)

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

    def _do(self, jobs: Iterable[tuple[_Work, str]]) -> None:
        """Do several things, at once where the run sends several requests at a time."""
        parallel = self._session.settings.parallel
        at_once([functools.partial(self._do_one, work, name) for work, name in jobs], parallel=parallel)

    def _do_one(self, work: _Work, name: str) -> None:
        session = self._session.beside()
        with session.about(Sentinels.resource_of(name)):
            work(session, name)

    def _make(self, session: Session, name: str) -> None:
        made = session.call("create", Sentinels.MADE.of(name), body=session.payloads.minimal())
        if not made.is_success or not made.identifier:
            return
        self._made[name] = _Sentinel(session.resource_name, made.identifier, made.request.json, time.monotonic())
        if session.contract.action("retrieve", session.resource_name):
            session.call("retrieve", Sentinels.FIRST_READ.of(name), identifier=made.identifier)
        if session.contract.action("list", session.resource_name):
            session.walked(Sentinels.FIRST_LIST.of(name), seeking=(made.identifier,))

    @staticmethod
    def _make_another(session: Session, resource: str) -> None:
        session.call("create", Sentinels.BESIDE.of(resource), body=session.payloads.minimal())

    def _look_again(self) -> None:
        session = self._session
        session.reconnect()
        # Two more of each stand in the lists beside them, which differ in one text.
        self._do((self._make_another, resource) for resource in self._resources * 2 if self._of(resource))
        self._look_at_each()
        held = [name for resource in self._resources for name in self._of(resource)[:_HELD]]
        youngest = max(self._made[name].at for name in held)
        left = youngest + session.settings.hold_seconds - time.monotonic()
        if left > 0:
            session.pause(left)
            self._look_at_each()

    def _of(self, resource: str) -> list[str]:
        """Return the names of the records of a resource, the oldest first."""
        return [name for name, one in self._made.items() if one.resource == resource]

    def _look_at_each(self) -> None:
        lasting = [resource for resource in self._resources if resource not in self._session.ledger.emptied]
        looks = [look for resource in lasting for look in self._looks(resource)]
        self._do(looks)
        filtered = [name for work, name in looks if work == self._filter]
        self._session.note(Watched([name for resource in lasting for name in self._of(resource)], filtered))

    def _looks(self, resource: str) -> Iterator[tuple[_Work, str]]:
        """Yield the looks at the records of a resource: by their ids, in the list, and where it is to be filtered."""
        contract, names = self._session.contract, self._of(resource)
        if contract.action("retrieve", resource):
            yield from ((self._read, name) for name in names)
        if names and contract.action("list", resource):
            yield self._list, resource
            yield from ((self._filter, name) for name in names if self._condition(name))

    def _read(self, session: Session, name: str) -> None:
        """Read a record; once more where the target broke down over it."""
        step, identifier = Sentinels.READ.of(name), self._made[name].identifier
        if _is_in_trouble(session.call("retrieve", step, identifier=identifier)):
            session.pause(_AGAIN_SECONDS)
            session.call("retrieve", step, identifier=identifier)

    def _list(self, session: Session, resource: str) -> None:
        """Look for all records of a resource in its list; one by one where the pages are not all that there is."""
        names = self._of(resource)
        pages = self._walked(session, Sentinels.LIST.of(resource), names)
        for name in names:
            if missing(pages, (identifier := self._made[name].identifier,)):
                session.call("list", Sentinels.BY_ID.of(name), query={"id": identifier})

    def _filter(self, session: Session, name: str) -> None:
        """Ask for the list with a text of the record."""
        self._walked(session, Sentinels.FILTERED.of(name), (name,), self._condition(name))

    def _condition(self, name: str) -> str:
        """Return a condition that the record satisfies; nothing where no must row asks for such filters."""
        session, sentinel = self._session, self._made[name]
        carriers = session.marks.carried(sentinel.resource, sentinel.body, session.payloads_of(sentinel.resource))
        if not carriers or not _is_filtered(session.contract, sentinel.resource):
            return ""
        return urlencode({carriers[0]: pointers.get(sentinel.body, f"/{pointers.escaped(carriers[0])}")})

    def _walked(self, session: Session, step: Step, names: Collection[str], query: str = "") -> list[Exchange]:
        """Walk through a list; once more where the target broke down, or may not show yet what is sought."""
        sought = [self._made[name].identifier for name in names]
        pages = session.walked(step, query, seeking=sought)
        unsettled = max(self._made[name].at for name in names) + session.settings.settle_seconds - time.monotonic()
        is_lacking = pages[0].is_success and not set(sought) <= set(paging.identifiers(pages))
        if _is_in_trouble(pages[0]) or (is_lacking and unsettled > 0):
            session.pause(max(unsettled, 0) if is_lacking else _AGAIN_SECONDS)
            pages = session.walked(step, query, seeking=sought)
        return pages


def _is_in_trouble(exchange: Exchange) -> bool:
    return exchange.response is None or exchange.is_breakdown


def _is_filtered(contract: Contract, name: str) -> bool:
    """Say whether a must row asks for filters by equality on any attribute."""
    rows = (row for row in contract.requirements if row.kind == FILTER.name and (row.level, row.reason) == ("must", ""))
    return any(
        contract.operation(row.operation).resource == name
        and row.subject in ("*", "")
        and FILTER.expect_of(row).operator == "eq"
        for row in rows
    )
