"""Ids and addresses of resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tmfkit_conformance.rules.answers import BODY, HEADER
from tmfkit_conformance.rules.attributes import GENERATED
from tmfkit_conformance.rules.hubs import EVENT, EVENT_CARRIES_WHOLE
from tmfkit_conformance.rules.lifecycle import DELETE_ONE_OF_TWO
from tmfkit_conformance.rules.queries import CREATED_IS_LISTED, FIELDS, FIELDS_WITH_FILTER, FILTER, FILTERS_COMBINE
from tmfkit_conformance.rules.updates import PATCH_KEEPS_OTHERS, PATCH_ONE_OF_TWO
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import of_answers, over, renumbering, showing_all
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.history import History

__all__ = ["IDENTITY"]

_RULES: Final = (BODY, GENERATED, HEADER, EVENT, EVENT_CARRIES_WHOLE, FILTER, FIELDS, PATCH_KEEPS_OTHERS)
_AT_ONCE: Final = {"parallel": 16}
_TWO: Final = (DELETE_ONE_OF_TWO, PATCH_ONE_OF_TWO)


def _next(history: History) -> int:
    history.kept["number"] = history.kept.get("number", 1000) + 1
    return int(history.kept["number"])


def _form(words: str, form: str) -> Break:
    return renumbering(words, lambda _, history: form.format(_next(history)))


def _lowest_free(_: str, history: History) -> str:
    taken: set[int] = history.kept.setdefault("taken", set())
    number = next(number for number in range(1, len(taken) + 2) if number not in taken)
    taken.add(number)
    return str(number)


def _freed(identifier: str, history: History) -> None:
    history.kept["taken"].discard(int(identifier))


def _with_commas() -> Break:
    """Have commas in ids, and take one in a condition for an or, so that no condition finds a record by its id."""
    numbered = _form("has commas in ids, and takes a comma in a condition for an or", "{},A+B;50%")

    async def serve(call: Call, sound: Sound, history: History) -> Answer:
        asked = [(name, value.partition(",")[0] if name == "id" else value) for name, value in call.parameters]
        return await numbered.serve(replace(call, query=urlencode(asked)), sound, history)

    return Break(numbered.words, serve, numbered.notify)


_FORMS: Final = (
    ("ids-of-digits", "numbers resources", "{}", "tmf683-v4"),
    ("ids-with-odd-characters", "has odd characters in ids", "C-{}:a@b~c,(2)'!=+ x", "tmf629-v4"),
    ("ids-not-ascii", "has ids that are not ASCII", "кл-{}-ü", "tmf655-v1"),
    ("ids-with-percent", "has a percent sign in ids", "100%25-{}", "tmf681-v1"),
    ("ids-as-urns", "has URNs as ids", "urn:shop:thing:{}", "tmf683-v4"),
    ("ids-long", "has ids of 200 characters", "{:0>200}", "tmf629-v1"),
    ("ids-like-words-of-paths", "has ids that begin like words of paths", "send-{}", "tmf681-v1"),
)


def _relocated(words: str, change: Callable[[str], str]) -> Break:
    """Show other addresses of resources, in bodies, headers and notifications."""

    def thing_shown(thing: dict[str, Any]) -> dict[str, Any]:
        return {**thing, "href": change(thing["href"])} if isinstance(thing.get("href"), str) else thing

    def changed(_: Call, answer: Answer, __: History) -> Answer:
        shown = answer.with_json(over(answer.json, thing_shown)) if answer.is_success and answer.body else answer
        for name in ("Location", "Content-Location"):
            value = shown.header(name)
            shown = shown.with_header(name, change(value)) if value else shown
        return shown

    return Break(words, of_answers(words, changed).serve, showing_all(words, thing_shown).notify)


def _at(origin: str) -> Callable[[str], str]:
    """Return what puts another scheme, host, port and prefix before the path of an address."""

    def changed(address: str) -> str:
        path = urlsplit(address).path
        # The path of the variant is that of a prefix; what a client knows of is below it.
        own = "/" + path.split("/", 4)[4] if path.startswith("/broken/") else path
        return f"{origin}{own if origin else path}"

    return changed


def _published(address: str) -> str:
    """Return an address at a public host, with a base path that the target itself does not have."""
    return "https://api.shop.example/itsm/api/" + "/".join(urlsplit(address).path.split("/")[-2:])


IDENTITY: Final = (
    *(
        Behaviour(
            name,
            _form(words, form),
            "ids are the server's choice; RFC 3986, 2.1 encodes what a path cannot hold",
            (api,),
            rules=(*_RULES, *_TWO),
            whole=("tmf683-v4", "tmf655-v1") if name == "ids-with-odd-characters" else (),
        )
        for name, words, form, api in _FORMS
    ),
    Behaviour(
        "ids-with-commas",
        _with_commas(),
        "ids are the server's choice; TMF630 has a comma between alternatives, and leaves it open how one is escaped",
        ("tmf629-v1", "tmf629-v4"),
        rules=(FILTERS_COMBINE, FIELDS_WITH_FILTER, FIELDS, CREATED_IS_LISTED),
    ),
    Behaviour(
        "ids-used-again",
        renumbering("gives the id of a deleted resource to the next one", _lowest_free, gone=_freed),
        "no document says that an id is never used again",
        ("tmf629-v4", "tmf681-v1"),
        rules=(*_RULES, *_TWO),
        whole=("tmf629-v4", "tmf683-v4"),
    ),
    Behaviour(
        "ids-used-again-at-once",
        renumbering(
            "gives the id of a deleted resource to the next one, and is asked much at once", _lowest_free, gone=_freed
        ),
        "no document says that an id is never used again",
        ("tmf629-v1",),
        configuration=_AT_ONCE,
        rules=(*_RULES, *_TWO),
        whole=("tmf683-v4",),
    ),
    Behaviour(
        "hrefs-relative",
        _relocated("gives relative references as addresses", lambda address: urlsplit(address).path),
        "RFC 9110, 10.2.2: Location is a URI reference; TMF630 has relative hrefs too",
        ("tmf655-v1",),
        errata=("TMF655-E01", "TMF681-E01", "TMF629V4-E10"),
        rules=_RULES,
        whole=("tmf629-v4", "tmf655-v1"),
    ),
    Behaviour(
        "hrefs-of-a-public-host",
        _relocated("names a public host in addresses", _at("https://api.shop.example")),
        "the document leaves the host open",
        ("tmf629-v4", "tmf655-v1"),
        errata=("TMF655-E01", "TMF655-E40"),
        rules=_RULES,
    ),
    Behaviour(
        "hrefs-of-a-gateway",
        _relocated("names a public host with a prefix in addresses", _at("https://api.shop.example/prod/eu")),
        "no href is compared as text, only its end",
        ("tmf683-v4",),
        errata=("TMF683-E12", "TMF681-E01", "TMF655-E01"),
        rules=_RULES,
    ),
    Behaviour(
        "hrefs-of-another-base-path",
        _relocated("names a public host with another base path in addresses", _published),
        "errata tolerate any base path, and what is at another host is not called",
        ("tmf655-v1", "tmf681-v1", "tmf629-v1", "tmf683-v4"),
        errata=("TMF655-E01", "TMF681-E01", "TMF629V1-E53", "TMF683-E12"),
        rules=_RULES,
    ),
    Behaviour(
        "hrefs-of-another-port",
        _relocated("names the port inside its container in addresses", _at("http://localhost:8080")),
        "the document leaves host and port open",
        ("tmf629-v1",),
        rules=_RULES,
    ),
)
