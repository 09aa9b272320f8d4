"""Work that is done in turns: nothing else waits for its end."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tmfkit_server.turns import Turns, in_order


@pytest.mark.parametrize("most", [None, 0, 1, 2500, 20_000])
def test_long_list_is_in_order_and_equal_keys_stay_as_they_came(most: int | None) -> None:
    chance = Random(1)
    items = [((0, chance.randrange(500)), number) for number in range(10_000)]
    assert asyncio.run(in_order(items, most=most)) == [number for _, number in sorted(items)][:most]


def test_others_get_their_turn() -> None:
    async def work() -> int:
        turns, taken = Turns(), 0
        others = asyncio.create_task(count())
        while not others.done():
            if turns.is_over():
                await turns.next()
                taken += 1
        return taken

    async def count() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    assert asyncio.run(work()) >= 5
