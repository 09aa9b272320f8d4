"""Scenarios on patches and replacements; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, remarked
from tmfkit_conformance.judge.families.attributes import sent_at
from tmfkit_conformance.judge.families.scenarios import accepted, scenario

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__: list[str] = []


@scenario("patch-keeps-others")
def _patch_keeps_others(evidence: Evidence) -> None:
    patched = evidence.done("patch")
    before, after = evidence.object("before"), evidence.object("read")
    changed = set(patched.request.json) | _server_times(evidence)
    if not is_same(before, after, apart_from=changed):
        others = sorted(name for name in {*before, *after} - changed if before.get(name) != after.get(name))
        failed(f"Changed as well: {', '.join(others)}")


@scenario("patch-lasts", "json-patch-replace")
def _patch_lasts(evidence: Evidence) -> None:
    patched = evidence.step("patch")
    if not patched.is_success:
        _not_offered(evidence, patched)
    sent = patched.request.json
    changes = (
        {change["path"]: change["value"] for change in sent}
        if isinstance(sent, list)
        else {f"/{name}": value for name, value in sent.items()}
    )
    got = evidence.object("read")
    for path, value in changes.items():
        if not is_kept(value, pointers.get(got, path)):
            failed(f"{path} reads back as it was")


def _not_offered(evidence: Evidence, seen: Exchange) -> None:
    if "json-patch" in evidence.row.scenario and evidence.row.level != "must" and seen.status in (400, 415, 501):
        moot(f"JSON Patch is not offered (answered {seen.status})")
    failed(f"The {seen.step} was answered {seen.status}")


@scenario("patch-one-of-two")
def _patch_one_of_two(evidence: Evidence) -> None:
    evidence.done("patch")
    if not is_same(evidence.object("before"), evidence.object("other"), apart_from=_server_times(evidence)):
        failed("The resource that was not addressed was changed as well")
    _patch_lasts(evidence)


@scenario("merge-null-removes", "json-patch-remove", "replace-clears")
def _removed(evidence: Evidence) -> None:
    changed = evidence.maybe("replace") or evidence.step("patch")
    if not changed.is_success:
        _not_offered(evidence, changed)
    back = pointers.get(evidence.object("read"), evidence.row.subject)
    if back not in (pointers.ABSENT, None, [], {}, ""):
        failed(f"{evidence.row.subject} is still there")


@scenario("merge-array-replaces")
def _merge_array_replaces(evidence: Evidence) -> None:
    patched = accepted(evidence, "patch")
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    back = pointers.get(evidence.object("read"), spoken)
    if not isinstance(back, list) or len(back) != len(sent) or not is_kept(sent, back):
        failed(f"{spoken} holds {len(back) if isinstance(back, list) else 'no list'} members, and {len(sent)} was sent")


@scenario("merge-object-merges")
def _merge_object_merges(evidence: Evidence) -> None:
    created, patched = evidence.done("create"), accepted(evidence, "patch")
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    before = pointers.get(created.request.json, spoken)
    back = pointers.get(evidence.object("read"), spoken)
    if not is_kept({**before, **sent}, back):
        failed(f"{spoken} reads back as {back!r:.200}" if back is not pointers.ABSENT else f"{spoken} is gone")


@scenario("json-patch-add-member")
def _json_patch_add_member(evidence: Evidence) -> None:
    patched = evidence.step("patch")
    if not patched.is_success:
        _not_offered(evidence, patched)
    pointer = evidence.row.subject
    before = pointers.get(evidence.done("create").request.json, pointer)
    back = pointers.get(evidence.object("read"), pointer)
    if not is_kept([*before, patched.request.json[0]["value"]], back):
        failed(f"{pointer} does not hold the members there were and the one added")


@scenario("replace-takes-all")
def _replace_takes_all(evidence: Evidence) -> None:
    replaced = accepted(evidence, "replace")
    got = evidence.object("read")
    lost = [
        name
        for name, value in replaced.request.json.items()
        if name not in ("id", "href") and not is_kept(value, got.get(name))
    ]
    if lost:
        failed(f"Not replaced: {', '.join(lost)}")


@scenario("replace-keeps-id")
def _replace_keeps_id(evidence: Evidence) -> None:
    made = evidence.done("create")
    accepted(evidence, "replace")
    got = evidence.object("read")
    if str(got.get("id")) != made.identifier:
        failed(f"The id became {got.get('id')!r}")


def _server_times(evidence: Evidence) -> set[str]:
    attributes = evidence.contract.attributes(evidence.resource_schema)
    resolved = {name: evidence.contract.resolve(schema) for name, schema in attributes.items()}
    return {name for name, schema in resolved.items() if str(schema.get("x-tmf-generated", "")).endswith("-time")}


@scenario("status-moves")
def _status_moves(evidence: Evidence) -> None:
    evidence.done("create")
    steps = [exchange for exchange in evidence.exchanges if exchange.step.startswith("patch-")]
    refusals = []
    for patched in steps:
        evidence.used.append(patched.sequence)
        if patched.is_refusal:
            refusals.append(patched)
            continue
        if not patched.is_success:
            failed(f"The move was answered {patched.status}")
        spoken, sent = sent_at(evidence, patched, evidence.row.subject or "/status")
        back = pointers.get(evidence.object(patched.step.replace("patch", "read")), spoken)
        if back != sent:
            failed(f"The move to {sent!r} was answered {patched.status} and reads back as {back!r}")
    if refusals:
        moot(f"The target does not allow this transition (answered {refusals[0].status})")


@scenario("undefined-attribute")
def _undefined_attribute(evidence: Evidence) -> None:
    evidence.done("create")
    patched = evidence.step("patch")
    if patched.status >= 500:
        failed(f"An attribute that the document does not define was answered {patched.status}")
    if not evidence.step("read").is_success:
        failed("After the patch the resource cannot be read any more")


@scenario("put-not-offered")
def _put_not_offered(evidence: Evidence) -> None:
    remarked(f"PUT was answered {evidence.step('put').status}; the document asks for nothing here")


@scenario("put-refused", "collection-delete-refused")
def _method_refused(evidence: Evidence) -> None:
    evidence.done("before")
    seen = evidence.step("refused")
    if seen.status != 501 and not 400 <= seen.status < 500:
        failed(f"{seen.request.method} was answered {seen.status} instead of a refusal")
    if not is_same(evidence.object("before"), evidence.object("read")):
        failed("The request was refused, and the resource was changed all the same")


@scenario("delete-ignores-fields")
def _delete_ignores_fields(evidence: Evidence) -> None:
    evidence.done("create")
    seen = evidence.step("delete")
    if seen.status == 400:
        remarked("A selection on a delete is refused with 400, which the document does not rule out")
    if not seen.is_success:
        failed(f"Answered {seen.status}")
    if seen.response and seen.response.body:
        failed("The answer has a body")
