"""Headers of answers, checked and written in half of gunicorn's time where their names are those that we send.

gunicorn matches every name and every value against a pattern, and compares each name six times (4.5 µs for the seven
headers of a resource). Anything unusual is left to gunicorn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from gunicorn.asgi import protocol  # type: ignore[import-untyped]

__all__ = ["scanned", "written"]

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

# No framing but the length, and none of those that gunicorn adds unless they are there.
_USUAL = frozenset({
    b"cache-control", b"content-length", b"content-type", b"etag", b"link", b"location", b"vary",
    b"x-content-type-options", b"x-request-id", b"x-result-count", b"x-total-count",
})  # fmt: skip
_ALLOWED = bytes(byte for byte in range(256) if protocol._HEADER_VALUE_RE.fullmatch(bytes([byte])))  # noqa: SLF001
_by_gunicorn = protocol._scan_response_headers  # noqa: SLF001


def scanned(headers: Headers) -> Any:
    """Check headers; tell whether there is a length, which one, and whether there is a transfer coding."""
    values = dict(headers)
    if (
        len(values) != len(headers)
        or not values.keys() <= _USUAL
        or b"".join(values.values()).translate(None, _ALLOWED)
    ):
        return _by_gunicorn(headers)
    length = values.get(b"content-length")
    return length is not None, length, False


def written(status: int, headers: Headers, version: tuple[int, int]) -> bytes | None:
    """Return the head of an answer after which the connection stays open; None when gunicorn has to write it."""
    parts = [protocol._get_cached_status_line(version, status)]  # noqa: SLF001
    for name, value in headers:
        if name not in _USUAL:
            return None
        parts += (name, b": ", value, b"\r\n")
    parts += (protocol._CACHED_SERVER_HEADER, protocol._get_cached_date_header(), b"\r\n")  # noqa: SLF001
    return b"".join(parts)
