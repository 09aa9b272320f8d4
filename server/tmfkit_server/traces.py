"""Traces of requests (OpenTelemetry), where the extra is installed and the environment names a collector.

The variables are OpenTelemetry's own: ``OTEL_EXPORTER_OTLP_ENDPOINT`` turns it on, ``OTEL_SERVICE_NAME`` and others say
more. Nothing of it is imported otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any, TypeAlias

__all__ = ["Traces", "traces", "warn_of_missing_extra"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_LOG = logging.getLogger(__name__)
_App: TypeAlias = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Traces:
    """One span for each request of this process, child of the one that its ``traceparent`` names."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        name = os.environ.get("OTEL_SERVICE_NAME", "tmfkit-server")
        self._provider = TracerProvider(resource=Resource.create({"service.name": name}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

    async def start(self) -> None:
        """Be ready, as it is from the beginning."""

    async def stop(self) -> None:
        """Send what has not been sent yet."""
        await asyncio.to_thread(self._provider.shutdown)

    def around(self, app: _App) -> _App:
        """Return *app* with spans; paths have ids in them and are no names of spans."""
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        traced: _App = OpenTelemetryMiddleware(
            app,
            tracer_provider=self._provider,
            default_span_details=lambda scope: (scope.get("method", "HTTP"), {}),
            exclude_spans=["receive", "send"],
        )
        return traced


def traces() -> Traces | None:
    """Return what makes traces; None when nobody wants any, or the extra is missing."""
    return Traces() if _are_wanted() and _can_be_made() else None


def warn_of_missing_extra() -> None:
    """Say so when traces are wanted and cannot be made."""
    if _are_wanted() and not _can_be_made():
        _LOG.warning("%s is set, but there will be no traces. Install tmfkit[otel].", " or ".join(_ENDPOINTS))


def _are_wanted() -> bool:
    return any(os.environ.get(name) for name in _ENDPOINTS)


def _can_be_made() -> bool:
    # Some other package may have brought a part of it.
    parts = ("opentelemetry", "opentelemetry.instrumentation", "opentelemetry.instrumentation.asgi")
    return all(find_spec(part) for part in parts)
