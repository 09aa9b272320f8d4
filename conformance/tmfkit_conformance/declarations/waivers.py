"""Waivers: rows that somebody answers for although they do not hold. A waiver never changes a verdict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.yaml_file import read_yaml
from tmfkit_models.contracts import Contract

__all__ = ["Waiver", "read_waivers"]

_NAMES: Final = ("row", "reason", "owner", "expires", "issue")
_FORM: Final = "Give a list of entries with row, reason, owner, expires (a date) and issue"
_SCHEMA: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": list(_NAMES),
        "properties": {name: {"type": "string", "minLength": 1} for name in _NAMES},
    },
}


@dataclass(frozen=True, slots=True)
class Waiver:
    """One row that is waived.

    Attributes:
        row: Id of the requirement, a must.
        reason: Why it does not hold.
        owner: Who answers for it.
        expires: Last day of the waiver, ``YYYY-MM-DD``.
        issue: Where it is followed up.
    """

    row: str
    reason: str
    owner: str
    expires: str
    issue: str

    def to_json(self) -> dict[str, str]:
        """Return the waiver as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Waiver:
        """Read a waiver that ``to_json`` wrote."""
        return cls(**{name: str(plain[name]) for name in _NAMES})


def read_waivers(path: Path, contract: Contract, today: dt.date) -> tuple[Waiver, ...]:
    """Read a file of waivers.

    Args:
        path: The file.
        contract: The API that they are about.
        today: The day of the run, UTC.

    Raises:
        UsageError: It is no such file, or an entry is unknown, given twice, not of a must, or has expired.
    """
    plain = read_yaml(path, _SCHEMA, empty=[], file_remedy=_FORM, value_remedy=_FORM)
    waivers = tuple(Waiver.from_json(entry) for entry in plain)
    for waiver in waivers:
        _check(path, waiver, contract, today)
    _check_once(path, [waiver.row for waiver in waivers])
    return waivers


def _check(path: Path, waiver: Waiver, contract: Contract, today: dt.date) -> None:
    where = f"{path}, {waiver.row}"
    levels = {row.id: row.level for row in contract.requirements}
    if waiver.row not in levels:
        raise UsageError(where, f"{contract.id} has no such requirement", f"`list --api {contract.id}` names them")
    if levels[waiver.row] != "must":
        raise UsageError(where, f"this is a {levels[waiver.row]}, and only musts decide", "Take the entry away")
    try:
        last_day = dt.date.fromisoformat(waiver.expires)
    except ValueError as exc:
        raise UsageError(where, f"{waiver.expires!r} is no date", "Write it as 2027-01-31") from exc
    if last_day < today:
        remedy = "Take the entry away, or have its owner renew it"
        raise UsageError(where, f"the waiver expired on {waiver.expires}", remedy)


def _check_once(path: Path, rows: Sequence[str]) -> None:
    for row in rows:
        if rows.count(row) > 1:
            raise UsageError(f"{path}, {row}", "is waived twice", "Keep one of the entries")
