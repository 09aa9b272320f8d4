"""One request with its answer, one notification, one probe: the evidence that verdicts are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance.record import wire
from tmfkit_conformance.record.parsing import parsed
from tmfkit_conformance.record.wire import Headers

__all__ = ["SOMEBODY_ELSES", "Exchange", "Headers", "Notification", "ProbeRecord", "Request", "Response"]

SOMEBODY_ELSES: Final = "of a record that is somebody else's"
"""What is said of the id that a target gave, where that is of no record of the run."""

_PLAIN = frozenset(
    {
        "sequence",
        "phase",
        "probe",
        "step",
        "operation",
        "error",
        "started",
        "elapsed_ms",
        "mode",
        "mutated",
        "superseded",
        "waited",
    }
)
_DOUBLED = re.compile(r"([A-Z][a-z]+)\1$")


@dataclass(frozen=True)
class Request:
    """A request as it was sent; credentials are blotted out before it is recorded."""

    method: str
    url: str
    headers: Headers
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is empty or not JSON."""
        return parsed(self, self.body)[0]

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON value."""
        return parsed(self, self.body)[1]

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, lower case; empty without one."""
        return wire.media_type(self.headers)


@dataclass(frozen=True)
class Response:
    """An answer as it came in."""

    status: int
    headers: Headers
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is empty or not JSON."""
        return parsed(self, self.body)[0]

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON value."""
        return parsed(self, self.body)[1]

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, lower case; empty without one."""
        return wire.media_type(self.headers)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return wire.first_header(self.headers, name)

    @property
    def next_page(self) -> str:
        """The address that the answer gives for the next page of a list, or nothing."""
        return wire.next_page(self.headers)


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
        superseded: Whether the same request was sent again, because this answer was not the last word: it asked to be
            asked later, or showed the state before a write. No check looks at it.
        waited: What was waited for before this answer came; empty otherwise.
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
    superseded: bool = False
    waited: str = ""

    @property
    def status(self) -> int:
        """Status of the answer; 0 when none came."""
        return self.response.status if self.response else 0

    @property
    def is_success(self) -> bool:
        """Whether an answer came, with a 2xx status."""
        return self.response is not None and self.response.is_success

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the target did not even take the connection, so that it has not seen the request."""
        return self.response is None and self.error.startswith("Connect")

    @property
    def speaks_of_caller(self) -> bool:
        """Whether the answer speaks of credentials, time or rate, and so says nothing of the request."""
        return self.status in (401, 403, 408, 429)

    @property
    def is_refusal(self) -> bool:
        """Whether the answer is a 4xx that speaks of the request itself."""
        return 400 <= self.status < 500 and not self.speaks_of_caller

    @property
    def is_gone(self) -> bool:
        """Whether the answer says that the thing is not there."""
        return self.status in (404, 410)

    @property
    def is_breakdown(self) -> bool:
        """Whether the target broke down; 501 says that an option is not offered, which it may say."""
        return self.status >= 500 and self.status != 501

    @property
    def answer(self) -> Any:
        """The JSON value of the answer, or None."""
        return self.response.json if self.response else None

    @property
    def identifier(self) -> str:
        """Id of the thing made or returned: the body's ``id``, else the end of Location; empty without either."""
        own = self.answer.get("id") if isinstance(self.answer, dict) else None
        if isinstance(own, (str, int)) and not isinstance(own, bool) and own != "":
            return str(own)
        headers = self.response.headers if self.response else ()
        named = (wire.first_header(headers, name) for name in ("Location", "Content-Location"))
        return next((wire.last_segment(address) for address in named if address), "")

    def to_json(self) -> dict[str, Any]:
        """Return the exchange as a JSON object."""
        plain = {key: value for key, value in self.__dict__.items() if key in _PLAIN}
        request, response = self.request, self.response
        plain["request"] = {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": wire.plain(request.body),
        }
        plain["response"] = response and {
            "status": response.status,
            "headers": response.headers,
            "body": wire.plain(response.body),
        }
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Exchange:
        """Read an exchange that ``to_json`` wrote."""
        request, response = plain["request"], plain["response"]
        fields = {**plain}
        fields["request"] = Request(
            request["method"], request["url"], _pairs(request["headers"]), wire.octets(request["body"])
        )
        fields["response"] = response and Response(
            int(response["status"]), _pairs(response["headers"]), wire.octets(response["body"])
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
        headers: Headers as received, without the content coding that was undone.
        body: Body as received, without its content coding where that could be undone.
    """

    sequence: int
    started: float
    path: str
    method: str
    headers: Headers
    body: bytes

    @property
    def coding(self) -> str:
        """The content coding that the listener could not undo, so that it answered 415; empty for all others."""
        return wire.first_header(self.headers, "Content-Encoding") or ""

    @property
    def json(self) -> Any:
        """The body as a JSON value, or None when it is not JSON."""
        return parsed(self, self.body)[0]

    @property
    def event_type(self) -> str:
        """``eventType`` of the notification; empty when there is none.

        Blanks and a last word that stands there twice are left out: the documents print both by mistake.
        """
        named = self.json.get("eventType") if isinstance(self.json, dict) else None
        return _DOUBLED.sub(r"\1", "".join(named.split())) if isinstance(named, str) else ""

    @property
    def event_id(self) -> str:
        """``eventId`` of the notification; empty when there is none."""
        named = self.json.get("eventId") if isinstance(self.json, dict) else None
        return "" if named is None else str(named)

    def came_to(self, callback: str) -> bool:
        """Say whether it was sent to a callback of the kit, or to an address below it.

        Only the end of the callback's path is compared: a proxy on the way may cut off its beginning.
        """
        name = "/".join(urlsplit(callback).path.rsplit("/", 2)[-2:])
        return bool(name) and f"/{name}/" in f"/{self.path.partition('?')[0]}/"

    def mentions(self, identifier: str) -> bool:
        """Say whether a member called ``id``, anywhere in the notification, is an id, or an address ends in it.

        Blanks around an id do not count: one of the documents prints some.
        """
        return bool(identifier) and any(
            (name.lower() == "id" and str(value).strip() == identifier)
            or (isinstance(value, str) and "/" in value and wire.last_segment(value) == identifier)
            for name, value in _members(self.json)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the notification as a JSON object."""
        plain = {key: value for key, value in self.__dict__.items() if key != "body"}
        return {**plain, "body": wire.plain(self.body)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Notification:
        """Read a notification that ``to_json`` wrote."""
        return cls(**{**plain, "headers": _pairs(plain["headers"]), "body": wire.octets(plain["body"])})


@dataclass(frozen=True)
class ProbeRecord:
    """How one probe went.

    Attributes:
        key: Key of the probe.
        lacking: What the kit had not, so that the probe could not be sent (a credential, a listener); empty otherwise.
        ended: Why the probe ended before its last step (what it starts from was refused); empty otherwise.
        facts: What the kit knew and no exchange shows, such as the path of a callback.
        foreign: Whose record the target gave, where a create was answered with that of somebody else; empty otherwise.
        borrowed: Step → number of the exchange of another probe that stands for it.
        failure: What the probe itself failed with, a defect of the kit; empty otherwise.
    """

    key: str
    lacking: str = ""
    ended: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    foreign: str = ""
    borrowed: dict[str, int] = field(default_factory=dict)
    failure: str = ""


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of every object in a JSON value."""
    if isinstance(value, dict):
        yield from value.items()
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _members(member)


def _pairs(headers: Headers | list[list[str]]) -> Headers:
    if isinstance(headers, tuple):
        return headers
    return tuple((name, value) for name, value in headers)
