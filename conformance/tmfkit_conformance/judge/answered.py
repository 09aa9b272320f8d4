"""One exchange in words: what was asked for, how it was answered, in the target's own words."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from tmfkit_conformance.judge.target_words import target_words
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract

__all__ = ["answer_words", "answered", "asked"]

_REPEATED: Final = frozenset({"created", "ok", "bad request", "not found", "method not allowed", "unauthorized"})


def asked(contract: Contract, exchange: Exchange) -> str:
    """Return what was asked for, as a reader says it: ``PATCH /customer/{id}``; the query stays with it."""
    path = {operation.id: operation.path for operation in contract.operations}.get(exchange.operation)
    parts = urlsplit(exchange.request.url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{exchange.request.method} {path or parts.path}{query}"


def answer_words(exchange: Exchange) -> str:
    """Return how an exchange was answered: the status with the target's words, or why no answer came."""
    if exchange.response is None:
        return f"got no answer ({exchange.error})"
    words = "" if exchange.is_success else target_words(exchange.response)
    said = f' "{words}"' if words and words.lower() not in _REPEATED else ""
    return f"was answered {exchange.status}{said}"


def answered(contract: Contract, exchange: Exchange) -> str:
    """Return what was asked for and how it was answered, with the exchange's number."""
    return f"{asked(contract, exchange)} {answer_words(exchange)} (exchange {exchange.sequence})"
