"""When a value that came back is the value that was sent, and under which other names and forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfkit_conformance.judge.compare import instant, is_kept, is_same
from tmfkit_conformance.judge.round_trip import kept, schema_at, spelt
from tmfkit_models import contracts

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
NOON = datetime(2020, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2020-05-01T12:00:00Z", NOON),
        ("2020-05-01T12:00Z", NOON),
        ("2020-05-01t12:00:00.000z", NOON),
        ("2020-05-01T20:00:00+0800", NOON),
        ("2020-05-01T20:00:00+08:00", NOON),
        ("2020-05-01T20:00:00+08", NOON),
        ("2020-05-01T06:30-05:30", NOON),
        ("2020-05-01T12:00:00", NOON),
        (" 2020-05-01 12:00:00 Z ", NOON),
        ("2020-05-01T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2020-05-01", None),
        ("2020-13-01T12:00:00Z", None),
        ("0000-05-01T12:00:00Z", None),
        ("2020-05-01T12:00:00+99:00", None),
        ("soon", None),
        ("", None),
        (1588334400, None),
        (None, None),
        ({}, None),
    ],
)
def test_instant_reads_the_forms_of_the_documents(text: Any, means: datetime | None) -> None:
    assert instant(text) == means


@pytest.mark.parametrize(
    ("sent", "got", "is_it"),
    [
        pytest.param(1, 1.0, True, id="number-forms"),
        pytest.param(1.50, 1.5, True, id="trailing-zero"),
        pytest.param(1, True, False, id="one-is-not-true"),
        pytest.param(0, False, False, id="zero-is-not-false"),
        pytest.param(1, "1", False, id="text-is-no-number"),
        pytest.param("a", "A", False, id="letter-case"),
        pytest.param("2020-05-01T20:00:00+0800", "2020-05-01T12:00:00Z", True, id="same-instant"),
        pytest.param("2020-05-01T12:00:00", "2020-05-01T12:00:00Z", True, id="no-offset-is-utc"),
        pytest.param("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", False, id="ends-of-time"),
        pytest.param("2020-05-01", "2020-05-01T00:00:00Z", False, id="day-is-no-instant"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, True, id="further-members"),
        pytest.param({"a": None}, {}, True, id="null-is-absent"),
        pytest.param({"a": 1}, {"a": None}, False, id="lost"),
        pytest.param({"a": 1}, [{"a": 1}], False, id="wrapped"),
        pytest.param([1, 2], [2, 1], False, id="other-order"),
        pytest.param([], [1], False, id="longer"),
        pytest.param([], None, False, id="empty-list-is-something"),
        pytest.param("", None, False, id="empty-text-is-something"),
    ],
)
def test_value_is_kept(sent: Any, got: Any, *, is_it: bool) -> None:
    assert is_kept(sent, got) is is_it


@given(JSON_VALUES)
def test_every_value_is_kept_by_itself(value: Any) -> None:
    assert is_kept(value, value)


@given(JSON_VALUES, JSON_VALUES)
def test_comparing_never_breaks(one: Any, other: Any) -> None:
    assert is_kept(one, other) in (True, False)
    assert is_same({"a": one}, {"a": other}) is is_same({"a": other}, {"a": one})


@pytest.mark.parametrize(
    ("before", "after", "apart_from", "is_it"),
    [
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, (), True),
        ({"a": 1}, {"a": 1, "b": 2}, (), False),
        ({"a": 1}, {"a": 1, "b": 2}, ("b",), True),
        ({"a": {"b": 1, "c": [{"b": 1}]}}, {"a": {"b": 2, "c": [{}]}}, ("b",), True),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 2}}, ("b",), False),
        ({"a": 1, "b": None}, {"a": 1}, (), True),
        ([], [], (), False),
        ({}, None, (), False),
    ],
)
def test_resources_are_the_same(before: Any, after: Any, apart_from: tuple[str, ...], *, is_it: bool) -> None:
    assert is_same(before, after, apart_from=apart_from) is is_it


CHANGE, CUSTOMER, MESSAGE = (contracts.load(api) for api in ("tmf655-v1", "tmf629-v1", "tmf681-v1"))
ITEM = {"id": "1"}


@pytest.mark.parametrize(
    ("contract", "component", "pointer", "sent", "got", "words"),
    [
        pytest.param(CUSTOMER, "Customer", "/name", "a", "a", [], id="as-sent"),
        pytest.param(CUSTOMER, "Customer", "/name", "a", ["a"], None, id="no-erratum-on-lists"),
        pytest.param(CUSTOMER, "Customer", "/relatedParty", ITEM, [ITEM],
                     ["in a form that is tolerated by TMF629V1-E09"], id="list-of-one"),
        pytest.param(CUSTOMER, "Customer", "/relatedParty", ITEM, [], None, id="list-of-none"),
        pytest.param(CHANGE, "ChangeRequest", "/note", [ITEM], ITEM,
                     ["in a form that is tolerated by TMF655-E15"], id="object-for-a-list-of-one"),
        pytest.param(CHANGE, "ChangeRequest", "/note", [ITEM, ITEM], ITEM, None, id="object-for-a-list-of-two"),
        pytest.param(CHANGE, "ChangeRequest", "", {"plannedEndTime": "x"}, {"planedEndTime": "x"},
                     ["with plannedEndTime under the name planedEndTime"], id="other-name"),
        pytest.param(CHANGE, "ChangeRequest", "", {"planedEndTime": "x"}, {"plannedEndTime": "x"},
                     ["with planedEndTime under the name plannedEndTime"], id="own-name-for-the-other"),
        pytest.param(CHANGE, "ChangeRequest", "/workLog", {"creatDateTime": "x"}, {"createDateTime": "x"},
                     ["with creatDateTime under the name createDateTime"], id="other-name-of-a-member"),
        pytest.param(MESSAGE, "CommunicationMessage", "/logFlag", True, "true",
                     ["in a form that is tolerated by TMF681-E11"], id="text-for-true"),
        pytest.param(MESSAGE, "CommunicationMessage", "/logFlag", True, "false", None, id="text-for-the-contrary"),
    ],
)  # fmt: skip
def test_other_names_and_forms_are_kept_where_the_document_has_them(
    contract: contracts.Contract, component: str, pointer: str, sent: Any, got: Any, words: list[str] | None
) -> None:
    assert kept(contract, schema_at(contract, component, pointer), sent, got) == words


@pytest.mark.parametrize(
    ("body", "pointer", "written"),
    [
        ({"plannedEndTime": 1}, "/plannedEndTime", "/plannedEndTime"),
        ({"planedEndTime": 1}, "/plannedEndTime", "/planedEndTime"),
        ({"planedEndTime": 1}, "/planedEndTime", "/planedEndTime"),
        ({}, "/plannedEndTime", "/plannedEndTime"),
        ({"targetEntity": [{"id": 1}]}, "/targetEntityRef/*/id", "/targetEntity/*/id"),
        ({"workLog": {"createDateTime": 1}}, "/workLog/creatDateTime", "/workLog/createDateTime"),
        (["no", "object"], "/workLog/creatDateTime", "/workLog/creatDateTime"),
        (None, "/no/such~1thing", "/no/such~1thing"),
    ],
)
def test_pointer_is_spelt_as_the_body_has_it(body: Any, pointer: str, written: str) -> None:
    assert spelt(CHANGE, "ChangeRequest", body, pointer) == written
