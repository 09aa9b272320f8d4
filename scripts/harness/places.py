"""Empty places for stores."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator

from harness.database import database
from tmfkit_server.storage.stores import StoreKind

__all__ = ["empty_store"]


@contextlib.contextmanager
def empty_store(kind: StoreKind) -> Iterator[str]:
    """Give the address of a store with nothing in it; its file or database is removed again."""
    with contextlib.ExitStack() as stack:
        if kind.place == "database":
            yield stack.enter_context(database()).url
        elif kind.place == "file":
            yield kind.at(f"{stack.enter_context(tempfile.TemporaryDirectory())}/store.db")
        else:
            yield kind.at("")
