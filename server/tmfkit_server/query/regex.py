"""Regular expressions of clients, on RE2 and nothing else: no pattern can make it look at a text again and again.

Nobody can stop RE2 once it compiles or matches, so that each is bounded, and all of them together by a ``Budget``.
"""

from __future__ import annotations

import functools

import re2  # type: ignore[import-untyped]

from tmfkit_server.errors import InvalidQuery

__all__ = ["LONGEST_REGEX", "NoRegex", "Patterns", "Regex", "compiled"]

LONGEST_REGEX = 256
# For the program and the states that matching adds to it: at most 35,000 instructions, and 8 ms to compile them.
_MOST_BYTES = 512 * 1024
# RE2's time grows with the size of its program times that of the text, by 7 ns at the worst.
_WORK_A_STEP = 75
# 0.3 s, during which nobody can stop it.
_MOST_STEPS = 500_000
# Compiling takes 0.4 µs for an instruction; before that, 20 µs for a character of a class like \PL or a repetition.
_STEPS_TO_COMPILE = 60
_STEPS_AN_INSTRUCTION = 1.25
_STEPS_A_CHARACTER, _STEPS_A_SPECIAL_CHARACTER = 1, 40
_SPECIAL = frozenset("\\({")
# Up to 7 ms, most of which RE2 needs to notice that the program becomes too large.
_STEPS_TOO_LARGE = 15_000
# About 30 ms, in which nobody else is served.
_MOST_STEPS_TO_COMPILE = 60_000


class NoRegex(InvalidQuery):
    """A text is no regular expression, which it took *steps* of a ``Budget`` to find out."""

    def __init__(self, why: str, steps: float = 0) -> None:
        super().__init__("regex", why)
        self.steps = steps


class Regex:
    """A regular expression.

    Attributes:
        steps_to_compile: What compiling it costs, in steps of a ``Budget``.
    """

    __slots__ = ("_pattern", "_size", "steps_to_compile")

    def __init__(self, text: str, *, is_iregexp: bool = False) -> None:
        """Compile *text*; NoRegex when it is too long, or no regular expression of RE2's syntax or RFC 9485."""
        if len(text) > LONGEST_REGEX:
            raise NoRegex(f"a regular expression has at most {LONGEST_REGEX} characters")
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        options.max_mem = _MOST_BYTES
        steps = _steps_to_read(text)
        try:
            self._pattern = re2.compile(_from_iregexp(text) if is_iregexp else text, options)
        except re2.error as error:
            if b"too large" in error.args[0]:
                raise NoRegex("it is too complicated; shorten it", steps + _STEPS_TOO_LARGE) from None
            raise NoRegex("it is not a regular expression that RE2 reads", steps) from None
        except UnicodeEncodeError:
            raise NoRegex("it is not a regular expression that RE2 reads", steps) from None
        self._size: int = self._pattern.programsize
        self.steps_to_compile = steps + _STEPS_AN_INSTRUCTION * self._size

    def steps(self, text: str) -> float:
        """Return what matching *text* costs at the worst, in steps of a ``Budget``; InvalidQuery when it is a lot."""
        steps = self._size * len(text) / _WORK_A_STEP
        if steps > _MOST_STEPS:
            raise InvalidQuery("regex", f"it is too complicated for a text of {len(text)} characters; shorten it")
        return steps

    def is_in(self, text: str) -> bool:
        """Tell whether some part of *text* matches."""
        return self._pattern.search(text) is not None

    def is_all_of(self, text: str) -> bool:
        """Tell whether *text* matches from its beginning to its end."""
        return self._pattern.fullmatch(text) is not None


# What is kept takes up to 64 MiB.
@functools.lru_cache(maxsize=128)
def compiled(text: str, *, is_iregexp: bool = False) -> Regex:
    """Return the regular expression that *text* is, in RE2's syntax or that of RFC 9485; NoRegex when it is none."""
    return Regex(text, is_iregexp=is_iregexp)


class Patterns:
    """Regular expressions that one query holds, which are compiled when it is read, before anything pays for it.

    Attributes:
        steps_to_compile: What all of them cost so far, in steps of a ``Budget``.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.steps_to_compile: float = 0

    def compiled(self, text: str, *, is_iregexp: bool = False) -> Regex:
        """Return the next one; InvalidQuery when it is none, or all are too complicated together."""
        regex = compiled(text, is_iregexp=is_iregexp)
        self.steps_to_compile += regex.steps_to_compile
        if self.steps_to_compile > _MOST_STEPS_TO_COMPILE:
            raise InvalidQuery("regex", "the regular expressions are too complicated together; shorten them")
        return regex


def _steps_to_read(text: str) -> float:
    a_character = _STEPS_A_CHARACTER if _SPECIAL.isdisjoint(text) else _STEPS_A_SPECIAL_CHARACTER
    return _STEPS_TO_COMPILE + a_character * len(text)


def _from_iregexp(regex: str) -> str:
    """Return *regex* for RE2: outside of brackets, a dot of an I-Regexp is no carriage return either (RFC 9485)."""
    parts: list[str] = []
    is_escaped = is_class = False
    for character in regex:
        is_dot = character == "." and not is_escaped and not is_class
        parts.append(r"[^\n\r]" if is_dot else character)
        if not is_escaped and character in "[]":
            is_class = character == "["
        is_escaped = character == "\\" and not is_escaped
    return "".join(parts)
