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
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.record import reading
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_conformance.record.sharing import BodyStore

__all__ = ["LARGEST_BYTES", "LARGEST_UNPACKED_BYTES", "Bundle"]

LARGEST_BYTES: Final = 256 * 1024 * 1024
"""Size of a bundle that is read."""

LARGEST_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
"""Size of all members of a bundle together; a run on a target with 50,000 records stays far below it."""

_MIB: Final = 1024 * 1024

_MEMBERS: Final = {
    "run.json": 8 * _MIB,
    "probes.jsonl": 64 * _MIB,
    "exchanges.jsonl": LARGEST_UNPACKED_BYTES,
    "notifications.jsonl": LARGEST_UNPACKED_BYTES,
    "verdicts.json": 16 * _MIB,
}
"""Member → how large it may be; one that is read whole takes several times as much memory."""

_MOST_ROWS: Final = 500_000
"""Rows of a member: a run with all phases writes some ten thousand exchanges."""

_LONGEST_ROW_BYTES: Final = 512 * _MIB
"""A body has 64 MiB at the most, and up to six characters for each of its bytes."""

_DENSEST: Final = 250
"""How many times as large as it is packed a member may be; JSON of a run is some 10 to 50 times as large."""

_DENSE_BYTES: Final = 16 * _MIB
"""Size from which on that matters."""

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
                run={**reading.value(run.read())},
                probes=tuple(ProbeRecord(**row) for row in _rows(probes)),
                exchanges=tuple(Exchange.from_json(bodies.unpacked(row)) for row in _rows(exchanges)),
                notifications=tuple(Notification.from_json(row) for row in _rows(notifications)),
                verdicts=[{**row} for row in reading.value(verdicts.read())],
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
    for one in archive.infolist():
        _check_size(path, one.filename, one.file_size, _MEMBERS[one.filename])
        if one.file_size > max(_DENSE_BYTES, _DENSEST * one.compress_size):
            raise ValueError(f"{one.filename} is packed to less than one part in {_DENSEST}, as no run packs it")
    _check_size(path, "what is packed in it", sum(one.file_size for one in archive.infolist()), LARGEST_UNPACKED_BYTES)


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the values of the lines of a member, within limits."""
    for number in itertools.count(1):
        line = file.readline(_LONGEST_ROW_BYTES + 1)
        if not line:
            return
        if len(line) > _LONGEST_ROW_BYTES:
            raise ValueError(f"a row has more than {_LONGEST_ROW_BYTES:,} bytes, the most that is read")
        if number > _MOST_ROWS:
            raise ValueError(f"a member has more than {_MOST_ROWS:,} rows, the most that is read")
        if line != b"\n":
            yield reading.value(line)
