"""Card numbers in texts of which nobody says what they mean, in whatever way they are written."""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import pytest

from tmfkit_server.services.card_search import has_none, searched

NUMBERS = [
    "4111111111111111",
    "378282246310005",
    "5555555555554444",
    "6011000990139424",
    "30569309025904",
    "4222222222222",
]
CARD = {"creditCardHolder": "Ada Byron", "type": "Visa", "number": "4111111111111111"}
NUMBERS += ["2223003122003222", "6304000000000000000"]


def mean(**attributes: Any) -> dict[str, Any]:
    return {
        "name": "My card",
        "paymentMeanType": "CreditCard",
        "relatedParty": {"id": "1"},
        "creditCard": CARD,
        **attributes,
    }


def _digits_seen(text: str) -> int:
    return sum(each.isdecimal() for each in text)


def _wide(number: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in number)


def _arabic(number: str) -> str:
    return "".join(chr(0x0660 + int(digit)) for digit in number)


def _grouped(number: str, sign: str, size: int = 4) -> str:
    return sign.join(number[start : start + size] for start in range(0, len(number), size))


WRITTEN: dict[str, Callable[[str], str]] = {
    "bare": lambda number: number,
    **{f"between-{ord(sign[0]):x}-{len(sign)}": functools.partial(_grouped, sign=sign)
       for sign in (" ", "-", ".", "/", "_", ":", "\u00a0", "\u2009", "\u200b", "\u2013", ", ", " - "[:2], "--", "\t", "\n", "|")},
    "one-by-one": lambda number: _grouped(number, " ", 1),
    "two-signs-one-by-one": lambda number: _grouped(number, "- ", 1),
    "wide": _wide,
    "arabic": _arabic,
    "wide-grouped": lambda number: _grouped(_wide(number), "\u3000"),
    "mathematical": lambda number: "".join(chr(0x1D7CE + int(digit)) for digit in number),
    "circled": lambda number: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(digit)] for digit in number),
    "letters-beside": lambda number: f"card{number}x",
    "letters-beside-grouped": lambda number: f"PAN{_grouped(number, '-')}EUR",
    "zeros-before": lambda number: f"0000{number}",
    "zeros-before-grouped": lambda number: f"000 {_grouped(number, ' ')}",
    "track-1": lambda number: f"%B{number}^DOE/JOHN^2512101?",
    "track-2": lambda number: f";{number}=25121011234567890?",
    "with-its-date": lambda number: f"{_grouped(number, ' ')} 12/25 123",
    "in-a-sentence": lambda number: f"He paid 12 euros with {number}, I think.",
    "in-an-address": lambda number: f"https://pay.example/?pan={number}&x=1",
}  # fmt: skip


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("number", NUMBERS)
def test_card_number_is_found_however_it_is_written(number: str, how: str) -> None:
    text = WRITTEN[how](number)
    kept = searched(text)
    others = _digits_seen(text.replace("⓪", "0")) if how != "circled" else len(number)
    assert "xxxxx" in kept
    assert _digits_seen(kept) <= others - len(number) + 4


@pytest.mark.parametrize(
    "text",
    [
        *("4111111111111112", "411111111111", "2024-01-01 12:00:00.123456", "+49 30 901820 4111", "1234567890123452"),
        *("4111 1111   1111 1111", "4111a1111b1111c1111", "IBAN AT611904300234573201", "41111111111111111111111111"),
        *("2026-11-30T06:30:00Z", "a3f5" * 16, "", "no digits at all", "12.5", "1e300"),
    ],
)
def test_text_without_a_card_number_stays(text: str) -> None:
    assert searched(text) == text


def test_identifiers_stay() -> None:
    chance = Random(3)
    for _ in range(3000):
        text = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        assert searched(text) == text


@pytest.mark.parametrize(
    "own",
    [
        {"4111111111111111": "x"},
        {"pan 4111-1111-1111-1111": {"a": 1}},
        {"deep": [{"key": {"４１１１１１１１１１１１１１１１": True}}]},
        {"pan": 4111111111111111},
        {"pan": 4111111111111111.0},
        {"pan": ["B4111111111111111^X", {"n": "0004111.1111.1111.1111"}]},
    ],
)
def test_payment_mean_keeps_no_number_that_the_document_does_not_define(r14: httpx.Client, own: dict[str, Any]) -> None:
    made = r14.post("/paymentMean", json=mean(own=own))
    assert made.status_code == 201
    for text in (made.text, r14.get(made.json()["href"]).text):
        shown = "".join(each for each in text[text.index('"own"') :] if each.isdecimal())
        assert "41111111" not in shown
        assert "xxxxx" in text[text.index('"own"') :]


@pytest.mark.parametrize(
    "piece",
    [
        "4 ",
        "0 ",
        "4",
        "4111-1111-1111-1111, and ",
        "0b7bb1fd-6bb2-4d5c-8d11-411111111111 ",
        "\uff14 ",
        "2026-01-15 08:00 ",
    ],
)
def test_twice_the_text_takes_at_most_two_and_a_half_times_as_long(piece: str) -> None:
    def seconds(size: int) -> float:
        text, taken = piece * (size // len(piece)), list[float]()
        for _ in range(3):
            began = time.process_time()
            searched(text)
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds(400_000) <= 2.5 * seconds(200_000) + 0.01


def test_many_names_that_differ_in_what_is_crossed_out_stay_as_many(r14: httpx.Client) -> None:
    names = [f"{number}1881" for number in range(400_000_000_000, 400_000_200_000)]
    own = {name: 0 for name in names if "x" in searched(name)}
    assert len(own) > 10_000
    began = time.perf_counter()
    made = r14.post("/paymentMean", json=mean(own=own))
    assert time.perf_counter() - began < 10
    assert made.status_code == 201
    assert len(made.json()["own"]) == len(own)


def test_names_that_differ_in_what_is_crossed_out_stay_two(r14: httpx.Client) -> None:
    own = {
        "4111111111111111": 1,
        "5105105105105100": 2,
        "4012888888881881": 3,
        "378282246310005": 4,
        "4000000000001881": 5,
    }
    made = r14.post("/paymentMean", json=mean(own=own)).json()
    assert sorted(made["own"].values()) == sorted(own.values())


@pytest.mark.parametrize("sign", ["\n", "\x01", "\t", "\\", '"', "/", " - ", "\x7f", " "])
def test_no_number_is_overlooked_in_a_json_text(sign: str) -> None:
    number = sign[:2].join(["4111", "1111", "1111", "1111"])
    assert not has_none(json.dumps({"a": [{"b": number}]}).encode())
    assert not has_none(json.dumps({number: 1}).encode())
    assert has_none(json.dumps({"a": [[["4111", {"b": 1.5}]]] * 3, "c": number[:9]}).encode())


def test_what_follows_an_escaped_backslash_is_read() -> None:
    assert not has_none(json.dumps({"a": "\\u004111111111111111"}).encode())
    assert has_none(json.dumps({"a": "\x014111 1111\x01"}).encode())
