"""Claims: what of the document's options a target is said to offer. A claim never changes a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.yaml_file import read_yaml
from tmfkit_models.contracts import Contract, Requirement

__all__ = ["CATEGORIES", "Claim", "claimable", "read_claims", "written_claims"]

_TEXTS: Final = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_BY_OPERATION: Final = {"type": "object", "additionalProperties": _TEXTS}
_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "operations": _TEXTS,
        "events": _TEXTS,
        "media_types": _BY_OPERATION,
        "filters": _BY_OPERATION,
        "attributes": _BY_OPERATION,
    },
}

CATEGORIES: Final[Mapping[str, str]] = {
    "operations": "status",
    "media_types": "consumes",
    "filters": "filter",
    "events": "event",
    "attributes": "attribute",
}
"""Category of a claim → kind of the rows that show whether it is met."""

_PLAIN: Final = frozenset({"operations", "events"})
_FORM: Final = "Give operations, media_types, filters, events, attributes; `init --probe URL` drafts such a file"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a target is said to offer.

    Attributes:
        category: What sort of thing.
        operation: ``operationId``, or the type of a notification.
        subject: Media type or attribute; empty for an operation or a notification itself.
    """

    category: str
    operation: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.category} {self.operation} {self.subject}".rstrip()


def claimable(contract: Contract) -> dict[Claim, tuple[str, ...]]:
    """Return everything that can be claimed of an API, each with the ids of the rows that show whether it is met."""
    found: dict[Claim, tuple[str, ...]] = {}
    for row in contract.requirements:
        for claim in _claims_of(row):
            found[claim] = (*found.get(claim, ()), row.id)
    return found


def read_claims(path: Path, contract: Contract) -> tuple[Claim, ...]:
    """Read a file of claims.

    Raises:
        UsageError: It is no such file, or something in it is nothing that can be claimed of the API.
    """
    plain = read_yaml(path, _SCHEMA, empty={}, file_remedy=_FORM, value_remedy=_FORM)
    known = claimable(contract)
    claims = tuple(_claims_in(plain))
    for claim in claims:
        if claim not in known:
            can_be = [str(one) for one in known if (one.category, one.operation) == (claim.category, claim.operation)]
            others = [str(one) for one in known if one.category == claim.category]
            remedy = f"What can stand there: {', '.join((can_be or others)[:20]) or 'nothing'}"
            raise UsageError(f"{path}, {claim}", f"{contract.id} has no row about it", remedy)
    return claims


def written_claims(claims: Iterable[Claim]) -> str:
    """Return the file that says these claims."""
    plain: dict[str, Any] = {}
    for claim in sorted(claims, key=lambda claim: list(CATEGORIES).index(claim.category)):
        if claim.category in _PLAIN:
            plain.setdefault(claim.category, []).append(claim.operation)
        else:
            plain.setdefault(claim.category, {}).setdefault(claim.operation, []).append(claim.subject)
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text


def _claims_of(row: Requirement) -> Iterable[Claim]:
    """Return what a row shows: of attributes only those that the document leaves to the target."""
    for category, kind in CATEGORIES.items():
        if row.kind != kind or row.reason or (category == "attributes" and row.level == "must"):
            continue
        if category == "operations" and not row.subject.startswith("2"):
            continue  # a row on how a call is refused
        yield Claim(category, row.operation, "" if category in _PLAIN else row.subject)


def _claims_in(plain: Mapping[str, Any]) -> Iterable[Claim]:
    for category, named in plain.items():
        if category in _PLAIN:
            yield from (Claim(category, name) for name in named)
        else:
            yield from (Claim(category, operation, name) for operation, names in named.items() for name in names)
