"""One more API is a folder of contracts: generated, served and certified without a line of Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]
SIXTH = "sixth-v1"
NEIGHBOUR = "tmf629-v4"  # one of the five is enough to see that nothing of it changes
DROPPED = "SIXTH-POST-005"
PROGRAM = """
import asyncio, sys
from tmfkit_sdk.ticket_v1 import AsyncTroubleDesk, Note, Reporter, TroubleDesk, events
with TroubleDesk(sys.argv[1]) as desk:
    made = desk.tickets.create(title="Noise", kind="question", severity=2, note=[Note(text="Heard")], extra={"floor": 3})
    changed = desk.tickets.update(made, title=None if made.extra["floor"] != 3 else "Hum", reporter=Reporter(name="Kim"))
    print(changed.title, changed.opened_at.tzinfo, desk.queues.create(id="q1", name="Copper").id)
    print([each.id == made.id for each in desk.tickets.list(where={"title": "Hum"}, limit=1)], hasattr(desk.queues, "list"))
async def delete():
    async with AsyncTroubleDesk(sys.argv[1]) as desk:
        await desk.tickets.delete(await desk.tickets.get(made.id))
        print(await desk.tickets.find(made.id))
asyncio.run(delete())
print(type(events.parse({"eventType": "TicketOpenedEvent"})).__name__)
"""
KEYS = (
    "--api-key",
    "user:key-of-the-user-1",
    "--api-key",
    "admin:key-of-the-admin-1",
    "--allow-callbacks",
    "127.0.0.1",
)


@dataclass(frozen=True)
class Run:
    """What the kit said of one server."""

    status: int
    report: dict[str, Any]

    def verdicts(self) -> dict[str, str]:
        return {row["id"]: row["verdict"] for row in self.report["requirements"]}

    def musts(self) -> set[str]:
        return {row["verdict"] for row in self.report["requirements"] if row["level"] == "must"}


def _generated(folder: Path, *apis: Path) -> Path:
    """Lay out contracts below *folder* and generate from them; return the generated tree."""
    specs = folder / "specs"
    for source in (ROOT / "specs" / "common", *apis):
        shutil.copytree(source, specs / source.name)
    for shared in (*(ROOT / "specs").glob("*.schema.json"), ROOT / "specs" / "scenarios.yaml"):
        shutil.copy(shared, specs)
    _python("-m", "tmfkit_codegen.cli", "write", "--specs", str(specs), "--output", str(folder / "generated"))
    return folder / "generated"


def _environment(tree: Path) -> dict[str, str]:
    """Return an environment in which the generated packages are those of *tree*."""
    path = os.pathsep.join(filter(None, (str(tree), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def _python(
    *arguments: str, tree: Path = ROOT / "generated", status: int | None = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments], env=_environment(tree), capture_output=True, text=True, check=False
    )
    assert status is None or done.returncode == status, done.stderr
    return done


def _lenient(folder: Path) -> Path:
    """Copy the sixth API without one mandatory attribute, on both sides of the double entry."""
    copy = folder / SIXTH
    shutil.copytree(ROOT / "tests" / "data" / "specs" / SIXTH, copy)
    contract = (copy / "openapi.yaml").read_text()
    assert contract.count("required: [title, kind]") == 1
    (copy / "openapi.yaml").write_text(contract.replace("required: [title, kind]", "required: [kind]"))
    register = yaml.safe_load((copy / "requirements.yaml").read_text())
    register["requirements"] = [row for row in register["requirements"] if row["id"] != DROPPED]
    (copy / "requirements.yaml").write_text(yaml.safe_dump(register, sort_keys=False))
    return copy


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated tree of a project that has one more folder under ``specs``."""
    folder = tmp_path_factory.mktemp("project")
    return _generated(folder, ROOT / "specs" / NEIGHBOUR, ROOT / "tests" / "data" / "specs" / SIXTH)


@pytest.fixture(scope="module")
def certify(
    tree: Path, start_server: Callable[..., AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Run]:
    """Serves one generated tree and judges it by the register of *tree*."""

    def run(served: Path) -> Run:
        report = tmp_path_factory.mktemp("report")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PYTHONPATH", _environment(served)["PYTHONPATH"])
            with start_server(*KEYS) as url:
                options = ["--api", SIXTH, "--base-url", f"{url}/troubleDesk/v1", "--report", str(report)]
                options += [
                    "--bearer",
                    "key-of-the-user-1",
                    "--admin-header",
                    "Authorization: Bearer key-of-the-admin-1",
                ]
                options += ["--phase", "register", "--phase", "examples", "--event-timeout", str(PATIENCE_SECONDS)]
                done = _python("-m", "tmfkit_conformance.cli", "run", *options, tree=tree, status=None)
        assert done.returncode in (0, 1), done.stderr
        return Run(done.returncode, json.loads((report / "report.json").read_text()))

    return run


@pytest.fixture(scope="module")
def run(certify: Callable[[Path], Run], tree: Path) -> Run:
    return certify(tree)


def test_contracts_that_are_imported_are_those_generated_here(tree: Path) -> None:
    asked = "from tmfkit_models import contracts; print(contracts.__file__, *contracts.apis())"
    said = _python("-c", asked, tree=tree).stdout.split()
    assert said == [str(tree / "tmfkit_models" / "contracts" / "__init__.py"), SIXTH, NEIGHBOUR]


def test_a_further_folder_changes_nothing_of_the_others(tree: Path) -> None:
    data = Path("tmfkit_models", "contracts", f"{NEIGHBOUR}.json")
    assert (tree / data).read_bytes() == (ROOT / "generated" / data).read_bytes()
    for packages in ("tmfkit_models", "tmfkit_sdk"):
        made = sorted((tree / packages / "customer_v4").rglob("*.py"))
        assert made
        for path in made:
            assert path.read_bytes() == (ROOT / "generated" / path.relative_to(tree)).read_bytes(), path


def test_reference_server_is_conformant_to_the_sixth_api(run: Run) -> None:
    assert (run.status, run.report["verdict"]) == (0, "conformant")
    assert run.musts() == {"pass"}


def test_report_covers_every_row_of_the_sixth_register(run: Run) -> None:
    register = yaml.safe_load((ROOT / "tests" / "data" / "specs" / SIXTH / "requirements.yaml").read_text())
    assert list(run.verdicts()) == [row["id"] for row in register["requirements"]]
    # A verdict rests on exchanges, unless nothing outside could settle the row.
    unsettled = {row["id"] for row in register["requirements"] if "reason" in row}
    assert {row["id"] for row in run.report["requirements"] if not row["exchanges"]} == unsettled


def test_the_sdk_of_the_sixth_api_speaks_to_its_server(
    tree: Path, start_server: Callable[..., AbstractContextManager[str]]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", _environment(tree)["PYTHONPATH"])
        with start_server() as url:
            done = _python("-c", PROGRAM, url, tree=tree)
    assert done.stdout.splitlines() == ["Hum UTC q1", "[True] False", "None", "TicketOpenedEvent"]


def test_server_without_one_mandatory_rule_fails_that_row_alone(
    run: Run, certify: Callable[[Path], Run], tmp_path: Path
) -> None:
    lenient = certify(_generated(tmp_path / "lenient", _lenient(tmp_path)))
    assert (lenient.status, lenient.report["verdict"]) == (1, "not-conformant")
    assert lenient.verdicts() == {**run.verdicts(), DROPPED: "fail"}
