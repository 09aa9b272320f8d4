"""Queries, date-times, patches, links and error bodies: values in, values out."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from tmfkit_sdk._runtime import times
from tmfkit_sdk._runtime.answers import Headers, Request, Response
from tmfkit_sdk._runtime.errors import (
    ApiError,
    BadRequest,
    ConnectionLost,
    Malformed,
    NotSelected,
    ServerError,
    Timeout,
    TmfError,
    Uncertain,
    Unreadable,
    api_error,
)
from tmfkit_sdk._runtime.links import next_link
from tmfkit_sdk._runtime.patches import JsonPatch, QueryPatch
from tmfkit_sdk._runtime.queries import field_names, fields_query, list_query

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EAST = timezone(timedelta(hours=8))


class Status(StrEnum):
    NEW = "New"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("New", "New"),
        ("a,b", "a\\,b"),
        ("", ""),
        (Status.NEW, "New"),
        (5, "5"),
        (1.5, "1.5"),
        (Decimal("1.10"), "1.10"),
        (True, "true"),
        (MOMENT, "2026-01-02T03:04:05Z"),
        (MOMENT.astimezone(EAST), "2026-01-02T11:04:05+08:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (["a", "b,c", 3], "a,b\\,c,3"),
        (("a",), "a"),
        ({"a": 1}.keys(), "a"),
    ],
)
def test_a_condition_is_written_as_tmf630_has_it(value: Any, written: str) -> None:
    assert list_query({"name.gt": value}) == [("name.gt", written)]


@pytest.mark.parametrize(
    "where",
    [
        {"a": None},
        {"a": [None]},
        {"a": []},
        {"a": datetime(2026, 1, 2)},  # noqa: DTZ001 - the point of it
        {"a": {"b": 1}},
        {"a": b"x"},
        {"a": object()},
        {"": "x"},
        {None: "x"},
    ],
)
def test_a_condition_that_means_nothing_is_refused(where: Any) -> None:
    with pytest.raises(ValueError, match="where"):
        list_query(where)


def test_all_of_a_query_in_its_order() -> None:
    assert list_query({"a": 1}, "$[?(@.b==1)]", ["-c", "d"], ["e", "f"], limit=5, offset=0) == [
        ("a", "1"),
        ("filter", "$[?(@.b==1)]"),
        ("sort", "-c,d"),
        ("fields", "e,f"),
        ("offset", "0"),
        ("limit", "5"),
    ]
    assert list_query() == []
    assert list_query(filter=["$.a", "$.b"], sort="-c") == [("filter", "$.a"), ("filter", "$.b"), ("sort", "-c")]


@pytest.mark.parametrize(
    "arguments",
    [{"limit": -1}, {"limit": True}, {"limit": "5"}, {"offset": -1}, {"sort": []}, {"sort": [""]}, {"filter": " "}],
)
def test_a_query_that_means_nothing_is_refused(arguments: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        list_query(**arguments)


def test_fields_are_names_or_a_text_with_commas() -> None:
    assert field_names(None) is None
    assert field_names("name, status") == field_names(["name", "status"]) == ("name", "status")
    assert field_names("$.note[?(@.a==1,2)].text") == ("$.note[?(@.a==1,2)].text",)
    assert fields_query(("name",)) == [("fields", "name")]
    for nothing in ("", [], ["a", ""], ["a", None]):
        with pytest.raises(ValueError, match="fields"):
            field_names(nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", MOMENT),
        ("2026-01-02T03:04:05.0Z", MOMENT),
        ("2026-01-02T03:04:05.123456789Z", MOMENT.replace(microsecond=123456)),
        ("2026-01-02T11:04:05+0800", MOMENT),
        ("2026-01-02T11:04:05+08:00", MOMENT),
        ("2026-01-02T11:04:05+08", MOMENT),
        ("2026-01-01T23:34:05-03:30", MOMENT),
        ("2026-01-02T03:04", datetime(2026, 1, 2, 3, 4)),  # noqa: DTZ001 - it has no zone
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - it has no zone
        ("2026-01-02", datetime(2026, 1, 2)),  # noqa: DTZ001 - it has no zone
    ],
)
def test_a_date_time_is_read_in_the_forms_of_the_documents(text: str, moment: datetime) -> None:
    assert times.read(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05+99:00", "12"])
def test_what_is_no_date_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        times.read(text)


def test_a_date_time_without_a_zone_is_not_written() -> None:
    assert times.written(MOMENT) == "2026-01-02T03:04:05Z"
    with pytest.raises(ValueError, match="has no time zone; give it one"):
        times.written(datetime(2026, 1, 2))  # noqa: DTZ001 - the point of it


def test_a_patch_is_built_step_by_step_and_never_changes() -> None:
    first = JsonPatch().test("/name", "A")
    second = first.replace("/name", "B").add("/note/-", {"text": "x"}).remove("/a").move("/b", "/c").copy("/d", "/e")
    assert first.operations == ({"op": "test", "path": "/name", "value": "A"},)
    assert second.operations[1:] == (
        {"op": "replace", "path": "/name", "value": "B"},
        {"op": "add", "path": "/note/-", "value": {"text": "x"}},
        {"op": "remove", "path": "/a"},
        {"op": "move", "from": "/b", "path": "/c"},
        {"op": "copy", "from": "/d", "path": "/e"},
    )
    assert copy.deepcopy(second) == pickle.loads(pickle.dumps(second)) == second != first
    assert repr(first) == "JsonPatch([{'op': 'test', 'path': '/name', 'value': 'A'}])"
    with pytest.raises(AttributeError, match="does not change"):
        first.operations = ()


def test_a_patch_with_queries_has_its_own_media_type_and_paths() -> None:
    patch = QueryPatch().remove("/note?note.author=Kim").replace("$.note[0].text", "x")
    assert patch.content_type == "application/json-patch-query+json"
    assert [operation["path"] for operation in patch.operations] == ["/note?note.author=Kim", "$.note[0].text"]
    assert patch != JsonPatch()
    for path in ("name", "$.name", 5):
        with pytest.raises(ValueError, match="is no path"):
            JsonPatch().remove(path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        ("</a?offset=2>; rel=next", "/a?offset=2"),
        ('</a>; rel="first", </b,c>; title="x, <y>; rel=next"; rel="NEXT last"', "/b,c"),
        ('</a>; rel="prev"', None),
        ("</a>", None),
        ("nonsense; rel=next", None),
        ("<" * 5000, None),
    ],
)
def test_the_next_link(header: str, target: str | None) -> None:
    assert next_link(header) == target


def answered(status: int, body: bytes, media_type: str = "application/json") -> Response:
    headers = Headers([(b"Content-Type", media_type.encode()), (b"Set-Cookie", b"secret=1")])
    return Response(status, headers, body, Request("GET", "http://host/a", {}, b""), 1)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"code": "20", "reason": "no", "message": "m"}', ("20", "no", "m", None, "[20] no - m")),
        (b'[{"code": 20, "reason": "no"}]', ("20", "no", None, None, "[20] no")),
        (
            b'{"type": "http://x/e", "title": "Bad", "detail": "d", "status": 400}',
            (None, "Bad", "d", "http://x/e", "Bad - d"),
        ),
        (b'{"error": {"code": 7, "message": "m"}}', ("7", "m", None, None, "[7] m")),
        (
            b'{"error": "invalid_client", "error_description": "d"}',
            (None, "invalid_client", "d", None, "invalid_client - d"),
        ),
        (
            b'{"status": 400, "error": "Bad Request", "message": "m"}',
            (None, "Bad Request", "m", None, "Bad Request - m"),
        ),
        (b'{"errors": [{"code": "c", "title": "t", "detail": "d"}]}', ("c", "t", "d", None, "[c] t - d")),
        (b'{"fault": {"faultstring": "f"}}', (None, "f", None, None, "f")),
        (b'{"message": "m"}', (None, "m", None, None, "m")),
        (b'{"detail": [{"loc": ["a"]}]}', (None, '[{"loc": ["a"]}]', None, None, '[{"loc": ["a"]}]')),
        (b'"words"', (None, "words", None, None, "words")),
        (b'{"odd": 1}', (None, None, None, None, '{"odd": 1}')),
        (b"", (None, None, None, None, "")),
    ],
)
def test_what_an_error_says_is_found_in_every_common_form(
    body: bytes, found: tuple[str | None, str | None, str | None, str | None, str]
) -> None:
    error = api_error(answered(400, body))
    assert (error.code, error.reason, error.message, error.reference_error) == found[:4]
    assert str(error) == "GET http://host/a: 400 Bad Request" + (f": {found[4]}" if found[4] else "")


def test_a_page_and_a_text_are_shown_and_kept() -> None:
    page = api_error(answered(502, b"<html><head><title>502 Bad &amp; Gateway</title></head>", "text/html"))
    assert str(page) == "GET http://host/a: 502 Bad Gateway: (a page) 502 Bad & Gateway"
    assert page.body == "<html><head><title>502 Bad &amp; Gateway</title></head>"
    bare = api_error(answered(520, b"<!DOCTYPE html><script>var a</script><p>Sorry,<br>closed", ""))
    assert str(bare) == "GET http://host/a: 520: (a page) Sorry, closed"
    long = api_error(answered(500, b"x" * 5000, "text/plain"))
    assert str(long) == "GET http://host/a: 500 Internal Server Error: " + "x" * 300 + "…"
    assert long.body == "x" * 5000


def test_the_class_of_an_error_is_that_of_its_status() -> None:
    names = {
        status: type(api_error(answered(status, b""))).__name__ for status in (400, 401, 403, 404, 409, 412, 422, 429)
    }
    assert list(names.values()) == [
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Conflict",
        "PreconditionFailed",
        "Unprocessable",
        "RateLimited",
    ]
    assert type(api_error(answered(418, b""))) is ApiError
    assert type(api_error(answered(599, b""))) is ServerError


REQUEST = Request("POST", "http://host/a", {"accept": "x"}, b"{}")
ERRORS: dict[str, Callable[[], TmfError]] = {
    "timeout": lambda: Timeout("late", request=REQUEST, sent=True, attempts=2),
    "lost": lambda: ConnectionLost("reset", request=REQUEST, sent=None),
    "unreadable": lambda: Unreadable("no JSON", response=answered(200, b"x")),
    "malformed": lambda: Malformed("customer.name", "a number", response=answered(200, b"x")),
    "not-selected": lambda: NotSelected("customer.name", ["id"]),
    "uncertain": lambda: Uncertain(answered(412, b"")),
    "api": lambda: BadRequest(answered(400, b'{"code": "1"}'), retry_after=2.0),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_survives_pickle_and_copy(name: str) -> None:
    error = ERRORS[name]()
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert (type(again), str(again), sorted(vars(again))) == (type(error), str(error), sorted(vars(error)))


def test_the_words_of_errors() -> None:
    assert [str(ERRORS[name]()) for name in ("timeout", "lost", "unreadable", "malformed", "not-selected")] == [
        "POST http://host/a: no status: late; the request was sent (after 2 attempts)",
        "POST http://host/a: no status: reset; the request may have been sent",
        "GET http://host/a: 200: no JSON",
        "customer.name: a number (in the answer 200 to GET http://host/a)",
        "customer.name: not among the fields asked for (id); add it to fields",
    ]


def test_headers_are_found_in_any_case_and_keep_no_secret() -> None:
    headers = Headers([(b"ETag", b'"1"'), (b"Link", b"<a>"), (b"LINK", b"<b>"), (b"Set-Cookie", b"s=1")])
    assert (headers["etag"], headers["link"], "ETAG" in headers, len(headers)) == ('"1"', "<a>, <b>", True, 2)
    assert headers == {"etag": '"1"', "link": "<a>, <b>"}
    assert copy.deepcopy(headers) == pickle.loads(pickle.dumps(headers)) == headers
