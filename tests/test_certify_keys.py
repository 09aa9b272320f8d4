"""Where ``scripts/certify.py`` puts the keys that it makes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tmfkit_models import contracts

SCRIPT = Path(__file__).parents[1] / "scripts" / "certify.py"


def test_keys_are_on_no_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("certify", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    commands, given = [], {}

    class Server:
        """Says where it listens, and ends when it is told to."""

        def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
            commands.append(command)
            given["server"] = env["TMFKIT_API_KEYS"]
            self.stdout = (tmp_path / "said").open(encoding="utf-8")

        def terminate(self) -> None:
            self.stdout.close()

        def wait(self, timeout: float) -> None:
            """Have ended."""

    def kit(command: list[str], *, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        config = Path(command[command.index("--config") + 1])
        given["kit"] = env["TMFKIT_BEARER"]
        given["mode"] = oct(config.stat().st_mode & 0o777)
        given["config"] = json.loads(config.read_bytes())
        return subprocess.CompletedProcess(command, 0)

    (tmp_path / "said").write_text("listening on http://127.0.0.1:1\n", encoding="utf-8")
    monkeypatch.setattr(script.subprocess, "Popen", Server)
    monkeypatch.setattr(script.subprocess, "run", kit)
    with script.access("keys") as keys, script.reference_server("memory:", 1, keys) as address:
        assert script.certify(contracts.apis()[0], address, keys, tmp_path, []) == 0
    assert not [part for command in commands for part in command if keys.user in part or keys.admin in part]
    assert given == {
        "server": f"user:{keys.user} admin:{keys.admin}",
        "kit": keys.user,
        "mode": "0o600",
        "config": {"admin_headers": {"Authorization": f"Bearer {keys.admin}"}},
    }
