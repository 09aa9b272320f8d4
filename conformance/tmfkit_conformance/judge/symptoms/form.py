"""The form of a symptom, and what the readers of symptoms share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tmfkit_conformance.judge.target_words import target_words
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Verdict
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Symptom", "at", "normal", "seen", "without_number"]

_NUMBER: Final = re.compile(r" \(exchange \d+\)")
_DETAIL: Final = re.compile(r"'[^']*'|\"[^\"]*\"|/[\w@*/-]+|\d+")


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is wrong, in a form that is alike for all rows that suffer from it.

    Attributes:
        key: Alike for all of them.
        summary: What is wrong, in one sentence without its full stop.
        exchange: Sequence number of the exchange that shows it; 0 for none.
        operation: Operation that it was seen at; empty for none.
        status: Status of the answer; 0 for none.
        words: What the target itself said.
        lost: Pointer of the member that was not kept; empty for none.
        is_crash: Whether the target broke down over it: a 5xx, or no answer.
    """

    key: tuple[str, ...]
    summary: str
    exchange: int = 0
    operation: str = ""
    status: int = 0
    words: str = ""
    lost: str = ""
    is_crash: bool = False


def at(exchange: Exchange, key: tuple[str, ...], summary: str, *, lost: str = "", is_crash: bool = False) -> Symptom:
    """Return a symptom that an exchange shows."""
    words = "" if exchange.is_success else target_words(exchange.response)
    return Symptom(key, summary, exchange.sequence, exchange.operation, exchange.status, words, lost, is_crash)


def seen(verdict: Verdict, traces: Traces) -> list[Exchange]:
    """Return the exchanges that a verdict rests on, in the order in which its check looked at them."""
    return [traces.exchanges[number] for number in verdict.exchanges if number in traces.exchanges]


def normal(remark: str) -> str:
    """Return a remark without what differs from row to row: values, pointers, numbers."""
    return _DETAIL.sub("#", without_number(remark))


def without_number(remark: str) -> str:
    """Return a remark without the number of an exchange."""
    return _NUMBER.sub("", remark)
