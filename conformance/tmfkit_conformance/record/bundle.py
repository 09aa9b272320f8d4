"""A bundle: one zip file with everything that a run saw, enough to judge it again.

run.json             API, contract digest, kit version, what the run was allowed to do; no secret
probes.jsonl         how each probe went
exchanges.jsonl      every request with its answer
notifications.jsonl  every request that the listener received
verdicts.json        the verdicts of the run, for ``verify`` to compare with
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord

__all__ = ["Bundle"]

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

    @property
    def sha256(self) -> str:
        """Digest of the zip file, hexadecimal: it tells whether a file is the one that a report was made with."""
        return hashlib.sha256(self.content).hexdigest()

    def write(self, path: Path) -> None:
        """Write the bundle to a zip file."""
        path.write_bytes(self.content)

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """Read a bundle.

        Raises:
            UsageError: There is no such file, or it is not a bundle.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                files = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
            return cls(
                run={**json.loads(files["run.json"])},
                probes=tuple(ProbeRecord(**row) for row in _rows(files["probes.jsonl"])),
                exchanges=tuple(Exchange.from_json(row) for row in _rows(files["exchanges.jsonl"])),
                notifications=tuple(Notification.from_json(row) for row in _rows(files["notifications.jsonl"])),
                verdicts=json.loads(files["verdicts.json"]),
            )
        except _UNREADABLE as exc:
            problem = f"cannot be read as a bundle ({type(exc).__name__}: {exc})"
            raise UsageError(str(path), problem, "Give the bundle.zip that `run` wrote") from exc

    def _files(self) -> dict[str, str]:
        return {
            "run.json": json.dumps(self.run, indent=2, sort_keys=True),
            "probes.jsonl": _lines([vars(probe) for probe in self.probes]),
            "exchanges.jsonl": _lines([exchange.to_json() for exchange in self.exchanges]),
            "notifications.jsonl": _lines([notification.to_json() for notification in self.notifications]),
            "verdicts.json": json.dumps(self.verdicts, indent=1),
        }


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]
