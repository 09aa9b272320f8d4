"""The listeners of the guide, each in a process of its own, hear what our server tells."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from patience import PATIENCE_SECONDS
from tmfkit_sdk.customer_v4 import CustomerManagement, RelatedParty

FOLDER = Path(__file__).parent / "listeners"
SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"


@pytest.mark.parametrize(("name", "path"), [("falcon_listener", "/events"), ("fastapi_listener", "/events/")])
def test_a_listener_hears_of_a_new_customer(
    start_server: Callable[..., AbstractContextManager[str]], name: str, path: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-u", "-m", "gunicorn", "-k", "asgi", "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    listening = subprocess.Popen(
        [*command, f"{name}:app"],
        cwd=FOLDER,
        env={**os.environ, "TMFKIT_CALLBACK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Whoever waits for its words waits no longer.
    impatience = threading.Timer(PATIENCE_SECONDS, listening.kill)
    impatience.start()
    try:
        assert listening.stdout is not None
        assert listening.stderr is not None
        while "Booting worker" not in (line := listening.stderr.readline()):
            assert line, "the listener did not start"
        callback = f"http://127.0.0.1:{port}{path}"
        with (
            start_server("--store", "memory:", "--callback-secret", SECRET) as url,
            CustomerManagement(url) as tmf,
            tmf.hub.subscription(callback),
        ):
            tmf.customers.create(name="Club", engaged_party=RelatedParty(id="500"))
            assert listening.stdout.readline() == "made: Club\n"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(callback, b"{}", method="POST"))
    finally:
        impatience.cancel()
        listening.terminate()
        listening.communicate()
