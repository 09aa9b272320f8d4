"""The door of ``tmfkit-server``: says which extra to install where one is missing."""

from __future__ import annotations

import sys

__all__ = ["main"]

# Colours for the terminal, which libraries of ours import wherever they are installed: 4 MB in each worker.
_NOT_USED = ("pygments", "rich")


def main() -> None:
    """Run the command line."""
    for name in _NOT_USED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    try:
        from tmfkit_models.types import TmfModel
        from tmfkit_server.cli import main as run
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.startswith("tmfkit_"):
            raise
        extra = "pip install 'tmfkit[server]'"
        sys.stderr.write(f"tmfkit-server: {exc.name} is not installed. Install the extra: {extra}\n")
        sys.exit(2)
    # Nobody asks a server what an attribute means, which is read out of the sources of all classes: 0.1 s of its start.
    TmfModel.model_config["use_attribute_docstrings"] = False
    run()
