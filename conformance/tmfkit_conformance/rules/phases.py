"""The phases of a run."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["CLEANUP", "PHASES", "REGISTER", "Phase"]

Phase = Literal["register", "examples", "coverage", "fuzzing", "stateful"]

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
"""Phases, in the order of a run."""

REGISTER: Final[Phase] = "register"
"""The phase that drives the probes of the register; all others drive what is generated."""

CLEANUP: Final = "cleanup"
"""Phase under which a bundle records what the kit deletes again; a run cannot be asked for it."""
