"""What cannot be answered as it was asked is refused; what can be is answered, in every spelling."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from server_bodies import customer, unique

from tmfkit_models import contracts

ROLES_SENT = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}
NEVER = [
    "$.event.customer[?(@.status=='Approved')]",
    "event.customer[?(@.status=='Approved')]",
    " $.event.customer[?@.status=='Approved' || @.name=='x']",
    "filter=$.event.customer[?(@.status=='Approved')]",
    "filter=event.customer%5B?@.status!='Approved'%5D",
    "$.event.customer[?(!@.status)]",
    "$.event.customer.validFor[?(@.startDateTime)]",
    "$.event.customer[0]",
    "$.event.customer.name.first",
    "$[?(@.status=='Approved')]",
    "$[?$[0].nix]",
    "eventType=CustomerRemoveEvent",
    "eventType=CustomerCreateEvent,CustomerRemoveEvent",
    "eventType!=CustomerRemoveEvent",
    "eventType.regex=Remove",
    "eventType>Z",
    "eventType=customerCreateEvent",
    "eventType=CustomerCreateEvent;eventType=ChangeRequestCreationNotification",
    "$[?@.eventType=='CustomerRemoveEvent']",
    "$[?'CustomerRemoveEvent' != @.eventType]",
    "$[?@.eventType in ['CustomerCreateEvent', 'CustomerRemoveEvent']]",
    "$[?@.eventType =~ /Create/]",
    "$[?match(@.eventType, 'Create')]",
    "$..customer[?(@.status=='Approved')]",
    "$..[?(@.eventType=='Nope')]",
    "$..[?(@.eventType=='CustomerCreateEvent')]",
    "$..event[?@.customer.name.first]",
    "$..customer.nix.customer[?value(@..eventType)=='Nope']",
    "$[?value($..eventType)=='Nope']",
    "$[?'Nope'==value(@.eventType)]",
    "$[?@..eventType=='Nope']",
    "$..[?$[0].nix]",
    "$[?@.eventType==5]",
    "$[?@.eventType!=null]",
    "$[?true==@.eventType]",
    "$[?@.eventType in [1, 'CustomerCreateEvent']]",
    "$[?@.eventType>'Z']",
    "$[?'Z'<@.eventType]",
    "$[?@.eventType<7]",
    "status=Approved",
    "customer.status=Approved",
    "event.status=Approved",
    "event.customer.name.first=Ann",
    "event.customer.note[0].text=x",
    "nix",
]
SOMETIMES = [
    "$.event[?(@.status=='Approved')]",
    "event[?(@.status=='Approved')]",
    "\n$[?@.event.customer.status == 'Approved']\n",
    "filter=event[?(@.status=='Approved')]",
    " eventType = CustomerCreateEvent , CustomerDeleteEvent\n&\n event.customer.status = Approved ",
    "eventType = CustomerCreateEvent &\nfields = event.customer.id , event.customer.status",
    "?eventType==CustomerCreateEvent",
    "$[?search(@.eventType, 'Create') && @.event.customer.status == 'Approved']",
    "event.customer.contactMedium[?(@.characteristic.emailAddress=='a@example.com')]",
    "$.event.customer[?(@.startDateTime)]",
    "$.event.customer[?@[?@.mediumType]]",
    "$.event.customer[*][*].characteristic",
    "$..characteristic",
    "$..customer.status",
    "$..[?(@.status=='Approved')]",
    "$..[?@.mediumType=='email']",
    "$..[?@.emailAddress]",
    "$..characteristic.emailAddress",
    "$..emailAddress",
    "$[?value($..eventType)=='CustomerCreateEvent']",
    "$[?@.eventType<'D' && @.eventTime != 5]",
    "$.event.customer..[?@.characteristic]",
    "event.customer.status",
    "event.customer.ownAttribute=1;event.customer.status=Approved",
]


@pytest.fixture
def registered(customers: httpx.Client) -> Iterator[list[str]]:
    made: list[str] = []
    yield made
    for each in made:
        customers.delete(each)


@pytest.mark.parametrize("query", NEVER)
def test_query_that_no_notification_satisfies_is_400(
    customers: httpx.Client, registered: list[str], query: str
) -> None:
    answer = customers.post("/hub", json={"callback": "http://127.0.0.1:9/", "query": query})
    registered += [answer.headers["Location"]] if answer.status_code == 201 else []
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query")


@pytest.mark.parametrize("query", SOMETIMES)
def test_query_that_a_notification_satisfies_is_told_of_it(
    customers: httpx.Client, registered: list[str], listener: Any, query: str
) -> None:
    answer = customers.post("/hub", json={"callback": listener.url, "query": query})
    assert answer.status_code == 201, answer.text
    registered.append(answer.headers["Location"])
    medium = {"mediumType": "email", "characteristic": {"emailAddress": "a@example.com"}}
    period = {"startDateTime": "2024-01-01T00:00:00Z"}
    made = customers.post("/customer", json=customer(status="Approved", contactMedium=[medium], validFor=period))
    assert listener.next()["event"]["customer"]["id"] == made.json()["id"]


def test_every_hub_takes_its_own_event_types_and_no_other(server_url: str) -> None:
    with httpx.Client(base_url=server_url) as client:
        for name in contracts.apis():
            contract = contracts.load(name)
            for resource in contract.resources:
                types = [event.type for event in contract.events if event.resource == resource.name]
                for query, status in ((f"eventType={','.join(types)}", 201), (f"eventType={types[0]}X", 400)):
                    body = {"callback": f"http://127.0.0.1:9/{unique()}", "query": query}
                    answer = client.post(f"{contract.base_path}{resource.hub}", json=body)
                    assert answer.status_code == status, (query, answer.text)
                    if status == 201:
                        client.delete(answer.headers["Location"])


@pytest.fixture(scope="module")
def noted(server_url: str) -> tuple[httpx.Client, str]:
    client = httpx.Client(base_url=f"{server_url}{contracts.load('tmf629-v4').base_path}")
    mark = unique()
    for text, number in (("b", 2), ("a", 3), ("c", 1)):
        client.post(
            "/customer", json=customer(mark=mark, note=[{"text": text, "author": "Kim"}], rank=number, name=text)
        )
    return client, mark


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("note[0].text", "abc"),
        ("-note[0].text", "cba"),
        ("$.note[0].text", "abc"),
        (".note[0].text", "abc"),
        ("note[?(@.author=='Kim')].text", "abc"),
        ("-note[?(@.author=='Kim')].text,name", "cba"),
        ("note.*.text", None),
        ("note[*].text", "abc"),
        ("..text", "abc"),
        ("note..text", "abc"),
        ("rank,note[0].text", "cba"),
    ],
)
def test_dollar_may_be_left_out_in_an_order(noted: tuple[httpx.Client, str], sort: str, names: str | None) -> None:
    client, mark = noted
    answer = client.get("/customer", params={"mark": mark, "sort": sort})
    assert answer.status_code == 200, answer.text
    assert "".join(each["name"] for each in answer.json()) == (names or "abc")


@pytest.mark.parametrize(
    "sort",
    [
        *("name:desc", "name:asc", "rank:-1", "name desc", "name ASC", "name descending", "desc(name)", "name;desc"),
        *(
            "name=desc",
            "--name",
            "+-name",
            "-+name",
            "-",
            "name,status:desc",
            "name|desc",
            "{name}",
            "'name'",
            "note[0",
        ),
        *("name?", "!name", "name&#38;status", "note[0] desc", "name\tdesc", "name\ndesc"),
        *("name-", "name-desc", "name/desc", "name.desc", "name~desc", "name_desc", "name@desc", "name#desc"),
        *("desc name", "order by name", "/name", "@.name", ",", "", " ", "name,", "name,,status", "name,desc", "DESC"),
        *("name.", ".", "name..", "1", "name.1", "%2Bname", "name,Descending"),
    ],
)
def test_order_of_an_unknown_form_is_400(customers: httpx.Client, sort: str) -> None:
    answer = customers.get("/customer", params={"sort": sort})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query")


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ("note[0].text", [{"text": "a"}]),
        ("name,note[?(@.author=='Kim')].text", [{"text": "a"}]),
        ("note[*].author", [{"author": "Kim"}]),
        ("..author", [{"author": "Kim"}]),
        (".note[0].text", [{"text": "a"}]),
        ("note.text", [{"text": "a"}]),
    ],
)
def test_dollar_may_be_left_out_in_fields(noted: tuple[httpx.Client, str], fields: str, note: Any) -> None:
    client, mark = noted
    [shown] = client.get("/customer", params={"mark": mark, "name": "a", "fields": fields}).json()
    assert shown["note"] == note


@pytest.mark.parametrize(
    "sort", ["nix", "@type", "description", "a.b_c.d-e", "größe", "+name", " name , -status", "$.desc", "-$['a b']"]
)
def test_order_by_what_there_is_not_is_no_mistake(customers: httpx.Client, sort: str) -> None:
    assert customers.get("/customer", params={"sort": sort}).status_code in (200, 206)


@pytest.mark.parametrize(
    "fields",
    [
        *("note[", "note[0]]", "note[?(@.author=='x']", "/name", "@.name", "name;status", "name|status", "(name)"),
        *("'name'", "-name", "name status", "name.", "name:status", "{name}", "+name", "name,/status"),
    ],
)
def test_fields_that_cannot_be_understood_are_400(customers: httpx.Client, fields: str) -> None:
    assert customers.get("/customer", params={"fields": fields}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["note[?(@.author=='Kim')].text", "note[0].text", ".note[0].text", "$.note[*].text", "note[?@.author=='Kim'].text"],
)
def test_dollar_may_be_left_out_in_a_patch(customers: httpx.Client, path: str) -> None:
    made = customers.post("/customer", json=customer(note=[{"author": "Kim", "text": "old"}])).json()
    answer = customers.patch(
        made["href"],
        content=json.dumps([{"op": "replace", "path": path, "value": "new"}]),
        headers={"Content-Type": "application/json-patch-query+json"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["note"] == [{"author": "Kim", "text": "new"}]


@pytest.mark.parametrize("path", ["note[?(@.author=='Ann')].text", "note/text", "nix", "note["])
def test_patch_that_selects_nothing_is_400(customers: httpx.Client, path: str) -> None:
    made = customers.post("/customer", json=customer(note=[{"author": "Kim", "text": "old"}])).json()
    operations = [{"op": "replace", "path": path, "value": "new"}]
    headers = {"Content-Type": "application/json-patch-query+json"}
    assert customers.patch(made["href"], content=json.dumps(operations), headers=headers).status_code == 400
    assert customers.get(made["href"]).json() == made


@pytest.mark.parametrize(
    "digits", ["702.0", "7e2", "7E+2", "0.7e3", "700", "70000e-2", "1e300", "100000000000000000000"]
)
def test_whole_number_is_an_integer_however_it_is_written(messages: httpx.Client, digits: str) -> None:
    body = json.dumps({"type": "SMS", "content": "x", "receiver": [{"phoneNumber": "1"}]})[:-1]
    made = messages.post(
        "/communicationMessage",
        content=f'{body},"tryTimes":{digits}}}',
        headers={"Content-Type": "application/json"},
    )
    assert made.status_code == 201, made.text
    assert json.loads(made.text, parse_float=Decimal)["tryTimes"] == Decimal(digits)


@pytest.mark.parametrize("digits", ["702.5", "7e-1", '"702"', "true", "1e-5"])
def test_number_that_is_not_whole_is_no_integer(messages: httpx.Client, digits: str) -> None:
    body = json.dumps({"type": "SMS", "content": "x", "receiver": [{"phoneNumber": "1"}]})[:-1]
    headers = {"Content-Type": "application/json"}
    refused = messages.post("/communicationMessage", content=f'{body},"tryTimes":{digits}}}', headers=headers)
    assert refused.status_code == 400
    assert "/tryTimes" in refused.json()["message"]


def _numbers(count: int) -> Iterator[str]:
    yield from ("1.10", "-0", "-0.0", "0e99", "5e-324", "4e-324", "1e-400", "-1e-999", "18446744073709551615")
    yield from ("18446744073709551616", "-9223372036854775809", "9007199254740993.0", "0.1234567890123456789", "1e23")
    chance = random.Random(13)
    for _ in range(count):
        digits = str(chance.randrange(1, 10 ** chance.randrange(1, 23)))
        point = chance.randrange(1, len(digits) + 1)
        fraction = f".{digits[point:]}" if digits[point:] else ""
        exponent = chance.choice(["", "", f"e{chance.randrange(-330, 330)}", f"E+{chance.randrange(20)}"])
        yield f"{chance.choice(['', '-'])}{digits[:point]}{fraction}{exponent}"


def test_number_is_answered_with_the_value_that_was_sent_or_refused(customers: httpx.Client) -> None:
    kept = 0
    for digits in _numbers(400):
        body = f'{{"name":"n","engagedParty":{{"id":"1"}},"own":[{digits}]}}'
        made = customers.post("/customer", content=body, headers={"Content-Type": "application/json"})
        assert made.status_code in (201, 400), digits
        if made.status_code == 201:
            kept += 1
            read = customers.get(made.json()["href"]).content
            for text in (made.content, read):
                assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["own"] == [Decimal(digits)], digits
    assert kept > 200


@pytest.mark.parametrize("sent", [{}, {"@type": "BusinessCustomer"}])
def test_customer_has_a_type_from_the_beginning(customers: httpx.Client, listener: Any, sent: dict[str, str]) -> None:
    kind, mark = sent.get("@type", "Customer"), unique()
    query = f"event.customer.@type={kind}&event.customer.mark={mark}"
    hub = customers.post("/hub", json={"callback": listener.url, "query": query}).headers["Location"]
    made = customers.post("/customer", json=customer(mark=mark, **sent)).json()
    told = listener.next()["event"]["customer"]
    customers.delete(hub)
    assert made["@type"] == told["@type"] == kind
    assert customers.get("/customer", params={"@type": kind, "mark": mark}).json() == [made]
    assert customers.get("/customer", params={"filter": f"$[?@['@type']=='{kind}' && @.mark=='{mark}']"}).json() == [
        made
    ]
    patched = customers.patch(made["href"], json={"@type": None})
    assert patched.json()["@type"] == "Customer"


LONG = "q" * 5000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/customer/{LONG[:4000]}", None),
        ("DELETE", f"/hub/{LONG[:4000]}", None),
        ("GET", f"/customer?{LONG}", None),
        ("GET", f"/customer?{LONG}.regex=(", None),
        ("GET", f"/customer?a.{LONG}" + ".b" * 12 + "=1", None),
        ("GET", f"/customer?a.regex=({LONG}", None),
        ("GET", f"/customer?sort={LONG}:desc", None),
        ("GET", f"/customer?sort=-{LONG[:900]}[", None),
        ("GET", f"/customer?fields={LONG[:900]}[", None),
        ("GET", f"/customer?filter=$.{LONG[:900]}[", None),
        ("GET", f"/customer?filter=$[?{LONG[:900]}(@.a)]", None),
        ("GET", f"/customer?filter=$[?@.a=={LONG[:900]}]", None),
        ("GET", f"/customer?filter=$[?'{LONG[:900]}']", None),
        ("GET", f"/customer?filter=$[?@.a=='{LONG[:900]}' {LONG[:50]}]", None),
        ("GET", f"/customer?filter=$[?@.{LONG[:900]}[*]==1]", None),
        ("GET", f"/customer?offset={LONG}", None),
        ("POST", "/hub", {"callback": f"ftp://{LONG}"}),
        ("POST", "/hub", {"callback": "http://host/", "query": f"{LONG}=1"}),
        ("POST", "/hub", {"callback": "http://host/", "query": f"eventType={LONG}"}),
        ("POST", "/hub", {"callback": "http://host/", "query": f"$.event.customer[?@.{LONG[:900]}]"}),
        ("POST", "/hub", {"callback": "http://host/", "query": f"$[?@.eventType=='{LONG[:900]}']"}),
        ("POST", "/customer", {"name": {LONG: 1}, LONG: 1, "validFor": LONG}),
        ("POST", "/customer", f'{{"{LONG}":1,"{LONG}":2}}'),
        ("POST", "/customer", f'{{"{LONG}'),
        ("POST", "/customer", [LONG]),
        ("PATCH", "", [{"op": LONG, "path": "/name"}]),
        ("PATCH", "", [{"op": "test", "path": f"/{LONG}", "value": 1}]),
        ("PATCH", "", [{"op": "test", "path": "/note", "value": LONG}]),
        ("PATCH", "", [{"op": "move", "from": f"/{LONG}", "path": "/name"}]),
        ("PATCH", "", [{"op": "remove", "path": LONG[:900]}]),
        ("PATCH", "", [{"op": "remove", "path": f"/note?{LONG}=1"}]),
        ("PATCH", "", [{"op": "remove", "path": f"/note?{LONG}.regex=("}]),
        ("PATCH", "", [{"op": "replace", "path": f"/note/{LONG}?note.author=Ann", "value": 1}]),
    ],
)
def test_error_quotes_little_of_what_was_sent(customers: httpx.Client, method: str, path: str, body: Any) -> None:
    if method == "PATCH":
        path = customers.post("/customer", json=customer(note=[{"author": "Kim"}])).json()["href"]
    kind = "application/json-patch-query+json" if method == "PATCH" else "application/json"
    content = body if isinstance(body, str) else None if body is None else json.dumps(body)
    answer = customers.request(method, path, content=content, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert answer.text.count("q") <= 200 + 10  # ours are "query" and "request"


def test_error_quotes_little_of_a_header(customers: httpx.Client) -> None:
    for headers in ({"Content-Type": LONG}, {"Idempotency-Key": LONG}, {"Accept": f"text/{LONG}"}):
        answer = customers.post("/customer", content=b"{}", headers=headers)
        assert 400 <= answer.status_code < 500
        assert answer.text.count("q") <= 200 + 10


def test_answers_with_data_are_for_one_caller(customers: httpx.Client, server_url: str) -> None:
    made = customers.post("/customer", json=customer())
    read = customers.get(made.headers["Location"])
    hub = customers.post("/hub", json={"callback": "http://127.0.0.1:9/"})
    answers = [
        made,
        read,
        customers.get(made.headers["Location"], headers={"If-None-Match": read.headers["ETag"]}),
        customers.head(made.headers["Location"]),
        customers.get("/customer?limit=1"),
        customers.patch(made.headers["Location"], json={"name": "other"}),
        hub,
        httpx.get(f"{server_url}/admin/dead-letters"),
    ]
    customers.delete(hub.headers["Location"])
    assert [answer.status_code for answer in answers] == [201, 200, 304, 200, answers[4].status_code, 200, 201, 200]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in ROLES_SENT} == ROLES_SENT
