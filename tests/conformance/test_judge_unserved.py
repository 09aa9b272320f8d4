"""A target that serves nothing: said first, with what to look at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from library import BASE, exchange, library, report

from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.unserved import unserved
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import ProbeRecord
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.report.wording import diagnosis


def answered(*statuses: int) -> Bundle:
    exchanges = tuple(exchange(number, "POST", "/book", status) for number, status in enumerate(statuses, 1))
    return replace(report().bundle, exchanges=exchanges, notifications=())


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        pytest.param((404, 405, 404), "404 ×2, 405 ×1. Check --base-url.", id="address"),
        pytest.param((401, 403), "401 ×1, 403 ×1. Check the credentials (--bearer, --header).", id="credentials"),
        pytest.param((401, 404), "401 ×1, 404 ×1. Check --base-url and the credentials (--bearer, --header).", id="both"),
        pytest.param((0, 302), "no answer ×1, 302 ×1. Check --base-url.", id="silence"),
    ],
)  # fmt: skip
def test_diagnosis_says_how_everything_was_answered_and_what_to_check(statuses: tuple[int, ...], said: str) -> None:
    found = unserved(answered(*statuses))
    assert found is not None
    assert diagnosis(found) == f"Nothing below {BASE} was answered with success: {said}"


@pytest.mark.parametrize("statuses", [(), (404, 200)], ids=["nothing-sent", "one-served"])
def test_there_is_no_diagnosis_otherwise(statuses: tuple[int, ...]) -> None:
    assert unserved(answered(*statuses)) is None


def test_success_of_a_hub_elsewhere_does_not_count() -> None:
    bundle = answered(404, 201)
    elsewhere = replace(bundle.exchanges[1], request=replace(bundle.exchanges[1].request, url="http://hub.example/hub"))
    assert unserved(replace(bundle, exchanges=(bundle.exchanges[0], elsewhere))) is not None


@pytest.mark.parametrize("status", [401, 403])
def test_run_in_which_credentials_lacked_is_incomplete_and_says_so_first(status: int) -> None:
    cases = [case for case in plan(library()) if case.probe]
    steps = ("create", "register", "control", "list", "read", "call", "patch", "delete")
    exchanges = [
        exchange(number, "POST", "/book", status, probe=case.probe.key, step=step)
        for number, (case, step) in enumerate(
            ((case, step) for case in cases for step in {*steps, str(case.step or "")}), 1
        )
        if case.probe
    ]
    records = tuple({case.probe.key: ProbeRecord(case.probe.key) for case in cases if case.probe}.values())
    bundle = replace(report(phases=["register"]).bundle, probes=records, exchanges=tuple(exchanges), notifications=())
    made = Report.of(bundle, judge(bundle, library()), library())
    assert (made.verdict, made.to_json()["unserved"]) == ("incomplete", {status: len(exchanges)})
    summary = html_page(made).split('<section id="summary">')[1]
    assert summary.lstrip().startswith(f'<p class="meaning">Nothing below {BASE} was answered with success: {status} ×')
