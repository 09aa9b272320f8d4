"""Hold the SDK's types against two checkers: right calls are accepted, each wrong one is refused on its line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "data" / "sdk"
COMMANDS = {
    "mypy": ["-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "right.py", "wrong.py"],
    "pyright": ["-m", "pyright", f"--pythonpath={sys.executable}", "right.py", "wrong.py"],
}
_ERROR = re.compile(r"(right|wrong)\.py:(\d+):.*error", re.MULTILINE)


def refused(checker: str) -> set[tuple[str, int]]:
    """Return file and line of what *checker* refuses."""
    generated = str(ROOT / "generated")
    path = os.pathsep.join(filter(None, (generated, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "MYPYPATH": generated}
    done = subprocess.run(
        [sys.executable, *COMMANDS[checker]], cwd=CASES, env=environment, capture_output=True, text=True, check=False
    )
    found = {(name, int(line)) for name, line in _ERROR.findall(done.stdout)}
    if done.returncode not in (0, 1) or not found:
        sys.exit(f"{checker} did not run: {done.stdout}{done.stderr}")
    return found


def wanted() -> set[tuple[str, int]]:
    """Return file and line of what is marked as wrong."""
    lines = (CASES / "wrong.py").read_text(encoding="utf-8").splitlines()
    return {("wrong", number) for number, line in enumerate(lines, 1) if "# wrong: " in line}


def main() -> int:
    """Compare; print what differs."""
    marked, status = wanted(), 0
    for checker in COMMANDS:
        found = refused(checker)
        for name, line in sorted(marked ^ found):
            verb = "accepts" if (name, line) in marked else "refuses"
            print(f"{checker} {verb} {CASES.relative_to(ROOT)}/{name}.py:{line}")
            status = 1
    print(f"{len(marked)} wrong calls, {len(COMMANDS)} checkers")
    return status


if __name__ == "__main__":
    sys.exit(main())
