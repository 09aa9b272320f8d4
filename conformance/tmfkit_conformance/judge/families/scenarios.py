"""Checks of the named scenarios; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from collections.abc import Callable

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant, is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, passed, remarked, unproven
from tmfkit_conformance.judge.families.attributes import sent_at
from tmfkit_conformance.judge.families.events import at_callback
from tmfkit_conformance.judge.families.queries import ids, members
from tmfkit_conformance.judge.families.refusals import refused
from tmfkit_conformance.judge.families.registry import Check, check
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["SCENARIOS"]

SCENARIOS: dict[str, Check] = {}


def _scenario(*names: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        SCENARIOS.update(dict.fromkeys(names, function))
        return function

    return register


@check("scenario")
def scenario(evidence: Evidence) -> None:
    """Whatever the named scenario asks for."""
    SCENARIOS[evidence.row.scenario](evidence)
    passed()


@check("hub")
def hub(evidence: Evidence) -> None:
    """The registration or its removal succeeds."""
    _accepted(evidence, evidence.case.step)
    passed()


def _accepted(evidence: Evidence, step: str) -> Exchange:
    seen = evidence.step(step)
    if not seen.is_success:
        failed(f"The {step} was answered {seen.status}")
    return seen


def _server_times(evidence: Evidence) -> set[str]:
    attributes = evidence.contract.attributes(evidence.resource_schema)
    resolved = {name: evidence.contract.resolve(schema) for name, schema in attributes.items()}
    return {name for name, schema in resolved.items() if str(schema.get("x-tmf-generated", "")).endswith("-time")}


@_scenario("created-is-readable", "full-create")
def _reads_as_sent(evidence: Evidence) -> None:
    made = _accepted(evidence, "create")
    sent = made.request.json
    read = evidence.step("read")
    if not read.is_success:
        failed(f"The resource just made cannot be read (answered {read.status})")
    got = evidence.object("read")
    lost = [name for name, value in sent.items() if not is_kept(value, got.get(name))]
    lost = [name for name in lost if not _tolerated(evidence, name, sent[name], got.get(name))]
    if lost:
        failed(f"Sent, and not read back as sent: {', '.join(lost)}")


def _tolerated(evidence: Evidence, name: str, sent: object, back: object) -> bool:
    attributes = evidence.contract.attributes(evidence.resource_schema)
    forms = evidence.contract.resolve(attributes[name]).get("x-tmf-tolerated") if name in attributes else None
    one, other = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in (sent, back))
    return bool(forms) and is_kept(one, other)


@_scenario("all-without-fields")
def _all_without_fields(evidence: Evidence) -> None:
    sent, got = evidence.done("create").request.json, evidence.object("read")
    missing = [name for name in sent if name not in got]
    if missing:
        failed(f"A read without a selection lacks {', '.join(missing)}")


@_scenario("minimal-create")
def _minimal_create(evidence: Evidence) -> None:
    _accepted(evidence, "create")


@_scenario("created-is-listed")
def _created_is_listed(evidence: Evidence) -> None:
    made, pages = evidence.done("create"), evidence.all("list")
    if not pages or not pages[0].is_success:
        failed(f"The list was answered {pages[0].status if pages else 'nothing'}")
    if made.identifier not in ids(pages):
        failed("The resource just made is not in the list")


@_scenario("created-once")
def _created_once(evidence: Evidence) -> None:
    first, second = evidence.done("create"), evidence.done("second")
    if first.identifier == second.identifier:
        failed("The same body sent twice gave one id")
    pages = evidence.all("list")
    name, _, token = pages[0].request.url.partition("?")[2].partition("=") if pages else ("", "", "")
    having = [member for member in members(pages) if member.get(name) == token]
    if len(having) > 1:
        failed(f"One create made {len(having)} resources")


@_scenario("read-is-safe")
def _read_is_safe(evidence: Evidence) -> None:
    _accepted(evidence, "first")
    _accepted(evidence, "second")
    if not is_same(evidence.object("first"), evidence.object("second")):
        failed("Reading twice gave two different answers")


@_scenario("reads-one-object")
def _reads_one_object(evidence: Evidence) -> None:
    for letter in "ab":
        made, read = evidence.done(f"create-{letter}"), evidence.step(f"read-{letter}")
        if not isinstance(read.answer, dict) or str(read.answer.get("id")) != made.identifier:
            failed(f"Reading {made.identifier!r} gave something else")


@_scenario("no-tunnelled-methods")
def _no_tunnelled_methods(evidence: Evidence) -> None:
    evidence.done("create")
    read = evidence.step("read")
    if not read.is_success:
        failed(f"The resource is gone after a GET and a POST (answered {read.status})")


@_scenario("put-not-offered")
def _put_not_offered(evidence: Evidence) -> None:
    remarked(f"PUT was answered {evidence.step('put').status}; the document asks for nothing here")


@_scenario("patch-keeps-others")
def _patch_keeps_others(evidence: Evidence) -> None:
    patched = evidence.done("patch")
    before, after = evidence.object("before"), evidence.object("read")
    changed = set(patched.request.json) | _server_times(evidence)
    if not is_same(before, after, apart_from=changed):
        others = sorted(name for name in {*before, *after} - changed if before.get(name) != after.get(name))
        failed(f"Changed as well: {', '.join(others)}")


@_scenario("patch-lasts", "json-patch-replace")
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


@_scenario("patch-one-of-two")
def _patch_one_of_two(evidence: Evidence) -> None:
    evidence.done("patch")
    if not is_same(evidence.object("before"), evidence.object("other"), apart_from=_server_times(evidence)):
        failed("The resource that was not addressed was changed as well")
    _patch_lasts(evidence)


@_scenario("merge-null-removes", "json-patch-remove", "replace-clears")
def _removed(evidence: Evidence) -> None:
    changed = evidence.maybe("replace") or evidence.step("patch")
    if not changed.is_success:
        _not_offered(evidence, changed)
    back = pointers.get(evidence.object("read"), evidence.row.subject)
    if back not in (pointers.ABSENT, None, [], {}, ""):
        failed(f"{evidence.row.subject} is still there")


@_scenario("merge-array-replaces")
def _merge_array_replaces(evidence: Evidence) -> None:
    patched = _accepted(evidence, "patch")
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    back = pointers.get(evidence.object("read"), spoken)
    if not isinstance(back, list) or len(back) != len(sent) or not is_kept(sent, back):
        failed(f"{spoken} holds {len(back) if isinstance(back, list) else 'no list'} members, and {len(sent)} was sent")


@_scenario("merge-object-merges")
def _merge_object_merges(evidence: Evidence) -> None:
    created, patched = evidence.done("create"), _accepted(evidence, "patch")
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    before = pointers.get(created.request.json, spoken)
    back = pointers.get(evidence.object("read"), spoken)
    if not is_kept({**before, **sent}, back):
        failed(f"{spoken} reads back as {back!r:.200}" if back is not pointers.ABSENT else f"{spoken} is gone")


@_scenario("json-patch-add-member")
def _json_patch_add_member(evidence: Evidence) -> None:
    patched = evidence.step("patch")
    if not patched.is_success:
        _not_offered(evidence, patched)
    pointer = evidence.row.subject
    before = pointers.get(evidence.done("create").request.json, pointer)
    back = pointers.get(evidence.object("read"), pointer)
    if not is_kept([*before, patched.request.json[0]["value"]], back):
        failed(f"{pointer} does not hold the members there were and the one added")


@_scenario("replace-takes-all")
def _replace_takes_all(evidence: Evidence) -> None:
    replaced = _accepted(evidence, "replace")
    got = evidence.object("read")
    lost = [
        name
        for name, value in replaced.request.json.items()
        if name not in ("id", "href") and not is_kept(value, got.get(name))
    ]
    if lost:
        failed(f"Not replaced: {', '.join(lost)}")


@_scenario("replace-keeps-id")
def _replace_keeps_id(evidence: Evidence) -> None:
    made = evidence.done("create")
    _accepted(evidence, "replace")
    got = evidence.object("read")
    if str(got.get("id")) != made.identifier:
        failed(f"The id became {got.get('id')!r}")


@_scenario("deleted-is-gone")
def _deleted_is_gone(evidence: Evidence) -> None:
    made, before, deleted = evidence.done("create"), evidence.done("before"), evidence.step("delete")
    if not deleted.is_success:
        if str(deleted.status) in evidence.row.expect.get("tolerate", ()):
            moot(f"The delete was answered {deleted.status}, which an erratum tolerates")
        unproven(f"the delete was answered {deleted.status}")
    read = evidence.step("read")
    if read.status not in (404, 410):
        failed(f"After the delete, a read is answered {read.status} (before it, {before.status})")
    if made.identifier in ids(evidence.all("list")):
        failed("After the delete, the resource is still in the list")


@_scenario("delete-one-of-two")
def _delete_one_of_two(evidence: Evidence) -> None:
    deleted = evidence.step("delete")
    if not deleted.is_success:
        unproven(f"the delete was answered {deleted.status}")
    if not evidence.step("other").is_success:
        failed("The resource that was not addressed is gone as well")
    if evidence.step("read").is_success:
        failed("The resource that was addressed is still there")


@_scenario("fields-with-filter")
def _fields_with_filter(evidence: Evidence) -> None:
    made, seen = evidence.done("create"), evidence.step("list")
    found = members([seen])
    if not seen.is_success or ids([seen]) != [made.identifier]:
        _query_not_offered(
            evidence, seen, f"The list gave {len(found)} records instead of the one asked for (answered {seen.status})"
        )
    selected = next(
        part.partition("=")[2] for part in seen.request.url.partition("?")[2].split("&") if part.startswith("fields=")
    )
    others = sorted(name for name in found[0] if name not in ("id", "href", selected) and not name.startswith("@"))
    if others or selected not in found[0]:
        failed(f"The record has {', '.join(others)} as well" if others else f"The record lacks {selected}")


def _query_not_offered(evidence: Evidence, seen: Exchange, remark: str) -> None:
    if evidence.row.level == "may" and (seen.is_success or seen.status in (400, 501)):
        moot(f"Not offered: {remark}")
    failed(remark)


@_scenario("filters-combine")
def _filters_combine(evidence: Evidence) -> None:
    one, other = evidence.done("create-a").identifier, evidence.done("create-b").identifier
    both, pages = ids(evidence.all("both")), evidence.all("list")
    if not {one, other} <= set(both):
        _query_not_offered(evidence, evidence.step("both"), "The first condition alone does not give both records")
    if ids(pages) != [one]:
        _query_not_offered(
            evidence, evidence.step("list"), f"Both conditions gave {len(ids(pages))} records instead of one"
        )


@_scenario("filter-without-match")
def _filter_without_match(evidence: Evidence) -> None:
    seen = evidence.step("list")
    if not seen.is_success:
        failed(f"A condition that nothing satisfies was answered {seen.status}")
    if seen.answer != []:
        _query_not_offered(evidence, seen, "The list gave records that do not satisfy the condition")


@_scenario("fields-whole-attribute")
def _fields_whole_attribute(evidence: Evidence) -> None:
    whole, got = evidence.object("whole"), evidence.object("read")
    name = evidence.step("read").request.url.partition("fields=")[2]
    if not is_kept(whole.get(name), got.get(name)):
        failed(f"{name} was selected and is not there as a whole")


@_scenario("trailing-slash")
def _trailing_slash(evidence: Evidence) -> None:
    evidence.done("read")
    if not is_same(evidence.object("read"), evidence.step("slash").answer):
        failed(f"With a slash at the end the answer is {evidence.step('slash').status} and another one")


@_scenario("not-a-resource")
def _not_a_resource(evidence: Evidence) -> None:
    evidence.done("control")
    if evidence.step("read").status != 404:
        failed(f"Answered {evidence.step('read').status} instead of 404")


@_scenario("references-as-sent", "value-kept")
def _references_as_sent(evidence: Evidence) -> None:
    made = _accepted(evidence, "create")
    spoken, sent = sent_at(evidence, made, evidence.row.subject)
    back = pointers.get(evidence.object("read"), spoken)
    unwrapped = back[0] if isinstance(back, list) and len(back) == 1 and not isinstance(sent, list) else back
    if not is_kept(sent, unwrapped):
        failed(
            f"{spoken} was sent as {sent!r:.200} and read back as {'nothing' if back is pointers.ABSENT else repr(back)[:200]}"
        )


@_scenario("any-json-value")
def _any_json_value(evidence: Evidence) -> None:
    kinds = ("string", "number", "boolean", "object", "array")
    for kind in kinds:
        made = evidence.step(f"create-{kind}")
        if not made.is_success:
            failed(f"A value of the type {kind} was answered {made.status}")
        sent = sent_at(evidence, made, evidence.row.subject)[1]
        back = pointers.get(evidence.object(f"read-{kind}"), evidence.row.subject)
        if not is_kept(sent, back):
            failed(
                f"A value of the type {kind} was read back as {'nothing' if back is pointers.ABSENT else repr(back)}"
            )


@_scenario("referred-classes")
def _referred_classes(evidence: Evidence) -> None:
    steps = [
        exchange.step.removeprefix("create-") for exchange in evidence.exchanges if exchange.step.startswith("create-")
    ]
    for number in steps or ["0"]:
        made = _accepted(evidence, f"create-{number}")
        sent = sent_at(evidence, made, f"{evidence.row.subject}/@referredType")[1]
        back = pointers.select(evidence.object(f"read-{number}"), f"{evidence.row.subject}/@referredType")
        loose = pointers.select(evidence.object(f"read-{number}"), f"{evidence.row.subject}/*/@referredType")
        if sent not in (*back, *loose):
            failed(f"@referredType {sent!r} was not read back")


@_scenario("current-first")
def _current_first(evidence: Evidence) -> None:
    made = evidence.done("create-first")
    now = pointers.get(made.request.json, evidence.row.subject)[0]["validFor"]
    for order in ("first", "last"):
        evidence.done(f"create-{order}")
        back = pointers.get(evidence.object(f"read-{order}"), evidence.row.subject)
        if not isinstance(back, list) or not back:
            failed(f"{evidence.row.subject} is missing")
        if not is_kept(now, back[0].get("validFor") if isinstance(back[0], dict) else None):
            if order == "last":
                remarked(
                    "The list keeps the order it was sent in; the one in force is first only when it was sent first"
                )
            failed("The first of the list is not the one in force")


@_scenario("unlisted-value")
def _unlisted_value(evidence: Evidence) -> None:
    evidence.done("control")
    seen = evidence.step("refused")
    if seen.is_success:
        spoken, sent = sent_at(evidence, seen, evidence.row.subject)
        if is_kept(sent, pointers.get(evidence.object("read"), spoken)):
            failed(f"A value that the document does not list was taken: {sent!r}")
        return
    refused(evidence)


@_scenario("undefined-attribute")
def _undefined_attribute(evidence: Evidence) -> None:
    evidence.done("create")
    patched = evidence.step("patch")
    if patched.status >= 500:
        failed(f"An attribute that the document does not define was answered {patched.status}")
    if not evidence.step("read").is_success:
        failed("After the patch the resource cannot be read any more")


@_scenario("element-ids-differ")
def _element_ids_differ(evidence: Evidence) -> None:
    evidence.done("create")
    found = [str(value) for value in pointers.select(evidence.object("read"), f"{evidence.row.subject}/*/id")]
    if not found:
        moot("The target gives elements no ids, and need not")
    if len(set(found)) < len(found):
        failed("Two elements have the same id")


@_scenario("status-moves")
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


@_scenario("hub-delivers", "event-any-2xx")
def _hub_delivers(evidence: Evidence) -> None:
    evidence.done("register")
    made = evidence.maybe("create") or evidence.done("trigger-create")
    if not made.is_success:
        unproven(f"the create was answered {made.status}")
    arrived = [note for note in at_callback(evidence) if made.identifier.encode() in note.body]
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        failed("Nothing arrived at the registered callback")
    if evidence.row.scenario == "event-any-2xx" and len({note.event_type for note in arrived}) < 2:
        failed("After the first notification was answered 201, no other kind arrived")


@_scenario("hub-callback-only")
def _hub_callback_only(evidence: Evidence) -> None:
    _accepted(evidence, "register")


@_scenario("hub-repeats-callback")
def _hub_repeats_callback(evidence: Evidence) -> None:
    plain = _accepted(evidence, "register")
    if plain.status == 204:
        moot("The registration was answered 204, which the document allows as well and which has no body")
    if not isinstance(plain.answer, dict) or plain.answer.get("callback") != plain.request.json["callback"]:
        failed("The answer does not repeat the callback")
    if plain.answer.get("query") not in (None, ""):
        failed(f"The answer has the query {plain.answer['query']!r}, and none was sent")
    queried = evidence.maybe("register-query")
    if (
        queried
        and queried.is_success
        and isinstance(queried.answer, dict)
        and queried.answer.get("query") != queried.request.json["query"]
    ):
        failed(
            f"The answer has the query {queried.answer.get('query')!r}, and {queried.request.json['query']!r} was sent"
        )


@_scenario("hub-registers-again")
def _hub_registers_again(evidence: Evidence) -> None:
    evidence.done("register")
    evidence.done("unregister")
    _accepted(evidence, "again")


@_scenario("hub-one-listener")
def _hub_one_listener(evidence: Evidence) -> None:
    evidence.done("first")
    second = evidence.step("second")
    if not second.is_success and second.status != 409:
        failed(f"The second registration was answered {second.status}, neither accepted nor 409")


@_scenario("hub-frees-the-place")
def _hub_frees_the_place(evidence: Evidence) -> None:
    evidence.done("first")
    if evidence.step("second").is_success:
        moot("The target takes several listeners")
    evidence.done("unregister")
    _accepted(evidence, "third")


@_scenario("hub-removed-is-silent")
def _hub_removed_is_silent(evidence: Evidence) -> None:
    made = evidence.done("create")
    _accepted(evidence, "unregister")
    if not any(made.identifier.encode() in note.body for note in at_callback(evidence)):
        unproven("the listener that was not removed heard nothing either")
    silent = [note for note in at_callback(evidence, "removed") if made.identifier.encode() in note.body]
    evidence.heard += [note.sequence for note in silent]
    if silent:
        failed("The callback that was removed still received a notification")


@_scenario("hub-own-resource-only")
def _hub_own_resource_only(evidence: Evidence) -> None:
    evidence.done("register")
    own = {event.type for event in evidence.contract.events if event.resource == evidence.operation.resource}
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        unproven("nothing arrived at the registered callback")
    foreign = sorted({note.event_type for note in arrived} - own)
    if foreign:
        failed(f"The hub of {evidence.operation.resource} gave {', '.join(foreign)}")


@_scenario("event-set-complete")
def _event_set_complete(evidence: Evidence) -> None:
    evidence.done("register")
    own = {event.type for event in evidence.contract.events if evidence.operation.resource in ("", event.resource)}
    missing = sorted(own - {note.event_type for note in at_callback(evidence)})
    if missing:
        failed(f"Did not arrive: {', '.join(missing)}")


@_scenario("event-by-post")
def _event_by_post(evidence: Evidence) -> None:
    evidence.done("register")
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        unproven("nothing arrived at the registered callback")
    for note in arrived:
        if note.method != "POST" or not isinstance(note.json, dict):
            failed(
                f"A notification came as {note.method} with {'a JSON object' if isinstance(note.json, dict) else 'no JSON object'}"
            )


@_scenario("event-header")
def _event_header(evidence: Evidence) -> None:
    evidence.done("register")
    arrived = at_callback(evidence)
    evidence.heard += [note.sequence for note in arrived]
    if not arrived:
        unproven("nothing arrived at the registered callback")
    name, _, wanted = evidence.row.subject.partition(":")
    for note in arrived:
        value = next((value for key, value in note.headers if key.lower() == name.strip().lower()), "")
        if wanted.strip().lower() not in (
            value.partition(";")[0].strip().lower(),
            *(part.partition(";")[0].strip().lower() for part in value.split(",")),
        ):
            failed(f"A notification came with {name} {value!r}")


@_scenario("send-new", "send-is-not-an-id")
def _send_new(evidence: Evidence) -> None:
    _accepted(evidence, "send")


@_scenario("send-stored")
def _send_stored(evidence: Evidence) -> None:
    evidence.done("before")
    _accepted(evidence, "send")


@_scenario("send-completes")
def _send_completes(evidence: Evidence) -> None:
    evidence.done("send")
    before, after = evidence.object("before"), evidence.object("read")
    if instant(after.get("sendTimeComplete")) is None:
        failed(f"sendTimeComplete is {after.get('sendTimeComplete')!r} after the send")
    if after.get("status") in (None, "", before.get("status")):
        failed(f"status is {after.get('status')!r} after the send, as it was before")


@_scenario("send-keeps-tokens")
def _send_keeps_tokens(evidence: Evidence) -> None:
    evidence.done("send")
    before, after = evidence.object("before").get("content"), evidence.object("read").get("content")
    if not isinstance(before, str) or "$" not in before:
        unproven("the message made for this has no token in its content")
    if before != after:
        failed("The stored content was changed by the send")


@_scenario("send-unknown-id", "unknown-id-refused")
def _unknown_id_refused(evidence: Evidence) -> None:
    refused(evidence, "unknown")


@_scenario("send-without-message", "send-without-receiver")
def _send_refused(evidence: Evidence) -> None:
    refused(evidence)


@_scenario("send-empty-body", "content-type-without-body")
def _without_body(evidence: Evidence) -> None:
    plain, typed = evidence.step("without"), evidence.step("with")
    if evidence.row.scenario == "content-type-without-body" and not plain.is_success:
        unproven(f"the same without the header was answered {plain.status}")
    for seen in (plain, typed):
        if not seen.is_success:
            failed(f"With no body and {'a' if seen is typed else 'no'} Content-Type it was answered {seen.status}")


@_scenario("create-does-not-send")
def _create_does_not_send(evidence: Evidence) -> None:
    evidence.done("create")
    if evidence.object("read").get("sendTimeComplete") not in (None, ""):
        failed("A message just created already has sendTimeComplete")


@_scenario("send-with-value")
def _send_with_value(evidence: Evidence) -> None:
    steps = [exchange.step for exchange in evidence.exchanges if exchange.step.startswith("send-")]
    for step in steps or ["send-0"]:
        seen = evidence.step(step)
        if not seen.is_success:
            failed(
                f"{evidence.row.subject} {sent_at(evidence, seen, evidence.row.subject)[1]!r} was answered {seen.status}"
            )


@_scenario("condition-by-the-send")
def _condition_by_the_send(evidence: Evidence) -> None:
    if not evidence.step("control").is_success:
        unproven(f"the control, a message with {evidence.row.subject}, was answered {evidence.step('control').status}")
    made = evidence.step("refused")
    refused(evidence, "refused-send" if made.is_success else "refused")
