"""Party interactions (TMF683): the document's use cases, times that the server keeps, parts by value and by reference."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_bodies import unique

from tmfkit_models.types import instant

VISIT = {
    "interactionDate": {"startDateTime": "2026-01-15T08:00:00Z", "endDateTime": "2026-01-15T08:20:00Z"},
    "reason": "Asked for the new tariffs",
    "status": "inProgress",
    "direction": "inbound",
    "channel": [{"id": "555", "name": "Main Street store"}],
}


def recorded(interactions: httpx.Client, **attributes: Any) -> dict[str, Any]:
    made = interactions.post("/partyInteraction", json={**VISIT, **attributes})
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


@pytest.fixture
def timeline(interactions: httpx.Client) -> tuple[str, list[dict[str, Any]]]:
    """A user, and their interactions as they came in; somebody else was there in between."""
    user = unique()
    begins = ["2026-01-15T08:00:00Z", "2026-03-01T12:30:00+02:00", "2026-02-01T08:00Z"]
    made = []
    for begin in begins:
        parties = [{"id": user, "role": "user"}, {"id": "888", "role": "clerk"}]
        made.append(
            recorded(interactions, interactionDate={"startDateTime": begin}, relatedParty=parties, reason=begin)
        )
        recorded(interactions, relatedParty=[{"id": unique(), "role": "user"}])
    return user, made


@pytest.mark.parametrize("newest_first", ["-interactionDate.startDateTime", "-creationDate"])
def test_agent_sees_a_users_interactions_newest_first_and_opens_one(
    interactions: httpx.Client, timeline: tuple[str, list[dict[str, Any]]], newest_first: str
) -> None:
    """Use case 0001."""
    user, (first, latest, middle) = timeline
    found = interactions.get("/partyInteraction", params={"relatedParty.id": user, "sort": newest_first})
    by_time = [latest, middle, first] if "interactionDate" in newest_first else [middle, latest, first]
    assert (found.status_code, found.headers["X-Total-Count"], found.json()) == (200, "3", by_time)
    assert interactions.get(found.json()[0]["href"]).json() == by_time[0]


def test_app_shows_when_the_user_last_went_to_a_store(
    interactions: httpx.Client, timeline: tuple[str, list[dict[str, Any]]]
) -> None:
    """Use case 0002."""
    user, (_, latest, _) = timeline
    recorded(interactions, relatedParty=[{"id": user}], channel=[{"id": "1", "name": "App"}])
    asked = {"relatedParty.id": user, "channel.name": "Main Street store", "sort": "-interactionDate.startDateTime"}
    answer = interactions.get("/partyInteraction", params={**asked, "limit": 1, "fields": "interactionDate"})
    assert (answer.status_code, answer.headers["X-Total-Count"]) == (206, "3")
    assert answer.json() == [{name: latest[name] for name in ("id", "href", "interactionDate")}]


def test_complaint_is_one_interaction_with_an_item_for_everything_that_came_of_it(interactions: httpx.Client) -> None:
    """Use case 0003: items that refer to what was made elsewhere, one that holds it, and documents sent along."""
    ticket = {"id": "1", "href": "https://host.example/troubleTicket/1", "@referredType": "TroubleTicket"}
    order = {"id": "2", "href": "https://host.example/productOrder/2", "@referredType": "ProductOrder", "role": "gift"}
    quote = {"@type": "Quote", "@schemaLocation": "https://host.example/quote.json", "quoteItem": [{"quantity": 1}]}
    by_value = {"name": "Offer", "mimeType": "application/pdf", "content": "SGVsbG8=", "attachmentType": "document"}
    by_reference = {"id": "7", "href": "https://host.example/attachment/7", "@referredType": "Attachment"}
    items = [
        {"reason": "The last bill is corrected", "item": ticket},
        {"reason": "A discount", "item": order},
        {"reason": "An offer", "item": quote, "resolution": "Taken"},
        {"reason": "Documents", "attachment": [by_value, by_reference]},
    ]
    made = recorded(interactions, interactionItem=items, attachment=[by_reference, by_value])
    assert made["attachment"] == [by_reference, by_value]
    without_times = [{name: value for name, value in item.items() if name != "creationDate"} for item in _items(made)]
    assert without_times == items
    assert interactions.get(made["href"]).json() == made
    for name, value in (("item.@type", "Quote"), ("item.id", "1"), ("attachment.id", "7")):
        found = interactions.get("/partyInteraction", params={"id": made["id"], f"interactionItem.{name}": value})
        assert found.json() == [made]


def _items(interaction: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = interaction["interactionItem"]
    return items


def test_times_are_set_when_absent_and_kept_when_sent(interactions: httpx.Client) -> None:
    sent = {"creationDate": "2001-01-01T00:00:00Z", "statusChangeDate": "2002-01-01T00:00:00+0800"}
    kept = recorded(interactions, **sent)
    assert {name: kept[name] for name in sent} == sent
    made = recorded(interactions)
    assert instant(made["creationDate"]) == instant(made["statusChangeDate"])
    assert instant(made["creationDate"]) > instant("2026-01-01T00:00:00Z")


def test_time_of_the_status_moves_with_the_status_only(interactions: httpx.Client) -> None:
    made = recorded(interactions)
    described = interactions.patch(made["href"], json={"description": "x"}).json()
    assert described == {**made, "description": "x"}
    again = interactions.patch(made["href"], json={"status": made["status"]}).json()
    assert again == described
    done = interactions.patch(made["href"], json={"status": "completed"}).json()
    assert instant(done["statusChangeDate"]) > instant(made["statusChangeDate"])
    assert done["creationDate"] == made["creationDate"]
    removed = interactions.patch(made["href"], json={"creationDate": None, "statusChangeDate": None}).json()
    assert removed == done
    told = {"status": "opened", "statusChangeDate": "2003-01-01T00:00:00Z"}
    assert interactions.patch(made["href"], json=told).json()["statusChangeDate"] == "2003-01-01T00:00:00Z"


def test_every_item_says_when_it_was_recorded(interactions: httpx.Client, listener: Any) -> None:
    old = {"reason": "a", "creationDate": "2001-01-01T00:00:00Z"}
    made = recorded(interactions, interactionItem=[old, {"reason": "b"}])
    first, second = _items(made)
    assert (first, second["reason"]) == (old, "b")
    assert made["creationDate"] <= second["creationDate"]
    hub = interactions.post("/hub", json={"callback": listener.url}).headers["Location"]
    add = [{"op": "add", "path": "/interactionItem/-", "value": {"reason": "c"}}]
    more = interactions.patch(made["href"], json=add, headers={"Content-Type": "application/json-patch+json"}).json()
    told = listener.next()
    interactions.delete(hub)
    assert _items(more)[:2] == [first, second]
    assert instant(_items(more)[2]["creationDate"]) > instant(second["creationDate"])
    assert told["eventType"] == "PartyInteractionAttributeValueChangeEvent"
    assert told["event"]["partyInteraction"] == more


def test_change_of_status_is_told_as_such(interactions: httpx.Client, listener: Any) -> None:
    hub = interactions.post("/hub", json={"callback": listener.url}).headers["Location"]
    made = recorded(interactions)
    assert listener.next()["eventType"] == "PartyInteractionCreateEvent"
    interactions.patch(made["href"], json={"status": "completed"})
    interactions.patch(made["href"], json={"status": "opened", "description": "again"})
    heard = [listener.next()["eventType"].removeprefix("PartyInteraction") for _ in range(3)]
    interactions.delete(hub)
    assert heard[0] == "StatusChangeEvent"
    assert sorted(heard[1:]) == ["AttributeValueChangeEvent", "StatusChangeEvent"]
    assert listener.is_silent()
