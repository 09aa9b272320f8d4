"""Values that generated models and operations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Generic, Literal, TypeVar

from attrs import define

__all__ = ["UNSET", "Response", "Unset", "timestamp"]

T = TypeVar("T")


class Unset:
    """Class of `UNSET`."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()
"""Stands for an attribute that is not there; ``None`` is JSON's null."""


@define
class Response(Generic[T]):
    """An answer.

    Attributes:
        status_code: Its status.
        content: Its body as received.
        headers: Its headers; names in any case.
        parsed: Its body as objects; None when there is none.
    """

    status_code: HTTPStatus
    content: bytes
    headers: Mapping[str, str]
    parsed: T | None

    @property
    def total_count(self) -> int | None:
        """Number of records in the whole list (``X-Total-Count``); None when the server does not say."""
        text = self.headers.get("X-Total-Count", "")
        return int(text) if text.isdecimal() else None


def timestamp(moment: datetime) -> str:
    """Write *moment* as the documents do, UTC as ``Z``; one without a zone is taken for UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat().replace("+00:00", "Z")
