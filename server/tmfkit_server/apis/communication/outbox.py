"""Where messages go for which no channel is configured: a folder with one file for each dispatch."""

from __future__ import annotations

import hashlib
import os
import tempfile
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import localtime
from pathlib import Path

import orjson

from tmfkit_server.apis.communication.failures import NotTaken, Refused
from tmfkit_server.apis.communication.messages import Dispatch
from tmfkit_server.files import sync

__all__ = ["OutboxFolder"]


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

    def hand_over(self, dispatch: Dispatch) -> None:
        """Write a file; see ``Channel``."""
        try:
            is_email = dispatch.type == "Email"
            content = _email(dispatch) if is_email else _json(dispatch)
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


def _email(dispatch: Dispatch) -> bytes:
    """Return an e-mail; it has no ``From`` when the message names no sender."""
    email = EmailMessage(policy=policy.SMTP)
    if dispatch.sender:
        email["From"] = dispatch.sender
    email["To"] = dispatch.address
    email["Date"] = localtime()
    email["Subject"] = dispatch.subject
    email.set_content(dispatch.text)
    for attachment in dispatch.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        email.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=attachment.name)
    return email.as_bytes()


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
