"""Checks of single attributes: kept, made, optional, given a default."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant, is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, passed, remarked
from tmfkit_conformance.judge.families.messages import has_type
from tmfkit_conformance.judge.families.registry import check

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["sent_at", "shown"]


def sent_at(evidence: Evidence, exchange: Exchange, pointer: str) -> tuple[str, Any]:
    """Return where *pointer* stood in a request, in the names that were sent, and the value there.

    An alias of the attribute counts: the driver writes the name that the target takes.
    """
    first, *rest = pointer.split("/")[1:]
    for name in (first, *_aliases(evidence, first)):
        spoken = "".join(f"/{part}" for part in (name, *rest))
        value = pointers.get(exchange.request.json, spoken)
        if value is not pointers.ABSENT:
            return spoken, value
    return pointer, pointers.ABSENT


def shown(value: Any) -> str:
    """Return a value as a remark shows it, cut where it is long."""
    return "nothing" if value is pointers.ABSENT else repr(value)[:200]


def _aliases(evidence: Evidence, name: str) -> list[str]:
    attributes = evidence.contract.attributes(evidence.resource_schema)
    return list(evidence.contract.resolve(attributes[name]).get("x-tmf-aliases", ())) if name in attributes else []


def _accepted(evidence: Evidence, step: str) -> Exchange:
    made = evidence.step(step)
    if not made.is_success:
        failed(f"A create with {evidence.row.subject} was answered {made.status}")
    return made


@check("attribute")
def attribute(evidence: Evidence) -> None:
    """What was sent on create is read back equal, and of the type of the table."""
    row, made = evidence.row, _accepted(evidence, "create")
    got = evidence.object("read")
    spoken, sent = sent_at(evidence, made, row.subject)
    back = pointers.get(got, spoken)
    if back is pointers.ABSENT:
        failed(f"{spoken} was sent and is missing when read back")
    first = "/" + spoken.split("/")[1]
    if not is_kept(pointers.get(made.request.json, first), pointers.get(got, first)):
        _tolerated_form(evidence, row.subject, sent, back)
        if not is_kept(sent, back):
            failed(f"{spoken} was sent as {sent!r:.200} and read back as {shown(back)}")
    kind = row.expect.get("type")
    members = back if isinstance(back, list) else [back]
    if kind and not all(has_type(member, kind) for member in members):
        failed(f"{spoken} was read back as {shown(back)}, which is no {kind}")
    passed()


def _tolerated_form(evidence: Evidence, pointer: str, sent: Any, back: Any) -> None:
    """Take one value in a list of one, and the other way round, where an erratum tolerates it."""
    try:
        forms = evidence.contract.at(evidence.resource_schema, pointer).get("x-tmf-tolerated", ())
    except LookupError:
        return
    unwrapped_sent, unwrapped_back = (
        value[0] if isinstance(value, list) and len(value) == 1 else value for value in (sent, back)
    )
    if forms and is_kept(unwrapped_sent, unwrapped_back):
        remarked(f"Given back in a form that is tolerated by {', '.join(form['errata'] for form in forms)}")


@check("values")
def values(evidence: Evidence) -> None:
    """Each value is accepted and read back."""
    steps = [exchange.step for exchange in evidence.exchanges if exchange.step.startswith("create-")]
    if not steps:
        evidence.step("create-0")
    for step in steps:
        number = step.removeprefix("create-")
        made = evidence.step(step)
        patched = evidence.maybe(f"patch-{number}")
        taken = patched or made
        spoken, sent = sent_at(evidence, taken, evidence.row.subject)
        if not taken.is_success:
            failed(f"The value {sent!r} was answered {taken.status}")
        back = pointers.get(evidence.object(f"read-{number}"), spoken.replace("/0", "/*"))
        if not is_kept(sent, back):
            failed(f"The value {sent!r} was read back as {shown(back)}")
    passed()


@check("optional")
def optional(evidence: Evidence) -> None:
    """A create without the attribute is accepted."""
    made = evidence.step("create")
    if not made.is_success:
        failed(f"A create without {evidence.row.subject} was answered {made.status}")
    if sent_at(evidence, made, evidence.row.subject)[1] is not pointers.ABSENT:
        moot("The configured payload overrides always send this attribute")
    passed()


@check("default")
def default(evidence: Evidence) -> None:
    """A create without the attribute gives it the document's default."""
    evidence.done("create")
    back = pointers.get(evidence.object("read"), evidence.row.subject)
    wanted = evidence.row.expect.get("value")
    if back is pointers.ABSENT or (wanted is not None and back != wanted):
        failed(f"{evidence.row.subject} is {shown(back)} instead of {wanted!r}")
    passed()


@check("client-id")
def client_id(evidence: Evidence) -> None:
    """An id sent by the client is used."""
    made = evidence.step("create")
    if not made.is_success:
        failed(f"A create with an id was answered {made.status}")
    if made.identifier != made.request.json["id"]:
        failed(f"The id {made.request.json['id']!r} was sent, and {made.identifier!r} was given")
    passed()


@check("read-only")
def read_only(evidence: Evidence) -> None:
    """A value that the client sends on create is refused or not taken."""
    evidence.done("control")
    made = evidence.step("create")
    if made.is_refusal:
        passed()
    if not made.is_success:
        failed(f"Answered {made.status}")
    sent = pointers.get(made.request.json, evidence.row.subject)
    back = pointers.get(evidence.object("read"), evidence.row.subject)
    if back is not pointers.ABSENT and is_kept(sent, back):
        failed(f"The value {sent!r} that the client sent was taken")
    passed()


@check("generated")
def generated(evidence: Evidence) -> None:
    """The server makes the value when none is sent."""
    form = evidence.row.expect.get("form", "non-empty")
    if form == "unique":
        _unique(evidence)
    elif form == "later":
        _later(evidence)
    elif form == "location":
        _location(evidence)
    else:
        _made(evidence, form)
    passed()


def _made(evidence: Evidence, form: str) -> None:
    pointer, made = evidence.row.subject, evidence.done(evidence.case.step)
    read = evidence.maybe("read")
    answers = [
        exchange.answer for exchange in (made, read) if exchange is not None and isinstance(exchange.answer, dict)
    ]
    back = pointers.get(answers[0], pointer) if answers else pointers.ABSENT
    if back in (pointers.ABSENT, None, ""):
        failed(f"{pointer} is missing in the answer")
    if form == "date-time" and instant(back) is None:
        failed(f"{pointer} is {back!r}, which is no date-time")


def _unique(evidence: Evidence) -> None:
    one, other = (evidence.done(step).identifier for step in ("first", "second"))
    if not one or not other:
        failed("A create was answered without an id")
    if one == other:
        failed(f"Two resources were given the same id, {one!r}")


def _later(evidence: Evidence) -> None:
    patched = evidence.done("patch")
    before, after = (instant(pointers.get(evidence.object(step), evidence.row.subject)) for step in ("before", "after"))
    if after is None:
        failed(f"{evidence.row.subject} is no date-time after the change (exchange {patched.sequence})")
    if before is not None and after - before <= timedelta(0):
        failed(f"{evidence.row.subject} did not move on with the change")


def _location(evidence: Evidence) -> None:
    made = evidence.done("create")
    href = pointers.get(made.answer, evidence.row.subject)
    if not isinstance(href, str) or not href:
        failed(f"{evidence.row.subject} is missing in the answer")
    followed = evidence.maybe("follow-href")
    got = followed.answer.get("id") if followed and isinstance(followed.answer, dict) else None
    if str(got) != made.identifier:
        gave = followed.status if followed else "nothing"
        failed(f"{evidence.row.subject} is {href!r}; reading it gave {gave}, not the resource")
