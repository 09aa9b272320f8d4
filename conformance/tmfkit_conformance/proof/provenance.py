"""What a verdict is made with: digests of kit, contract and self-test, versions of the libraries that judge."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import tmfkit_conformance
from tmfkit_conformance.selftest import table
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

__all__ = ["differences", "digests"]

_LIBRARIES: Final = ("jinja2", "jsonschema-rs", "markupsafe")
"""Libraries that decide what a bundle is judged to be, and how a report of it looks."""

_NOT_CODE: Final = frozenset({".pyc", ".pyo"})


@functools.cache
def _kit() -> str:
    """Return the digest of the kit's own files, and of what reads the contracts."""
    digest = hashlib.sha256()
    for root in (Path(tmfkit_conformance.__file__).parent, Path(contracts.__file__).parent):
        for path in sorted(_sources(root)):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{root.name}/{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    data = {table.FILE, *root.glob("*.json")}  # they have digests of their own
    return (path for path in root.rglob("*") if path.is_file() and path.suffix not in _NOT_CODE and path not in data)


def digests(contract: Contract) -> dict[str, Any]:
    """Return what decides a verdict, and the look of a report, beside the evidence itself."""
    self_test = table.FILE.read_bytes() if table.FILE.exists() else b""
    return {
        "kit": _kit(),
        "contract": contract.sha256,
        "self_test": hashlib.sha256(self_test).hexdigest(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def differences(recorded: Mapping[str, Any], contract: Contract) -> list[str]:
    """Return where what a bundle was judged with is not what there is now, a sentence part each; empty for the same."""
    return [
        f"{name} {_short(recorded.get(name))} there, {_short(now)} here"
        for name, now in digests(contract).items()
        if recorded.get(name) != now
    ]


def _short(value: Any) -> str:
    return "not said" if value is None else str(value)[:12]
