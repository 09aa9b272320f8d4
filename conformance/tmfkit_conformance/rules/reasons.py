"""Reasons why a step is recorded that no check reads, and why a probe ends that has nothing to go on with."""

from __future__ import annotations

from typing import Final

__all__ = ["NO_ID", "SHOWN", "STARTS", "UNDOES"]

STARTS: Final = "makes what the probe starts from; when that is refused, the probe ends and says so"
UNDOES: Final = "takes away what the probe made; its answer says nothing of the row"
SHOWN: Final = "shows a reader of the bundle what was there"

NO_ID: Final = "the hub answers a registration 204, which the document allows and which tells no id to take it back by"
