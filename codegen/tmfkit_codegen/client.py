"""The SDK: one package an API, by openapi-python-client, over a runtime that all of them share."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tmfkit_codegen import facade
from tmfkit_codegen.errors import GeneratorDefect
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.prepared import for_client

__all__ = ["package"]


def package(api: Api) -> dict[str, str]:
    """Return the sources of the SDK's package for *api*, by path inside the package.

    Raises:
        GeneratorDefect: The generator failed or warned; it drops what it warns of.
    """
    with TemporaryDirectory() as folder:
        document, plan, output = Path(folder, "openapi.json"), Path(folder, "plan.json"), Path(folder, api.package)
        document.write_text(json.dumps(for_client(api.contract.data)))
        plan.write_text(json.dumps(asdict(facade.plan(api))))
        command = [sys.executable, "-m", "tmfkit_codegen.client_process", str(document), str(plan), str(output)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter and module
        if done.returncode:
            raise GeneratorDefect(api.contract.contract.file, [f"openapi-python-client: {done.stderr.strip()}"])
        return {path.relative_to(output).as_posix(): path.read_text() for path in sorted(output.rglob("*.py"))}
