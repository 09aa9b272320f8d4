"""Where messages go for which no channel is configured: a folder with one file for each dispatch."""

from __future__ import annotations

import hashlib
import os
import tempfile
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from pathlib import Path

import orjson

from tmfkit_server.apis.communication.failures import NotTaken, Refused
from tmfkit_server.apis.communication.mail_text import header_text
from tmfkit_server.apis.communication.messages import Dispatch
from tmfkit_server.files import sync

__all__ = ["OutboxFolder", "email_of"]

_OTHER_HEADERS = {"Content-Transfer-Encoding", "Content-Type", "Date", "MIME-Version"}


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
    email = EmailMessage(policy=policy.SMTP)
    email.set_content(dispatch.text)
    for attachment in dispatch.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        email.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    # Our own lines: the library reads a value before it writes it, and so may make two headers of one.
    subject = header_text(dispatch.subject, name="Subject").replace("\n", "\r\n")
    values = {**_addresses(dispatch), "Date": format_datetime(localtime()), "Subject": subject}
    lines = [f"{name}: {value}\r\n" for name, value in values.items()]
    content = "".join(lines).encode() + email.as_bytes()
    _compare(content, dispatch)
    return content


def _addresses(dispatch: Dispatch) -> dict[str, str]:
    return {**({"From": dispatch.sender} if dispatch.sender else {}), "To": dispatch.address}


def _compare(content: bytes, dispatch: Dispatch) -> None:
    """Read an e-mail as its receiver does; ValueError when that gives another one than was meant."""
    email = message_from_bytes(content, policy=policy.SMTP)
    meant = {**_addresses(dispatch), "Subject": dispatch.subject}
    others = [name for name, _ in email.items() if name not in meant]
    if not set(others) <= _OTHER_HEADERS or len(set(others)) < len(others):
        raise ValueError("it would have other headers")
    if any([str(value) for value in email.get_all(name, [])] != [text] for name, text in meant.items()):
        raise ValueError("its headers would be read as others")


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
