"""What an error says, in whatever form servers and what stands before them say it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ErrorBody", "error_body"]

_SHOWN = 300
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_MARKUP = re.compile(r"\s*<(!doctype|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What was found in the body of an error.

    Attributes:
        code: Code of the error.
        reason: Why.
        message: More of the same.
        reference_error: Address of an explanation.
        body: All of it: JSON, else text; None when there is nothing.
        words: For a message, on one line; empty when there is nothing to say.
    """

    code: str | None = None
    reason: str | None = None
    message: str | None = None
    reference_error: str | None = None
    body: Any = None
    words: str = ""


def error_body(content: bytes, media_type: str) -> ErrorBody:
    """Read the body of an error; one in no known form is shown as it is, shortened."""
    if not content.strip():
        return ErrorBody()
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "replace")
        return ErrorBody(body=text, words=_visible(text, media_type))
    told = _told(body)
    if told is None:
        return ErrorBody(body=body, words=_shortened(content.decode("utf-8", "replace")))
    code, reason, message, reference = told
    words = " - ".join(dict.fromkeys(part for part in (reason, message) if part))
    if code:
        words = f"[{code}] {words}".rstrip()
    return ErrorBody(code, reason, message, reference, body, _shortened(words))


_Told = tuple[str | None, str | None, str | None, str | None]


def _told(body: Any) -> _Told | None:
    """Return code, reason, message and reference of a JSON body; None when it has none of the known forms.

    The forms: TMF's own, bare or in a list; RFC 9457's (``title``, ``detail``); ``{"error": {"code", "message"}}``,
    also as ``fault``; OAuth's ``{"error", "error_description"}``, and Spring's with ``message``; ``{"errors": […]}``.
    """
    if isinstance(body, list) and body:
        return _told(body[0])
    if isinstance(body, str):
        return None, body, None, None
    if not isinstance(body, dict):
        return None
    for name in ("error", "fault"):
        if isinstance(body.get(name), dict):
            return _told(body[name]) or _flat(body)
    if isinstance(body.get("errors"), list) and body["errors"] and not _text(body, "reason", "code"):
        return _told(body["errors"][0]) or _flat(body)
    return _flat(body)


def _flat(body: Mapping[str, Any]) -> _Told | None:
    code = _text(body, "code", "errorCode")
    reason = _text(body, "reason", "title", "error", "faultstring")
    message = _text(body, "message", "detail", "error_description", "description", "Message")
    reference = _text(body, "referenceError", "type", "error_uri")
    if code is None and reason is None and message is None:
        return None
    return code, reason if reason is not None else message, message if reason is not None else None, reference


def _text(body: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, (list, dict)) and value:
            return json.dumps(value, ensure_ascii=False)
    return None


def _visible(text: str, media_type: str) -> str:
    """Return what a page says, on one line; the title of HTML where it has one."""
    if "html" not in media_type.lower() and not _MARKUP.match(text):
        return _shortened(text)
    title = _TITLE.search(text)
    shown = title[1] if title and title[1].strip() else _TAG.sub(" ", _HIDDEN.sub(" ", text))
    return f"(a page) {_shortened(html.unescape(shown))}"


def _shortened(text: str) -> str:
    line = " ".join(text[: 20 * _SHOWN].split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
