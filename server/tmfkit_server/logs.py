"""Logs: one event a line on stderr, as text or as JSON, whatever is in the values."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Literal, TextIO, TypeAlias

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, WrappedLogger

from tmfkit_server.request_ids import REQUEST_ID

__all__ = ["LogFormat", "event_log", "log_handler", "start_logging"]

LogFormat: TypeAlias = Literal["text", "json"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:@+~%,-]+")
_CLOSE = (",", ":")
_FIRST = ("timestamp", "level", "event")
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def start_logging(form: LogFormat) -> None:
    """Send everything that the server, its libraries and Python itself have to say to stderr."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Stderr)]:
        root.removeHandler(handler)
    root.addHandler(log_handler(form))
    logging.captureWarnings(capture=True)
    # What a store found when it was opened, and what became of messages, is said even when all is well.
    for name in ("storage", "apis"):
        logging.getLogger(f"tmfkit_server.{name}").setLevel(logging.INFO)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Stream that is written to."""
        return sys.stderr


def log_handler(form: LogFormat) -> logging.Handler:
    """Return what writes records of the standard library in our form."""
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, _stamp, _add_request],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _add_exception, _as_text(form)],
        )
    )
    return handler


def event_log(form: LogFormat) -> Any:
    """Return a logger of events with values, which is faster than the standard library's."""
    return structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer),
        processors=[structlog.processors.add_log_level, _stamp, _add_request, _as_text(form), _encode],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def _add_request(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    if identifier := REQUEST_ID.get():
        event["request_id"] = identifier
    return event


def _add_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    info: ExcInfo | None = event.pop("exc_info", None)
    if info:
        event["exception"] = logging.Formatter().formatException(info)
    return event


def _as_text(form: LogFormat) -> Any:
    return _json if form == "json" else _text


def _json(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    ordered = {**{name: event[name] for name in _FIRST if name in event}, **event}
    try:
        line = orjson.dumps(ordered, default=str).decode()
    except TypeError:
        # Half of a character, which JSON can write and UTF-8 cannot.
        return json.dumps(ordered, default=str, separators=_CLOSE)
    # Beyond ASCII are characters that terminals obey.
    return line if line.isascii() else json.dumps(ordered, default=str, separators=_CLOSE)


def _text(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Return one line, on which no value can end the line or look like another value.

    A trace follows on lines of its own, all of which are set in.
    """
    trace = event.pop("exception", "")
    head = f"{event.pop('timestamp')} {event.pop('level').upper()} {_printable(str(event.pop('event')))}"
    values = "".join(f" {name}={_value(value)}" for name, value in event.items())
    return head + values + "".join(f"\n    {_printable(line)}" for line in trace.splitlines())


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _encode(_logger: WrappedLogger, _name: str, line: Any) -> bytes:
    return str(line).encode("utf-8", "backslashreplace")
