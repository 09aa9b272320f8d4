"""The programs of the tutorial: they run against our server on each store, and are short."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))
SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
LIMIT_LINES = 25
GUIDE = Path(__file__).parents[2] / "docs" / "sdk.md"


def program(name: str) -> ModuleType:
    spec = spec_from_file_location(f"program_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", params=["memory", "postgres"])
def server_url(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    """URL of a server that signs its notifications, on each store."""
    databases = request.param == "postgres" and request.getfixturevalue("postgres_databases")
    store = ["--store", databases(), "--workers", "2"] if databases else ["--store", "memory:"]
    with start_server(*store, "--callback-secret", SECRET) as url:
        yield url


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_what_it_says(server_url: str, name: str) -> None:
    main = program(name).main
    main(server_url, SECRET) if name == "listener" else main(server_url)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_short(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text()
    if name != "crud":
        assert len(text.splitlines()) < LIMIT_LINES
        return
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef):
            assert function.end_lineno is not None
            lines = function.end_lineno - function.lineno
            assert lines <= 10, function.name


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_guide_shows_the_program_as_it_is(name: str) -> None:
    shown = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert (FOLDER / f"{name}.py").read_text() in shown
