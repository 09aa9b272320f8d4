"""JSONPath in ``filter``, ``fields`` and ``sort``."""

from __future__ import annotations

import contextlib
import copy
import itertools
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_examples import Examples
from query_oracle import selected
from server_bodies import customer, full, unique

from tmfkit_models import contracts
from tmfkit_server.errors import InvalidQuery
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.jsonpath import jsonpath_in
from tmfkit_server.query.parse import Grammar


@pytest.fixture(scope="module")
def group(server_url: str) -> str:
    """Name of three customers that differ: a, b and c."""
    group = unique("j")
    rows: list[dict[str, Any]] = [
        {"status": "a", "rank": 9007199254740993, "note": [{"author": "Jane", "text": "x;y"}, {"author": "Joe"}]},
        {"status": "b", "rank": 2, "note": [{"author": "Joe", "text": "A&B"}], "@type": "Special", "open": None},
        {"status": "c", "nested": {"deep": [{"note": [{"text": "far"}]}]}, "open": False},
    ]
    for row in rows:
        url = f"{server_url}/tmf-api/customerManagement/v4/customer"
        assert httpx.post(url, json=customer(name=group, **row)).status_code == 201
    return group


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("$.note", "ab"),
        ("note", "ab"),
        (".note[0]", "ab"),
        ("$.note[1]", "a"),
        ("$.note[-2:-1]", "a"),
        ("$['note','nix']", "ab"),
        ("$.note[?(@.author=='Jane')]", "a"),
        ('$.note[?@.author == "Jane"].text', "a"),
        ("$.note[?(@.text=='x;y')]", "a"),
        ("$.note[?(@.text=='A&B')]", "b"),
        ("$[?(@.status=='b' || @.status=='c')]", "bc"),
        ("[?(@.status != 'b')]", "ac"),
        ("$[?@.status=='a' && !@.nix].note", "a"),
        ("$[?(@.rank>1 && @.rank<=9007199254740992)]", "b"),
        ("$[?@.rank==9007199254740993]", "a"),
        ("$[?@.open==null]", "b"),
        ("$[?@.open==false]", "c"),
        ("$[?@.open==0]", ""),
        ("$[?@.open in [0]]", ""),
        ("$.open", "bc"),
        ("$..text", "abc"),
        ("$..note[?@.text=='far']", "c"),
        ("$.*.deep", "c"),
        ("$.@type", "abc"),
        ("$[?(@.@type=='Special')]", "b"),
        ("$[?@['@type']=='Special']", "b"),
        ("$[?@.status =~ /[AB]/i]", "ab"),
        ("$.note[?@.author=~/J/]", ""),
        ("$.note[?search(@.author, 'J.n')]", "a"),
        ("$.note[?match(@.author, 'J.n')]", ""),
        ("$[?@.status in ['a', 'c', 1]]", "ac"),
        ("$[?length(@.note)==2]", "a"),
        ("$[?count(@.note[*])==1]", "b"),
        ("$[?!!@.open || (@.status)=='a']", "abc"),
        ("$[?match(@.status, '^a$')]", "a"),
        ("$[?@.rank==2e0 || @.rank==-0]", "b"),
        ("$[?value(@..text)=='far']", "c"),
        ("$.note[?@.author==$.note[0].author]", "ab"),
    ],
)
def test_filter(customers: httpx.Client, group: str, expression: str, found: str) -> None:
    answer = customers.get("/customer", params={"name": group, "filter": expression})
    assert answer.status_code == 200, answer.text
    assert "".join(each["status"] for each in answer.json()) == found
    assert answer.headers["X-Total-Count"] == str(len(found))


def test_filters_and_conditions_all_have_to_hold(customers: httpx.Client, group: str) -> None:
    query = f"name={group}&filter=$.note&filter=$[?(@.status!='a')]"
    assert [each["status"] for each in customers.get(f"/customer?{query}").json()] == ["b"]
    assert customers.get(f"/customer?{query}&rank=3").json() == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("filter=$.note[", "at its end"),
        ("filter=$.note[?(@.a==1&&@.b==2)]", "%26"),
        ("filter=$.note]", "at character 7"),
        ("filter=", "at its end"),
        ("filter=$.note[?(@.a=='x]", "at character"),
        ("filter=$.note[?@.a[*]==1]", "not comparable"),
        ("filter=$.note[?nix(@.a)]", "not defined"),
        ("filter=$.note[?isinstance(@.a, 'x')]", "not defined"),
        ("filter=$.a|$.b", "joins"),
        ("filter=$.~a", "RFC 9535"),
        ("filter=$.note[(@.length-1)]", "at character 8"),
        ("filter=$.note[99999999999999999999]", "out of range"),
        ("filter=$[?@.a==1e999]", "number"),
        ("filter=$[?@.a==01]", "at character 9: a number has no leading zero"),
        ("filter=$[?@.a==-01.5]", "at character 9: a number has no leading zero"),
        ("filter=$[?@.a==True]", "at character 9: unexpected 'True'"),
        ("filter=$[?@.a==False]", "at character 9: unexpected 'False'"),
        ("filter=$[?@.a==None]", "at character 9: unexpected 'None'"),
        ("filter=$[?@.a==nil]", "at character 9: unexpected 'nil'"),
        ("filter=$[?@.a in [Null]]", "at character 12: unexpected 'Null'"),
        ("filter=$[?@.a and @.b]", "at character 8"),
        ("filter=$[?@.a or @.b]", "at character 8"),
        ("filter=$[?not @.a]", "at character 4: unexpected 'not'"),
        ("filter=$['\\ud83d']", "text"),
        ("fields=$.a[?@['\\ud83d']==1]", "text"),
        ("sort=$..['\\ud83d']", "text"),
        ("filter=$..'a'", "at character 5"),
        ("filter=$[?search(@.a,'(')]", "regular expression"),
        ("filter=$[?@.a=~/(/]", "regular expression"),
        ("filter=$[?match('\\ud800', @.a)]", "text"),
        ("filter=$[?@.a contains 'x']", "contains"),
        ("filter=$." + "a" * 1000, "1000 characters"),
        ("filter=$" + ".a" * 40, "32 segments"),
        ("filter=$[?" + "!" * 20 + "@.a]", "16 deep"),
        ("filter=" + "$[?@[?" * 20 + "@.a" + "]]" * 20, "16 deep"),
        ("filter=$[?" + "(" * 490 + "@.a" + ")" * 490 + "]", "recursion"),
        ("&".join(["filter=$.a"] * 11), "more than 10"),
        ("fields=" + ",".join(["$.a"] * 11), "more than 10"),
        ("sort=" + ",".join(["$.a"] * 6), "more than 5"),
        ("fields=$.a[", "at its end"),
        ("sort=-$.a[,name", "at character"),
    ],
)
def test_bad_expression_is_400_and_says_where(customers: httpx.Client, query: str, message: str) -> None:
    answer = customers.get(f"/customer?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-query"
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        "filter=$.list[?(count($.list[*]) == 1)]",
        "filter=$..*[?(@..*[?($..nix)])]",
        "filter=$.list[?($.list == $.same)][?(@ == 1)]",
        "filter=$.list[?(match($.long, '(a|aa)*'))][?(@ == 1)]",
        "sort=$..[?(count($..*) > 9)].nix",
        "fields=$..[?(count($..*) > 9)].nix",
        "long*=((a|b)?){999}[ab]{500}c",
    ],
)
def test_expression_that_would_take_too_long_is_refused(customers: httpx.Client, query: str) -> None:
    name = unique()
    numbers = [[[number]] for number in range(2000)]
    large = {"list": numbers, "same": numbers, "long": "a" * 40_000}
    made = customers.post("/customer", json=customer(name=name, **large)).json()
    answer = customers.get(f"/customer?name={name}&{query}")
    customers.delete(made["href"])
    assert answer.status_code == 400, answer.headers
    assert "too" in answer.json()["message"]
    assert query[:4].replace("long", "regex") in answer.json()["reason"]


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("$.note[0].text", {"note": [{"text": "x;y"}]}),
        ("$.note[?(@.author=='Joe')]", {"note": [{"author": "Joe"}]}),
        ("$..author,status", {"status": "a", "note": [{"author": "Jane"}, {"author": "Joe"}]}),
        ("$.note[1],note.text", {"note": [{"text": "x;y"}, {"author": "Joe"}]}),
        ("$['note','rank'],$.status", None),
        ("$.nix", {}),
        ("$[?(@.status=='a')].status", {"status": "a"}),
        ("$[?(@.status=='b')]", {}),
    ],
)
def test_fields(customers: httpx.Client, group: str, fields: str, kept: dict[str, Any] | None) -> None:
    [listed] = customers.get("/customer", params={"name": group, "status": "a", "fields": fields}).json()
    whole = customers.get(listed["href"]).json()
    wanted = {name: whole[name] for name in ("note", "rank", "status")} if kept is None else kept
    assert listed == {"id": whole["id"], "href": whole["href"], **wanted}
    assert customers.get(listed["href"], params={"fields": fields}).json() == listed
    assert customers.get(listed["href"], params={"fields": "$"}).json() == whole


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("$.note[0].author", "abc"),
        ("-$.note[0].author", "bac"),
        ("$..text", "bca"),
        ("-$..text,status", "acb"),
        ("$.nix,-status", "cba"),
        ("-$[?(@.rank>2)].status,-status", "acb"),
    ],
)
def test_sort_by_the_first_value(customers: httpx.Client, group: str, sort: str, order: str) -> None:
    url, found = (
        str(customers.base_url.join("customer").copy_merge_params({"name": group, "sort": sort, "limit": 2})),
        "",
    )
    while url:
        answer = customers.get(url)
        assert (answer.status_code, answer.headers["X-Total-Count"]) == (206, "3")
        found += "".join(each["status"] for each in answer.json())
        url = answer.links.get("next", {}).get("url", "")
    assert found == order


def test_other_names_of_an_attribute_are_understood(changes: httpx.Client) -> None:
    sent = full(contracts.load("tmf655-v1"), "ChangeRequest_Create") | {"description": unique()}
    sent["completionDateTime"] = sent.pop("completionDate")
    sent["impactedEntity"] = [each | {"id": "1"} for each in sent.pop("impactEntityRef")]
    made = changes.post("/changeRequest", json=sent)
    assert made.status_code == 201, made.text
    for expression in ("$.completionDateTime", "$[?@.completionDate]", "$.impactEntity[?(@.id=='1')]"):
        found = changes.get("/changeRequest", params={"description": sent["description"], "filter": expression}).json()
        assert found == [made.json()]
    shown = changes.get(made.headers["Location"], params={"fields": "$.impactEntity[*].id"}).json()
    assert shown["impactedEntity"] == [{"id": "1"}]


@pytest.mark.parametrize(
    "word", ["and", "or", "not", "in", "true", "True", "null", "None", "nil", "contains", "undefined", "missing"]
)
def test_words_of_the_language_are_names_where_a_name_stands(word: str) -> None:
    document = {word: [{word: 1}]}
    for text, count in ((word, 1), (f"$.{word}[0].{word}", 1), (f"$..{word}", 2), (f"$[?@.{word} && @..{word}]", 1)):
        path = jsonpath_in("filter", text, Grammar().canonical)
        assert len(list(path.values(document, Budget()))) == count, text
    assert len(list(jsonpath_in("filter", "$.a\u00a0", Grammar().canonical).values({"a\u00a0": 1}, Budget()))) == 1


def test_notification_goes_whole_to_a_listener_whose_query_takes_too_long(
    customers: httpx.Client, listener: Any
) -> None:
    long, other = "$..[?(count($..*) > 9)].nix", "eventType=CustomerDeleteEvent"
    callbacks = {f"{listener.url}/{number}": query for number, query in enumerate((long, other, long))}
    hubs = [
        customers.post("/hub", json={"callback": callback, "query": query}).headers["Location"]
        for callback, query in callbacks.items()
    ]
    made = customers.post("/customer", json=customer(list=list(range(2000))))
    assert made.status_code == 201
    told = [listener.next(), listener.next()]
    # The answer of the one in between is not what others have used up.
    customers.delete(made.headers["Location"])
    told += [listener.next() for _ in range(3)]
    for hub in hubs:
        customers.delete(hub)
    assert [each["event"]["customer"] for each in told] == [made.json()] * 5
    assert [each["eventType"] for each in told].count("CustomerCreateEvent") == 2


def test_expression_selects_the_same_nodes_as_a_plain_reading() -> None:
    examples, compared = Examples(Random(7)), 0
    for _ in range(500):
        document = examples.document()
        for _ in range(10):
            segments, text = examples.expression()
            path = jsonpath_in("filter", text, Grammar().canonical)
            wanted = selected(document, document, segments)
            assert list(map(repr, path.values(document, Budget()))) == list(map(repr, wanted)), (text, document)
            for place, value in itertools.zip_longest(path.places(document, Budget()), wanted):
                assert _at(document, place) is value or _at(document, place) == value, (text, document)
            compared += len(wanted)
    assert compared > 2000


_PIECES = st.sampled_from(
    [
        *(
            "$",
            "@",
            ".",
            "..",
            "[",
            "]",
            "(",
            ")",
            "?",
            "*",
            "'a'",
            '"b"',
            "'",
            '"',
            "a",
            "@type",
            "0",
            "-1",
            "1e3",
            "01",
            ":",
        ),
        *(
            ",",
            "==",
            "<",
            "=~",
            "/a/i",
            "/",
            "&&",
            "||",
            "!",
            "in",
            "contains",
            "null",
            "undefined",
            "match(",
            "count(",
        ),
        *(
            "~",
            "^",
            "|",
            "&",
            "#",
            "_",
            "\\",
            " ",
            "1e999",
            "9" * 20,
            "'\\ud800'",
            "[?(@.a==1)]",
            "[?@.a && ",
            ".a",
            "[0]",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES | st.characters(codec="utf-8"), max_size=12).map("".join))
def test_whatever_is_sent_is_evaluated_or_refused(text: str) -> None:
    document = Examples(Random(1)).document()
    before = copy.deepcopy(document)
    with contextlib.suppress(InvalidQuery):
        list(jsonpath_in("filter", text, Grammar().canonical).values(document, Budget()))
    assert document == before


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("$[?match(@.a, 'x.y')]", False),
        ("$[?match(@.a, 'x[^.]y')]", True),
        (r"$[?match(@.b, 'x\\.y')]", True),
        ("$[?match(@.a, @.pattern)]", False),
        ("$[?search(@.a, @.broken)]", False),
        ("$[?@.a =~ /x.y/]", True),
        (r"$[?@.c =~ /x\/y/]", True),
    ],
)
def test_regular_expressions_mean_what_their_standard_says(expression: str, holds: bool) -> None:
    document = {"a": "x\ry", "b": "x.y", "c": "x/y", "pattern": "x.y", "broken": "("}
    path = jsonpath_in("filter", expression, Grammar().canonical)
    assert bool(list(path.values(document, Budget()))) is holds


def _at(value: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        value = value[key]
    return value
