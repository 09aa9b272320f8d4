"""The listeners of the guide, each in a process of its own, hear what our server tells."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from patience import PATIENCE_SECONDS
from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty
from tmfkit_server.services.notifications.signatures import signature_headers

FOLDER = Path(__file__).parent / "listeners"
SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"


@contextmanager
def listening(name: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a listener with gunicorn; yield its address and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-m", "gunicorn", *options, "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, f"{name}:app"],
        cwd=FOLDER,
        env={**os.environ, "TMFKIT_CALLBACK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Whoever waits for its words waits no longer.
    impatience = threading.Timer(PATIENCE_SECONDS, process.kill)
    impatience.start()
    try:
        assert process.stderr is not None
        while "Booting worker" not in (line := process.stderr.readline()):
            assert line, "the listener did not start"
        yield f"http://127.0.0.1:{port}", process
    finally:
        impatience.cancel()
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(("name", "path"), [("falcon_listener", "/events"), ("fastapi_listener", "/events/")])
def test_a_listener_hears_of_a_new_customer(
    start_server: Callable[..., AbstractContextManager[str]], name: str, path: str
) -> None:
    with listening(name, "-k", "asgi") as (address, process):
        callback = f"{address}{path}"
        with (
            start_server("--store", "memory:", "--callback-secret", SECRET) as url,
            CustomerManagement(url) as tmf,
            tmf.hub.subscription(callback),
        ):
            tmf.customers.create(name="Club", engaged_party=RelatedParty(id="500"))
            assert process.stdout is not None
            assert process.stdout.readline() == "made: Club\n"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(callback, b"{}", method="POST"))


def test_a_wsgi_server_that_takes_chunks_apart_hands_over_what_comes_in_chunks() -> None:
    body = json.dumps({"eventId": "1", "eventType": "CustomerCreateEvent", "event": {}}).encode()
    headers = dict(signature_headers((b"s" * 32,), "1", int(time.time()), body))
    with listening("wsgi_listener") as (address, process):
        request = urllib.request.Request(address, iter([body[:9], body[9:]]), headers)
        assert urllib.request.urlopen(request).status == 204
        assert process.stdout is not None
        assert process.stdout.readline() == "heard: CustomerCreateEvent\n"
