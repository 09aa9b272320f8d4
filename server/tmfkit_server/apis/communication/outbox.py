"""Where messages go for which no channel is configured: a folder with one file for each dispatch."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import threading
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from pathlib import Path

import orjson

from tmfkit_server.apis.communication.failures import NotTaken, Refused
from tmfkit_server.apis.communication.mail_text import has_text, header_text, header_value
from tmfkit_server.apis.communication.messages import Attachment, Dispatch
from tmfkit_server.files import sync

__all__ = ["OutboxFolder", "email_of"]

_HEADERS = {"Content-Transfer-Encoding", "Content-Type", "MIME-Version", "Subject"}
# As many messages as there may be attempts at a time; each was one body of a request.
_MOST_RESTS = 8
_ONE_AT_A_TIME = threading.Lock()


class OutboxFolder:
    """A channel that writes files: RFC 5322 messages (``.eml``) for e-mails, JSON for the others.

    A file is there as a whole or not at all, and survives a power failure. The name is made of message and receiver,
    so that a dispatch that is repeated replaces its file.
    """

    def __init__(self, path: str) -> None:
        """Describe the folder; it is made when the first message comes.

        Args:
            path: Where it is.
        """
        self._folder = Path(path)
        self.name = f"the folder {path}"

    def check(self, dispatch: Dispatch) -> None:
        """A file takes every address; see ``Channel``."""

    def hand_over(self, dispatch: Dispatch) -> None:
        """Write a file; see ``Channel``."""
        try:
            is_email = dispatch.type == "Email"
            content = email_of(dispatch) if is_email else _json(dispatch)
        except (MessageError, ValueError) as exc:
            raise Refused(f"no e-mail can be made of it: {type(exc).__name__}") from exc
        digest = hashlib.sha256(orjson.dumps([dispatch.message, dispatch.key])).hexdigest()
        try:
            self._write(f"{digest[:32]}{'.eml' if is_email else '.json'}", content)
        except OSError as exc:
            raise NotTaken(f"{exc.strerror or type(exc).__name__} in {self._folder}") from exc

    def _write(self, name: str, content: bytes) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync(self._folder.parent)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(self._folder / name)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        sync(self._folder)


def email_of(dispatch: Dispatch) -> bytes:
    """Return an e-mail; it has no ``From`` when the message names no sender.

    Raises:
        ValueError: Whoever reads it would read something else.
    """
    senders = {"From": dispatch.sender} if dispatch.sender else {}
    headers = {**senders, "To": dispatch.address, "Date": format_datetime(localtime())}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    if message_from_bytes(head).items() != list(headers.items()):
        raise ValueError("its addresses would be read as others")
    with _ONE_AT_A_TIME:
        return head + _rest(dispatch.subject, dispatch.text, dispatch.attachments)


@functools.lru_cache(maxsize=_MOST_RESTS)
def _rest(subject: str, text: str, attachments: tuple[Attachment, ...]) -> bytes:
    """Return what the e-mails to all receivers of a message have in common; ValueError when it would be misread."""
    email = EmailMessage(policy=policy.SMTP)
    email.set_content(text)
    for attachment in attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        email.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    # Our own line: the library reads a value before it writes it, and so may make two headers of one.
    folded = header_text(subject, name="Subject").replace("\n", "\r\n")
    content = f"Subject: {folded}\r\n".encode() + email.as_bytes()
    _compare(content, subject, text, attachments)
    return content


def _compare(content: bytes, subject: str, text: str, attachments: Sequence[Attachment]) -> None:
    """Read an e-mail as its receiver does; ValueError when that gives another one than was meant."""
    email = message_from_bytes(content)
    names = email.keys()
    if not set(names) <= _HEADERS or len(set(names)) < len(names):
        raise ValueError("it would have other headers")
    if header_value(email["Subject"]) != subject:
        raise ValueError("its subject would be read as another one")
    if not has_text(email, text):
        raise ValueError("its text would be read as another one")
    meant = [(each.name, each.media_type.lower(), each.content) for each in attachments]
    _, *files = (part for part in email.walk() if not part.is_multipart())
    if [(each.get_filename(), each.get_content_type(), each.get_payload(decode=True)) for each in files] != meant:
        raise ValueError("its attachments would be read as others")


def _json(dispatch: Dispatch) -> bytes:
    members = {
        "message": dispatch.message,
        "type": dispatch.type,
        "sender": dispatch.sender,
        "receiver": dispatch.address,
        "subject": dispatch.subject,
        "text": dispatch.text,
    }
    return orjson.dumps(members, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
