"""The command ``tmfkit-client``, run as a process, against our server and against one that fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_server import Connection, FaultServer, Got, answer, document

from patience import PATIENCE_SECONDS
from tmfkit_sdk.cli import main

COMMAND = [sys.executable, "-c", "import sys; from tmfkit_sdk.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def url(start_server: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    with start_server("--store", "memory:") as address:
        yield address


def run(
    *words: str, url: str | None = None, text: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("TMFKIT_")}
    known |= environment | ({"TMFKIT_URL": url} if url is not None else {})
    return subprocess.run([*COMMAND, *words], input=text, capture_output=True, text=True, check=False, env=known)


def done(*words: str, url: str, text: str | None = None) -> str:
    ended = run(*words, url=url, text=text)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def made(url: str, name: str, *more: str) -> dict[str, Any]:
    words = ("customer-v4", "customers", "create", "--set", f"name={name}", "--set", "engagedParty.id=500")
    found: dict[str, Any] = json.loads(done(*words, *more, "--format", "json", url=url))
    return found


def test_a_customer_is_made_read_changed_and_removed(url: str) -> None:
    one = made(url, "Club", "--set", "shoeSize:=43", "--idempotency-key", "k-1")
    assert (one["engagedParty"], one["shoeSize"]) == ({"id": "500"}, 43)
    customer = ("customer-v4", "customers")
    shown = done(*customer, "get", one["id"], "--fields", "name", "--format", "jsonl", url=url)
    assert json.loads(shown) == {"id": one["id"], "href": one["href"], "name": "Club"}
    changed = done(
        *customer, "update", one["id"], "--set", "status=New", "--unset", "shoeSize", "--format", "json", url=url
    )
    assert (json.loads(changed)["status"], "shoeSize" in json.loads(changed)) == ("New", False)
    assert done(*customer, "delete", one["id"], url=url) == ""
    gone = run(*customer, "get", one["id"], url=url)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.startswith(f"tmfkit-client: GET {url}/tmf-api/customerManagement/v4/customer/{one['id']}: 404 ")


def test_a_list_in_every_format(url: str) -> None:
    for name in ("B, 1", "A"):
        made(url, name, "--set", "status=listed")
    listed = ("customer-v4", "customers", "list", "--where", "status=listed", "--sort=name")
    table = done(*listed, "--fields", "name,status", url=url).splitlines()
    assert [line.split(maxsplit=1)[1] for line in table] == ["name  status", "A     listed", "B, 1  listed"]
    assert [one["name"] for one in json.loads(done(*listed, "--format", "json", url=url))] == ["A", "B, 1"]
    lines = done(*listed, "--format", "jsonl", "--limit", "1", "--at-most", "1", url=url).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["A"]
    escaped = done(*listed, "--where", "name=B\\, 1", "--format", "jsonl", url=url)
    assert json.loads(escaped)["name"] == "B, 1"
    either = done(*listed, "--where", "name=A,C", "--filter", "$[?(@.name)]", "--format", "jsonl", url=url)
    assert json.loads(either)["name"] == "A"
    assert done(*listed, "--where", "name=none", url=url) == ""


def test_a_body_comes_from_a_file_or_from_stdin(url: str, tmp_path: Path) -> None:
    body = json.dumps({"name": "File", "engagedParty": {"id": "1"}})
    (tmp_path / "body.json").write_text(body)
    words = ("customer-v4", "customers", "create", "--set", "engagedParty.id=2", "--format", "jsonl", "--json")
    for ended in (done(*words, str(tmp_path / "body.json"), url=url), done(*words, "-", url=url, text=body)):
        assert json.loads(ended)["engagedParty"] == {"id": "2"}


def test_a_message_is_sent_and_a_stored_one_too(url: str) -> None:
    body = ("--set", "type=SMS", "--set", "content=Hello", "--set", 'receiver:=[{"phoneNumber": "+15550100"}]')
    messages = ("communication-v1", "messages")
    sent = json.loads(done(*messages, "send", *body, "--format", "json", url=url))
    assert sent["status"] == "Completed"
    stored = json.loads(done(*messages, "create", *body, "--format", "json", url=url))
    done(*messages, "send", stored["id"], url=url)


def test_a_listener_shows_what_happens_until_it_is_interrupted(url: str) -> None:
    words = [*COMMAND, "customer-v4", "customers", "listen", "--url", url, "--query", "eventType=CustomerCreateEvent"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith("listening at http://127.0.0.1:")
        one = made(url, "Heard")
        event = json.loads(process.stdout.readline())
        assert (event["eventType"], event["event"]["customer"]["id"]) == ("CustomerCreateEvent", one["id"])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    listed = json.loads(urllib.request.urlopen(f"{url}/admin/dead-letters").read())
    assert listed == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422, 500])
def test_a_refusal_is_exit_status_1(faulty: FaultServer, status: int) -> None:
    faulty.replies(document({"code": "20", "reason": "because"}, status))
    ended = run("customer-v4", "customers", "delete", "1", "--timeout", "20", url=faulty.url)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f": {status} " in ended.stderr
    assert "[20] because" in ended.stderr


def test_an_answer_that_cannot_be_read_is_exit_status_1(faulty: FaultServer) -> None:
    faulty.replies(answer(200, b"<html>", {"Content-Type": "text/html"}))
    assert run("customer-v4", "customers", "get", "1", url=faulty.url).returncode == 1


def test_nobody_there_is_exit_status_3() -> None:
    ended = run("customer-v4", "customers", "list", "--timeout", "2", url="http://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "nothing was sent" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["no-such-api"],
        ["customer-v4"],
        ["customer-v4", "customers"],
        ["customer-v4", "customers", "send"],
        ["customer-v4", "customers", "get"],
        ["customer-v4", "customers", "get", ".."],
        ["customer-v4", "customers", "list", "--where", "status"],
        ["customer-v4", "customers", "list", "--where", "a=1", "--where", "a=2"],
        ["customer-v4", "customers", "list", "--format", "xml"],
        ["customer-v4", "customers", "list", "--limit", "-1"],
        ["customer-v4", "customers", "list", "--limit", "0"],
        ["customer-v4", "customers", "list", "--at-most", "-1"],
        ["customer-v4", "customers", "create", "--set", "name"],
        ["customer-v4", "customers", "create", "--set", "name:={"],
        ["customer-v4", "customers", "create", "--set", "a=1", "--set", "a.b=1"],
        ["customer-v4", "customers", "create", "--set", "a=1", "--set", "a=2"],
        ["customer-v4", "customers", "create", "--set", "a.b=1", "--set", "a:={}"],
        ["customer-v4", "customers", "create", "--set", "a..b=1"],
        ["customer-v4", "customers", "create", "--set", ":=1"],
        ["customer-v4", "customers", "create", "--set", "a:=NaN"],
        ["customer-v4", "customers", "update", "1", "--set", "a=1", "--unset", "a"],
        ["customer-v4", "customers", "update", "1", "--unset", ""],
        ["communication-v1", "messages", "send", "1", "--set", "content=x"],
        ["customer-v4", "customers", "create", "--json", "/no/such/file"],
        ["customer-v4", "customers", "update", "1"],
        ["customer-v4", "customers", "listen", "--bind", "nowhere"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2_and_sends_nothing(faulty: FaultServer, words: list[str]) -> None:
    faulty.replies(document({}))
    ended = run(*words, url=faulty.url)
    assert (ended.returncode, ended.stdout, faulty.got) == (2, "", [])
    assert "tmfkit-client" in ended.stderr


def test_without_a_server_nothing_can_be_called() -> None:
    ended = run("customer-v4", "customers", "list")
    assert (ended.returncode, ended.stderr) == (
        2,
        "tmfkit-client: nobody knows where the server is: give --url or set TMFKIT_URL\n",
    )


def test_the_token_comes_from_the_environment_and_is_not_shown(faulty: FaultServer) -> None:
    faulty.replies(answer(401))
    ended = run("customer-v4", "customers", "get", "1", url=faulty.url, TMFKIT_TOKEN="s3cr3t")
    assert faulty.got[0].headers["authorization"] == "Bearer s3cr3t"
    assert (ended.returncode, "s3cr3t" in ended.stdout + ended.stderr) == (1, False)


def completed(*words: str) -> list[str]:
    return run("__complete", *words).stdout.split()


def test_every_word_is_completed() -> None:
    assert completed("c") == ["change-v1", "communication-v1", "customer-v1", "customer-v4", "completion"]
    assert completed("customer-v1", "") == ["customers", "customer-accounts", "payment-means"]
    assert completed("customer-v4", "customers", "l") == ["list", "listen"]
    assert completed("customer-v4", "customers", "list", "--wh") == ["--where"]
    assert completed("customer-v4", "customers", "list", "--format", "js") == ["json", "jsonl"]
    assert completed("completion", "") == ["bash", "zsh", "fish"]
    assert completed("no-such-api", "") == []


def test_bash_completes(tmp_path: Path) -> None:
    script = run("completion", "bash").stdout
    program = tmp_path / "tmfkit-client"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom tmfkit_sdk.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    asked = f'{script}\nCOMP_WORDS=(tmfkit-client customer-v4 customers cre); COMP_CWORD=3; _tmfkit_client; echo "${{COMPREPLY[@]}}"'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout == "create\n"


@pytest.mark.parametrize(("shell", "check"), [("zsh", "-n"), ("fish", "--no-execute")])
def test_other_shells_can_read_their_script(shell: str, check: str) -> None:
    script = run("completion", shell).stdout
    assert "tmfkit-client __complete" in script
    if (found := shutil.which(shell)) is not None:
        subprocess.run([found, check], input=script, text=True, check=True)


def test_help_imports_no_api() -> None:
    program = "import sys; from tmfkit_sdk.cli.arguments import parser; parser(None); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in modules if name.startswith("tmfkit_sdk.customer")]


def test_who_reads_may_stop_early(url: str) -> None:
    made(url, "Pipe")
    listed = subprocess.Popen(
        [*COMMAND, "customer-v4", "customers", "list", "--format", "jsonl", "--url", url], stdout=subprocess.PIPE
    )
    assert listed.stdout is not None
    listed.stdout.close()
    assert listed.wait(60) == 0


JSON = {"Content-Type": "application/json"}
CUSTOMER = ("customer-v4", "customers")
NUMBERS = '"n":12345678901234567890.123456789,"m":1.10,"e":-1E5,"huge":1e999'


def echo(connection: Connection, got: Got) -> None:
    """Answer with what came."""
    answer(201, got.body, JSON)(connection, got)


def test_numbers_are_sent_as_they_are_written(faulty: FaultServer, tmp_path: Path) -> None:
    faulty.replies(echo)
    (tmp_path / "body.json").write_text(f"{{{NUMBERS}}}")
    words = ("--json", str(tmp_path / "body.json"), "--set", 'a.b:=[1.20, {"c": 1E2}]', "--url", faulty.url)
    assert [main([*CUSTOMER, "create", *words]), main([*CUSTOMER, "update", "1", *words])] == [0, 0]
    assert {got.body.decode() for got in faulty.got} == {f'{{{NUMBERS},"a":{{"b":[1.20,{{"c":1E2}}]}}}}'}


def test_numbers_are_shown_as_they_came(faulty: FaultServer, capsys: pytest.CaptureFixture[str]) -> None:
    one = f'{{"id":"1",{NUMBERS},"none":[],"deep":{{"x":[1.0,{{}}]}}}}'
    faulty.replies(answer(200, one.encode(), JSON))
    assert main([*CUSTOMER, "get", "1", "--format", "jsonl", "--url", faulty.url]) == 0
    assert capsys.readouterr().out == one + "\n"
    assert main([*CUSTOMER, "get", "1", "--format", "json", "--url", faulty.url]) == 0
    laid_out = capsys.readouterr().out
    assert "".join(laid_out.split()) == one
    assert laid_out.endswith('  "none": [],\n  "deep": {\n    "x": [\n      1.0,\n      {}\n    ]\n  }\n}\n')
    assert main([*CUSTOMER, "get", "1", "--url", faulty.url]) == 0
    assert '\nm     1.10\ne     -1E5\nhuge  1e999\nnone  []\ndeep  {"x":[1.0,{}]}\n' in capsys.readouterr().out
    faulty.replies(answer(200, f"[{one}]".encode(), {**JSON, "X-Total-Count": "1"}))
    assert main([*CUSTOMER, "list", "--format", "json", "--url", faulty.url]) == 0
    assert "".join(capsys.readouterr().out.split()) == f"[{one}]"


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_what_a_server_says_does_not_steer_a_terminal(
    faulty: FaultServer, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    bad = "\x1b[31m\x07\x9b1m\u202e\n\x7f"
    for reply, status in ((document({"id": "1", bad: bad}), 0), (document({"code": bad, "reason": bad}, 400), 1)):
        faulty.replies(reply)
        assert main([*CUSTOMER, "get", "1", "--format", form, "--url", faulty.url]) == status
        shown = "".join(capsys.readouterr())
        assert "".join(shown.splitlines()).isprintable()
        assert "\\u001b[31m" in shown


def test_every_locale_takes_every_sign_both_ways(faulty: FaultServer, tmp_path: Path) -> None:
    faulty.replies(echo)
    file = tmp_path / "Zoë.json"
    file.write_bytes('\ufeff{"a": "ë🚣"}'.encode())
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    words = (*CUSTOMER, "create", "--json", str(file), "--set", "name=Zoë")
    ended = run(*words, "--format", "json", url=faulty.url, **environment)
    assert (ended.returncode, ended.stderr, ended.stdout.isascii()) == (0, "", True)
    assert faulty.got[0].json == json.loads(ended.stdout) == {"a": "ë🚣", "name": "Zoë"}


def shell(line: str, *words: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run the command with streams as *line*, which has it as ``"$@"``, says."""
    command = ["sh", "-c", line, "sh", *COMMAND, *words, "--url", url]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "problem"), [('"$@" >/dev/full', "No space left on device"), ('"$@" >&-', "stdout is closed")]
)
def test_done_but_not_shown_is_exit_status_4(faulty: FaultServer, line: str, problem: str) -> None:
    faulty.replies(echo)
    ended = shell(line, *CUSTOMER, "create", "--set", "name=A", url=faulty.url)
    assert (ended.returncode, ended.stdout, len(faulty.got)) == (4, "", 1)
    assert ended.stderr.startswith("tmfkit-client: done, but the result cannot be shown: ")
    assert ended.stderr.endswith(f"{problem}\n")


def test_done_but_not_readable_is_exit_status_4(faulty: FaultServer, capsys: pytest.CaptureFixture[str]) -> None:
    faulty.replies(answer(201, b"<html>", {"Content-Type": "text/html"}))
    for words in (("create", "--set", "name=A"), ("update", "1", "--set", "name=A")):
        assert main([*CUSTOMER, *words, "--url", faulty.url]) == 4
        assert "done, but the result cannot be shown: P" in capsys.readouterr().err


def test_nothing_is_read_from_a_closed_stdin(faulty: FaultServer) -> None:
    ended = shell('"$@" <&-', *CUSTOMER, "create", "--json", "-", url=faulty.url)
    assert (ended.returncode, ended.stderr, faulty.got) == (2, "tmfkit-client: stdin is closed\n", [])


def test_with_stderr_closed_nothing_is_said(faulty: FaultServer) -> None:
    faulty.replies(answer(404))
    ended = shell('"$@" 2>&-', *CUSTOMER, "get", "1", url=faulty.url)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


@contextmanager
def listening(server: FaultServer, stdout: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a listener; yield its process and its address. A hang is ended."""
    server.replies(document({"id": "h-1"}, 201), answer(204))
    words = [*COMMAND, *CUSTOMER, "listen", "--url", server.url]
    with subprocess.Popen(
        words,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs these tests may have them ignore it, by ``nohup``.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    ) as process:
        impatience = threading.Timer(PATIENCE_SECONDS, process.kill)
        impatience.start()
        try:
            assert process.stderr is not None
            assert process.stderr.readline().endswith(" as h-1\n")
            yield process, server.got[0].json["callback"]
        finally:
            impatience.cancel()
            process.kill()


@pytest.mark.parametrize("end", ["hang-up", "reader gone", "output full"])
def test_a_listener_that_ends_is_removed(faulty: FaultServer, end: str) -> None:
    with (
        Path("/dev/full").open("w", encoding="utf-8") as full,
        listening(faulty, full if end == "output full" else subprocess.PIPE) as (process, callback),
    ):
        if end == "hang-up":
            process.send_signal(signal.SIGHUP)
        elif end == "reader gone":
            assert process.stdout is not None
            process.stdout.close()
        else:
            event = json.dumps({"eventId": "1", "eventType": "CustomerCreateEvent"}).encode()
            with pytest.raises(urllib.error.HTTPError, match="500"):
                urllib.request.urlopen(callback, event)
        assert process.wait() == (4 if end == "output full" else 0)
        assert process.stderr is not None
        assert ("No space left on device" in process.stderr.read()) == (end == "output full")
    assert [(got.method, got.target.rpartition("/")[2]) for got in faulty.got] == [("POST", "hub"), ("DELETE", "h-1")]
