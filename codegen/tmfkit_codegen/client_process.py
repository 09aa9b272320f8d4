"""Runs openapi-python-client in a process of its own: ``python -m tmfkit_codegen.client_process DOCUMENT PLAN OUTPUT``.

It reads the contract, complains of what it does not understand, and renders our templates. What it cannot see of a
contract stands in the plan. A process of its own because one internal of the pinned version is replaced here
(`_spelled`), and so that several APIs are made at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import openapi_python_client as opc
from openapi_python_client import strings
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError

TEMPLATES = Path(__file__).parent / "templates"
MODULES = {"__init__": "package_init", "objects": "objects", "resources": "resources", "events": "events"}
"""Module of the package → template that it is made from."""
_SETTINGS = ConfigFile(literal_enums=True, use_path_prefixes_for_title_model_names=False)
_sanitize = strings.sanitize


def _spelled(value: str) -> str:
    """Return a name fit for an identifier; ``@type`` and ``type`` are two attributes, so the sign becomes a word."""
    return _sanitize("at_" + value[1:] if value.startswith("@") else value)


def generate(document: Path, plan: Path, output: Path) -> list[str]:
    """Generate the package of one API.

    Args:
        document: The contract, as JSON without extensions.
        plan: The plan of the package, as JSON.
        output: Folder of the package, made here.

    Returns:
        What the generator complained of, warnings included.
    """
    strings.sanitize = _spelled
    opc.TEMPLATE_FILTERS["quoted"] = json.dumps
    config = Config.from_sources(_SETTINGS, MetaType.NONE, document, "utf-8", overwrite=True, output_path=output)
    project = opc._get_project_for_url_or_path(config, TEMPLATES)  # noqa: SLF001 - the pinned version; its `build` writes modules that we do not have
    if isinstance(project, GeneratorError):
        return [_said(project)]
    planned = json.loads(plan.read_text(), object_hook=lambda found: SimpleNamespace(**found))
    complaints = [_said(each) for each in project._get_errors()]  # noqa: SLF001 - as above
    output.mkdir()
    for module, template in MODULES.items():
        text = project.env.get_template(f"{template}.py.jinja").render(plan=planned)
        (output / f"{module}.py").write_text(text)
    return complaints


def _said(complaint: GeneratorError) -> str:
    return f"{complaint.header}: {complaint.detail}"


if __name__ == "__main__":
    found = generate(*map(Path, sys.argv[1:]))
    sys.exit("\n".join(found) or None)
