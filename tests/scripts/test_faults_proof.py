"""The verdict on a trace of system calls: what counts as a sync before an answer."""

from __future__ import annotations

import pytest

from faultlab.syncs import judge

LOG = "/data/store.db-wal"
MARK = "<life-0000001.0002>"
WRITE = f'7 pwrite64(9<{LOG}>, "..{MARK}..", 4096, 32) = 4096'
SYNC = f"7 fdatasync(9<{LOG}>) = 0"
TELL = f'5 sendto(12<TCP:[127.0.0.1:80->127.0.0.1:81]>, "HTTP/1.1 200 OK..{MARK}", 90, 0, NULL, 0) = 90'
SYNC_BEGINS = f"7 fdatasync(9<{LOG}> <unfinished ...>"
SYNC_ENDS = "7 <... fdatasync resumed>) = 0"
WRITE_BEGINS = f'8 pwrite64(9<{LOG}>, "..{MARK}..", 4096, 32 <unfinished ...>'
WRITE_ENDS = "8 <... pwrite64 resumed>) = 4096"


@pytest.mark.parametrize(
    ("trace", "early"),
    [
        pytest.param([WRITE, SYNC, TELL], set(), id="written-synced-told"),
        pytest.param([WRITE, SYNC_BEGINS, SYNC_ENDS, TELL], set(), id="sync-in-two-halves"),
        pytest.param([WRITE, TELL, SYNC], {MARK}, id="told-before-the-sync"),
        pytest.param([WRITE, SYNC_BEGINS, TELL, SYNC_ENDS], {MARK}, id="told-during-the-sync"),
        pytest.param([SYNC_BEGINS, WRITE, SYNC_ENDS, TELL], {MARK}, id="written-during-the-sync"),
        pytest.param([WRITE_BEGINS, SYNC, WRITE_ENDS, TELL], {MARK}, id="write-ends-after-the-sync"),
        pytest.param([WRITE, SYNC.replace("-wal", ""), TELL], {MARK}, id="another-file-is-synced"),
        pytest.param([SYNC, TELL], {MARK}, id="never-written"),
        pytest.param([WRITE, SYNC.replace("= 0", "= -1 EIO (Input/output error)"), TELL], {MARK}, id="sync-fails"),
    ],
)
def test_marker_is_early_unless_its_file_was_synced_in_between(trace: list[str], early: set[str]) -> None:
    assert judge(trace).early == early


def test_acknowledged_write_that_the_trace_does_not_show_is_a_loss() -> None:
    assert judge([WRITE, SYNC]).losses([("life-0000001", 2)]) == [
        f"{MARK} was acknowledged, but the trace does not show it"
    ]
