"""How much a bundle takes: equal bodies are stored once, and values are held only while they are looked at."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from library import BASE, EXCHANGES, JSON, exchange, report

from tmfkit_conformance.proof.reporting import concluded
from tmfkit_conformance.record import bundle as bundles
from tmfkit_conformance.record import parsing
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Response
from tmfkit_conformance.report.folder import ReportFolder
from tmfkit_models import contracts

LIST = [{"id": str(number), "title": "x" * 50} for number in range(100)]

MOST_MEGABYTES = 300

VERIFY = """\
import sys
from pathlib import Path
from tmfkit_conformance.cli import main
status = main(["verify", sys.argv[1]])
# Not the largest size of getrusage, which counts the process that this one was started from.
[most] = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(status, int(most) // 1024)
"""


def bundle(*exchanges: Exchange) -> Bundle:
    made = report().bundle
    return Bundle(made.run, made.probes, exchanges, made.notifications)


def test_body_that_was_there_before_is_stored_once(tmp_path: Path) -> None:
    pages = [exchange(number, "GET", f"/book?page={number}", 200, answer=LIST) for number in range(1, 6)]
    path = tmp_path / "bundle.zip"
    bundle(*pages).write(path)
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("exchanges.jsonl").decode().splitlines()
    stored = [json.loads(line)["response"]["body"] for line in lines]
    assert json.loads(stored[0]) == LIST
    assert stored[1:] == [{"same_as": [1, "response"]}] * 4
    again = Bundle.read(path)
    assert again.exchanges == tuple(pages)
    assert len({id(one.response.body) for one in again.exchanges if one.response}) == 1


def test_body_that_is_no_text_comes_back_as_it_was(tmp_path: Path) -> None:
    octets = Exchange(**{**vars(EXCHANGES[0]), "response": Response(200, (JSON,), bytes(range(256)) * 4)})
    other = Exchange(**{**vars(octets), "sequence": 9})
    path = tmp_path / "bundle.zip"
    bundle(octets, other).write(path)
    assert Bundle.read(path).exchanges == (octets, other)


def test_values_of_bodies_are_not_held_for_ever() -> None:
    body = json.dumps(LIST).encode()
    answers = [Response(200, (JSON,), body) for _ in range(2 * parsing.MOST_BYTES // len(body))]
    assert all(answer.json == LIST for answer in answers)
    assert parsing.held_bytes() <= parsing.MOST_BYTES
    assert answers[-1].json is answers[-1].json
    assert answers[-1].json is not answers[-2].json


def test_bundle_of_a_run_on_fifty_thousand_records_is_within_every_limit(tmp_path: Path) -> None:
    """Records that differ in their numbers alone: none are packed more densely."""
    record = {"href": f"{BASE}/book/", "title": "A title that all have", "shelf": {"id": "1", "name": "North"}}
    pages = [
        [{**record, "id": str(number), "href": f"{BASE}/book/{number}"} for number in range(first, first + 100)]
        for first in range(0, 50_000, 100)
    ]
    path = tmp_path / "bundle.zip"
    bundle(*(exchange(n, "GET", f"/book?offset={n}", 206, answer=page) for n, page in enumerate(pages, 1))).write(path)
    with zipfile.ZipFile(path) as archive:
        listed = archive.getinfo("exchanges.jsonl")
    assert 10 < listed.file_size / listed.compress_size < bundles._DENSEST / 5
    assert len(Bundle.read(path).exchanges) == 500


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run whose bundle has ten megabytes."""
    chance = random.Random(7)
    exchanges = [
        exchange(number, "GET", f"/{BASE}", 200, answer={"id": chance.randbytes(1000).hex()})
        for number in range(1, 10_001)
    ]
    made = bundle(*exchanges)
    contract = contracts.load("tmf629-v4")
    run = {**made.run, "api": contract.id, "dialect": {}, "contract_sha256": contract.sha256}
    folder = tmp_path_factory.mktemp("filed")
    ReportFolder(folder).write(concluded(replace(made, run=run), contract))
    assert (folder / "bundle.zip").stat().st_size > 10_000_000
    return folder


@pytest.mark.parametrize("is_folder", [True, False], ids=["folder", "bundle"])
def test_ten_megabytes_are_verified_in_less_memory_than_agreed(filed: Path, tmp_path: Path, *, is_folder: bool) -> None:
    alone = tmp_path / "alone.zip"
    path = filed if is_folder else shutil.copy(filed / "bundle.zip", alone)
    done = subprocess.run([sys.executable, "-c", VERIFY, str(path)], check=True, capture_output=True, text=True)
    status, megabytes = map(int, done.stdout.splitlines()[-1].split())
    assert ("Made anew, the same to the byte: report.html" in done.stdout) is is_folder
    assert status == 1, done.stdout
    assert megabytes < MOST_MEGABYTES
