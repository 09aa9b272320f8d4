"""The one door to the stores: what it says of each, and what it takes to ask."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from store_runner import KINDS, LASTING, opened

from tmfkit_server.errors import StoreLocked
from tmfkit_server.settings import Settings, run_options
from tmfkit_server.storage.stores import STORES, kind_of

# Asks everything that can be asked before a store is made, then makes one; says which drivers are there by then.
ASKING = """
import sys
from tmfkit_server import app, cli
from tmfkit_server.settings import Settings
from tmfkit_server.storage.stores import kind_of

def drivers():
    return sorted({"psycopg", "tinydb"} & sys.modules.keys())

addresses = ["memory:", f"tinydb:{sys.argv[1]}", "postgresql://nobody@127.0.0.1:9/nothing"]
for address in addresses:
    kind = Settings(store=address).store_kind
    kind.check(address)
    kind.shown(address), kind.file_of(address), kind.is_lasting, kind.takes_processes, kind.may_be_late
asked = drivers()
for address in addresses[:2]:
    kind_of(address).preflight(address)
seen = drivers()
made = []
for address in (addresses[2], addresses[1]):
    kind_of(address).new(address, {})
    made.append(drivers())
print(asked, seen, made)
"""


def test_asking_imports_no_driver_before_a_store_is_made(tmp_path: object) -> None:
    command = [sys.executable, "-c", ASKING, f"{tmp_path}/store.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[] [] [['psycopg'], ['psycopg', 'tinydb']]\n"


@pytest.mark.parametrize("name", LASTING)
def test_second_process_is_taken_by_stores_that_say_so(name: str, empty_store: Callable[[str], str]) -> None:
    address = empty_store(name)

    async def scenario() -> bool:
        async with opened(kind_of(address).new(address, {})):
            with multiprocessing.get_context("spawn").Pool(1) as processes:
                return await asyncio.to_thread(processes.apply, _can_open, (address,))

    assert asyncio.run(scenario()) == KINDS[name].takes_processes


def _can_open(address: str) -> bool:
    async def open_and_close() -> None:
        async with opened(kind_of(address).new(address, {})):
            pass

    try:
        asyncio.run(open_and_close())
    except StoreLocked:
        return False
    return True


@pytest.mark.parametrize("scheme", STORES)
def test_kind_recognises_the_addresses_that_it_writes(scheme: str) -> None:
    kind = STORES[scheme]
    assert kind_of(kind.form) is kind
    assert kind_of(f"{scheme}:{kind.form.partition(':')[2]}") is kind


def test_every_setting_has_an_option_and_its_default() -> None:
    options = run_options()
    assert len({option.name for option in options}) == len(options)
    assert Settings.from_options(click.Command("run", params=[*options]).make_context("run", []).params) == Settings()
