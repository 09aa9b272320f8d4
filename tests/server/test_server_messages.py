"""What goes to whom, before anything is handed to a channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from server_bodies import message, unique
from store_runner import Runner

from tmfkit_models import contracts
from tmfkit_server.apis.communication import Communication
from tmfkit_server.apis.communication.messages import Attachment, dispatches, text_of
from tmfkit_server.apis.communication.sendings import Sendings
from tmfkit_server.errors import InvalidBody, NotSent, StoreError
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import TaskCall
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Store

HELLO = "data:text/plain;base64,aGVsbG8="


def test_send_new_stores_and_completes(messages: httpx.Client) -> None:
    sent = messages.post("/communicationMessage/send", json=message())
    assert sent.status_code == 200
    body = sent.json()
    assert (body["status"], body["content"]) == ("Completed", message()["content"])
    assert body["sendTime"] <= body["sendTimeComplete"]
    assert messages.get(body["href"]).json() == body


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}], ids=["bare", "content-type"])
def test_send_stored_needs_no_body(messages: httpx.Client, headers: dict[str, str]) -> None:
    made = messages.post(
        "/communicationMessage", json=message(status="Completed", sendTimeComplete="2020-01-01T00:00Z")
    ).json()
    assert (made["status"], "sendTimeComplete" in made) == ("Initial", False)
    sent = messages.post(f"/communicationMessage/{made['id']}/send", headers=headers)
    assert (sent.status_code, sent.json()["status"]) == (200, "Completed")


@pytest.mark.parametrize(
    "receiver",
    [[], [{"id": "1"}], [{"email": "a@example.com"}], 5, None, [7]],
    ids=["none", "no-address", "other-channel", "number", "null", "no-object"],
)
def test_send_without_usable_receiver_is_400_and_stores_nothing(messages: httpx.Client, receiver: object) -> None:
    marker = unique()
    refused = messages.post("/communicationMessage/send", json=message(receiver=receiver, description=marker))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
    assert messages.get("/communicationMessage", params={"description": marker}).json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"CommunicationRequestCharacteristic": None},
        {"CommunicationRequestCharacteristic": 5},
        {"CommunicationRequestCharacteristic": ["x"]},
        {"CommunicationRequestCharacteristic": [{"name": "N", "value": 5}]},
        {"CommunicationRequestCharacteristic": [{"name": ["a"]}]},
        {"type": ["SMS"]},
        {"type": {"a": 1}},
        {"receiver": [{"phoneNumber": 5}]},
    ],
    ids=str,
)
def test_send_of_a_malformed_message_is_400_and_stores_nothing(messages: httpx.Client, wrong: dict[str, Any]) -> None:
    marker = unique()
    refused = messages.post("/communicationMessage/send", json=message(description=marker, **wrong))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
    assert next(iter(wrong)) in refused.json()["message"]
    assert messages.get("/communicationMessage", params={"description": marker}).json() == []


def test_send_of_nothing_or_of_an_unknown_id(messages: httpx.Client) -> None:
    assert messages.post("/communicationMessage/send", json={}).status_code == 400
    assert messages.post("/communicationMessage/send", content=b"").status_code == 400
    assert messages.post("/communicationMessage/nix/send").status_code == 404
    assert messages.get("/communicationMessage/send").status_code == 405


def test_message_whose_sending_did_not_begin_is_sent_when_the_request_is_repeated(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contracts.load("tmf681-v1")
    [resource] = contract.resources
    [send] = [each for each in contract.operations if each.path == "/communicationMessage/send"]

    async def failing(_self: Sendings, _identifier: str, _address: str) -> None:
        raise StoreError("the database went away")

    async def scenario(store: Store) -> None:
        extension = Communication(Settings(outbox=str(tmp_path / "outbox")))
        entities = Entities(contract, resource, store, extension, max_body_bytes=10_000)
        await extension.start(store, {resource.name: entities})
        task = extension.task("send")
        assert task
        call = TaskCall(send, entities, store, "http://host", sent=message(), key="k")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Sendings, "begin", failing)
            with pytest.raises(StoreError):
                await task(call)
        sent = await task(call)
        assert sent.body["status"] == "Completed"
        assert (await task(call)).body == sent.body
        # What is under way in another request is not begun again.
        call = TaskCall(send, entities, store, "http://host", sent=message(), key="other")
        made, _ = await call.create()
        await Sendings(store, entities).begin(made.id)
        with pytest.raises(NotSent) as caught:
            await task(call)
        assert (caught.value.goes_on, made.body["status"]) == (True, "Initial")
        await extension.stop()

    run(scenario)
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_address_that_cannot_be_one_is_400_before_anybody_is_sent_anything(messages: httpx.Client) -> None:
    receivers = [{"phoneNumber": "+12025550123"}, {"phoneNumber": "call me"}]
    made = messages.post("/communicationMessage", json=message(receiver=receivers))
    assert made.status_code == 201
    refused = messages.post(f"/communicationMessage/{made.json()['id']}/send")
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "/receiver/1/phoneNumber is none that could be reached",
    )
    assert messages.get(made.json()["href"]).json() == made.json()


def test_placeholders_are_filled_longest_name_first() -> None:
    values = [{"name": "$Name", "value": "Kim $Name10"}, {"name": "Name10", "value": "ten"}, {"name": "$Gone"}, {}]
    filled = text_of(message(CommunicationRequestCharacteristic=values))
    assert filled == "Dear Kim $Name10, ten Kim $Name10"


def test_every_reachable_receiver_gets_the_message_by_its_type_once() -> None:
    receivers = [{"phoneNumber": "1"}, {"email": "e@x"}, {"phoneNumber": "2", "appUserId": "a"}, {"phoneNumber": "1 "}]
    assert [each.key for each in dispatches("m", message(receiver=receivers))] == ["SMS:1", "SMS:2"]
    untyped = {"content": "x", "receiver": receivers}
    assert [each.key for each in dispatches("m", untyped)] == ["SMS:1", "Email:e@x", "SMS:2"]


@pytest.mark.parametrize(
    ("kind", "given", "address"),
    [
        ("SMS", " +1 (202) 555-0123 ", "+12025550123"),
        ("SMS", "008613811112222", "008613811112222"),
        ("SMS", "+", None),
        ("SMS", "12,13", None),
        ("SMS", "1" * 21, None),
        ("SMS", "\u0661\u0662", None),
        ("Email", "robin.ash+news@example.com", "robin.ash+news@example.com"),
        ("Email", "Robin@SHOP.Example", "Robin@shop.example"),
        ("Email", "a@b.example, c@d.example", None),
        ("Email", "Robin <a@b.example>", None),
        ("Email", "a@b.example\nBcc: c@d.example", None),
        ("Email", "nobody", None),
        ("MobileApp", "fcm-Token:a_b.C", "fcm-Token:a_b.C"),
        ("MobileApp", "../admin", None),
        ("MobileApp", "..", None),
        ("MobileApp", "a b", None),
    ],
)
def test_address_is_one_receiver_or_none(kind: str, given: str, address: str | None) -> None:
    member = {"SMS": "phoneNumber", "Email": "email", "MobileApp": "appUserId"}[kind]
    body = {"type": kind, "subject": "s", "receiver": [{member: given}]}
    if address is None:
        with pytest.raises(InvalidBody) as caught:
            dispatches("m", body)
        assert [each.pointer for each in caught.value.violations] == [f"/receiver/0/{member}"]
    else:
        assert [each.address for each in dispatches("m", body)] == [address]


def test_attachments_come_along_or_are_named_in_the_text_of_an_email_only() -> None:
    attachment = [
        {"name": '../a\r\n".txt', "url": HELLO, "mimeType": "text/markdown"},
        {"url": "data:,plain%20text"},
        {"name": "b.pdf", "url": "https://x.example/b.pdf", "href": "https://x.example/b"},
        {"name": "c.pdf", "path": "/files/c.pdf"},
        {"description": "no place at all"},
    ]
    body = {"content": "Hi", "subject": "a\n b", "attachment": attachment, "receiver": [{"email": "a@b.example"}]}
    [mail] = dispatches("m", body)
    assert mail.attachments == (
        Attachment("_a___.txt", "text/markdown", b"hello"),
        Attachment("attachment-2", "application/octet-stream", b"plain text"),
    )
    assert mail.text == "Hi\n\nb.pdf: https://x.example/b.pdf\nc.pdf: /files/c.pdf\nattachment-5"
    assert mail.subject == "a b"
    [sms] = dispatches("m", {**body, "receiver": [{"phoneNumber": "1"}]})
    assert (sms.text, sms.subject, sms.attachments) == ("Hi", "", ())


@pytest.mark.parametrize(
    "media_type", ["message/delivery-status", "Message/RFC822", "multipart/mixed", "text", "a/b c"]
)
def test_attachment_whose_type_no_attachment_can_have_goes_as_bytes(messages: httpx.Client, media_type: str) -> None:
    attachment = [{"name": "a", "url": HELLO.replace("text/plain", media_type), "mimeType": media_type}]
    body = message(type="Email", subject="a", receiver=[{"email": "a@b.example"}], attachment=attachment)
    [mail] = dispatches("m", body)
    assert mail.attachments == (Attachment("a", "application/octet-stream", b"hello"),)
    assert messages.post("/communicationMessage/send", json=body).status_code == 200


@pytest.mark.parametrize("url", ["data:", "data:,", "data:text/plain;base64,a", "data:;base64,a!=="])
def test_broken_data_url_is_refused_when_it_is_sent(messages: httpx.Client, url: str) -> None:
    body = {"type": "Email", "subject": "s", "receiver": [{"email": "a@example.com"}], "attachment": [{"url": url}]}
    refused = messages.post("/communicationMessage/send", json=body)
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "/attachment/0/url is a data URL without content, or a broken one",
    )
