"""TMF629 4.0: tolerated readings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound, answered
from tmfkit_conformance.selftest.catalogue.allowed.readings import (
    TAKEN,
    dropping,
    having,
    lacks,
    mapped,
    no_ids,
    reading,
    refused_patch,
    refuses,
    shows,
    single,
    unless,
)
from tmfkit_conformance.selftest.catalogue.changes import (
    refusal,
    refusing,
    showing_all,
)
from tmfkit_conformance.selftest.history import History

__all__ = ["CUSTOMER_V4"]

_REFERENCE: Final = lacks("id", "name")


def _array_for_object(name: str) -> Break:
    """Take and show one attribute as a list of one, and refuse an object there."""
    words = f"has a list of one in {name}"
    shown = showing_all(words, mapped("", name, lambda value: [value] if isinstance(value, dict) else value))

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        value = call.json.get(name) if isinstance(call.json, dict) else None
        if call.action in ("create", "patch") and isinstance(value, dict):
            return refusal(400, f"{name} is a list")
        asked = call.with_json({**call.json, name: single(value)}) if isinstance(value, list) else call
        return await shown.serve(asked, sound, history)

    return Break(words, serve, shown.notify)


def _array_and_more(name: str, needed: str) -> Break:
    """Take one attribute as a list of one, and demand another on create; say both in a list of errors."""
    in_list = _array_for_object(name)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        body = call.json if call.action == "create" and isinstance(call.json, dict) else {}
        wrong = {name: "is a list", needed: "is missing"}
        errors = [
            {"field": one, "message": wrong[one]} for one in wrong if one not in body or isinstance(body[one], dict)
        ]
        if body and needed not in body:
            return answered(400, {"code": "400", "reason": "Bad Request", "errors": errors})
        return await in_list.serve(call, sound, history)

    return Break(f"{in_list.words}, and demands {needed}", serve, in_list.notify)


def _in_force(profiles: Any) -> Any:
    """Return the profile that is in force; of several the first, and so where none is."""
    now = datetime.now(UTC).isoformat()
    periods = [(one, one.get("validFor") or {}) for one in profiles if isinstance(one, dict)]
    here = [one for one, when in periods if when.get("startDateTime", "") <= now <= when.get("endDateTime", "9")]
    return (here or profiles)[:1]


CUSTOMER_V4: Final = (
    reading("v4-party-in-a-list", _array_for_object("engagedParty"), "TMF629V4-E01", rules=TAKEN, whole=("tmf629-v4",)),
    reading(
        "v4-party-in-a-list-beside-another",
        _array_and_more("engagedParty", "relatedParty"),
        "TMF629V4-E01",
        rules=TAKEN,
        configuration={"payloads": {"customer": {"relatedParty": [{"id": "42", "name": "Shop", "role": "agent"}]}}},
    ),
    shows(
        "v4-party-shown-in-a-list",
        "shows engagedParty in a list",
        mapped("", "engagedParty", lambda value: [value] if isinstance(value, dict) else value),
        "TMF629V4-E01",
    ),
    refuses(
        "v4-references-complete",
        "demands id and name of engagedParty",
        unless("engagedParty", _REFERENCE, "engagedParty is not complete"),
        "TMF629V4-E32",
        "TMF629V4-E03",
    ),
    shows(
        "v4-referred-type-of-a-medium",
        "shows @referredType on a contact medium",
        having("contactMedium/*", **{"@referredType": "ContactMedium"}),
        "TMF629V4-E05",
    ),
    refuses(
        "v4-media-fit",
        "wants an address where the medium is e-mail",
        unless(
            "contactMedium/*",
            lambda one: (
                one.get("mediumType") == "EmailAddress" and "emailAddress" not in (one.get("characteristic") or {})
            ),
            "an e-mail medium has an emailAddress",
        ),
        "TMF629V4-E06",
    ),
    shows(
        "v4-one-profile",
        "shows the credit profile in force alone",
        mapped("", "creditProfile", _in_force),
        "TMF629V4-E22",
    ),
    reading(
        "v4-types-of-parts-dropped",
        dropping("drops @type in sub-resources", "contactMedium/*", "@type", "@baseType", "@schemaLocation"),
        "TMF629V4-E25",
        rules=TAKEN,
    ),
    reading(
        "types-not-patchable",
        refused_patch("refuses to change @type and its like", 400, "@type", "@baseType", "@schemaLocation"),
        "TMF629V4-E26",
        "TMF683-E29",
        rules=(PATCHABLE,),
    ),
    reading(
        "own-ids-refused",
        refusing("refuses an id or href that a client sends", lambda _, body: no_ids(body), actions=("create",)),
        "TMF629V4-E27",
        "TMF683-E30",
        "TMF655-E35",
        rules=TAKEN,
    ),
)
