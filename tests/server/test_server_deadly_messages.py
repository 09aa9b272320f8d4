"""A message that ends the processes that send it: given up after three of them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from server_bodies import message
from store_runner import Runner

from tmfkit_models import contracts
from tmfkit_server.apis.communication import Communication
from tmfkit_server.apis.communication.sendings import Sendings
from tmfkit_server.services.entities import Entities
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Store

CONTRACT = contracts.load("tmf681-v1")
[RESOURCE] = CONTRACT.resources
[CREATE] = [each for each in CONTRACT.operations if each.action == "create"]


def _entities(store: Store, tmp_path: Path) -> Entities:
    extension = Communication(Settings(outbox=str(tmp_path / "outbox")))
    return Entities(CONTRACT, RESOURCE, store, extension, max_body_bytes=10_000)


async def _made(entities: Entities) -> str:
    return (await entities.create(message(), CREATE, "http://host")).id


def test_sending_that_ended_three_processes_has_failed_and_is_logged(
    run: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(store: Store) -> None:
        entities = _entities(store, tmp_path)
        identifier = await _made(entities)
        await Sendings(store, entities).begin(identifier)
        for _ in range(2):  # each a process that ended without a word
            following = Sendings(store, entities)
            await following.release_all()
            assert await following.take_up(identifier) is not None
        last = Sendings(store, entities)
        await last.release_all()
        assert await last.take_up(identifier) is None
        assert (await entities.retrieve(identifier)).body["status"] == "Failed"
        assert await last.due(most=10) == []
        # Whoever knows better may send it once more.
        assert (await Sendings(store, entities).begin(identifier)).begun == 1

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert "Failed; 3 processes ended while they were sending it" in caplog.text


def test_end_in_order_and_failures_of_one_process_count_for_nothing(run: Runner, tmp_path: Path) -> None:
    async def scenario(store: Store) -> None:
        entities = _entities(store, tmp_path)
        identifier = await _made(entities)
        sendings = Sendings(store, entities)
        sending = await sendings.begin(identifier)
        for _ in range(5):
            await sendings.release(sending)
            following = Sendings(store, entities)
            taken = await following.take_up(identifier)
            assert taken is not None
            assert taken.begun == 1
            sendings, sending = following, taken

    run(scenario)
