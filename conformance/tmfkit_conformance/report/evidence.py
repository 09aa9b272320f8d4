"""Exchanges and notifications in the form that a reader sees: cut to a sensible size, legible, repeatable with curl."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.record.exchange import Exchange, Notification, Request
from tmfkit_conformance.report.legible import legible

__all__ = [
    "BODY_LIMIT",
    "ShownBody",
    "ShownExchange",
    "ShownNotification",
    "curl",
    "shown_exchange",
    "shown_notification",
]

BODY_LIMIT = 4000
"""Characters of a body that a report shows; the whole is in the bundle."""

_CURL_SETS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A body for reading.

    Attributes:
        text: The text, perhaps cut.
        note: What was done to it; empty when nothing was.
    """

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownExchange:
    """An exchange for reading.

    Attributes:
        exchange: The exchange as recorded.
        request_body: What was sent.
        response_body: What came back.
        curl: A command that sends it again.
    """

    exchange: Exchange
    request_body: ShownBody
    response_body: ShownBody
    curl: str


@dataclass(frozen=True, slots=True)
class ShownNotification:
    """A notification for reading."""

    notification: Notification
    body: ShownBody


def shown_exchange(exchange: Exchange) -> ShownExchange:
    """Return *exchange* in the form for reading."""
    where = f"exchange {exchange.sequence}"
    answer = exchange.response.body if exchange.response else b""
    return ShownExchange(exchange, _shown(exchange.request.body, where), _shown(answer, where), curl(exchange))


def shown_notification(notification: Notification) -> ShownNotification:
    """Return *notification* in the form for reading."""
    return ShownNotification(notification, _shown(notification.body, f"notification {notification.sequence}"))


def curl(exchange: Exchange) -> str:
    """Return a command line that sends the request again.

    Credentials are not in a bundle; where one was sent stands a shell variable named after the header, such as
    ``$AUTHORIZATION``. A body that does not fit into a command line is read from a file, to be taken from the bundle.

    Args:
        exchange: The exchange whose request is meant.

    Returns:
        One command for a POSIX shell, an option a line.
    """
    request = exchange.request
    method = "-I" if request.method == "HEAD" else f"-i -X {shlex.quote(request.method)}"
    parts = [f"curl {_verbatim(request.url)}{method} {shlex.quote(request.url)}"]
    parts += [f"-H {_header(name, value)}" for name, value in request.headers if name.lower() not in _CURL_SETS]
    if request.body:
        if not request.media_type:
            parts.append("-H 'Content-Type:'")  # else curl names one of its own
        parts.append(f"--data-binary {_data(request, exchange.sequence)}")
    return " \\\n  ".join(parts)


def _verbatim(url: str) -> str:
    """Return the options that keep curl from rewriting *url*."""
    globbed = "--globoff " if re.search(r"[\[\]{}]", url) else ""
    return globbed + ("--path-as-is " if re.search(r"/\.\.?(/|$)", url) else "")


def _header(name: str, value: str) -> str:
    if value == BLOTTED:
        variable = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
        return f"""{shlex.quote(f"{name}: ")}"${variable}\""""
    # curl leaves a header out when its value is empty, unless it ends in a semicolon.
    return shlex.quote(f"{name}: {value}" if value else f"{name};")


def _data(request: Request, sequence: int) -> str:
    try:
        text = request.body.decode("utf-8")
    except UnicodeDecodeError:
        return f"@request-{sequence}.bin"
    # An argument that begins with @ would be read as the name of a file.
    fits = len(text) <= BODY_LIMIT and legible(text) == text and not text.startswith("@")
    return shlex.quote(text) if fits else f"@request-{sequence}.bin"


def _shown(body: bytes, where: str) -> ShownBody:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return ShownBody(
            body[:64].hex(" "), f"not text: the first bytes of {len(body):,}; the whole is in bundle.zip, {where}"
        )
    text, note = _indented(text)
    text = legible(text)
    if len(text) > BODY_LIMIT:
        return ShownBody(
            text[:BODY_LIMIT] + "…",
            f"the first {BODY_LIMIT:,} of {len(text):,} characters; the whole is in bundle.zip, {where}",
        )
    return ShownBody(text, note)


def _indented(text: str) -> tuple[str, str]:
    """Return JSON indented, and a note of it; other text as it stands."""
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text, ""
    # Reading and writing may change more than blanks (a member given twice, 1.0e3); such a body is shown as it came.
    same = "".join(indented.split()) == "".join(text.split())
    return (indented, "indented for reading") if same and indented != text else (text, "")
