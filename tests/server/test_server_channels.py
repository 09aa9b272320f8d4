"""Channels by themselves: what the settings may say, and what a channel does not take."""

from __future__ import annotations

import email
import random
import time
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import idna
import pytest
from click.testing import CliRunner
from message_services import MailServer, http_gateway, mail_server
from server_bodies import message

from tmfkit_server import cli
from tmfkit_server.apis.communication.failures import Misread, NotTaken, Refused
from tmfkit_server.apis.communication.gateway import Gateway
from tmfkit_server.apis.communication.messages import Dispatch, dispatches
from tmfkit_server.apis.communication.outbox import OutboxFolder, email_of
from tmfkit_server.errors import InvalidBody
from tmfkit_server.setting_values import channels
from tmfkit_server.settings import Settings

# Apprise looks at every service it has before it uses one.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

HELLO = "data:text/plain;base64,aGVsbG8="


def test_folder_that_cannot_be_written_to_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    folder = tmp_path / "file" / "outbox"
    [dispatch] = dispatches("m", message())
    with pytest.raises(NotTaken, match=f"^Not a directory in {folder}$"):
        OutboxFolder(str(folder)).hand_over(dispatch)


@pytest.mark.parametrize(
    ("template", "attributes", "reason"),
    [
        ("json://h/{receiver}", {"content": ""}, "there is nothing to send"),
        ("gotify://h/token-{receiver}", {"attachment": [{"url": HELLO}]}, "the service takes no attachments"),
        ("mailto://h?from={sender}&to={receiver}", {"subject": "s"}, "the URL of the channel needs a sender"),
    ],
)
def test_what_a_service_would_lose_is_refused(template: str, attributes: dict[str, Any], reason: str) -> None:
    body = {"content": "c", "receiver": [{"email": "a@example.com"}], **attributes}
    [dispatch] = dispatches("m", body)
    with pytest.raises(Refused, match=f"^{reason}"):
        Gateway("Email", template).hand_over(dispatch)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "Fax=json://secret/{receiver}",
            "--channel: it is not of the form TYPE=APPRISE_URL. The types are SMS, Email,",
        ),
        ("secret", "--channel: it is not of the form TYPE=APPRISE_URL. The types are SMS, Email, MobileApp."),
        ("SMS=json://secret/", "--channel SMS: the URL has no {receiver}. Put {receiver} where the address belongs,"),
        ("SMS=nosuch://secret/{receiver}", "--channel SMS=nosuch…: Apprise cannot use this URL. Compare it with"),
        (
            "Email=mailto://secret?to={receiver}",
            "--channel Email=mailto…: Apprise cannot use this URL. Compare it with",
        ),
    ],
)
def test_channel_that_cannot_be_is_refused_without_showing_it(text: str, problem: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", "--channel", text])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tmfkit-server: {problem}")
    assert "secret" not in result.output


def test_channels_come_from_the_environment_and_a_file_and_each_type_has_one(tmp_path: Path) -> None:
    file = tmp_path / "channels"
    file.write_text("# later\nSMS=json://secret/{receiver}\n")
    assert channels(["Email=a"], file) == {"Email": "a", "SMS": "json://secret/{receiver}"}
    environment = {"TMFKIT_CHANNELS": "Email=json://h/{receiver} SMS=json://h/{receiver}"}
    result = CliRunner().invoke(cli.main, ["run", "--channel-file", str(file)], env=environment)
    message = f"tmfkit-server: {file}, line 2: SMS has a channel already. Give each type one channel.\n"
    assert (result.exit_code, result.stderr) == (2, message)
    file.write_bytes(b"\xff")
    result = CliRunner().invoke(cli.main, ["run", "--channel-file", str(file)])
    message = f"tmfkit-server: --channel-file {file}: it cannot be read as text. Name a file of text.\n"
    assert (result.exit_code, result.stderr) == (2, message)
    assert "secret" not in repr(Settings(channels={"SMS": "secret"}))


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def test_address_with_an_apostrophe_is_one_address(mails: MailServer) -> None:
    body = {"type": "Email", "subject": "s", "content": "c", "sender": {"email": "d'or@shop.example"}}
    [dispatch] = dispatches("m", {**body, "receiver": [{"email": "o'neil@shop.example"}]})
    Gateway("Email", mails.url).hand_over(dispatch)
    mail = mails.arrived[-1]
    assert (mail.sender, mail.receivers) == ("d'or@shop.example", ["o'neil@shop.example"])
    assert (mail.email["From"], mail.email["To"]) == ("d'or@shop.example", "o'neil@shop.example")


@pytest.mark.parametrize(
    ("template", "receiver", "sender"),
    [
        ("mailto://news@example.org:{port}?smtp=127.0.0.1&to={{receiver}}", "o'neil@shop.example", "news@example.org"),
        (
            "mailto://news@example.org:{port}?smtp=127.0.0.1&from={{sender}}&name=News&to={{receiver}}",
            "a%2Cb@shop.example",
            "d'or@shop.example",
        ),
        ("mailto://127.0.0.1:{port}/{{receiver}}?from={{sender}}", "a=b+c@shop.example", "d'or@shop.example"),
    ],
)
def test_mail_goes_as_meant_whatever_the_form_of_the_url(
    mails: MailServer, template: str, receiver: str, sender: str
) -> None:
    url = template.format(port=mails.url.partition("?")[0].rpartition(":")[2])
    body = {"type": "Email", "subject": "s", "content": "c", "sender": {"email": "d'or@shop.example"}}
    [dispatch] = dispatches("m", {**body, "receiver": [{"email": receiver}]})
    Gateway("Email", url).hand_over(dispatch)
    mail = mails.arrived[-1]
    assert (mail.sender, mail.receivers) == (sender, [receiver])
    assert [each.addr_spec for each in mail.email["From"].addresses] == [sender]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("a@exämple.com", "a@xn--exmple-cua.com"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("a@EXÄMPLE.com", "a@xn--exmple-cua.com"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("A.b+c@Example.COM", "A.b+c@example.com"),
        (" a@b.example ", "a@b.example"),
        ("zoë@example.com", ""),
        ("ａ@example.com", ""),
        *(
            (text, "")
            for text in (".a@b.c", "a.@b.c", "a..b@c.d", "a@-b.c", "a@b-.c", "a@b..c", "a@", "@b.c", "a b@c.d")
        ),
        *((text, "") for text in ('"a b"@c.d', "a@[127.0.0.1]", "a@b.c,d@e.f", "N <a@b.c>", "a@b_c.d", "a\\b@c.d")),
        *(
            (text, "")
            for text in ("a" * 65 + "@b.c", f"a@{'b' * 64}.c", f"a@{'b.' * 126}bc", "a\u200b@b.c", "a@b\u202e.c")
        ),
        *(
            (text, "")
            for text in ("a@b.c\r\nBcc: d@e.f", "a\x00@b.c", "a(b)@c.d", "a@xn--a\u00e4.com", "a;b@c.d", "a:b@c.d")
        ),
    ],
)
def test_mail_address_is_ascii_or_refused(given: str, sent: str) -> None:
    body = {"type": "Email", "receiver": [{"email": given}]}
    if sent:
        assert [each.address for each in dispatches("m", body)] == [sent]
    else:
        with pytest.raises(InvalidBody):
            dispatches("m", body)


def test_sender_that_cannot_be_one_is_refused() -> None:
    body = {"type": "Email", "sender": {"email": "N <a@b.c>"}, "receiver": [{"email": "a@example.com"}]}
    with pytest.raises(InvalidBody) as caught:
        dispatches("m", body)
    assert [each.pointer for each in caught.value.violations] == ["/sender/email"]


PIECES = [
    *(
        "a",
        "b.c",
        "o'neil",
        "x%2Cy",
        "%0d%0aBcc:",
        "+",
        "=",
        "=?utf-8?q?x=0D=0ABcc:_a@b.c?=",
        "=?",
        "?=",
        "<",
        ">",
        ",",
    ),
    *(
        "ü",
        "exämple",
        "例え",
        "\r\n",
        "\n",
        "\x00",
        "\t",
        '"',
        "\\",
        "/",
        "(",
        ")",
        ":",
        ";",
        "@",
        "@shop.example",
        "_",
    ),
    *(" ", "%", "%40", "`", "{", "}", "|", "~", "\u2028", "\u202e", "😀", "ﬁ", "é", "x" * 90, "Bcc: a@b.c", "é" * 60),
]


PLAIN = [
    "a",
    "o'neil",
    "x%2Cy",
    "%0d%0aBcc",
    "+",
    "=",
    "=?utf-8?q?x=0D=0A?=",
    "?=",
    "`{|}~",
    "%40",
    "b",
    "c",
    "_",
    "!#$&*^",
]


def _mail_at_random(chance: random.Random) -> tuple[str, str, str]:
    def some(most: int, plain: float = 0.0) -> str:
        pieces = (chance.choice(PLAIN if chance.random() < plain else PIECES) for _ in range(chance.randrange(1, most)))
        return "".join(pieces)

    ending = chance.choice(["@shop.example", "@exämple.com", "@b.c", "", "@SHOP.example", "@例え.example"])
    subject = "".join(each for each in some(8) if each in "\r\n\t" or each.isprintable() or chance.random() < 0.5)
    return some(4, 0.9) + ending, chance.choice(["", some(3, 0.9) + ending]), subject


def _meant(receiver: str, sender: str, subject: str) -> tuple[str, str, str]:
    """Return what has to arrive, worked out in another way than by the server."""

    def ascii_of(address: str) -> str:
        local, _, domain = address.strip().rpartition("@")
        return f"{local}@{idna.encode(domain, uts46=True).decode() if not domain.isascii() else domain.lower()}"

    return ascii_of(receiver), ascii_of(sender) if sender.strip() else "", " ".join(subject.split())


def test_every_mail_has_exactly_the_headers_and_receivers_meant(mails: MailServer, tmp_path: Path) -> None:
    chance, sent, folder = random.Random(4), 0, OutboxFolder(str(tmp_path / "outbox"))
    gateway = Gateway("Email", mails.url)
    for number in range(10_000):
        receiver, sender, subject = _mail_at_random(chance)
        body = {"type": "Email", "subject": subject, "content": "c", "receiver": [{"email": receiver}]}
        try:
            found = dispatches(str(number), {**body, "sender": {"email": sender}})
        except InvalidBody:
            continue
        if not found:
            continue
        [dispatch] = found
        to, origin, title = _meant(receiver, sender, subject)
        written = email_of(dispatch)
        _check_mail(email.message_from_bytes(written, policy=policy.default), to, origin, title)
        assert max(map(len, written.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 300
        sent += 1
        if sent % 25 == 0:
            folder.hand_over(dispatch)
            gateway.check(dispatch)
            gateway.hand_over(dispatch)
            mail = mails.arrived[-1]
            assert (mail.receivers, mail.sender) == ([to], origin or "news@example.org")
            _check_mail(mail.email, to, origin or "news@example.org", title)
    assert sent > 3000
    assert len(list((tmp_path / "outbox").iterdir())) == sent // 25


def _check_mail(found: EmailMessage, to: str, origin: str, title: str) -> None:
    names = {name.lower() for name in found.keys()} - {"date", "message-id", "x-application", "from"}  # noqa: SIM118
    assert names == {"content-type", "content-transfer-encoding", "mime-version", "to", "subject"}
    assert (found.get_all("To"), found.get_all("Subject")) == ([to], [title])
    senders = [each.addr_spec for header in found.get_all("From", []) for each in header.addresses]
    assert senders == ([origin] if origin else [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\r\nb\rc\n",
        "From a\n.\n",
        "x" * 5000,
        "é" * 3000,
        "a\x00\x0bb\x0c",
        "=?utf-8?q?a?= =41",
        "--=\n\n \t",
    ],
)
def test_text_arrives_as_it_is(text: str, mails: MailServer, tmp_path: Path) -> None:
    attachment = [{"name": "ä; b.txt", "url": HELLO}]
    body = {"type": "Email", "subject": "s", "content": text, "attachment": attachment}
    [dispatch] = dispatches("m", {**body, "receiver": [{"email": "a@shop.example"}]})
    OutboxFolder(str(tmp_path)).hand_over(dispatch)
    Gateway("Email", mails.url).hand_over(dispatch)
    [file] = tmp_path.iterdir()
    # Apprise leaves out blanks at the end.
    for found, meant in [
        (email.message_from_bytes(file.read_bytes(), policy=policy.default), text),
        (mails.arrived[-1].email, text.rstrip()),
    ]:
        assert isinstance(found, EmailMessage)
        read = found.get_body(("plain",))
        assert read is not None
        content = read.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert (content or b"\n").splitlines() == (meant.encode() or b"\n").splitlines()
        [attached] = found.iter_attachments()
        assert (attached.get_filename(), attached.get_payload(decode=True)) == ("ä; b.txt", b"hello")


def test_mail_of_which_a_library_makes_another_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Releases of Python have differed in what they write of a text, a name and a header."""
    body = {"type": "Email", "subject": "s", "content": "a\nb", "attachment": [{"name": "a", "url": HELLO}]}
    [dispatch] = dispatches("m", {**body, "receiver": [{"email": "a@shop.example"}]})
    whole = EmailMessage.as_bytes
    for right, wrong in [
        (b"a\r\nb", b"a\r\nc"),
        (b'filename="a"', b'filename="b"'),
        (b"aGVsbG8=", b"aGVsbHo="),
        (b"MIME-Version", b"Bcc: b@shop.example\r\nMIME-Version"),
        (b"MIME-Version", b"Subject: t\r\nMIME-Version"),
    ]:
        monkeypatch.setattr(EmailMessage, "as_bytes", lambda *all_, at=(right, wrong): whole(*all_).replace(*at))
        with pytest.raises(Refused):
            OutboxFolder(str(tmp_path)).hand_over(dispatch)
    assert list(tmp_path.iterdir()) == []


def test_mail_to_many_is_made_and_read_again_once() -> None:
    receivers = [{"email": f"a{number}@shop.example"} for number in range(400)]
    body = {"type": "Email", "subject": "ab cd " * 20_000, "content": "x", "receiver": receivers}
    first, *others = dispatches("m", body)
    began = time.process_time()
    one = len(email_of(first))
    once = time.process_time() - began
    assert all(abs(len(email_of(each)) - one) < 10 for each in others)
    # Four hundred times as long, each by itself.
    assert time.process_time() - began < 20 * once


@pytest.mark.parametrize("user", ["a^b", "[a]", "%2F", "😀", "a%41", "a?b#c", "100%25", "a+b", "ü"])
def test_address_that_a_service_would_take_for_another_one_does_not_go(user: str) -> None:
    with http_gateway() as gateway:
        [dispatch] = dispatches("m", {"type": "MobileApp", "content": "c", "receiver": [{"appUserId": user}]})
        channel = Gateway("MobileApp", gateway.url)
        try:
            channel.check(dispatch)
        except Misread:
            with pytest.raises(Misread):
                channel.hand_over(dispatch)
            assert dict(gateway.arrived) == {}
        else:
            channel.hand_over(dispatch)
            assert list(gateway.arrived) == [user]


def test_list_of_addresses_in_one_is_misread_and_refused() -> None:
    [dispatch] = dispatches("m", {"type": "MobileApp", "content": "c", "receiver": [{"appUserId": "a&to=b"}]})
    service = Gateway("MobileApp", "mailto://news:pass@h.example?to={receiver}@h.example")
    with pytest.raises(Misread):
        service.check(Dispatch("m", "MobileApp", "x@y.example,z", "", "", "c"))
    service.check(dispatch)
