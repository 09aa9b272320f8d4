"""Who wants to be told of every attempt: logs, traces, metrics."""

from __future__ import annotations

import logging
import time
from typing import Any, Protocol

from .answers import Request, Response
from .errors import NoAnswer

__all__ = ["Attempt", "Hook", "LogHook", "Telling", "TraceHook"]


class Attempt:
    """One sending of a request.

    Attributes:
        request: What is sent, without credentials.
        number: 1 for the first, and so on.
        headers: What a hook adds to the headers, ``traceparent`` for example.
        response: The answer; None before, and when there is none.
        error: Why there is no answer; None before, and when there is one.
        seconds: How long it took.
        notes: A place for hooks.
    """

    __slots__ = ("error", "headers", "notes", "number", "request", "response", "seconds")

    def __init__(self, request: Request, number: int) -> None:
        self.request, self.number = request, number
        self.headers: dict[str, str] = {}
        self.response: Response | None = None
        self.error: NoAnswer | None = None
        self.seconds = 0.0
        self.notes: dict[str, Any] = {}


class Hook(Protocol):
    """What is told of every attempt."""

    def started(self, attempt: Attempt) -> None:
        """Be told of an attempt that is about to begin; headers can still be added to it."""
        ...

    def ended(self, attempt: Attempt) -> None:
        """Be told of an attempt that is over."""
        ...


class Telling:
    """Tells hooks of one attempt; those told last of its beginning are told first of its end."""

    __slots__ = ("_begun", "_hooks", "attempt")

    def __init__(self, hooks: tuple[Hook, ...], request: Request, number: int) -> None:
        self._hooks, self.attempt, self._begun = hooks, Attempt(request, number), time.monotonic()
        for hook in hooks:
            hook.started(self.attempt)

    def end(self, outcome: Response | NoAnswer) -> None:
        """Tell what came of it."""
        self.attempt.seconds = time.monotonic() - self._begun
        if isinstance(outcome, Response):
            self.attempt.response = outcome
        else:
            self.attempt.error = outcome
        for hook in reversed(self._hooks):
            hook.ended(self.attempt)


class LogHook:
    """Writes a line of the log for every attempt."""

    def __init__(self, logger: logging.Logger | None = None, level: int = logging.INFO) -> None:
        self._logger, self._level = logger or logging.getLogger("tmfkit_sdk"), level

    def started(self, attempt: Attempt) -> None:
        """Do nothing yet."""

    def ended(self, attempt: Attempt) -> None:
        """Write the line."""
        request, answer = attempt.request, attempt.response
        result = str(answer.status) if answer is not None else type(attempt.error).__name__
        name = answer.request_id if answer is not None else None
        self._logger.log(
            self._level,
            "%s %s %s attempt=%d seconds=%.3f request_id=%s",
            request.method,
            request.url,
            result,
            attempt.number,
            attempt.seconds,
            name,
        )


class TraceHook:
    """Makes a span of OpenTelemetry for every attempt, and hands its context to the server.

    Args:
        tracer: ``opentelemetry.trace.get_tracer(…)``.
        inject: ``opentelemetry.propagate.inject``, which is given a span's context by being called inside of it.
        use_span: ``opentelemetry.trace.use_span``.
    """

    def __init__(self, tracer: Any, *, inject: Any, use_span: Any) -> None:
        self._tracer, self._inject, self._use_span = tracer, inject, use_span

    def started(self, attempt: Attempt) -> None:
        """Begin the span."""
        request = attempt.request
        span = self._tracer.start_span(request.method, attributes={"http.request.method": request.method})
        span.set_attribute("url.full", request.url)
        if attempt.number > 1:
            span.set_attribute("http.request.resend_count", attempt.number - 1)
        with self._use_span(span, end_on_exit=False):
            self._inject(attempt.headers)
        attempt.notes[f"span-{id(self)}"] = span

    def ended(self, attempt: Attempt) -> None:
        """End the span."""
        span = attempt.notes.pop(f"span-{id(self)}")
        if attempt.response is not None:
            span.set_attribute("http.response.status_code", attempt.response.status)
        if attempt.error is not None:
            span.record_exception(attempt.error)
            span.set_attribute("error.type", type(attempt.error).__name__)
        span.end()
