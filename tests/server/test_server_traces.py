"""Traces, sent to a collector over OTLP."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from harness.process import ServerProcess, free_port
from tmfkit_server import traces

CUSTOMER = "/tmf-api/customerManagement/v4/customer"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[tuple[str, queue.SimpleQueue[bytes]]]:
    """A collector's address, and what has come."""
    came: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()
    server.server_close()
    thread.join()


def test_missing_extra_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(traces, "find_spec", lambda _: None)
    traces.warn_of_missing_extra()
    assert caplog.messages == []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    traces.warn_of_missing_extra()
    assert traces.traces() is None
    assert [message[-40:] for message in caplog.messages] == ["will be no traces. Install tmfkit[otel]."]


def test_request_is_a_span_below_that_of_its_client(
    collector: tuple[str, queue.SimpleQueue[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, came = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("TMFKIT_OUTBOX", str(tmp_path / "outbox"))
    port = free_port()
    command = [sys.executable, "-m", "tmfkit_server.cli", "run", "--port", str(port)]
    server = ServerProcess("server", command, log=tmp_path / "log", port=port, ready_path="/health/live")
    try:
        server.start()
        parent = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
        assert httpx.get(f"http://127.0.0.1:{port}{CUSTOMER}", headers=parent).status_code == 200
        server.stop()
    finally:
        server.kill()
    sent = ExportTraceServiceRequest()
    while not came.empty():
        sent.MergeFromString(came.get())
    spans = [span for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans]
    [span] = [each for each in spans if each.trace_id.hex() == TRACE]
    assert (span.name, span.parent_span_id.hex()) == ("GET", SPAN)


def test_nothing_of_it_is_imported_unless_it_is_wanted() -> None:
    check = "import sys, tmfkit_server.app as app; from tmfkit_server.settings import Settings\n"
    check += "app.create_app(Settings()); print([name for name in sys.modules if name.startswith('opentelemetry')])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    said = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env=environment)
    assert said.stdout == "[]\n"
