"""Services that take messages, on this machine: a mail server and an HTTP gateway."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from harness.process import free_port
from patience import PATIENCE_SECONDS


@dataclass
class Mail:
    """One e-mail as it arrived."""

    sender: str
    receivers: list[str]
    email: EmailMessage


@dataclass
class MailServer:
    """What arrived at a mail server, and how to address it."""

    url: str = ""
    arrived: list[Mail] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        email = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(email, EmailMessage)
        self.arrived.append(Mail(envelope.mail_from or "", envelope.rcpt_tos, email))
        return "250 taken"

    def to(self, receiver: str) -> list[Mail]:
        return [mail for mail in self.arrived if receiver in mail.receivers]


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server, port = MailServer(), free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE_SECONDS)
    controller.start()
    server.url = f"mailto://news@example.org:{port}?smtp=127.0.0.1&from={{sender}}&to={{receiver}}"
    yield server
    controller.stop()


@dataclass
class HttpGateway:
    """What arrived at a gateway; it takes everything, unless told otherwise.

    Attributes:
        url: Apprise URL of the channel.
        arrived: Number of a receiver → the messages, those that were not taken included.
        statuses: Number of a receiver → the answers to its next messages.
        answers: Number of a receiver → what makes the answer to its first message, its second, and so on.
        is_open: While it is not set, messages arrive and are not answered.
    """

    url: str = ""
    arrived: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    statuses: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, Callable[[int], int]] = field(default_factory=dict)
    is_open: threading.Event = field(default_factory=threading.Event)


@contextmanager
def http_gateway() -> Iterator[HttpGateway]:
    gateway = HttpGateway()
    gateway.is_open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            number = unquote(self.path).removeprefix("/sms/")
            gateway.arrived[number].append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            place = len(gateway.arrived[number])
            gateway.is_open.wait(PATIENCE_SECONDS)
            if number in gateway.answers:
                status = gateway.answers[number](place)
            else:
                status = gateway.statuses[number].pop(0) if gateway.statuses[number] else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"json://127.0.0.1:{server.server_port}/sms/{{receiver}}?rto={PATIENCE_SECONDS}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    gateway.is_open.set()
    server.shutdown()
    server.server_close()
    thread.join()
