"""A message as it goes to each of its receivers: addresses checked, parameters filled in, attachments decoded."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from tmfkit_server.apis.communication.mail_text import mail_address
from tmfkit_server.apis.communication.parameters import filled_in, values_of
from tmfkit_server.errors import MOST_VIOLATIONS, InvalidBody, Violation
from tmfkit_server.message_limits import MessageLimits

__all__ = ["ADDRESS", "Attachment", "Dispatch", "Message", "dispatches", "text_of"]

ADDRESS = {"SMS": "phoneNumber", "Email": "email", "MobileApp": "appUserId"}
"""Type of message → attribute of a receiver, and of the sender, that it is addressed with."""

_MOST_DIGITS = 20
_LONGEST_ADDRESS = 1000
_PHONE_NUMBER = re.compile(r"\+?[0-9 ().\-/]+", re.ASCII)
# Nothing that separates addresses from each other, or the parts of a path: one address is one receiver.
_APP_USER = re.compile(r"(?!\.{1,2}$)[^\s,;\"\\/]+")
# What is made of parts, or is a message itself, cannot be sent as the bytes that it is (RFC 2045, section 6.4).
_MEDIA_TYPE = re.compile(r"(?!message/|multipart/)[\w.+-]{1,127}/[\w.+-]{1,127}", re.ASCII | re.IGNORECASE)
_ANY_BYTES = "application/octet-stream"

# What file systems take. The headers of a file take about as much as its name may.
_LONGEST_FILE_NAME_BYTES = _FILE_BYTES = 255
_MOST_ATTACHMENTS = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LIMITS = MessageLimits()

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an e-mail; its name is fit for a header and for no folder but the one that it is put in."""

    name: str
    media_type: str
    content: bytes

    def size_bytes(self) -> int:
        """Return about how much of an e-mail it makes."""
        return _FILE_BYTES + len(self.name.encode()) + len(self.content)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message on its way to one receiver.

    Attributes:
        message: Identifier of the message.
        type: ``SMS``, ``Email`` or ``MobileApp``.
        address: Of the receiver.
        sender: Address of the sender; empty when the message has none of this type.
        subject: Title, in one line; an SMS has none.
        text: Text, parameters filled in.
        attachments: Files, of an e-mail only.
    """

    message: str
    type: str
    address: str
    sender: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()

    @property
    def key(self) -> str:
        """What tells one receiver of a message from the others."""
        return f"{self.type}:{self.address}"


def dispatches(identifier: str, message: Message, limits: MessageLimits = _LIMITS) -> Sequence[Dispatch]:
    """Return one dispatch for each address that the message goes to.

    Without a type it goes to each receiver by the first type that there is an address for. Receivers that have no
    address of the message's type are left out, and an address that comes twice is one.

    Args:
        identifier: Of the message.
        message: Its body.
        limits: How much it may be.

    Raises:
        InvalidBody: An address or an attachment cannot be what it has to be, or the message exceeds a limit.
    """
    violations: list[Violation] = []
    addresses = dict.fromkeys(_addresses(message, violations, limits))
    kinds = {kind for kind, _ in addresses}
    content = text_of(message, limits)
    files, links = _attachments(message, violations) if "Email" in kinds else ((), ())
    senders = {kind: _sender(message, kind, violations) for kind in ADDRESS if kind in kinds}
    subject = " ".join(str(message.get("subject", "")).split())
    if kinds <= {"SMS"}:
        subject = ""
    if _CONTROL.search(subject):
        violations.append(Violation("/subject", "has control characters, which a title cannot have"))
    linked = "\n".join([content, "", *links]) if links else content
    if len(subject.encode()) + len(linked.encode()) > limits.text_bytes:
        what = f"makes, together with text and attachments that are named in it, more than {limits.text_bytes} bytes"
        violations.append(Violation("/subject", what))
    if violations:
        raise InvalidBody(violations)
    found = []
    for kind, address in addresses:
        sender = senders[kind]
        if kind == "Email":
            found.append(Dispatch(identifier, kind, address, sender, subject, linked, files))
        else:
            found.append(Dispatch(identifier, kind, address, sender, "" if kind == "SMS" else subject, content))
    _check_total(found, limits)
    return found


def text_of(message: Message, limits: MessageLimits = _LIMITS) -> str:
    """Return the content with the values of its parameters; InvalidBody when it exceeds a limit."""
    values = values_of(message, most=limits.parameters)
    return filled_in(str(message.get("content", "")), values, most_bytes=limits.text_bytes)


def _check_total(found: Sequence[Dispatch], limits: MessageLimits) -> None:
    # Those of one type have the same text and the same files.
    sizes = {kind: _size(each) for kind, each in {each.type: each for each in found}.items()}
    if sum(sizes[each.type] for each in found) > limits.total_bytes:
        what = (
            f"makes titles, texts and attachments of more than {limits.total_bytes} bytes altogether;"
            " send to fewer at a time"
        )
        raise InvalidBody.at("/receiver", what)


def _size(dispatch: Dispatch) -> int:
    texts = len(dispatch.subject.encode()) + len(dispatch.text.encode())
    return texts + sum(each.size_bytes() for each in dispatch.attachments)


def _addresses(message: Message, violations: list[Violation], limits: MessageLimits) -> Iterator[tuple[str, str]]:
    receivers = message.get("receiver")
    if isinstance(receivers, list) and len(receivers) > limits.receivers:
        raise InvalidBody.at("/receiver", f"has more than {limits.receivers} receivers; send to fewer at a time")
    for number, receiver in enumerate(receivers if isinstance(receivers, list) else ()):
        for kind, member in ADDRESS.items():
            given = receiver.get(member) if isinstance(receiver, dict) else None
            if given and message.get("type", kind) == kind:
                address = _address(kind, given)
                if address:
                    yield kind, address
                else:
                    violations.append(Violation(f"/receiver/{number}/{member}", "is none that could be reached"))
                    if len(violations) == MOST_VIOLATIONS:
                        return
                break


def _sender(message: Message, kind: str, violations: list[Violation]) -> str:
    """Return the address of the sender, or nothing when there is none, because none is needed."""
    sender = message.get("sender")
    given = sender.get(ADDRESS[kind]) if isinstance(sender, dict) else None
    if not isinstance(given, str) or not given.strip():
        return ""
    address = _address(kind, given)
    if not address:
        violations.append(Violation(f"/sender/{ADDRESS[kind]}", "is none that could send"))
    return address


def _address(kind: str, given: str) -> str:
    """Return an address in the form that channels understand, or nothing when it can be none."""
    given = given.strip()
    if len(given) > _LONGEST_ADDRESS or not given.isprintable():
        return ""
    match kind:
        case "SMS":
            digits = re.sub(r"\D", "", given, flags=re.ASCII)
            is_number = _PHONE_NUMBER.fullmatch(given) and 0 < len(digits) <= _MOST_DIGITS
            return ("+" if given.startswith("+") else "") + digits if is_number else ""
        case "Email":
            return mail_address(given)
        case _:
            return given if _APP_USER.fullmatch(given) else ""


def _attachments(message: Message, violations: list[Violation]) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Return the files that a message brings along, and a line of text for each one that it only refers to.

    What an address leads to is not fetched: a client could make the server read whatever only the server can reach.

    Source:
        TMF681 R17.5, Communication Message resource model, Attachment; RFC 2397 for an address that is its content.
    """
    files, links = [], []
    attachments = message.get("attachment") or ()
    if len(attachments) > _MOST_ATTACHMENTS:
        raise InvalidBody.at("/attachment", f"has more than {_MOST_ATTACHMENTS} attachments")
    for number, given in enumerate(attachments):
        name = _file_name(str(given.get("name", ""))) or f"attachment-{number + 1}"
        url = str(given.get("url", ""))
        if len(name.encode()) > _LONGEST_FILE_NAME_BYTES:
            what = f"is a name of more than {_LONGEST_FILE_NAME_BYTES} bytes"
            violations.append(Violation(f"/attachment/{number}/name", what))
        if url[:5].lower() != "data:":
            links.append(": ".join([name, *[place for place in (url, *_elsewhere(given)) if place][:1]]))
            continue
        head, _, data = url[5:].partition(",")
        content = _content(head, data)
        if content:
            media_types = (str(given.get("mimeType", "")), head.partition(";")[0])
            media_type = next((each for each in media_types if _MEDIA_TYPE.fullmatch(each)), _ANY_BYTES)
            files.append(Attachment(name, media_type, content))
        else:
            violations.append(Violation(f"/attachment/{number}/url", "is a data URL without content, or a broken one"))
    return tuple(files), tuple(links)


def _elsewhere(attachment: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(attachment.get(name, "")) for name in ("href", "path"))


def _content(head: str, data: str) -> bytes:
    content = unquote_to_bytes(data)
    if not head.lower().endswith(";base64"):
        return content
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        return b""


def _file_name(given: str) -> str:
    kept = "".join(letter if letter.isprintable() and letter not in '"\\/:' else "_" for letter in given)
    # What begins so is read as another name in a header.
    kept = kept.replace("=?", "=_")
    return kept.strip(" .")
