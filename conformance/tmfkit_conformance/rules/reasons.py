"""Reasons why a step is recorded that no check reads."""

from __future__ import annotations

from typing import Final

__all__ = ["SHOWN", "STARTS", "UNDOES"]

STARTS: Final = "makes what the probe starts from; when that is refused, the probe ends and says so"
UNDOES: Final = "takes away what the probe made; its answer says nothing of the row"
SHOWN: Final = "shows a reader of the bundle what was there"
