"""What generated models do, on the contract of TMF629 release 4.0."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tmfkit_models.customer_v4 import CustomerCreate
from tmfkit_models.types import instant

MINIMAL = {"name": "Northside Rowing Club", "engagedParty": {"id": "500"}}
PROFILE = {"creditProfileDate": "2026-01-15T08:00:00Z", "validFor": {}}


@pytest.mark.parametrize(
    "text",
    [
        "2018-06-12T00:00Z",
        "2018-06-12T00:00:00.0Z",
        "2013-04-19T16:42:23+0800",
        "2018-06-12T00:00:00+08:00",
        "2018-06-12t00:00:00z",
    ],
)
def test_a_date_time_of_the_documents_comes_back_verbatim(text: str) -> None:
    made = CustomerCreate.model_validate({**MINIMAL, "validFor": {"startDateTime": text}})
    assert made.model_dump(by_alias=True)["validFor"] == {"startDateTime": text}


@pytest.mark.parametrize(
    "text", ["2018-06-12", "2018-06-12T00:00", "2018-02-30T00:00:00Z", "20180612T0000Z", 1528761600]
)
def test_another_form_of_a_date_time_is_refused_at_its_place(text: object) -> None:
    with pytest.raises(ValidationError) as caught:
        CustomerCreate.model_validate({**MINIMAL, "validFor": {"startDateTime": text}})
    assert [error["loc"] for error in caught.value.errors()] == [("validFor", "startDateTime")]


def test_the_instant_of_a_date_time_is_aware() -> None:
    assert instant("2013-04-19T16:42+0800") == datetime(2013, 4, 19, 8, 42, tzinfo=UTC)


def test_unknown_attributes_are_kept_and_absent_ones_left_out() -> None:
    assert CustomerCreate.model_validate({**MINIMAL, "shoeSize": 43}).model_dump(by_alias=True) == {
        **MINIMAL,
        "shoeSize": 43,
    }


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param({"engagedParty": {}}, ("name",), id="missing"),
        pytest.param({**MINIMAL, "name": None}, ("name",), id="null"),
        pytest.param({**MINIMAL, "name": 5}, ("name",), id="number-for-text"),
        pytest.param(
            {**MINIMAL, "creditProfile": [{**PROFILE, "creditScore": "5"}]},
            ("creditProfile", 0, "creditScore"),
            id="text-for-number",
        ),
        pytest.param({**MINIMAL, "account": [{}]}, ("account", 0, "name"), id="missing-in-a-member"),
    ],
)
def test_a_body_against_the_contract_is_refused_at_its_place(
    body: dict[str, object], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        CustomerCreate.model_validate(body)
    assert [error["loc"] for error in caught.value.errors()] == [place]


@pytest.mark.parametrize("text", ["5", "5.0", "7e2", "-0.0", "2147483648", "-9000000000"])
def test_a_whole_number_is_an_integer_however_it_is_written_and_however_large(text: str) -> None:
    value = json.loads(text)
    made = CustomerCreate.model_validate({**MINIMAL, "creditProfile": [{**PROFILE, "creditScore": value}]})
    [profile] = made.model_dump(by_alias=True)["creditProfile"]
    assert (profile["creditScore"], type(profile["creditScore"])) == (value, int)


@pytest.mark.parametrize("value", [5.5, True, "5", None])
def test_what_is_no_whole_number_is_no_integer(value: object) -> None:
    with pytest.raises(ValidationError):
        CustomerCreate.model_validate({**MINIMAL, "creditProfile": [{**PROFILE, "creditScore": value}]})


def test_reading_contracts_loads_no_models() -> None:
    code = (
        "import sys, tmfkit_models.contracts as c; c.load(c.apis()[0]);"
        "print(sorted(name for name in sys.modules if name.startswith('tmfkit')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tmfkit_models', 'tmfkit_models.contracts']"
