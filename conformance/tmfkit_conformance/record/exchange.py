"""One request with its answer, one notification, one probe: the evidence that verdicts are made from."""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["BLOTTED", "Exchange", "Notification", "ProbeRecord", "Request", "Response"]

Headers = tuple[tuple[str, str], ...]
_PLAIN = frozenset(
    {"sequence", "phase", "probe", "step", "operation", "error", "started", "elapsed_ms", "mode", "mutated"}
)


BLOTTED = "(not recorded)"
"""What stands in a bundle where a credential was sent."""


@dataclass(frozen=True)
class Request:
    """A request as it was sent; credentials are blotted out before it is recorded."""

    method: str
    url: str
    headers: Headers
    body: bytes = b""

    @functools.cached_property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is empty or not JSON."""
        return _parsed(self.body)[0]

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON value."""
        return _parsed(self.body)[1]

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, lower case; empty without one."""
        return _media_type(self.headers)


@dataclass(frozen=True)
class Response:
    """An answer as it came in."""

    status: int
    headers: Headers
    body: bytes = b""

    @functools.cached_property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is empty or not JSON."""
        return _parsed(self.body)[0]

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON value."""
        return _parsed(self.body)[1]

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, lower case; empty without one."""
        return _media_type(self.headers)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Exchange:
    """One request and what came back.

    Attributes:
        sequence: Number within the run, from 1, in the order of sending.
        phase: ``register``, ``cleanup``, or a generated phase.
        probe: Key of the probe that sent it.
        step: Name of the step within the probe.
        operation: ``operationId``, or empty for an address the contract does not have.
        request: What was sent.
        response: What came back; None when nothing did.
        error: Why nothing came back; empty otherwise.
        started: Seconds since the run began.
        elapsed_ms: Time until the answer was complete, in milliseconds.
        mode: For a generated request ``positive`` or ``negative``; empty otherwise.
        mutated: For a negative request, where it departs from the contract.
    """

    sequence: int
    phase: str
    probe: str
    step: str
    operation: str
    request: Request
    response: Response | None
    error: str
    started: float
    elapsed_ms: float
    mode: str = ""
    mutated: str = ""

    @property
    def status(self) -> int:
        """Status of the answer; 0 when none came."""
        return self.response.status if self.response else 0

    @property
    def is_success(self) -> bool:
        """Whether an answer came, with a 2xx status."""
        return self.response is not None and self.response.is_success

    @property
    def is_refusal(self) -> bool:
        """Whether the answer is a 4xx that speaks of the request itself, not of credentials, time or rate."""
        return 400 <= self.status < 500 and self.status not in (401, 403, 408, 429)

    @property
    def answer(self) -> Any:
        """The JSON value of the answer, or None."""
        return self.response.json if self.response else None

    @property
    def identifier(self) -> str:
        """Id of the thing made or returned: the body's ``id``, else the end of Location; empty without either."""
        if isinstance(self.answer, dict) and self.answer.get("id") not in (None, ""):
            return str(self.answer["id"])
        for name in ("Location", "Content-Location"):
            location = self.response.header(name) if self.response else None
            if location:
                return unquote(urlsplit(location).path.rstrip("/").rsplit("/", 1)[-1])
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return the exchange as a JSON object."""
        plain = {key: value for key, value in self.__dict__.items() if key in _PLAIN}
        request, response = self.request, self.response
        plain["request"] = {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": _text(request.body),
        }
        plain["response"] = response and {
            "status": response.status,
            "headers": response.headers,
            "body": _text(response.body),
        }
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Exchange:
        """Read an exchange that ``to_json`` wrote."""
        request, response = plain["request"], plain["response"]
        fields = {**plain}
        fields["request"] = Request(
            request["method"], request["url"], _pairs(request["headers"]), _bytes(request["body"])
        )
        fields["response"] = response and Response(
            response["status"], _pairs(response["headers"]), _bytes(response["body"])
        )
        return cls(**fields)


@dataclass(frozen=True)
class Notification:
    """One request that the kit's listener received.

    Attributes:
        sequence: Number within the run, from 1, in the order of arrival.
        started: Seconds since the run began.
        path: Path it was sent to.
        method: HTTP method.
        headers: Headers as received.
        body: Body as received.
    """

    sequence: int
    started: float
    path: str
    method: str
    headers: Headers
    body: bytes

    @functools.cached_property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is not JSON."""
        return _parsed(self.body)[0]

    @property
    def event_type(self) -> str:
        """``eventType`` of the notification, blanks around it left out; empty when there is none."""
        named = self.json.get("eventType") if isinstance(self.json, dict) else None
        return named.strip() if isinstance(named, str) else ""

    def to_json(self) -> dict[str, Any]:
        """Return the notification as a JSON object."""
        plain = {key: value for key, value in self.__dict__.items() if key not in ("body", "json")}
        return {**plain, "body": _text(self.body)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Notification:
        """Read a notification that ``to_json`` wrote."""
        return cls(**{**plain, "headers": _pairs(plain["headers"]), "body": _bytes(plain["body"])})


@dataclass(frozen=True)
class ProbeRecord:
    """How one probe went.

    Attributes:
        key: Key of the probe.
        lacking: What the kit had not, so that the probe could not be sent (a credential, a listener); empty otherwise.
        ended: Why the probe ended before its last step (what it starts from was refused); empty otherwise.
        facts: What the kit knew and no exchange shows, such as the path of a callback.
    """

    key: str
    lacking: str = ""
    ended: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def _parsed(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def _media_type(headers: Headers) -> str:
    value = next((value for key, value in headers if key.lower() == "content-type"), "")
    return value.partition(";")[0].strip().lower()


def _text(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _bytes(text: str | dict[str, str]) -> bytes:
    return base64.b64decode(text["base64"]) if isinstance(text, dict) else text.encode("utf-8")


def _pairs(headers: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in headers)
