"""Channels by themselves: what the settings may say, and what a channel does not take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from server_bodies import message

from tmfkit_server import cli
from tmfkit_server.apis.communication.failures import NotTaken, Refused
from tmfkit_server.apis.communication.gateway import Gateway
from tmfkit_server.apis.communication.messages import dispatches
from tmfkit_server.apis.communication.outbox import OutboxFolder
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
