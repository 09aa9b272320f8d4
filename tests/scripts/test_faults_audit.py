"""The audit of the fault rounds: what it takes for a loss, and what for an answer to a doubt."""

from __future__ import annotations

import pytest

from faultlab.audit import Sight, losses_of_events, losses_of_order
from faultlab.history import ACKNOWLEDGED, DOUBTFUL, REFUSED, History, Life, Write, body_of, version_of
from faultlab.listener import Listener, Notice
from faultlab.trial import Trial
from faults import Planned
from harness.errors import HarnessError

CHANGE, STATE = "CustomerAttributeValueChangeEvent", "CustomerStateChangeEvent"


def life(*writes: tuple[str, str], token: str = "life-1", began: float = 0.0) -> Life:
    """Return a life whose writes took one second each."""
    made = Life(token)
    for version, (kind, outcome) in enumerate(writes):
        write = Write(kind, version, began + version)
        write.end(outcome, began + version + 0.9)
        made.writes.append(write)
    return made


@pytest.mark.parametrize(
    ("writes", "states"),
    [
        pytest.param([("create", ACKNOWLEDGED)], [0], id="acknowledged"),
        pytest.param([("create", DOUBTFUL)], [0, None], id="creation-in-doubt"),
        pytest.param([("create", ACKNOWLEDGED), ("patch", DOUBTFUL)], [1, 0], id="patch-in-doubt"),
        pytest.param([("create", ACKNOWLEDGED), ("patch", REFUSED)], [0], id="patch-refused"),
        pytest.param([("create", ACKNOWLEDGED), ("delete", DOUBTFUL)], [None, 0], id="deletion-in-doubt"),
        pytest.param([("create", ACKNOWLEDGED), ("delete", ACKNOWLEDGED)], [None], id="deleted"),
    ],
)
def test_store_may_hold_what_was_acknowledged_or_the_write_in_doubt(
    writes: list[tuple[str, str]], states: list[int | None]
) -> None:
    assert list(life(*writes).states()) == states


def test_body_that_mixes_two_writes_is_no_version() -> None:
    whole = {"name": "life-1", "engagedParty": {"id": "500"}, **body_of("life-1", 3)}
    assert version_of("life-1", whole) == 3
    assert version_of("life-1", {**whole, "status": "version 2"}) is None


def test_gap_in_a_cut_off_store_is_a_loss_and_a_missing_end_is_not() -> None:
    early, late = life(("create", ACKNOWLEDGED)), life(("create", ACKNOWLEDGED), token="life-2", began=5)
    assert losses_of_order([Sight(early, "a", 0), Sight(late)]) == []
    assert losses_of_order([Sight(early), Sight(late, "b", 0)]) == [
        "life-1: create 0 is lost, but something later is there"
    ]


@pytest.mark.parametrize(
    ("arrived", "losses"),
    [
        pytest.param([("CustomerCreateEvent", 0), (STATE, 1), (CHANGE, 1)], [], id="all"),
        pytest.param([("CustomerCreateEvent", 0), (STATE, 1)], [f"life-1: {CHANGE} of version 1 is lost"], id="lost"),
        pytest.param(
            [("CustomerCreateEvent", 0), (STATE, 1), (CHANGE, 1), (CHANGE, 2)],
            [f"life-1: {CHANGE} of version 2 tells of a write that is not there"],
            id="of-nothing",
        ),
        pytest.param(
            [(STATE, 1), ("CustomerCreateEvent", 0), (CHANGE, 1)],
            [f"life-1: {CHANGE} of version 1 came before an earlier one"],
            id="out-of-order",
        ),
    ],
)
def test_events_are_those_of_the_writes_that_were_kept_in_their_order(
    arrived: list[tuple[str, int]], losses: list[str]
) -> None:
    kept = life(("create", ACKNOWLEDGED), ("patch", ACKNOWLEDGED), ("patch", REFUSED))
    listener = Listener("", [Notice(event, kept.token, version) for event, version in arrived])
    assert losses_of_events(History([kept]), listener) == losses


@pytest.mark.parametrize(
    ("rounds", "writes"),
    [
        pytest.param(0, [("create", ACKNOWLEDGED)], id="no-rounds"),
        pytest.param(5, [("create", REFUSED), ("create", DOUBTFUL)], id="nothing-acknowledged"),
    ],
)
def test_trial_in_which_nothing_could_be_lost_proves_nothing(rounds: int, writes: list[tuple[str, str]]) -> None:
    with pytest.raises(HarnessError, match="prove nothing"):
        Trial("kill", rounds=rounds).count(History([life(*writes)]))


@pytest.mark.parametrize(
    ("losses", "is_good"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param(["life-1: unexpected status 500"], False, id="something-else"),
        pytest.param(["life-1: unexpected status 500", "life-2: has version 1"], True, id="what-it-causes"),
    ],
)
def test_sabotage_is_noticed_by_the_loss_that_it_causes(losses: list[str], is_good: bool) -> None:
    planned = Planned("control", lambda *_: Trial(""), shows="has version")
    assert planned.is_good(Trial("", losses=losses)) is is_good
