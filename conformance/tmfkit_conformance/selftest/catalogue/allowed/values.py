"""What resources look like, and what errors do."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from tmfkit_conformance.rules.answers import BODY, CONSUMES
from tmfkit_conformance.rules.attributes import ATTRIBUTE, GENERATED, OPTIONAL
from tmfkit_conformance.rules.hubs import EVENT, EVENT_CARRIES_WHOLE
from tmfkit_conformance.rules.lifecycle import FULL_CREATE, MINIMAL_CREATE, REFERENCES_AS_SENT, VALUE_KEPT
from tmfkit_conformance.rules.queries import ALL_WITHOUT_FIELDS, FIELDS, FIELDS_WITH_FILTER, FILTER
from tmfkit_conformance.rules.refusals import MANDATORY, NON_PATCHABLE, SUB_MANDATORY
from tmfkit_conformance.rules.updates import MERGE_NULL_REMOVES, PATCH_KEEPS_OTHERS, PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import of_answers, over, showing_all
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History
from tmfkit_models import contracts

__all__ = ["VALUES_SHOWN"]

_SHOWN: Final = (ATTRIBUTE, GENERATED, FULL_CREATE, MINIMAL_CREATE, EVENT, EVENT_CARRIES_WHOLE, PATCHABLE)
_DATES: Final = (*_SHOWN, VALUE_KEPT, REFERENCES_AS_SENT)
_INSTANTS: Final = "tolerated: any form of the same instant; RFC 3339, 4"

_ZONE: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


def _everywhere(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change every value inside a value, those within first."""
    if isinstance(value, list):
        return [_everywhere(member, change) for member in value]
    if isinstance(value, dict):
        return change({name: _everywhere(member, change) for name, member in value.items()})
    return change(value)


def _instants(words: str, form: Callable[[datetime], str]) -> Break:
    """Write every date-time in another form."""

    def changed(value: Any) -> Any:
        if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
            return value
        return form(datetime.fromisoformat(value))

    return showing_all(words, lambda thing: dict(_everywhere(thing, changed)))


def _millis(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _short(instant: datetime) -> str:
    utc = instant.astimezone(UTC)
    # A fraction or a second that is there may not be lost.
    return utc.strftime("%Y-%m-%dT%H:%MZ") if not (utc.second or utc.microsecond) else utc.isoformat()


def _local(instant: datetime) -> str:
    return instant.astimezone(timezone(timedelta(hours=-4))).isoformat()


def _basic(instant: datetime) -> str:
    return instant.astimezone(timezone(timedelta(hours=8))).isoformat()[::-1].replace(":", "", 1)[::-1]


def _is_selection(call: Call) -> bool:
    return "fields" in call.names


def _with_absent(words: str, absent: Callable[[Mapping[str, Any]], Any], api: str) -> Break:
    """Show the attributes that a resource does not have, unless a selection was asked for."""

    def changed(call: Call, answer: Answer, _: History) -> Answer:
        if not answer.is_success or not answer.body or _is_selection(call) or call.operation is None:
            return answer
        contract = contracts.load(api)
        schemas = contract.attributes(contract.resource(call.operation.resource).schema)
        additions = {name: absent(contract.resolve(schema)) for name, schema in schemas.items()}
        known = {name: value for name, value in additions.items() if value is not ...}
        return answer.with_json(over(answer.json, lambda thing: {**known, **thing}))

    return of_answers(words, changed)


def _extra(value: Any) -> Any:
    return {**value, "x-revision": 7, "_links": {"self": "x"}} if isinstance(value, dict) else value


def _unless_selected(words: str, change: Callable[[Any], Any]) -> Break:
    """Show resources otherwise, those of a selection left alone."""
    shown = showing_all(words, change)

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        return await sound(call) if _is_selection(call) else await shown.serve(call, sound, history)

    return Break(words, serve, shown.notify)


def _with_member_ids(thing: dict[str, Any]) -> dict[str, Any]:
    """Give an id to each note, item and medium that has none."""
    shown = copy.deepcopy(thing)
    for name in ("note", "contactMedium", "characteristic", "creditProfile"):
        for number, member in enumerate(shown.get(name) or [], start=1):
            if isinstance(member, dict):
                member.setdefault("id", f"m{number}")
    return shown


def _enriched(value: Any) -> Any:
    if isinstance(value, dict) and "id" in value and "@referredType" in value:
        return {"href": f"https://host.example/found/{value['id']}", "name": "found by its id", **value}
    return value


def _errors(words: str, change: Callable[[Answer], Answer]) -> Break:
    """Answer errors otherwise."""

    def changed(_: Call, answer: Answer, __: History) -> Answer:
        return change(answer) if answer.status >= 400 else answer

    return of_answers(words, changed)


def _html(answer: Answer) -> Answer:
    page = f"<html><body><h1>HTTP Status {answer.status}</h1></body></html>"
    return Answer(answer.status, (("Content-Type", "text/html"),), page.encode())


def _problem(answer: Answer) -> Answer:
    body = {"type": "about:blank", "title": "refused", "status": answer.status, **(answer.json or {})}
    return answer.with_json(body).with_header("Content-Type", "application/problem+json")


def _exact(call: Call, answer: Answer, _: History) -> Answer:
    if call.action not in ("list", "retrieve") or not answer.is_success or not _is_selection(call):
        return answer
    wanted = {name for key, value in call.parameters if key == "fields" for name in value.split(",")}
    return answer.with_json(
        over(answer.json, lambda thing: {name: value for name, value in thing.items() if name in {*wanted, "id"}})
    )


def _gone(call: Call, answer: Answer, history: History) -> Answer:
    return answer.with_status(410) if answer.status == 404 and call.identifier in history.deleted else answer


async def _passing_over(call: Call, sound: Sound, _: History) -> Answer:
    """Keep only what the document defines."""
    if call.operation is None or call.action not in ("create", "patch", "replace") or not isinstance(call.json, dict):
        return await sound(call)
    contract = next(c for c in map(contracts.load, contracts.apis()) if call.path.startswith(c.base_path))
    resource = contract.resource(call.operation.resource)
    schemas = contract.attributes(resource.schema)
    aliases = {alias for schema in schemas.values() for alias in contract.resolve(schema).get("x-tmf-aliases", ())}
    known = {name: value for name, value in call.json.items() if name in schemas or name in aliases}
    return await sound(call if known == call.json else call.with_json(known))


def _padded(thing: dict[str, Any]) -> dict[str, Any]:
    return {**thing, "x-history": "0123456789" * 20_000}


def _stored(thing: dict[str, Any]) -> dict[str, Any]:
    """Show attachments under addresses of the target's own."""
    if not isinstance(thing.get("attachment"), list):
        return thing
    addresses = {"href": "https://store.example/files/1", "url": "https://store.example/files/1/content"}
    own = [{**one, **{name: addresses[name] for name in addresses if name in one}} for one in thing["attachment"]]
    return {**thing, "attachment": own}


def _digits(value: Any) -> Any:
    """Return a date-time without what is said of its zone."""
    is_instant = isinstance(value, str) and _DATE_TIME.fullmatch(value)
    return _ZONE.sub("", value) if is_instant else value


def _parties_by_id(thing: dict[str, Any]) -> dict[str, Any]:
    """Show the id alone of the party behind a receiver."""

    def shown(receiver: Any) -> Any:
        party = receiver.get("relatedParty") if isinstance(receiver, dict) else None
        return {**receiver, "relatedParty": {"id": party.get("id")}} if isinstance(party, dict) else receiver

    receivers = thing.get("receiver")
    return {**thing, "receiver": [shown(one) for one in receivers]} if isinstance(receivers, list) else thing


VALUES_SHOWN: Final = (
    Behaviour(
        "stored-attachments",
        showing_all("shows attachments under addresses of its own", _stored),
        "what is stored is where the target has it",
        ("tmf681-v1",),
        rules=(ATTRIBUTE, EVENT_CARRIES_WHOLE),
    ),
    Behaviour(
        "parties-by-id",
        showing_all("shows of the party behind a receiver its id alone", _parties_by_id),
        "no must says that a receiver's party is kept",
        ("tmf681-v1",),
        rules=(ATTRIBUTE, EVENT_CARRIES_WHOLE),
    ),
    Behaviour(
        "dates-without-a-zone",
        showing_all(
            "shows instants as they were sent, without a zone", lambda thing: dict(_everywhere(thing, _digits))
        ),
        "without a zone it is not told which instant is meant",
        ("tmf629-v1", "tmf655-v1"),
        rules=(ATTRIBUTE, VALUE_KEPT),
    ),
    Behaviour(
        "further-members",
        _unless_selected("adds members of its own at every depth", lambda thing: _everywhere(thing, _extra)),
        "the extension pattern: unknown attributes are to be passed over",
        ("tmf629-v4",),
        errata=("TMF629V4-E04", "TMF681-E32", "TMF655-E20"),
        rules=_SHOWN,
        whole=("tmf629-v4", "tmf681-v1"),
    ),
    Behaviour(
        "nulls",
        _with_absent("shows attributes that are not there as null", lambda _: None, "tmf683-v4"),
        "RFC 7396, 1: null and absent mean the same",
        ("tmf683-v4",),
        rules=(*_SHOWN, MERGE_NULL_REMOVES),
        whole=("tmf683-v4",),
    ),
    Behaviour(
        "empty-lists",
        _with_absent(
            "shows lists that are not there as empty",
            lambda schema: [] if schema.get("type") == "array" else ...,
            "tmf629-v4",
        ),
        "an empty list says that nothing is there",
        ("tmf629-v4",),
        rules=(*_SHOWN, FIELDS),
    ),
    Behaviour(
        "dates-with-zero-offset",
        _instants("writes instants with +00:00", lambda instant: instant.astimezone(UTC).isoformat()),
        _INSTANTS,
        ("tmf629-v4",),
        errata=("TMF629V4-E07", "TMF629V1-E27", "TMF655-E23", "TMF681-E14"),
        rules=_DATES,
        whole=("tmf629-v4", "tmf629-v1"),
    ),
    Behaviour(
        "dates-with-millis",
        _instants("writes instants in UTC with milliseconds", _millis),
        _INSTANTS,
        ("tmf683-v4",),
        errata=("TMF629V4-E07", "TMF681-E14"),
        rules=_DATES,
    ),
    Behaviour(
        "dates-without-seconds",
        _instants("leaves seconds out where they are zero", _short),
        _INSTANTS,
        ("tmf629-v4",),
        errata=("TMF629V4-E07", "TMF629V1-E27"),
        rules=_DATES,
    ),
    Behaviour(
        "dates-in-local-time",
        _instants("writes instants at -04:00", _local),
        _INSTANTS,
        ("tmf629-v1", "tmf655-v1"),
        errata=("TMF629V1-E27", "TMF681-E14"),
        rules=_DATES,
    ),
    Behaviour(
        "dates-with-basic-offset",
        _instants("writes offsets without a colon", _basic),
        "tolerated: the document's own form",
        ("tmf655-v1",),
        errata=("TMF655-E23", "TMF629V1-E27"),
        rules=_DATES,
    ),
    Behaviour(
        "members-with-ids",
        showing_all("gives members of lists ids of its own", _with_member_ids),
        "what was sent is there, and more",
        ("tmf629-v4",),
        rules=_SHOWN,
    ),
    Behaviour(
        "references-filled-in",
        showing_all("fills in references that have only an id", lambda thing: dict(_everywhere(thing, _enriched))),
        "tolerated: further members in a reference",
        ("tmf629-v4", "tmf683-v4"),
        errata=("TMF629V4-E04",),
        rules=(*_SHOWN, REFERENCES_AS_SENT),
    ),
    Behaviour(
        "fat",
        _unless_selected("shows 200 kB of its own with each resource", _padded),
        "the extension pattern; no document limits an answer",
        ("tmf683-v4",),
        rules=(ATTRIBUTE,),
    ),
    Behaviour(
        "selection-to-the-letter",
        of_answers("answers the selected attributes and the id", _exact),
        "the document's samples of selections have no href",
        ("tmf629-v1", "tmf655-v1"),
        errata=("TMF629V1-E69", "TMF655-E69"),
        rules=(FIELDS, FIELDS_WITH_FILTER, ALL_WITHOUT_FIELDS),
    ),
    Behaviour(
        "errors-without-a-body",
        _errors("says nothing but the status of an error", lambda answer: Answer(answer.status, ())),
        "tolerated: any error body",
        ("tmf655-v1", "tmf681-v1"),
        errata=("TMF655-E41", "TMF681-E67"),
        rules=(MANDATORY, SUB_MANDATORY),
    ),
    Behaviour(
        "errors-as-html",
        _errors("answers errors with pages of its container", _html),
        "tolerated: any error body",
        ("tmf629-v1", "tmf655-v1"),
        errata=("TMF655-E41",),
        rules=(MANDATORY, BODY),
    ),
    Behaviour(
        "errors-as-problems",
        _errors("answers errors as problems", _problem),
        "RFC 9457",
        ("tmf683-v4",),
        rules=(MANDATORY, BODY),
    ),
    Behaviour(
        "errors-422",
        _errors(
            "answers 422 to a body that breaks a rule",
            lambda answer: answer.with_status(422) if answer.status == 400 else answer,
        ),
        "tolerated: any 4xx except 401, 403, 408 and 429",
        ("tmf629-v4", "tmf683-v4", "tmf655-v1"),
        errata=("TMF629V4-E30", "TMF683-E32", "TMF655-E41", "TMF681-E67", "TMF681-E34", "TMF629V1-E42"),
        rules=(MANDATORY, SUB_MANDATORY, NON_PATCHABLE, CONSUMES),
        whole=("tmf683-v4", "tmf655-v1"),
    ),
    Behaviour(
        "gone",
        of_answers("answers 410 for what was deleted", _gone),
        "tolerated: 404 or 410",
        ("tmf629-v4", "tmf683-v4", "tmf655-v1"),
        errata=("TMF629V4-E30", "TMF683-E32", "TMF655-E41"),
    ),
    Behaviour(
        "unknown-passed-over",
        Break("keeps only what the document defines", _passing_over),
        "an attribute that the document does not define need not be kept",
        ("tmf683-v4", "tmf681-v1"),
        errata=("TMF683-E11", "TMF681-E39"),
        rules=(ATTRIBUTE, PATCHABLE, OPTIONAL, FILTER, PATCH_KEEPS_OTHERS),
    ),
)
