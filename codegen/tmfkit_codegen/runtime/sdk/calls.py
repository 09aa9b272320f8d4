"""A call as a value: what is sent, what may be repeated, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar
from urllib.parse import quote

from .answers import Response
from .retries import Retries
from .unset import UNSET, Unset

__all__ = ["JSON", "JSON_PATCH", "MERGE_PATCH", "QUERY_PATCH", "Call", "Options", "identifier", "nothing"]

T = TypeVar("T")

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
QUERY_PATCH = "application/json-patch-query+json"


class Options(TypedDict, total=False):
    """What one call does otherwise than its client.

    Attributes:
        timeout: Seconds for the whole call, repetitions and pauses included; None for no end.
        retries: How it is repeated, or how often after the first attempt.
        headers: More headers.
        query: More parameters.
        if_match: Tag that the resource must have.
        idempotency_key: Name of this very request, under which the server does it once.
    """

    timeout: float | None
    retries: Retries | int
    headers: Mapping[str, str]
    query: Mapping[str, str | Sequence[str]]
    if_match: str | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request of an API.

    Attributes:
        method: GET, POST…
        path: Below the base path, encoded, with a slash at its beginning.
        decode: Makes the result of an answer; raises nothing but `TmfError`.
        query: Parameters, not encoded.
        content: Body; None for none.
        content_type: Its media type.
        if_match: Tag that the resource must have; None for no condition, UNSET for what the options say.
        idempotency_key: Name of this very request.
        options: What this call does otherwise than its client; the attributes here win.
        reread: A success without body is completed by reading the path of the call, where it has no ``Location``.
        has_body: The result is made of a body; an empty one, not completed, is `Unreadable`.
        packed: The answer may come compressed. Where it may not, tags stay those of the resource.
    """

    method: str
    path: str
    decode: Callable[[Response], T]
    query: Sequence[tuple[str, str]] = ()
    content: bytes | None = None
    content_type: str | None = None
    if_match: str | Unset | None = UNSET
    idempotency_key: str | None = None
    options: Options | None = None
    reread: bool = False
    has_body: bool = True
    packed: bool = False


def identifier(value: object) -> str:
    """Return *value* as a segment of a path.

    Raises:
        ValueError: It would address something else: the collection, or what is above it.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no identifier; a text is wanted")  # noqa: TRY004 - one error before anything is sent
    if value in {"", ".", ".."}:
        raise ValueError(f"{value!r} is no identifier: it would address another resource")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise ValueError(f"{value!r} is no identifier: it has half of a character") from error


def nothing(response: Response) -> None:
    """Make nothing of *response*."""
