"""Card numbers, of which a server had better keep no more than the last four digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

import orjson

from tmfkit_models.contracts import Contract, Schema

__all__ = ["CardNumbers"]

_DIGITS_KEPT = 4
# Of what payment cards begin with and how long their numbers are: ISO/IEC 7812-1.
_CARD_NUMBER = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")

# Thirteen digits, and not the first of them 1.
_SMALLEST_CARD = 10**12
_PLAIN = frozenset({str, int, float, bool, type(None)})

Names = Mapping[str, Any]
"""Attribute of an object, under each of its names → the names in its object, or in each member of its array."""


class CardNumbers:
    """Masks the card numbers in the bodies of one resource.

    The number of a card is one wherever the card stands. In an attribute that the document does not define nothing says
    what a value means: there, where a body speaks of payment, what has the form of a card number and the right check
    digit is taken for one.
    """

    def __init__(self, contract: Contract, resource: str, *, card: str, number: str, around: Set[str]) -> None:
        """Prepare.

        Args:
            contract: The contract.
            resource: Name of the resource.
            card: Attribute that is a card.
            number: Attribute of a card that is its number.
            around: Resources, and attributes that refer to them, that speak of payment.
        """
        self._names = _names_in(contract, contract.component(contract.resource(resource).schema))
        self._card, self._number, self._around = card, number, {card, *around}
        self._marks = [f'"{name}":'.encode() for name in self._around]
        self._is_about_payment = resource in around

    def masked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return *body* with all but the last four digits of every card number crossed out."""
        if self._is_about_payment:
            return self._object(body, self._names, about_payment=True)
        looked_at = {name: value for name, value in body.items() if not self._is_left_alone(name, value)}
        return {**body, **self._object(looked_at, self._names, about_payment=False)}

    def masked_at(self, path: str, value: Any) -> Any:
        """Return *value*, which is going to stand at the JSON pointer *path*, in the same way."""
        # Members of an array have the names of the array.
        names = [name for name in path.split("/")[1:] if not (name == "-" or name.isdecimal())]
        for name in reversed(names):
            value = {name: value}
        if isinstance(value, Mapping):
            value = self.masked(value)
        for name in names:
            value = value[name]
        return value

    def _is_left_alone(self, name: str, value: Any) -> bool:
        """Tell whether nothing in an attribute speaks of payment: its text says so faster than its members do."""
        if name in self._around:
            return False
        text = orjson.dumps(value) if isinstance(value, dict | list) else b""
        return not any(mark in text for mark in self._marks)

    def _object(self, body: Mapping[str, Any], names: Names, *, about_payment: bool) -> dict[str, Any]:
        return {
            name: self._member(name, value, names, about_payment=about_payment or name in self._around)
            for name, value in body.items()
        }

    def _member(self, name: str, value: Any, names: Names, *, about_payment: bool) -> Any:
        if name == self._card and isinstance(value, Mapping) and self._number in value:
            value = {**value, self._number: _replaced(value[self._number], _crossed_out)}
        return self._value(value, names.get(name, {}), is_defined=name in names, about_payment=about_payment)

    def _value(self, value: Any, names: Names, *, is_defined: bool, about_payment: bool) -> Any:
        if isinstance(value, dict):
            return self._object(value, names, about_payment=about_payment)
        if isinstance(value, list):
            # Of long arrays most members are told at a glance to be no number of a card.
            is_plain = _is_small if about_payment and not is_defined else _is_no_container
            return [
                each if is_plain(each) else self._value(each, names, is_defined=is_defined, about_payment=about_payment)
                for each in value
            ]
        return _replaced(value, _searched) if about_payment and not is_defined else value


def _names_in(contract: Contract, schema: Schema) -> Names:
    names = {}
    for name, attribute in contract.attributes(schema).items():
        full = contract.resolve(attribute)
        below = _names_in(contract, full.get("items", full))
        names.update(dict.fromkeys((name, *full.get("x-tmf-aliases", ())), below))
    return names


def _is_small(value: Any) -> bool:
    return not value or (type(value) is int and -_SMALLEST_CARD < value < _SMALLEST_CARD)


def _is_no_container(value: Any) -> bool:
    return not value or type(value) in _PLAIN


def _replaced(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a text or a number as *mask* leaves it, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    masked = mask(str(value))
    return masked if masked != str(value) else value


def _searched(text: str) -> str:
    return _CARD_NUMBER.sub(lambda found: _crossed_out(found[0]) if _has_check_digit(found[0]) else found[0], text)


def _crossed_out(number: str) -> str:
    """Return *number* with its last four places only; what shows no more digits than that stays as it is."""
    if sum(map(str.isdigit, number)) <= _DIGITS_KEPT:
        return number
    return "x" * (len(number) - _DIGITS_KEPT) + number[-_DIGITS_KEPT:]


def _has_check_digit(number: str) -> bool:
    """Tell whether the last digit is the one that the others call for (ISO/IEC 7812-1, annex B)."""
    digits = [int(each) for each in reversed(number) if each.isdigit()]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
