"""``verify`` and ``sign``: whether the files of a report belong together, and who vouches for them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from filed_run import filed_run, keys
from library import library

from tmfkit_conformance.cli import main
from tmfkit_conformance.proof.reporting import rejudged
from tmfkit_conformance.record import bundle as bundles
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.folder import rendered
from tmfkit_conformance.report.statement import statement_files
from tmfkit_models import contracts

Verify = Callable[..., tuple[int, list[str]]]

SAMPLES = 8
"""Bytes of a file that are changed, one after the other."""


@pytest.fixture(autouse=True)
def _one_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", lambda *_: library())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """Gives the folder of a run against a server that is right, or one that is broken."""
    folders: dict[bool, Path] = {}

    def of(demands_title: bool) -> Path:
        if demands_title not in folders:
            folders[demands_title] = tmp_path_factory.mktemp("run")
            filed_run(folders[demands_title], demands_title=demands_title)
        return folders[demands_title]

    return of


@pytest.fixture
def folder(made: Callable[[bool], Path], tmp_path: Path) -> Path:
    """A copy of the folder of a conformant run."""
    return shutil.copytree(made(True), tmp_path / "report")


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run ``verify``; return its exit status and the lines that it printed."""

    def run(path: Path, *more: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        status = main(["verify", str(path), *more])
        printed = capsys.readouterr()
        return status, [*printed.out.splitlines(), *printed.err.splitlines()]

    return run


def faults(lines: list[str]) -> list[str]:
    start = "Does not belong together: "
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def rewritten(folder: Path, **run: Any) -> None:
    """Write the bundle anew with something else said of its run; None takes a member away."""
    bundle = Bundle.read(folder / "bundle.zip")
    about = {name: value for name, value in {**bundle.run, **run}.items() if value is not None}
    dataclasses.replace(bundle, run=about).write(folder / "bundle.zip")


def redirected(folder: Path) -> None:
    """Let the report say what the bundle that is there gives."""
    made = rejudged(Bundle.read(folder / "bundle.zip"), library())
    (folder / "report.json").write_bytes(rendered(made)["report.json"])


def doctored(folder: Path, name: str, **members: Any) -> None:
    """Write a file of JSON anew with other members."""
    plain = {**json.loads((folder / name).read_bytes()), **members}
    (folder / name).write_text(json.dumps(plain), encoding="utf-8")


def of_another_kit(folder: Path, *, states: bool = True) -> None:
    """Make the folder one that this kit cannot make anew, of a run that names everything."""
    digests = Bundle.read(folder / "bundle.zip").run["digests"]
    rewritten(folder, kit_version="0.0.9", digests={**digests, "kit": "ab" * 32})
    made = rejudged(Bundle.read(folder / "bundle.zip"), library())
    files = {**rendered(made), **(statement_files(made, issued="2026-05-02", key="") if states else {})}
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_folder_of_a_conformant_run_is_made_anew_to_the_byte(folder: Path, verify: Verify) -> None:
    status, lines = verify(folder)
    assert status == 0
    assert lines[0].startswith("CONFORMANT  library-v1 at http://127.0.0.1:")
    assert lines[1].startswith("Shelf, version 2.1; run by Ada; 20")
    assert lines[3:] == [
        "13 recorded verdicts: all computed again, none differs.",
        "Made anew, the same to the byte: report.html, report.json, junit.xml, summary.md.",
        "Origin not proven: nobody has signed this.",
    ]


def test_folder_of_a_run_that_failed_gives_its_verdict(made: Callable[[bool], Path], verify: Verify) -> None:
    status, lines = verify(made(False))
    assert (status, lines[0].partition("  ")[0]) == (1, "NOT CONFORMANT")


def test_bundle_alone_gives_the_verdict_and_says_that_nothing_else_was_looked_at(
    folder: Path, tmp_path: Path, verify: Verify
) -> None:
    alone = tmp_path / "evidence.zip"
    shutil.copy(folder / "bundle.zip", alone)
    status, lines = verify(alone)
    assert (status, lines[0].partition("  ")[0]) == (0, "CONFORMANT")
    assert "A bundle alone was looked at: give the folder to have the report checked as well." in lines


def test_bundle_beside_its_report_stands_for_the_folder(folder: Path, verify: Verify) -> None:
    (folder / "junit.xml").write_text("<testsuites/>", encoding="utf-8")
    status, lines = verify(folder / "bundle.zip")
    assert (status, len(faults(lines))) == (5, 1)


def test_a_single_byte_of_any_file_does_not_go_unnoticed(folder: Path, verify: Verify) -> None:
    private, public = keys(folder)
    assert main(["sign", str(folder), "--key", private]) == 0
    assert verify(folder, "--trusted-keys", public)[0] == 0
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 7
    for name in names:
        whole = (folder / name).read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // SAMPLES)):
            (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            status, lines = verify(folder, "--trusted-keys", public)
            assert status in (2, 5), (name, place, lines)
        (folder / name).write_bytes(whole)
    assert verify(folder, "--trusted-keys", public)[0] == 0


@pytest.mark.parametrize("name", ["report.html", "report.json", "junit.xml", "summary.md", "receipt.txt"])
def test_a_single_byte_is_noticed_without_any_signature(folder: Path, verify: Verify, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-2] + b"!" + content[-1:])
    status, lines = verify(folder)
    [fault] = faults(lines)
    assert (status, fault.startswith(f"{name} is not ")) == (5, True)


def test_verdict_that_was_flipped_in_the_report_is_shown(made: Callable[[bool], Path], tmp_path: Path, verify: Verify) -> None:  # fmt: skip
    folder = shutil.copytree(made(False), tmp_path / "report")
    text = (folder / "report.json").read_text(encoding="utf-8")
    (folder / "report.json").write_text(text.replace('"not-conformant"', '"conformant"', 1), encoding="utf-8")
    assert verify(folder)[0] == 5
    assert faults(verify(folder)[1]) == [
        "report.json is not what the bundle gives: "
        'line 2 is “"verdict": "conformant",”, and would be “"verdict": "not-conformant",”.'
    ]


def test_verdicts_that_were_changed_in_the_bundle_are_shown(folder: Path, verify: Verify) -> None:
    bundle = Bundle.read(folder / "bundle.zip")
    first = {**bundle.verdicts[0], "verdict": "fail"}
    dataclasses.replace(bundle, verdicts=[first, *bundle.verdicts[1:]]).write(folder / "bundle.zip")
    status, lines = verify(folder)
    assert status == 5
    assert faults(lines)[0] == "bundle.zip: LIB1-POST-001 is recorded as fail and computed as pass."


@pytest.mark.parametrize("name", ["report.html", "report.json", "junit.xml", "summary.md", "receipt.txt"])
def test_missing_file_is_named(folder: Path, verify: Verify, name: str) -> None:
    (folder / name).unlink()
    status, lines = verify(folder)
    assert (status, faults(lines)) == (5, [f"{name} is missing."])


def test_strange_file_is_named(folder: Path, verify: Verify) -> None:
    (folder / "notes\u202e.txt").touch()
    assert faults(verify(folder)[1]) == ["notes\\u202e.txt is no file of a report."]


def test_run_of_another_kit_is_judged_again_and_what_is_different_is_said(folder: Path, verify: Verify) -> None:
    digests = Bundle.read(folder / "bundle.zip").run["digests"]
    rewritten(folder, kit_version="0.0.9", digests={**digests, "kit": "ab" * 32, "jinja2": "3.0"})
    redirected(folder)
    status, lines = verify(folder)
    assert (status, faults(lines)) == (0, [])
    means = "Judged with other means, so that what files say is compared, and not their bytes: kit abababababab there, "
    assert lines[3].startswith(means)
    assert "jinja2 3.0 there, " in lines[3]
    assert lines[4].startswith("The bundle was made with tmfkit 0.0.9; this is tmfkit ")


def test_run_of_a_kit_that_said_nothing_of_itself_is_still_judged(folder: Path, verify: Verify) -> None:
    new = ("digests", "settings", "started", "ended", "subject", "operator", "receipt_sha256")
    rewritten(folder, **dict.fromkeys(new))
    redirected(folder)
    (folder / "receipt.txt").unlink()
    status, lines = verify(folder)
    assert (status, lines[1], faults(lines)) == (0, "no product is named", [])


def test_report_of_another_kit_whose_verdict_is_not_that_of_its_rows_is_refused(folder: Path, verify: Verify) -> None:
    rewritten(folder, digests=None)
    redirected(folder)
    rows = json.loads((folder / "report.json").read_bytes())["requirements"]
    doctored(folder, "report.json", verdict="not-conformant", requirements=[{**rows[0], "verdict": "skip"}, *rows[1:]])
    assert set(faults(verify(folder)[1])) >= {
        "report.json: LIB1-POST-001 is skip, and pass in bundle.zip.",
        "report.json: the verdict is not-conformant, and its rows add up to incomplete.",
        "report.html says 'conformant', and the verdict is not-conformant.",
    }


def test_report_of_another_kit_that_was_made_from_another_bundle_is_refused(folder: Path, verify: Verify) -> None:
    rewritten(folder, digests=None, outcomes=["pass", "skip", "fail"])
    status, lines = verify(folder)
    assert (status, any(one.startswith("report.json: bundle_sha256 is ") for one in faults(lines))) == (5, True)


def test_what_could_not_be_made_anew_is_named(folder: Path, verify: Verify) -> None:
    of_another_kit(folder)
    status, lines = verify(folder)
    assert (status, faults(lines)) == (0, [])
    assert "Held against the bundle, but for their words: report.json, statement.json." in lines
    others = "report.html, junit.xml, summary.md, statement.html, statement.md, badge.svg"
    assert f"Checked by their verdict alone: {others}." in lines
    (folder / "badge.svg").write_text("<svg/>", encoding="utf-8")
    assert "Checked not at all: badge.svg." in verify(folder)[1]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("report.html", '<header class="verdict conformant">', '<header class="verdict incomplete">'),
        ("report.html", "<h1>Conformant</h1>", "<h1>Not conformant</h1>"),
        ("report.html", "<title>Conformant:", "<title>Incomplete:"),
        ("junit.xml", 'name="verdict" value="conformant"', 'name="verdict" value="incomplete"'),
        ("junit.xml", 'name="verdict" time="0.000" />', 'name="verdict" time="0.000"><failure/></testcase>'),
        ("summary.md", "## Conformant:", "## Not conformant:"),
        ("statement.html", '<header class="conformant">', '<header class="incomplete">'),
        ("statement.html", '<p class="verdict">Conformant<', '<p class="verdict">Not conformant<'),
        ("statement.md", "# Conformant", "# Not conformant"),
        ("badge.svg", ': conformant"', ': incomplete"'),
        ("badge.svg", ": conformant</title>", ": not conformant</title>"),
        ("badge.svg", ">conformant</text>", ">not conformant</text>"),
    ],
)
def test_verdict_in_a_file_of_another_kit_is_that_of_the_rows(
    folder: Path, verify: Verify, name: str, before: str, after: str
) -> None:
    of_another_kit(folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after), encoding="utf-8")
    status, lines = verify(folder)
    assert (status, [fault.startswith(f"{name} says ") for fault in faults(lines)]) == (5, [True]), lines


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        *(("report.json", member, "another") for member in ("base_url", "operator", "kit_version", "started", "ended")),
        ("report.json", "bundle_sha256", "cd" * 32),
        ("report.json", "contract_sha256", "cd" * 32),
        ("report.json", "subject", {"product": "Rack", "version": "2.1"}),
        ("report.json", "digests", {"kit": "cd" * 32}),
        ("report.json", "phases", ["register", "fuzzing"]),
        ("report.json", "exchanges", 5),
        ("report.json", "credentials", ["bearer"]),
        ("report.json", "left_behind", ["/book/9"]),
        ("report.json", "waivers", [{"row": "LIB1-POST-001", "reason": "so"}]),
        ("report.json", "claims", {"met": [{"category": "events", "operation": "BookCreateEvent", "subject": ""}]}),
        ("report.json", "musts", {"settled": 99}),
        ("report.json", "summary", {"must": {"pass": 99}}),
        ("report.json", "document", {"number": "LIB2"}),
        *(
            ("statement.json", member, "another")
            for member in ("product", "product_version", "operator", "target", "api")
        ),
        *(("statement.json", member, "another") for member in ("kit_version", "run_started", "run_ended", "form")),
        *(("statement.json", member, "cd" * 32) for member in ("kit_sha256", "contract_sha256", "bundle_sha256")),
        ("statement.json", "verdict", "incomplete"),
        ("statement.json", "musts", {"pass": 99}),
        ("statement.json", "waivers", [{"row": "LIB1-POST-001", "reason": "so"}]),
        ("statement.json", "not_tested", [{"standing": "skip", "why": "so", "requirements": ["LIB1-POST-001"]}]),
        ("statement.json", "phases_left_out", []),
    ],
)
def test_what_a_file_of_another_kit_says_is_what_the_bundle_says(
    folder: Path, verify: Verify, name: str, member: str, value: Any
) -> None:
    of_another_kit(folder)
    doctored(folder, name, **{member: value})
    status, lines = verify(folder)
    assert (status, faults(lines)[0].startswith(f"{name}: ")) == (5, True), lines
    assert any(member in fault for fault in faults(lines))


@pytest.mark.parametrize(
    ("member", "value"), [("level", "may"), ("remark", "as the vendor says"), ("exchanges", [1]), ("verdict", "skip")]
)
def test_row_of_another_kit_is_what_the_bundle_has_recorded(
    folder: Path, verify: Verify, member: str, value: Any
) -> None:
    of_another_kit(folder, states=False)
    rows = json.loads((folder / "report.json").read_bytes())["requirements"]
    doctored(folder, "report.json", requirements=[{**rows[0], member: value}, *rows[1:]])
    status, lines = verify(folder)
    assert (status, any("LIB1-POST-001" in fault for fault in faults(lines))) == (5, True), lines


def test_statement_of_a_run_that_names_no_product_does_not_belong_to_it(folder: Path, verify: Verify) -> None:
    of_another_kit(folder)
    rewritten(folder, subject="")
    redirected(folder)
    status, lines = verify(folder)
    assert (status, "statement.json: the run does not say it, and a statement needs it." in faults(lines)) == (5, True)


def test_folder_of_another_python_is_made_anew_all_the_same(folder: Path, verify: Verify) -> None:
    digests = Bundle.read(folder / "bundle.zip").run["digests"]
    rewritten(folder, digests={**digests, "python": "3.99"})
    for name, content in rendered(rejudged(Bundle.read(folder / "bundle.zip"), library())).items():
        (folder / name).write_bytes(content)
    status, lines = verify(folder)
    assert (status, lines[3].startswith("Judged with other means: python 3.99 there, ")) == (0, True), lines
    assert "Made anew, the same to the byte: report.html, report.json, junit.xml, summary.md." in lines
    page = (folder / "report.html").read_text(encoding="utf-8")
    (folder / "report.html").write_text(page.replace("Shelf", "Rack"), encoding="utf-8")
    status, lines = verify(folder)
    assert (status, faults(lines)[0].startswith("report.html is not what the bundle gives: ")) == (5, True)


def test_signature_of_a_trusted_key_proves_the_origin(folder: Path, verify: Verify) -> None:
    private, public = keys(folder)
    assert main(["sign", str(folder), "--key", private]) == 0
    status, lines = verify(folder, "--trusted-keys", public)
    assert (status, lines[-1].startswith("Signed by the trusted key ")) == (0, True)
    assert verify(folder)[1][-1].startswith(
        "Origin not proven: there is a signature, and none of a key that is trusted"
    )


def test_attestation_is_a_test_result_over_every_file(folder: Path) -> None:
    main(["sign", str(folder), "--key", keys(folder)[0]])
    envelope = json.loads((folder / "attestation.json").read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    others = {path.name for path in folder.iterdir()} - {"attestation.json"}
    assert {subject["name"] for subject in statement["subject"]} == others
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["failedTests"]) == ("PASSED", [])
    assert (predicate["details"]["product"], predicate["details"]["product_version"]) == ("Shelf", "2.1")


def test_missing_and_foreign_signatures_do_not_pass_where_one_is_asked_for(folder: Path, verify: Verify) -> None:
    private, _ = keys(folder)
    _, foreign = keys(folder, "foreign")
    missing = verify(folder, "--trusted-keys", foreign)
    assert (missing[0], faults(missing[1])) == (
        5,
        ["there is no attestation.json, and a signature is asked for."],
    )
    main(["sign", str(folder), "--key", private])
    status, lines = verify(folder, "--trusted-keys", foreign)
    assert (status, faults(lines)) == (
        5,
        ["attestation.json is signed by none of the trusted keys, or the signature is not of these files."],
    )


def test_signature_of_another_report_is_refused_whoever_made_it(
    folder: Path, made: Callable[[bool], Path], tmp_path: Path, verify: Verify
) -> None:
    private, _ = keys(folder)
    other = shutil.copytree(made(False), tmp_path / "other")
    main(["sign", str(other), "--key", private])
    shutil.copy(other / "attestation.json", folder)
    assert "bundle.zip is not the file that was signed." in faults(verify(folder)[1])


def test_files_that_do_not_belong_together_are_not_signed(folder: Path) -> None:
    (folder / "junit.xml").write_text("<testsuites/>", encoding="utf-8")
    assert main(["sign", str(folder), "--key", keys(folder)[0]]) == 5
    assert not (folder / "attestation.json").exists()


def test_run_of_another_kit_is_not_signed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewritten(folder, digests=None)
    assert main(["sign", str(folder), "--key", keys(folder)[0]]) == 2
    assert "File it with the kit that made it" in capsys.readouterr().err


def test_encrypted_key_takes_its_passphrase_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder.parent / "locked.pem"
    locked = serialization.BestAvailableEncryption(b"open sesame")
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    assert main(["sign", str(folder), "--key", str(path)]) == 2
    assert "Is it encrypted? Then set TMFKIT_KEY_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("TMFKIT_KEY_PASSPHRASE", "open sesame")
    assert main(["sign", str(folder), "--key", str(path)]) == 0


def test_keys_of_other_kinds_are_refused(folder: Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder.parent / "ec.pem"
    key = generate_private_key(SECP256R1())
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    assert main(["sign", str(folder), "--key", str(path)]) == 2
    assert "is no Ed25519 key" in capsys.readouterr().err
    status, lines = verify(folder, "--trusted-keys", str(path))
    assert (status, "holds no public key in PEM" in lines[0]) == (2, True)


def spoilt(path: Path, spoil: Callable[[dict[str, str]], object]) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    spoil(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda files: files.update({"extra.txt": ""}), "'extra.txt' is no member", id="strange"),
        pytest.param(lambda files: files.pop("run.json"), "run.json is missing", id="missing"),
        pytest.param(
            lambda files: files.update({"verdicts.json": "[" * 90 + "]" * 90}), "deeper than 64 levels", id="deep"
        ),
        pytest.param(
            lambda files: files.update({"run.json": "[" * 90_000}), "deeper than 64 levels", id="deeper-than-python"
        ),
        pytest.param(
            lambda files: files.update({"verdicts.json": f"[{'{},' * 300_000}{{}}]"}),
            "more than 200,000 objects and arrays",
            id="many-verdicts",
        ),
        pytest.param(
            lambda files: files.update({"verdicts.json": f"[{'{},' * 7_000_000}{{}}]"}),
            "verdicts.json has 21,000,004 bytes, and 16,777,216 are the most that is read",
            id="seven-million-verdicts",
        ),
        pytest.param(
            lambda files: files.update({"run.json": json.dumps({"contact": "x" * 9_000_000})}),
            "run.json has 9,000,015 bytes, and 8,388,608 are the most that is read",
            id="large-run",
        ),
        pytest.param(
            lambda files: files.update({"probes.jsonl": f"[{'{},' * 6_000_000}{{}}]"}),
            "probes.jsonl is packed to less than one part in 250",
            id="denser-than-any-run",
        ),
        pytest.param(
            lambda files: files.update({"exchanges.jsonl": files["exchanges.jsonl"].replace('"body": ""', '"body": {"same_as": [99, "request"]}', 1)}),
            "KeyError",
            id="body-that-is-not-there",
        ),
    ],
)  # fmt: skip
def test_archive_that_no_run_writes_is_refused(
    folder: Path, verify: Verify, spoil: Callable[[dict[str, str]], object], said: str
) -> None:
    spoilt(folder / "bundle.zip", spoil)
    status, lines = verify(folder)
    assert (status, said in lines[0]) == (2, True), lines


def test_member_that_is_there_twice_is_refused(folder: Path, verify: Verify) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(folder / "bundle.zip", "a") as archive,
    ):
        archive.writestr("verdicts.json", "[]")
    assert verify(folder)[0] == 2


@pytest.mark.parametrize(
    ("limit", "said"), [("LARGEST_BYTES", "the file has"), ("LARGEST_UNPACKED_BYTES", "what is packed in it has")]
)
def test_bundle_over_a_limit_is_refused_before_it_is_unpacked(
    folder: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch, limit: str, said: str
) -> None:
    monkeypatch.setattr(bundles, limit, 1000)
    status, lines = verify(folder)
    assert (status, said in lines[0], "1,000 are the most that is read" in lines[0]) == (2, True, True)


def test_rows_beyond_the_most_are_refused(folder: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "_MOST_ROWS", 5)
    status, lines = verify(folder)
    assert (status, "a member has more than 5 rows, the most that is read" in lines[0]) == (2, True), lines


def test_row_beyond_the_longest_is_refused(folder: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "_LONGEST_ROW_BYTES", 99)
    status, lines = verify(folder)
    assert (status, "a row has more than 99 bytes, the most that is read" in lines[0]) == (2, True), lines


@pytest.mark.parametrize("name", ["report.json", "statement.json"])
@pytest.mark.parametrize("text", ["[" * 200_000, "5", '{"subject": "x", "verdict": 3}'], ids=["deep", "number", "form"])
def test_file_that_cannot_be_read_within_limits_is_no_defect_of_the_kit(
    folder: Path, verify: Verify, name: str, text: str
) -> None:
    rewritten(folder, digests={})
    redirected(folder)
    (folder / name).write_text(text, encoding="utf-8")
    status, lines = verify(folder)
    assert (status, f"{name}: cannot be read" in lines[0]) == (2, True), lines


@pytest.mark.parametrize("started", [1e300, "soon", None])
def test_exchange_at_a_time_that_is_none_is_no_defect_of_the_kit(folder: Path, verify: Verify, started: Any) -> None:
    bundle = Bundle.read(folder / "bundle.zip")
    moved = tuple(dataclasses.replace(one, started=started) for one in bundle.exchanges)
    dataclasses.replace(bundle, exchanges=moved).write(folder / "bundle.zip")
    assert verify(folder)[0] in (2, 5)


def test_receipt_of_a_run_that_made_nothing_need_not_be_there(folder: Path, verify: Verify) -> None:
    rewritten(folder, digests=None, receipt_sha256=hashlib.sha256().hexdigest())
    redirected(folder)
    (folder / "receipt.txt").unlink()
    assert faults(verify(folder)[1]) == []


@pytest.mark.parametrize(
    "run",
    [{"settings": []}, {"waivers": [{"row": "LIB1-POST-001"}]}, {"claims": [{"name": "x"}]}, {"phases": 5}, {"seconds": []}],
    ids=lambda run: next(iter(run)),
)  # fmt: skip
def test_bundle_that_says_what_no_run_writes_is_unreadable(folder: Path, verify: Verify, run: dict[str, Any]) -> None:
    both: tuple[dict[str, Any], ...] = (Bundle.read(folder / "bundle.zip").run["digests"], {})
    for digests in both:
        rewritten(folder, **run, digests=digests)
        status, lines = verify(folder)
        assert (status, "holds what no run writes" in lines[0]) == (2, True), lines
