"""Runs that are told to end: they clean up, report what they saw, and end at once when told so again."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.interruption import ENDING, REPEATED
from tmfkit_models import contracts

API = "tmf629-v4"
CONTRACT = contracts.load(API)
COLLECTION = f"{CONTRACT.base_path}/customer"


class Holding:
    """Serves until some records were made; then it holds creates, or deletes, back until they are let go."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.left = 8
        self.is_held, self.let_go = threading.Event(), threading.Event()

    def __call__(self, call: Call, forward: Forward) -> Answer:
        if call.method == self.method:
            self.left -= 1
            if self.left < 0:
                self.is_held.set()
                self.let_go.wait(PATIENCE_SECONDS)
        return forward(call)


@contextlib.contextmanager
def running(url: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "tmfkit_conformance.cli",
        "run",
        "--api",
        API,
        "--base-url",
        url + CONTRACT.base_path,
    ]
    command += [
        *([] if "--phase" in more else ["--phase", "register"]),
        "--timeout",
        str(PATIENCE_SECONDS),
        "--report",
        str(folder),
        *more,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("parallel", ["1", "4"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: str(number.name))
def test_first_signal_cleans_up_and_reports(
    server_url: str, tmp_path: Path, number: signal.Signals, parallel: str
) -> None:
    before = httpx.get(server_url + COLLECTION).json()
    target = Holding("POST")
    with meddling(server_url, target) as url, running(url, tmp_path, "--parallel", parallel) as process:
        assert target.is_held.wait(PATIENCE_SECONDS)
        process.send_signal(number)
        target.let_go.set()
        assert process.wait(PATIENCE_SECONDS) == 3
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["verdict"] == "incomplete"
    assert report["left_behind"] == []
    assert httpx.get(server_url + COLLECTION).json() == before
    states = [line.split()[0] for line in (tmp_path / "receipt.txt").read_text(encoding="utf-8").splitlines()]
    assert states.count("made") == states.count("deleted") > 0


@pytest.mark.parametrize("phase", ["fuzzing", "stateful"])
def test_signal_in_a_generated_phase_cleans_up_and_reports(server_url: str, tmp_path: Path, phase: str) -> None:
    target = Holding("POST")
    with meddling(server_url, target) as url, running(url, tmp_path, "--phase", phase) as process:
        assert target.is_held.wait(PATIENCE_SECONDS)
        process.send_signal(signal.SIGINT)
        target.let_go.set()
        assert process.wait(PATIENCE_SECONDS) == 3
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["verdict"] == "incomplete"
    assert report["left_behind"] == []


def test_termination_ends_in_time_for_a_report_that_names_what_is_left(server_url: str, tmp_path: Path) -> None:
    target = Holding("DELETE")
    with meddling(server_url, target) as url, running(url, tmp_path) as process:
        assert target.is_held.wait(PATIENCE_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS / 2) == 3  # long before the request that is held back is given up
        target.let_go.set()
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert len(report["left_behind"]) > 0
    for record in httpx.get(server_url + COLLECTION).json():
        httpx.delete(f"{server_url}{COLLECTION}/{record['id']}")


def test_second_interrupt_is_announced_and_the_third_ends_the_run(server_url: str, tmp_path: Path) -> None:
    target = Holding("DELETE")
    with meddling(server_url, target) as url, running(url, tmp_path) as process:
        assert target.is_held.wait(PATIENCE_SECONDS)
        assert process.stderr
        for words in (ENDING, REPEATED):
            process.send_signal(signal.SIGINT)
            # It ends in an empty line if the run ends before it says so.
            assert words in next(line for line in iter(process.stderr.readline, None) if words in line or not line)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 3
        target.let_go.set()
    assert not (tmp_path / "report.json").exists()
    made = [
        line for line in (tmp_path / "receipt.txt").read_text(encoding="utf-8").splitlines() if line.startswith("made")
    ]
    assert made
    for record in httpx.get(server_url + COLLECTION).json():
        httpx.delete(f"{server_url}{COLLECTION}/{record['id']}")
