"""Documents and questions at random, and the query string of a question in one of its many spellings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote

from query_oracle import INSTANTS, NUMBERS, Condition, JsonPath, Question, Segment

NAMES = [*"abcabcabcab", "x/y", "a b", "é", "~1", "😀", "\x00", "", "@type", "a-b"]
# An order names attributes by names of letters, digits and few signs; others by JSONPath.
NEEDING_BRACKETS = {"x/y", "a b", "~1", "\x00", ""}
WORDS = [
    "",
    "a",
    "A",
    "b",
    "B",
    "ab",
    "aB",
    "a,b",
    "a;b=1",
    *["ß", "SS", "ss", "ẞ"] * 2,
    "É",
    "é",
    "😀",
    "\uffff",
    "\x00",
    "x\x01",
]
WORDS += [
    '"a"',
    "'",
    "a b",
    "100%",
    "a&b",
    "\\d",
    "true",
    "false",
    "null",
    "none",
    "1.",
    "2020-13-01",
    "2020-01-01T",
    "a.b",
]
DOCUMENT_NUMBERS = [
    0,
    -0.0,
    1,
    1.0,
    1.5,
    -1,
    2,
    10,
    1000,
    1e23,
    0.1,
    1e-7,
    2**53 + 1,
    float(2**53),
    2**63 - 1,
    -(2**63),
    1e300,
]
OF_ONE_TYPE = "n"
PATTERNS = ["a", "^a", "b$", "^.$", "[0-9]+", "", "^$", "^(a|b)+$", "\\.", "^[^a]*$", "\\d\\d", "é|ß", "a{1,2}b?"]
TEXTS: list[str] = [*WORDS, *INSTANTS, *NUMBERS]
SYMBOLS = {
    "eq": ["==", ".eq=", "="],
    "ne": ["!=", ".ne="],
    "gt": [">", ".gt="],
    "gte": [">=", ".gte="],
    "lt": ["<", ".lt="],
    "lte": ["<=", ".lte="],
    "regex": ["*=", "=~", ".regex="],
}
COMPARATORS = ["==", "!=", "<", "<=", ">", ">="]


class Examples:
    """A source of examples, the same ones for the same *chance*."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        # Where documents have which value: questions about nothing but chance would find nothing.
        self._seen: list[tuple[tuple[str | int, ...], Any]] = [(("a",), "a")]
        # One attribute is what a contract would make it: of one type, and mostly or always a single value.
        self._texts_of_one_type = chance.choice([list(NUMBERS), list(INSTANTS)])
        self._share_of_arrays = chance.choice([0, 0.02, 0.3])

    def document(self) -> dict[str, Any]:
        document = {name: self._any(3) for name in self._some(NAMES, 5)}
        if self._chance.random() < 0.7:
            document[OF_ONE_TYPE] = self._of_one_type()
        self._seen += _scalars(document, ())
        return document

    def question(self) -> Question:
        chance = self._chance
        kinds = chance.choices(["condition", "filter"], [3, 1], k=chance.choice([0, 1, 1, 1, 1, 1, 2, 3]))
        conditions = [self._either() for kind in kinds if kind == "condition"]
        if conditions and chance.random() < 0.2:
            first = chance.choice(conditions)[0]
            conditions.append((Condition(first.path, first.how, self._condition(how=first.how).values),))
        if chance.random() < 0.15:
            conditions += self._range()
        return Question(
            tuple(conditions),
            tuple(self._filter() for kind in kinds if kind == "filter"),
            tuple(self._sort_key() for _ in range(chance.choice([0, 0, 0, 1, 1, 2]))),
            chance.choice([None, None, 0, 1, 3]),
            chance.choice([None, None, 0, 1, 2, 10]),
            chance.random() < 0.3,
        )

    def expression(self) -> tuple[JsonPath, str]:
        """Return a JSONPath expression over a resource, and its text."""
        segments = self._segments(2)
        return segments, f"${self._segments_written(segments)}"

    def written(self, question: Question) -> str:
        """Return the question as a query string."""
        parts = [";".join(map(self._condition_written, either)) for either in question.conditions]
        parts += [f"filter={self._encoded(self._filter_written(each[1]))}" for each in question.filters]
        keys = [
            self._chance.choice(["-"] if is_descending else ["", "%2B", "+"]) + self._encoded(self._key_written(key))
            for key, is_descending in question.sort
        ]
        parts += [f"sort={self._chance.choice([',', '%2C', ', '.replace(' ', '+')]).join(keys)}"] if keys else []
        parts += [] if question.offset is None else [f"offset={question.offset}"]
        parts += [] if question.limit is None else [f"limit={question.limit}"]
        self._chance.shuffle(parts)
        return "&".join(parts)

    def _some(self, choices: list[Any], most: int) -> list[Any]:
        return [self._chance.choice(choices) for _ in range(self._chance.randrange(most + 1))]

    def _scalar(self) -> Any:
        return self._chance.choice(
            [self._chance.choice(TEXTS), self._chance.choice(DOCUMENT_NUMBERS), True, False, None]
        )

    def _of_one_type(self) -> Any:
        choices = DOCUMENT_NUMBERS if "0" in self._texts_of_one_type else self._texts_of_one_type
        if self._chance.random() < self._share_of_arrays:
            return [self._chance.choice(choices) for _ in range(3)]
        return self._chance.choice(choices)

    def _range(self) -> Iterator[tuple[Condition, ...]]:
        """Yield the two ends of a range."""
        for hows in (["gt", "gte"], ["lt", "lte"]):
            text = self._chance.choice(self._texts_of_one_type)
            yield (Condition((OF_ONE_TYPE,), self._chance.choice(hows), (text,)),)

    def _any(self, depth: int) -> Any:
        match self._chance.choice("sssoat" if depth else "s"):
            case "t":
                return [self._chance.choice(WORDS) for _ in range(3)]
            case "o":
                return {name: self._any(depth - 1) for name in self._some(NAMES, 3)}
            case "a":
                return [self._any(depth - 1) for _ in range(self._chance.randrange(4))]
            case _:
                return self._scalar()

    def _path(self) -> tuple[str, ...]:
        path = tuple(self._chance.choice(NAMES) for _ in range(self._chance.choice([1, 1, 2, 2, 3])))
        return path if any(path) else ("a",)

    def _either(self) -> tuple[Condition, ...]:
        return tuple(self._condition() for _ in range(self._chance.choice([1, 1, 1, 2, 3])))

    def _condition(self, *, how: str = "") -> Condition:
        how = how or self._chance.choice(["eq", "eq", "eq", *SYMBOLS])
        path, texts = self._path(), TEXTS
        if self._chance.random() < 0.7:
            keys, value = self._chance.choice(self._seen)
            path = tuple(key for key in keys if isinstance(key, str))
            path = path if any(path) else ("a",)
            text = self._cased(_as_text(value))
            texts = [text] if text in TEXTS else TEXTS
        if how == "regex":
            return Condition(path, how, (self._chance.choice(PATTERNS),))
        values = (self._chance.choice(texts), *self._some(TEXTS, self._chance.choice([0, 0, 2])))
        return Condition(path, how, values)

    def _cased(self, text: str) -> str:
        """Return a text that may differ in case only, and those that casefolding joins are few among all."""
        same = [each for each in WORDS if each.casefold() == text.casefold()]
        return self._chance.choice(same) if same else text

    def _confused(self, value: Any) -> Any:
        """Return a literal that Python may take for *value* although JSON does not."""
        is_small = isinstance(value, int) and value in (0, 1)
        return self._chance.choice([bool(value), int(value)]) if is_small else value

    def _condition_written(self, condition: Condition) -> str:
        symbol = self._chance.choice(SYMBOLS[condition.how])
        values = condition.values
        if condition.how != "regex":
            values = tuple(value.replace(",", "\\,") for value in values)
        text = self._chance.choice([",", "%2C"]).join(self._encoded(value, is_value=True) for value in values)
        return self._encoded(".".join(condition.path)) + self._chance.choice([symbol, quote(symbol)]) + text

    def _encoded(self, text: str, *, is_value: bool = False) -> str:
        # "&", ";", "%", "+" and "#" mean something, an encoded comma means no less than another one.
        safe = self._chance.choice(["", "()[]?@$*.!=<>|'\"/:,~\\" if not is_value else "()[]?@$*'\":,\\"])
        encoded = quote(text, safe=safe)
        return encoded.replace("%20", "+") if self._chance.random() < 0.5 else encoded

    def _sort_key(self) -> tuple[tuple[str, ...] | JsonPath, bool]:
        key = self._segments(2) if self._chance.random() < 0.3 else self._path()
        if any(isinstance(name, str) and name in NEEDING_BRACKETS for name in key):
            key = tuple(Segment((name,)) for name in key)
        return key, self._chance.random() < 0.5

    def _key_written(self, key: Any) -> str:
        return f"${self._segments_written(key)}" if isinstance(key[0], Segment) else ".".join(key)

    def _filter(self) -> tuple[bool, JsonPath]:
        if self._chance.random() < 0.5:
            return True, (Segment((self._test(2),)), *self._segments(1))
        return False, self._segments(2)

    def _filter_written(self, segments: JsonPath) -> str:
        written = self._segments_written(segments)
        if written.startswith(("[", ".")) and self._chance.random() < 0.3:
            return written
        return f"${written}"

    def _segments(self, depth: int) -> JsonPath:
        """Return segments that begin with no filter, or else they would be over the collection."""
        segments = [self._segment(depth) for _ in range(self._chance.choice([1, 1, 2, 3]))]
        first = segments[0]
        if not first.is_deep and all(isinstance(selector, tuple) for selector in first.selectors):
            segments[0] = Segment((self._chance.choice(NAMES),))
        return tuple(segments)

    def _segment(self, depth: int) -> Segment:
        count = self._chance.choice([1, 1, 1, 1, 2])
        return Segment(tuple(self._selector(depth) for _ in range(count)), self._chance.random() < 0.15)

    def _selector(self, depth: int) -> Any:
        match self._chance.choice("nnnnwwis" + "f" * 3 * bool(depth)):
            case "n":
                return self._chance.choice(NAMES)
            case "w":
                return None
            case "i":
                return self._chance.choice([0, 1, 2, -1, -2])
            case "s":
                start, stop = (self._chance.choice([None, None, 0, 1, -1]) for _ in "ab")
                return slice(start, stop, self._chance.choice([None, 1, 2, -1, 0]))
            case _:
                return self._test(depth - 1)

    def _test(self, depth: int) -> tuple[Any, ...]:
        chance = self._chance
        kind = chance.choice(
            ["compare"] * 5 + ["exists", "exists", "match", "search", "=~", "in"] + ["and", "or", "not"] * bool(depth)
        )
        match kind:
            case "and" | "or":
                return kind, self._test(depth - 1), self._test(depth - 1)
            case "not":
                return kind, self._test(depth - 1)
            case "exists":
                return kind, chance.choice("@@@$"), tuple(self._segment(0) for _ in range(chance.choice([1, 1, 2])))
            case "match" | "search" | "=~":
                return kind, self._value(), chance.choice(PATTERNS)
            case "in":
                return kind, self._value(), [self._scalar() for _ in range(chance.randrange(4))]
            case _ if chance.random() < 0.6:
                keys, value = chance.choice(self._seen)
                return (
                    chance.choice(COMPARATORS),
                    ("query", "@", tuple(Segment((key,)) for key in keys)),
                    ("literal", self._confused(value)),
                )
            case _:
                return chance.choice(COMPARATORS), self._value(), self._value()

    def _value(self) -> tuple[Any, ...]:
        chance = self._chance
        match chance.choice("llqqqqnc1"):
            case "l":
                return "literal", self._scalar()
            case "n":
                return "length", ("query", "@", self._single())
            case "c":
                return "count", (self._segment(0),)
            case "1":
                return "value", (self._segment(0),)
            case _:
                return "query", chance.choice("@@@@$"), self._single()

    def _single(self) -> JsonPath:
        if self._chance.random() < 0.5:
            return tuple(Segment((key,)) for key in self._chance.choice(self._seen)[0])
        keys = [self._chance.choice([*NAMES, 0, -1]) for _ in range(self._chance.choice([0, 1, 1, 1, 2]))]
        return tuple(Segment((key,)) for key in keys)

    def _segments_written(self, segments: JsonPath) -> str:
        return "".join(map(self._segment_written, segments))

    def _segment_written(self, segment: Segment) -> str:
        dots = ".." if segment.is_deep else ""
        if len(segment.selectors) == 1 and self._chance.random() < 0.7:
            [selector] = segment.selectors
            if selector is None:
                return f"{dots or '.'}*"
            if isinstance(selector, str) and re.fullmatch("@?[^\x00-\x7f]+|@?[a-z][a-z-]*", selector) and not dots:
                return f".{selector}"
        return f"{dots}[{self._chance.choice([',', ', ']).join(map(self._selector_written, segment.selectors))}]"

    def _selector_written(self, selector: Any) -> str:
        match selector:
            case None:
                return "*"
            case str():
                return self._text_written(selector)
            case int():
                return str(selector)
            case slice():
                parts = [selector.start, selector.stop] + ([selector.step] if selector.step is not None else [])
                return ":".join("" if part is None else str(part) for part in parts)
            case _:
                test = self._test_written(selector)
                return f"?({test})" if self._chance.random() < 0.5 else f"?{test}"

    def _text_written(self, text: str) -> str:
        double = json.dumps(text, ensure_ascii=self._chance.random() < 0.5)
        if self._chance.random() < 0.5:
            return double
        return "'" + double[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"

    def _test_written(self, test: tuple[Any, ...]) -> str:
        match test:
            case ("and", one, other):
                return f"({self._test_written(one)} && {self._test_written(other)})"
            case ("or", one, other):
                return f"({self._test_written(one)}||{self._test_written(other)})"
            case ("not", one):
                return f"!({self._test_written(one)})"
            case ("exists", start, segments):
                return f"{start}{self._segments_written(segments)}"
            case ("match" | "search" as how, value, pattern):
                return f"{how}({self._value_written(value)}, {self._text_written(pattern)})"
            case ("=~", value, pattern):
                return f"{self._value_written(value)} =~ /{pattern}/"
            case ("in", value, literals):
                return f"{self._value_written(value)} in [{', '.join(map(self._literal_written, literals))}]"
            case (how, one, other):
                return f"{self._value_written(one)}{self._chance.choice([how, f' {how} '])}{self._value_written(other)}"
            case _:
                raise AssertionError(test)

    def _value_written(self, value: tuple[Any, ...]) -> str:
        match value:
            case ("literal", literal):
                return self._literal_written(literal)
            case ("query", start, segments):
                return str(start) + self._segments_written(segments)
            case ("length", inner):
                return f"length({self._value_written(inner)})"
            case (name, segments):
                return f"{name}(@{self._segments_written(segments)})"
            case _:
                raise AssertionError(value)

    def _literal_written(self, literal: Any) -> str:
        return self._text_written(literal) if isinstance(literal, str) else json.dumps(literal)


def _scalars(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _scalars(member, (*keys, key))
    if not isinstance(value, dict | list):
        yield keys, value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(json.dumps(value))
