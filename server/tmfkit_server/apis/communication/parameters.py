"""Parameters of a message: ``$Name`` in its content, and what takes its place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tmfkit_server.errors import InvalidBody

__all__ = ["filled_in", "values_of"]

_MEMBER = "CommunicationRequestCharacteristic"
_LONGEST_NAME = 100
_MARK = "$"


def values_of(message: Mapping[str, Any], *, most: int) -> Mapping[str, str]:
    """Return the token of each parameter, ``$Name``, with what takes its place; ``$`` may be part of the name already.

    Args:
        message: Body of the message.
        most: How many parameters it may have.

    Raises:
        InvalidBody: There are too many parameters, or one has too long a name.

    Source:
        TMF681 R17.5, Communication Message resource model, CommunicationRequestCharacteristic.
    """
    characteristics: Sequence[Mapping[str, Any]] = message.get(_MEMBER, ())
    if len(characteristics) > most:
        raise InvalidBody.at(f"/{_MEMBER}", f"has more than {most} parameters")
    named = {str(each["name"]): str(each.get("value", "")) for each in characteristics if each.get("name")}
    if any(len(name) > _LONGEST_NAME for name in named):
        raise InvalidBody.at(f"/{_MEMBER}", f"has a name of more than {_LONGEST_NAME} characters")
    return {name if name.startswith(_MARK) else f"{_MARK}{name}": value for name, value in named.items()}


def filled_in(content: str, values: Mapping[str, str], *, most_bytes: int) -> str:
    """Return *content* with the value of each parameter in the place of its token.

    The content is read once. The longest token is matched first, so that ``$Parameter1`` does not eat the beginning of
    ``$Parameter10``, and values hold no parameters.

    Args:
        content: Text with tokens.
        values: Token → value.
        most_bytes: How long the text may be, before and afterwards.

    Raises:
        InvalidBody: It is longer.
    """
    too_long = InvalidBody.at("/content", f"is a text of more than {most_bytes} bytes, with its parameters' values")
    if len(content) > most_bytes:
        raise too_long
    parts, length = [], 0
    for part in _parts(content, values) if values else (content,):
        parts.append(part)
        length += len(part)
        if length > most_bytes:
            raise too_long
    text = "".join(parts)
    if len(text.encode()) > most_bytes:
        raise too_long
    return text


def _parts(content: str, values: Mapping[str, str]) -> Iterator[str]:
    tokens, here, start = _Tokens(values), 0, 0
    while (place := content.find(_MARK, here)) >= 0:
        token = tokens.beginning(content[place : place + _LONGEST_NAME + 1])
        here = place + (len(token) or 1)
        if token:
            yield content[start:place]
            yield values[token]
            start = here
    yield content[start:]


class _Tokens:
    """Tokens in their order. All that a text begins with are the one before the text, or begin that."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._tokens = sorted(tokens)
        # Each token behind those that it begins with, the shortest one first.
        self._lines: list[tuple[str, ...]] = []
        above: list[str] = []
        for token in self._tokens:
            while above and not token.startswith(above[-1]):
                above.pop()
            above.append(token)
            self._lines.append(tuple(above))

    def beginning(self, text: str) -> str:
        """Return the longest token that *text* begins with, nothing when there is none."""
        place = bisect_right(self._tokens, text)
        line = self._lines[place - 1] if place else ()
        # Where one is no beginning of the text, the longer ones are none either.
        count = bisect_left(line, 1, key=lambda token: 0 if text.startswith(token) else 1)
        return line[count - 1] if count else ""
