"""The models: one module of pydantic classes an API, by datamodel-code-generator."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tmfkit_codegen.errors import GeneratorDefect
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.prepared import for_models

__all__ = ["module"]

_ALIASES = {
    "@type": "at_type",
    "@baseType": "at_base_type",
    "@schemaLocation": "at_schema_location",
    "@referredType": "at_referred_type",
}
"""Names that Python cannot spell; the SDK spells them the same way."""

_OPTIONS = (
    "--input-file-type=openapi",
    "--openapi-scopes=schemas",
    "--ignore-pyproject",
    "--strict-refs",
    "--no-allow-remote-refs",
    "--disable-timestamp",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--target-pydantic-version=2.14",
    "--base-class=tmfkit_models.types.TmfModel",
    "--use-missing-sentinel",  # absent, null and a value are three things
    "--strict-nullable",
    *("--strict-types", "str", "int", "float", "bool"),
    "--use-annotated",
    "--snake-case-field",
    "--use-schema-description",
    "--use-field-description",
    "--use-single-line-docstring",
    "--collapse-root-models",
    "--use-standard-collections",
    "--use-union-operator",
    "--enum-field-as-literal=all",
    "--type-mappings=uri=string",
    "--use-double-quotes",
    "--formatters=builtin",
)
_CONSTRAINED = {"conint": "int", "constr": "str", "confloat": "float"}


def module(api: Api) -> str:
    """Return the source of the models of *api*.

    Raises:
        GeneratorDefect: The generator failed or warned; it drops what it warns of.
    """
    with TemporaryDirectory() as folder:
        document, aliases, output = (Path(folder, name) for name in ("openapi.json", "aliases.json", "models.py"))
        document.write_text(json.dumps(for_models(api.contract.data)))
        aliases.write_text(json.dumps(_ALIASES))
        command = [
            sys.executable,
            "-m",
            "datamodel_code_generator",
            f"--input={document}",
            f"--output={output}",
            f"--aliases={aliases}",
        ]
        # No file name in what is generated: the folder has another one in every run.
        command += [
            *_OPTIONS,
            f'--custom-file-header="""{api.contract.data["info"]["title"]}: the objects of the contract."""',
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter and options
        if done.returncode or done.stderr.strip():
            raise GeneratorDefect(api.contract.contract.file, [f"datamodel-code-generator: {done.stderr.strip()}"])
        return _with_base_first(_without_calls(output.read_text()))


def _without_calls(source: str) -> str:
    """Write ``conint(ge=0)`` as ``Annotated[int, Field(ge=0)]``: a type checker takes no call for a type.

    The generator does so by itself, except inside a union.
    """
    text = source
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _CONSTRAINED:
                call = ast.get_source_segment(source, node) or ""
                text = text.replace(call, f"Annotated[{_CONSTRAINED[name]}, Field{call.removeprefix(name)}]")
    return text


def _with_base_first(source: str) -> str:
    """Import our own types before pydantic: they say what to install when it is missing."""
    start = source.index("from tmfkit_models.types import")
    line = source[start : source.index("\n", start) + 1]
    future = "from __future__ import annotations\n"
    return source.replace(line, "").replace(future, f"{future}\n{line}\n# isort: split\n", 1)
