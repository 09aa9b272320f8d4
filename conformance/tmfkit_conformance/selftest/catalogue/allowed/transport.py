"""How requests and answers go over the line, and who may ask."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any, Final

from tmfkit_conformance.rules.answers import ACCEPT, BODY, CONSUMES, HEADER, PRODUCES
from tmfkit_conformance.rules.attributes import ATTRIBUTE
from tmfkit_conformance.rules.hubs import EVENT, HUB_DELIVERS
from tmfkit_conformance.rules.updates import PATCH_LASTS, PATCHABLE
from tmfkit_conformance.selftest.breaks.registry import Break, answering
from tmfkit_conformance.selftest.calls import Answer, Call, Sound
from tmfkit_conformance.selftest.catalogue.changes import demanding, is_about_resource, looked_at, refusal
from tmfkit_conformance.selftest.catalogue.entries import Behaviour
from tmfkit_conformance.selftest.catalogue.fronts import Front, Line
from tmfkit_conformance.selftest.history import History

__all__ = ["TRANSPORT"]

_SOUND: Final = Break("is sound")
_RULES: Final = (BODY, HEADER, PRODUCES)
_CHANGING: Final = ("PATCH", "PUT", "DELETE")


def _chunked(line: Line, size: int, extension: bytes = b"") -> None:
    line.write(line.head(*([("Transfer-Encoding", "chunked")] if line.has_body else [])))
    if not line.has_body:
        return
    for start in range(0, len(line.body), size):
        piece = line.body[start : start + size]
        line.write(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece))
    line.write(b"0\r\n\r\n")


def _whole(line: Line, before: bytes = b"", *, lower: bool = False) -> None:
    head = line.head(*line.length)
    status, _, headers = head.partition(b"\r\n")
    if lower:
        headers = b"\r\n".join(
            name.lower() + colon + value
            for name, colon, value in (one.partition(b":") for one in headers.split(b"\r\n"))
        )
    line.write(before + status + b"\r\n" + headers + (line.body if line.has_body else b""))


def _without_length(line: Line) -> None:
    line.write(line.head(version="HTTP/1.0") + (line.body if line.has_body else b""))
    line.close()


def _closing(line: Line, *more: tuple[str, str]) -> None:
    line.write(line.head(*line.length, *more) + (line.body if line.has_body else b""))
    line.close()


def _in_pieces(line: Line) -> None:
    whole = line.head(*line.length) + (line.body if line.has_body else b"")
    size = len(whole) // 6 + 1
    for start in range(0, len(whole), size):
        line.write(whole[start : start + size])
        time.sleep(0.03)


_EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_LINES: Final = (
    ("chunked", Front("sends every body in chunks", lambda line: _chunked(line, 4096)), "RFC 9112, 7.1"),
    (
        "chunked-tiny",
        Front("sends chunks of seven bytes with extensions", lambda line: _chunked(line, 7, b";part=yes")),
        "RFC 9112, 7.1.1",
    ),
    ("http-1.0", Front("answers HTTP/1.0 and ends a body with the connection", _without_length), "RFC 9112, 6.3"),
    (
        "lower-case-headers",
        Front("writes names of headers small", lambda line: _whole(line, lower=True)),
        "RFC 9110, 5.1",
    ),
    (
        "connection-close",
        Front("closes after each answer", lambda line: _closing(line, ("Connection", "close"))),
        "RFC 9112, 9.6",
    ),
    ("closes-silently", Front("closes after each answer without a word", _closing), "RFC 9112, 9.5"),
    ("early-hints", Front("sends 103 before every answer", lambda line: _whole(line, _EARLY)), "RFC 8297"),
    ("continue", Front("sends 100 before every answer", lambda line: _whole(line, _CONTINUE)), "RFC 9110, 15.2.1"),
    ("in-pieces", Front("sends an answer in pieces with pauses", _in_pieces), "RFC 9112, 2.2"),
)


def _always(change: Any) -> Any:
    """Return what changes each answer by itself alone."""
    return lambda _call, answer, _history: change(answer)


def _gzipped(call: Call, answer: Answer, _: History) -> Answer:
    if "gzip" not in call.header("Accept-Encoding") or not answer.body:
        return answer
    packed = Answer(answer.status, answer.headers, gzip.compress(answer.body))
    return packed.with_header("Content-Encoding", "gzip").with_header("Vary", "Accept-Encoding")


def _typed(media_type: str) -> Any:
    def changed(answer: Answer) -> Answer:
        is_json = (answer.header("Content-Type") or "").startswith("application/json") and answer.body
        return answer.with_header("Content-Type", media_type) if is_json else answer

    return _always(changed)


def _rewritten(_: Call, answer: Answer, __: History) -> Answer:
    if not answer.body or answer.json is None:
        return answer
    text = json.dumps(answer.json, indent=4, ensure_ascii=True).replace("/", "\\/").replace("\n", "\r\n")
    return Answer(answer.status, answer.headers, text.encode())


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return [_turned(member) for member in value]
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return value


_GATEWAY: Final = (
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Via", "1.1 gateway"),
    ("Access-Control-Allow-Origin", "*"),
    ("Cache-Control", "no-store"),
    ("Set-Cookie", "session=abc; Path=/; HttpOnly"),
    ("Set-Cookie", "balancer=b2; Path=/"),
)


def _with_key(words: str, name: str, value: str, **more: Any) -> Break:
    return demanding(words, lambda call: call.header(name) == value, **more)


def _unversioned() -> Break:
    """Tell no ETag, and change nothing of which not any version is named."""
    words = "changes nothing without If-Match, and has no ETags"

    async def serve(call: Call, sound: Sound, _: History) -> Answer:
        if is_about_resource(call) and call.method in _CHANGING and call.header("If-Match") != "*":
            return refusal(428, "If-Match is missing")
        return looked_at((await sound(call)).with_header("ETag", ""))

    return Break(words, serve)


TRANSPORT: Final = (
    *(
        Behaviour(
            name,
            _SOUND,
            because,
            ("tmf683-v4",) if number % 2 else ("tmf629-v4",),
            rules=(*_RULES, HUB_DELIVERS),
            whole=("tmf629-v4", "tmf681-v1") if name == "chunked-tiny" else (),
            front=front,
        )
        for number, (name, front, because) in enumerate(_LINES)
    ),
    Behaviour(
        "encrypted",
        _SOUND,
        "RFC 9110, 4.2.2",
        ("tmf655-v1",),
        rules=_RULES,
        configuration={"ca_file": "{authority}"},
        front=Front(
            "is spoken to over TLS, with an authority of its own", lambda line: _whole(line), is_encrypted=True
        ),
    ),
    Behaviour(
        "gzip",
        answering("packs answers for those who take that", _gzipped),
        "RFC 9110, 8.4",
        ("tmf629-v1",),
        rules=(*_RULES, ATTRIBUTE),
        whole=("tmf655-v1", "tmf683-v4"),
    ),
    Behaviour(
        "charset",
        answering("names a charset in Content-Type", _typed("application/json;charset=UTF-8")),
        "RFC 9110, 8.3.1",
        ("tmf681-v1",),
        rules=(*_RULES, ACCEPT),
    ),
    Behaviour(
        "media-type-case",
        answering(
            "writes the media type in other letter case", _typed('Application/JSON; Charset="utf-8"; profile=v4')
        ),
        "RFC 9110, 8.3.1: types, subtypes and names of parameters ignore case",
        ("tmf655-v1",),
        rules=(*_RULES, ACCEPT),
    ),
    Behaviour(
        "json-in-other-form",
        answering("writes JSON indented, escaped, with CRLF", _rewritten),
        "RFC 8259, 2 and 7",
        ("tmf629-v1",),
        rules=(ATTRIBUTE,),
    ),
    Behaviour(
        "members-turned",
        answering(
            "writes members in the opposite order",
            _always(lambda answer: answer.with_json(_turned(answer.json)) if answer.body else answer),
        ),
        "RFC 8259, 4: the order of members means nothing",
        ("tmf683-v4",),
        rules=(ATTRIBUTE, EVENT),
    ),
    Behaviour(
        "gateway-headers",
        answering(
            "adds headers and cookies of a gateway",
            _always(lambda answer: Answer(answer.status, (*answer.headers, *_GATEWAY), answer.body)),
        ),
        "RFC 9110, 5.1: unknown header fields are ignored",
        ("tmf629-v4",),
        rules=_RULES,
    ),
    Behaviour(
        "agent-demanded",
        demanding(
            "refuses who does not say what it is", lambda call: bool(call.header("User-Agent")), 403, "who are you?"
        ),
        "RFC 9110, 10.1.5 wants User-Agent in each request",
        ("tmf629-v4",),
    ),
    Behaviour(
        "accept-demanded",
        demanding(
            "refuses requests that do not take JSON",
            lambda call: any(name in call.header("Accept") for name in ("application/json", "application/*", "*/*")),
            406,
            "this is JSON",
        ),
        "RFC 9110, 15.5.7",
        ("tmf683-v4",),
        rules=(ACCEPT, PRODUCES),
    ),
    Behaviour(
        "if-match-demanded",
        demanding(
            "changes nothing without If-Match",
            lambda call: not is_about_resource(call) or call.method not in _CHANGING or bool(call.header("If-Match")),
            428,
            "name the version that you saw",
        ),
        "RFC 6585, 3; RFC 9110, 13.1.1: the ETag of the record was told",
        ("tmf681-v1",),
        rules=(PATCHABLE, PATCH_LASTS),
        whole=("tmf629-v4", "tmf655-v1", "tmf629-v1"),
    ),
    Behaviour(
        "if-match-demanded-without-etag",
        _unversioned(),
        "RFC 9110, 13.1.1: any version is named by an asterisk",
        ("tmf683-v4",),
        rules=(PATCHABLE, PATCH_LASTS),
    ),
    Behaviour(
        "content-type-bare",
        demanding(
            "refuses parameters in Content-Type",
            lambda call: ";" not in call.header("Content-Type"),
            415,
            "a JSON type has no parameters",
        ),
        "RFC 8259, 11: application/json has no parameters",
        ("tmf629-v4",),
        rules=(CONSUMES,),
    ),
    Behaviour(
        "key-in-own-header",
        _with_key("wants a key in a header of its own", "X-Shop-Key", "k-123", status=401, reason="no key"),
        "how a client shows who it is, is the operator's choice",
        ("tmf683-v4",),
        configuration={"headers": {"X-Shop-Key": "k-123"}},
    ),
    Behaviour(
        "tenant-header",
        _with_key("wants to know the tenant in a header", "X-Tenant", "acme", status=400, reason="X-Tenant is missing"),
        "a header that the operator asks for is told to the kit",
        ("tmf681-v1",),
        configuration={"headers": {"X-Tenant": "acme"}},
        whole=("tmf681-v1", "tmf629-v4"),
    ),
)
