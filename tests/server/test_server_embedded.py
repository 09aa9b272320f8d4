"""What the embedded store owes its file: durability, one owner, and honesty about damage."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from server_bodies import unique

from faultlab.obstacles import FullDisk
from patience import PATIENCE_SECONDS
from tmfkit_server import cli
from tmfkit_server.errors import StoreDamaged, StoreError, StoreFull, StoreLocked, StoreUnusable
from tmfkit_server.query.expression import Search
from tmfkit_server.storage.base import Record, Subscription
from tmfkit_server.storage.embedded.entries import row_of
from tmfkit_server.storage.embedded.opening import preflight
from tmfkit_server.storage.embedded.rows import body_of, content_bytes, kept, whole
from tmfkit_server.storage.embedded.snapshot import Snapshot
from tmfkit_server.storage.embedded.store import EmbeddedStore

Scenario = Callable[[EmbeddedStore], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def _run(path: Path, scenario: Scenario) -> None:
    async def opened() -> None:
        async with _open(path) as store:
            await scenario(store)

    asyncio.run(opened())


@contextlib.asynccontextmanager
async def _open(path: Path) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore(str(path))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _insert(store: EmbeddedStore, *records: Record) -> None:
    async with store.transaction() as transaction:
        for record in records:
            await transaction.insert("c", record)


async def _fill(store: EmbeddedStore) -> None:
    await _insert(store, *(Record(str(number), {"n": number, "text": "x" * 500}) for number in range(50)))


async def _ids(store: EmbeddedStore) -> set[str]:
    return {record.id for record in (await store.search("c", Search())).records}


def _connection(store: EmbeddedStore) -> sqlite3.Connection:
    """Return the connection that commits, for SQLite's own means of slowing down, counting and failing."""
    journal = store._storage.journal
    assert journal is not None
    return journal._connected()


def _hold_commits(store: EmbeddedStore) -> tuple[threading.Event, threading.Event]:
    """Hold up every commit until the second event is set; the first one tells that one is held up."""
    is_held, is_free = threading.Event(), threading.Event()

    def hold() -> bool:
        is_held.set()
        return is_free.wait(PATIENCE_SECONDS)

    connection = _connection(store)
    connection.create_function("held", 0, hold)
    connection.execute("CREATE TEMP TRIGGER hold INSTEAD OF INSERT ON change BEGIN SELECT held(); END")
    return is_held, is_free


def test_write_is_not_readable_before_its_commit(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, Record("1", {"n": 1}))
        is_held, is_free = _hold_commits(store)

        async def change() -> None:
            async with store.transaction() as transaction:
                await transaction.replace("c", Record("1", {"n": 2}))
                await transaction.insert("c", Record("2", {}))

        task = asyncio.create_task(change())
        assert await asyncio.to_thread(is_held.wait, PATIENCE_SECONDS)
        assert not task.done()
        assert await store.get("c", "1") == Record("1", {"n": 1})
        assert await _ids(store) == {"1"}
        is_free.set()
        await task
        assert await store.get("c", "1") == Record("1", {"n": 2})
        assert await _ids(store) == {"1", "2"}

    _run(path, scenario)


def test_write_of_a_client_that_has_gone_is_made_all_the_same(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        is_held, is_free = _hold_commits(store)
        task = asyncio.create_task(_insert(store, Record("1", {})))
        assert await asyncio.to_thread(is_held.wait, PATIENCE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await store.get("c", "1") is None
        is_free.set()
        await _insert(store, Record("2", {}))
        assert await _ids(store) == {"1", "2"}

    _run(path, scenario)
    _run(path, lambda store: _expect(store, {"1", "2"}))


async def _expect(store: EmbeddedStore, ids: set[str]) -> None:
    assert await _ids(store) == ids


def test_what_is_kept_takes_little_more_than_its_text(path: Path) -> None:
    text = "x" * 600

    async def scenario(store: EmbeddedStore) -> None:
        before, _ = tracemalloc.get_traced_memory()
        await _insert(store, *(Record(str(number), {"id": str(number), "note": text}) for number in range(1000)))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        assert (after - before) / 1000 < 3 * len(text)

    tracemalloc.start()
    try:
        _run(path, scenario)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("spelling", [{}, {"/name": "title"}], ids=["plain", "spelled"])
@pytest.mark.parametrize("body", [{"n": 1}, {"id": "?", "n": 1}, {"n": 1, "id": "?"}], ids=["none", "first", "last"])
@pytest.mark.parametrize("key", ["1", "", 'a"b', 'a","n":"b', "a\\b", "é\n", "x" * 255, "x" * 256, "é" * 200])
def test_row_that_is_kept_as_one_object_is_what_it_was(
    key: str, body: dict[str, Any], spelling: dict[str, str]
) -> None:
    row = row_of(Record(key, {name: key if value == "?" else value for name, value in body.items()}, spelling))
    assert whole(kept(row)) == row
    assert body_of(kept(row)) == body_of(row)
    assert content_bytes(kept(row)) == content_bytes(row)


def test_transactions_share_a_commit(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        statements: list[str] = []
        _connection(store).set_trace_callback(statements.append)
        await asyncio.gather(*(_insert(store, Record(str(number), {})) for number in range(50)))
        assert len(set(statements)) < 10
        assert len(await _ids(store)) == 50

    _run(path, scenario)


def test_changes_of_one_record_are_made_in_their_order(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, Record("1", {"log": []}))

        async def append(number: int) -> None:
            async with store.transaction() as transaction:
                record = await transaction.get("c", "1")
                assert record
                await transaction.replace("c", Record("1", {"log": [*record.body["log"], number]}))

        await asyncio.gather(*(append(number) for number in range(30)))

    _run(path, scenario)

    async def check(store: EmbeddedStore) -> None:
        assert await store.get("c", "1") == Record("1", {"log": list(range(30))})

    _run(path, check)


def test_full_disk_fails_those_who_wait_and_nothing_else(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await _fill(store)
        connection = _connection(store)
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        large = [Record(f"large{number}", {"text": "y" * 9000}) for number in range(3)]
        ends = await asyncio.gather(*(_insert(store, record) for record in large), return_exceptions=True)
        assert [type(end) for end in ends] == [StoreFull] * 3
        assert len(await _ids(store)) == 50
        async with store.transaction() as transaction:  # room is left for what takes none
            await transaction.remove("c", "0")
        connection.execute("PRAGMA max_page_count = 1000000")
        await _insert(store, *large)
        assert len(await _ids(store)) == 52

    _run(path, scenario)

    async def check(store: EmbeddedStore) -> None:
        assert len(await _ids(store)) == 52

    _run(path, check)


def test_failed_commit_keeps_change_and_event_apart_from_memory_and_file(path: Path) -> None:
    listener = Subscription("s", "h", "http://x", None)

    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, Record("1", {"n": 1}))
        async with store.transaction() as transaction:
            await transaction.subscribe(listener)
        connection = _connection(store)
        connection.execute("PRAGMA query_only = ON")

        async def change() -> None:
            async with store.transaction() as transaction:
                await transaction.replace("c", Record("1", {"n": 2}))
                await transaction.enqueue(listener, {"n": 2})

        with pytest.raises(StoreError, match="readonly"):
            await change()
        assert await store.get("c", "1") == Record("1", {"n": 1})
        assert await store.outbox.listeners() == []
        connection.execute("PRAGMA query_only = OFF")
        await change()
        [delivery] = await store.outbox.deliveries("s", busy=(), limit=10)
        assert delivery.notification == {"n": 2}

    _run(path, scenario)


def test_full_file_system_is_survived(path: Path) -> None:
    """A limit on the size of files stands for the file system: SQLite is refused in the middle of a write."""
    script = """
import asyncio, resource, signal, sys
from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.embedded.store import EmbeddedStore

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = EmbeddedStore(sys.argv[1])
    await store.open()
    async def insert(name):
        async with store.transaction() as transaction:
            await transaction.insert("c", Record(name, {"text": "x" * 3000}))
        print(name, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    failures = 0
    for number in range(300):
        try:
            await insert(f"a{number}")
        except StoreError:
            failures += 1
    assert failures
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await insert("b")
    await store.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    acknowledged = set(done.stdout.split())
    assert "b" in acknowledged
    _run(path, lambda store: _expect(store, acknowledged))


def test_file_belongs_to_one_process(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, Record("1", {}))
        with pytest.raises(StoreLocked) as refused:
            await EmbeddedStore(str(path)).open()
        assert str(refused.value) == (
            f"{path}: process {os.getpid()} has it open, and a store of this kind belongs to one process."
            " Stop that one first, or use another file."
        )
        await _insert(store, Record("2", {}))

    _run(path, scenario)
    _run(path, lambda store: _expect(store, {"1", "2"}))


def test_file_belongs_to_one_process_whatever_links_lead_to_it(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    _run(link, lambda store: _insert(store, Record("1", {})))

    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, Record("2", {}))
        for name in (path, link):
            with pytest.raises(StoreLocked, match=f"process {os.getpid()} has it open"):
                await EmbeddedStore(str(name)).open()

    _run(path, scenario)
    _run(link, lambda store: _expect(store, {"1", "2"}))
    assert list(link.parent.iterdir()) == [link]


def test_file_with_two_names_is_refused_under_both(path: Path, tmp_path: Path) -> None:
    _run(path, lambda store: _insert(store, Record("1", {})))
    other = tmp_path / "other.db"
    other.hardlink_to(path)
    for name in (path, other):
        with pytest.raises(StoreUnusable, match="it has 2 names, and its lock and its log may stand beside another"):
            _run(name, lambda store: _insert(store, Record("2", {})))
        with pytest.raises(StoreUnusable, match="it has 2 names"):
            asyncio.run(Snapshot(str(name)).open())
    other.unlink()
    _run(path, lambda store: _expect(store, {"1"}))


def test_file_of_a_process_that_was_killed_is_taken_over(path: Path) -> None:
    script = """
import asyncio, os, signal, sys
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.embedded.store import EmbeddedStore

async def main():
    store = EmbeddedStore(sys.argv[1])
    await store.open()
    async with store.transaction() as transaction:
        await transaction.insert("c", Record("1", {}))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9
    assert path.with_name("store.db-wal").exists()
    _run(path, lambda store: _expect(store, {"1"}))


_KILLED_AFTER_TEN = """
import asyncio, os, signal, sys
from tmfkit_server.storage.base import Record
from tmfkit_server.storage.embedded.store import EmbeddedStore

async def main():
    store = EmbeddedStore(sys.argv[1])
    await store.open()
    for number in range(10):
        async with store.transaction() as transaction:
            await transaction.insert("c", Record(f"{sys.argv[2]}{number}", {"text": "x" * 3000}))
    # The mark follows a moment after the commit.
    mark, last = sys.argv[1] + ".mark", store._storage.journal._commits
    while int(open(mark).read()) < last:
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def killed(path: Path) -> Path:
    """A file with ten records, all of them in the log that a killed process left."""
    _kill_after_ten(path, "")
    return path


def _kill_after_ten(path: Path, prefix: str) -> None:
    command = [sys.executable, "-c", _KILLED_AFTER_TEN, str(path), prefix]
    assert subprocess.run(command, check=False).returncode == -9


def _bytes_of(path: Path) -> dict[str, bytes]:
    """Return the content of the file and of its log."""
    return {name: path.with_name(name).read_bytes() for name in ("store.db", "store.db-wal")}


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


def test_log_of_a_killed_process_is_read_without_a_word(killed: Path, caplog: pytest.LogCaptureFixture) -> None:
    _run(killed, lambda store: _expect(store, set("0123456789")))
    assert _said(caplog) == []


def test_log_that_was_cut_off_is_reported_and_refused(killed: Path) -> None:
    log = killed.with_name("store.db-wal")
    os.truncate(log, log.stat().st_size // 2)
    before = _bytes_of(killed)
    for _ in range(2):
        with pytest.raises(StoreDamaged) as refused:
            _run(killed, _fill)
        assert re.search(
            r"store.db: it holds \d commits, and at least 11 were acknowledged: its log store.db-wal was cut off",
            str(refused.value),
        )
        assert _bytes_of(killed) == before
    killed.with_name("store.db.mark").unlink()

    async def check(store: EmbeddedStore) -> None:
        found = await _ids(store)
        assert found == {str(number) for number in range(len(found))}
        assert 0 < len(found) < 10

    _run(killed, check)


def test_log_that_was_taken_away_is_noticed(killed: Path) -> None:
    killed.with_name("store.db-wal").unlink()
    with pytest.raises(StoreDamaged, match="it holds 0 commits, and at least 11 were acknowledged"):
        _run(killed, _fill)


def test_file_that_was_taken_away_is_not_made_anew(killed: Path) -> None:
    killed.unlink()
    killed.with_name("store.db-wal").unlink()
    with pytest.raises(StoreDamaged, match=r"it is not there, but .*store\.db\.mark is"):
        _run(killed, _fill)


@pytest.mark.parametrize(
    ("rest", "size"),
    [
        pytest.param(lambda _: b"", 0, id="nothing"),
        pytest.param(lambda log: log[32:2000], 1968, id="half-a-frame"),
        pytest.param(lambda log: log[32 : 32 + 4120] + log[-4120:], 8240, id="frames-out-of-place"),
        pytest.param(lambda _: bytes(4120), 0, id="frame-of-an-earlier-round"),
    ],
)
def test_what_stands_behind_the_last_commit_of_the_log_is_reported(
    rest: Callable[[bytes], bytes], size: int, killed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = killed.with_name("store.db-wal")
    whole = log.read_bytes()
    log.write_bytes(whole + rest(whole))
    _run(killed, lambda store: _expect(store, set("0123456789")))
    said = f"{killed}: {size:,} bytes behind the last complete commit of its log were left out: of a commit that was"
    assert [line.startswith(said) for line in _said(caplog)] == ([True] if size else [])


def test_log_without_its_head_is_reported(killed: Path, caplog: pytest.LogCaptureFixture) -> None:
    killed.with_name("store.db.mark").unlink()
    log = killed.with_name("store.db-wal")
    log.write_bytes(bytes(20) + log.read_bytes()[20:])
    size = log.stat().st_size
    _run(killed, lambda store: _expect(store, set()))
    assert [f" {size:,} bytes behind the last complete commit" in line for line in _said(caplog)] == [True]


def test_mark_that_says_nothing_is_reported(killed: Path, caplog: pytest.LogCaptureFixture) -> None:
    killed.with_name("store.db.mark").write_bytes(b"\0\0")
    _run(killed, lambda store: _expect(store, set("0123456789")))
    assert ["store.db.mark says nothing" in line for line in _said(caplog)] == [True]


def test_file_that_is_refused_keeps_its_log(path: Path) -> None:
    _run(path, _fill)
    _kill_after_ten(path, "n")
    _overwrite(path, b'{"n":7,', b'{"n":8,')
    before = _bytes_of(path)
    assert before["store.db-wal"]
    with pytest.raises(StoreDamaged, match="is not what was written"):
        _run(path, _fill)
    assert _bytes_of(path) == before


@pytest.mark.parametrize("command", ["export", "backup"])
def test_nothing_is_copied_of_a_file_whose_log_was_cut_off(killed: Path, tmp_path: Path, command: str) -> None:
    log = killed.with_name("store.db-wal")
    os.truncate(log, log.stat().st_size // 2)
    arguments = [command, "--store", f"tinydb:{killed}", str(tmp_path / "copy")]
    refused = CliRunner().invoke(cli.main, arguments)
    assert refused.exit_code == 3
    assert re.search(r"it holds \d commits, and at least 11 were acknowledged", refused.stderr)
    assert not (tmp_path / "copy").exists()
    killed.with_name("store.db.mark").unlink()
    assert CliRunner().invoke(cli.main, arguments).exit_code == 0


def test_looking_at_the_file_of_a_killed_server_leaves_its_log(killed: Path, tmp_path: Path) -> None:
    before = _bytes_of(killed)
    for command, target in (("export", "lines"), ("backup", "copy.db")):
        store = f"tinydb:{killed}"
        done = CliRunner().invoke(cli.main, [command, "--store", store, str(tmp_path / target)])
        assert done.exit_code == 0, done.stderr
    assert _bytes_of(killed) == before
    assert (tmp_path / "lines").read_bytes().count(b'"record"') == 10
    _run(tmp_path / "copy.db", lambda store: _expect(store, set("0123456789")))


def _overwrite(path: Path, where: bytes, what: bytes) -> None:
    content = path.read_bytes()
    assert where in content
    path.write_bytes(content.replace(where, what, 1))


def _sql(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


_AS_IT_WAS = "It was left as it is. Start from a backup, or look at it with sqlite3's .recover."


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda p: p.write_bytes(b""), "it is empty. Remove it if a new store is wanted", id="empty"),
        pytest.param(lambda p: p.write_bytes(b"no database" * 99), "file is not a database", id="other-file"),
        pytest.param(
            lambda p: _sql(p, "PRAGMA application_id = 5"), "it is an SQLite file, but no store", id="other-database"
        ),
        pytest.param(lambda p: _overwrite(p, b'{"n":7,', b'{"n":8,'), "is not what was written", id="other-value"),
        pytest.param(lambda p: _overwrite(p, b'{"n":7,', b'{"n";7,'), "is not what was written", id="no-json"),
        pytest.param(
            lambda p: _sql(p, "INSERT INTO document SELECT 999, collection, key, tag, spelling, content FROM document"
                              " WHERE key = '7'"), "row 999 (c '7') is not what was written", id="twice",
        ),
        pytest.param(lambda p: p.write_bytes(p.read_bytes()[:-8192]), "", id="cut-off"),
        pytest.param(
            lambda p: _sql(p, "DELETE FROM document WHERE number = 0"), "its counters cannot be read: there are none", id="no-counters"
        ),
        pytest.param(
            lambda p: _sql(p, "UPDATE document SET tag = 'x' WHERE number = 0"), "its counters cannot be read: ", id="other-counters"
        ),
    ],
)  # fmt: skip
def test_damaged_file_is_refused_and_left_alone(damage: Callable[[Path], None], message: str, path: Path) -> None:
    _run(path, _fill)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged) as refused:
        _run(path, _fill)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert path.read_bytes() == before
    with pytest.raises(StoreDamaged):  # its lock was given back
        _run(path, _fill)


def test_log_without_its_file_is_not_thrown_away(path: Path) -> None:
    _run(path, _fill)
    log = path.with_name("store.db-wal")
    log.write_bytes(b"log")
    path.unlink()
    with pytest.raises(StoreDamaged) as refused:
        _run(path, _fill)
    assert str(refused.value) == (
        f"{path}: it is not there, but {log} is. It was left as it is. Bring back the file or start from a backup;"
        " remove what is left for a new store."
    )
    assert log.read_bytes() == b"log"


def test_log_that_ends_before_what_is_in_the_file_is_refused(killed: Path, tmp_path: Path) -> None:
    files = ("store.db", "store.db-wal")
    early = tmp_path / "early"
    early.mkdir()
    for name in files:
        (early / name).write_bytes(killed.with_name(name).read_bytes())
    with contextlib.closing(sqlite3.connect(killed)) as connection:
        # As when the server is killed between a checkpoint and the next commit.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        (early / "store.db").write_bytes(killed.read_bytes())
    log = early / "store.db-wal"
    os.truncate(log, log.stat().st_size // 2)
    before = _bytes_of(early / "store.db")
    with pytest.raises(
        StoreDamaged, match=r"its log ends at commit \d, and pages of commit 11 are in the file already"
    ):
        _run(early / "store.db", _fill)
    assert _bytes_of(early / "store.db") == before


def test_file_of_before_commits_were_counted_is_read(path: Path) -> None:
    _run(path, _fill)
    _sql(path, "UPDATE document SET tag = '' WHERE number = 0")
    path.with_name("store.db.mark").unlink()
    _run(path, lambda store: _expect(store, {str(number) for number in range(50)}))
    assert int(path.with_name("store.db.mark").read_bytes()) == 1


def test_later_format_is_refused(path: Path) -> None:
    _run(path, _fill)
    _sql(path, "PRAGMA user_version = 4")
    with pytest.raises(StoreUnusable, match="it has format 4, and this version of the server reads format 3"):
        _run(path, _fill)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="No such file or directory"):
        _run(tmp_path / "nix" / "store.db", _fill)


def test_half_made_file_is_made_anew(path: Path) -> None:
    path.with_name("store.db.new").write_bytes(b"half")
    _run(path, _fill)
    assert not path.with_name("store.db.new").exists()


def _fill_disk(folder: Path) -> None:
    FullDisk(folder).apply()


async def _delete(store: EmbeddedStore, identifier: str, *, listeners: int = 1) -> None:
    async with store.transaction() as transaction:
        deleted = await transaction.get("c", identifier)
        assert deleted is not None
        await transaction.remove("c", identifier)
        for number in range(listeners):
            notification = {"eventId": unique(), "eventType": "Gone", "event": {"c": deleted.body}}
            await transaction.enqueue(Subscription(f"s{number}", "h", "http://listener.example/x", None), notification)


async def _insert_on_and_on(store: EmbeddedStore) -> None:
    for _ in range(10_000):
        await _insert(store, Record(unique(), {"text": "y" * 9000}))


def test_deletions_get_through_on_a_full_disk_and_nothing_else_does(small_folder: Path) -> None:
    path = small_folder / "store.db"

    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, *(Record(str(number), {"text": "x" * 2000}) for number in range(300)))
        _fill_disk(small_folder)
        with pytest.raises(StoreFull):
            await _insert_on_and_on(store)
        kept = len(await _ids(store))
        for number in range(100):
            await _delete(store, str(number))
            with pytest.raises(StoreFull):
                await _insert(store, Record(unique(), {"text": "y"}))
        assert len(await _ids(store)) == kept - 100
        ends = await asyncio.gather(
            _delete(store, "100"), _insert(store, Record(unique(), {})), _delete(store, "101"), return_exceptions=True
        )
        assert [type(end) for end in ends] == [type(None), StoreFull, type(None)]
        FullDisk(small_folder).lift()
        await _insert(store, Record("after", {"text": "z" * 9000}))
        assert path.with_name("store.db.reserve").stat().st_size > 1_000_000

    _run(path, scenario)

    async def check(store: EmbeddedStore) -> None:
        ids = await _ids(store)
        assert "after" in ids
        assert not {str(number) for number in range(102)} & set(ids)

    _run(path, check)


def test_hundred_deletions_get_through_on_a_full_disk_however_many_listeners_hear_of_it(small_folder: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await _insert(store, *(Record(str(number), {"text": "x" * 1200}) for number in range(100)))
        _fill_disk(small_folder)
        with pytest.raises(StoreFull):
            await _insert_on_and_on(store)
        for number in range(100):
            await _delete(store, str(number), listeners=50)
        assert sum((await store.outbox.waiting()).values()) == 100 * 50

    _run(small_folder / "store.db", scenario)


@pytest.mark.parametrize("is_killed", [True, False])
def test_start_on_a_full_disk_serves_reads(small_folder: Path, is_killed: bool) -> None:
    path = small_folder / "store.db"

    async def write(store: EmbeddedStore) -> None:
        await _insert(store, *(Record(str(number), {"text": "x" * 2000}) for number in range(50)))
        if is_killed:
            for name in ("store.db", "store.db-wal", "store.db.mark"):
                shutil.copy(small_folder / name, small_folder / f"copy-{name}")

    _run(path, write)
    if is_killed:
        for name in ("store.db", "store.db-wal", "store.db.mark"):
            (small_folder / f"copy-{name}").rename(small_folder / name)
    path.with_name("store.db.reserve").unlink()
    _fill_disk(small_folder)
    preflight(str(path))

    async def scenario(store: EmbeddedStore) -> None:
        assert len(await _ids(store)) == 50
        assert (await store.get("c", "7")) == Record("7", {"text": "x" * 2000})
        with pytest.raises(StoreFull):
            await _insert(store, Record("new", {}))
        FullDisk(small_folder).lift()
        await _insert(store, Record("new", {}))
        await _delete(store, "0")

    _run(path, scenario)

    async def check(store: EmbeddedStore) -> None:
        assert sorted(await _ids(store)) == sorted(["new", *map(str, range(1, 50))])

    _run(path, check)


def test_start_with_a_reserve_on_a_full_disk_lets_deletions_through(small_folder: Path) -> None:
    path = small_folder / "store.db"

    async def write(store: EmbeddedStore) -> None:
        await _insert(store, *(Record(str(number), {"text": "x" * 2000}) for number in range(300)))

    _run(path, write)
    _fill_disk(small_folder)

    async def scenario(store: EmbeddedStore) -> None:
        with pytest.raises(StoreFull):
            await _insert(store, Record("new", {}))
        for number in range(200):
            await _delete(store, str(number))
        assert len(await _ids(store)) == 100

    _run(path, scenario)


def test_ping_waits_for_the_thread_that_writes(path: Path) -> None:
    async def scenario(store: EmbeddedStore) -> None:
        await store.ping()
        assert store._group is not None
        with store._group._journal._turn:
            inserting = asyncio.create_task(_insert(store, Record("a", {})))
            await asyncio.wait({inserting}, timeout=0.2)
            pinging = asyncio.create_task(store.ping())
            done, _ = await asyncio.wait({inserting, pinging}, timeout=0.2)
            assert done == set()
        await asyncio.gather(inserting, pinging)

    _run(path, scenario)
