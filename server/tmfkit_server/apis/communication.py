"""Communication API (TMF681): sending messages.

The channel writes what it would send to the store, until there are real ones. Sending is tried once: what the channel does not take has
failed for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tmfkit_server.errors import InvalidBody, NotSent
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import Extension, Task
from tmfkit_server.services.stamps import new_id, now

__all__ = ["EXTENSION", "Channel", "ChannelError", "Dispatch", "LogChannel", "dispatches", "text_of"]
