"""Bodies that are not those of a resource."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from . import times

__all__ = ["encoded"]


def encoded(value: object) -> bytes:
    """Return *value* as JSON.

    Raises:
        ValueError: It holds what JSON cannot say.
    """
    try:
        return json.dumps(value, default=_default, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except TypeError as error:
        raise ValueError(f"the body: {error}") from None


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return times.written(value)
    try:
        return value.raw
    except AttributeError:
        raise TypeError(f"a {type(value).__name__} is no JSON") from None
