"""A run of the kit that drives some rows only: ``python -m … API CONFIG REPORT ROW …``.

``run`` has no such option, because a verdict on some rows is no verdict.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from tmfkit_conformance.errors import KitError
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings, read_config
from tmfkit_models import contracts


def main(api: str, config: str, report: str, *rows: str) -> int:
    """Drive the rows and write a report with the verdicts on them; return the exit status."""
    contract = contracts.load(api)
    try:
        settings = Settings(api, **read_config(Path(config)))
        bundle = drive(contract, settings, only=rows)
    except KitError as exc:
        sys.stderr.write(f"Error: {exc}\n")
        return exc.exit_status
    judged = {verdict.requirement: verdict for verdict in judge(bundle, contract).verdicts}
    levels = {row.id: row.level for row in contract.requirements}
    document = {
        "requirements": [{**judged[row].to_json(), "level": levels[row]} for row in rows],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    Path(report, "report.json").write_text(json.dumps(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
