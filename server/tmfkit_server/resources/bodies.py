"""Reading request bodies: type, size, and JSON that means one thing only (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import falcon.asgi
import orjson

from tmfkit_server.aside import aside
from tmfkit_server.errors import BodyTooLarge, UnreadableBody, WrongEncoding, WrongMediaType
from tmfkit_server.nesting import DEEPEST_NESTING, is_too_deep
from tmfkit_server.quotes import quoted
from tmfkit_server.resources.numbers import are_plain, exact_float, exact_integer
from tmfkit_server.turns import Turns

__all__ = ["BodyReader"]

_CHUNK_BYTES = 64 * 1024
_DISCARDED_BYTES = 16 * 1024 * 1024
# Decoding more than this takes a while, after which others have their turn.
_LARGE_BYTES = 64 * 1024


class BodyReader:
    """Reads JSON bodies up to a size.

    Attributes:
        max_bytes: That size.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    async def read(self, req: falcon.asgi.Request, consumes: Sequence[str]) -> tuple[str, Any]:
        """Read the body of *req*.

        Args:
            req: Request.
            consumes: Media types that the operation takes; a body without a type is taken for the first.

        Returns:
            The media type without parameters, and the JSON value.

        Raises:
            WrongMediaType: Another type, or another encoding than UTF-8.
            WrongEncoding: A content coding.
            BodyTooLarge: More bytes than allowed.
            UnreadableBody: No JSON, or JSON that cannot be kept as it is.
        """
        media_type = _media_type(req.content_type, consumes)
        if (coding := req.get_header("Content-Encoding")) and coding.strip().lower() != "identity":
            raise WrongEncoding(coding)
        if (req.content_length or 0) > self.max_bytes:
            raise BodyTooLarge(self.max_bytes)
        # One byte more tells a body that is too large from one that just fits.
        content = await req.stream.read(self.max_bytes + 1)
        if len(content) > self.max_bytes:
            await _discard(req, _DISCARDED_BYTES)
            raise BodyTooLarge(self.max_bytes)
        turns = Turns()
        value = _decoded(content)
        is_plain = _is_plainly_whole(value, content)
        if turns.is_over():
            await turns.next()
        if not is_plain and len(content) > _LARGE_BYTES:
            await aside(_check_whole, content)
        elif not is_plain:
            _check_whole(content)
        return media_type, value


def _media_type(header: str | None, consumes: Sequence[str]) -> str:
    if not header:
        return consumes[0]
    if header in consumes:
        return header
    sent, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = (parameter.partition("=")[2].strip('" ') for parameter in parameters if parameter.startswith("charset="))
    if sent not in consumes or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise WrongMediaType(header, consumes)
    return sent


async def _discard(req: falcon.asgi.Request, most_bytes: int) -> None:
    """Read on for a while: a client that is still sending does not look at the answer, and loses it when we hang up."""
    while most_bytes > 0 and (chunk := await req.stream.read(_CHUNK_BYTES)):
        most_bytes -= len(chunk)


def _decoded(content: bytes) -> Any:
    if not content.strip():
        raise UnreadableBody("There is none; send a JSON text")
    try:
        # Strict about encoding, surrogates, NaN and syntax, and the faster of the two.
        value = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise UnreadableBody(f"It is no JSON text: {exc.msg} at character {exc.pos}") from exc
    if is_too_deep(content):
        raise UnreadableBody(f"It is nested more than {DEEPEST_NESTING} deep")
    return value


def _is_plainly_whole(value: Any, content: bytes) -> bool:
    """Tell at a glance, for most bodies, that nothing was lost when *content* was decoded to *value*.

    Without escapes every text has two quotes, so that a lost member shows in their number.
    """
    if b"\\" in content or not are_plain(content):
        return False
    return content.count(b'"') == orjson.dumps(value).count(b'"')


def _check_whole(content: bytes) -> None:
    """Raise UnreadableBody for what orjson lets pass: of two equal names the last one wins, and numbers are rounded."""
    json.loads(content, object_pairs_hook=_without_duplicates, parse_int=exact_integer, parse_float=exact_float)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = _first_repeated(name for name, _ in pairs)
        raise UnreadableBody(f"The name {quoted(twice)} stands in one object twice; RFC 7493 wants names to be unique")
    return found


def _first_repeated(names: Iterable[str]) -> str:
    seen = set[str]()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
