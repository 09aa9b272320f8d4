"""Runs openapi-python-client in a process of its own: ``python -m tmfkit_codegen.client_process DOCUMENT OUTPUT``.

A process of its own because one internal of the pinned version is replaced here (`_spelled`), and so that several APIs
are made at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import openapi_python_client as opc
from attrs import evolve
from openapi_python_client import strings
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.bodies import Body
from openapi_python_client.parser.properties import Property

TEMPLATES = Path(__file__).parent / "templates"
_SETTINGS = ConfigFile(
    docstrings_on_attributes=True,
    literal_enums=True,
    use_path_prefixes_for_title_model_names=False,
    post_hooks=[],  # the whole tree is formatted at once, at the end
)
_sanitize = strings.sanitize


def _spelled(value: str) -> str:
    """Return a name fit for an identifier; ``@type`` and ``type`` are two attributes, so the sign becomes a word."""
    return _sanitize("at_" + value[1:] if value.startswith("@") else value)


def _leniently(prop: Property) -> Property:
    """Return *prop* as something that may be missing."""
    return evolve(prop, required=False)


def _one_per_type(bodies: list[Body]) -> list[Body]:
    """Return the first body of each Python type."""
    return list({body.prop.get_type_string().as_unembedded_code(): body for body in reversed(bodies)}.values())[::-1]


def generate(document: Path, output: Path) -> list[str]:
    """Generate the package of one API.

    Args:
        document: The contract, as JSON without extensions.
        output: Folder of the package, made here.

    Returns:
        What the generator complained of, warnings included: it drops what it warns of.
    """
    strings.sanitize = _spelled
    opc.TEMPLATE_FILTERS.update(leniently=_leniently, one_per_type=_one_per_type)
    config = Config.from_sources(_SETTINGS, MetaType.NONE, document, "utf-8", overwrite=True, output_path=output)
    complaints = opc.generate(config=config, custom_template_path=TEMPLATES)
    return [f"{complaint.header}: {complaint.detail}" for complaint in complaints]


if __name__ == "__main__":
    found = generate(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.exit("\n".join(found) or None)
