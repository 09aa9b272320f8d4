"""The statement of conformance: made of a run, before it is signed, and verified with the rest."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from filed_run import filed_run, keys
from library import HOSTILE, library, report

from tmfkit_conformance.cli import main
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.proof.attestation import attest
from tmfkit_conformance.proof.keys import signer
from tmfkit_conformance.proof.reporting import rejudged
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.folder import write_statement
from tmfkit_conformance.report.statement import badge, statement, statement_files
from tmfkit_models import contracts

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/statement.schema.json").read_bytes())
FILES = ["statement.html", "statement.md", "statement.json", "badge.svg"]
ABOUT: dict[str, Any] = {"subject": "Shelf/2.1", "operator": "Ada", "started": "2026-05-01T10:00:00.000Z", "ended": "2026-05-01T10:00:01Z"}  # fmt: skip
WAIVED = {"row": "LIB1-POST-002", "reason": "Old clients", "owner": "Ada", "expires": "2027-01-31", "issue": "SHELF-7"}


@pytest.fixture(autouse=True)
def _one_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", lambda *_: library())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    folders: list[Path] = []

    def of() -> Path:
        if not folders:
            folders.append(tmp_path_factory.mktemp("run"))
            filed_run(folders[0])
        return folders[0]

    return of


@pytest.fixture
def folder(made: Callable[[], Path], tmp_path: Path) -> Path:
    """A copy of the folder of a conformant run."""
    return shutil.copytree(made(), tmp_path / "report")


def test_statement_is_written_then_signed_then_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private, public = keys(folder)
    assert main(["statement", str(folder), "--key", public]) == 0
    assert capsys.readouterr().out == f"Written: {', '.join(str(folder / name) for name in FILES)}\n"
    assert main(["sign", str(folder), "--key", private]) == 0
    assert main(["verify", str(folder), "--trusted-keys", public]) == 0
    assert "statement.html, statement.md, statement.json, badge.svg." in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_statement_that_was_changed_does_not_belong_to_the_run(folder: Path, name: str) -> None:
    main(["statement", str(folder)])
    whole = (folder / name).read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 12)):
        (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert main(["verify", str(folder)]) in (2, 5), place
    (folder / name).write_bytes(whole)
    assert main(["verify", str(folder)]) == 0


def test_missing_part_of_a_statement_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["statement", str(folder)])
    (folder / "badge.svg").unlink()
    assert main(["verify", str(folder)]) == 5
    assert "badge.svg is missing" in capsys.readouterr().out
    (folder / "statement.json").unlink()
    assert main(["verify", str(folder)]) == 5
    assert "statement.md is there without statement.json" in capsys.readouterr().out


def test_statement_comes_before_the_signature_and_names_its_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, _ = keys(folder)
    other, _ = keys(folder, "other")
    main(["statement", str(folder), "--key", private])
    assert main(["sign", str(folder), "--key", other]) == 2
    assert "its statement names the key " in capsys.readouterr().err
    assert main(["sign", str(folder), "--key", private]) == 0
    assert main(["statement", str(folder), "--key", private]) == 2
    assert "is signed already" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["another", ""], ids=["of-another-key", "of-no-key"])
def test_statement_that_does_not_name_the_key_of_the_signature_does_not_belong_to_it(
    folder: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys(folder)
    report = rejudged(Bundle.read(folder / "bundle.zip"), library())
    write_statement(folder, statement_files(report, issued="2026-05-02", key=key))
    signing = signer(Path(private))
    attest(folder, report, signing)
    assert main(["verify", str(folder), "--trusted-keys", public]) == 5
    said = f"names the key {key}" if key else "names no key"
    expected = f"statement.json {said}, and attestation.json is signed with {signing.public_key.keyid}."
    assert expected in capsys.readouterr().out


def test_run_that_names_no_product_gets_no_statement() -> None:
    with pytest.raises(UsageError, match="--subject: the run does not say it"):
        statement(report(operator="Ada"), issued="2026-05-02", key="")
    with pytest.raises(UsageError, match="--operator: the run does not say it"):
        statement(report(subject="Shelf/2.1"), issued="2026-05-02", key="")


@pytest.mark.parametrize("changed", [{}, {"*": Outcome.PASS}, {"*": Outcome.SKIP}], ids=["not", "conformant", "open"])
def test_statement_fits_the_published_schema(changed: dict[str, Outcome]) -> None:
    made = report(changed, **ABOUT, waivers=[WAIVED], digests={"kit": "ab" * 32})
    jsonschema_rs.meta.validate(SCHEMA)
    validator = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)
    assert [str(error) for error in validator.iter_errors(statement(made, issued="2026-05-02", key=""))] == []


def test_statement_says_what_was_waived_and_what_was_not_tested() -> None:
    plain = statement(report(**ABOUT, waivers=[WAIVED]), issued="2026-05-02", key="cd" * 32)
    assert (plain["verdict"], plain["waivers"]) == ("not-conformant", [{**WAIVED, "needed": True}])
    assert plain["not_tested"] == [
        {
            "standing": "skip",
            "why": "The kit lacked a credential of an administrator (--admin-header)",
            "requirements": ["LIB1-DELETE-002"],
        },
        {
            "standing": "not-settleable",
            "why": "Cannot be settled from outside: friendliness",
            "requirements": ["LIB1-GEN-001"],
        },
    ]
    assert plain["phases_left_out"] == ["examples", "coverage", "stateful"]


def test_statement_is_safe_whatever_it_quotes() -> None:
    hostile = report(**{**ABOUT, "operator": HOSTILE}, waivers=[{**WAIVED, "reason": HOSTILE}], base_url=HOSTILE)
    files = statement_files(hostile, issued="2026-05-02", key="")
    for name in ("statement.html", "statement.md"):
        text = files[name].decode()
        assert [part in text for part in ("<script>alert", "\x1b", "\x00", "\u202e")] == [False] * 4, name
    assert "\\<script\\>alert" in files["statement.md"].decode()


@pytest.mark.parametrize("changed", [{}, {"*": Outcome.PASS}, {"*": Outcome.SKIP}])
def test_badge_names_document_and_verdict_for_who_cannot_see_it(changed: dict[str, Outcome]) -> None:
    made = report(changed)
    image = ET.fromstring(badge(made))
    said = f"LIB1 1.0: {made.verdict.replace('-', ' ')}"
    assert (image.attrib["role"], image.attrib["aria-label"]) == ("img", said)
    assert image.findtext("{http://www.w3.org/2000/svg}title") == said
