"""Every call of every API, plain and awaited, against every status from 200 to 599.

A session of its own, because it makes a hundred thousand calls; the default tests try the statuses that mean something.
"""

from __future__ import annotations

import pytest
from facade import COLLECTIONS, Both
from fault_server import FaultServer
from server_faults import statuses

from tmfkit_sdk.errors import ApiError, TmfError


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_status(faulty: FaultServer, collection: str) -> None:
    with Both(faulty.url, collection) as both:
        for status, reply in statuses():
            faulty.replies(reply)
            outcomes = both.outcomes()
            answered = {"find", "async find"} if status == 404 else set()
            refused = {name for name, outcome in outcomes.items() if isinstance(outcome, ApiError)}
            assert refused == (set() if status < 300 else {*outcomes} - answered), status
            errors = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
            assert all(isinstance(error, TmfError) for error in errors), status
            assert {error.status for error in errors if isinstance(error, ApiError)} <= {status}
