"""The folder that a run's files are written to."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.report.junit import junit_xml
from tmfkit_conformance.report.model import Report

__all__ = ["ReportFolder"]


class ReportFolder:
    """A folder that reports can be written to; made when it is not there.

    Whether it can be written to is found out at once, so that no run is made whose outcome would be lost.

    Args:
        path: The folder.

    Raises:
        UsageError: It cannot be made or written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as exc:
            raise UsageError(
                str(path),
                f"reports cannot be written there ({exc.strerror or exc})",
                "Give a folder of your own with --report",
            ) from exc

    def write(self, report: Report) -> tuple[Path, ...]:
        """Write ``report.html``, ``report.json``, ``junit.xml`` and ``bundle.zip``; return their paths.

        Raises:
            UsageError: One of them cannot be written.
        """
        texts = {
            "report.html": html_page(report).encode(),
            "report.json": json.dumps(report.to_json(), indent=2).encode() + b"\n",
            "junit.xml": junit_xml(report),
        }
        bundle = self.path / "bundle.zip"
        try:
            report.bundle.write(bundle)  # the evidence first: the others can be made from it
            for name, content in texts.items():
                (self.path / name).write_bytes(content)
        except OSError as exc:
            raise UsageError(
                str(self.path),
                f"the reports could not be written ({exc.strerror or exc})",
                "Make room, or give another folder",
            ) from exc
        return (*(self.path / name for name in texts), bundle)
