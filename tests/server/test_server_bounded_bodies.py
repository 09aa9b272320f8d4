"""Bodies that used to take long: refused at once, with the first of what is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import httpx
import pytest
from counted import calls_made
from server_bodies import JSON, customer, message

from patience import PATIENCE_SECONDS
from tmfkit_server.apis.communication.parameters import filled_in
from tmfkit_server.errors import UnreadableBody
from tmfkit_server.resources.numbers import exact_float, exact_integer

# The machine may be busy with something else; what is told slowly takes seconds.
_AT_ONCE_SECONDS = 0.5
MEGABYTE = 1024 * 1024


def quickest(send: Callable[[], httpx.Response], *, times: int = 5) -> tuple[float, httpx.Response]:
    """Return the shortest of some times, which other programs on the machine have prolonged least, and an answer."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        answer = send()
        found.append((time.perf_counter() - began, answer))
    return min(found, key=lambda each: each[0])


def _names(last: str) -> bytes:
    names = ",".join(f'"{number}":0' for number in range(90_000))
    return f'{{"name":"a","engagedParty":{{"id":"1"}},"z":{{{names},{last}}}}}'.encode()


@pytest.mark.parametrize(
    "last",
    ['"89999":1', '"8\\u0039999":1', '"0":1', '"a":{"b":1,"b":2}', '"a":[{"b":1,"\\u0062":2}]'],
    ids=["last", "escaped", "first", "inside", "in-array"],
)
def test_name_that_stands_twice_among_many_is_found_at_once(customers: httpx.Client, last: str) -> None:
    content = _names('"x":"\\u0041",' + last)
    seconds, answer = quickest(lambda: customers.post("/customer", content=content, headers=JSON))
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable-body")
    assert "twice" in answer.json()["message"]
    assert seconds < _AT_ONCE_SECONDS


def _wrong_members(member: str, attribute: str) -> bytes:
    count = (MEGABYTE - 200) // (len(member) + 1)
    members = ",".join([member] * count)
    return f'{{"name":"a","engagedParty":{{"id":"1"}},"{attribute}":[{members}]}}'.encode()


@pytest.mark.parametrize("attribute", ["contactMedium", "creditProfile", "characteristic", "relatedParty"])
@pytest.mark.parametrize("member", ["0", "[]", '""', "null", '{"id":0}', '{"@type":0}'])
def test_no_more_than_twenty_of_half_a_million_wrong_members_are_worded(
    customers: httpx.Client, attribute: str, member: str
) -> None:
    content = _wrong_members(member, attribute)
    seconds, answer = quickest(lambda: customers.post("/customer", content=content, headers=JSON))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body")
    assert answer.json()["message"].count("; ") == 19
    assert seconds < _AT_ONCE_SECONDS


def test_what_is_wrong_far_behind_is_found_and_named(customers: httpx.Client) -> None:
    right = [{"id": "1"}] * 1000
    answer = customers.post("/customer", json=customer(relatedParty=[*right, 7, *right]))
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("/relatedParty/1000 is wrong: Input should be a valid dictionary")


def test_few_errors_are_all_listed_as_before(customers: httpx.Client) -> None:
    text = customers.post("/customer", json=customer(name=3, creditProfile=[{}, 5], status=1)).json()["message"]
    assert sorted(each.partition(" ")[0] for each in text.split("; ")) == [
        "/creditProfile/0/creditProfileDate",
        "/creditProfile/0/validFor",
        "/creditProfile/1",
        "/name",
        "/status",
    ]


@pytest.mark.parametrize(
    "number",
    ["0" * 900 + "x", " " * 900 + "x", "(" * 1000, "0." * 490 + "x", "+" + "-" * 900 + "!"],
    ids=["digits", "blanks", "brackets", "dots", "dashes"],
)
def test_telephone_numbers_that_are_none_are_told_at_once(messages: httpx.Client, number: str) -> None:
    receivers = [{"phoneNumber": f"{number}{place}"[:1000]} for place in range(900)]
    content = json.dumps(message(receiver=receivers)).encode()
    seconds, answer = quickest(lambda: messages.post("/communicationMessage/send", content=content, headers=JSON))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body")
    assert seconds < _AT_ONCE_SECONDS


@pytest.fixture(scope="module")
def sending(start_server: Callable[..., AbstractContextManager[str]]) -> Iterator[httpx.Client]:
    """A server that takes long texts."""
    with (
        start_server("--max-message-text-bytes", "1000000") as url,
        httpx.Client(base_url=f"{url}/communicationMessage/v1", timeout=PATIENCE_SECONDS, trust_env=False) as client,
    ):
        yield client


def _mail(receivers: int, **attributes: Any) -> dict[str, Any]:
    return {
        "type": "Email",
        "subject": "s",
        "receiver": [{"email": f"a{number}@b.example"} for number in range(receivers)],
        **attributes,
    }


def _parameters(names: list[str], value: str = "x") -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name in names]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        pytest.param("$" * 300_000, [f"Parameter{number}" for number in range(599)], id="marks"),
        pytest.param("$" * 300_000, ["$" * 99 + "x"], id="marks-in-the-name"),
        pytest.param("$aab" * 75_000, ["a" * length for length in range(1, 100) if length != 2], id="nested-names"),
        pytest.param("$P1" * 100_000, [f"P{number}" for number in range(999)], id="as-many-values"),
        pytest.param("$b" * 150_000, ["a" * length for length in range(1, 101)], id="none-of-many"),
    ],
)
def test_parameters_are_filled_in_with_one_pass_over_the_text(
    sending: httpx.Client, content: str, names: list[str]
) -> None:
    body = message(content=content, CommunicationRequestCharacteristic=_parameters(names))
    seconds, answer = quickest(lambda: sending.post("/communicationMessage/send", json=body), times=1)
    assert answer.status_code == 200, answer.text
    # Looking at the rest of the text for each mark took two minutes.
    assert seconds < PATIENCE_SECONDS / 2


def test_texts_that_almost_begin_with_many_names_take_few_steps() -> None:
    values = {f"${'a' * length}": "x" for length in range(1, 101)}
    calls = calls_made(lambda: filled_in("$b" * 1000, values, most_bytes=10_000))
    # Each time the hundred names were gone through.
    assert calls < 1000 * 30


@pytest.mark.parametrize("number", ["1.5", "-0.25", "1e5", "1E-000", "12345678901.345", "7e0012"])
def test_short_numbers_beside_a_long_one_are_read_at_a_glance(number: str) -> None:
    text = f"[0.1234567890123456{f',{number}' * 1000}]"
    assert calls_made(lambda: json.loads(text, parse_int=exact_integer, parse_float=exact_float)) < 3 * 1000


@pytest.mark.parametrize(
    ("number", "is_kept"),
    [
        pytest.param("1e000", True, id="exponent-of-zeros"),
        pytest.param("1e00000000000000000000000000000005", True, id="many-zeros"),
        pytest.param("0e999", True, id="nothing"),
        pytest.param("1e999", False, id="too-large"),
        pytest.param("1e-999", False, id="too-small"),
        pytest.param("123456789012345e99", True, id="fifteen-digits"),
        pytest.param("0.1234567890123456", True, id="sixteen"),
        pytest.param("0.12345678901234567", False, id="seventeen"),
        pytest.param("123456789012345678901", False, id="whole"),
        pytest.param("9007199254740993.0", False, id="between-two"),
    ],
)
def test_number_is_kept_as_what_was_sent_or_refused(number: str, is_kept: bool) -> None:
    try:
        value = exact_float(number)
    except UnreadableBody:
        assert not is_kept
    else:
        assert is_kept
        assert Decimal(number) == Decimal(json.dumps(value))


@pytest.mark.parametrize(
    ("attributes", "limit"),
    [
        pytest.param({"content": "x" * 131_073}, "/content is a text of more than 131072 bytes", id="text"),
        pytest.param({"content": "é" * 65_537}, "more than 131072 bytes", id="text-of-two-bytes-each"),
        pytest.param(
            _mail(1, subject="é" * 65_000, content="x" * 1073),
            "/subject makes, together with text and attachments that are named in it, more than 131072 bytes",
            id="title-and-text",
        ),
        pytest.param(
            _mail(700, subject="x" * 100_000),
            "/receiver makes titles, texts and attachments of more than 67108864 bytes",
            id="titles-of-all",
        ),
        pytest.param(
            _mail(1, attachment=[{"name": "é" * 128, "url": "data:,x"}]),
            "/attachment/0/name is a name of more than 255 bytes",
            id="name-of-a-file",
        ),
        pytest.param(
            _mail(1, attachment=[{"name": "a", "url": f"http://a.example/{'x' * 131_072}"}]),
            "together with text and attachments that are named in it, more than 131072 bytes",
            id="links",
        ),
        pytest.param(
            _mail(1, attachment=[{"url": "data:,x"}] * 101), "/attachment has more than 100 attachments", id="files"
        ),
        pytest.param(
            _mail(1000, attachment=[{"url": f"data:,{'x' * 500}"}] * 100),
            "of more than 67108864 bytes",
            id="files-of-all",
        ),
        pytest.param(
            {"content": "$A" * 500, "CommunicationRequestCharacteristic": _parameters(["A"], "v" * 400_000)},
            "more than 131072 bytes",
            id="text-with-values",
        ),
        pytest.param(
            {"CommunicationRequestCharacteristic": _parameters([f"n{number}" for number in range(1001)])},
            "has more than 1000 parameters",
            id="parameters",
        ),
        pytest.param(
            {"CommunicationRequestCharacteristic": _parameters(["n" * 101])}, "more than 100 characters", id="name"
        ),
        pytest.param(
            {"receiver": [{"phoneNumber": f"+1202555{number:04}"} for number in range(1001)]},
            "/receiver has more than 1000 receivers",
            id="receivers",
        ),
        pytest.param(
            {
                "content": "x" * 100_000,
                "receiver": [{"phoneNumber": f"+1202555{number:04}"} for number in range(700)],
            },
            "of more than 67108864 bytes altogether",
            id="altogether",
        ),
    ],
)
def test_message_beyond_a_limit_is_400_which_names_it(
    messages: httpx.Client, attributes: dict[str, Any], limit: str
) -> None:
    refused = messages.post("/communicationMessage/send", json=message(**attributes))
    assert refused.status_code == 400
    assert limit in refused.json()["message"]
    stored = messages.post("/communicationMessage", json=message(**attributes)).json()["id"]
    assert messages.post(f"/communicationMessage/{stored}/send").status_code == 400


def test_message_at_the_limit_is_sent(messages: httpx.Client) -> None:
    body = message(content="x" * 131_072, CommunicationRequestCharacteristic=_parameters(["n" * 100] * 1000))
    assert messages.post("/communicationMessage/send", json=body).status_code == 200
