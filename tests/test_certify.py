"""The certification of the reference server, as ``nox -s certify`` makes it, and what its bundles are worth."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit_statements import departures, unheld
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_models import contracts

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Certification:
    """What ``scripts/certify.py`` left behind."""

    folder: Path
    status: int
    printed: str

    def report(self, api: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / "memory" / api / "report.json").read_text()))

    def bundle(self, api: str) -> Path:
        return self.folder / "memory" / api / "bundle.zip"


@pytest.fixture(scope="module")
def certification(tmp_path_factory: pytest.TempPathFactory) -> Certification:
    folder = tmp_path_factory.mktemp("reports")
    command = [sys.executable, str(ROOT / "scripts" / "certify.py"), "--store", "memory:", "--report", str(folder)]
    command += ["--phase", "register"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Certification(folder, done.returncode, done.stdout)


def verify(bundle: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tmfkit_conformance.cli", "verify", str(bundle)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def with_one_byte_changed(bundle: Path, copy: Path, *, sequence: int) -> None:
    """Copy *bundle*, the success in the answer of one exchange turned into a failure of the server."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = files["exchanges.jsonl"].splitlines(keepends=True)
    lines[sequence - 1] = lines[sequence - 1].replace(b'"response": {"status": 2', b'"response": {"status": 5')
    files["exchanges.jsonl"] = b"".join(lines)
    with zipfile.ZipFile(copy, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_reference_server_is_certified_for_every_api(certification: Certification) -> None:
    assert certification.status == 0, certification.printed
    reports = [str(certification.folder / "memory" / api / "report.html") for api in contracts.apis()]
    assert certification.printed.split("Reports:")[1].split() == reports
    assert all(Path(report).is_file() for report in reports)


@pytest.mark.parametrize("api", contracts.apis())
def test_report_says_conformant_and_nothing_is_left_open(certification: Certification, api: str) -> None:
    report = certification.report(api)
    assert (report["api"], report["verdict"]) == (api, "conformant")
    assert report["contract_sha256"] == contracts.load(api).sha256
    open_rows = [row["id"] for row in report["requirements"] if row["verdict"] in ("skip", "error")]
    assert open_rows == []


@pytest.mark.parametrize("api", contracts.apis())
def test_what_the_errata_say_of_the_kit_is_what_it_sends(certification: Certification, api: str) -> None:
    contract, bundle = contracts.load(api), Bundle.read(certification.bundle(api))
    assert departures(contract, bundle) == []
    assert unheld(contract, bundle) == []


@pytest.mark.parametrize("api", contracts.apis())
def test_report_has_a_verdict_for_every_row(certification: Certification, api: str) -> None:
    judged = [row["id"] for row in certification.report(api)["requirements"]]
    assert judged == [row.id for row in contracts.load(api).requirements]


@pytest.mark.parametrize("api", contracts.apis())
def test_bundle_gives_the_same_verdicts_again(certification: Certification, api: str) -> None:
    done = verify(certification.bundle(api))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"CONFORMANT  {api} at ")
    assert (
        f"{len(contracts.load(api).requirements)} recorded verdicts: all computed again, none differs." in done.stdout
    )


@pytest.mark.parametrize("api", contracts.apis())
def test_bundle_with_one_byte_changed_is_found_out(certification: Certification, tmp_path: Path, api: str) -> None:
    created = next(row for row in contracts.load(api).requirements if (row.kind, row.subject) == ("status", "201"))
    verdicts = {row["id"]: row for row in certification.report(api)["requirements"]}
    changed = tmp_path / "bundle.zip"
    with_one_byte_changed(certification.bundle(api), changed, sequence=verdicts[created.id]["exchanges"][-1])
    done = verify(changed)
    assert done.returncode == 5, done.stdout + done.stderr
    assert f"{created.id} is recorded as pass and computed as fail." in done.stdout
