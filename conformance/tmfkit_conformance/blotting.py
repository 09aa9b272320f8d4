"""What stands where something is not to be told."""

from __future__ import annotations

from typing import Final

__all__ = ["BLOTTED"]

BLOTTED: Final = "(not recorded)"
"""What stands in a bundle where a credential was sent or configured."""
