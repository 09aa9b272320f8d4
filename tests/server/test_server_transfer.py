"""Export, import and backup, as an operator runs them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from click.testing import CliRunner, Result
from server_bodies import customer

from tmfkit_server import cli
from tmfkit_server.storage.base import Death, Delivery, Record, Subscription
from tmfkit_server.storage.embedded.store import EmbeddedStore

Starter = Callable[..., AbstractContextManager[str]]

_LISTENER = Subscription("s", "h", "http://x", "é=1")
_DEAD = Delivery(0, "s", "", {"eventId": "2"}, "c/2", 1_700_000_000, 3, death=Death("no answer", 0, 1_700_000_100))


def _command(*arguments: object) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


async def _make(path: Path, documents: int) -> None:
    store = EmbeddedStore(str(path))
    await store.open()
    async with store.transaction() as transaction:
        await transaction.subscribe(_LISTENER)
        for number in range(documents):
            body = {"id": str(number), "name": f"Näme {number}", "float": 1.0, "nested": [{"n": number}], "null": None}
            await transaction.insert("c", Record(str(number), body, {"/name": "label"} if number % 2 else None))
        await transaction.enqueue(_LISTENER, {"eventId": "1"}, "c/1")
        await transaction.restore(_LISTENER, _DEAD)
    async with store.transaction() as transaction:
        await transaction.remove("c", "0")
    await store.close()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A store with 9 documents, a listener and two notifications."""
    path = tmp_path / "made.db"
    asyncio.run(_make(path, 10))
    return path


@pytest.fixture(params=["file", "postgres"])
def store_url(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> str:
    """A store with nothing in it."""
    return empty_store(request.param)


def test_100_000_documents_go_round(tmp_path: Path) -> None:
    path, lines, copy, again = (tmp_path / name for name in ("a.db", "a.jsonl", "b.db", "b.jsonl"))
    asyncio.run(_make(path, 100_001))
    exported = _command("export", "--store", f"tinydb:{path}", lines)
    assert (exported.exit_code, exported.stdout) == (0, f"100,003 entries exported to {lines}\n")
    imported = _command("import", "--store", f"tinydb:{copy}", lines)
    assert (imported.exit_code, imported.stdout) == (0, f"100,003 entries imported into tinydb:{copy}\n")
    assert ("exporting" in exported.stderr, "importing" in imported.stderr) == (True, True)
    assert _command("export", "--store", f"tinydb:{copy}", again).exit_code == 0
    assert again.read_bytes() == lines.read_bytes()


def test_export_is_lines_of_json_in_the_order_of_creation(made: Path) -> None:
    first, listener, *rest = map(json.loads, _command("export", "--store", f"tinydb:{made}", "-").stdout.splitlines())
    assert first == {"tmfkit": "store", "format": 1}
    assert listener == {"subscription": {"id": "s", "hub": "h", "callback": "http://x", "query": "é=1"}}
    body = {"id": "1", "name": "Näme 1", "float": 1.0, "nested": [{"n": 1}], "null": None}
    assert rest[0] == {"record": {"collection": "c", "id": "1", "spelling": {"/name": "label"}, "body": body}}
    waiting, dead = (line["delivery"] for line in rest[-3:-1])
    assert waiting.pop("queued") > 1_700_000_000
    assert waiting == {"subscription": "s", "notification": {"eventId": "1"}, "subject": "c/1"}
    history = {"subject": "c/2", "queued": 1_700_000_000, "attempts": 3}
    death = {"reason": "no answer", "status": 0, "at": 1_700_000_100}
    assert dead == {"subscription": "s", "notification": {"eventId": "2"}, **history, "death": death}
    assert rest[-1] == {"end": {"entries": 12}}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: lines[:-1], "it was cut off, its last line is missing"),
        (lambda lines: lines[:4] + lines[5:], "it speaks of {'entries': 12}, and there were 11 entries"),
        (lambda lines: [*lines[:3], b"{", *lines[4:]], "line 4: it is no JSON"),
        (lambda lines: lines[1:], 'line 1: an export begins with {"tmfkit":"store","format":1}'),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "no record can be made of it: c: '1' already exists"),
        (
            lambda lines: [*lines[:3], b'{"record":{"id":"x"}}', *lines[3:]],
            "no record can be made of it: its collection is no text",
        ),
        (
            lambda lines: [*lines[:3], b'{"record":{"collection":"c","id":"","body":{}}}', *lines[3:]],
            "its id is no text",
        ),
        (
            lambda lines: [*lines[:3], b'{"record":{"collection":"c","id":1,"body":{}}}', *lines[3:]],
            "its id is no text",
        ),
        (lambda lines: [*lines[:3], b'{"nix":{}}', *lines[3:]], "this version of the server does not know it"),
        (lambda lines: [*lines, b"{}"], "there is no entry here"),
        (lambda lines: [lines[0], *lines[2:]], "no delivery can be made of it: no line before it has its listener 's'"),
    ],
)
def test_import_of_what_is_no_whole_export_says_where(
    made: Path, tmp_path: Path, spoil: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    lines = tmp_path / "lines"
    assert _command("export", "--store", f"tinydb:{made}", lines).exit_code == 0
    lines.write_bytes(b"\n".join(spoil(lines.read_bytes().splitlines())) + b"\n")
    result = _command("import", "--store", f"tinydb:{tmp_path / 'new.db'}", lines)
    assert result.exit_code == 3
    assert message in result.stderr


_LISTENER_LINE = {"subscription": {"id": "s", "hub": "h", "callback": "http://x", "query": None}}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"record": {"collection": "c", "id": "1", "body": [1]}}], "line 2: no record can be made of it: its body"),
        ([{"record": {"collection": "c", "id": "1", "body": None}}], "line 2: no record can be made of it: its body"),
        ([{"record": {"collection": 5, "id": "1", "body": {}}}], "its collection is no text"),
        ([{"record": {"collection": "hub:outbox", "id": "1", "body": {}}}], "hub:outbox is no collection"),
        ([{"record": {"collection": "c", "id": "1", "body": {}, "spelling": 5}}], "its spelling is no object"),
        ([{"record": [1]}], "it is no object"),
        ([{"death": {"reason": "", "status": 0, "at": 0}}], "this version of the server does not know it"),
        ([{"subscription": {"id": None, "hub": "h", "callback": "x", "query": None}}], "its id is no text"),
        ([{"subscription": {"id": "s", "hub": 5, "callback": "x", "query": None}}], "its hub is no text"),
        ([_LISTENER_LINE, {"delivery": {"subscription": "s", "notification": 5}}], "its notification is no object"),
        (
            [{"record": {"collection": "c", "id": "a\x00", "body": {}}}],
            "line 2: no record can be made of it: its id has",
        ),
        ([{"subscription": {"id": "s", "hub": "\x00", "callback": "x", "query": None}}], "its hub has a NUL in it"),
        (
            [_LISTENER_LINE, {"delivery": {"subscription": "s", "notification": {}, "queued": "x"}}],
            "line 3: no delivery can be made of it: its queued is no whole number",
        ),
        (
            [_LISTENER_LINE, {"delivery": {"subscription": "s", "notification": {}, "death": {"reason": 1}}}],
            "line 3: no delivery can be made of it: its reason is no text",
        ),
    ],
)
def test_import_of_an_entry_that_no_store_could_read_again_is_refused(
    store_url: str, tmp_path: Path, lines: list[object], message: str
) -> None:
    file = tmp_path / "lines"
    everything = [{"tmfkit": "store", "format": 1}, *lines, {"end": {"entries": len(lines)}}]
    file.write_text("\n".join(map(json.dumps, everything)))
    result = _command("import", "--store", store_url, file)
    assert result.exit_code == 3
    assert message in result.stderr
    assert _command("export", "--store", store_url, tmp_path / "again").exit_code == 0


def test_export_that_stdout_does_not_take_is_no_success(made: Path) -> None:
    command = [sys.executable, "-m", "tmfkit_server.cli", "export", "--store", f"tinydb:{made}", "-"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        "tmfkit-server: stdout: it takes no more: No space left on device."
        " See that its reader stays to the end, and has room."
    )


@pytest.mark.parametrize("command", ["export", "backup"])
def test_target_that_cannot_be_written_is_refused(made: Path, tmp_path: Path, command: str) -> None:
    for target in (tmp_path / "nix" / "x", made / "x"):
        result = _command(command, "--store", f"tinydb:{made}", target)
        assert result.exit_code == 3
        assert re.search(rf"{target}: .* See that its folder can be written to and has room\.", result.stderr)


@pytest.mark.parametrize("command", ["export", "backup"])
def test_copy_of_a_damaged_file_is_refused(made: Path, tmp_path: Path, command: str) -> None:
    pages = bytearray(made.read_bytes())
    pages[4096:8192] = b"\xff" * 4096
    made.write_bytes(pages)
    result = _command(command, "--store", f"tinydb:{made}", tmp_path / "copy")
    assert result.exit_code == 3
    assert f"{made}: it is damaged" in result.stderr
    assert not list(tmp_path.glob("copy*"))


def test_files_and_stores_that_are_there_are_left_alone(made: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("mine")
    for command in ("export", "backup"):
        result = _command(command, "--store", f"tinydb:{made}", lines)
        assert result.exit_code == 3
        assert f"{lines}: it is there already. Remove it, or name another file." in result.stderr
    assert lines.read_text() == "mine"
    lines.unlink()
    assert _command("export", "--store", f"tinydb:{made}", lines).exit_code == 0
    result = _command("import", "--store", f"tinydb:{made}", lines)
    assert result.exit_code == 3
    assert "the store has something in it already" in result.stderr


@pytest.mark.parametrize("command", ["export", "backup"])
def test_store_without_a_file_is_refused(command: str, tmp_path: Path) -> None:
    result = _command(command, "--store", "memory:", tmp_path / "x")
    assert (result.exit_code, result.stderr) == (
        2, "tmfkit-server: --store memory:: it has no file. Use tinydb:PATH.\n",
    )  # fmt: skip
    assert _command(command, "--store", f"tinydb:{tmp_path / 'nix'}", tmp_path / "x").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_imported_into_memory(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text('{"tmfkit":"store","format":1}\n{"end":{"entries":0}}\n')
    result = _command("import", "--store", "memory:", lines)
    assert result.exit_code == 2
    assert "--store memory:: it ends with the command. Use tinydb:PATH" in result.stderr


def test_store_moves_to_postgres_and_back(made: Path, postgres_url: str, tmp_path: Path) -> None:
    stores = [f"tinydb:{made}", postgres_url, f"tinydb:{tmp_path / 'back.db'}"]
    lines = [tmp_path / str(number) for number in range(3)]
    for number, store in enumerate(stores):
        if number:
            assert _command("import", "--store", store, lines[number - 1]).exit_code == 0
        assert _command("export", "--store", store, lines[number]).exit_code == 0
    assert lines[0].read_bytes() == lines[1].read_bytes() == lines[2].read_bytes()
    again = _command("import", "--store", postgres_url, lines[0])
    assert again.exit_code == 3
    assert "the store has something in it already" in again.stderr


def test_id_that_comes_twice_is_reported_by_postgres_too(made: Path, postgres_url: str, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    assert _command("export", "--store", f"tinydb:{made}", lines).exit_code == 0
    whole = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join([*whole[:3], whole[2], *whole[3:]]))
    result = _command("import", "--store", postgres_url, lines)
    assert result.exit_code == 3
    assert "line 4: no record can be made of it: c: '1' already exists." in result.stderr


def test_id_that_comes_again_in_another_transaction_is_reported_with_its_line(
    postgres_url: str, tmp_path: Path
) -> None:
    path, lines = tmp_path / "many.db", tmp_path / "lines"
    asyncio.run(_make(path, 1000))
    assert _command("export", "--store", f"tinydb:{path}", lines).exit_code == 0
    whole = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join([*whole[:900], whole[7], *whole[900:]]))
    for store in (postgres_url, f"tinydb:{tmp_path / 'new.db'}"):
        result = _command("import", "--store", store, lines)
        assert result.exit_code == 3
        assert re.search(r"lines, line 901: no record can be made of it: .*already exists\. 500 entries", result.stderr)


def test_backup_of_a_database_is_left_to_its_own_tools(tmp_path: Path) -> None:
    result = _command("backup", "--store", "postgresql://me:secret@host/db?password=secret", tmp_path / "x")
    assert (result.exit_code, result.stderr) == (
        2, "tmfkit-server: --store postgresql://host/db: it has no file. Use pg_dump.\n",
    )  # fmt: skip


def test_backup_is_not_put_beside_what_is_left_of_another_store(made: Path, tmp_path: Path) -> None:
    left = tmp_path / "copy.db-wal"
    left.write_bytes(b"the log of another file")
    result = _command("backup", "--store", f"tinydb:{made}", tmp_path / "copy.db")
    assert result.exit_code == 3
    assert f"{left} is left of another store" in result.stderr
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("command", ["export", "backup"])
def test_damage_is_found_by_a_copy_and_leaves_no_file(made: Path, tmp_path: Path, command: str) -> None:
    made.write_bytes(made.read_bytes().replace(b'"nested":[{"n":5}]', b'"nested":[{"n":6}]'))
    result = _command(command, "--store", f"tinydb:{made}", tmp_path / "lines")
    assert result.exit_code == 3
    assert "(c '5') is not what was written" in result.stderr
    assert not (tmp_path / "lines").exists()


def test_server_is_copied_while_it_writes(start_server: Starter, tmp_path: Path) -> None:
    path, lines, copy = tmp_path / "a.db", tmp_path / "a.jsonl", tmp_path / "copy.db"
    stop = Event()
    with start_server("--store", f"tinydb:{path}") as url:
        collection = f"{url}/tmf-api/customerManagement/v4/customer"

        def write() -> None:
            with httpx.Client(trust_env=False) as client:
                while not stop.is_set():
                    assert client.post(collection, json=customer()).status_code == 201

        writer = Thread(target=write)
        writer.start()
        try:
            before = int(httpx.get(collection, params={"limit": 1}).headers["X-Total-Count"])
            assert _command("backup", "--store", f"tinydb:{path}", copy).exit_code == 0
            assert _command("export", "--store", f"tinydb:{path}", lines).exit_code == 0
            result = _command("import", "--store", f"tinydb:{path}", lines)
        finally:
            stop.set()
            writer.join()
        assert re.search(r"process \d+ has it open", result.stderr)
    assert json.loads(lines.read_bytes().splitlines()[-1])["end"]["entries"] >= before
    with start_server("--store", f"tinydb:{copy}") as url:
        answer = httpx.get(f"{url}/tmf-api/customerManagement/v4/customer")
        assert int(answer.headers["X-Total-Count"]) >= before


@pytest.mark.parametrize("command", ["export", "backup"])
def test_store_in_a_read_only_folder_is_copied(made: Path, small_folder: Path, tmp_path: Path, command: str) -> None:
    for each in made.parent.glob("made.db*"):
        shutil.copy(each, small_folder)
    # Whoever reads where it can write leaves an index.
    assert _command(command, "--store", f"tinydb:{made}", tmp_path / "wanted").exit_code == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_folder)], check=True)
    result = _command(command, "--store", f"tinydb:{small_folder / 'made.db'}", tmp_path / "copy")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "wanted").read_bytes()
