"""What was sent and what was acknowledged: the truth that a store is held against.

Every resource of the rounds has one writer, which never has two writes of it under way. So a store may hold the last
write that was acknowledged, or the one after it that nobody got an answer to, and nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ACKNOWLEDGED",
    "DOUBTFUL",
    "REFUSED",
    "History",
    "Life",
    "Shared",
    "Write",
    "body_of",
    "marker",
    "version_of",
]

_NUMBERS = itertools.count(1)
_REPEATS = 40

# Whether a write was kept, as far as it is known.
ACKNOWLEDGED, REFUSED, DOUBTFUL = "acknowledged", "refused", "doubtful"


@dataclass(slots=True)
class Write:
    """One request.

    Attributes:
        kind: ``create``, ``patch`` or ``delete``.
        version: Number of the write in its life, from 0.
        sent_at: When it was sent, on the monotonic clock.
        ended_at: When the answer had arrived or the connection was gone.
        outcome: What the answer said.
        was_kept: Whether the store kept it; None until that is known.
    """

    kind: str
    version: int
    sent_at: float
    ended_at: float = 0.0
    outcome: str = DOUBTFUL
    was_kept: bool | None = None

    def end(self, outcome: str, at: float) -> None:
        """Note the answer."""
        self.outcome, self.ended_at = outcome, at
        if outcome != DOUBTFUL:
            self.was_kept = outcome == ACKNOWLEDGED


@dataclass(slots=True)
class Life:
    """One resource, from its creation on.

    Attributes:
        token: Its name, which no other has.
        id: Identifier that the server gave it; empty while nobody knows.
        writes: What was done to it, in order.
        is_settled: Whether it was looked for since its last write.
    """

    token: str
    id: str = ""
    writes: list[Write] = field(default_factory=list)
    is_settled: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted, or was never kept."""
        kept = [write for write in self.writes if write.was_kept]
        return not kept or kept[-1].kind == "delete"

    @property
    def is_certain(self) -> bool:
        """Whether it is known what became of every write."""
        return all(write.was_kept is not None for write in self.writes)

    def states(self) -> Iterator[int | None]:
        """Yield what may be there: the version of the body, None for no resource."""
        state: int | None = None
        for write in self.writes:
            after = None if write.kind == "delete" else write.version
            if write.was_kept is None:
                yield after
            elif write.was_kept:
                state = after
        yield state

    def resolve(self, state: int | None) -> None:
        """Take what is there as the answer to what was in doubt."""
        for write in self.writes:
            if write.was_kept is None:
                write.was_kept = state == (None if write.kind == "delete" else write.version)
        self.is_settled = True


@dataclass(slots=True)
class Shared:
    """One resource that every writer patches: each counts up an attribute of its own.

    Attributes:
        id: Identifier.
        acknowledged: Attribute → highest number that was acknowledged.
        sent: Attribute → highest number that was sent.
    """

    id: str = ""
    acknowledged: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Everything that was written to one store."""

    lives: list[Life] = field(default_factory=list)
    shared: Shared = field(default_factory=Shared)
    refusals: list[str] = field(default_factory=list)

    def writes(self) -> Iterator[Write]:
        """Yield every write."""
        for life in self.lives:
            yield from life.writes

    def count(self, outcome: str) -> int:
        """Return how many writes ended so."""
        return sum(write.outcome == outcome for write in self.writes())

    def begin(self) -> Life:
        """Return a new life."""
        life = Life(f"life-{next(_NUMBERS):07d}")
        self.lives.append(life)
        return life


def marker(token: str, version: int) -> str:
    """Return the text that shows which write a body is from."""
    return f"<{token}.{version:04d}>"


def body_of(token: str, version: int) -> dict[str, Any]:
    """Return what a write puts into a resource: attributes that only go together."""
    return {"status": f"version {version}", "statusReason": marker(token, version) * _REPEATS}


def version_of(token: str, body: dict[str, Any]) -> int | None:
    """Return the version of a body, None when it is not one that was ever written as a whole."""
    status = str(body.get("status"))
    version = int(status.removeprefix("version ")) if status.removeprefix("version ").isdecimal() else -1
    whole = {"name": token, "engagedParty": {"id": "500"}, **body_of(token, version)}
    return version if all(body.get(name) == value for name, value in whole.items()) else None
