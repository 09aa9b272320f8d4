"""Rules that a vendor has beyond the document, and what the kit is told of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final

from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.payloads.configured import merged
from tmfkit_conformance.rules.answers import CONSUMES
from tmfkit_conformance.rules.attributes import ATTRIBUTE, DEFAULT, OPTIONAL, VALUES
from tmfkit_conformance.rules.hubs import EVENT
from tmfkit_conformance.rules.lifecycle import FULL_CREATE, REFERENCES_AS_SENT
from tmfkit_conformance.rules.queries import FIELDS, FIELDS_WITH_FILTER, FILTER, FILTERS_COMBINE
from tmfkit_conformance.rules.refusals import MANDATORY, NON_PATCHABLE, SUB_MANDATORY
from tmfkit_conformance.rules.sending import SEND_NEW, SEND_STORED
from tmfkit_conformance.rules.updates import (
    MERGE_NULL_REMOVES,
    MERGE_OBJECT_MERGES,
    PATCH_KEEPS_OTHERS,
    PATCHABLE,
    REPLACE_CLEARS,
    STATUS_MOVES,
)
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import looked_at, moving, refusal, refusing
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History

__all__ = ["VENDORS"]

_OFFSET: Final = re.compile(r'\d\d:\d\d:\d\d[+-]\d\d:\d\d"')

_WRITES: Final = (ATTRIBUTE, MANDATORY, PATCHABLE, FULL_CREATE, EVENT)


def _party_42(_: Call, body: dict[str, Any]) -> str:
    parties = [body["engagedParty"]] if isinstance(body.get("engagedParty"), dict) else []
    parties += [party for party in body.get("relatedParty") or [] if isinstance(party, dict)]
    unknown = [party["id"] for party in parties if party.get("id", "42") != "42"]
    return f"there is no party {unknown[0]}" if unknown else ""


def _closed(**lists: tuple[str, ...]) -> Any:
    def objection(_: Call, body: dict[str, Any]) -> str:
        for name, values in lists.items():
            if isinstance(body.get(name), str) and body[name] not in values:
                return f"{name} is one of {', '.join(values)}"
        return ""

    return objection


def _receivers(_: Call, body: dict[str, Any]) -> str:
    known = {"qa@shop.example", "+491700000042"}
    for receiver in body.get("receiver") or []:
        if isinstance(receiver, dict):
            given = {receiver.get("email"), receiver.get("phoneNumber")} - {None}
            if given and not given & known:
                return "this receiver is not on the list of those for tests"
    return ""


def _no_filters(status: int) -> Break:
    """Have no filters."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        own = {"fields", "offset", "limit", "sort"}
        filters = call.names - own
        if call.action != "list" or not filters:
            return await sound(call)
        return refusal(status, "there are no filters") if status else await sound(call.without_parameters(*filters))

    words = f"answers a filter {status}" if status else "passes over filters"
    return Break(words, serve)


def _media_types(words: str, *taken: str) -> Break:
    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        is_taken = call.action != "patch" or call.media_type in taken
        return await sound(call) if is_taken else refusal(415, f"a patch is {' or '.join(taken)}")

    return Break(words, serve)


def _ignoring(words: str, *names: str) -> Break:
    """Pass over attributes of a patch."""

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        if call.action != "patch" or not isinstance(call.json, dict) or not set(names) & set(call.json):
            return await sound(call)
        return await sound(call.with_json({name: value for name, value in call.json.items() if name not in names}))

    return Break(words, serve)


def _ends_early(thing: Any, holder: str = "") -> str:
    """Say which period anywhere in a thing does not end after it begins; nothing where every one does.

    An interaction may be of one moment, as its document says.
    """
    if isinstance(thing, list):
        return next(filter(None, (_ends_early(member, holder) for member in thing)), "")
    if not isinstance(thing, dict):
        return ""
    for name in (name for name in thing if "start" in name.lower()):
        other = name.replace("Start", "End").replace("start", "end")
        begin, end = instant(thing[name]), instant(thing.get(other))
        if begin and end and (end < begin or (end == begin and holder != "interactionDate")):
            return f"{other} is not after {name}"
    return next(filter(None, (_ends_early(value, name) for name, value in thing.items())), "")


async def _periods(call: Call, sound: Sound, _: History) -> Answer:
    """Refuse what would leave a period that does not end after it begins."""
    if call.action not in ("create", "patch", "replace", "send") or not isinstance(call.json, dict):
        return await sound(call)
    would_be = call.json
    if call.action == "patch":
        there = (await sound(replace(call, method="GET", body=b""))).json
        would_be = merged(there if isinstance(there, dict) else {}, call.json)
    said = _ends_early(would_be)
    return refusal(400, said) if said else looked_at(await sound(call))


def _needs_tenant(_: Call, body: dict[str, Any]) -> str:
    return "" if body.get("tenant") in ("acme", "globex") else "tenant is mandatory"


def _needs_description(call: Call, body: dict[str, Any]) -> str:
    is_left = call.action == "patch" and "description" not in body
    is_another = call.operation is not None and call.operation.resource in ("customerAccount", "paymentMean")
    return "" if is_left or is_another or body.get("description") else "description is mandatory"


def _needs_ids(_: Call, body: dict[str, Any]) -> str:
    given = body.get("id", "c1")
    return "" if isinstance(given, str) and given.startswith("c") else "an id begins with c"


def _longer_than(most: int) -> Any:
    def objection(_: Call, body: dict[str, Any]) -> str:
        long = [name for name, value in body.items() if isinstance(value, str) and len(value) > most]
        return f"{long[0]} has at most {most} characters" if long else ""

    return objection


def _final(attribute: str, *states: str) -> Break:
    """Change nothing any more that has come to its end."""

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        made = history.made.get(call.identifier)
        if call.action != "patch" or made is None or made.shown.get(attribute) not in states:
            return await sound(call)
        return refusal(409, f"what is {made.shown[attribute]} is not changed any more")

    return Break(f"changes nothing whose {attribute} is {' or '.join(states)}", serve)


def _either(*names: str) -> Any:
    def objection(_: Call, body: dict[str, Any]) -> str:
        there = [name for name in names if name in body]
        return f"{' and '.join(there)} exclude each other" if len(there) > 1 else ""

    return objection


def _offsets(_: Call, body: dict[str, Any]) -> str:
    return "instants are in UTC" if _OFFSET.search(json.dumps(body)) else ""


VENDORS: Final = (
    Behaviour(
        "periods-that-end-after-they-begin",
        Break("refuses periods that do not end after they begin", _periods),
        "a period is from its start to its end",
        whole=("tmf683-v4", "tmf629-v4"),
        apis=("tmf681-v1", "tmf655-v1", "tmf629-v1"),
        rules=(*_WRITES, MERGE_OBJECT_MERGES),
    ),
    Behaviour(
        "instants-in-utc",
        refusing("takes instants in UTC only", _offsets),
        "no document says that every offset is taken; what is refused is not another instant",
        ("tmf683-v4", "tmf629-v4", "tmf655-v1"),
        rules=(ATTRIBUTE,),
    ),
    Behaviour(
        "one-exemption",
        refusing(
            "takes one tax exemption of an account",
            lambda _, body: "one exemption" if len(body.get("customerAccountTaxExemption") or ()) > 1 else "",
        ),
        "no must says how many there may be at once; what is refused is not lost",
        ("tmf629-v1",),
        rules=(FILTER,),
    ),
    Behaviour(
        "priorities-from-1",
        refusing(
            "takes priorities from 1 on", lambda _, body: "priority is 1 or more" if body.get("priority") == 0 else ""
        ),
        "no document says that 0 is a priority",
        ("tmf681-v1",),
        rules=(ATTRIBUTE,),
    ),
    Behaviour(
        "completed-is-final",
        _final("status", "completed"),
        "what has come to its end may be closed for changes",
        ("tmf683-v4",),
        rules=(PATCH_KEEPS_OTHERS, PATCHABLE, CONSUMES, FIELDS),
    ),
    Behaviour(
        "not-all-at-once",
        refusing("takes an incident or a resolution, not both", _either("incident", "resolution"), actions=("create",)),
        "no must says that everything is taken at once",
        ("tmf655-v1",),
        rules=(PATCH_KEEPS_OTHERS, FIELDS, FIELDS_WITH_FILTER),
    ),
    Behaviour(
        "tenant",
        refusing("demands a tenant on create", _needs_tenant, actions=("create",)),
        "the document lets implementers add mandatory attributes",
        ("tmf629-v4", "tmf683-v4"),
        rules=(ATTRIBUTE, MANDATORY, EVENT),
        configuration={"payloads": {"{resource}": {"tenant": "acme"}}},
        whole=("tmf629-v4", "tmf683-v4"),
    ),
    Behaviour(
        "optional-attribute-demanded",
        refusing("demands a description at all times", _needs_description, actions=("create", "patch", "replace")),
        "the document lets implementers add mandatory attributes",
        ("tmf683-v4", "tmf655-v1", "tmf629-v1"),
        rules=(ATTRIBUTE, OPTIONAL, DEFAULT, MERGE_NULL_REMOVES, REPLACE_CLEARS),
        configuration={
            "payloads": {"{resource}": {"description": "Call about the last bill"}},
            "values": {"{resource}": {"/description": ["Call about the last bill", "Call about the next bill"]}},
        },
    ),
    Behaviour(
        "party-42",
        refusing("knows party 42 only", _party_42),
        "references are resolved: the party that is known is told to the kit",
        ("tmf629-v4",),
        rules=(*_WRITES, REFERENCES_AS_SENT),
        configuration={
            "payloads": {"customer": {"engagedParty": {"id": "42", "name": "Known", "@referredType": "Organization"}}},
            "values": {
                "customer": {
                    "/engagedParty": [
                        {"id": "42", "name": "Known", "@referredType": "Organization"},
                        {"id": "42", "name": "Known too", "@referredType": "Organization"},
                    ],
                    "/relatedParty": [
                        [{"id": "42", "name": "Known", "role": "user", "@referredType": "Individual"}],
                        [{"id": "42", "name": "Known", "role": "owner", "@referredType": "Individual"}],
                    ],
                }
            },
        },
    ),
    Behaviour(
        "closed-reasons",
        refusing("takes reasons of a closed list", _closed(reason=("Billing", "Sales"))),
        "a closed list is told to the kit",
        ("tmf683-v4",),
        rules=_WRITES,
        configuration={"values": {"partyInteraction": {"/reason": ["Billing", "Sales"]}}},
        whole=("tmf683-v4",),
    ),
    Behaviour(
        "closed-priorities",
        refusing("takes priorities of a closed list", _closed(priority=("P1", "P2", "P3"))),
        "a closed list is told to the kit",
        ("tmf655-v1",),
        rules=_WRITES,
        configuration={"values": {"changeRequest": {"/priority": ["P1", "P2"]}}},
        whole=("tmf655-v1",),
    ),
    Behaviour(
        "closed-account-types",
        refusing("takes account types of a closed list", _closed(accountType=("Residential", "Business"))),
        "tolerated: any text; a closed list is told to the kit",
        ("tmf629-v1",),
        errata=("TMF629V1-E29",),
        rules=(ATTRIBUTE, MANDATORY, PATCHABLE),
        configuration={"values": {"customerAccount": {"/accountType": ["Residential", "Business"]}}},
    ),
    Behaviour(
        "state-machine-of-customers",
        moving(
            "status",
            ("Initialized", "Validated", "Approved"),
            {"Initialized": ("Validated",), "Approved": ("Validated",), "Validated": ("Active",)},
            409,
        ),
        "the statuses sent can be configured",
        ("tmf629-v4",),
        errata=("TMF629V4-E29",),
        rules=(PATCHABLE, EVENT, ATTRIBUTE),
        configuration={"values": {"customer": {"/status": ["Initialized", "Validated"]}}},
    ),
    Behaviour(
        "customers-begin-active",
        moving("status", ("Active",), {"Active": ("Suspended",), "Suspended": ("Active",)}, 409),
        "the state of every create and those to change to can be configured, in any order",
        ("tmf629-v4",),
        rules=(PATCHABLE, EVENT),
        configuration={
            "payloads": {"customer": {"status": "Active"}},
            "values": {"customer": {"/status": ["Suspended", "Active"]}},
        },
    ),
    Behaviour(
        "state-machine-of-interactions",
        moving("status", ("opened", "inProgress"), {"opened": ("inProgress",), "inProgress": ("completed",)}, 400),
        "the statuses sent can be configured",
        ("tmf683-v4",),
        rules=(PATCHABLE, EVENT, ATTRIBUTE),
        configuration={"values": {"partyInteraction": {"/status": ["opened", "inProgress"]}}},
    ),
    Behaviour(
        "state-machine-from-opened",
        moving("status", ("opened",), {"opened": ("inProgress",), "inProgress": ("completed",)}, 409),
        "the statuses sent can be configured",
        ("tmf683-v4",),
        rules=(VALUES,),
        configuration={"values": {"partyInteraction": {"/status": ["opened"]}}},
    ),
    Behaviour(
        "state-machine-of-changes",
        moving(
            "status",
            (),
            {"New": ("Request for Authorization",), "Request for Authorization": ("Scheduled for Approval",)},
            409,
        ),
        "tolerated: refusing a transition",
        ("tmf655-v1",),
        errata=("TMF655-E27", "TMF655-E28"),
        rules=(PATCHABLE, STATUS_MOVES),
        configuration={"values": {"changeRequest": {"/status": ["New", "Request for Authorization"]}}},
    ),
    Behaviour(
        "state-machine-from-new",
        moving(
            "status",
            ("New",),
            {
                "New": ("Request for Authorization", "Cancelled"),
                "Request for Authorization": ("Scheduled for Approval", "Cancelled"),
                "Scheduled for Approval": ("Pending for Implementation", "Cancelled"),
                "Pending for Implementation": ("Post Implementation Review", "Cancelled"),
                "Post Implementation Review": ("Fallback Execution", "Closed"),
                "Fallback Execution": ("Closed",),
            },
            409,
        ),
        "tolerated: refusing a transition; a change request begins as New",
        ("tmf655-v1",),
        errata=("TMF655-E27", "TMF655-E28"),
        rules=(PATCHABLE, STATUS_MOVES, VALUES),
        whole=("tmf655-v1",),
    ),
    Behaviour(
        "one-beginning-configured",
        moving("status", ("New",), {"New": ("Request for Authorization",)}, 400),
        "the statuses sent can be configured, the one that a record begins in first",
        ("tmf655-v1",),
        rules=(FULL_CREATE, FIELDS),
        whole=("tmf655-v1",),
        configuration={"values": {"changeRequest": {"/status": ["New", "Request for Authorization"]}}},
    ),
    Behaviour(
        "customers-begin-as-prospects",
        moving("status", ("Prospect",), {"Prospect": ("Active",), "Active": ("Dormant",)}, 422),
        "the statuses sent can be configured, the one that a record begins in first",
        ("tmf629-v4",),
        rules=(ATTRIBUTE, FULL_CREATE, PATCHABLE, EVENT),
        configuration={"values": {"customer": {"/status": ["Prospect", "Active", "Dormant"]}}},
    ),
    Behaviour(
        "state-machine-of-its-own",
        moving(
            "status",
            ("New",),
            {
                "New": ("Scheduled for Approval", "Request for Authorization"),
                "Request for Authorization": ("Pending for Implementation",),
                "Scheduled for Approval": ("Request for Authorization",),
            },
            400,
        ),
        "tolerated: refusing a transition",
        ("tmf655-v1",),
        errata=("TMF655-E27",),
        rules=(PATCHABLE, STATUS_MOVES, VALUES),
        whole=("tmf655-v1",),
    ),
    Behaviour(
        "receivers-of-a-list",
        refusing("sends to receivers of a list only", _receivers, actions=("send", "send-stored", "create")),
        "a receiver that may be used is told to the kit",
        ("tmf681-v1",),
        rules=(SEND_NEW, SEND_STORED),
        configuration={"receivers": {"Email": "qa@shop.example", "SMS": "+491700000042"}, "allow_send": True},
    ),
    Behaviour(
        "no-filters-501",
        _no_filters(501),
        "tolerated: no filtering at all",
        ("tmf629-v4", "tmf683-v4"),
        errata=("TMF629V4-E35", "TMF683-E35"),
        rules=(FILTER, FILTERS_COMBINE),
    ),
    Behaviour(
        "no-filters",
        _no_filters(0),
        "tolerated: no filtering at all",
        ("tmf629-v4", "tmf683-v4", "tmf655-v1"),
        errata=("TMF629V4-E35", "TMF683-E35"),
        rules=(FILTER, FILTERS_COMBINE),
    ),
    Behaviour(
        "merge-patch-only",
        _media_types("takes merge patches only", "application/merge-patch+json"),
        "the document makes JSON merge mandatory and no other form",
        ("tmf629-v4", "tmf655-v1", "tmf683-v4"),
        errata=("TMF629V4-E20", "TMF683-E59", "TMF655-E32"),
        rules=(PATCHABLE, CONSUMES, NON_PATCHABLE),
    ),
    Behaviour(
        "plain-patch-only",
        _media_types("takes patches as application/json only", "application/json"),
        "tolerated: 415 for JSON Patch and for merge patch",
        ("tmf629-v1",),
        errata=("TMF629V1-E61", "TMF629V1-E62"),
        rules=(PATCHABLE, CONSUMES),
    ),
    Behaviour(
        "non-patchable-passed-over",
        _ignoring("passes over what cannot be patched", "id", "href", "direction"),
        "tolerated: a success after which the value is not the one sent",
        ("tmf683-v4", "tmf629-v4"),
        errata=("TMF683-E33", "TMF629V4-E31"),
        rules=(NON_PATCHABLE,),
    ),
    Behaviour(
        "ids-of-a-form",
        refusing("takes ids that begin with c", _needs_ids, actions=("create",)),
        "tolerated: 400 for an id that a client sends",
        ("tmf629-v1",),
        errata=("TMF629V1-E31",),
    ),
    Behaviour(
        "short-texts",
        refusing("takes texts of 60 characters", _longer_than(60)),
        "a limit that no ordinary value meets",
        ("tmf629-v1",),
        rules=(ATTRIBUTE, PATCHABLE),
        whole=("tmf629-v1",),
    ),
    Behaviour(
        "texts-of-500",
        refusing("takes texts of 500 characters at most", _longer_than(500), status=422),
        "no document says how long a text may be; what is refused is not shortened",
        ("tmf683-v4", "tmf681-v1"),
        rules=(ATTRIBUTE, PATCHABLE),
    ),
    Behaviour(
        "sub-mandatory-422",
        refusing(
            "answers 422 where members are missing",
            lambda _, body: (
                "engagedParty needs an id"
                if isinstance(body.get("engagedParty"), dict) and "id" not in body["engagedParty"]
                else ""
            ),
            status=422,
        ),
        "tolerated: any 4xx",
        ("tmf629-v4",),
        errata=("TMF629V4-E32",),
        rules=(SUB_MANDATORY, MANDATORY),
    ),
)
