"""Change requests (TMF655): the states of their life, and the two spellings of their path."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

STATES = [
    "New",
    "Request for Authorization",
    "Scheduled for Approval",
    "Pending for Implementation",
    "Post Implementation Review",
    "Fallback Execution",
    "Cancelled",
    "Closed",
]


def request(**attributes: Any) -> dict[str, Any]:
    reference = {"id": "12", "href": "http://host.example/12"}
    needed = {"status": "New", "priority": "High", "targetEntityRef": [reference]}
    return {**needed, "changeRequestSpecification": reference, **attributes}


def test_every_state_of_the_life_cycle_can_be_created_and_reached(changes: httpx.Client) -> None:
    item = changes.post("/changeRequest", json=request()).json()["href"]
    for state in STATES:
        made = changes.post("/changeRequest", json=request(status=state))
        assert (made.status_code, made.json()["status"]) == (201, state)
        moved = changes.patch(item, json={"status": state})
        assert (moved.status_code, moved.json()["status"]) == (201, state)


@pytest.mark.parametrize("state", ["new", "Approved", "prospective", "", None, 5])
def test_no_other_state_is_taken(changes: httpx.Client, state: object) -> None:
    made = changes.post("/changeRequest", json=request()).json()
    before = changes.get("/changeRequest").headers["X-Total-Count"]
    refused = [
        changes.post("/changeRequest", json=request(status=state)),
        changes.patch(made["href"], json={"status": state}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body")
        assert answer.json()["message"].startswith("/status is ")
        assert "[TMF655-" in answer.json()["message"]
    assert changes.get(made["href"]).json() == made
    assert changes.get("/changeRequest").headers["X-Total-Count"] == before


def test_use_case_schedule_is_asked_for_and_adjusted(changes: httpx.Client) -> None:
    schedule = {"plannedStartTime": "2026-01-15T08:00:00Z", "plannedEndTime": "2026-01-15T10:00:00Z"}
    made = changes.post("/changeRequest", json=request(**schedule, scheduledDate="2026-01-01T08:00:00Z")).json()
    asked = {"id": made["id"], "fields": "plannedStartTime,plannedEndTime,scheduledDate,status"}
    [seen] = changes.get("/changeRequest", params=asked).json()
    assert seen == {name: made[name] for name in ("id", "href", *schedule, "scheduledDate", "status")}
    later = {"plannedStartTime": "2026-01-16T08:00:00Z", "plannedEndTime": "2026-01-16T10:00:00Z"}
    assert changes.patch(made["href"], json=later).json() == {**made, **later}
    answers = [changes.patch(made["href"], json={"status": state}) for state in (STATES[1], STATES[3])]
    assert [answer.json()["status"] for answer in answers] == [STATES[1], STATES[3]]


def test_both_spellings_of_the_path_serve_everything(changes: httpx.Client) -> None:
    made = changes.post("/ChangeRequest", json=request())
    assert made.status_code == 201
    href = made.json()["href"]
    assert (made.headers["Location"], "/changeRequest/" in href) == (href, True)
    item = f"/ChangeRequest/{made.json()['id']}"
    listed = changes.get("/ChangeRequest", params={"id": made.json()["id"], "limit": 1})
    assert listed.json() == [made.json()]
    assert "/ChangeRequest?" in listed.headers["Link"]
    patched = changes.patch(item, json={"budget": "1000"})
    assert (patched.status_code, changes.get(href).json()) == (201, patched.json())
    assert changes.put(item, json={}).status_code == 405
    assert changes.delete(item).status_code == 204
    assert changes.get(href).status_code == 404
    assert changes.get("/changerequest").status_code == 404
