"""A bundle: one zip file with everything that a run saw, enough to judge it again.

run.json             when, what product, by whom, with which settings and digests; of credentials the names only
probes.jsonl         how each probe went
exchanges.jsonl      every request with its answer; a longer body that was there before is a reference
notifications.jsonl  every request that the listener received
verdicts.json        the verdicts of the run, for ``verify`` to compare with
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_conformance.record.sharing import BodyStore
from tmfkit_conformance.record.wire import is_deeper

__all__ = ["LARGEST_BYTES", "LARGEST_UNPACKED_BYTES", "Bundle"]

LARGEST_BYTES: Final = 256 * 1024 * 1024
"""Size of a bundle that is read."""

LARGEST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
"""Size of all members of a bundle together; a run on a target with 50,000 records stays far below it."""

_DEEPEST: Final = 64
"""Levels of a JSON value in a bundle; bodies are texts there, so that a run writes a handful."""

_MEMBERS: Final = ("run.json", "probes.jsonl", "exchanges.jsonl", "notifications.jsonl", "verdicts.json")
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the same run gives the same bytes

# A damaged or encrypted archive, JSON that is none or goes too deep, and JSON that is not what a run writes.
_UNREADABLE = (
    OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, TypeError, ValueError, AttributeError
)  # fmt: skip


@dataclass(frozen=True)
class Bundle:
    """The evidence of one run.

    Attributes:
        run: About the run: ``api``, ``contract_sha256``, ``kit_version``, ``base_url``, ``phases`` and more.
        probes: How each probe went.
        exchanges: Every exchange, in the order of sending.
        notifications: Every notification, in the order of arrival.
        verdicts: What the run concluded; empty before it is judged.
    """

    run: dict[str, Any]
    probes: tuple[ProbeRecord, ...]
    exchanges: tuple[Exchange, ...]
    notifications: tuple[Notification, ...]
    verdicts: list[dict[str, Any]] = field(default_factory=list)

    @functools.cached_property
    def content(self) -> bytes:
        """The zip file."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self._files().items():
                archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), text, zipfile.ZIP_DEFLATED)
        return packed.getvalue()

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the zip file, hexadecimal: of the very file, where the bundle was read from one."""
        return hashlib.sha256(self.content).hexdigest()

    def write(self, path: Path) -> None:
        """Write the bundle to a zip file."""
        path.write_bytes(self.content)

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """Read a bundle.

        Raises:
            UsageError: There is no such file, it is not a bundle, or it is over a limit.
        """
        try:
            with path.open("rb") as file:
                _check_size(path, "the file", path.stat().st_size, LARGEST_BYTES)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                with zipfile.ZipFile(file) as archive:
                    _check_members(path, archive)
                    bundle = cls._from(archive)
        except _UNREADABLE as exc:
            problem = f"cannot be read as a bundle ({type(exc).__name__}: {exc})"
            raise UsageError(str(path), problem, "Give the bundle.zip that `run` wrote") from exc
        vars(bundle)["sha256"] = digest
        return bundle

    @classmethod
    def _from(cls, archive: zipfile.ZipFile) -> Bundle:
        bodies = BodyStore()
        with contextlib.ExitStack() as stack:
            run, probes, exchanges, notifications, verdicts = (
                stack.enter_context(archive.open(name)) for name in _MEMBERS
            )
            return cls(
                run={**_value(run.read())},
                probes=tuple(ProbeRecord(**row) for row in _rows(probes)),
                exchanges=tuple(Exchange.from_json(bodies.unpacked(row)) for row in _rows(exchanges)),
                notifications=tuple(Notification.from_json(row) for row in _rows(notifications)),
                verdicts=[{**row} for row in _value(verdicts.read())],
            )

    def _files(self) -> dict[str, str]:
        bodies = BodyStore()
        return {
            "run.json": json.dumps(self.run, indent=2, sort_keys=True),
            "probes.jsonl": _lines(vars(probe) for probe in self.probes),
            "exchanges.jsonl": _lines(bodies.packed(exchange.to_json()) for exchange in self.exchanges),
            "notifications.jsonl": _lines(notification.to_json() for notification in self.notifications),
            "verdicts.json": json.dumps(self.verdicts, indent=1),
        }


def _check_size(path: Path, what: str, size_bytes: int, most: int) -> None:
    if size_bytes > most:
        problem = f"{what} has {size_bytes:,} bytes, and {most:,} are the most that is read"
        raise UsageError(str(path), problem, "Give the bundle.zip that `run` wrote")


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive whose members are not exactly those that a run writes, before any is unpacked."""
    names = archive.namelist()
    if sorted(names) != sorted(_MEMBERS):
        strange = [name for name in names if name not in _MEMBERS or names.count(name) > 1]
        missing = [name for name in _MEMBERS if name not in names]
        words = [*(f"{name!r:.80} is no member" for name in strange), *(f"{name} is missing" for name in missing)]
        raise ValueError("; ".join(words[:5]))
    unpacked = sum(one.file_size for one in archive.infolist())
    _check_size(path, "what is packed in it", unpacked, LARGEST_UNPACKED_BYTES)


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    return (_value(line) for line in file if line != b"\n")


def _value(text: bytes) -> Any:
    value = json.loads(text)
    if text.count(b"[") + text.count(b"{") > _DEEPEST and is_deeper(value, _DEEPEST):
        raise ValueError(f"a value goes deeper than {_DEEPEST} levels")
    return value
