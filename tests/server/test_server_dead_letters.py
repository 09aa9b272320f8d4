"""Notifications that were given up, as an admin sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from server_bodies import customer

from patience import PATIENCE_SECONDS

HUB = "/tmf-api/customerManagement/v4/hub"
CUSTOMERS = "/tmf-api/customerManagement/v4/customer"
DEAD = "/admin/dead-letters"


@pytest.fixture
def refusing(root: httpx.Client, listener: Any) -> Iterator[str]:
    """The id of a listener that refuses everything."""
    listener.status = 410
    answer = root.post(HUB, json={"callback": listener.url, "query": "eventType=CustomerCreateEvent"})
    yield answer.json()["id"]
    root.delete(answer.headers["Location"])


def _letters(root: httpx.Client, listener: str, count: int) -> list[dict[str, Any]]:
    """Return the dead letters of a listener, once there are so many."""
    until = time.monotonic() + PATIENCE_SECONDS
    while len(found := root.get(DEAD, params={"listener": listener}).json()) != count and time.monotonic() < until:
        time.sleep(0.02)
    assert len(found) == count
    return list(found)


def test_dead_letter_tells_what_happened_and_can_be_sent_again(
    root: httpx.Client, listener: Any, refusing: str
) -> None:
    made = root.post(CUSTOMERS, json=customer()).json()
    notification = listener.next()
    [letter] = _letters(root, refusing, 1)
    assert letter.pop("id").isdecimal()
    queued, given_up = letter.pop("queuedAt"), letter.pop("givenUpAt")
    assert queued <= given_up
    assert given_up.endswith("Z")
    assert letter == {
        "listener": refusing,
        "callback": listener.url,
        "reason": "the listener answered 410 Gone",
        "lastStatus": 410,
        "attempts": 1,
        "notification": notification,
    }
    assert notification["event"]["customer"] == made
    listener.status = 204
    [letter] = _letters(root, refusing, 1)
    answer = root.post(f"{DEAD}/{letter['id']}/resend")
    assert (answer.status_code, answer.json()) == (202, {"resent": 1})
    # The same event, which the listener can tell by its id.
    assert listener.next() == notification
    _letters(root, refusing, 0)
    assert root.post(f"{DEAD}/{letter['id']}/resend").status_code == 404


def test_dead_letters_come_in_pages_and_are_sent_again_together(
    root: httpx.Client, listener: Any, refusing: str
) -> None:
    made = [root.post(CUSTOMERS, json=customer(name=f"c{number}")).json() for number in range(5)]
    letters = _letters(root, refusing, 5)
    for _ in made:
        listener.next()
    page = root.get(DEAD, params={"listener": refusing, "offset": 1, "limit": 2})
    assert (page.status_code, page.headers["X-Total-Count"], page.headers["X-Result-Count"]) == (206, "5", "2")
    assert page.json() == letters[1:3]
    assert root.get(DEAD, params={"listener": refusing}).status_code == 200
    assert root.post(f"{DEAD}/resend", params={"listener": "nobody"}).json() == {"resent": 0}
    assert root.post(f"{DEAD}/resend", params={"subscriber": "nobody"}).status_code == 400
    listener.status = 204
    assert root.post(f"{DEAD}/resend", params={"listener": refusing}).json() == {"resent": 5}
    arrived = [listener.next()["event"]["customer"]["id"] for _ in made]
    assert sorted(arrived) == sorted(each["id"] for each in made)
    _letters(root, refusing, 0)


def test_dead_letter_is_forgotten(root: httpx.Client, listener: Any, refusing: str) -> None:
    root.post(CUSTOMERS, json=customer())
    [letter] = _letters(root, refusing, 1)
    assert root.delete(f"{DEAD}/{letter['id']}").status_code == 204
    again = root.delete(f"{DEAD}/{letter['id']}")
    assert (again.status_code, again.json()["reason"]) == (404, f"There is no dead letter '{letter['id']}'.")
    _letters(root, refusing, 0)


def test_dead_letters_go_with_their_listener(root: httpx.Client, listener: Any) -> None:
    listener.status = 410
    hub = root.post(HUB, json={"callback": listener.url})
    root.post(CUSTOMERS, json=customer())
    _letters(root, hub.json()["id"], 1)
    assert root.delete(hub.headers["Location"]).status_code == 204
    _letters(root, hub.json()["id"], 0)


@pytest.mark.parametrize("query", ["limit=-1", "limit=1001", "offset=x", "offset=-1", "offset=99999999999999999999"])
def test_malformed_page_is_400(root: httpx.Client, query: str) -> None:
    refused = root.get(f"{DEAD}?{query}")
    assert (refused.status_code, refused.json()["@type"]) == (400, "Error")


@pytest.mark.parametrize("identifier", ["x", "0", "-1", "٣", "1.5", "9" * 19, "9" * 40, "999999999999"])
def test_id_that_no_dead_letter_has_is_404(root: httpx.Client, identifier: str) -> None:
    for answer in (root.post(f"{DEAD}/{identifier}/resend"), root.delete(f"{DEAD}/{identifier}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("name", ["nobody", "%00", "%ff", ""])
def test_listener_that_nobody_is_has_no_dead_letters(root: httpx.Client, refusing: str, name: str) -> None:
    root.post(CUSTOMERS, json=customer())
    _letters(root, refusing, 1)
    page = root.get(f"{DEAD}?listener={name}")
    assert (page.status_code, page.json(), page.headers["X-Total-Count"]) == (200, [], "0")
    answer = root.post(f"{DEAD}/resend?listener={name}")
    assert (answer.status_code, answer.json()) == (202, {"resent": 0})


def test_methods_that_are_not_offered_get_405_with_allow(root: httpx.Client) -> None:
    refused = root.put(DEAD, json={})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
