"""Real channels: mail servers, SMS gateways and push services, all through Apprise."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.attachment.memory import AttachMemory
from apprise.plugins import NotifyBase

from tmfkit_server.apis.communication.addressing import has_taken
from tmfkit_server.apis.communication.failures import Misread, NotTaken, Refused
from tmfkit_server.apis.communication.mail_server import address_mail, is_mail_server
from tmfkit_server.apis.communication.messages import Attachment, Dispatch
from tmfkit_server.errors import SettingsError

__all__ = ["Gateway"]

_RECEIVER, _SENDER = "{receiver}", "{sender}"
# Receiver and sender, by which a service shows what it makes of its URL.
_EXAMPLES = {
    "SMS": ("+12025550123", "+12025550199"),
    "Email": ("receiver@example.com", "sender@example.org"),
    "MobileApp": ("a" * 32, "b" * 32),
}
_LONGEST_ATTEMPT_SECONDS = 30
# What looks like an e-mail address or a telephone number.
_PERSONAL = re.compile(r"\S+@\S+|\+?\d[\d ()./-]{4,}\d")
_MOST_REASONS = 3
# A redirected POST arrives without its body, and is answered all the same.
_ASSET = AppriseAsset(app_id="tmfkit", http_redirects=False)

# Its log has addresses in it; what it says about one dispatch is in the result, and goes on from there.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


class Gateway:
    """A channel to one service.

    Its URL is a template: ``{receiver}`` and ``{sender}`` stand for the addresses, which are put there percent-encoded.
    A mail server is told the addresses themselves, because Apprise takes parts of some for display names.
    """

    def __init__(self, kind: str, template: str) -> None:
        """Prepare.

        Args:
            kind: Type of message.
            template: Apprise URL; what is secret in it gets into no log, no answer and no exception.

        Raises:
            SettingsError: Apprise cannot do anything with it, or there is no place for the receiver in it.
        """
        self._template = template
        scheme = template.partition("://")[0]
        if _RECEIVER not in template:
            remedy = f"Put {_RECEIVER} where the address belongs, as in mailto://HOST?from={_SENDER}&to={_RECEIVER}"
            raise SettingsError(f"--channel {kind}", f"the URL has no {_RECEIVER}", remedy)
        self._receiver, self._sender = _EXAMPLES[kind]
        if self._made(self._receiver, self._sender) is None:
            remedy = "Compare it with the documentation of Apprise on that service"
            known = re.fullmatch(r"[A-Za-z0-9]+", scheme)
            raise SettingsError(f"--channel {kind}={scheme if known else ''}…", "Apprise cannot use this URL", remedy)
        self.name = f"{scheme}://"

    def hand_over(self, dispatch: Dispatch) -> None:
        """Have the service take *dispatch*; see ``Channel``."""
        service = self._service(dispatch)
        if not (dispatch.text or dispatch.subject or dispatch.attachments):
            raise Refused("there is nothing to send")
        text, title = dispatch.text, dispatch.subject
        if not service.attachment_support:
            if dispatch.attachments:
                raise Refused("the service takes no attachments, and would leave them out")
            # Apprise takes a message without a text for one that has attachments only.
            text, title = (text, title) if text else (title, "")
        result = Apprise(service, asset=_ASSET).notify(
            body=text,
            title=title,
            body_format=NotifyFormat.TEXT,
            attach=[_attached(each) for each in dispatch.attachments] or None,
            timeout=_LONGEST_ATTEMPT_SECONDS,
        )
        if not result:
            said = [_without_addresses(entry.message, dispatch) for entry in result.logs()]
            raise NotTaken("; ".join(said[:_MOST_REASONS]) or result.status.name.lower())

    def check(self, dispatch: Dispatch) -> None:
        """See that the service takes the addresses for what they are; see ``Channel``."""
        try:
            self._service(dispatch)
        except Misread:
            raise
        except Refused:
            return  # which shows when it is handed over

    def _service(self, dispatch: Dispatch) -> NotifyBase:
        """Return the service with the addresses of *dispatch*; Refused when it cannot have them."""
        sender = self._sender if dispatch.sender and _SENDER in self._template else ""
        example = self._made(self._receiver, sender)
        if example is not None and is_mail_server(example, self._receiver, sender):
            address_mail(example, dispatch.address, dispatch.sender if sender else "")
            return example
        service = self._made(dispatch.address, dispatch.sender)
        if service is None and _SENDER in self._template and not dispatch.sender:
            raise Refused("the URL of the channel needs a sender, and the message names none of its type")
        # A service that leaves out addresses which it cannot reach would report nothing, or write to its own account.
        if service is None or example is None or getattr(service, "targets", None) == []:
            raise Refused("the service knows no such form of address")
        meant = {self._receiver: dispatch.address, **({sender: dispatch.sender} if sender else {})}
        if not has_taken(example, service, meant):
            raise Misread("the service would take the address for another one")
        return service

    def _made(self, receiver: str, sender: str) -> NotifyBase | None:
        url = self._template.replace(_RECEIVER, quote(receiver, safe="")).replace(_SENDER, quote(sender, safe=""))
        return Apprise.instantiate(url, asset=_ASSET)


def _attached(attachment: Attachment) -> AttachMemory:
    return AttachMemory(attachment.content, attachment.name, attachment.media_type)  # type: ignore[no-untyped-call]


def _without_addresses(text: str, dispatch: Dispatch) -> str:
    for address in filter(None, (dispatch.address, dispatch.sender)):
        text = text.replace(address, "…")
    return _PERSONAL.sub("…", text)
