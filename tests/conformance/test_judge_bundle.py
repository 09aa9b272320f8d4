"""Judging whole bundles: the same again after a round trip, never better when something is missing."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from evidence_builder import PASS, SKIP, ask, made, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge import engine
from tmfkit_conformance.judge.checks import CHECKS
from tmfkit_conformance.judge.verdict import Finding, Outcome, Verdict
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.attributes import ATTRIBUTE
from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

API = "tmf683-v4"
UNSETTLED = (Outcome.NOT_APPLICABLE, Outcome.SKIP)

REFERENCES = {"type": "TargetEntityRef", "array": True}
NAME = ask("attribute", "createCustomer", "/name", expect={"type": "string", "array": False})


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts.load(API)


@pytest.fixture(scope="module")
def bundle(server_url: str, contract: Contract) -> Bundle:
    """A bundle of the register phase against the reference server."""
    settings = Settings(API, base_url=server_url + contract.base_path, phases=("register",))
    return drive(contract, settings, lambda *_: None)


def outcomes(bundle: Bundle, contract: Contract) -> dict[str, Verdict]:
    return {verdict.requirement: verdict for verdict in engine.judge(bundle, contract).verdicts}


def test_bundle_read_back_is_the_bundle_and_has_the_same_verdicts(
    bundle: Bundle, contract: Contract, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    bundle.write(path)
    again = Bundle.read(path)
    assert again == bundle
    assert engine.judge(again, contract) == engine.judge(bundle, contract)


def test_same_bundle_is_written_as_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    for name in ("one", "two"):
        bundle.write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bundle_with_exchanges_missing_is_never_judged_better(
    bundle: Bundle, contract: Contract, data: st.DataObject
) -> None:
    share = data.draw(st.floats(0, 1), label="share that is lost")
    chosen = data.draw(st.randoms(use_true_random=False))
    kept = tuple(exchange for exchange in bundle.exchanges if chosen.random() >= share)
    before = outcomes(bundle, contract)
    for row, verdict in outcomes(dataclasses.replace(bundle, exchanges=kept), contract).items():
        assert verdict.outcome >= before[row].outcome or verdict.outcome in (*UNSETTLED, Outcome.BLOCKED), (
            row,
            verdict.remark,
        )
        assert verdict.outcome is not Outcome.ERROR


def test_bundle_without_any_exchange_settles_nothing(bundle: Bundle, contract: Contract) -> None:
    empty = dataclasses.replace(bundle, exchanges=(), notifications=())
    assert {verdict.outcome for verdict in outcomes(empty, contract).values()} == set(UNSETTLED)
    musts = [row.id for row in contract.requirements if row.level == "must"]
    assert engine.judge(empty, contract).overall(musts) == "incomplete"


def test_row_that_the_bundle_is_older_than_is_a_skip(bundle: Bundle, contract: Contract) -> None:
    newer = dataclasses.replace(contract.requirements[0], id="NEW-1", kind="patchable", operation="patchPartyInteraction",
                                subject="/reason", reason="", scenario="", given="", expect={})  # fmt: skip
    probes = tuple(record for record in bundle.probes if record.key != "patch-to patchPartyInteraction /reason")
    judged = outcomes(dataclasses.replace(bundle, probes=probes), dataclasses.replace(contract, requirements=(newer,)))
    assert judged["NEW-1"].outcome is SKIP
    assert judged["NEW-1"].remark.startswith("The run did not drive this")


def test_defect_of_one_check_is_an_error_that_hides_no_other(
    bundle: Bundle, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_evidence: object) -> None:
        raise ZeroDivisionError("by nothing")

    before = outcomes(bundle, contract)
    monkeypatch.setitem(CHECKS, PATCHABLE, breaks)
    after = outcomes(bundle, contract)
    for row in contract.requirements:
        if row.kind == "patchable" and not row.reason:
            assert after[row.id].outcome is Outcome.ERROR
            assert after[row.id].remark == "the check itself failed: ZeroDivisionError: by nothing"
        else:
            assert after[row.id] == before[row.id]


def test_check_that_comes_to_no_outcome_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, ATTRIBUTE, lambda _: None)
    [param] = [NAME.gives(PASS, "kept", made(name="one"), read(name="one"))]
    verdict = param.values[0].verdict()
    assert (verdict.outcome, verdict.remark) == (Outcome.ERROR, "the check came to no outcome")


@pytest.mark.parametrize("outcome", [Outcome.NOT_APPLICABLE, Outcome.PASS, Outcome.SKIP, Outcome.FAIL, Outcome.ERROR])
def test_finding_fails_the_row_that_it_violates_and_nothing_less(outcome: Outcome) -> None:
    finding = Finding("fuzzing", "createCustomer", "accepted", "ROW-1", "Answered 201", (9,), 3)
    other = Verdict("ROW-2", Outcome.PASS)
    one, untouched = engine.merged([Verdict("ROW-1", outcome, "", (1,)), other], [finding])
    assert one.outcome is max(outcome, Outcome.FAIL)
    assert one.exchanges == (1, 9)
    assert untouched is other


def test_attribute_in_another_dialect_is_remarked() -> None:
    param = ask("attribute", "createChangeRequest", "/targetEntityRef", api="tmf655-v1", expect=REFERENCES).gives(
        PASS, "kept", made(targetEntity=[{"id": "1"}]), read(targetEntity=[{"id": "1"}])
    )
    situation = param.values[0]
    spoken = {"dialect": {"changeRequest": {"targetEntityRef": "targetEntity"}}}
    [verdict] = engine.judge(dataclasses.replace(situation.bundle(), run=spoken), situation.contract).verdicts
    assert verdict.outcome is Outcome.PASS_WITH_REMARK
    assert verdict.remark == (
        "The target takes targetEntityRef under the name targetEntity, which the document uses as well"
    )


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda files: files.pop("run.json"), id="file-missing"),
        pytest.param(lambda files: files.update({"run.json": "[]"}), id="run-is-a-list"),
        pytest.param(lambda files: files.update({"exchanges.jsonl": "[" * 100_000}), id="too-deep"),
        pytest.param(lambda files: files.update({"exchanges.jsonl": '{"request": 1}\n'}), id="no-exchange"),
        pytest.param(lambda files: files.update({"probes.jsonl": '{"name": 1}\n'}), id="no-probe"),
        pytest.param(lambda files: files.update({"notifications.jsonl": "null\n"}), id="no-notification"),
    ],
)
def test_archive_that_is_no_bundle_is_refused(
    bundle: Bundle, tmp_path: Path, spoil: Callable[[dict[str, str]], object]
) -> None:
    path = tmp_path / "bundle.zip"
    bundle.write(path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    spoil(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with pytest.raises(UsageError, match="cannot be read as a bundle"):
        Bundle.read(path)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and then nothing", json.dumps({}).encode()])
def test_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bundle.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        Bundle.read(path)
    assert raised.value.where == str(path)
    assert raised.value.remedy == "Give the bundle.zip that `run` wrote"
