"""Long answers that are one text, sent in parts like those that are many: the client may take its time for them too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import falcon.asgi

from tmfkit_server.answer_room import AnswerRoom, held
from tmfkit_server.resources.endpoint import READING, asker_of
from tmfkit_server.turns import PART_BYTES

__all__ = ["LongAnswers"]


class LongAnswers:
    """Falcon middleware: a long text takes room, and is refused without when it was only read."""

    def __init__(self, room: AnswerRoom) -> None:
        self._room = room

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, _resource: object, _succeeded: object
    ) -> None:
        """Put the parts of a long text in its place.

        Raises:
            TooManyAnswers: There is no room.
        """
        text = resp.data
        if text is None or len(text) <= PART_BYTES or req.method == "HEAD":
            return
        resp.data = None
        hold = self._room.take(asker_of(req), len(text), is_owed=req.method not in READING)
        assert hold is not None
        resp.content_length = len(text)
        resp.stream = held(_parts(text), hold)


async def _parts(text: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(text), PART_BYTES):
        yield text[start : start + PART_BYTES]
