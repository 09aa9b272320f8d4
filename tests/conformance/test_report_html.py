"""``report.html``."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from library import library, report

from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.report.html import EXCHANGE_LIMIT, html_page

_VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Reads a page: its tags, its visible text by section, whatever points elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.section = ""
        self.texts: dict[str, str] = {}
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.feed(text)
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "section" and "id" in found:
            self.section = found["id"]
        self.scripts += tag == "script"
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[name] for name in ("href", "src", "action", "data", "poster") if name in found]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts[self.section] = " ".join(f"{self.texts.get(self.section, '')} {data}".split())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html_page(report()))


def test_first_page_says_the_verdict_and_what_it_rests_on(page: Page) -> None:
    assert "Not conformant" in page.texts[""]
    assert page.texts["summary"] == (
        "3 musts of the document do not hold for this target, and 1 more could not be checked."
        " What is wrong is listed first, and below it every requirement with its own reason."
        " What the document demands 11 musts"
        " 5 passed 1 passed with a remark 3 failed 1 skipped 0 blocked 0 not applicable 1 not settleable from outside"
        " Of 9 musts that were settled, 1 took a listener, 4 took a control that differs in one thing and succeeds:"
        " requests and assertions on their answers alone could not have told."
        " Only musts decide. Should: 1 does not hold. May: 1 not applicable."
        " Target http://library.example/library/v1 Product not said (--subject) Made by not said (--operator)"
        " Document LIB1 Library API Specification, release 1.0"
        f" Contract library-v1, sha256 {'5f' * 32}"
        " Kit tmfkit 0.1.0"
        " Run 5 exchanges, 1 notification, 1.2 s; phases: register, fuzzing"
        f" Evidence bundle.zip, sha256 {report().bundle.sha256}"
        " To verify tmfkit-conformance verify FOLDER judges the recorded exchanges again,"
        " without the target, makes every file of the folder anew and compares."
        " Causes Musts that failed Recommendations Remarks Generated requests All requirements Errata Self-test"
    )


def test_failure_shows_words_source_remark_exchange_and_curl_line(page: Page) -> None:
    failures = f"{page.texts['failures']} {page.texts['causes']}"
    for part in (
        "LIB1-POST-002",
        "A create needs title.",
        "A create without title was answered 201",
        "LIB1 Library API Specification, release 1.0: Create a book, mandatory attributes (line 44 of our text of it)",
        "#2 POST http://library.example/library/v1/book → 201",
        "Authorization: (not recorded)",
        "curl -i -X POST http://library.example/library/v1/book",
        "ReadTimeout: timed out",
        '{ "eventType": "BookCreated",',
    ):
        assert part in failures


def test_page_needs_no_network(page: Page) -> None:
    assert [address for address in page.addresses if not address.startswith("#")] == ["data:,"]
    assert "@import" not in html_page(report())
    assert "url(" not in html_page(report())


def test_links_inside_the_page_lead_somewhere(page: Page) -> None:
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_what_the_target_sent_is_shown_and_not_obeyed(page: Page) -> None:
    assert page.scripts == 1, "the filter's own"
    assert r"Answered with <script>alert('x')</script> \x1b[31m \x00 \ud800 \u202e &amp; ]]>" in page.texts["failures"]
    html_page(report()).encode()


def test_page_holds_no_character_that_html_forbids() -> None:
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", html_page(report())) is None


def test_long_body_is_cut_with_a_note(page: Page) -> None:
    assert "characters; the whole is in bundle.zip, exchange 3" in page.texts["causes"]


def test_exchange_that_two_failures_share_is_shown_once(page: Page) -> None:
    assert page.ids.count("exchange-1") == 1
    assert "exchange #1 under cause 4" in page.texts["unmet"]


def test_causes_say_how_many_rows_whose_problem_and_what_to_do(page: Page) -> None:
    causes = page.texts["causes"]
    assert causes.startswith("Causes 5 causes, 5 rows What one thing brought about stands together")
    assert "1 row, 1 must The target's problem 2. A body without a mandatory attribute is answered 201" in causes
    lacking = "A matter of configuration 5. The kit lacked a credential of an administrator (--admin-header)"
    assert f"{lacking} Configure what it names; the command init writes a file" in causes


def test_cause_that_broke_the_target_down_stands_first_and_shows_the_request_before(page: Page) -> None:
    first = page.texts["causes"].partition("2. A body")[0]
    assert "the target broke down 1. POST /book got no answer (ReadTimeout: timed out)" in first
    assert "Look into the target's own log for exchange 5; exchange 4 came before it." in first
    assert first.index("#4 PATCH") < first.index("#5 POST http://library.example/library/v1/hub")


def test_first_contact_is_told_on_the_first_page() -> None:
    texts = Page(html_page(report(contact=["The list is consistent after 280 ms."]))).texts
    assert "The list is consistent after 280 ms." in texts["summary"]


def test_generated_phases_show_findings_and_what_was_never_exercised(page: Page) -> None:
    assert "A filter with %00 was answered 500 no requirement says so: a remark · exchange 3" in page.texts["generated"]
    assert "createBook 0/40 never answered with success, so not exercised" in page.texts["generated"]


def test_may_that_does_not_hold_is_not_offered_and_no_recommendation() -> None:
    texts = Page(html_page(report({"LIB1-GET-003": Outcome.FAIL}))).texts
    assert texts["not-offered"].startswith("Options that are not offered 1 Mays of the document")
    assert "not offered LIB1-GET-003" in texts["not-offered"]
    assert "LIB1-GET-003" not in texts["unmet"]


def test_errata_and_dialect_are_shown(page: Page) -> None:
    assert "book: pages under the name pageCount" in page.texts["errata"]
    assert "Ours A number: the table defines the attribute. Also taken Text in an answer" in page.texts["errata"]


def test_what_is_left_at_the_target_is_named() -> None:
    texts = Page(html_page(report(left_behind=["http://library.example/library/v1/book/<7>"]))).texts
    assert texts["left-behind"].startswith("Left behind 1 The kit made these at the target and could not delete them;")
    assert texts["left-behind"].endswith("http://library.example/library/v1/book/<7>")


def test_self_test_is_shown_where_it_is_known(page: Page) -> None:
    assert "1 of 1 caught" in page.texts["selftest"]
    assert "selftest" not in Page(html_page(report(self_test=()))).texts


def test_every_requirement_is_in_the_list_once(page: Page) -> None:
    listed = re.findall(r"LIB1-[A-Z]+-\d{3}", page.texts["requirements"])
    assert sorted(listed) == sorted(line.requirement.id for line in report().lines)


def test_conformant_run_has_no_empty_sections() -> None:
    quiet = Page(html_page(report({"*": Outcome.PASS})))
    assert not {"failures", "errors", "skipped", "unmet", "remarks", "left-behind"} & set(quiet.texts)
    assert "Conformant" in quiet.texts[""]


def test_error_of_the_kit_is_said_first() -> None:
    summary = Page(html_page(report({"LIB1-GET-001": Outcome.ERROR}))).texts["summary"]
    assert summary.startswith("The kit itself failed in 1 check, so this verdict is worth nothing yet.")


def test_only_the_last_exchanges_are_shown_under_a_requirement() -> None:
    made = report()
    many = tuple(
        made.bundle.exchanges[0].__class__(**{**made.bundle.exchanges[0].__dict__, "sequence": number})
        for number in range(1, 21)
    )
    verdicts = (
        Verdict("LIB1-POST-001", Outcome.FAIL, "Answered 500", tuple(range(1, 21))),
        *made.judgement.verdicts[1:],
    )
    crowded = type(made).of(
        type(made.bundle)(made.bundle.run, made.bundle.probes, many, ()), type(made.judgement)(verdicts), made.contract
    )
    shown = Page(html_page(crowded))
    assert [f"exchange-{number}" in shown.ids for number in (20, 21 - EXCHANGE_LIMIT, 20 - EXCHANGE_LIMIT)] == [
        True,
        True,
        False,
    ]
    assert "14 earlier exchanges in bundle.zip" in shown.texts["failures"]


def test_every_requirement_has_an_anchor_of_its_own_and_leads_to_it() -> None:
    text = html_page(report())
    for row in library().requirements:
        assert text.count(f'id="row-{row.id}"') == 1
        assert f'href="#row-{row.id}"' in text


def test_many_failures_are_folded_and_few_are_open() -> None:
    few, many = (html_page(report(changed)) for changed in ({}, {"*": Outcome.FAIL}))
    assert few.count('id="LIB1-POST-002" open>') == 1
    assert many.count('id="LIB1-POST-002">') == 1
