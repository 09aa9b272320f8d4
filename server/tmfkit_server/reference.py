"""The server as a kit's self-test needs it: in memory, with a well-known key for each role. Not for any other use."""

from __future__ import annotations

import tempfile

from tmfkit_server.api_keys import ApiKey
from tmfkit_server.app import AsgiApp, create_app
from tmfkit_server.network import LOOPBACK
from tmfkit_server.settings import Settings

__all__ = ["app"]

_OUTBOX = tempfile.TemporaryDirectory()


def app() -> AsgiApp:
    """Return the application; the keys are ``user-key`` and ``admin-key``, and listeners are on this machine."""
    # Whole lists, for what is put around it to cut into pages.
    keys = [ApiKey.of("user", "user-key"), ApiKey.of("admin", "admin-key")]
    settings = Settings(api_keys=keys, allowed_callbacks=LOOPBACK, outbox=_OUTBOX.name, page_limit=1_000_000)
    return create_app(settings)
