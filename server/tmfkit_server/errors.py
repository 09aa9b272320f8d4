"""Everything the server foresees going wrong, as data; ``problems`` turns it into words for clients.

Tree, in the order in which a request meets them::

    ServerError
    ├── OperatorError            an operator has to put something right
    │   ├── SettingsError        the command line or the environment asks for what cannot be
    │   ├── StoreUnusable        the store cannot be opened
    │   │   ├── StoreLocked      another process has it
    │   │   ├── StoreUnreachable the database that it is in does not answer
    │   │   └── StoreDamaged     it is not what was written
    │   └── ExchangeError        an export, an import or a backup cannot go on
    ├── StoreError               the store could not commit
    │   ├── NotWritable          it could not be written, and may be read all the same
    │   │   └── StoreFull        there is no room left
    │   ├── TooBusy              others search, and no slot became free in time
    │   │   └── TooManyAnswers   clients do not take what they asked for
    │   └── OutcomeUnknown       the store did not say whether it committed
    └── Refusal                  the client's request cannot be served as it is
        ├── NotAuthenticated     no credential, or an unknown one
        ├── TooManyRequests      this is one too many of its caller or its address
        ├── NotPermitted         the credential's role may not do this
        ├── NotAcceptable        the client takes no JSON
        ├── WrongMediaType       the body is of a type the operation does not take
        ├── BodyTooLarge         the body exceeds the limit
        ├── WrongEncoding        the body is compressed
        ├── IncompleteBody       the body did not arrive whole
        ├── UnreadableBody       the body is not JSON
        ├── InvalidBody          the body is JSON but breaks rules of the contract
        ├── InvalidQuery         the query string cannot be understood
        ├── InvalidHeader        a header field cannot be understood
        ├── NotOffered           understood, but not implemented here
        ├── UnknownId            nothing has this identifier
        ├── Conflict             at odds with what is stored
        ├── PreconditionFailed   what is stored is not what the client wants to change
        ├── TooManyListeners     there is no room for one more
        ├── KeyReused            the key of an earlier request came with another one
        └── NotSent              a message has not reached every receiver
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "MOST_VIOLATIONS",
    "BodyTooLarge",
    "Conflict",
    "ExchangeError",
    "IncompleteBody",
    "InvalidBody",
    "InvalidHeader",
    "InvalidQuery",
    "KeyReused",
    "NotAcceptable",
    "NotAuthenticated",
    "NotOffered",
    "NotPermitted",
    "NotSent",
    "NotWritable",
    "OperatorError",
    "OutcomeUnknown",
    "PreconditionFailed",
    "Refusal",
    "ServerError",
    "SettingsError",
    "SeveralSettingsError",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreUnreachable",
    "StoreUnusable",
    "TooBusy",
    "TooManyAnswers",
    "TooManyListeners",
    "TooManyRequests",
    "UnknownId",
    "UnreadableBody",
    "Violation",
    "WrongEncoding",
    "WrongMediaType",
]


class ServerError(Exception):
    """Any failure the server foresees."""


class OperatorError(ServerError):
    """Something that an operator has to put right; ``str()`` says where, what and what to do.

    Attributes:
        exit_status: With which a command ends: 2 when it was given what cannot be, 3 when it cannot go on.
    """

    exit_status: ClassVar[int] = 3

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(where, problem, remedy)
        self.where, self.problem, self.remedy = where, problem, remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}. {self.remedy}."


class SettingsError(OperatorError):
    """A setting cannot be honoured."""

    exit_status = 2


class SeveralSettingsError(SettingsError):
    """Several settings cannot be honoured; ``str()`` has a line for each."""

    def __init__(self, found: Sequence[SettingsError]) -> None:
        super().__init__(", ".join(each.where for each in found), "they cannot be honoured", "See what is said of each")
        self.found = found

    def __str__(self) -> str:
        return "\n".join(map(str, self.found))


class StoreUnusable(OperatorError):  # noqa: N818 - its subclasses say what is wrong with it
    """The store cannot be opened."""

    exit_status = 2


class StoreLocked(StoreUnusable):
    """Another process has the store."""

    exit_status = 3


class StoreUnreachable(StoreUnusable):
    """The database that the store is in does not answer."""

    exit_status = 3


class StoreDamaged(StoreUnusable):
    """The store is not what was written; it was left as it was found."""

    exit_status = 3


class ExchangeError(OperatorError):
    """An export, an import or a backup cannot go on."""


class StoreError(ServerError):
    """The store could not commit; nothing of the request was kept.

    Attributes:
        began: When the attempt was begun that failed, or when it failed; as ``time.monotonic`` has it.
    """

    def __init__(self, *args: object, began: float | None = None) -> None:
        super().__init__(*args)
        self.began = time.monotonic() if began is None else began


class NotWritable(StoreError):  # noqa: N818 - says what is wrong with it
    """The store could not commit because it cannot be written; it may be read all the same."""


class StoreFull(NotWritable):
    """The store could not commit, because there is no room left."""


class TooBusy(StoreError):  # noqa: N818 - says what is wrong with it
    """So many others search that no slot became free in time."""


class TooManyAnswers(TooBusy):
    """So much waits for clients to take it that there is no room for one more long answer."""


class OutcomeUnknown(StoreError):  # noqa: N818 - an outcome that nobody knows is no error yet
    """The connection to the store was lost after the commit was asked for; what was changed may have been kept."""


class Refusal(ServerError):  # noqa: N818 - its subclasses name what is refused
    """The client's request cannot be served as it is."""


class NotAuthenticated(Refusal):
    """No credential was sent, or none that the server knows."""


class TooManyRequests(Refusal):
    """A limit of requests is reached.

    Attributes:
        wait_seconds: When the next one may come.
    """

    def __init__(self, wait_seconds: float) -> None:
        super().__init__(wait_seconds)
        self.wait_seconds = wait_seconds


class NotPermitted(Refusal):
    """The credential's role may not call the operation.

    Attributes:
        roles: Roles that may.
    """

    def __init__(self, roles: Sequence[str]) -> None:
        super().__init__(roles)
        self.roles = tuple(roles)


class NotAcceptable(Refusal):
    """The ``Accept`` header leaves out every media type that the operation produces."""

    def __init__(self, produces: Sequence[str]) -> None:
        super().__init__(produces)
        self.produces = tuple(produces)


class WrongMediaType(Refusal):
    """The body has a media type that the operation does not consume."""

    def __init__(self, sent: str, consumes: Sequence[str]) -> None:
        super().__init__(sent, consumes)
        self.sent, self.consumes = sent, tuple(consumes)


class BodyTooLarge(Refusal):
    """The body has more bytes than the limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self.limit_bytes = limit_bytes


class WrongEncoding(Refusal):
    """The body has a content coding, such as a compression."""

    def __init__(self, sent: str) -> None:
        super().__init__(sent)
        self.sent = sent


class IncompleteBody(Refusal):
    """The body did not arrive whole.

    Attributes:
        is_late: Whether its end may be still on the way, and was waited for long enough.
    """

    def __init__(self, *, is_late: bool) -> None:
        super().__init__(is_late)
        self.is_late = is_late


class UnreadableBody(Refusal):
    """The body is not the JSON text (RFC 8259, RFC 7493) that it has to be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


MOST_VIOLATIONS = 20
"""No more of what is wrong with one body is looked for."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a body breaks.

    Attributes:
        pointer: JSON pointer of the attribute, empty for the body as a whole.
        what: What is wrong, as the end of a sentence that begins with the pointer.
        requirement: Id of the register's row that states the rule; empty when no row does.
    """

    pointer: str
    what: str
    requirement: str = ""


class InvalidBody(Refusal):
    """The body breaks rules of the contract; the first ``MOST_VIOLATIONS`` are listed."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations)
        self.violations = tuple(violations[:MOST_VIOLATIONS])

    @classmethod
    def at(cls, pointer: str, what: str, requirement: str = "") -> InvalidBody:
        """Report a single violation."""
        return cls([Violation(pointer, what, requirement)])


class InvalidQuery(Refusal):
    """A query parameter, or a subscription's query, cannot be understood."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(parameter, why)
        self.parameter, self.why = parameter, why


class InvalidHeader(Refusal):
    """A header field of the request cannot be understood."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why


class NotOffered(Refusal):
    """The request is understood, but this server does not implement it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class UnknownId(Refusal):
    """Nothing of this kind has this identifier."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(kind, identifier)
        self.kind, self.identifier = kind, identifier


class Conflict(Refusal):
    """The request is at odds with what is stored."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class PreconditionFailed(Refusal):
    """The client wants to change another state of the resource than the one that is stored.

    Attributes:
        tag: Entity tag of what is stored.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class TooManyListeners(Refusal):
    """A limit of listeners is reached.

    Attributes:
        which: Which listeners are counted, as the end of a sentence.
        most: How many of them there may be.
    """

    def __init__(self, which: str, most: int) -> None:
        super().__init__(which, most)
        self.which, self.most = which, most


class KeyReused(Refusal):
    """The idempotency key was sent before, with another body."""


class NotSent(Refusal):
    """A message has not been taken by its channel for every receiver.

    Attributes:
        identifier: Under which the message is stored.
        goes_on: Whether the server goes on trying; otherwise it has failed for good.
    """

    def __init__(self, identifier: str, *, goes_on: bool) -> None:
        super().__init__(identifier, goes_on)
        self.identifier, self.goes_on = identifier, goes_on
