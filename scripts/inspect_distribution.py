"""Look inside a built sdist and wheel: everything that has to be in them is, and nothing else."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

PACKAGES = ("tmfkit_codegen", "tmfkit_models", "tmfkit_sdk", "tmfkit_server", "tmfkit_conformance")
IN_WHEEL = (
    *(f"{package}/py.typed" for package in PACKAGES),
    "tmfkit_models/contracts/tmf629-v4.json",
    "tmfkit_server/storage/postgres/migrations/0001_records.sql",
    "tmfkit_conformance/report/templates/report.html.j2",
)
IN_SDIST = ("pyproject.toml", "LICENSE", "README.md", "noxfile.py", "specs/README.md", "tests/conftest.py")


def problems(folder: Path) -> list[str]:
    """Return what is wrong with the distributions in *folder*."""
    wheel, sdist = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    inside = set(zipfile.ZipFile(wheel).namelist())
    found = [f"{wheel.name} lacks {name}" for name in IN_WHEEL if name not in inside]
    tops = {name.split("/")[0] for name in inside}
    known = (*PACKAGES, next(top for top in tops if top.endswith(".dist-info")))
    found += [f"{wheel.name} has {top}" for top in sorted(tops) if top not in known]
    found += [f"{wheel.name} has {name}" for name in sorted(inside) if name.endswith((".pyc", ".env"))]
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    return found + [f"{sdist.name} lacks {name}" for name in IN_SDIST if name not in names]


if __name__ == "__main__":
    faults = problems(Path(sys.argv[1]))
    print(*(faults or ["The distributions hold what they have to."]), sep="\n")
    sys.exit(1 if faults else 0)
