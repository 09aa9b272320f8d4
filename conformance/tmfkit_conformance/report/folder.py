"""The folder that a run's files are written to, and the files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.report.junit import junit_xml
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.report.summary import summary_markdown

__all__ = [
    "ATTESTATION",
    "BUNDLE",
    "FILES",
    "RECEIPT",
    "RENDERED",
    "STATEMENT",
    "ReportFolder",
    "rendered",
    "write_statement",
]

BUNDLE: Final = "bundle.zip"
RECEIPT: Final = "receipt.txt"

RENDERED: Final = ("report.html", "report.json", "junit.xml", "summary.md")
"""Files that are made from the bundle."""

STATEMENT: Final = ("statement.html", "statement.md", "statement.json", "badge.svg")
"""Files of the statement of conformance, made after the run."""

FILES: Final = (*RENDERED, BUNDLE, RECEIPT, *STATEMENT)
"""All files of a report but the signature over them."""

ATTESTATION: Final = "attestation.json"
"""The signature over all other files."""


def rendered(report: Report) -> dict[str, bytes]:
    """Return the files that are made from a bundle: the same bundle always gives the same bytes."""
    contents = (
        html_page(report).encode(),
        json.dumps(report.to_json(), indent=2).encode() + b"\n",
        junit_xml(report),
        summary_markdown(report).encode(),
    )
    return dict(zip(RENDERED, contents, strict=True))


def write_statement(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write the files of a statement beside the report; return their paths.

    Raises:
        UsageError: One of them cannot be written.
    """
    written = {folder / name: content for name, content in contents.items()}
    try:
        for path, content in written.items():
            path.write_bytes(content)
    except OSError as exc:
        raise UsageError(str(folder), f"cannot be written to ({exc.strerror or exc})", "Make room") from exc
    return tuple(written)


class ReportFolder:
    """A folder that reports can be written to; made when it is not there.

    Whether it can be written to is found out at once, so that no run is made whose outcome would be lost. The files of
    an earlier run are deleted at once as well: were this one broken off, they would pass for its outcome.

    Args:
        path: The folder.

    Raises:
        UsageError: It cannot be made or written to, or a file of an earlier run cannot be deleted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
            for name in (*FILES, ATTESTATION):
                (path / name).unlink(missing_ok=True)
        except OSError as exc:
            raise UsageError(
                str(path),
                f"reports cannot be written there ({exc.strerror or exc})",
                "Give a folder of your own with --report",
            ) from exc

    @property
    def receipt(self) -> Path:
        """The file that a run writes its receipt to as it goes."""
        return self.path / RECEIPT

    def write(self, report: Report) -> tuple[Path, ...]:
        """Write the files that are made from the bundle, and ``bundle.zip``; return their paths.

        Raises:
            UsageError: One of them cannot be written.
        """
        contents = {**rendered(report), BUNDLE: report.bundle.content}
        written = {self.path / name: content for name, content in contents.items()}
        try:
            for path, content in reversed(written.items()):  # the evidence first: the others can be made from it
                path.write_bytes(content)
        except OSError as exc:
            raise UsageError(
                str(self.path),
                f"the reports could not be written ({exc.strerror or exc})",
                "Make room, or give another folder",
            ) from exc
        return tuple(written)
