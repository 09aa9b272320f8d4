"""How long tests wait for what comes sooner or later."""

from __future__ import annotations

PATIENCE_SECONDS = 60.0
"""Bounds a hang. No outcome depends on how long anything takes below that."""
