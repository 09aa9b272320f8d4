"""Scenarios on what is created and read back; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, remarked, unproven
from tmfkit_conformance.judge.families.attributes import sent_at, shown
from tmfkit_conformance.judge.families.queries import listed
from tmfkit_conformance.judge.families.refusals import refused
from tmfkit_conformance.judge.families.scenarios import accepted, scenario

__all__: list[str] = []


@scenario("created-is-readable", "full-create")
def _reads_as_sent(evidence: Evidence) -> None:
    made = accepted(evidence, "create")
    read = evidence.step("read")
    if not read.is_success:
        failed(f"The resource just made cannot be read (answered {read.status})")
    lost = evidence.lost(made.request.json, evidence.object("read"))
    if lost:
        failed(f"Sent, and not read back as sent: {', '.join(lost)}")


@scenario("minimal-create")
def _minimal_create(evidence: Evidence) -> None:
    made = accepted(evidence, "create")
    if not made.identifier:
        failed(f"The create was answered {made.status}, and nothing in the answer tells the id of what was made")
    read = evidence.step("read")
    if not read.is_success:
        failed(f"The resource just made cannot be read (answered {read.status})")
    evidence.about("read", made)


@scenario("no-tunnelled-methods")
def _no_tunnelled_methods(evidence: Evidence) -> None:
    made = evidence.done("create")
    before = evidence.about("before", made)
    for step in ("get", "post"):
        if evidence.maybe(step) is None:
            evidence.step(step)
    read = evidence.step("read")
    if not read.is_success:
        failed(f"The resource is gone after a GET and a POST (answered {read.status})")
    if not is_same(before, evidence.object("read")):
        failed("The resource is not as it was before a GET and a POST")


@scenario("deleted-is-gone")
def _deleted_is_gone(evidence: Evidence) -> None:
    made, before, deleted = evidence.done("create"), evidence.done("before"), evidence.step("delete")
    if not deleted.is_success:
        if str(deleted.status) in evidence.row.expect.get("tolerate", ()):
            moot(f"The delete was answered {deleted.status}, which an erratum tolerates")
        unproven(f"the delete was answered {deleted.status}")
    read = evidence.step("read")
    if read.status not in (404, 410):
        failed(f"After the delete, a read is answered {read.status} (before it, {before.status})")
    if made.identifier in listed(evidence, "list"):
        failed("After the delete, the resource is still in the list")


@scenario("delete-one-of-two")
def _delete_one_of_two(evidence: Evidence) -> None:
    deleted = evidence.step("delete")
    if not deleted.is_success:
        unproven(f"the delete was answered {deleted.status}")
    if not evidence.step("other").is_success:
        failed("The resource that was not addressed is gone as well")
    read = evidence.step("read")
    if read.status not in (404, 410):
        failed(f"The resource that was addressed is still there (a read is answered {read.status})")


@scenario("references-as-sent", "value-kept")
def _references_as_sent(evidence: Evidence) -> None:
    made = accepted(evidence, "create")
    spoken, sent = sent_at(evidence, made, evidence.row.subject)
    got = evidence.object("read")
    if not evidence.keeps(evidence.row.subject, made.request.json, got):
        back = shown(evidence.value(got, evidence.row.subject))
        failed(f"{spoken} was sent as {shown(sent)} and read back as {back}")


@scenario("any-json-value")
def _any_json_value(evidence: Evidence) -> None:
    kinds = ("string", "number", "boolean", "object", "array")
    for kind in kinds:
        made = evidence.step(f"create-{kind}")
        if not made.is_success:
            failed(f"A value of the type {kind} was answered {made.status}")
        sent = sent_at(evidence, made, evidence.row.subject)[1]
        back = evidence.value(evidence.object(f"read-{kind}"), evidence.row.subject)
        if not is_kept(sent, back):
            failed(f"A value of the type {kind} was read back as {shown(back)}")


@scenario("referred-classes")
def _referred_classes(evidence: Evidence) -> None:
    for number, _value in enumerate(evidence.given_values):
        made = accepted(evidence, f"create-{number}")
        sent, back = (
            _referred(value, evidence.row.subject) for value in (made.request.json, evidence.object(f"read-{number}"))
        )
        if not sent or sent != back:
            failed(f"@referredType {sent!r} was read back as {back!r}")


def _referred(body: object, pointer: str) -> list[object]:
    """Return the classes that a reference, or each of a list of references, names."""
    return [*pointers.select(body, f"{pointer}/@referredType"), *pointers.select(body, f"{pointer}/*/@referredType")]


@scenario("current-first")
def _current_first(evidence: Evidence) -> None:
    made = evidence.done("create-first")
    now = evidence.value(made.request.json, evidence.row.subject)[0]["validFor"]
    for order in ("first", "last"):
        evidence.done(f"create-{order}")
        back = evidence.value(evidence.object(f"read-{order}"), evidence.row.subject)
        if not isinstance(back, list) or not back:
            failed(f"{evidence.row.subject} is missing")
        if not is_kept(now, back[0].get("validFor") if isinstance(back[0], dict) else None):
            if order == "last":
                remarked(
                    "The list keeps the order it was sent in; the one in force is first only when it was sent first"
                )
            failed("The first of the list is not the one in force")


@scenario("unlisted-value")
def _unlisted_value(evidence: Evidence) -> None:
    evidence.done("control")
    seen = evidence.step("refused")
    if seen.is_success:
        sent = sent_at(evidence, seen, evidence.row.subject)[1]
        if is_kept(sent, evidence.value(evidence.object("read"), evidence.row.subject)):
            failed(f"A value that the document does not list was taken: {sent!r}")
        return
    refused(evidence)


@scenario("element-ids-differ")
def _element_ids_differ(evidence: Evidence) -> None:
    evidence.done("create")
    elements = pointers.select(evidence.object("read"), f"{evidence.row.subject}/*")
    if len(elements) < 2:
        unproven(f"two elements were sent, and {len(elements)} came back")
    found = [str(value) for value in pointers.select(elements, "/*/id") if value is not None]
    if not found:
        moot("The target gives elements no ids, and need not")
    if len(set(found)) < len(found):
        failed("Two elements have the same id")


@scenario("send-unknown-id", "unknown-id-refused")
def _unknown_id_refused(evidence: Evidence) -> None:
    refused(evidence, "unknown")
