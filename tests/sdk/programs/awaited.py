"""The same with async and await, and with retries of one's own."""

import asyncio

from tmfkit_sdk import Retries
from tmfkit_sdk.customer_v4 import AsyncCustomerManagement, RelatedParty


async def work(url: str) -> None:
    retries = Retries(attempts=5, pause_seconds=0.1, attempt_seconds=5)
    async with AsyncCustomerManagement(url, timeout=30, retries=retries) as tmf:
        party = RelatedParty(id="awaited")
        made = await asyncio.gather(*(tmf.customers.create(name=f"{n}", engaged_party=party) for n in range(20)))
        everyone = tmf.customers.list(where={"engagedParty.id": "awaited"}, limit=7)
        assert {one.id async for one in everyone} == {one.id for one in made}
        assert await everyone.total == 20
        impatient = tmf.with_options(timeout=10, retries=0)  # shares the connections
        for one in made:
            await impatient.customers.delete(one)
        assert await tmf.customers.find(made[0].id) is None


def main(url: str) -> None:
    asyncio.run(work(url))
