"""What the SDK needs, how large it is, and what is said where something is missing."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tmfkit_models import contracts

ROOT = Path(__file__).parents[2]
SDK = ROOT / "generated" / "tmfkit_sdk"
PACKAGES = sorted(contracts.load(api).package for api in contracts.apis())
# httpx 0.28 and what it needs.
NEEDED = {"httpx", "httpcore", "anyio", "certifi", "h11", "idna", "sniffio", "typing_extensions"}

REFUSE = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""


def run(code: str, missing: set[str]) -> subprocess.CompletedProcess[str]:
    """Run *code* in an interpreter in which modules are missing."""
    return subprocess.run(
        [sys.executable, "-c", REFUSE.format(missing=missing) + code], capture_output=True, text=True, check=False
    )


def test_all_clients_need_httpx_and_nothing_else() -> None:
    code = "".join(f"import tmfkit_sdk.{package}\n" for package in PACKAGES) + (
        "import tmfkit_sdk.auth, tmfkit_sdk.errors, tmfkit_sdk.events, tmfkit_sdk.objects\n"
        "print(*sorted({name.partition('.')[0] for name, module in sys.modules.items()"
        " if 'site-packages' in (getattr(module, '__file__', None) or '')}))"
    )
    done = run(code, {"attr", "attrs", "pydantic", "dateutil", "click", "orjson"})
    assert done.stderr == ""
    # What begins with an underscore is loaded by the environment before any import.
    assert {name for name in done.stdout.split() if not name.startswith("_")} <= NEEDED
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["httpx"]


def test_the_sources_are_400_kb_at_most() -> None:
    assert sum(path.stat().st_size for path in SDK.rglob("*.py")) <= 400_000


def test_no_api_imports_another() -> None:
    for package in PACKAGES:
        code = f"import sys, tmfkit_sdk.{package}\nprint(*(name for name in sys.modules if name.startswith('tmfkit')))"
        loaded = run(code, set()).stdout.split()
        others = [f"tmfkit_sdk.{other}" for other in PACKAGES if other != package]
        assert f"tmfkit_sdk.{package}" in loaded
        assert not [name for name in loaded if name.startswith((*others, "tmfkit_models", "tmfkit_codegen"))]


def test_models_without_pydantic_say_what_to_install() -> None:
    done = run("import tmfkit_models.customer_v4", {"pydantic"})
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: The models need pydantic: pip install 'tmfkit[server]'"


@pytest.mark.parametrize(
    ("command", "package", "status"),
    [("server", "server", 2), ("conformance", "conformance", 3), ("codegen", "codegen", 2)],
)
def test_a_command_without_its_extra_says_which_to_install(command: str, package: str, status: int) -> None:
    done = run(f"from tmfkit_{package}.entry import main; main()", {"click"})
    said = f"tmfkit-{command}: click is not installed. Install the extra: pip install 'tmfkit[{command}]'\n"
    assert (done.returncode, done.stderr) == (status, said)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts[f"tmfkit-{command}"] == f"tmfkit_{package}.entry:main"


@pytest.mark.parametrize("module", ["", "auth", "errors", "events", "objects", *PACKAGES])
def test_what_a_door_offers_is_there_and_sorted(module: str) -> None:
    found = importlib.import_module(f"tmfkit_sdk.{module}".rstrip("."))
    assert set(found.__all__) <= vars(found).keys()
    assert sorted(found.__all__) == sorted(set(found.__all__))
    assert (SDK / "py.typed").read_bytes() == b""
