"""The door of ``tmfkit-conformance``: says which extra to install where one is missing."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line; return its exit status."""
    try:
        from tmfkit_conformance.cli import main as run
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.startswith("tmfkit_"):
            raise
        extra = "pip install 'tmfkit[conformance]'"
        sys.stderr.write(f"tmfkit-conformance: {exc.name} is not installed. Install the extra: {extra}\n")
        sys.exit(3)
    return run()
