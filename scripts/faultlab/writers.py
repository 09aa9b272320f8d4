"""Concurrent writers, each with resources of its own and one that all of them share."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

from faultlab.client import Answer, Client
from faultlab.history import ACKNOWLEDGED, DOUBTFUL, REFUSED, History, Life, Write, body_of
from harness.tmfkit import CUSTOMER

__all__ = ["Writers"]

# Resources of earlier rounds that a writer goes on with.
_TAKEN_OVER = 10
_PAUSE_SECONDS = 0.004
_AFTER_FAILURE_SECONDS = 0.02
_UNKNOWN = "outcome-unknown"
_EXPECTED = {"create": 201, "patch": 200, "delete": 204}


class Writers:
    """A handful of threads that write until they are told to stop."""

    def __init__(self, history: History, ports: Sequence[int], *, count: int = 6) -> None:
        """Describe the writers.

        Args:
            history: Takes down what they do.
            ports: Servers, which they share out among themselves.
            count: How many they are.
        """
        self._history = history
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number, ports[number % len(ports)]), daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, port: int) -> None:
        client, own = Client(port), self._history.lives[number :: len(self._threads)][-_TAKEN_OVER:]
        chance = random.Random()  # noqa: S311 - no secret
        while not self._stopping.is_set():
            own = [life for life in own if not life.is_gone and life.is_certain]
            if chance.random() < 0.15:
                answered = self._patch_shared(client, number)
            elif not own or chance.random() < 0.4:
                life = self._history.begin()
                answered = self._create(client, life)
                own.append(life)
            else:
                life = chance.choice(own)
                answered = self._delete(client, life) if chance.random() < 0.25 else self._patch(client, life)
            time.sleep(_PAUSE_SECONDS if answered else _AFTER_FAILURE_SECONDS)
        client.close()

    def _create(self, client: Client, life: Life) -> bool:
        body = {"name": life.token, "engagedParty": {"id": "500"}, **body_of(life.token, 0)}
        answer = self._write(client, life, "create", "POST", CUSTOMER, body)
        if answer.status == _EXPECTED["create"]:
            life.id = answer.body["id"]
        return answer.status < 400

    def _patch(self, client: Client, life: Life) -> bool:
        body = body_of(life.token, len(life.writes))
        return self._write(client, life, "patch", "PATCH", f"{CUSTOMER}/{life.id}", body).status == 200

    def _delete(self, client: Client, life: Life) -> bool:
        return self._write(client, life, "delete", "DELETE", f"{CUSTOMER}/{life.id}").status == 204

    def _write(self, client: Client, life: Life, kind: str, method: str, path: str, body: Any = None) -> Answer:
        write = Write(kind, len(life.writes), time.monotonic())
        life.is_settled = False
        life.writes.append(write)
        answer = client.send(method, path, body)
        write.end(self._judged(answer, kind, f"{method} {life.token}"), time.monotonic())
        return answer

    def _judged(self, answer: Answer, kind: str, what: str) -> str:
        if answer.status == _EXPECTED[kind]:
            return ACKNOWLEDGED
        if answer.status in (503, 507):
            if answer.status == 503 and "retry-after" not in answer.headers:
                self._history.refusals.append(f"{what}: 503 without Retry-After")
            # Every other refusal says that nothing was changed.
            is_final = isinstance(answer.body, dict) and answer.body.get("code") != _UNKNOWN
            return REFUSED if is_final else DOUBTFUL
        if answer.status:
            self._history.refusals.append(f"{what}: unexpected status {answer.status}, {answer.body}")
        return DOUBTFUL

    def _patch_shared(self, client: Client, number: int) -> bool:
        shared, name = self._history.shared, f"writer{number}"
        shared.sent[name] = count = shared.sent.get(name, 0) + 1
        answer = client.send("PATCH", f"{CUSTOMER}/{shared.id}", {name: count})
        if answer.status == 200:
            shared.acknowledged[name] = count
        elif answer.status:
            self._judged(answer, "patch", "PATCH of the shared resource")
        return answer.status == 200
