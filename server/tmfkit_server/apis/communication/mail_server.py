"""Mail servers: connection and form of an e-mail are those of Apprise's plugin, addresses and subject are ours.

The plugin takes parts of some addresses for display names, and writes a subject in one line, however long, in which
receivers may find something else. So addresses do not go through its URL, and headers are read again before they leave.
"""

from __future__ import annotations

import functools
import smtplib
from email import message_from_string, policy
from typing import Any, TypeGuard

from apprise.exception import AppriseException
from apprise.plugins import NotifyBase
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController

from tmfkit_server.apis.communication.addressing import plain_members
from tmfkit_server.apis.communication.mail_text import has_text, header_text, header_value

__all__ = ["address_mail", "is_mail_server"]

# The path is where the receivers were read from, and nothing else is done with it.
_ADDRESSES = {"targets", "names", "from_addr", "fullpath"}
_LONGEST_SUBJECT = 1_000_000
_NO_SUBJECT = "\nSubject: \n"
_NO_PGP = "no"


def is_mail_server(example: NotifyBase, receiver: str, sender: str) -> TypeGuard[NotifyEmail]:
    """Tell whether a service is a mail server, and the addresses of the example are its one receiver and its sender.

    Args:
        example: Service that was made for the addresses of an example.
        receiver: Receiver of the example.
        sender: Sender of the example; empty where the URL says who sends.
    """
    if not isinstance(example, NotifyEmail) or type(example).send is not NotifyEmail.send:
        return False
    if example.pgp_mode != _NO_PGP or list(example.targets) != [(False, receiver)]:
        return False
    if sender and example.from_addr[1] != sender:
        return False
    others = repr({name: value for name, value in plain_members(example).items() if name not in _ADDRESSES})
    return receiver not in others and not (sender and sender in others)


def address_mail(service: NotifyEmail, receiver: str, sender: str) -> None:
    """Give a mail server its addresses, past its URL; *sender* is empty where the URL says who sends."""
    service.targets = [(False, receiver)]
    if sender:
        name = service.from_addr[0]
        vars(service).update(from_addr=(name, sender), names={sender: name})
    service.title_maxlen = _LONGEST_SUBJECT
    vars(service)["send"] = functools.partial(_send, service)


def _send(
    service: NotifyEmail, *, body: str, title: str = "", attach: Any = None, body_format: Any = None, **_: Any
) -> bool:
    """Do what the plugin's own ``send`` does, with our subject."""
    names = ("port", "secure_mode", "user", "password", "verify_certificate", "socket_connect_timeout")
    options: dict[str, Any] = {name: getattr(service, name) for name in names}
    try:
        with AppriseSMTPController(host=service.smtp_host, **options) as server:
            return all(
                _is_as_meant(text, service, title, body) and server.sendmail(str(service.from_addr[1]), receivers, text)
                for receivers, text in _written(service, body, title, attach, body_format)
            )
    except (OSError, smtplib.SMTPException, RuntimeError, AppriseException) as exc:
        service.logger.warning("the mail server %s does not take it: %s", service.smtp_host, type(exc).__name__)
        return False


def _written(service: NotifyEmail, body: str, title: str, attach: Any, body_format: Any) -> Any:
    """Yield the receivers and the text of each e-mail."""
    for email in NotifyEmail.prepare_emails(
        subject="",
        body=body,
        notify_format=service.resolve_format(body_format),
        from_addr=service.from_addr,
        to=service.targets,
        cc=service.cc,
        bcc=service.bcc,
        reply_to=service.reply_to,
        smtp_host=service.smtp_host,
        attach=attach,
        headers={"X-Application": service.app_id, **service.headers},
        names=service.names,
        inline=service.inline,
        tzinfo=service.tzinfo,
    ):
        subject = header_text(title, name="Subject")
        yield email.to_addrs, email.body.replace(_NO_SUBJECT, f"\nSubject: {subject}\n", 1)


def _is_as_meant(text: str, service: NotifyEmail, title: str, body: str) -> bool:
    """Tell whether whoever reads an e-mail finds one receiver, one sender, one subject and a text, all as meant."""
    email = message_from_string(text, policy=policy.default)
    [(_, receiver)] = service.targets
    meant = {"To": [receiver], "From": [service.from_addr[1]]}
    found = {
        name: [each.addr_spec for header in email.get_all(name, []) for each in header.addresses] for name in meant
    }
    subjects = [header_value(field) for name, field in email.raw_items() if name.lower() == "subject"]
    if (found, subjects) != (meant, [title]):
        service.logger.warning("its headers would be read as others")
        return False
    if not has_text(email, body):
        service.logger.warning("its text would be read as another one")
        return False
    return True
