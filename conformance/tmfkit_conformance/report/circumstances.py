"""Under what circumstances a run was made: when, of what product, by whom, with which settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final

from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.settings import Settings

__all__ = ["Circumstances"]

_TOLD_ELSEWHERE: Final = frozenset({"api", "base_url", "subject", "operator", "payloads", "values", "phases"})


@dataclass(frozen=True)
class Circumstances:
    """What a bundle says of its run; everything is empty in one of a kit that did not write it down.

    Attributes:
        started: When the run began, UTC.
        ended: When it ended, UTC.
        product: What was under test.
        version: Which version of it.
        operator: Who made the run.
        settings: Settings other than the kit's own, one line each.
        credentials: Names of the credentials that were given.
        digests: What the verdict was made with: ``kit``, ``contract``, ``self_test``, and versions of libraries.
    """

    started: str
    ended: str
    product: str
    version: str
    operator: str
    settings: tuple[str, ...]
    credentials: tuple[str, ...]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, bundle: Bundle) -> Circumstances:
        """Read the circumstances of a run from its bundle."""
        run = bundle.run
        settings = run.get("settings", {})
        product, _, version = str(run.get("subject", "")).rpartition("/")
        return cls(
            started=str(run.get("started", "")),
            ended=str(run.get("ended", "")),
            product=product.strip(),
            version=version.strip(),
            operator=str(run.get("operator", "")),
            settings=tuple(_changed(settings)),
            credentials=tuple(map(str, settings.get("credentials", ()))),
            digests={name: str(value) for name, value in run.get("digests", {}).items()},
        )

    @property
    def period(self) -> str:
        """From when to when, for a reader; empty when the bundle does not say."""
        began, ended = _to_second(self.started), _to_second(self.ended)
        if not began:
            return ""
        same_day = ended[:10] == began[:10]
        return f"{began} to {ended[11:] if same_day else ended} UTC"

    def to_json(self) -> dict[str, Any]:
        """Return the circumstances as ``report.json`` has them."""
        return {
            "started": self.started,
            "ended": self.ended,
            "subject": {"product": self.product, "version": self.version},
            "operator": self.operator,
            "settings": list(self.settings),
            "credentials": list(self.credentials),
            "digests": dict(self.digests),
        }


def _to_second(instant: str) -> str:
    return instant[:19].replace("T", " ")


def _changed(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings that are not those of a kit that was told nothing, as one line each."""
    standard = {item.name: _default(item) for item in fields(Settings)}
    return [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in settings.items()
        if name in standard and name not in _TOLD_ELSEWHERE and value != standard[name]
    ]


def _default(item: Any) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default
