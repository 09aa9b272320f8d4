"""A further API is served from its contract alone."""

from __future__ import annotations

import asyncio
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from falcon import testing
from server_bodies import full

import tmfkit_server
from tmfkit_models import contracts
from tmfkit_server.app import create_app
from tmfkit_server.settings import Settings

SOURCES = Path(tmfkit_server.__file__).parent


def test_generic_code_names_no_api() -> None:
    loaded = [contracts.load(api) for api in contracts.apis()]
    names = {name for each in loaded for name in (each.id, each.package, *(one.name for one in each.resources))}
    # A resource's name that is an ordinary word is looked for as a JSON name only.
    pattern = re.compile("|".join(rf"[\"'/]{re.escape(name)}\b" for name in sorted(names)))
    found = [
        f"{path.relative_to(SOURCES)}:{number}"
        for path in SOURCES.rglob("*.py")
        if "apis" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_sixth_api_is_served_with_no_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (resources.files(contracts) / "tmf683-v4.json").read_text()
    sixth = contracts.from_document({**json.loads(text), "id": "tmf999-v1", "base_path": "/sixth"})
    monkeypatch.setattr(contracts, "apis", lambda: ("tmf999-v1",))
    monkeypatch.setattr(contracts, "load", lambda _: sixth)

    async def scenario() -> None:
        async with testing.ASGIConductor(create_app(Settings())) as served:
            made = await served.simulate_post("/sixth/partyInteraction", json=full(sixth, "PartyInteraction_Create"))
            assert made.status_code == 201
            assert (await served.simulate_get(f"/sixth/partyInteraction/{made.json['id']}")).json == made.json
            hub = await served.simulate_post("/sixth/hub", json={"callback": "http://127.0.0.1:9/"})
            assert hub.status_code == 201
            assert (await served.simulate_get("/tmf-api/partyInteraction/v4/partyInteraction")).status_code == 404

    asyncio.run(scenario())
